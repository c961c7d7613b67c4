use pickle::Pickle;

#[derive(Pickle)]
#[pickle("skip")]
struct S {
    a: u8,
}

fn main() {}
