use pickle::Pickle;

struct Connection(u8);

#[derive(Pickle)]
struct S {
    id: u8,
    connection: Connection,
}

fn main() {}
