//! Copies and hashes of whole graphs.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::{Rc, Weak};

use pickle::{Pickle, deep_clone, stable_hash};

#[derive(Pickle)]
struct Node {
    id: u32,
    next: Vec<Rc<RefCell<Node>>>,
    back: Weak<RefCell<Node>>,
}

fn node(id: u32) -> Rc<RefCell<Node>> {
    Rc::new(RefCell::new(Node { id, next: vec![], back: Weak::new() }))
}

/// A ring of nodes, each of which knows the one before.
fn ring(ids: &[u32]) -> Rc<RefCell<Node>> {
    let nodes: Vec<_> = ids.iter().map(|id| node(*id)).collect();
    for (index, node) in nodes.iter().enumerate() {
        let next = &nodes[(index + 1) % nodes.len()];
        node.borrow_mut().next.push(next.clone());
        next.borrow_mut().back = Rc::downgrade(node);
    }
    nodes[0].clone()
}

fn open(ring: Rc<RefCell<Node>>) {
    let next = std::mem::take(&mut ring.borrow_mut().next);
    next.into_iter().for_each(open);
}

#[test]
fn a_copy_has_the_cycles_of_the_original() {
    let original = ring(&[1, 2, 3]);
    let copy = deep_clone(&original).unwrap();
    assert!(!Rc::ptr_eq(&copy, &original));
    let second = copy.borrow().next[0].clone();
    let third = second.borrow().next[0].clone();
    assert_eq!((second.borrow().id, third.borrow().id), (2, 3));
    assert!(Rc::ptr_eq(&third.borrow().next[0], &copy));
    assert!(Rc::ptr_eq(&copy.borrow().back.upgrade().unwrap(), &third));
    drop((second, third));
    open(original);
    open(copy);
}

#[test]
fn a_copy_of_much_nothing_is_no_matter_of_limits() {
    assert_eq!(deep_clone(&vec![(); 17_000_000]).unwrap().len(), 17_000_000);
}

#[test]
fn equal_rings_hash_alike_and_others_do_not() {
    let rings = [&[1, 2, 3][..], &[1, 2, 3], &[1, 3, 2], &[1, 2], &[1, 2, 3, 1]].map(ring);
    let hashes = rings.each_ref().map(|ring| stable_hash(ring).unwrap());
    assert_eq!(hashes[0], hashes[1]);
    let distinct: HashSet<_> = hashes.into_iter().collect();
    assert_eq!(distinct.len(), 4);
    rings.into_iter().for_each(open);
}

#[test]
fn maps_hash_alike_in_any_order() {
    let pairs = (0..1000_u32).map(|number| (number, number.to_string()));
    let hashed: HashMap<_, _> = pairs.clone().collect();
    let other: HashMap<_, _> = pairs.clone().rev().collect();
    let sorted: BTreeMap<_, _> = pairs.collect();
    let hash = stable_hash(&sorted).unwrap();
    assert_eq!((stable_hash(&hashed).unwrap(), stable_hash(&other).unwrap()), (hash, hash));
}

#[test]
fn what_is_shared_hashes_as_its_copies() {
    let text: Rc<str> = "a".into();
    let shared = (text.clone(), text);
    let copies = (String::from("a"), String::from("a"));
    assert_eq!(stable_hash(&shared).unwrap(), stable_hash(&copies).unwrap());
    assert_ne!(stable_hash(&copies).unwrap(), stable_hash(&("a", "b")).unwrap());
    assert_ne!(stable_hash(&vec!["a", "b"]).unwrap(), stable_hash(&vec!["b", "a"]).unwrap());
}
