use pickle::Pickle;

#[derive(Pickle)]
#[pickle(getstate = S::stat, setstate = S::new)]
struct S {
    a: u8,
}

impl S {
    fn state(&self) -> u8 {
        self.a
    }

    fn new(a: u8) -> Self {
        Self { a }
    }
}

fn main() {}
