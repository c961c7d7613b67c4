//! A program of a user's in which panics abort: cycles of `Arc` are an error there, never an abort.
#![forbid(unsafe_code)]
#![deny(warnings)]

use std::rc::{self, Rc};
use std::sync::{self, Arc, Mutex};

use pickle::{dumps_with, loads, ErrorKind, Pickle, Protocol};

#[cfg(panic = "unwind")]
compile_error!("build this with `panic = \"abort\"`");

#[derive(Pickle)]
struct Parent {
    children: Vec<Arc<Child>>,
}

#[derive(Pickle)]
struct Child {
    name: String,
    parent: sync::Weak<Parent>,
}

#[derive(Pickle)]
struct Node {
    children: Vec<Rc<Leaf>>,
}

#[derive(Pickle)]
struct Leaf {
    parent: rc::Weak<Node>,
}

#[derive(Pickle)]
struct Ring {
    next: Option<Arc<Mutex<Ring>>>,
}

/// Refuses to be loaded, in the middle of an object that others may point at.
#[derive(Pickle)]
#[pickle(getstate = Self::state, setstate = Self::from_state)]
struct Refuses;

impl Refuses {
    fn state(&self) -> u8 {
        1
    }

    fn from_state(_: u8) -> Result<Self, &'static str> {
        Err("refused")
    }
}

#[derive(Pickle)]
struct Odd {
    own: sync::Weak<Odd>,
    refuses: Refuses,
}

fn main() {
    let protocols = [0, 1, 2, 3, 4, 5].map(|number| Protocol::try_from(number).expect("Python's"));
    for protocol in protocols.into_iter().chain([Protocol::Native]) {
        arcs_cannot_be_pointed_at_before_they_are_there(protocol);
        arcs_without_a_way_back_load(protocol);
        rcs_load_with_their_cycles(protocol);
        cells_load_with_their_cycles(protocol);
        errors_of_hooks_stay_errors(protocol);
    }
    println!("errors stay errors where panics abort");
}

fn arcs_cannot_be_pointed_at_before_they_are_there(protocol: Protocol) {
    let parent = Arc::new_cyclic(|parent| {
        let child = Child { name: "Ada".into(), parent: sync::Weak::clone(parent) };
        Parent { children: vec![Arc::new(child)] }
    });
    let bytes = dumps_with(&parent, protocol).expect("it can be written");
    let error = loads::<Arc<Parent>>(&bytes).err().expect("a back reference");
    assert!(matches!(error.kind(), ErrorKind::Cycle), "{protocol}: {error}");
    // Cut short, it is another error.
    loads::<Arc<Parent>>(&bytes[..bytes.len() - 1]).err().expect("an end too early");
}

fn arcs_without_a_way_back_load(protocol: Protocol) {
    let child = Arc::new(Child { name: "Ada".into(), parent: sync::Weak::new() });
    let parent = Arc::new(Parent { children: vec![child.clone(), child] });
    let bytes = dumps_with(&parent, protocol).expect("it can be written");
    let loaded: Arc<Parent> = loads(&bytes).expect("no cycle");
    assert_eq!(loaded.children[0].name, "Ada");
    assert!(Arc::ptr_eq(&loaded.children[0], &loaded.children[1]));
}

fn rcs_load_with_their_cycles(protocol: Protocol) {
    let node = Rc::new_cyclic(|parent| Node {
        children: vec![Rc::new(Leaf { parent: rc::Weak::clone(parent) })],
    });
    let bytes = dumps_with(&node, protocol).expect("it can be written");
    let loaded: Rc<Node> = loads(&bytes).expect("a `Weak` leads back");
    assert!(Rc::ptr_eq(&loaded, &loaded.children[0].parent.upgrade().expect("alive")));
}

fn cells_load_with_their_cycles(protocol: Protocol) {
    let ring = Arc::new(Mutex::new(Ring { next: None }));
    ring.lock().expect("free").next = Some(ring.clone());
    let bytes = dumps_with(&ring, protocol).expect("it can be written");
    let loaded: Arc<Mutex<Ring>> = loads(&bytes).expect("a cell lies between");
    let next = loaded.lock().expect("free").next.take().expect("itself");
    assert!(Arc::ptr_eq(&loaded, &next));
    ring.lock().expect("free").next = None;
}

fn errors_of_hooks_stay_errors(protocol: Protocol) {
    let odd = Arc::new(Odd { own: sync::Weak::new(), refuses: Refuses });
    let bytes = dumps_with(&odd, protocol).expect("it can be written");
    let error = loads::<Arc<Odd>>(&bytes).err().expect("it is refused");
    assert!(matches!(error.kind(), ErrorKind::Custom(_)), "{protocol}: {error}");
}
