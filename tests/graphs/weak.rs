//! `Weak`: back to the owner, forward to an object that comes later, or to nothing.

use std::rc::{self, Rc};
use std::sync::{self, Arc, OnceLock};

use pickle::Pickle;

use crate::each;

#[derive(Pickle, Debug)]
struct Child {
    name: String,
    parent: rc::Weak<Parent>,
}

#[derive(Pickle, Debug)]
struct Parent {
    name: String,
    children: Vec<Rc<Child>>,
}

fn family() -> Rc<Parent> {
    Rc::new_cyclic(|parent| {
        let child = |name: &str| Rc::new(Child { name: name.into(), parent: parent.clone() });
        Parent { name: "Ida".into(), children: vec![child("Jan"), child("Kim")] }
    })
}

#[test]
fn children_find_their_parent_by_plain_weak() {
    each(&family(), |_, loaded| {
        assert_eq!(loaded.name, "Ida");
        for child in &loaded.children {
            assert!(Rc::ptr_eq(&loaded, &child.parent.upgrade().unwrap()));
        }
        assert_eq!((Rc::strong_count(&loaded), Rc::weak_count(&loaded)), (1, 2));
    });
}

#[derive(Pickle)]
struct Node {
    id: u32,
    next: Vec<Arc<Node>>,
    back: sync::Weak<Node>,
}

#[test]
fn arcs_find_their_owner_too() {
    let root = Arc::new_cyclic(|root: &sync::Weak<Node>| {
        let leaf = |id| Arc::new(Node { id, next: vec![], back: root.clone() });
        Node { id: 0, next: vec![leaf(1), leaf(2)], back: root.clone() }
    });
    each(&root, |_, loaded| {
        assert_eq!(loaded.next.iter().map(|node| node.id).collect::<Vec<_>>(), [1, 2]);
        for node in loaded.next.iter().chain([&loaded]) {
            assert!(Arc::ptr_eq(&loaded, &node.back.upgrade().unwrap()));
        }
    });
}

#[test]
fn a_weak_that_comes_before_its_owner_finds_it() {
    let owner = Rc::new(5_u8);
    let value = (Rc::downgrade(&owner), vec![owner]);
    each(&value, |_, (weak, owner)| assert!(Rc::ptr_eq(&weak.upgrade().unwrap(), &owner[0])));
}

#[test]
fn a_weak_whose_owner_is_not_there_points_nowhere() {
    let owner = Rc::new(5_u8);
    each(&Rc::downgrade(&owner), |_, weak| assert!(weak.upgrade().is_none()));
}

#[test]
fn a_dangling_weak_dangles() {
    let value = (rc::Weak::<u8>::new(), vec![sync::Weak::<String>::new()]);
    each(&value, |_, (first, rest)| {
        assert!(first.upgrade().is_none());
        assert_eq!(rest.iter().map(sync::Weak::strong_count).collect::<Vec<_>>(), [0]);
    });
}

#[test]
fn weak_text_and_slices_work() {
    let (text, slice): (Rc<str>, Arc<[u16]>) = ("text".into(), Arc::new([1, 2]));
    let value = (Rc::downgrade(&text), text, Arc::downgrade(&slice), slice);
    each(&value, |_, (weak_text, text, weak_slice, slice)| {
        assert!(Rc::ptr_eq(&weak_text.upgrade().unwrap(), &text));
        assert!(Arc::ptr_eq(&weak_slice.upgrade().unwrap(), &slice));
    });
    drop(value.1);
    let nothing = (rc::Weak::clone(&value.0), 1_u8);
    each(&nothing, |_, (text, _)| assert!(text.upgrade().is_none()));
}

#[test]
fn an_optional_weak_tells_none_from_nowhere() {
    let owner = Rc::new(1_u8);
    let value = (owner.clone(), [Some(Rc::downgrade(&owner)), Some(rc::Weak::new()), None]);
    each(&value, |_, (owner, [some, nowhere, none])| {
        assert!(Rc::ptr_eq(&owner, &some.unwrap().upgrade().unwrap()));
        assert!(nowhere.unwrap().upgrade().is_none());
        assert!(none.is_none());
    });
}

#[test]
fn hooks_see_a_parent_that_is_not_there_yet() {
    #[derive(Pickle)]
    #[pickle(after_load = Self::looks_up)]
    struct Leaf {
        parent: rc::Weak<Tree>,
        #[pickle(skip)]
        saw_parent: OnceLock<bool>,
    }

    impl Leaf {
        fn looks_up(&mut self) {
            self.saw_parent.set(self.parent.upgrade().is_some()).unwrap();
        }
    }

    #[derive(Pickle)]
    struct Tree {
        leaf: Rc<Leaf>,
    }

    let tree = Rc::new_cyclic(|parent| Tree {
        leaf: Rc::new(Leaf { parent: parent.clone(), saw_parent: OnceLock::new() }),
    });
    each(&tree, |_, tree| {
        assert_eq!(tree.leaf.saw_parent.get(), Some(&false));
        assert!(Rc::ptr_eq(&tree, &tree.leaf.parent.upgrade().unwrap()));
    });
}
