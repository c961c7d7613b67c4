use pickle::Pickle;

#[derive(Pickle)]
struct S {
    #[pickle(skip, alias = "x", bytes)]
    a: Vec<u8>,
    #[pickle(skip, with = module)]
    b: u8,
}

fn main() {}
