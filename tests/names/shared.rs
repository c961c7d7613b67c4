//! Objects of traits behind shared pointers.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::{self, Arc};

use pickle::{Pickle, Protocol, dumps, dumps_with, loads};

use super::classes::{Circle, Group, Rect, Shape, shown};

const PROTOCOLS: [Protocol; 7] = [
    Protocol::V0,
    Protocol::V1,
    Protocol::V2,
    Protocol::V3,
    Protocol::V4,
    Protocol::V5,
    Protocol::Native,
];

#[test]
fn one_object_stays_one() {
    let one: Rc<dyn Shape> = Rc::new(Circle { r: 1.0 });
    let strip: Rc<dyn Shape> = Rc::new(7_u32);
    let shapes = vec![one.clone(), Rc::new(Rect(1.0, 2.0)), strip.clone(), one, strip];
    for protocol in PROTOCOLS {
        let loaded: Vec<Rc<dyn Shape>> = loads(&dumps_with(&shapes, protocol).unwrap()).unwrap();
        assert_eq!(format!("{loaded:?}"), format!("{shapes:?}"), "{protocol}");
        assert!(Rc::ptr_eq(&loaded[0], &loaded[3]) && Rc::ptr_eq(&loaded[2], &loaded[4]));
        assert_eq!(Rc::strong_count(&loaded[0]), 2);
        assert_eq!(Rc::strong_count(&loaded[1]), 1);
    }
}

#[test]
fn arcs_and_many_objects_stay_what_they_are() {
    let one: Arc<dyn Shape + Send + Sync> = Arc::new(Rect(1.0, 2.0));
    let shapes: Vec<_> = (0..1000_u32)
        .map(|index| match index % 2 {
            0 => Arc::clone(&one),
            _ => Arc::new(index),
        })
        .collect();
    for protocol in PROTOCOLS {
        let bytes = dumps_with(&shapes, protocol).unwrap();
        let loaded: Vec<Arc<dyn Shape + Send + Sync>> = loads(&bytes).unwrap();
        assert_eq!(format!("{loaded:?}"), format!("{shapes:?}"), "{protocol}");
        assert_eq!(Arc::strong_count(&loaded[0]), 500);
    }
}

#[test]
fn an_object_and_its_type_are_one() {
    let circle = Rc::new(Circle { r: 1.0 });
    let shape: Rc<dyn Shape> = circle.clone();
    for protocol in PROTOCOLS {
        let bytes = dumps_with(&(&circle, &shape), protocol).unwrap();
        let (first, second): (Rc<Circle>, Rc<dyn Shape>) = loads(&bytes).unwrap();
        assert!(std::ptr::eq(&*first, Rc::as_ptr(&second).cast()), "{protocol}");
        let bytes = dumps_with(&(&shape, &circle), protocol).unwrap();
        let (first, second): (Rc<dyn Shape>, Rc<Circle>) = loads(&bytes).unwrap();
        assert!(std::ptr::eq(Rc::as_ptr(&first).cast(), &*second), "{protocol}");
    }
}

#[pickle::class(name = "names.Tree")]
trait Tree: std::fmt::Debug {
    fn parent(&self) -> Option<Rc<dyn Tree>>;
    fn children(&self) -> Vec<Rc<dyn Tree>>;
}

#[derive(Pickle, Debug)]
#[pickle(class = "names.Branch")]
struct Branch {
    parent: RefCell<Weak<dyn Tree>>,
    children: RefCell<Vec<Rc<dyn Tree>>>,
}

#[derive(Pickle, Debug)]
#[pickle(class = "names.Leaf")]
struct Leaf {
    parent: Weak<dyn Tree>,
    number: Cell<u32>,
}

#[pickle::class]
impl Tree for Branch {
    fn parent(&self) -> Option<Rc<dyn Tree>> {
        self.parent.borrow().upgrade()
    }

    fn children(&self) -> Vec<Rc<dyn Tree>> {
        self.children.borrow().clone()
    }
}

#[pickle::class]
impl Tree for Leaf {
    fn parent(&self) -> Option<Rc<dyn Tree>> {
        self.parent.upgrade()
    }

    fn children(&self) -> Vec<Rc<dyn Tree>> {
        vec![]
    }
}

fn no_tree() -> Weak<dyn Tree> {
    Weak::<Leaf>::new()
}

#[test]
fn children_point_back_at_their_parents() {
    let root: Rc<dyn Tree> = Rc::new_cyclic(|root: &Weak<Branch>| {
        let leaf = |number| -> Rc<dyn Tree> {
            Rc::new(Leaf { parent: root.clone(), number: Cell::new(number) })
        };
        let children = RefCell::new(vec![leaf(1), leaf(2)]);
        Branch { parent: RefCell::new(no_tree()), children }
    });
    for protocol in PROTOCOLS {
        let loaded: Rc<dyn Tree> = loads(&dumps_with(&root, protocol).unwrap()).unwrap();
        assert!(loaded.parent().is_none());
        let children = loaded.children();
        assert_eq!(children.len(), 2, "{protocol}");
        for child in children {
            assert!(Rc::ptr_eq(&child.parent().unwrap(), &loaded), "{protocol}");
        }
        assert_eq!(Rc::strong_count(&loaded), 1);
    }
}

#[test]
fn a_dead_weak_stays_dead() {
    let dead: sync::Weak<dyn Shape> = sync::Weak::<Circle>::new();
    for protocol in PROTOCOLS {
        let loaded: sync::Weak<dyn Shape> = loads(&dumps_with(&dead, protocol).unwrap()).unwrap();
        assert!(loaded.upgrade().is_none());
    }
}

#[test]
fn the_objects_of_objects_are_shared_too() {
    #[derive(Pickle, Debug)]
    #[pickle(class = "shapes.Pair")]
    struct Pair(Rc<Group>, Rc<Group>);
    #[pickle::class]
    impl Shape for Pair {
        fn area(&self) -> f64 {
            self.0.parts.len() as f64
        }
    }
    let group = Rc::new(Group { name: "g".into(), parts: vec![] });
    let pairs: Vec<Box<dyn Shape>> =
        (0..100).map(|_| Box::new(Pair(group.clone(), group.clone())) as Box<_>).collect();
    let other = (pairs, group);
    let bytes = dumps(&other).unwrap();
    let (pairs, group): (Vec<Box<dyn Shape>>, Rc<Group>) = loads(&bytes).unwrap();
    assert_eq!((pairs.len(), Rc::strong_count(&group)), (100, 201));
    assert_eq!(shown(&*pairs[7]), shown(&*other.0[7]));
}

#[test]
fn every_changed_byte_of_a_graph_is_harmless() {
    let one: Rc<dyn Shape> = Rc::new(Circle { r: 1.0 });
    let weak: Weak<dyn Shape> = Rc::downgrade(&one);
    let value = (vec![one.clone(), Rc::new(7_u32)], weak, one);
    type Loaded = (Vec<Rc<dyn Shape>>, Weak<dyn Shape>, Rc<dyn Shape>);
    for protocol in [Protocol::Native, Protocol::V2] {
        let bytes = dumps_with(&value, protocol).unwrap();
        for at in 0..bytes.len() {
            assert!(loads::<Loaded>(&bytes[..at]).is_err());
            let mut changed = bytes.clone();
            for to in 0..=255 {
                changed[at] = to;
                if let Ok((shapes, weak, one)) = loads::<Loaded>(&changed) {
                    drop((format!("{shapes:?} {one:?}"), weak.upgrade()));
                }
            }
        }
    }
}
