//! Strong cycles through cells.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, Mutex, OnceLock, RwLock};

use pickle::Pickle;

use crate::each;

#[derive(Pickle)]
struct Node {
    id: u32,
    next: Vec<Rc<RefCell<Node>>>,
}

#[test]
fn ref_cells_close_a_cycle() {
    let node = |id| Rc::new(RefCell::new(Node { id, next: vec![] }));
    let (first, second) = (node(1), node(2));
    first.borrow_mut().next = vec![second.clone(), first.clone()];
    second.borrow_mut().next = vec![first.clone()];
    each(&first, |_, loaded| {
        let next = std::mem::take(&mut loaded.borrow_mut().next);
        assert!(Rc::ptr_eq(&next[1], &loaded));
        assert_eq!(next[0].borrow().id, 2);
        assert!(Rc::ptr_eq(&next[0].borrow().next[0], &loaded));
        next[0].borrow_mut().next.clear();
    });
    first.borrow_mut().next.clear();
}

macro_rules! locks {
    ($($test:ident: $Lock:ident, $write:ident;)*) => {$(
        #[test]
        fn $test() {
            #[derive(Pickle)]
            struct Node {
                id: u32,
                next: Option<Arc<$Lock<Node>>>,
            }

            let node = |id| Arc::new($Lock::new(Node { id, next: None }));
            let (first, second) = (node(1), node(2));
            first.$write().unwrap().next = Some(second.clone());
            second.$write().unwrap().next = Some(first.clone());
            each(&first, |_, loaded| {
                let next = loaded.$write().unwrap().next.take().unwrap();
                assert_eq!(next.$write().unwrap().id, 2);
                let back = next.$write().unwrap().next.take().unwrap();
                assert!(Arc::ptr_eq(&loaded, &back));
            });
            first.$write().unwrap().next = None;
        }
    )*};
}

locks! {
    mutexes_close_a_cycle: Mutex, lock;
    locks_close_a_cycle: RwLock, write;
}

#[test]
fn cells_that_are_filled_once_close_a_cycle() {
    #[derive(Pickle)]
    struct Node {
        id: u32,
        next: Rc<OnceCell<Node>>,
        other: Arc<OnceLock<Node>>,
    }

    let first = Rc::new(OnceCell::new());
    let node = Node { id: 7, next: first.clone(), other: Arc::default() };
    assert!(first.set(node).is_ok());
    each(&first, |protocol, loaded| {
        let node = loaded.get().unwrap();
        assert_eq!(node.id, 7, "protocol {protocol}");
        assert!(Rc::ptr_eq(&node.next, &loaded));
        assert!(node.other.get().is_none());
    });
}

#[test]
fn a_cell_that_many_hold_is_one() {
    let cell = Rc::new(RefCell::new(String::from("a")));
    let value = (cell.clone(), vec![cell.clone()], Rc::new(RefCell::new(String::from("a"))));
    each(&value, |_, loaded| {
        *loaded.0.borrow_mut() = "b".into();
        assert_eq!(*loaded.1[0].borrow(), "b");
        assert_eq!(*loaded.2.borrow(), "a");
    });
}
