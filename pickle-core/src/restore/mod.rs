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
mod plain;
mod shared;
mod special;
mod variants;

use std::borrow::Cow;

pub use cells::CellVisitor;
use cells::Postponed;
pub(crate) use cells::is_cycle;
pub use fields::RestoredFields;
pub use object::Instance;
pub(crate) use object::shown_name;
pub(crate) use shared::{Objects, restore_after, restore_in_run};

use crate::env::Env;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Graph, Node, NodeId};
use crate::limits::Limits;
use crate::native::{earlier, unfinished};
use crate::stack;
use crate::target::{Target, value_of};
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
    value_of(|target| restore_into(graph, root, limits, env, target))
}

/// [`restore_value`] of a type that is not known here.
pub(crate) fn restore_into<'de>(
    graph: &Graph<'de>,
    root: NodeId,
    limits: &Limits,
    env: &Env,
    target: &mut dyn Target<'de>,
) -> Result<()> {
    let mut restorer = Restorer::new(graph, limits, env);
    restorer.whole(root, target)?;
    restorer.memo_mut().succeed();
    Ok(())
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
            let mut together = Together::of(items.len(), |item| push(collection, item));
            for (index, item) in items.iter().enumerate() {
                match T::restore(*item, restorer) {
                    Ok(item) => together.push(item),
                    Err(error) => return Err(error.in_index(index)),
                }
            }
            together.flush();
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
            let mut together = Together::of(pairs.len() / 2, |(key, value)| {
                insert(collection, key, value);
            });
            for (index, pair) in pairs.chunks_exact(2).enumerate() {
                let entry = K::restore(pair[0], restorer)
                    .and_then(|key| Ok((key, V::restore(pair[1], restorer)?)));
                match entry {
                    Ok(entry) => together.push(entry),
                    Err(error) => return Err(error.in_index(index)),
                }
            }
            together.flush();
            Ok(())
        };
        self.nest(id, |restorer| restorer.apart(inside))
    }
}

/// Items that are inserted some at a time, one right after the other. A key that is hashed as soon as
/// it is in new memory would wait for that, and so would the next.
struct Together<T, F> {
    insert: F,
    some: Vec<T>,
    /// How many wait; none where there are few.
    most: usize,
}

impl<T, F: FnMut(T)> Together<T, F> {
    const BYTES: usize = 2 << 10;
    const FEW: usize = 32;

    #[inline]
    fn of(count: usize, insert: F) -> Self {
        let most = if count < Self::FEW { 0 } else { Self::BYTES / size_of::<T>().max(1) };
        Self { insert, some: Vec::with_capacity(most), most }
    }

    #[inline]
    fn push(&mut self, item: T) {
        if self.most == 0 {
            return (self.insert)(item);
        }
        self.some.push(item);
        if self.some.len() == self.most {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.some.drain(..).for_each(&mut self.insert);
    }
}
