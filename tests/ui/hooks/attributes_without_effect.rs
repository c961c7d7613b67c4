use pickle::Pickle;

#[derive(Pickle)]
#[pickle(getstate = S::state, setstate = S::new, deny_unknown_fields)]
struct S {
    #[pickle(rename = "b")]
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
