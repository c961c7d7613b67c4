//! How the saver writes what has no opcode of its own in a protocol: calls by name.

use std::rc::Rc;

use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Node, NodeId, Object};
use crate::limits::Limits;
use crate::protocol::Protocol;
use crate::traits::Pickle;

use super::opcode as op;
use super::save_graph::{Form, GraphSaver, Task, UNSEEN};
use super::saver::{Saver, save_value};
use super::{LoadOptions, Machine, SaveOptions};

impl GraphSaver<'_, '_, '_> {
    pub(super) fn bytes(&mut self, id: NodeId, bytes: &[u8]) -> Result<()> {
        self.saver.bare_bytes(bytes)?;
        self.put_node(id);
        Ok(())
    }

    pub(super) fn bytearray(&mut self, id: NodeId, bytes: &[u8]) -> Result<()> {
        self.saver.bare_bytearray(bytes)?;
        self.put_node(id);
        Ok(())
    }

    pub(super) fn set(&mut self, id: NodeId, items: Rc<[NodeId]>) -> Result<()> {
        if self.saver.writer.protocol >= 4 {
            self.saver.writer.op(op::EMPTY_SET);
            self.put_node(id);
            self.push_batch(items, op::ADDITEMS, Form::Set);
            return Ok(());
        }
        self.old_set(id, items, "set")
    }

    pub(super) fn frozen_set(&mut self, id: NodeId, items: Rc<[NodeId]>) -> Result<()> {
        if self.saver.writer.protocol >= 4 {
            self.saver.writer.op(op::MARK);
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
            let what = format!(
                "protocol {} cannot write a set that holds itself",
                self.saver.writer.protocol
            );
            return Err(Error::new(ErrorKind::Unsupported { what: what.into() })
                .with_hint("protocol 4 can"));
        }
        self.push([Task::Tuple(1), Task::Op(op::REDUCE), Task::EndCall(id)]);
        self.push_batch(items, op::APPEND, Form::Exact);
        self.tasks.push(Task::Put);
        if self.saver.writer.protocol >= 1 {
            self.push([Task::Global("builtins", class), Task::Open, Task::Op(op::EMPTY_LIST)]);
        } else {
            let (open, mark) = (Task::Open, Task::Op(op::MARK));
            self.push([Task::Global("builtins", class), open, mark, Task::Op(op::LIST)]);
        }
        Ok(())
    }

    pub(super) fn new_object(&mut self, id: NodeId, object: Object) {
        let kwargs = self.graph.extras(object).kwargs;
        let (class, args) = (Task::Save(object.callee), Task::Save(object.args));
        match (self.saver.writer.protocol, kwargs) {
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
            self.saver.writer.op(op::POP);
            return self.saver.writer.get(self.memo[id.index()]);
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
        if self.saver.writer.protocol >= 4 && !extras.adds.is_empty() {
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
        let tuple = if self.saver.writer.protocol >= 2 { op::TUPLE2 } else { op::TUPLE };
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
        if self.saver.writer.protocol >= 1 {
            self.push([Task::Save(id), Task::Op(op::BINPERSID)]);
            return Ok(());
        }
        match self.graph.text(id) {
            Some(text) if is_line(text) => {
                self.saver.writer.persid(text.as_bytes());
                Ok(())
            }
            _ => Err(no_line()),
        }
    }
}

impl Saver<'_> {
    /// An object that lives elsewhere, by its id.
    ///
    /// # Errors
    /// When the id cannot be saved; in protocol 0, when it is no line of ASCII.
    pub(crate) fn persistent_object<I: Pickle>(&mut self, id: &I) -> Result<()> {
        let shared = self.begin();
        if self.writer.protocol >= 1 {
            self.outside_key(|saver| saver.nest(|saver| id.save(saver)))?;
            self.writer.op(op::BINPERSID);
        } else {
            // Only text can be a line, whatever the type it comes from.
            let (options, limits) = (SaveOptions::new(Protocol::PYTHON_HIGHEST), Limits::DEFAULT);
            let mut pickle = Vec::new();
            save_value(id, &options, &limits, &self.env, None, None, &mut pickle)?;
            let mut machine = Machine::new(&pickle, LoadOptions::new());
            let root = machine.load()?;
            match machine.graph().text(root) {
                Some(text) if is_line(text) => self.writer.persid(text.as_bytes()),
                _ => return Err(no_line()),
            }
        }
        self.share(shared, None);
        Ok(())
    }
}

/// Whether protocol 0 can write the text as a persistent id.
fn is_line(text: &str) -> bool {
    text.is_ascii() && !text.contains('\n')
}

#[cold]
fn no_line() -> Error {
    Error::new(ErrorKind::Unsupported {
        what: "protocol 0 writes only lines of ASCII as persistent ids".into(),
    })
}
