//! Typed values from the nodes of a graph: what [`Unpickle::restore`] calls.
//!
//! A graph comes from one of Python's pickles, from a [`Value`](crate::Value), or from a native
//! pickle of another version of the type. Names are given meaning here and only here: those of the
//! type that is asked for, and a fixed set of Python's own (`sets`, `bytearray`, `OrderedDict`...).
//! Nothing is looked up or called.

mod builtins;
mod cells;
mod fields;
mod object;
mod shared;
mod special;
mod variants;

use std::borrow::Cow;

pub use cells::CellVisitor;
use cells::Postponed;
pub use fields::RestoredFields;
pub use object::Instance;
pub(crate) use object::shown_name;
pub(crate) use shared::{Objects, restore_after, restore_in_run};
use special::Scalar;
pub use variants::RestoredVariant;

use crate::env::Env;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Graph, Integer, Node, NodeId};
use crate::limits::Limits;
use crate::native::{earlier, unfinished};
use crate::stack;
use crate::traits::Unpickle;

/// Builds typed values from a graph. [`Unpickle::restore`] gets one.
///
/// What is shared in the graph is copied for each owner, unless the owner is an `Rc` or `Arc`; a
/// budget keeps the copies in proportion to the input.
pub struct Restorer<'g, 'de> {
    graph: &'g Graph<'de>,
    env: &'g Env,
    /// The object whose class is known already, by a registry.
    identified: Option<NodeId>,
    /// The object that stands for one member of several, by the number of its variant.
    member: Option<(NodeId, usize)>,
    max_depth: u32,
    /// The containers being restored, the innermost last.
    open: Vec<NodeId>,
    /// Nodes that may still be restored, each time counted anew.
    nodes: u64,
    max_nodes: u64,
    /// Bytes that may still be allocated.
    budget: u64,
    max_bytes: u64,
    /// The shared objects so far.
    objects: Objects,
    /// Where cells of shared objects are filled last.
    postponed: Option<Box<Postponed<'de>>>,
}

/// Bytes of memory that values restored from one pickle may take, whatever its size...
const RESTORED: u64 = 512 << 20;
/// ... and for each of its bytes, beyond that. What refers to a long text again and again takes two
/// bytes each time, which the general budget alone would let grow too far.
const RESTORED_RATIO: u64 = 64;

/// Restores the value that `root` denotes.
pub(crate) fn restore_value<'de, T: Unpickle<'de>>(
    graph: &Graph<'de>,
    root: NodeId,
    limits: &Limits,
    env: &Env,
) -> Result<T> {
    Restorer::new(graph, limits, env).root(root)
}

impl<'g, 'de> Restorer<'g, 'de> {
    pub(crate) fn new(graph: &'g Graph<'de>, limits: &Limits, env: &'g Env) -> Self {
        // A node is a byte of input at least.
        let size = graph.input_len().max(graph.len());
        let most = RESTORED.max(RESTORED_RATIO * size as u64);
        let max_bytes = limits.budget(size).min(most);
        // An honest pickle refers to objects again and again; a hostile one doubles them.
        let max_nodes = limits.max_nodes.min(16 * size as u64 + (1 << 20));
        Self {
            graph,
            env,
            identified: None,
            member: None,
            max_depth: limits.max_depth,
            open: Vec::new(),
            nodes: max_nodes,
            max_nodes,
            budget: max_bytes,
            max_bytes,
            objects: Objects::new(env),
            postponed: None,
        }
    }

    /// The value that `root` denotes, whole.
    pub(crate) fn root<T: Unpickle<'de>>(mut self, root: NodeId) -> Result<T> {
        let value = self.whole(root)?;
        self.memo_mut().succeed();
        Ok(value)
    }

    /// The graph that is restored from.
    pub fn graph(&self) -> &'g Graph<'de> {
        self.graph
    }

    /// Restores an object whose class a registry has found, by whatever name.
    pub(crate) fn identified<R>(
        &mut self,
        id: NodeId,
        restore: impl FnOnce(&mut Self) -> Result<R>,
    ) -> Result<R> {
        let outer = self.identified.replace(id);
        let restored = restore(self)?;
        self.identified = outer;
        Ok(restored)
    }

    /// What the pickle may refer to.
    pub(crate) fn env(&self) -> &'g Env {
        self.env
    }

    /// The node of this number.
    pub fn node(&self, id: NodeId) -> Node {
        self.graph.node(id)
    }

    /// Accounts for `count` values of `size` bytes before they are restored.
    ///
    /// # Errors
    /// When they exceed the limits.
    #[inline]
    pub fn charge(&mut self, count: usize, size: usize) -> Result<()> {
        let bytes = count.saturating_mul(size) as u64;
        match (self.nodes.checked_sub(count as u64), self.budget.checked_sub(bytes)) {
            (Some(nodes), Some(budget)) => {
                (self.nodes, self.budget) = (nodes, budget);
                Ok(())
            }
            (None, _) => Err(self.too_many()),
            (_, None) => Err(Error::new(ErrorKind::Memory { limit: self.max_bytes })),
        }
    }

    /// Accounts for a part of the graph that is copied as it is.
    pub(crate) fn charge_bytes(&mut self, bytes: u64) -> Result<()> {
        let left = self.budget.checked_sub(bytes);
        self.budget =
            left.ok_or_else(|| Error::new(ErrorKind::Memory { limit: self.max_bytes }))?;
        Ok(())
    }

    #[cold]
    fn too_many(&self) -> Error {
        let what = format!("shared values expand to more than {} values", self.max_nodes);
        Error::corrupt(what).with_hint("`Limits::max_nodes` allows more; `Rc` fields share them")
    }

    /// Counts a level of nesting while `inside` restores what the container holds.
    ///
    /// # Errors
    /// When values are nested too deep, or the container holds itself.
    #[inline]
    pub fn nest<R>(
        &mut self,
        id: NodeId,
        inside: impl FnOnce(&mut Self) -> Result<R>,
    ) -> Result<R> {
        if self.open.len() >= self.max_depth as usize {
            return Err(self.too_deep(id));
        }
        self.open.push(id);
        let value = match stack::is_due(self.open.len() as u32) {
            false => inside(self)?,
            true => stack::with_room(|| inside(self))?,
        };
        self.open.pop();
        Ok(value)
    }

    #[cold]
    fn too_deep(&self, id: NodeId) -> Error {
        // A box and what it holds are one node, so only what lies between two visits makes a cycle.
        let mut outer = self.open.iter().rev().skip_while(|open| **open == id);
        let mut holds_itself = outer.any(|open| *open == id);
        self.graph.for_each_edge(id, |edge| holds_itself |= edge == id);
        if holds_itself {
            return self.at(id, unfinished());
        }
        let error = Error::new(ErrorKind::Depth { limit: self.max_depth }).with_hint(
            "raise `Limits::max_depth` where the data is trusted and the stack large enough",
        );
        self.at(id, error)
    }

    /// Adds where in the input the node began.
    #[cold]
    pub fn at(&self, id: NodeId, error: Error) -> Error {
        match self.graph.offset(id) {
            Some(offset) => error.at(offset),
            None => error,
        }
    }

    /// The error that something else was expected.
    #[cold]
    pub fn mismatch(&self, id: NodeId, expected: impl Into<Cow<'static, str>>) -> Error {
        if self.graph.earlier(id).is_some() {
            return self.at(id, earlier());
        }
        let found = self.describe(id).into();
        self.at(id, Error::new(ErrorKind::Mismatch { expected: expected.into(), found }))
    }

    /// The error that a value of the right kind is none that the type has.
    #[cold]
    pub fn invalid(&self, id: NodeId, expected: impl Into<Cow<'static, str>>) -> Error {
        self.mismatch(id, expected)
    }

    /// An integer; a bool is none.
    ///
    /// # Errors
    /// When the node is no integer.
    pub fn integer(&self, id: NodeId) -> Result<Integer<'g>> {
        match self.graph.node(id) {
            Node::Int(value) => Ok(Integer::Small(value)),
            Node::BigInt(span) => Ok(Integer::Big(self.graph.bytes(span))),
            _ => Err(self.mismatch(id, "int")),
        }
    }

    /// An integer that fits the type.
    ///
    /// # Errors
    /// When the node is no integer or it does not fit; the error names the range.
    #[inline]
    pub fn number<T: TryFrom<i64> + TryFrom<i128>>(
        &self,
        id: NodeId,
        range: &'static str,
    ) -> Result<T> {
        if let Node::Int(value) = self.graph.node(id)
            && let Ok(value) = T::try_from(value)
        {
            return Ok(value);
        }
        let value = match self.integer(id) {
            Ok(value) => value.to_i128(),
            Err(error) => match self.scalar(id) {
                Some(Scalar::Int(value)) => Some(value),
                _ => return Err(error),
            },
        };
        let value = value.and_then(|value| T::try_from(value).ok());
        value.ok_or_else(|| self.out_of_range(id, range))
    }

    /// The error that an integer does not fit.
    #[cold]
    pub fn out_of_range(&self, id: NodeId, range: &'static str) -> Error {
        let value = match self.integer(id) {
            Ok(Integer::Big(bytes)) if bytes.len() > 64 => {
                format!("an integer of {} bytes", bytes.len())
            }
            Ok(value) => value.to_string(),
            Err(error) => return error,
        };
        self.at(id, Error::new(ErrorKind::OutOfRange { value, range: range.into() }))
    }

    /// A float, or an integer that is one exactly.
    ///
    /// # Errors
    /// When the node is neither.
    #[inline]
    pub fn float(&self, id: NodeId) -> Result<f64> {
        match self.graph.node(id) {
            Node::Float(value) => Ok(value),
            Node::Int(value) if (value as f64) as i128 == i128::from(value) => Ok(value as f64),
            Node::Int(_) | Node::BigInt(_) => {
                Err(self.out_of_range(id, "float, which does not hold it exactly"))
            }
            _ => match self.scalar(id) {
                Some(Scalar::Float(value)) => Ok(value),
                Some(Scalar::Int(value)) if (value as f64) as i128 == value => Ok(value as f64),
                _ => Err(self.mismatch(id, "float")),
            },
        }
    }

    /// A bool.
    ///
    /// # Errors
    /// When the node is none.
    pub fn bool(&self, id: NodeId) -> Result<bool> {
        match self.graph.node(id) {
            Node::Bool(value) => Ok(value),
            _ => match self.scalar(id) {
                Some(Scalar::Bool(value)) => Ok(value),
                _ => Err(self.mismatch(id, "bool")),
            },
        }
    }

    /// Text.
    ///
    /// # Errors
    /// When the node is none, or holds lone surrogates, which no `str` of Rust can.
    #[inline]
    pub fn text(&self, id: NodeId) -> Result<&'g str> {
        match self.graph.node(id) {
            Node::Str(span) => match std::str::from_utf8(self.graph.bytes(span)) {
                Ok(text) => Ok(text),
                Err(_) => Err(self.surrogates(id)),
            },
            _ => Err(self.mismatch(id, "str")),
        }
    }

    /// Text that lives as long as the input.
    ///
    /// # Errors
    /// As [`text`](Self::text); and when the text is not in the input as it is, because it was
    /// escaped or encoded otherwise.
    pub fn borrowed_text(&self, id: NodeId) -> Result<&'de str> {
        let text = match self.graph.node(id) {
            Node::Str(span) => self.graph.borrowed(span),
            _ => return Err(self.mismatch(id, "str")),
        };
        match text.map(std::str::from_utf8) {
            Some(Ok(text)) => Ok(text),
            Some(Err(_)) => Err(self.surrogates(id)),
            None => Err(self.not_borrowed(id, "`String` or `Cow<str>`")),
        }
    }

    #[cold]
    fn surrogates(&self, id: NodeId) -> Error {
        self.at(
            id,
            Error::new(ErrorKind::InvalidUtf8).with_hint(
                "the text holds lone surrogates, which `pickle::Value` keeps and `String` cannot",
            ),
        )
    }

    #[cold]
    fn not_borrowed(&self, id: NodeId, owned: &str) -> Error {
        let what = "the pickle does not hold these bytes as they are, so they cannot be borrowed";
        let error = Error::new(ErrorKind::Unsupported { what: what.into() });
        self.at(id, error.with_hint(format!("load into {owned}")))
    }

    /// Bytes, in any form that Python's protocols write them.
    ///
    /// # Errors
    /// When the node denotes none.
    #[inline]
    pub fn bytes(&self, id: NodeId) -> Result<Cow<'g, [u8]>> {
        match self.graph.node(id) {
            Node::Bytes(span) | Node::ByteArray(span) => Ok(Cow::Borrowed(self.graph.bytes(span))),
            Node::Buffer { index, .. } => Ok(Cow::Borrowed(self.graph.buffer(index))),
            _ => self.bytes_like(id),
        }
    }

    /// Bytes that live as long as the input, or as the buffers beside it.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes); and when the bytes are not in the input as they are.
    pub fn borrowed_bytes(&self, id: NodeId) -> Result<&'de [u8]> {
        let bytes = match self.graph.node(id) {
            Node::Bytes(span) | Node::ByteArray(span) => self.graph.borrowed(span),
            Node::Buffer { index, .. } => self.graph.borrowed_buffer(index),
            _ => return Err(self.mismatch(id, "bytes")),
        };
        bytes.ok_or_else(|| self.not_borrowed(id, "`Vec<u8>` or `Cow<[u8]>`"))
    }

    /// The items of a list, a tuple or a `deque`; the elements of a set; `bytes` as integers.
    ///
    /// # Errors
    /// When the node denotes none.
    #[inline]
    pub fn items(&self, id: NodeId) -> Result<Cow<'g, [NodeId]>> {
        match self.graph.node(id) {
            Node::List(items) | Node::Tuple { items, .. } => {
                Ok(Cow::Borrowed(self.graph.edges(items)))
            }
            _ => self.items_like(id),
        }
    }

    /// The items of a sequence, restored.
    ///
    /// # Errors
    /// When the node denotes no sequence, or an item cannot be restored.
    pub fn list<T: Unpickle<'de>>(&mut self, id: NodeId) -> Result<Vec<T>> {
        let items = match self.items(id) {
            Ok(items) => items,
            Err(error) => return self.members(id)?.ok_or(error),
        };
        self.charge(items.len(), size_of::<T>())?;
        self.nest(id, |restorer| {
            let mut list = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                match T::restore(*item, restorer) {
                    Ok(item) => list.push(item),
                    Err(error) => return Err(error.in_index(index)),
                }
            }
            Ok(list)
        })
    }

    /// Hands each item of a sequence or set to `push`, after a word with `reserve`. Each takes
    /// `footprint` bytes of memory.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub(crate) fn each<T: Unpickle<'de>, C>(
        &mut self,
        (id, items): (NodeId, &[NodeId]),
        footprint: usize,
        collection: &mut C,
        reserve: impl FnOnce(&mut C, usize),
        mut push: impl FnMut(&mut C, T),
    ) -> Result<()> {
        self.charge(items.len(), footprint)?;
        reserve(collection, items.len());
        let inside = |restorer: &mut Self| {
            for (index, item) in items.iter().enumerate() {
                match T::restore(*item, restorer) {
                    Ok(item) => push(collection, item),
                    Err(error) => return Err(error.in_index(index)),
                }
            }
            Ok(())
        };
        self.nest(id, |restorer| restorer.apart(inside))
    }

    /// Hands each entry of a dict to `insert`, after a word with `reserve`. Each takes `footprint`
    /// bytes of memory.
    ///
    /// # Errors
    /// When the node denotes no dict, or a key or value cannot be restored.
    pub(crate) fn each_entry<K: Unpickle<'de>, V: Unpickle<'de>, C>(
        &mut self,
        id: NodeId,
        footprint: usize,
        collection: &mut C,
        reserve: impl FnOnce(&mut C, usize),
        mut insert: impl FnMut(&mut C, K, V),
    ) -> Result<()> {
        let pairs = self.entries(id)?;
        self.charge(pairs.len() / 2, footprint)?;
        reserve(collection, pairs.len() / 2);
        let inside = |restorer: &mut Self| {
            for (index, pair) in pairs.chunks_exact(2).enumerate() {
                let entry = K::restore(pair[0], restorer)
                    .and_then(|key| Ok((key, V::restore(pair[1], restorer)?)));
                match entry {
                    Ok((key, value)) => insert(collection, key, value),
                    Err(error) => return Err(error.in_index(index)),
                }
            }
            Ok(())
        };
        self.nest(id, |restorer| restorer.apart(inside))
    }

    /// `None`.
    ///
    /// # Errors
    /// When the node is anything else.
    pub fn none(&self, id: NodeId) -> Result<()> {
        match self.graph.node(id) {
            Node::None => Ok(()),
            _ => Err(self.mismatch(id, "None")),
        }
    }

    /// The items of a sequence of this length.
    ///
    /// # Errors
    /// When the node denotes no sequence, or one of another length.
    pub(crate) fn exactly(&self, id: NodeId, len: usize) -> Result<Cow<'g, [NodeId]>> {
        match self.items(id) {
            Ok(items) if items.len() == len => Ok(items),
            _ => Err(self.mismatch(id, format!("tuple of {len}"))),
        }
    }

    /// An unsigned integer of 128 bits.
    pub(crate) fn unsigned(&self, id: NodeId, range: &'static str) -> Result<u128> {
        match self.integer(id)? {
            Integer::Big(bytes @ [.., 0]) if bytes.len() == 17 => {
                let mut all = [0; 16];
                all.copy_from_slice(&bytes[..16]);
                Ok(u128::from_le_bytes(all))
            }
            _ => self.number::<u128>(id, range),
        }
    }

    /// A float, rounded to single precision.
    pub(crate) fn single(&self, id: NodeId) -> Result<f32> {
        let double = self.float(id)?;
        let single = double as f32;
        if single.is_infinite() && double.is_finite() {
            let kind = ErrorKind::OutOfRange {
                value: double.to_string(),
                range: "f32 (up to 3.4028235e38)".into(),
            };
            return Err(self.at(id, Error::new(kind)));
        }
        Ok(single)
    }

    /// Text of the program's own.
    #[inline]
    pub(crate) fn string(&mut self, id: NodeId) -> Result<String> {
        let text = self.text(id)?;
        self.charge(1, text.len())?;
        Ok(text.to_owned())
    }

    /// Text, borrowed from the input where it is there.
    pub(crate) fn cow_text(&mut self, id: NodeId) -> Result<Cow<'de, str>> {
        match self.graph.node(id) {
            Node::Str(span) if self.graph.borrowed(span).is_some() => {
                self.borrowed_text(id).map(Cow::Borrowed)
            }
            _ => self.string(id).map(Cow::Owned),
        }
    }

    /// Bytes of the program's own: `bytes` in any form, or a list of integers.
    pub(crate) fn byte_vec(&mut self, id: NodeId) -> Result<Vec<u8>> {
        if let Node::List(_) | Node::Tuple { .. } | Node::Set(_) | Node::FrozenSet(_) =
            self.graph.node(id)
        {
            return self.list(id);
        }
        let bytes = self.bytes(id)?;
        self.charge(1, bytes.len())?;
        Ok(bytes.into_owned())
    }

    /// Bytes, borrowed from the input where they are there.
    pub(crate) fn cow_bytes(&mut self, id: NodeId) -> Result<Cow<'de, [u8]>> {
        match self.borrowed_bytes(id) {
            Ok(bytes) => Ok(Cow::Borrowed(bytes)),
            Err(_) => self.byte_vec(id).map(Cow::Owned),
        }
    }

    /// The bytes of text or of bytes: what a path may be.
    pub(crate) fn text_or_bytes(&mut self, id: NodeId) -> Result<Cow<'g, [u8]>> {
        let bytes = match self.graph.node(id) {
            Node::Str(_) => Cow::Borrowed(self.text(id)?.as_bytes()),
            _ => match self.path(id) {
                Some(path) => Cow::Owned(path?.into_bytes()),
                None => self.bytes(id)?,
            },
        };
        self.charge(1, bytes.len())?;
        Ok(bytes)
    }

    /// [`text_or_bytes`](Self::text_or_bytes) that live as long as the input.
    pub(crate) fn borrowed_text_or_bytes(&self, id: NodeId) -> Result<&'de [u8]> {
        match self.graph.node(id) {
            Node::Str(_) => self.borrowed_text(id).map(str::as_bytes),
            _ => self.borrowed_bytes(id),
        }
    }
}
