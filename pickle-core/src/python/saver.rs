//! A graph into a pickle. A list of tasks takes the place of recursion.

use std::collections::HashMap;
use std::rc::Rc;

use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Graph, Keys, Node, NodeId};
use crate::protocol::Protocol;

use super::names;
use super::opcode as op;
use super::options::{MemoEntries, SaveOptions};
use super::writer::Writer;

/// Items per `APPENDS`, `SETITEMS` and `ADDITEMS`.
const BATCH: usize = 1000;

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
    if options.protocol == Protocol::Native {
        let what = "a graph is written by one of Python's protocols, 0 to 5";
        return Err(Error::new(ErrorKind::Unsupported { what: what.into() }));
    }
    let needed = match options.memo {
        MemoEntries::Python => None,
        MemoEntries::Needed => Some(needed(graph, root)),
    };
    let mut saver = Saver {
        graph,
        keys: Keys::default(),
        writer: Writer::new(options.protocol as u8),
        memo: vec![UNSEEN; graph.len()],
        fix_imports: options.fix_imports,
        needed,
        numbered: 0,
        open_sets: HashMap::new(),
        texts: HashMap::new(),
        globals: HashMap::new(),
        memo_len: 0,
        tasks: vec![Task::Save(root)],
    };
    saver.run()?;
    Ok(saver.writer.finish())
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
        let visit = &mut visits[id.index()];
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

pub(super) struct Saver<'g, 'de> {
    pub(super) graph: &'g Graph<'de>,
    pub(super) keys: Keys,
    pub(super) writer: Writer,
    /// The memo number of each node.
    pub(super) memo: Vec<u32>,
    /// The nodes that need one, where not all get it.
    pub(super) needed: Option<Vec<bool>>,
    pub(super) fix_imports: bool,
    /// How many nodes are in the memo.
    pub(super) numbered: u32,
    /// For sets that are being written as calls: how many nodes were in the memo when they began.
    pub(super) open_sets: HashMap<NodeId, u32>,
    /// Memo numbers of the words that protocols write around an object.
    pub(super) texts: HashMap<&'static str, u32>,
    pub(super) globals: HashMap<(Vec<u8>, Vec<u8>), u32>,
    pub(super) memo_len: u32,
    pub(super) tasks: Vec<Task>,
}

/// What remains to be written, the next one last.
pub(super) enum Task {
    Save(NodeId),
    Op(u8),
    /// An empty tuple.
    Unit,
    /// What begins a short tuple: nothing since protocol 2.
    Open,
    /// The bytes of a bytearray node.
    BytesOf(NodeId),
    Text(&'static str),
    Global(&'static str, &'static str),
    Named(Vec<u8>, Vec<u8>),
    PlainText(Vec<u8>),
    /// The tuple's items are on the stack.
    EndTuple(NodeId),
    /// A tuple of so many items that no node stands for.
    Tuple(u8),
    /// Gives the topmost object a memo number that nothing refers to.
    Put,
    PutNode(NodeId),
    PutGlobal(Vec<u8>, Vec<u8>),
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

impl Saver<'_, '_> {
    fn run(&mut self) -> Result<()> {
        while let Some(task) = self.tasks.pop() {
            match task {
                Task::Save(id) => self.node(id)?,
                Task::Op(code) => self.writer.op(code),
                Task::Unit => self.unit(),
                Task::Open if self.writer.protocol >= 2 => {}
                Task::Open => self.writer.op(op::MARK),
                Task::BytesOf(id) => self.bytes_of(id),
                Task::Text(text) => self.constant(text),
                Task::Global(module, name) => self.global(module.into(), name.into())?,
                Task::Named(module, name) => self.global(module, name)?,
                Task::PlainText(text) => {
                    self.writer.boundary();
                    self.writer.text(&text);
                    self.put_unused();
                }
                Task::EndTuple(id) => self.end_tuple(id),
                Task::Tuple(len) => {
                    let code = [op::TUPLE1, op::TUPLE2, op::TUPLE3][usize::from(len) - 1];
                    self.writer.op(if self.writer.protocol >= 2 { code } else { op::TUPLE });
                    self.put_unused();
                }
                Task::Put => self.put_unused(),
                Task::PutNode(id) => self.put_node(id),
                Task::PutGlobal(module, name) => {
                    self.globals.insert((module, name), self.memo_len);
                    self.put();
                }
                Task::EndCall(id) => self.end_call(id),
                Task::EndFrozenSet(id) => {
                    if self.memo[id.index()] == UNSEEN {
                        self.writer.op(op::FROZENSET);
                        self.put_node(id);
                    } else {
                        self.writer.op(op::POP_MARK);
                        self.writer.get(self.memo[id.index()]);
                    }
                }
                Task::Batch(batch) => self.batch(batch),
            }
        }
        Ok(())
    }

    fn node(&mut self, id: NodeId) -> Result<()> {
        self.writer.boundary();
        if self.memo[id.index()] != UNSEEN {
            self.writer.get(self.memo[id.index()]);
            return Ok(());
        }
        let graph = self.graph;
        match graph.node(id) {
            Node::None => self.writer.op(op::NONE),
            Node::Bool(value) => self.writer.bool(value),
            Node::Int(_) | Node::BigInt(_) => {
                if let Some(value) = graph.integer(id) {
                    self.writer.integer(value);
                }
            }
            Node::Float(value) => self.writer.float(value),
            Node::Str(span) => {
                self.writer.text(graph.bytes(span));
                self.put_node(id);
            }
            Node::Bytes(span) => self.bytes(id, graph.bytes(span)),
            Node::ByteArray(span) => self.bytearray(id, graph.bytes(span)),
            Node::Buffer { index, readonly: true } => self.bytes(id, graph.buffer(index)),
            Node::Buffer { index, .. } => self.bytearray(id, graph.buffer(index)),
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
                let (old, protocol) = (graph.has_old_names(), self.writer.protocol);
                let today = if old { names::to_python3(&words.0, &words.1) } else { words.clone() };
                if protocol < 4 || today != words {
                    let (module, name) = if protocol < 3 { words } else { today };
                    return self.global(module, name);
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
        if self.needed.is_none() {
            self.put();
        }
    }

    pub(super) fn put(&mut self) {
        self.writer.put(self.memo_len);
        self.memo_len += 1;
    }

    pub(super) fn put_node(&mut self, id: NodeId) {
        if self.needed.as_ref().is_some_and(|needed| !needed[id.index()]) {
            return;
        }
        self.memo[id.index()] = self.memo_len;
        self.numbered += 1;
        self.put();
    }

    fn words(&self, id: NodeId) -> Vec<u8> {
        match self.graph.node(id) {
            Node::Str(span) => self.graph.bytes(span).to_vec(),
            _ => Vec::new(),
        }
    }

    /// An empty list or dict that is filled later.
    fn start(&mut self, id: NodeId, binary: u8, text: u8) {
        if self.writer.protocol >= 1 {
            self.writer.op(binary);
        } else {
            self.writer.op(op::MARK);
            self.writer.op(text);
        }
        self.put_node(id);
    }

    pub(super) fn unit(&mut self) {
        self.writer.boundary();
        if self.writer.protocol >= 1 {
            return self.writer.op(op::EMPTY_TUPLE);
        }
        self.writer.op(op::MARK);
        self.writer.op(op::TUPLE);
    }

    /// A word that belongs to the format rather than to the graph.
    pub(super) fn constant(&mut self, text: &'static str) {
        self.writer.boundary();
        if let Some(index) = self.texts.get(text) {
            return self.writer.get(*index);
        }
        self.writer.text(text.as_bytes());
        self.texts.insert(text, self.memo_len);
        self.put();
    }

    fn tuple(&mut self, id: NodeId, items: &[NodeId]) {
        if !self.short(items.len()) {
            self.writer.op(op::MARK);
        }
        self.tasks.push(Task::EndTuple(id));
        self.tasks.extend(items.iter().rev().map(|item| Task::Save(*item)));
    }

    /// Whether a tuple of this length has an opcode of its own.
    fn short(&self, len: usize) -> bool {
        len <= 3 && self.writer.protocol >= 2
    }

    fn end_tuple(&mut self, id: NodeId) {
        let Node::Tuple { items, .. } = self.graph.node(id) else { return };
        let (len, known) = (items.len(), self.memo[id.index()]);
        if known == UNSEEN {
            let code = match len {
                1..=3 if self.short(len) => [op::TUPLE1, op::TUPLE2, op::TUPLE3][len - 1],
                _ => op::TUPLE,
            };
            self.writer.op(code);
            return self.put_node(id);
        }
        // An item led back to this tuple, which is complete by now: take the other one.
        if self.short(len) || self.writer.protocol == 0 {
            let mark = usize::from(!self.short(len));
            (0..len + mark).for_each(|_| self.writer.op(op::POP));
        } else {
            self.writer.op(op::POP_MARK);
        }
        self.writer.get(known);
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
                self.writer.op(batch.single);
                batch.open = Open::No;
            }
            Open::Many if done % BATCH == 0 || done == total => {
                self.writer.op(batch.many);
                batch.open = Open::No;
            }
            _ => {}
        }
        if done == total {
            if batch.form == Form::Set && total > 0 && total % BATCH == 0 {
                self.writer.op(op::MARK);
                self.writer.op(batch.many);
            }
            return;
        }
        if batch.open == Open::No {
            let alone = match batch.form {
                Form::Exact => total == 1,
                Form::Iterated => total - done == 1,
                Form::Set => false,
            };
            if alone || self.writer.protocol == 0 {
                batch.open = Open::Single;
            } else {
                self.writer.op(op::MARK);
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
