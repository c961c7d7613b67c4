use pickle::Pickle;

struct Connection(u8);

#[derive(Pickle)]
#[pickle(getstate = S::state, setstate = S::new)]
struct S {
    a: Connection,
}

impl S {
    fn state(&self) -> &Connection {
        &self.a
    }

    fn new(a: Connection) -> Self {
        Self { a }
    }
}

fn main() {}
