use pickle::Pickle;

#[derive(Pickle)]
struct S {
    name: &'static str,
    all: Vec<Option<&'static [u8]>>,
}

fn main() {}
