use pickle::Pickle;

#[derive(Pickle)]
#[pickle(setstate = S::new)]
struct S {
    a: u8,
}

impl S {
    fn new(a: u8) -> Self {
        Self { a }
    }
}

fn main() {}
