#[pickle::class]
trait Convert<T> {
    fn convert(&self) -> T;
}

fn main() {}
