//! The machine's opcodes that make or change objects. They record what Python would call.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Graph, Node, NodeId};

use super::machine::Machine;
use super::opcode as op;

impl Machine<'_> {
    pub(super) fn append(&mut self, start: usize) -> Result<()> {
        let target = self.below(start)?;
        if start == self.stack.len() {
            return Ok(());
        }
        self.reserve()?;
        match self.graph.node(target) {
            Node::List(items) => {
                let items = self.graph.extend(items, &self.stack[start..]);
                self.graph.set(target, Node::List(items));
            }
            Node::ByteArray(_) => self.append_bytes(target, start)?,
            node => match self.graph.extras_mut(target) {
                Some(extras) => {
                    let items = extras.items;
                    let items = self.graph.extend(items, &self.stack[start..]);
                    if let Some(extras) = self.graph.extras_mut(target) {
                        extras.items = items;
                    }
                }
                None => return Err(self.corrupt(format!("{} takes no items", kind(node)))),
            },
        }
        self.stack.truncate(start);
        Ok(())
    }

    /// Python's bytearray has `extend`, so a pickle may append to it.
    fn append_bytes(&mut self, target: NodeId, start: usize) -> Result<()> {
        let Node::ByteArray(span) = self.graph.node(target) else { return Ok(()) };
        let mut bytes = self.graph.bytes(span).to_vec();
        for id in &self.stack[start..] {
            let byte = self.graph.integer(*id).and_then(|int| u8::try_from(int.to_i128()?).ok());
            bytes.push(byte.ok_or_else(|| self.corrupt("a bytearray takes integers below 256"))?);
        }
        self.charge(bytes.len())?;
        let span = self.graph.own(&bytes);
        self.graph.set(target, Node::ByteArray(span));
        Ok(())
    }

    pub(super) fn set_items(&mut self, start: usize) -> Result<()> {
        let target = self.below(start)?;
        if start == self.stack.len() {
            return Ok(());
        }
        self.reserve()?;
        if !(self.stack.len() - start).is_multiple_of(2) {
            return Err(self.corrupt("a key has no value"));
        }
        match self.graph.node(target) {
            Node::Dict(pairs) => {
                self.check_hashable(self.stack[start..].iter().step_by(2))?;
                let pairs = self.graph.extend(pairs, &self.stack[start..]);
                self.graph.set(target, Node::Dict(pairs));
            }
            Node::List(_) | Node::ByteArray(_) => {
                for at in (start..self.stack.len()).step_by(2) {
                    self.set_index(target, self.stack[at], self.stack[at + 1])?;
                }
            }
            node => match self.graph.extras_mut(target) {
                Some(extras) => {
                    let pairs = extras.pairs;
                    let pairs = self.graph.extend(pairs, &self.stack[start..]);
                    if let Some(extras) = self.graph.extras_mut(target) {
                        extras.pairs = pairs;
                    }
                }
                None => return Err(self.corrupt(format!("{} takes no keys", kind(node)))),
            },
        }
        self.stack.truncate(start);
        Ok(())
    }

    /// `sequence[key] = value`, which no pickler writes and every unpickler runs.
    fn set_index(&mut self, target: NodeId, key: NodeId, value: NodeId) -> Result<()> {
        let place = |len: usize| {
            let index = self.graph.integer(key)?.to_i128()?;
            let index = if index < 0 { index + len as i128 } else { index };
            usize::try_from(index).ok().filter(|index| *index < len)
        };
        match self.graph.node(target) {
            Node::List(items) => {
                let index = place(items.len()).ok_or_else(|| self.no_index())?;
                self.graph.relink(items, index, value);
            }
            Node::ByteArray(span) => {
                let index = place(span.len()).ok_or_else(|| self.no_index())?;
                let byte =
                    self.graph.integer(value).and_then(|int| u8::try_from(int.to_i128()?).ok());
                let byte = byte.ok_or_else(|| self.no_index())?;
                self.charge(span.len())?;
                let mut bytes = self.graph.bytes(span).to_vec();
                bytes[index] = byte;
                let span = self.graph.own(&bytes);
                self.graph.set(target, Node::ByteArray(span));
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn add_items(&mut self, start: usize) -> Result<()> {
        let target = self.below(start)?;
        if start == self.stack.len() {
            return Ok(());
        }
        self.reserve()?;
        match self.graph.node(target) {
            Node::Set(items) => {
                self.check_hashable(self.stack[start..].iter())?;
                let items = self.graph.extend(items, &self.stack[start..]);
                self.graph.set(target, Node::Set(items));
            }
            node => match self.graph.extras_mut(target) {
                Some(extras) => {
                    let adds = extras.adds;
                    let adds = self.graph.extend(adds, &self.stack[start..]);
                    if let Some(extras) = self.graph.extras_mut(target) {
                        extras.adds = adds;
                    }
                }
                None => return Err(self.corrupt(format!("{} takes no elements", kind(node)))),
            },
        }
        self.stack.truncate(start);
        Ok(())
    }

    pub(super) fn dict(&mut self) -> Result<()> {
        let start = self.mark()?;
        if !(self.stack.len() - start).is_multiple_of(2) {
            return Err(self.corrupt("a key has no value"));
        }
        self.check_hashable(self.stack[start..].iter().step_by(2))?;
        let pairs = self.graph.link(&self.stack[start..]);
        self.stack.truncate(start);
        self.push(Node::Dict(pairs))
    }

    pub(super) fn check_hashable<'a>(
        &self,
        mut ids: impl Iterator<Item = &'a NodeId>,
    ) -> Result<()> {
        match ids.find(|id| !self.graph.is_hashable(**id)) {
            None => Ok(()),
            Some(id) => {
                let what = format!("{} cannot be a key or an element", kind(self.graph.node(*id)));
                Err(self.corrupt(what))
            }
        }
    }

    pub(super) fn global(&mut self, code: u8) -> Result<()> {
        if code == op::GLOBAL {
            let (module, name) = (self.name()?, self.name()?);
            return self.push(Node::Global { module, name });
        }
        let (name, module) = (self.pop()?, self.pop()?);
        match (self.graph.node(module), self.graph.node(name)) {
            (Node::Str(_), Node::Str(_)) => self.push(Node::Global { module, name }),
            _ => Err(self.corrupt("a name is not text")),
        }
    }

    /// A line that is a name.
    fn name(&mut self) -> Result<NodeId> {
        let at = self.input.at();
        let line = self.input.full_line()?;
        if std::str::from_utf8(line).is_err() {
            return Err(Error::new(ErrorKind::InvalidUtf8).at(at as u64));
        }
        let span = self.graph.intern(Cow::Borrowed(line), at);
        self.add(Node::Str(span))
    }

    pub(super) fn instance(&mut self, code: u8) -> Result<()> {
        let start = self.mark()?;
        let (callee, first) = if code == op::INST {
            let (module, name) = (self.name()?, self.name()?);
            if ![module, name].iter().all(|id| self.graph.text(*id).is_some_and(str::is_ascii)) {
                return Err(self.corrupt("the name of a class is not ASCII"));
            }
            (self.add(Node::Global { module, name })?, start)
        } else {
            let callee =
                *self.stack.get(start).ok_or_else(|| self.corrupt("a class is missing"))?;
            (callee, start + 1)
        };
        let bare = self.stack.len() == first;
        let args = self.pop_tuple(first)?;
        self.stack.truncate(start);
        match self.graph.node(callee) {
            Node::Global { .. } if bare => self.push(Node::New(Graph::object(callee, args))),
            _ => self.call(callee, args),
        }
    }

    pub(super) fn new_object(&mut self, code: u8) -> Result<()> {
        let kwargs = if code == op::NEWOBJ_EX { Some(self.pop()?) } else { None };
        let (args, class) = (self.pop()?, self.pop()?);
        let Node::Global { .. } = self.graph.node(class) else {
            let found = kind(self.graph.node(class));
            return Err(self.corrupt(format!("a class is needed to make an object, not {found}")));
        };
        self.check_args(args)?;
        if let Some(kwargs) = kwargs {
            let Node::Dict(pairs) = self.graph.node(kwargs) else {
                return Err(self.corrupt("keyword arguments are not a dict"));
            };
            let mut keys = self.graph.edges(pairs).iter().step_by(2);
            if !keys.all(|key| matches!(self.graph.node(*key), Node::Str(_))) {
                return Err(self.corrupt("a keyword is not text"));
            }
        }
        self.push(Node::New(Graph::object(class, args)))?;
        let id = self.pop()?;
        if let (Some(_), Some(extras)) = (kwargs, self.graph.extras_mut(id)) {
            extras.kwargs = kwargs;
        }
        self.stack.push(id);
        Ok(())
    }

    pub(super) fn reduce(&mut self) -> Result<()> {
        let (args, callee) = (self.pop()?, self.pop()?);
        self.check_args(args)?;
        self.call(callee, args)
    }

    fn check_args(&self, args: NodeId) -> Result<()> {
        match self.graph.node(args) {
            Node::Tuple { .. } => Ok(()),
            node => Err(self.corrupt(format!("arguments are {}, not a tuple", kind(node)))),
        }
    }

    fn call(&mut self, callee: NodeId, args: NodeId) -> Result<()> {
        match self.graph.node(callee) {
            Node::Global { module, name } => match self.attribute(module, name, args) {
                Some((module, name, attribute)) => self.join(module, name, attribute),
                None => self.push(Node::Call(Graph::object(callee, args))),
            },
            Node::Call(_) | Node::New(_) => self.push(Node::Call(Graph::object(callee, args))),
            node => Err(self.corrupt(format!("{} cannot be called", kind(node)))),
        }
    }

    /// `getattr(global, "x")`, as protocols below 4 write the names of nested classes.
    fn attribute(
        &self,
        module: NodeId,
        name: NodeId,
        args: NodeId,
    ) -> Option<(NodeId, NodeId, NodeId)> {
        let is_getattr = self.graph.text(name) == Some("getattr")
            && matches!(self.graph.text(module), Some("builtins" | "__builtin__"));
        let Node::Tuple { items, .. } = self.graph.node(args) else { return None };
        let [owner, attribute] = *self.graph.edges(items) else { return None };
        match (self.graph.node(owner), self.graph.node(attribute)) {
            (Node::Global { module, name }, Node::Str(_)) if is_getattr => {
                Some((module, name, attribute))
            }
            _ => None,
        }
    }

    /// The global whose name goes on with an attribute. A budget keeps a chain of joins, each a
    /// copy of the name so far, in proportion to the input.
    fn join(&mut self, module: NodeId, name: NodeId, attribute: NodeId) -> Result<()> {
        let (Node::Str(owner), Node::Str(last)) =
            (self.graph.node(name), self.graph.node(attribute))
        else {
            return Ok(());
        };
        let joined = [self.graph.bytes(owner), b".", self.graph.bytes(last)].concat();
        self.charge(joined.len())?;
        let span = self.graph.own(&joined);
        let name = self.add(Node::Str(span))?;
        self.push(Node::Global { module, name })
    }

    /// Takes bytes from the budget for copies.
    fn charge(&mut self, bytes: usize) -> Result<()> {
        match self.copies_left.checked_sub(bytes) {
            Some(left) => {
                self.copies_left = left;
                Ok(())
            }
            None => Err(self.corrupt("copies of names or bytearrays outgrow the input")),
        }
    }

    pub(super) fn build(&mut self) -> Result<()> {
        if self.stack.len() < self.fence() + 2 {
            return self.pop().and_then(|_| self.pop()).map(drop);
        }
        let (state, target) = (self.pop()?, self.stack[self.stack.len() - 1]);
        self.reserve()?;
        if let Some(extras) = self.graph.extras_mut(target) {
            let states = extras.states;
            let states = self.graph.extend(states, &[state]);
            if let Some(extras) = self.graph.extras_mut(target) {
                extras.states = states;
            }
            return Ok(());
        }
        let node = self.graph.node(target);
        // What has no attributes takes a state that sets none.
        if !matches!(node, Node::Global { .. }) && self.sets_nothing(state) {
            return Ok(());
        }
        Err(self.corrupt(format!("{} takes no state", kind(node))))
    }

    /// A call whose result is dropped may have been made for what it does to the object below it:
    /// `setter(object, state)`, the sixth item that a `__reduce__` of Python may return.
    pub(super) fn keep_setter(&mut self, dropped: NodeId) -> Result<()> {
        let Node::Call(call) = self.graph.node(dropped) else { return Ok(()) };
        let Node::Tuple { items, .. } = self.graph.node(call.args) else { return Ok(()) };
        let Some(target) = self.stack.last().copied() else { return Ok(()) };
        let [first, _] = *self.graph.edges(items) else { return Ok(()) };
        if first != target {
            return Ok(());
        }
        self.reserve()?;
        let Some(extras) = self.graph.extras_mut(target) else { return Ok(()) };
        let setters = extras.setters;
        let setters = self.graph.extend(setters, &[dropped]);
        if let Some(extras) = self.graph.extras_mut(target) {
            extras.setters = setters;
        }
        Ok(())
    }

    fn sets_nothing(&self, state: NodeId) -> bool {
        let Node::Tuple { items, .. } = self.graph.node(state) else {
            return matches!(self.graph.node(state), Node::None);
        };
        let [dict, slots] = *self.graph.edges(items) else { return false };
        let empty = matches!(self.graph.node(slots), Node::Dict(pairs) if pairs.is_empty());
        matches!(self.graph.node(dict), Node::None) && empty
    }

    #[cold]
    fn no_index(&self) -> Error {
        self.corrupt("an index is out of range")
    }
}

/// What Python calls such an object, with its article.
fn kind(node: Node) -> &'static str {
    match node {
        Node::None => "None",
        Node::Bool(_) => "a bool",
        Node::Int(_) | Node::BigInt(_) => "an int",
        Node::Float(_) => "a float",
        Node::Str(_) => "a str",
        Node::Bytes(_) => "a bytes object",
        Node::ByteArray(_) => "a bytearray",
        Node::Buffer { .. } => "a buffer",
        Node::List(_) => "a list",
        Node::Tuple { .. } => "a tuple",
        Node::Set(_) => "a set",
        Node::FrozenSet(_) => "a frozenset",
        Node::Dict(_) => "a dict",
        Node::Global { .. } => "a global",
        Node::Call(_) | Node::New(_) => "an object",
        Node::PersistentId(_) => "a persistent object",
    }
}
