use pickle::Pickle;

struct Connection(u8);

#[derive(Pickle)]
struct S {
    #[pickle(skip)]
    connection: Connection,
}

fn main() {}
