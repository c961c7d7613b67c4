use pickle::Pickle;

#[derive(Pickle)]
struct S {
    #[pickle(alias = "b")]
    a: u8,
    b: u8,
    #[pickle(alias = "c")]
    c: u8,
    #[pickle(alias = "x", alias = "x")]
    d: u8,
}

fn main() {}
