use pickle::Pickle;

#[derive(Pickle)]
struct S {
    shared: std::rc::Rc<str>,
}

#[derive(Pickle)]
enum E {
    Shared(std::sync::Arc<u8>),
}

fn main() {}
