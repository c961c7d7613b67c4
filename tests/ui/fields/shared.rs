use std::rc::Rc;
use std::sync::{Arc, Weak};

use pickle::Pickle;

struct Foreign;

#[derive(Pickle)]
struct Holder {
    shared: Rc<Foreign>,
    back: Weak<Foreign>,
}

#[derive(Pickle)]
struct Borrows<'a> {
    text: Arc<&'a str>,
}

fn main() {}
