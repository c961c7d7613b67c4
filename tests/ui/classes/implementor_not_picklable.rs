#[pickle::class]
trait Shape {}

struct Circle;

#[pickle::class]
impl Shape for Circle {}

fn main() {}
