use pickle::Pickle;

#[derive(Pickle)]
#[pickle(getstate = S::state, setstate = S::new)]
struct S {
    a: std::rc::Rc<u8>,
}

impl S {
    fn state(&self) -> &std::rc::Rc<u8> {
        &self.a
    }

    fn new(a: std::rc::Rc<u8>) -> Self {
        Self { a }
    }
}

fn main() {}
