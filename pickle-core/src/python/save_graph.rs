//! A graph into a pickle. A list of tasks takes the place of recursion.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::error::Result;
use crate::graph::{Graph, Keys, Node, NodeId};
use crate::limits::Limits;
use crate::protocol::Protocol;

use super::batch::BATCH;
use super::names;
use super::opcode as op;
use super::options::{MemoEntries, SaveOptions};
use super::saver::Saver;

/// Writes what is reached from `root` by one of Python's protocols.
///
/// Plain values come out as CPython's C pickler writes them, byte for byte.
///
/// ```
/// use pickle_core::Protocol;
/// use pickle_core::python::{LoadOptions, Machine, save};
/// let mut machine = Machine::new(b"](I1\nI01\ne.", LoadOptions::new());
/// let root = machine.load()?;
/// assert_eq!(save(machine.graph(), root, Protocol::V2)?, b"\x80\x02]q\x00(K\x01\x88e.");
/// # Ok::<(), pickle_core::Error>(())
/// ```
///
/// # Errors
/// When the protocol is not one of Python's, or cannot express a name or a persistent id.
pub fn save(graph: &Graph<'_>, root: NodeId, protocol: Protocol) -> Result<Vec<u8>> {
    save_with(graph, root, &SaveOptions::new(protocol))
}

/// Writes what is reached from `root`, with everything optional.
///
/// # Errors
/// As [`save`].
pub fn save_with(graph: &Graph<'_>, root: NodeId, options: &SaveOptions) -> Result<Vec<u8>> {
    let mut saver = Saver::new(options, &Limits::DEFAULT)?;
    GraphSaver::new(graph, root, &mut saver, Vec::new()).run()?;
    saver.finish()
}

/// Writes what is reached from `root` as part of a larger pickle, in which other values of the
/// same graph share objects with it. The graph is kept alive, so that no other takes its address.
pub(crate) fn save_within(
    graph: &Arc<Graph<'static>>,
    root: NodeId,
    saver: &mut Saver<'_>,
) -> Result<()> {
    saver.check_key(graph.is_hashable(root))?;
    let address = Arc::as_ptr(graph).addr();
    let known = saver.graphs.remove(&address).map_or_else(Vec::new, |(_, known)| known);
    let shared = saver.begin();
    let mut within = GraphSaver::new(graph, root, saver, known);
    within.run()?;
    let known = within.memo;
    saver.share(shared, known.get(root.index()).copied().filter(|memo| *memo != UNSEEN));
    saver.graphs.insert(address, (Arc::clone(graph), known));
    Ok(())
}

pub(super) const UNSEEN: u32 = u32::MAX;

/// The nodes that are reached more than once; and where some node reaches itself, all that are in
/// the memo before what they hold, so that every cycle ends at one of them.
fn needed(graph: &Graph<'_>, root: NodeId) -> Vec<bool> {
    #[derive(Clone, Copy, PartialEq)]
    enum Visit {
        Never,
        Open,
        Done,
    }
    let mut visits = vec![Visit::Never; graph.len()];
    let mut needed = vec![false; graph.len()];
    let (mut stack, mut cyclic) = (vec![(root, false)], false);
    while let Some((id, leaving)) = stack.pop() {
        // An item of `bytes` is a node that no graph stores.
        let Some(visit) = visits.get_mut(id.index()) else { continue };
        if leaving {
            *visit = Visit::Done;
        } else if *visit == Visit::Never {
            *visit = Visit::Open;
            stack.push((id, true));
            graph.for_each_edge(id, |edge| stack.push((edge, false)));
        } else {
            cyclic |= *visit == Visit::Open;
            needed[id.index()] = true;
        }
    }
    for id in graph.ids().filter(|_| cyclic) {
        let breaks_cycles = matches!(
            graph.node(id),
            Node::List(_) | Node::Dict(_) | Node::Set(_) | Node::Call(_) | Node::New(_)
        );
        needed[id.index()] |= breaks_cycles && visits[id.index()] == Visit::Done;
    }
    needed
}

pub(super) struct GraphSaver<'s, 'w, 'de> {
    pub(super) graph: &'s Graph<'de>,
    pub(super) keys: Keys,
    pub(super) saver: &'s mut Saver<'w>,
    /// The memo number of each node.
    pub(super) memo: Vec<u32>,
    /// The nodes that need one, where not all get it.
    pub(super) needed: Option<Vec<bool>>,
    /// How many nodes are in the memo.
    pub(super) numbered: u32,
    /// For sets that are being written as calls: how many nodes were in the memo when they began.
    pub(super) open_sets: HashMap<NodeId, u32>,
    pub(super) tasks: Vec<Task>,
}

/// What remains to be written, the next one last.
pub(super) enum Task {
    Save(NodeId),
    Op(u8),
    /// What begins a short tuple: nothing since protocol 2.
    Open,
    Global(&'static str, &'static str),
    /// The tuple's items are on the stack.
    EndTuple(NodeId),
    /// A tuple of so many items that no node stands for.
    Tuple(u8),
    /// Gives the topmost object a memo number that nothing refers to.
    Put,
    PutNode(NodeId),
    /// An object made by a call is on the stack.
    EndCall(NodeId),
    EndFrozenSet(NodeId),
    Batch(Batch),
}

pub(super) struct Batch {
    items: Rc<[NodeId]>,
    at: usize,
    /// Two for a dict.
    step: usize,
    single: u8,
    many: u8,
    form: Form,
    open: Open,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Form {
    /// A list or dict: one item alone is appended alone.
    Exact,
    /// What an iterator yields: so is one that remains.
    Iterated,
    /// A set: never; and a full last batch is followed by an empty one.
    Set,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Open {
    No,
    Single,
    Many,
}

impl<'s, 'w, 'de> GraphSaver<'s, 'w, 'de> {
    /// `known` has the memo numbers of nodes that were saved already.
    fn new(
        graph: &'s Graph<'de>,
        root: NodeId,
        saver: &'s mut Saver<'w>,
        mut known: Vec<u32>,
    ) -> Self {
        let needed = match saver.options.memo {
            MemoEntries::Python => None,
            MemoEntries::Needed => Some(needed(graph, root)),
        };
        known.resize(graph.len(), UNSEEN);
        Self {
            graph,
            keys: Keys::default(),
            saver,
            memo: known,
            needed,
            numbered: 0,
            open_sets: HashMap::new(),
            tasks: vec![Task::Save(root)],
        }
    }

    fn run(&mut self) -> Result<()> {
        while let Some(task) = self.tasks.pop() {
            match task {
                Task::Save(id) => self.node(id)?,
                Task::Op(code) => self.saver.writer.op(code),
                Task::Open if self.saver.writer.protocol >= 2 => {}
                Task::Open => self.saver.writer.op(op::MARK),
                Task::Global(module, name) => {
                    self.saver.named(module.as_bytes(), name.as_bytes())?
                }
                Task::EndTuple(id) => self.end_tuple(id),
                Task::Tuple(len) => {
                    let code = [op::TUPLE1, op::TUPLE2, op::TUPLE3][usize::from(len) - 1];
                    self.saver.writer.op(if self.saver.writer.protocol >= 2 {
                        code
                    } else {
                        op::TUPLE
                    });
                    self.put_unused();
                }
                Task::Put => self.put_unused(),
                Task::PutNode(id) => self.put_node(id),
                Task::EndCall(id) => self.end_call(id),
                Task::EndFrozenSet(id) => {
                    if self.memo[id.index()] == UNSEEN {
                        self.saver.writer.op(op::FROZENSET);
                        self.put_node(id);
                    } else {
                        self.saver.writer.op(op::POP_MARK);
                        self.saver.writer.get(self.memo[id.index()]);
                    }
                }
                Task::Batch(batch) => self.batch(batch),
            }
        }
        Ok(())
    }

    fn node(&mut self, id: NodeId) -> Result<()> {
        self.saver.writer.boundary();
        // An item of `bytes` is a node that no graph stores.
        if let Some(memo) = self.memo.get(id.index()).filter(|memo| **memo != UNSEEN) {
            self.saver.writer.get(*memo);
            return Ok(());
        }
        let graph = self.graph;
        match graph.node(id) {
            Node::None => self.saver.writer.op(op::NONE),
            Node::Bool(value) => self.saver.writer.bool(value),
            Node::Int(_) | Node::BigInt(_) => {
                if let Some(value) = graph.integer(id) {
                    self.saver.writer.integer(value);
                }
            }
            Node::Float(value) => self.saver.writer.float(value),
            Node::Str(span) => {
                self.saver.writer.text(graph.bytes(span));
                self.put_node(id);
            }
            Node::Bytes(span) => return self.bytes(id, graph.bytes(span)),
            Node::ByteArray(span) => return self.bytearray(id, graph.bytes(span)),
            Node::Buffer { index, readonly: true } => return self.bytes(id, graph.buffer(index)),
            Node::Buffer { index, .. } => return self.bytearray(id, graph.buffer(index)),
            Node::List(items) => {
                self.start(id, op::EMPTY_LIST, op::LIST);
                self.push_batch(graph.edges(items).into(), op::APPEND, Form::Exact);
            }
            Node::Dict(pairs) => {
                self.start(id, op::EMPTY_DICT, op::DICT);
                let pairs = graph.pairs(pairs, &mut self.keys);
                let items = pairs.iter().flat_map(|pair| [pair.0, pair.1]).collect();
                self.push_batch(items, op::SETITEM, Form::Exact);
            }
            Node::Tuple { items, .. } if items.is_empty() => self.unit(),
            Node::Tuple { items, .. } => self.tuple(id, graph.edges(items)),
            Node::Set(items) => {
                let items = graph.elements(items, &mut self.keys);
                return self.set(id, items.into());
            }
            Node::FrozenSet(items) => {
                let items = graph.elements(items, &mut self.keys);
                return self.frozen_set(id, items.into());
            }
            Node::Global { module, name } => {
                let words = (self.words(module), self.words(name));
                let (old, protocol) = (graph.has_old_names(), self.saver.writer.protocol);
                let today = if old { names::to_python3(&words.0, &words.1) } else { words.clone() };
                if protocol < 4 || today != words {
                    let (module, name) = if protocol < 3 { words } else { today };
                    return self.saver.named(&module, &name);
                }
                let (module, name) = (Task::Save(module), Task::Save(name));
                self.push([module, name, Task::Op(op::STACK_GLOBAL), Task::PutNode(id)]);
            }
            Node::Call(object) => self.push([
                Task::Save(object.callee),
                Task::Save(object.args),
                Task::Op(op::REDUCE),
                Task::EndCall(id),
            ]),
            Node::New(object) => self.new_object(id, object),
            Node::PersistentId(of) => return self.persistent(of),
        }
        Ok(())
    }

    /// Tasks in the order in which they are to run.
    pub(super) fn push<const N: usize>(&mut self, tasks: [Task; N]) {
        self.tasks.extend(tasks.into_iter().rev());
    }

    /// Numbers an object that nothing refers to again.
    pub(super) fn put_unused(&mut self) {
        self.saver.put(None);
    }

    pub(super) fn put_node(&mut self, id: NodeId) {
        if self.needed.as_ref().is_some_and(|needed| !needed[id.index()]) {
            return;
        }
        self.memo[id.index()] = self.saver.memo_len;
        self.numbered += 1;
        self.saver.number(None);
    }

    fn words(&self, id: NodeId) -> Vec<u8> {
        match self.graph.node(id) {
            Node::Str(span) => self.graph.bytes(span).to_vec(),
            _ => Vec::new(),
        }
    }

    /// An empty list or dict that is filled later.
    fn start(&mut self, id: NodeId, binary: u8, text: u8) {
        if self.saver.writer.protocol >= 1 {
            self.saver.writer.op(binary);
        } else {
            self.saver.writer.op(op::MARK);
            self.saver.writer.op(text);
        }
        self.put_node(id);
    }

    pub(super) fn unit(&mut self) {
        self.saver.writer.boundary();
        if self.saver.writer.protocol >= 1 {
            return self.saver.writer.op(op::EMPTY_TUPLE);
        }
        self.saver.writer.op(op::MARK);
        self.saver.writer.op(op::TUPLE);
    }

    fn tuple(&mut self, id: NodeId, items: &[NodeId]) {
        if !self.short(items.len()) {
            self.saver.writer.op(op::MARK);
        }
        self.tasks.push(Task::EndTuple(id));
        self.tasks.extend(items.iter().rev().map(|item| Task::Save(*item)));
    }

    /// Whether a tuple of this length has an opcode of its own.
    fn short(&self, len: usize) -> bool {
        len <= 3 && self.saver.writer.protocol >= 2
    }

    fn end_tuple(&mut self, id: NodeId) {
        let Node::Tuple { items, .. } = self.graph.node(id) else { return };
        let (len, known) = (items.len(), self.memo[id.index()]);
        if known == UNSEEN {
            let code = match len {
                1..=3 if self.short(len) => [op::TUPLE1, op::TUPLE2, op::TUPLE3][len - 1],
                _ => op::TUPLE,
            };
            self.saver.writer.op(code);
            return self.put_node(id);
        }
        // An item led back to this tuple, which is complete by now: take the other one.
        if self.short(len) || self.saver.writer.protocol == 0 {
            let mark = usize::from(!self.short(len));
            (0..len + mark).for_each(|_| self.saver.writer.op(op::POP));
        } else {
            self.saver.writer.op(op::POP_MARK);
        }
        self.saver.writer.get(known);
    }

    pub(super) fn push_batch(&mut self, items: Rc<[NodeId]>, single: u8, form: Form) {
        let (many, step) = match single {
            op::APPEND => (op::APPENDS, 1),
            op::SETITEM => (op::SETITEMS, 2),
            _ => (op::ADDITEMS, 1),
        };
        let batch = Batch { items, at: 0, step, single, many, form, open: Open::No };
        self.tasks.push(Task::Batch(batch));
    }

    fn batch(&mut self, mut batch: Batch) {
        let (done, total) = (batch.at / batch.step, batch.items.len() / batch.step);
        match batch.open {
            Open::Single => {
                self.saver.writer.op(batch.single);
                batch.open = Open::No;
            }
            Open::Many if done % BATCH == 0 || done == total => {
                self.saver.writer.op(batch.many);
                batch.open = Open::No;
            }
            _ => {}
        }
        if done == total {
            if batch.form == Form::Set && total > 0 && total % BATCH == 0 {
                self.saver.writer.op(op::MARK);
                self.saver.writer.op(batch.many);
            }
            return;
        }
        if batch.open == Open::No {
            let alone = match batch.form {
                Form::Exact => total == 1,
                Form::Iterated => total - done == 1,
                Form::Set => false,
            };
            if alone || self.saver.writer.protocol == 0 {
                batch.open = Open::Single;
            } else {
                self.saver.writer.op(op::MARK);
                batch.open = Open::Many;
            }
        }
        let next = batch.at + batch.step;
        let items = Rc::clone(&batch.items);
        let at = std::mem::replace(&mut batch.at, next);
        self.tasks.push(Task::Batch(batch));
        self.tasks.extend(items[at..next].iter().rev().map(|item| Task::Save(*item)));
    }
}
