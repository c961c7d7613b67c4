#[pickle::class]
trait Source {
    type Item;

    fn next(&mut self) -> Self::Item;
}

fn main() {}
