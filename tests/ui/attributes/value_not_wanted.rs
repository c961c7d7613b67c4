use pickle::Pickle;

#[derive(Pickle)]
#[pickle(transparent = true)]
struct S {
    #[pickle(skip = "yes")]
    a: u8,
    b: u8,
}

fn main() {}
