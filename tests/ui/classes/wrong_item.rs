#[pickle::class]
struct Circle;

#[pickle::class]
enum Form {
    Dot,
}

#[pickle::class]
fn area() {}

#[pickle::class]
impl Circle {}

fn main() {}
