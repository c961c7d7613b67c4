use pickle::Pickle;

#[derive(Pickle)]
struct S {
    callback: fn(u8) -> u8,
}

fn main() {}
