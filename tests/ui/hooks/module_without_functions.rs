use pickle::Pickle;

mod seconds {}

#[derive(Pickle)]
struct S {
    #[pickle(with = seconds)]
    a: u8,
}

fn main() {}
