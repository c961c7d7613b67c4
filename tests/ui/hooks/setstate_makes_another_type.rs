use pickle::Pickle;

#[derive(Pickle)]
#[pickle(getstate = S::state, setstate = S::new)]
struct S {
    a: u8,
}

impl S {
    fn state(&self) -> u8 {
        self.a
    }

    fn new(a: u8) -> u8 {
        a
    }
}

fn main() {}
