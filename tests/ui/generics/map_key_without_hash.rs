use pickle::Pickle;

#[derive(Pickle)]
struct S<K> {
    map: std::collections::HashMap<K, u8>,
}

fn main() {}
