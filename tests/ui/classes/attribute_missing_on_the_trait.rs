use pickle::Pickle;

trait Shape {}

#[derive(Pickle)]
struct Circle;

#[pickle::class]
impl Shape for Circle {}

fn main() {}
