//! When two keys are equal: Python's rules, `1 == True == 1.0`, in linear time.
//!
//! Each hashable node gets the number of its class of equal nodes. A tuple's class follows from
//! the classes of its items, so a tuple that holds one tuple twice, sixty levels deep, is as cheap
//! as its nodes are few, and nothing recurses.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use super::{Graph, Integer, Node, NodeId};

/// The number of a class of equal keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(u32);

/// The classes found so far in one graph.
#[derive(Debug, Default)]
pub struct Keys {
    classes: HashMap<Key, KeyId>,
    known: HashMap<NodeId, KeyId>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
enum Key {
    None,
    Int(i64),
    Big(Box<[u8]>),
    Float(u64),
    Str(Box<[u8]>),
    Bytes(Box<[u8]>),
    Global(KeyId, KeyId),
    Tuple(Box<[KeyId]>),
    FrozenSet(Box<[KeyId]>),
    /// Equal to itself alone.
    Identity(NodeId),
}

impl Keys {
    /// The class of a node. What is not hashable is equal to itself alone.
    pub fn of(&mut self, graph: &Graph<'_>, id: NodeId) -> KeyId {
        let mut stack = vec![id];
        while let Some(&top) = stack.last() {
            if self.known.contains_key(&top) {
                stack.pop();
                continue;
            }
            let before = stack.len();
            let parts = parts(graph, top);
            stack.extend(parts.iter().filter(|part| !self.known.contains_key(part)));
            if stack.len() > before {
                continue;
            }
            let key = self.key(graph, top, &parts);
            let next = KeyId(self.classes.len() as u32);
            let class = *self.classes.entry(key).or_insert(next);
            self.known.insert(top, class);
            stack.pop();
        }
        self.known[&id]
    }

    fn key(&self, graph: &Graph<'_>, id: NodeId, parts: &[NodeId]) -> Key {
        let classes = || parts.iter().map(|part| self.known[part]);
        match graph.node(id) {
            Node::None => Key::None,
            Node::Bool(value) => Key::Int(value.into()),
            Node::Int(value) => Key::Int(value),
            Node::BigInt(span) => Key::Big(graph.bytes(span).into()),
            Node::Float(value) => float(value, id),
            Node::Str(span) => Key::Str(graph.bytes(span).into()),
            Node::Bytes(span) => Key::Bytes(graph.bytes(span).into()),
            Node::Buffer { index, .. } => Key::Bytes(graph.buffer(index).into()),
            Node::Global { .. } => Key::Global(self.known[&parts[0]], self.known[&parts[1]]),
            Node::Tuple { hashable: true, .. } => Key::Tuple(classes().collect()),
            Node::FrozenSet(_) => {
                let mut classes: Vec<_> = classes().collect();
                classes.sort_unstable();
                classes.dedup();
                Key::FrozenSet(classes.into())
            }
            _ => Key::Identity(id),
        }
    }
}

impl Graph<'_> {
    /// Whether keys are all text or all integers of 64 bits, and none is there twice. That is seen
    /// much faster than the classes of others are found.
    pub(super) fn are_distinct<'g>(
        &'g self,
        keys: impl ExactSizeIterator<Item = &'g NodeId> + Clone,
    ) -> bool {
        match keys.clone().next().map(|key| self.node(*key)) {
            None => true,
            Some(Node::Str(_)) => differ(keys, |key| match self.node(*key) {
                Node::Str(span) => Some(self.bytes(span)),
                _ => None,
            }),
            Some(Node::Int(_)) => differ(keys, |key| match self.node(*key) {
                Node::Int(value) => Some(value),
                _ => None,
            }),
            Some(_) => keys.len() == 1,
        }
    }
}

/// Whether all have a plain value, each another one.
fn differ<'g, T: Eq + Hash>(
    mut keys: impl ExactSizeIterator<Item = &'g NodeId> + Clone,
    plain: impl Fn(&NodeId) -> Option<T>,
) -> bool {
    if keys.len() <= FEW {
        return keys.clone().enumerate().all(|(index, key)| {
            let value = plain(key);
            value.is_some() && keys.clone().take(index).all(|old| plain(old) != value)
        });
    }
    let mut seen = HashSet::with_capacity(keys.len());
    keys.all(|key| plain(key).is_some_and(|value| seen.insert(value)))
}

/// Keys that are compared one by one.
const FEW: usize = 8;

/// The nodes whose classes decide the class of this one.
fn parts(graph: &Graph<'_>, id: NodeId) -> Vec<NodeId> {
    match graph.node(id) {
        Node::Tuple { items, hashable: true } | Node::FrozenSet(items) => {
            graph.edges(items).to_vec()
        }
        Node::Global { module, name } => vec![module, name],
        _ => Vec::new(),
    }
}

/// A float that is whole equals that integer; a NaN equals itself alone.
fn float(value: f64, id: NodeId) -> Key {
    if value.is_nan() {
        return Key::Identity(id);
    }
    if value.is_infinite() || value.fract() != 0.0 {
        return Key::Float(value.to_bits());
    }
    match Integer::of_whole(value) {
        Ok(small) => Key::Int(small),
        Err(bytes) => Key::Big(bytes.into()),
    }
}
