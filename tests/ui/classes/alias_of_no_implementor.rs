use pickle::Pickle;

#[pickle::class]
trait Shape {}

#[derive(Pickle)]
struct Circle;

#[pickle::class(dyn Shape)]
type Round = Circle;

fn main() {}
