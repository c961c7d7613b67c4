//! The names of Python's own that stand for containers, text and bytes.

use std::borrow::Cow;

use crate::error::Result;
use crate::graph::{Node, NodeId};

use super::{Instance, Restorer};

impl<'g> Restorer<'g, '_> {
    /// The items of what is neither list nor tuple.
    #[cold]
    pub(super) fn items_like(&self, id: NodeId) -> Result<Cow<'g, [NodeId]>> {
        match self.graph.node(id) {
            // What was a set in another version of the type.
            Node::Set(items) | Node::FrozenSet(items) => {
                return Ok(Cow::Borrowed(self.graph.edges(items)));
            }
            Node::Bytes(_) | Node::ByteArray(_) | Node::Buffer { .. } => {
                return self.bytes(id).map(numbers);
            }
            _ => {}
        }
        let Some(instance) = self.instance(id) else { return Err(self.mismatch(id, "list")) };
        match (&*instance.module, &*instance.name, instance.args) {
            ("builtins", "list" | "tuple", []) => Ok(Cow::Borrowed(instance.items)),
            ("builtins", "set" | "frozenset", []) => Ok(Cow::Borrowed(instance.adds)),
            ("builtins", "list" | "tuple" | "set" | "frozenset", [items]) => {
                self.plain_items(*items).map(Cow::Borrowed)
            }
            ("collections", "deque", [] | [_] | [_, _]) => {
                self.deque(id, &instance).map(Cow::Borrowed)
            }
            _ => match self.bytes_like(id) {
                Ok(bytes) => Ok(numbers(bytes)),
                Err(_) => Err(self.mismatch(id, "list")),
            },
        }
    }

    /// The items of a node that holds them itself: arguments of calls, so that calls in calls in
    /// calls need no stack.
    fn plain_items(&self, id: NodeId) -> Result<&'g [NodeId]> {
        match self.graph.node(id) {
            Node::List(items) | Node::Tuple { items, .. } => Ok(self.graph.edges(items)),
            Node::Set(items) | Node::FrozenSet(items) => Ok(self.graph.edges(items)),
            _ => Err(self.mismatch(id, "list")),
        }
    }

    /// A deque is filled by appending, or made of a list.
    fn deque(&self, id: NodeId, instance: &Instance<'g>) -> Result<&'g [NodeId]> {
        let first = instance.args.first().map_or(Ok(&[][..]), |items| self.plain_items(*items))?;
        match (first, instance.items) {
            (items, []) | ([], items) => Ok(items),
            _ => Err(self.mismatch(id, "a deque that is filled once")),
        }
    }

    /// The elements of a set or frozenset, with repetitions where the pickle has them.
    ///
    /// # Errors
    /// When the node denotes none.
    pub fn elements(&self, id: NodeId) -> Result<Cow<'g, [NodeId]>> {
        // What was a sequence in another version of the type is one still.
        self.items(id).map_err(|_| self.mismatch(id, "set"))
    }

    /// The entries of a dict, `OrderedDict`, `defaultdict` or `Counter`: keys and values in turn,
    /// with repeated keys where the pickle has them.
    ///
    /// # Errors
    /// When the node denotes none.
    pub fn entries(&self, id: NodeId) -> Result<Cow<'g, [NodeId]>> {
        if let Node::Dict(pairs) = self.graph.node(id) {
            return Ok(Cow::Borrowed(self.graph.edges(pairs)));
        }
        let Some(instance) = self.instance(id) else { return Err(self.mismatch(id, "dict")) };
        let first = match (&*instance.module, &*instance.name, instance.args) {
            ("collections", "OrderedDict" | "Counter", []) | ("builtins", "dict", []) => None,
            ("collections", "OrderedDict" | "Counter", [first]) | ("builtins", "dict", [first]) => {
                Some(*first)
            }
            ("collections", "defaultdict", [] | [_]) => None,
            ("collections", "defaultdict", [_, first]) => Some(*first),
            _ => return Err(self.mismatch(id, "dict")),
        };
        let Some(first) = first else { return Ok(Cow::Borrowed(instance.pairs)) };
        let mut entries = match self.graph.node(first) {
            Node::Dict(pairs) => Cow::Borrowed(self.graph.edges(pairs)),
            _ => Cow::Owned(self.listed_pairs(first)?),
        };
        if !instance.pairs.is_empty() {
            entries.to_mut().extend_from_slice(instance.pairs);
        }
        Ok(entries)
    }

    /// Entries as a list of pairs, as Python 2 writes an `OrderedDict`.
    fn listed_pairs(&self, id: NodeId) -> Result<Vec<NodeId>> {
        let mut entries = Vec::new();
        for (index, pair) in self.plain_items(id)?.iter().enumerate() {
            match self.plain_items(*pair) {
                Ok([key, value]) => entries.extend([*key, *value]),
                _ => return Err(self.mismatch(*pair, "a pair").in_index(index)),
            }
        }
        Ok(entries)
    }

    /// Bytes that are no `bytes` node: `_codecs.encode(text, 'latin1')` of protocols below 3, and
    /// the calls that make a `bytearray` below protocol 5.
    #[cold]
    pub(super) fn bytes_like(&self, id: NodeId) -> Result<Cow<'g, [u8]>> {
        let mismatch = || self.mismatch(id, "bytes");
        let instance = self.instance(id).ok_or_else(mismatch)?;
        match (&*instance.module, &*instance.name, instance.args) {
            ("builtins", "bytes" | "bytearray", []) => Ok(Cow::Borrowed(&[])),
            ("builtins", "bytes", [items]) => self.listed_bytes(*items).map(Cow::Owned),
            ("builtins", "bytearray", [bytes]) => match self.graph.node(*bytes) {
                Node::List(_) | Node::Tuple { .. } => self.listed_bytes(*bytes).map(Cow::Owned),
                Node::Call(_) | Node::New(_) if *bytes == id => Err(mismatch()),
                _ => self.plain_bytes(*bytes),
            },
            ("_codecs", "encode", [text, codec]) | ("builtins", "bytearray", [text, codec]) => {
                match self.graph.text(*codec) {
                    Some("latin1" | "latin-1" | "iso-8859-1") => self.latin1(*text).map(Cow::Owned),
                    _ => Err(mismatch()),
                }
            }
            _ => Err(mismatch()),
        }
    }

    /// Bytes, one call deep at most.
    fn plain_bytes(&self, id: NodeId) -> Result<Cow<'g, [u8]>> {
        match self.graph.node(id) {
            Node::Bytes(span) | Node::ByteArray(span) => Ok(Cow::Borrowed(self.graph.bytes(span))),
            Node::Buffer { index, .. } => Ok(Cow::Borrowed(self.graph.buffer(index))),
            _ => match self.instance(id) {
                Some(made) if made.is("_codecs", "encode") => match made.args {
                    [text, _] => self.latin1(*text).map(Cow::Owned),
                    _ => Err(self.mismatch(id, "bytes")),
                },
                Some(made) if made.is("builtins", "bytes") && made.args.is_empty() => {
                    Ok(Cow::Borrowed(&[]))
                }
                _ => Err(self.mismatch(id, "bytes")),
            },
        }
    }

    fn listed_bytes(&self, id: NodeId) -> Result<Vec<u8>> {
        let items = self.plain_items(id)?;
        items.iter().map(|item| self.number::<u8>(*item, "byte (0 to 255)")).collect()
    }

    pub(super) fn latin1(&self, id: NodeId) -> Result<Vec<u8>> {
        let text = self.text(id)?;
        let bytes = text.chars().map(|char| u8::try_from(u32::from(char)));
        bytes.collect::<Result<_, _>>().map_err(|_| self.mismatch(id, "text of Latin-1"))
    }
}

/// Bytes as integers.
fn numbers(bytes: Cow<'_, [u8]>) -> Cow<'static, [NodeId]> {
    Cow::Owned(bytes.iter().map(|byte| NodeId::of_byte(*byte)).collect())
}
