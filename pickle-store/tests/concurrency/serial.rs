//! Whether transactions could have run one after the other.
//!
//! They append to lists, so that what each has read tells all that was written before: Kingsbury
//! and Alvaro, "Elle" (2020). The edges of the graph are those of Adya's thesis (1999): who wrote
//! first, who read what was written, who read what was then overwritten; and who had ended before
//! another began. Serializable is what has no cycle.

use std::collections::HashMap;

/// A transaction that was committed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transaction {
    pub(crate) began: u64,
    pub(crate) ended: u64,
    /// Lists as they were read, before anything was appended by it.
    pub(crate) reads: Vec<(u64, Vec<u64>)>,
    /// What was appended to which list. All appended values are different.
    pub(crate) appends: Vec<(u64, u64)>,
}

/// What is wrong with a history, by the lists at its end; none if it is serializable.
pub(crate) fn anomaly(history: &[Transaction], lists: &HashMap<u64, Vec<u64>>) -> Option<String> {
    let mut writers = HashMap::new();
    for (number, transaction) in history.iter().enumerate() {
        for (list, value) in &transaction.appends {
            if !lists.get(list).is_some_and(|list| list.contains(value)) {
                return Some(format!("the {value} that was appended to list {list} is lost"));
            }
            writers.insert(*value, number);
        }
    }
    let mut edges = vec![Vec::new(); history.len()];
    for (list, values) in lists {
        for pair in values.windows(2) {
            let [Some(first), Some(second)] = [writers.get(&pair[0]), writers.get(&pair[1])] else {
                return Some(format!("list {list} holds values of no transaction: {pair:?}"));
            };
            edges[*first].push(*second);
        }
    }
    for (number, transaction) in history.iter().enumerate() {
        for (list, read) in &transaction.reads {
            let values = lists.get(list).map_or(&[][..], Vec::as_slice);
            let Some(after) = values.strip_prefix(read.as_slice()) else {
                return Some(format!("list {list} never was {read:?}, but ended as {values:?}"));
            };
            edges[number].extend(after.first().map(|next| writers[next]));
            if let Some(last) = read.last() {
                edges[writers[last]].push(number);
            }
        }
        let later = history.iter().enumerate().filter(|(_, later)| transaction.ended < later.began);
        edges[number].extend(later.map(|(later, _)| later));
    }
    let in_cycle = cycle(&edges)?;
    Some(format!("a cycle: {:?}", in_cycle.map(|number| &history[number])))
}

/// Two nodes of a cycle, if there is one.
fn cycle(edges: &[Vec<usize>]) -> Option<[usize; 2]> {
    // Those without edges from others go until none is left, or a cycle.
    let mut incoming = vec![0; edges.len()];
    let others = |from: usize| edges[from].iter().copied().filter(move |to| *to != from);
    (0..edges.len()).flat_map(others).for_each(|to| incoming[to] += 1);
    let mut free: Vec<_> = (0..edges.len()).filter(|node| incoming[*node] == 0).collect();
    let mut left = edges.len();
    while let Some(node) = free.pop() {
        left -= 1;
        for to in others(node) {
            incoming[to] -= 1;
            if incoming[to] == 0 {
                free.push(to);
            }
        }
    }
    let mut stuck = (0..edges.len()).filter(|node| incoming[*node] > 0);
    (left > 0).then(|| [stuck.next(), stuck.next()].map(Option::unwrap_or_default))
}

fn transaction(time: (u64, u64), reads: &[(u64, &[u64])], appends: &[(u64, u64)]) -> Transaction {
    let reads = reads.iter().map(|(list, values)| (*list, values.to_vec())).collect();
    Transaction { began: time.0, ended: time.1, reads, appends: appends.to_vec() }
}

#[test]
fn one_after_the_other_is_serializable() {
    let history = [
        transaction((1, 2), &[(1, &[])], &[(1, 10)]),
        transaction((3, 4), &[(1, &[10])], &[(1, 11)]),
    ];
    assert_eq!(anomaly(&history, &HashMap::from([(1, vec![10, 11])])), None);
}

#[test]
fn write_skew_is_found() {
    let history = [
        transaction((1, 4), &[(1, &[]), (2, &[])], &[(1, 10)]),
        transaction((1, 4), &[(1, &[]), (2, &[])], &[(2, 20)]),
    ];
    let found = anomaly(&history, &HashMap::from([(1, vec![10]), (2, vec![20])])).unwrap();
    assert!(found.starts_with("a cycle"), "{found}");
}

#[test]
fn a_lost_update_is_found() {
    let history = [
        transaction((1, 4), &[(1, &[])], &[(1, 10)]),
        transaction((1, 4), &[(1, &[])], &[(1, 11)]),
    ];
    assert_eq!(
        anomaly(&history, &HashMap::from([(1, vec![11])])).unwrap(),
        "the 10 that was appended to list 1 is lost"
    );
}

#[test]
fn a_read_of_the_past_is_found() {
    let history =
        [transaction((1, 2), &[], &[(1, 10)]), transaction((3, 4), &[(1, &[]), (2, &[])], &[])];
    let found = anomaly(&history, &HashMap::from([(1, vec![10])])).unwrap();
    assert!(found.starts_with("a cycle"), "{found}");
}
