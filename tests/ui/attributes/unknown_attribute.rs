use pickle::Pickle;

#[derive(Pickle)]
struct S {
    #[pickle(skp)]
    a: u8,
    #[pickle(frobnicate)]
    b: u8,
}

fn main() {}
