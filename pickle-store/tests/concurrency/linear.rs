//! Whether a history of one register could have happened one operation at a time.
//!
//! The search is that of Wing and Gong ("Testing and verifying concurrent objects", 1993) with
//! Lowe's memory of what was tried ("Testing for linearizability", 2017).

use std::collections::HashSet;

/// What was done to a register, and what came of it. Written values are all different.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Read(Option<u64>),
    Write(u64),
    Remove,
    /// Replaces a value that was read; done only if it is still there.
    Swap {
        from: Option<u64>,
        to: u64,
        done: bool,
    },
}

impl What {
    /// The value after it; none if it cannot happen now.
    fn apply(self, value: Option<u64>) -> Option<Option<u64>> {
        match self {
            Self::Read(found) => (found == value).then_some(value),
            Self::Write(to) => Some(Some(to)),
            Self::Remove => Some(None),
            Self::Swap { from, to, done: true } => (from == value).then_some(Some(to)),
            Self::Swap { from, done: false, .. } => (from != value).then_some(value),
        }
    }
}

/// An operation with the moments at which it was called and had returned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    pub(crate) called: u64,
    pub(crate) returned: u64,
    pub(crate) what: What,
}

/// Whether there is an order of the operations, none before one that had returned when it was
/// called, in which each of them does what it did.
pub(crate) fn is_linearizable(mut history: Vec<Operation>) -> bool {
    history.sort_by_key(|operation| operation.called);
    let mut tried = HashSet::new();
    let mut states = vec![(vec![false; history.len()], None)];
    while let Some((done, value)) = states.pop() {
        if !tried.insert((done.clone(), value)) {
            continue;
        }
        let open = || history.iter().enumerate().filter(|(index, _)| !done[*index]);
        let Some(first_return) = open().map(|(_, operation)| operation.returned).min() else {
            return true;
        };
        for (index, operation) in open().take_while(|(_, next)| next.called <= first_return) {
            if let Some(value) = operation.what.apply(value) {
                let mut done = done.clone();
                done[index] = true;
                states.push((done, value));
            }
        }
    }
    false
}

fn at(called: u64, returned: u64, what: What) -> Operation {
    Operation { called, returned, what }
}

#[test]
fn a_read_that_overlaps_a_write_may_see_either_value() {
    let write = at(1, 4, What::Write(7));
    for found in [None, Some(7)] {
        assert!(is_linearizable(vec![write, at(2, 3, What::Read(found))]));
    }
}

#[test]
fn a_value_that_was_seen_does_not_go_away() {
    let history =
        [at(1, 10, What::Write(7)), at(2, 3, What::Read(Some(7))), at(4, 5, What::Read(None))];
    assert!(!is_linearizable(history.to_vec()));
}

#[test]
fn a_write_that_returned_is_seen() {
    assert!(!is_linearizable(vec![at(1, 2, What::Write(7)), at(3, 4, What::Read(None))]));
}

#[test]
fn two_swaps_of_one_value_do_not_both_succeed() {
    let swap = |to, done| at(1, 4, What::Swap { from: None, to, done });
    assert!(is_linearizable(vec![swap(1, true), swap(2, false)]));
    assert!(!is_linearizable(vec![swap(1, true), swap(2, true)]));
    assert!(!is_linearizable(vec![swap(1, false)]));
}
