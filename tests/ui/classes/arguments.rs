use pickle::Pickle;

#[pickle::class(alias = "shapes.Old")]
trait Shape {}

#[derive(Pickle)]
struct Circle;

#[pickle::class("shapes.Circle", name = "shapes.Round")]
impl Shape for Circle {}

#[derive(Pickle)]
struct Square;

#[pickle::class(nam = "shapes.Square")]
impl Shape for Square {}

#[derive(Pickle)]
struct Rect;

#[pickle::class(name = "shapes.Rect", alias = "shapes.Rect")]
impl Shape for Rect {}

#[derive(Pickle)]
struct Dot;

#[pickle::class(dyn Shape)]
impl Shape for Dot {}

fn main() {}
