use pickle::Pickle;

#[pickle::class]
trait Shape {}

#[derive(Pickle)]
struct Circle;

impl Shape for Circle {}

fn main() {}
