//! Deep values: an error at the default limits, no overflow where the caller raises them.

use std::rc::Rc;
use std::thread;

use pickle::{ErrorKind, Limits, Pickle, Pickler, Protocol, Unpickler, dumps_with, loads};

/// Steps of the list, levels of the tree. Without optimization a level takes ten times the stack.
const STEPS: u32 = if cfg!(debug_assertions) { 50_000 } else { 1_000_000 };
const LEVELS: u32 = if cfg!(debug_assertions) { 20_000 } else { 100_000 };

#[derive(Pickle)]
struct Step {
    number: u32,
    next: Option<Rc<Step>>,
}

/// Goes step by step, where Rust's own way would recurse.
impl Drop for Step {
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(mut step) = next.and_then(Rc::into_inner) {
            next = step.next.take();
        }
    }
}

fn list(steps: u32) -> Step {
    (1..steps).fold(Step { number: 0, next: None }, |step, number| Step {
        number,
        next: Some(Rc::new(step)),
    })
}

fn count(list: &Step) -> u32 {
    let mut at = list;
    let mut count = 1;
    while let Some(next) = &at.next {
        assert_eq!(at.number, next.number + 1);
        (at, count) = (next, count + 1);
    }
    count
}

#[derive(Pickle)]
struct Tree {
    left: Option<Box<Tree>>,
    right: Option<Rc<Tree>>,
    others: Vec<Tree>,
}

impl Drop for Tree {
    fn drop(&mut self) {
        let mut open = Vec::new();
        self.part(&mut open);
        while let Some(mut tree) = open.pop() {
            tree.part(&mut open);
        }
    }
}

impl Tree {
    /// Moves what it holds out.
    fn part(&mut self, open: &mut Vec<Tree>) {
        open.extend(self.left.take().map(|tree| *tree));
        open.extend(self.right.take().and_then(Rc::into_inner));
        open.append(&mut self.others);
    }
}

/// A tree as deep as the number, going left, right and elsewhere in turn.
fn tree(depth: u32) -> Tree {
    let leaf = Tree { left: None, right: None, others: vec![] };
    (0..depth).fold(leaf, |tree, level| match level % 3 {
        0 => Tree { left: Some(Box::new(tree)), right: None, others: vec![] },
        1 => Tree { left: None, right: Some(Rc::new(tree)), others: vec![] },
        _ => Tree { left: None, right: None, others: vec![tree] },
    })
}

fn depth(tree: &Tree) -> u32 {
    let (mut at, mut depth) = (tree, 0);
    while let Some(next) = at.left.as_deref().or(at.right.as_deref()).or(at.others.first()) {
        (at, depth) = (next, depth + 1);
    }
    depth
}

/// Runs on a thread with a stack of 1 MiB.
fn on_a_small_stack<R: Send>(run: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(1 << 20);
        thread.spawn_scoped(scope, run).unwrap().join().unwrap()
    })
}

fn there_and_back<T, R>(value: &T, protocol: Protocol, check: impl FnOnce(&T) -> R) -> R
where
    T: Pickle + for<'de> pickle::Unpickle<'de>,
{
    let limits = Limits { max_depth: u32::MAX, ..Limits::DEFAULT };
    let mut bytes = Vec::new();
    Pickler::new(&mut bytes).protocol(protocol).limits(limits).dump(value).unwrap();
    check(&Unpickler::from_slice(&bytes).limits(limits).load().unwrap())
}

#[test]
fn a_long_list_goes_there_and_back_natively() {
    let steps = on_a_small_stack(|| there_and_back(&list(STEPS), Protocol::Native, count));
    assert_eq!(steps, STEPS);
}

#[test]
fn a_long_list_goes_there_and_back_by_python() {
    let steps = on_a_small_stack(|| there_and_back(&list(STEPS), Protocol::V5, count));
    assert_eq!(steps, STEPS);
}

#[test]
fn a_deep_tree_goes_there_and_back() {
    for protocol in [Protocol::Native, Protocol::V0, Protocol::V5] {
        let levels = on_a_small_stack(|| there_and_back(&tree(LEVELS), protocol, depth));
        assert_eq!(levels, LEVELS, "protocol {protocol}");
    }
}

#[test]
fn a_deep_value_is_an_error_at_the_default_limits() {
    let limits = Limits { max_depth: u32::MAX, ..Limits::DEFAULT };
    for protocol in [Protocol::Native, Protocol::V2, Protocol::V5] {
        on_a_small_stack(|| {
            let deep = list(10_000);
            let error = dumps_with(&deep, protocol).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Depth { limit: 128 }), "{error}");
            let mut bytes = Vec::new();
            Pickler::new(&mut bytes).protocol(protocol).limits(limits).dump(&deep).unwrap();
            let error = loads::<Step>(&bytes).err().unwrap();
            assert!(matches!(error.kind(), ErrorKind::Depth { limit: 128 }), "{error}");
            assert!(error.hint().unwrap().starts_with("raise `Limits::max_depth`"));
        });
    }
}

#[test]
fn a_fault_deep_inside_is_an_error() {
    let limits = Limits { max_depth: u32::MAX, ..Limits::DEFAULT };
    on_a_small_stack(|| {
        let mut bytes = Vec::new();
        Pickler::new(&mut bytes).limits(limits).dump(&list(20_000)).unwrap();
        // The tag of the last `None`, in front of the room for a pointer.
        let tag = bytes.len() - 5;
        bytes[tag] = 7;
        let error = Unpickler::from_slice(&bytes).limits(limits).load::<Step>().err().unwrap();
        assert!(matches!(error.kind(), ErrorKind::Invalid { .. }), "{:?}", error.kind());
        assert!(error.path().starts_with("Step.next.next.next"));
    });
}
