use pickle::Pickle;

#[derive(Pickle)]
#[pickle(getstate = S::state)]
struct S {
    a: u8,
}

impl S {
    fn state(&self) -> u8 {
        self.a
    }
}

fn main() {}
