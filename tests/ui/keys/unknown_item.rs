use pickle::store::Key;

#[derive(Key, Debug)]
#[key(rename = "x")]
struct Reading {
    #[key(skip)]
    second: u64,
}

fn main() {}
