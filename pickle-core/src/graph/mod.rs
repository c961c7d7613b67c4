//! An object graph as a flat arena: what a pickle denotes, before any type gives it meaning.
//!
//! A [`Graph`] knows no wire format. Its nodes are small and lie side by side; what a container
//! holds is a range in one pool of edges; text and bytes lie in the input or in one pool of bytes.
//! A shared or recursive object is one node that several edges reach, so nothing here recurses.

pub(crate) mod bigint;
mod build;
mod hash;
mod key;
mod span;

pub use bigint::Integer;
pub(crate) use hash::hash;
pub use key::{KeyId, Keys};
pub use span::{Edges, Span};

use std::borrow::Cow;
use std::collections::HashMap;

/// The number of a node in its [`Graph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(u32);

impl NodeId {
    /// The position of the node among its graph's nodes.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl NodeId {
    /// The number of a byte, as an integer that every graph has and none stores: items of `bytes`.
    pub(crate) fn of_byte(byte: u8) -> Self {
        Self(FIRST_BYTE + u32::from(byte))
    }

    fn byte(self) -> u8 {
        assert!(self.0 >= FIRST_BYTE, "a node of another graph");
        (self.0 - FIRST_BYTE) as u8
    }
}

/// Graphs have fewer nodes.
const FIRST_BYTE: u32 = u32::MAX - 255;

/// Python's `None`, in every graph.
pub(crate) const NONE: NodeId = NodeId(0);

/// One object. What it holds is reached through the graph.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Node {
    /// Python's `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An integer of 64 bits.
    Int(i64),
    /// A larger integer: little-endian bytes in two's complement, as short as possible.
    BigInt(Span),
    /// A float.
    Float(f64),
    /// Text: UTF-8 in which lone surrogates may occur, encoded as three bytes each.
    Str(Span),
    /// Immutable bytes.
    Bytes(Span),
    /// Mutable bytes.
    ByteArray(Span),
    /// An out-of-band buffer, by its number among [`Graph::buffer`]s.
    Buffer {
        /// Its number.
        index: u32,
        /// Whether the pickle marks it as read-only.
        readonly: bool,
    },
    /// A list.
    List(Edges),
    /// A tuple.
    Tuple {
        /// What it holds.
        items: Edges,
        /// Whether it may be a key: all its items may.
        hashable: bool,
    },
    /// A set, in the order of insertion; equal elements may occur repeatedly.
    Set(Edges),
    /// An immutable set.
    FrozenSet(Edges),
    /// A dict, as keys and values in turn; equal keys may occur repeatedly ([`Graph::pairs`]).
    Dict(Edges),
    /// A function or class by name.
    Global {
        /// The module: a [`Node::Str`].
        module: NodeId,
        /// The qualified name: a [`Node::Str`].
        name: NodeId,
    },
    /// The result of calling something with arguments.
    Call(Object),
    /// An instance that its class's `__new__` makes, without a constructor.
    New(Object),
    /// An object outside of the pickle, by what identifies it.
    PersistentId(NodeId),
}

/// An object made by a call: of what, with what, and what happened to it afterwards.
#[derive(Clone, Copy, Debug)]
pub struct Object {
    /// The callee or class.
    pub callee: NodeId,
    /// The arguments: a [`Node::Tuple`].
    pub args: NodeId,
    /// Where [`Graph::extras`] finds the rest; most objects have none.
    extra: u32,
}

/// What was done to an object after it was made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extras {
    /// Keyword arguments: a [`Node::Dict`].
    pub kwargs: Option<NodeId>,
    /// The states set, in order; nearly always at most one.
    pub states: Edges,
    /// Items appended.
    pub items: Edges,
    /// Elements added, as to a set.
    pub adds: Edges,
    /// Keys and values set, in turn.
    pub pairs: Edges,
    /// Calls made for what they do to the object: each a [`Node::Call`] whose arguments are the
    /// object and a state.
    pub setters: Edges,
}

/// Objects and what they hold.
#[derive(Clone, Debug, Default)]
pub struct Graph<'de> {
    input: Cow<'de, [u8]>,
    owned: Vec<u8>,
    buffers: Vec<Cow<'de, [u8]>>,
    nodes: Vec<Node>,
    offsets: Vec<u32>,
    edges: Vec<NodeId>,
    extras: Vec<Extras>,
    /// Whether globals are named as in Python 2.
    old_names: bool,
    /// Nodes that stand for objects of earlier native pickles, with their numbers there. Only graphs
    /// that a typed value is restored from at once have such.
    earlier: HashMap<NodeId, u32>,
}

impl<'de> Graph<'de> {
    /// The node of this number.
    #[inline]
    pub fn node(&self, id: NodeId) -> Node {
        match self.nodes.get(id.index()) {
            Some(node) => *node,
            None => Node::Int(id.byte().into()),
        }
    }

    /// Whether globals are named as in Python 2, where `builtins` is `__builtin__`.
    pub fn has_old_names(&self) -> bool {
        self.old_names
    }

    /// The number of an object of an earlier pickle, if the node stands for one.
    pub(crate) fn earlier(&self, id: NodeId) -> Option<u32> {
        if self.earlier.is_empty() { None } else { self.earlier.get(&id).copied() }
    }

    /// Whether a node stands for an object of an earlier pickle.
    pub(crate) fn has_earlier(&self) -> bool {
        !self.earlier.is_empty()
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The numbers of all nodes.
    pub fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes.len() as u32).map(NodeId)
    }

    /// Whether there is no node.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The byte of the input at which the node began, unless it lies beyond 4 GiB.
    pub fn offset(&self, id: NodeId) -> Option<u64> {
        self.offsets.get(id.index()).filter(|at| **at != u32::MAX).map(|at| u64::from(*at))
    }

    /// The nodes of a range.
    #[inline]
    pub fn edges(&self, edges: Edges) -> &[NodeId] {
        &self.edges[edges.range()]
    }

    /// The bytes of a span.
    #[inline]
    pub fn bytes(&self, span: Span) -> &[u8] {
        if span.is_owned() { &self.owned[span.range()] } else { &self.input[span.range()] }
    }

    /// The bytes of a span, where they lie in the input.
    pub fn borrowed(&self, span: Span) -> Option<&'de [u8]> {
        match self.input {
            Cow::Borrowed(input) if !span.is_owned() => Some(&input[span.range()]),
            _ => None,
        }
    }

    /// The text of a string node, unless it holds lone surrogates.
    pub fn text(&self, id: NodeId) -> Option<&str> {
        match self.node(id) {
            Node::Str(span) => std::str::from_utf8(self.bytes(span)).ok(),
            _ => None,
        }
    }

    /// An out-of-band buffer.
    pub fn buffer(&self, index: u32) -> &[u8] {
        &self.buffers[index as usize]
    }

    /// An out-of-band buffer, where the caller lent it for as long as the input.
    pub fn borrowed_buffer(&self, index: u32) -> Option<&'de [u8]> {
        match &self.buffers[index as usize] {
            Cow::Borrowed(buffer) => Some(buffer),
            Cow::Owned(_) => None,
        }
    }

    /// The input up to a place in it, where it is borrowed.
    pub(crate) fn input_until(&self, end: usize) -> Option<&'de [u8]> {
        match self.input {
            Cow::Borrowed(input) => input.get(..end),
            Cow::Owned(_) => None,
        }
    }

    /// How long the input is that text and bytes lie in.
    pub(crate) fn input_len(&self) -> usize {
        self.input.len()
    }

    /// What was done to an object after it was made.
    pub fn extras(&self, object: Object) -> Extras {
        self.extras.get(object.extra as usize).copied().unwrap_or_default()
    }

    /// The value of an integer node (a bool counts).
    pub fn integer(&self, id: NodeId) -> Option<Integer<'_>> {
        match self.node(id) {
            Node::Bool(value) => Some(Integer::Small(value.into())),
            Node::Int(value) => Some(Integer::Small(value)),
            Node::BigInt(span) => Some(Integer::Big(self.bytes(span))),
            _ => None,
        }
    }

    /// Shows every node that this one reaches directly, with repetition.
    pub fn for_each_edge(&self, id: NodeId, mut show: impl FnMut(NodeId)) {
        match self.node(id) {
            Node::List(edges)
            | Node::Tuple { items: edges, .. }
            | Node::Set(edges)
            | Node::FrozenSet(edges)
            | Node::Dict(edges) => self.edges(edges).iter().for_each(|id| show(*id)),
            Node::Global { module, name } => [module, name].into_iter().for_each(show),
            Node::PersistentId(of) => show(of),
            Node::Call(object) | Node::New(object) => {
                let extras = self.extras(object);
                [object.callee, object.args].into_iter().for_each(&mut show);
                extras.kwargs.into_iter().for_each(&mut show);
                for edges in
                    [extras.states, extras.items, extras.adds, extras.pairs, extras.setters]
                {
                    self.edges(edges).iter().for_each(|id| show(*id));
                }
            }
            _ => {}
        }
    }

    /// A dict's entries as Python has them: of equal keys the first, with the last value.
    pub fn pairs(&self, edges: Edges, keys: &mut Keys) -> Vec<(NodeId, NodeId)> {
        let mut pairs: Vec<(NodeId, NodeId)> = Vec::with_capacity(edges.len() / 2);
        let mut places = HashMap::with_capacity(edges.len() / 2);
        for pair in self.edges(edges).chunks_exact(2) {
            match places.entry(keys.of(self, pair[0])) {
                std::collections::hash_map::Entry::Vacant(entry) => {
                    entry.insert(pairs.len());
                    pairs.push((pair[0], pair[1]));
                }
                std::collections::hash_map::Entry::Occupied(entry) => {
                    pairs[*entry.get()].1 = pair[1];
                }
            }
        }
        pairs
    }

    /// A set's elements as Python has them: of equal ones the first.
    pub fn elements(&self, edges: Edges, keys: &mut Keys) -> Vec<NodeId> {
        let mut seen = std::collections::HashSet::with_capacity(edges.len());
        let distinct = self.edges(edges).iter().filter(|id| seen.insert(keys.of(self, **id)));
        distinct.copied().collect()
    }
}

#[cfg(test)]
mod tests;
