//! How the saver writes what has no opcode of its own in a protocol: calls by name.

use std::rc::Rc;

use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Node, NodeId, Object};

use super::opcode as op;
use super::saver::{Form, Saver, Task, UNSEEN};
use super::{names, writer};

impl Saver<'_, '_> {
    pub(super) fn bytes(&mut self, id: NodeId, bytes: &[u8]) {
        if self.writer.protocol >= 3 {
            self.writer.bytes(bytes);
            return self.put_node(id);
        }
        self.old_bytes(bytes, Task::PutNode(id));
    }

    /// Bytes before protocol 3: a call that encodes text.
    fn old_bytes(&mut self, bytes: &[u8], put: Task) {
        if bytes.is_empty() {
            let class = Task::Global("builtins", "bytes");
            return self.push([class, Task::Unit, Task::Op(op::REDUCE), put]);
        }
        self.push([
            Task::Global("_codecs", "encode"),
            Task::Open,
            Task::PlainText(writer::latin1(bytes)),
            Task::Text("latin1"),
            Task::Tuple(2),
            Task::Op(op::REDUCE),
            put,
        ]);
    }

    pub(super) fn bytearray(&mut self, id: NodeId, bytes: &[u8]) {
        if self.writer.protocol >= 5 {
            self.writer.bytearray(bytes);
            return self.put_node(id);
        }
        let class = Task::Global("builtins", "bytearray");
        if bytes.is_empty() {
            return self.push([class, Task::Unit, Task::Op(op::REDUCE), Task::PutNode(id)]);
        }
        let (bytes, reduce) = (Task::BytesOf(id), Task::Op(op::REDUCE));
        self.push([class, Task::Open, bytes, Task::Tuple(1), reduce, Task::PutNode(id)]);
    }

    /// The bytes that a bytearray is made of before protocol 5.
    pub(super) fn bytes_of(&mut self, id: NodeId) {
        let graph = self.graph;
        let bytes = match graph.node(id) {
            Node::ByteArray(span) => graph.bytes(span),
            Node::Buffer { index, .. } => graph.buffer(index),
            _ => return,
        };
        self.writer.boundary();
        if self.writer.protocol < 3 {
            return self.old_bytes(bytes, Task::Put);
        }
        self.writer.bytes(bytes);
        self.put_unused();
    }

    pub(super) fn set(&mut self, id: NodeId, items: Rc<[NodeId]>) -> Result<()> {
        if self.writer.protocol >= 4 {
            self.writer.op(op::EMPTY_SET);
            self.put_node(id);
            self.push_batch(items, op::ADDITEMS, Form::Set);
            return Ok(());
        }
        self.old_set(id, items, "set")
    }

    pub(super) fn frozen_set(&mut self, id: NodeId, items: Rc<[NodeId]>) -> Result<()> {
        if self.writer.protocol >= 4 {
            self.writer.op(op::MARK);
            self.tasks.push(Task::EndFrozenSet(id));
            self.tasks.extend(items.iter().rev().map(|item| Task::Save(*item)));
            return Ok(());
        }
        self.old_set(id, items, "frozenset")
    }

    /// Sets before protocol 4: a call with a list. The set exists only after its elements, so one
    /// that leads back to itself is written again within; that ends if it passes something that
    /// can be in the memo early.
    fn old_set(&mut self, id: NodeId, items: Rc<[NodeId]>, class: &'static str) -> Result<()> {
        let again = self.open_sets.insert(id, self.numbered);
        if again == Some(self.numbered) {
            let what =
                format!("protocol {} cannot write a set that holds itself", self.writer.protocol);
            return Err(Error::new(ErrorKind::Unsupported { what: what.into() })
                .with_hint("protocol 4 can"));
        }
        self.push([Task::Tuple(1), Task::Op(op::REDUCE), Task::EndCall(id)]);
        self.push_batch(items, op::APPEND, Form::Exact);
        self.tasks.push(Task::Put);
        if self.writer.protocol >= 1 {
            self.push([Task::Global("builtins", class), Task::Open, Task::Op(op::EMPTY_LIST)]);
        } else {
            let (open, mark) = (Task::Open, Task::Op(op::MARK));
            self.push([Task::Global("builtins", class), open, mark, Task::Op(op::LIST)]);
        }
        Ok(())
    }

    /// A name for the protocols below 4, or one that no node stands for.
    pub(super) fn global(&mut self, module: Vec<u8>, name: Vec<u8>) -> Result<()> {
        self.writer.boundary();
        let key = (module, name);
        if let Some(index) = self.globals.get(&key) {
            self.writer.get(*index);
            return Ok(());
        }
        if self.writer.protocol >= 4 {
            let (module, name) = (key.0.clone(), key.1.clone());
            self.named_text(&module);
            self.named_text(&name);
            self.writer.op(op::STACK_GLOBAL);
            self.globals.insert(key, self.memo_len);
            self.put();
            return Ok(());
        }
        if let Some(dot) = key.1.iter().rposition(|byte| *byte == b'.').filter(|dot| *dot > 0) {
            let (owner, last) = (key.1[..dot].to_vec(), key.1[dot + 1..].to_vec());
            self.push([
                Task::Global("builtins", "getattr"),
                Task::Open,
                Task::Named(key.0.clone(), owner),
                Task::PlainText(last),
                Task::Tuple(2),
                Task::Op(op::REDUCE),
                Task::PutGlobal(key.0, key.1),
            ]);
            return Ok(());
        }
        let fits = |name: &[u8]| match self.writer.protocol {
            3 => std::str::from_utf8(name).is_ok_and(|name| !name.contains('\n')),
            _ => name.is_ascii() && !name.contains(&b'\n'),
        };
        if [&key.0, &key.1].iter().any(|name| name.is_empty() || !fits(name)) {
            let what = format!("protocol {} cannot write this name", self.writer.protocol);
            return Err(Error::new(ErrorKind::Unsupported { what: what.into() })
                .with_hint("protocol 4 writes any name"));
        }
        let (module, name) = match self.writer.protocol {
            0..=2 if self.fix_imports => names::to_python2(&key.0, &key.1),
            _ => (key.0.clone(), key.1.clone()),
        };
        self.writer.line_pair(op::GLOBAL, &module, &name);
        self.globals.insert(key, self.memo_len);
        self.put();
        Ok(())
    }

    fn named_text(&mut self, text: &[u8]) {
        match std::str::from_utf8(text) {
            Ok("builtins") => self.constant("builtins"),
            _ => {
                self.writer.boundary();
                self.writer.text(text);
                self.put_unused();
            }
        }
    }

    pub(super) fn new_object(&mut self, id: NodeId, object: Object) {
        let kwargs = self.graph.extras(object).kwargs;
        let (class, args) = (Task::Save(object.callee), Task::Save(object.args));
        match (self.writer.protocol, kwargs) {
            (2.., None) => self.push([class, args, Task::Op(op::NEWOBJ), Task::EndCall(id)]),
            (4.., Some(kwargs)) => {
                let kwargs = Task::Save(kwargs);
                self.push([class, args, kwargs, Task::Op(op::NEWOBJ_EX), Task::EndCall(id)]);
            }
            (_, Some(kwargs)) => self.push([
                Task::Global("copyreg", "__newobj_ex__"),
                Task::Op(op::MARK),
                class,
                args,
                Task::Save(kwargs),
                Task::Op(op::TUPLE),
                Task::Put,
                Task::Op(op::REDUCE),
                Task::EndCall(id),
            ]),
            (_, None) => {
                self.push([
                    Task::Op(op::TUPLE),
                    Task::Put,
                    Task::Op(op::REDUCE),
                    Task::EndCall(id),
                ]);
                if let Node::Tuple { items, .. } = self.graph.node(object.args) {
                    let items = self.graph.edges(items).iter().rev();
                    self.tasks.extend(items.map(|item| Task::Save(*item)));
                }
                self.push([Task::Global("copyreg", "__newobj__"), Task::Op(op::MARK), class]);
            }
        }
    }

    /// The object exists: what was done to it afterwards.
    pub(super) fn end_call(&mut self, id: NodeId) {
        if self.memo[id.index()] != UNSEEN {
            self.writer.op(op::POP);
            return self.writer.get(self.memo[id.index()]);
        }
        self.put_node(id);
        let graph = self.graph;
        let (Node::Call(object) | Node::New(object)) = graph.node(id) else { return };
        let extras = graph.extras(object);
        for setter in graph.edges(extras.setters).iter().rev() {
            self.setter(*setter);
        }
        for state in graph.edges(extras.states).iter().rev() {
            self.push([Task::Save(*state), Task::Op(op::BUILD)]);
        }
        if self.writer.protocol >= 4 && !extras.adds.is_empty() {
            self.push_batch(graph.edges(extras.adds).into(), op::ADDITEMS, Form::Set);
        }
        self.push_batch(graph.edges(extras.pairs).into(), op::SETITEM, Form::Iterated);
        self.push_batch(graph.edges(extras.items).into(), op::APPEND, Form::Iterated);
    }

    /// A call made for what it does to an object, which stays on the stack.
    fn setter(&mut self, id: NodeId) {
        let Node::Call(call) = self.graph.node(id) else { return };
        let Node::Tuple { items, .. } = self.graph.node(call.args) else { return };
        let [object, state] = *self.graph.edges(items) else { return };
        let tuple = if self.writer.protocol >= 2 { op::TUPLE2 } else { op::TUPLE };
        self.push([
            Task::Save(call.callee),
            Task::Open,
            Task::Save(object),
            Task::Save(state),
            Task::Op(tuple),
            Task::Op(op::REDUCE),
            Task::Op(op::POP),
        ]);
    }

    pub(super) fn persistent(&mut self, id: NodeId) -> Result<()> {
        if self.writer.protocol >= 1 {
            self.push([Task::Save(id), Task::Op(op::BINPERSID)]);
            return Ok(());
        }
        match self.graph.text(id) {
            Some(text) if text.is_ascii() && !text.contains('\n') => {
                self.writer.persid(text.as_bytes());
                Ok(())
            }
            _ => Err(Error::new(ErrorKind::Unsupported {
                what: "protocol 0 writes only lines of ASCII as persistent ids".into(),
            })),
        }
    }
}
