use pickle::Pickle;

#[derive(Pickle)]
#[pickle(alias("a.B"))]
struct S {
    a: u8,
}

fn main() {}
