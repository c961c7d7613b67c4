use pickle::store::Key;

#[derive(Key, Debug)]
struct Reading {
    second: u64,
    degrees: f64,
}

fn main() {}
