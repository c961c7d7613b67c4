use pickle::Pickle;

#[derive(Pickle)]
struct Pair<T> {
    first: T,
    second: Vec<T>,
}

struct Connection(u8);

fn main() {
    let _ = pickle::dumps(&Pair { first: Connection(1), second: vec![] });
}
