//! Graphs that cannot be built from the inside out: what an object holds in cells leads back to it,
//! or a `Weak` meets an owner before the object it owns is complete.

use std::cell::{OnceCell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::{self, Arc, Mutex, OnceLock, RwLock};

use pickle::{ErrorKind, Pickle, Pickler, Protocol, Unpickler, dumps, dumps_with, loads, to_value};

use crate::{PROTOCOLS, each};

/// The tree of The Rust Programming Language, chapter 15.
#[derive(Pickle)]
struct Node {
    value: u32,
    parent: RefCell<Weak<Node>>,
    children: RefCell<Vec<Rc<Node>>>,
}

fn node(value: u32) -> Rc<Node> {
    Rc::new(Node { value, parent: RefCell::default(), children: RefCell::default() })
}

fn adopt(parent: &Rc<Node>, child: &Rc<Node>) {
    *child.parent.borrow_mut() = Rc::downgrade(parent);
    parent.children.borrow_mut().push(child.clone());
}

fn parent(node: &Node) -> Rc<Node> {
    node.parent.borrow().upgrade().unwrap()
}

#[test]
fn a_leaf_that_comes_before_its_branch_is_the_branch_s_child() {
    let (leaf, other, branch) = (node(3), node(4), node(5));
    adopt(&branch, &leaf);
    adopt(&branch, &other);
    each(&(leaf, branch), |protocol, (leaf, branch)| {
        assert!(Rc::ptr_eq(&parent(&leaf), &branch), "protocol {protocol}");
        let children = branch.children.borrow();
        assert!(Rc::ptr_eq(&children[0], &leaf));
        assert_eq!((children[1].value, parent(&children[1]).value), (4, 5));
        assert_eq!((Rc::strong_count(&leaf), Rc::strong_count(&branch)), (2, 1));
    });
}

#[test]
fn deep_trees_are_the_same_from_below() {
    let nodes: Vec<_> = (0..60).map(node).collect();
    nodes.windows(2).for_each(|pair| adopt(&pair[0], &pair[1]));
    let from_below: Vec<_> = nodes.iter().rev().cloned().collect();
    each(&from_below, |_, nodes| {
        assert_eq!(nodes.len(), 60);
        for pair in nodes.windows(2) {
            assert!(Rc::ptr_eq(&parent(&pair[0]), &pair[1]));
            assert!(Rc::ptr_eq(&pair[1].children.borrow()[0], &pair[0]));
        }
    });
}

#[derive(Pickle)]
struct Link {
    next: RefCell<Option<Rc<Link>>>,
    previous: RefCell<Weak<Link>>,
}

#[test]
fn a_doubly_linked_list_loads_from_its_end() {
    let link = || Rc::new(Link { next: RefCell::default(), previous: RefCell::default() });
    let links: Vec<_> = (0..60).map(|_| link()).collect();
    for pair in links.windows(2) {
        *pair[0].next.borrow_mut() = Some(pair[1].clone());
        *pair[1].previous.borrow_mut() = Rc::downgrade(&pair[0]);
    }
    each(&(links[59].clone(), links[0].clone()), |_, (last, first)| {
        let (mut link, mut count) = (last, 1);
        while let Some(previous) = { link.previous.borrow().upgrade() } {
            assert!(Rc::ptr_eq(previous.next.borrow().as_ref().unwrap(), &link));
            (link, count) = (previous, count + 1);
        }
        assert_eq!(count, 60);
        assert!(Rc::ptr_eq(&link, &first));
    });
}

macro_rules! rings {
    ($($name:ident: $Strong:ident, $Cell:ty, |$cell:ident| $get:expr, |$set:ident, $next:ident| $put:expr;)*) => {$(
        #[test]
        fn $name() {
            #[derive(Pickle)]
            struct Ring {
                id: u8,
                next: $Cell,
            }
            let ring = |id| $Strong::new(Ring { id, next: <$Cell>::default() });
            let next = |ring: &Ring| {
                let $cell = &ring.next;
                $get
            };
            let (first, second) = (ring(1), ring(2));
            for (ring, other) in [(&first, &second), (&second, &first)] {
                let ($set, $next) = (&ring.next, other.clone());
                $put
            }
            each(&first, |_, ring| {
                let other = next(&ring);
                assert_eq!((ring.id, other.id), (1, 2));
                assert!($Strong::ptr_eq(&next(&other), &ring));
            });
        }
    )*};
}

rings! {
    a_ring_closes_through_ref_cells: Rc, RefCell<Option<Rc<Ring>>>,
        |cell| cell.borrow().clone().unwrap(), |cell, next| *cell.borrow_mut() = Some(next);
    a_ring_closes_through_mutexes: Arc, Mutex<Option<Arc<Ring>>>,
        |cell| cell.lock().unwrap().clone().unwrap(), |cell, next| *cell.lock().unwrap() = Some(next);
    a_ring_closes_through_rw_locks: Arc, RwLock<Vec<Arc<Ring>>>,
        |cell| cell.read().unwrap()[0].clone(), |cell, next| cell.write().unwrap().push(next);
    a_ring_closes_through_once_cells: Rc, OnceCell<Rc<Ring>>,
        |cell| cell.get().unwrap().clone(), |cell, next| drop(cell.set(next));
    a_ring_closes_through_once_locks: Arc, OnceLock<Arc<Ring>>,
        |cell| cell.get().unwrap().clone(), |cell, next| drop(cell.set(next));
}

/// What a cell holds may be a struct or an enum.
#[derive(Pickle, Default)]
struct Edges {
    name: String,
    weight: Option<f64>,
    out: Vec<Rc<Place>>,
    back: (u8, [Weak<Place>; 1]),
    mood: Mood,
}

#[derive(Pickle, Default)]
enum Mood {
    Likes(Rc<Place>),
    #[default]
    Indifferent,
}

#[derive(Pickle, Default)]
struct Place {
    edges: RefCell<Edges>,
    mood: RefCell<Mood>,
    nested: Vec<Option<Box<RefCell<Weak<Place>>>>>,
    alias: RefCell<String>,
}

#[test]
fn cells_are_filled_wherever_in_the_object_they_are() {
    let (here, there) = (
        Rc::new(Place::default()),
        Rc::new_cyclic(|there: &Weak<Place>| Place {
            nested: vec![None, Some(Box::new(RefCell::new(there.clone())))],
            alias: RefCell::new("there".into()),
            ..Place::default()
        }),
    );
    *here.edges.borrow_mut() = Edges {
        name: "edges of here".into(),
        weight: Some(1.5),
        out: vec![there.clone(), here.clone()],
        back: (7, [Rc::downgrade(&there)]),
        mood: Mood::Likes(here.clone()),
    };
    *there.mood.borrow_mut() = Mood::Likes(here.clone());
    each(&(there, here), |_, (there, here)| {
        let edges = here.edges.borrow();
        assert_eq!(
            (edges.name.as_str(), edges.weight, edges.back.0),
            ("edges of here", Some(1.5), 7)
        );
        assert!(Rc::ptr_eq(&edges.out[0], &there) && Rc::ptr_eq(&edges.out[1], &here));
        assert!(Rc::ptr_eq(&edges.back.1[0].upgrade().unwrap(), &there));
        assert!(matches!(&edges.mood, Mood::Likes(place) if Rc::ptr_eq(place, &here)));
        assert!(matches!(&*there.mood.borrow(), Mood::Likes(place) if Rc::ptr_eq(place, &here)));
        assert!(matches!(*here.mood.borrow(), Mood::Indifferent));
        let nested = there.nested[1].as_ref().unwrap().borrow().upgrade().unwrap();
        assert!(Rc::ptr_eq(&nested, &there));
        assert_eq!(*there.alias.borrow(), "there");
    });
}

/// No cell anywhere: such graphs come from `new_cyclic`.
#[derive(Pickle)]
struct Owner {
    name: String,
    parts: Vec<Arc<Part>>,
}

#[derive(Pickle)]
struct Part {
    owner: sync::Weak<Owner>,
    screws: Vec<Arc<Screw>>,
}

#[derive(Pickle)]
struct Screw {
    part: sync::Weak<Part>,
    owner: sync::Weak<Owner>,
}

fn owner() -> Arc<Owner> {
    Arc::new_cyclic(|owner: &sync::Weak<Owner>| {
        let part = || {
            Arc::new_cyclic(|part: &sync::Weak<Part>| {
                let screw = || Screw { part: part.clone(), owner: owner.clone() };
                Part { owner: owner.clone(), screws: vec![Arc::new(screw()), Arc::new(screw())] }
            })
        };
        Owner { name: "owner".into(), parts: vec![part(), part()] }
    })
}

#[test]
fn an_owner_that_is_met_through_a_weak_is_built_before_what_it_owns() {
    let owner = owner();
    let screw = owner.parts[1].screws[1].clone();
    each(&(screw.clone(), owner.clone()), |_, (screw, owner)| {
        assert_eq!(owner.name, "owner");
        assert!(Arc::ptr_eq(&owner.parts[1].screws[1], &screw));
        assert!(Arc::ptr_eq(&screw.owner.upgrade().unwrap(), &owner));
        assert!(Arc::ptr_eq(&screw.part.upgrade().unwrap(), &owner.parts[1]));
        for part in &owner.parts {
            assert!(Arc::ptr_eq(&part.owner.upgrade().unwrap(), &owner));
            for screw in &part.screws {
                assert!(Arc::ptr_eq(&screw.part.upgrade().unwrap(), part));
            }
        }
    });
    // Alone, its owners go with the load.
    each(&screw, |_, screw| assert!(screw.owner.upgrade().is_none()));
}

#[test]
fn a_pickle_may_lead_back_into_objects_of_the_one_before() {
    let (leaf, other, branch) = (node(1), node(2), node(3));
    adopt(&branch, &leaf);
    for protocol in PROTOCOLS {
        let mut bytes = Vec::new();
        let mut pickler = Pickler::new(&mut bytes).protocol(protocol);
        pickler.dump(&(leaf.clone(), branch.clone())).unwrap();
        pickler.dump(&(other.clone(), branch.clone(), leaf.clone())).unwrap();
        let mut unpickler = Unpickler::from_slice(&bytes);
        let (leaf, branch): (Rc<Node>, Rc<Node>) = unpickler.load().unwrap();
        let (other, same, child): (Rc<Node>, Rc<Node>, Rc<Node>) = unpickler.load().unwrap();
        assert!(Rc::ptr_eq(&branch, &same) && Rc::ptr_eq(&leaf, &child), "protocol {protocol}");
        assert_eq!(other.value, 2);
    }
}

#[test]
fn values_and_other_versions_of_a_type_lead_back_as_well() {
    #[derive(Pickle)]
    #[pickle(class = "graphs.Node")]
    struct Newer {
        #[pickle(default = RefCell::new(vec![None]))]
        seen: RefCell<Vec<Option<Weak<Newer>>>>,
        children: RefCell<Vec<Rc<Newer>>>,
        parent: RefCell<Weak<Newer>>,
    }
    let (leaf, branch) = (node(3), node(5));
    adopt(&branch, &leaf);
    let check = |leaf: Rc<Newer>, branch: Rc<Newer>| {
        assert!(Rc::ptr_eq(&leaf.parent.borrow().upgrade().unwrap(), &branch));
        assert!(Rc::ptr_eq(&branch.children.borrow()[0], &leaf));
        assert_eq!((leaf.seen.borrow().len(), branch.seen.borrow().len()), (1, 1));
    };
    let (newer, branch_too): (Rc<Newer>, Rc<Newer>) =
        loads(&dumps(&(leaf.clone(), branch.clone())).unwrap()).unwrap();
    check(newer, branch_too);
    let value = to_value(&(leaf, branch)).unwrap();
    let (newer, branch_too): (Rc<Newer>, Rc<Newer>) = pickle::from_value(&value).unwrap();
    check(newer, branch_too);
}

#[test]
fn a_cycle_that_no_cell_can_wait_in_is_an_error() {
    /// Whoever looks at an object after loading wants to see what it holds.
    #[derive(Pickle)]
    #[pickle(after_load = Self::look)]
    struct Hooked {
        next: RefCell<Option<Rc<Hooked>>>,
    }
    impl Hooked {
        fn look(&mut self) {}
    }
    let ring = Rc::new(Hooked { next: RefCell::default() });
    *ring.next.borrow_mut() = Some(ring.clone());
    for protocol in PROTOCOLS {
        let bytes = dumps_with(&ring, protocol).unwrap();
        let Err(error) = loads::<Rc<Hooked>>(&bytes) else { panic!("protocol {protocol}") };
        assert!(matches!(error.kind(), ErrorKind::Cycle), "protocol {protocol}: {error}");
        assert_eq!(
            error.hint().unwrap(),
            "hold what refers back to its owner in `Weak`, or the owner in `Rc<RefCell<_>>`"
        );
    }
    ring.next.take();
}

#[test]
fn python_sees_what_leads_back() {
    let (leaf, branch) = (node(3), node(5));
    adopt(&branch, &leaf);
    let bytes = dumps_with(&(leaf, branch), Protocol::V4).unwrap();
    let value = pickle::Value::loads(&bytes).unwrap();
    let shown = value.to_string();
    assert!(shown.contains("<ref 1>") && shown.contains("'value': 5"), "{shown}");
}
