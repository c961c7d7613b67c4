//! Equality and hashing of values, without recursion and for recursive values too.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};

use siphasher::sip128::{Hasher128, SipHasher13};

use crate::graph::{Edges, Graph, Node, NodeId};

use crate::python;

use super::Value;

/// Values are equal if nothing that a pickle says tells them apart: kinds, numbers bit by bit, and
/// structure. The order of sets and dicts does not count; identity does not, so a shared object
/// equals two equal ones. Unlike in Python, `1`, `1.0` and `True` differ.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        if self.is(other) {
            return true;
        }
        let mut digests = [Digests::new(&self.graph), Digests::new(&other.graph)];
        let mut pairs = vec![(self.id, other.id)];
        // A pair met again is taken for equal: if it is not, that shows elsewhere.
        let mut met = HashSet::new();
        while let Some((left, right)) = pairs.pop() {
            if !met.insert((left, right)) {
                continue;
            }
            if !alike(&mut digests, left, right, &mut pairs) {
                return false;
            }
        }
        true
    }
}

impl Eq for Value {}

impl Hash for Value {
    /// Only what lies at the surface counts, so that hashing is cheap and never recurses.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind().hash(state);
        self.len().hash(state);
        self.as_bytes().hash(state);
        self.as_bool().hash(state);
        self.as_f64().map(f64::to_bits).hash(state);
        if let Some(integer) = self.as_integer() {
            integer.to_i128().hash(state);
        }
    }
}

/// Compares two nodes without what they hold, which goes to `pairs`.
fn alike(
    digests: &mut [Digests<'_>; 2],
    left: NodeId,
    right: NodeId,
    pairs: &mut Vec<(NodeId, NodeId)>,
) -> bool {
    let graphs = [digests[0].graph, digests[1].graph];
    let bytes = |a, b| graphs[0].bytes(a) == graphs[1].bytes(b);
    let mut zip = |a: Edges, b: Edges| {
        let (a, b) = (graphs[0].edges(a), graphs[1].edges(b));
        pairs.extend(a.iter().copied().zip(b.iter().copied()));
        a.len() == b.len()
    };
    match (graphs[0].node(left), graphs[1].node(right)) {
        (Node::None, Node::None) => true,
        (Node::Bool(a), Node::Bool(b)) => a == b,
        (Node::Int(a), Node::Int(b)) => a == b,
        (Node::Float(a), Node::Float(b)) => a.to_bits() == b.to_bits(),
        (Node::BigInt(a), Node::BigInt(b))
        | (Node::Str(a), Node::Str(b))
        | (Node::Bytes(a), Node::Bytes(b))
        | (Node::ByteArray(a), Node::ByteArray(b)) => bytes(a, b),
        (Node::Buffer { index: a, .. }, Node::Buffer { index: b, .. }) => {
            graphs[0].buffer(a) == graphs[1].buffer(b)
        }
        (Node::List(a), Node::List(b))
        | (Node::Tuple { items: a, .. }, Node::Tuple { items: b, .. }) => zip(a, b),
        (Node::Set(a), Node::Set(b)) | (Node::FrozenSet(a), Node::FrozenSet(b)) => {
            let (a, b) = (digests[0].sorted(a, 1), digests[1].sorted(b, 1));
            let equal = a.len() == b.len();
            pairs.extend(a.into_iter().zip(b));
            equal
        }
        (Node::Dict(a), Node::Dict(b)) => {
            let (a, b) = (digests[0].sorted(a, 2), digests[1].sorted(b, 2));
            let equal = a.len() == b.len();
            pairs.extend(a.into_iter().zip(b));
            equal
        }
        (Node::Global { .. }, Node::Global { .. }) => {
            global(graphs[0], left) == global(graphs[1], right)
        }
        (Node::PersistentId(a), Node::PersistentId(b)) => {
            pairs.push((a, b));
            true
        }
        (Node::Call(a), Node::Call(b)) | (Node::New(a), Node::New(b)) => {
            let (x, y) = (graphs[0].extras(a), graphs[1].extras(b));
            let kwargs = match (x.kwargs, y.kwargs) {
                (Some(a), Some(b)) => Some((a, b)),
                (None, None) => None,
                _ => return false,
            };
            let equal = zip(x.states, y.states)
                && zip(x.items, y.items)
                && zip(x.adds, y.adds)
                && zip(x.pairs, y.pairs)
                && zip(x.setters, y.setters);
            pairs.extend([(a.callee, b.callee), (a.args, b.args)]);
            pairs.extend(kwargs);
            equal
        }
        _ => false,
    }
}

/// Digests of keys, by which sets and dicts of two graphs are brought into one order.
struct Digests<'g> {
    graph: &'g Graph<'static>,
    known: HashMap<NodeId, u128>,
}

impl<'g> Digests<'g> {
    fn new(graph: &'g Graph<'static>) -> Self {
        Self { graph, known: HashMap::new() }
    }

    /// The edges, `step` at a time, in the order of the digests of the first of each.
    fn sorted(&mut self, edges: Edges, step: usize) -> Vec<NodeId> {
        let mut entries: Vec<_> = self.graph.edges(edges).chunks_exact(step).collect();
        entries.sort_by_cached_key(|entry| self.of(entry[0]));
        entries.concat()
    }

    /// The digest of a key: equal for equal keys, and nearly surely not for others. Objects that
    /// are keys by identity all have one, so their order is that of insertion.
    fn of(&mut self, id: NodeId) -> u128 {
        let graph = self.graph;
        let mut stack = vec![id];
        while let Some(&top) = stack.last() {
            let parts = match graph.node(top) {
                Node::Tuple { items, .. } | Node::FrozenSet(items) => graph.edges(items),
                _ => &[],
            };
            let before = stack.len();
            stack.extend(parts.iter().filter(|part| !self.known.contains_key(part)));
            if stack.len() > before {
                continue;
            }
            stack.pop();
            if !self.known.contains_key(&top) {
                let mut digests: Vec<u128> = parts.iter().map(|part| self.known[part]).collect();
                if matches!(graph.node(top), Node::FrozenSet(_)) {
                    digests.sort_unstable();
                }
                let digest = own_digest(graph, top, &digests);
                self.known.insert(top, digest);
            }
        }
        self.known[&id]
    }
}

/// A name as Python 3 has it; `__builtin__.set` of an old protocol is `builtins.set`.
fn global<'g>(graph: &'g Graph<'static>, id: NodeId) -> [Cow<'g, [u8]>; 2] {
    let Node::Global { module, name } = graph.node(id) else {
        return [(&[][..]).into(), (&[][..]).into()];
    };
    if let (true, Some(module), Some(name)) =
        (graph.has_old_names(), graph.text(module), graph.text(name))
    {
        let bytes = |text| match text {
            Cow::Borrowed(text) => Cow::Borrowed(str::as_bytes(text)),
            Cow::Owned(text) => Cow::Owned(String::into_bytes(text)),
        };
        let (module, name) = python::today(module, name);
        return [bytes(module), bytes(name)];
    }
    [module, name].map(|part| match graph.node(part) {
        Node::Str(span) => graph.bytes(span).into(),
        _ => (&[][..]).into(),
    })
}

fn own_digest(graph: &Graph<'static>, id: NodeId, parts: &[u128]) -> u128 {
    let mut hasher = SipHasher13::new();
    let node = graph.node(id);
    std::mem::discriminant(&node).hash(&mut hasher);
    parts.hash(&mut hasher);
    match node {
        Node::Bool(value) => value.hash(&mut hasher),
        Node::Int(value) => value.hash(&mut hasher),
        Node::Float(value) => value.to_bits().hash(&mut hasher),
        Node::BigInt(span) | Node::Str(span) | Node::Bytes(span) => {
            graph.bytes(span).hash(&mut hasher);
        }
        Node::Buffer { index, .. } => graph.buffer(index).hash(&mut hasher),
        Node::Global { .. } => global(graph, id).hash(&mut hasher),
        _ => {}
    }
    hasher.finish128().as_u128()
}
