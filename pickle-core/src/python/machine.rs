//! The stack machine: opcodes in, nodes of a graph out. It loops and never recurses.
//!
//! It accepts and refuses as CPython's C machine does, and keeps to frames as strictly as its
//! machine in Python does. As in C, marks lie on a stack of their own
//! and the topmost one is a fence that nothing but its own opcode pops beyond.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind, Result};
use crate::graph::bigint;
use crate::graph::{Graph, Node, NodeId};

use super::earlier::Earlier;
use super::input::Input;
use super::memo::Memo;
use super::number::{self, Int};
use super::opcode as op;
use super::options::LoadOptions;
use super::text::{self, Encoding};

/// Loads pickles in a row from one slice into one graph.
///
/// ```
/// use pickle_core::graph::Node;
/// use pickle_core::python::{LoadOptions, Machine};
/// let mut machine = Machine::new(b"\x80\x04]\x94(K\x01K\x02e.", LoadOptions::new());
/// let root = machine.load()?;
/// let Node::List(items) = machine.graph().node(root) else { panic!() };
/// assert_eq!(items.len(), 2);
/// # Ok::<(), pickle_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Machine<'de> {
    pub(super) input: Input<'de>,
    pub(super) graph: Graph<'de>,
    pub(super) stack: Vec<NodeId>,
    marks: Vec<usize>,
    fence: usize,
    pub(super) memo: Memo,
    pub(super) earlier: Earlier,
    options: LoadOptions<'de>,
    buffers: std::vec::IntoIter<Cow<'de, [u8]>>,
    /// Where the opcode that runs now begins.
    pub(super) start: usize,
    /// Bytes of memory that this load may take.
    budget: u64,
    /// Bytes that copies of names and bytearrays may still take, in proportion to the input.
    pub(super) copies_left: usize,
}

impl<'de> Machine<'de> {
    /// A machine at the start of `bytes`.
    pub fn new(bytes: &'de [u8], mut options: LoadOptions<'de>) -> Self {
        let buffers = std::mem::take(&mut options.buffers).into_iter();
        Self {
            input: Input::new(bytes),
            graph: Graph::new(bytes),
            stack: Vec::new(),
            marks: Vec::new(),
            fence: 0,
            memo: Memo::default(),
            earlier: Earlier::default(),
            buffers,
            start: 0,
            budget: options.limits.budget(bytes.len()),
            copies_left: copies_budget(bytes.len()),
            options,
        }
    }

    /// Loads a pickle that is part of the input of a graph, into that; its root.
    pub(crate) fn within(
        graph: Graph<'de>,
        range: std::ops::Range<usize>,
        options: LoadOptions<'de>,
    ) -> Result<(Graph<'de>, NodeId)> {
        let Some(input) = graph.input_until(range.end) else {
            return Err(Error::corrupt("a pickle outside its input"));
        };
        let mut machine = Self::new(input, options);
        machine.input = Input::within(input, range.start);
        machine.graph = graph;
        let root = machine.load()?;
        match range.end - machine.position() {
            0 => Ok((machine.graph, root)),
            count => {
                let error = Error::new(ErrorKind::TrailingBytes { count: count as u64 });
                Err(error.at(machine.position() as u64))
            }
        }
    }

    /// Loads the next pickle; its root. The memo stays, as in an `Unpickler` of Python used again.
    ///
    /// # Errors
    /// When the bytes break a rule of the format, end early, or need more than the limits allow.
    pub fn load(&mut self) -> Result<NodeId> {
        self.stack.clear();
        self.marks.clear();
        self.fence = 0;
        self.input.leave_frame();
        self.graph.set_old_names(true);
        loop {
            self.start = self.input.at();
            let code = self.input.byte()?;
            if code == op::STOP {
                return self.pop();
            }
            self.step(code).map_err(|error| error.at(self.start as u64))?;
        }
    }

    /// Forgets the memo, as a new `Unpickler` of Python.
    pub fn forget(&mut self) {
        self.memo.clear();
        self.earlier = Earlier::default();
    }

    /// The objects loaded so far.
    pub fn graph(&self) -> &Graph<'de> {
        &self.graph
    }

    /// The objects loaded so far, for good.
    pub fn into_graph(self) -> Graph<'de> {
        self.graph
    }

    /// How many bytes have been read.
    pub fn position(&self) -> usize {
        self.input.at()
    }

    fn step(&mut self, code: u8) -> Result<()> {
        match code {
            op::MARK => {
                self.marks.push(self.stack.len());
                self.fence = self.stack.len();
                Ok(())
            }
            op::NONE => self.push(Node::None),
            op::NEWTRUE => self.push(Node::Bool(true)),
            op::NEWFALSE => self.push(Node::Bool(false)),
            op::BININT1 => self.input.byte().and_then(|int| self.push(Node::Int(int.into()))),
            op::BININT2 => {
                let int = u16::from_le_bytes(self.input.array()?);
                self.push(Node::Int(int.into()))
            }
            op::BININT => {
                let int = i32::from_le_bytes(self.input.array()?);
                self.push(Node::Int(int.into()))
            }
            op::BINFLOAT => {
                let float = f64::from_be_bytes(self.input.array()?);
                self.push(Node::Float(float))
            }
            op::SHORT_BINUNICODE | op::BINUNICODE | op::BINUNICODE8 => self.unicode(code),
            op::BINGET => self.input.byte().and_then(|index| self.get(index.into())),
            op::LONG_BINGET => {
                let index = u32::from_le_bytes(self.input.array()?);
                self.get(index.into())
            }
            op::MEMOIZE => self.memoize(),
            op::BINPUT => self.input.byte().and_then(|index| self.put(index.into())),
            op::LONG_BINPUT => {
                let index = u32::from_le_bytes(self.input.array()?);
                self.put(index.into())
            }
            op::EMPTY_LIST => self.push(Node::List(Default::default())),
            op::EMPTY_DICT => self.push(Node::Dict(Default::default())),
            op::EMPTY_SET => self.push(Node::Set(Default::default())),
            op::EMPTY_TUPLE => self.tuple(self.stack.len()),
            op::TUPLE1 => self.short_tuple(1),
            op::TUPLE2 => self.short_tuple(2),
            op::TUPLE3 => self.short_tuple(3),
            op::TUPLE => self.mark().and_then(|start| self.tuple(start)),
            op::APPEND => self.append(self.stack.len().saturating_sub(1)),
            op::APPENDS => self.mark().and_then(|start| self.append(start)),
            op::SETITEM => self.set_items(self.stack.len().saturating_sub(2)),
            op::SETITEMS => self.mark().and_then(|start| self.set_items(start)),
            op::ADDITEMS => self.mark().and_then(|start| self.add_items(start)),
            _ => self.rare_step(code),
        }
    }

    /// The opcodes that run less often; apart, so that the loop above stays small.
    fn rare_step(&mut self, code: u8) -> Result<()> {
        match code {
            op::PROTO => match self.input.byte()? {
                version @ 0..=5 => {
                    self.graph.set_old_names(version < 3);
                    Ok(())
                }
                version => Err(self.unsupported(format!("there is no protocol {version}"))),
            },
            op::FRAME => {
                let size = u64::from_le_bytes(self.input.array()?);
                self.input.enter_frame(size)
            }
            op::LIST => {
                let start = self.mark()?;
                let items = self.graph.link(&self.stack[start..]);
                self.stack.truncate(start);
                self.push(Node::List(items))
            }
            op::DICT => self.dict(),
            op::FROZENSET => {
                let start = self.mark()?;
                self.check_hashable(self.stack[start..].iter())?;
                let items = self.graph.link(&self.stack[start..]);
                self.stack.truncate(start);
                self.push(Node::FrozenSet(items))
            }
            op::POP => {
                if self.marks.last() == Some(&self.stack.len()) {
                    return self.mark().map(drop);
                }
                let dropped = self.pop()?;
                self.keep_setter(dropped)
            }
            op::POP_MARK => {
                let start = self.mark()?;
                self.stack.truncate(start);
                Ok(())
            }
            op::DUP => self.top().map(|id| self.stack.push(id)),
            op::GET => {
                let index = self.index()?;
                self.get(u64::try_from(index).unwrap_or(u64::MAX))
            }
            op::PUT => {
                let index = self.index()?;
                match u64::try_from(index) {
                    Ok(index) => self.put(index),
                    Err(_) => Err(self.corrupt("a memo index is negative")),
                }
            }
            op::INT | op::LONG | op::LONG1 | op::LONG4 => self.integer(code),
            op::FLOAT => match number::float(self.input.full_line()?) {
                Some(float) => self.push(Node::Float(float)),
                None => Err(self.corrupt("a float is malformed or too large")),
            },
            op::STRING | op::BINSTRING | op::SHORT_BINSTRING => self.python2_string(code),
            op::UNICODE => {
                let at = self.input.at();
                let line = self.input.line()?;
                let text = text::raw_unicode(line).map_err(|what| self.corrupt(what))?;
                let span = self.graph.intern(text, at);
                self.push(Node::Str(span))
            }
            op::SHORT_BINBYTES | op::BINBYTES | op::BINBYTES8 => {
                let span = self.counted(code)?;
                self.push(Node::Bytes(span))
            }
            op::BYTEARRAY8 => {
                let span = self.counted(code)?;
                self.push(Node::ByteArray(span))
            }
            op::NEXT_BUFFER => match self.buffers.next() {
                Some(buffer) => {
                    let index = self.graph.add_buffer(buffer);
                    self.push(Node::Buffer { index, readonly: false })
                }
                None => Err(self
                    .corrupt("there is no out-of-band buffer left")
                    .with_hint("pass the buffers that the pickler handed to `buffer_callback`")),
            },
            op::READONLY_BUFFER => self.readonly_buffer(),
            op::EXT1 | op::EXT2 | op::EXT4 => self.extension(code),
            op::GLOBAL | op::STACK_GLOBAL => self.global(code),
            op::INST | op::OBJ => self.instance(code),
            op::NEWOBJ | op::NEWOBJ_EX => self.new_object(code),
            op::REDUCE => self.reduce(),
            op::BUILD => self.build(),
            op::PERSID => {
                let at = self.input.at();
                let line = self.input.line()?;
                if !line.is_ascii() {
                    return Err(self.corrupt("a persistent id is not ASCII"));
                }
                let span = self.graph.intern(Cow::Borrowed(line), at);
                let id = self.add(Node::Str(span))?;
                self.push(Node::PersistentId(id))
            }
            op::BINPERSID => {
                let id = self.pop()?;
                self.push(Node::PersistentId(id))
            }
            code => Err(self.corrupt(format!("no opcode has the byte {code:#04x}"))),
        }
    }

    /// A node at the opcode that runs now.
    pub(super) fn add(&mut self, node: Node) -> Result<NodeId> {
        self.reserve()?;
        Ok(self.graph.add(node, self.start))
    }

    pub(super) fn push(&mut self, node: Node) -> Result<()> {
        let id = self.add(node)?;
        self.stack.push(id);
        Ok(())
    }

    /// Checks the limits wherever memory grows.
    pub(super) fn reserve(&self) -> Result<()> {
        let nodes = self.graph.len() as u64;
        if nodes >= self.options.limits.max_nodes.min(u64::from(u32::MAX - 1)) {
            let limit = self.options.limits.max_nodes;
            return Err(Error::corrupt(format!("there are more than {limit} objects")));
        }
        // Ranges count in u32, and one that moves doubles its room.
        if self.graph.edge_count() + self.stack.len() > (u32::MAX / 4) as usize {
            return Err(Error::corrupt("objects hold more than 2^30 others"));
        }
        // Doubling is about to happen: count the memory then, not for every node.
        if self.graph.is_full() && 2 * self.graph.footprint() > self.budget {
            return Err(Error::new(ErrorKind::Memory { limit: self.budget }));
        }
        Ok(())
    }

    pub(super) fn pop(&mut self) -> Result<NodeId> {
        let id = self.top()?;
        self.stack.pop();
        Ok(id)
    }

    fn top(&self) -> Result<NodeId> {
        match self.stack.last() {
            Some(id) if self.stack.len() > self.fence => Ok(*id),
            _ => Err(self.underflow()),
        }
    }

    /// Whether something lies below `start` that an opcode may change, and where.
    pub(super) fn below(&self, start: usize) -> Result<NodeId> {
        match self.stack.get(start.wrapping_sub(1)) {
            Some(id) if start > self.fence => Ok(*id),
            _ => Err(self.underflow()),
        }
    }

    /// Takes the topmost mark: where on the stack it was set.
    pub(super) fn mark(&mut self) -> Result<usize> {
        let mark = self.marks.pop().ok_or_else(|| self.corrupt("there is no mark"))?;
        self.fence = self.marks.last().copied().unwrap_or(0);
        Ok(mark)
    }

    pub(super) fn fence(&self) -> usize {
        self.fence
    }

    fn get(&mut self, index: u64) -> Result<()> {
        match self.memo.get(index) {
            Some(id) => {
                self.stack.push(id);
                Ok(())
            }
            None => self.get_earlier(index),
        }
    }

    pub(super) fn put(&mut self, index: u64) -> Result<()> {
        let id = self.top()?;
        self.memo.put(index, id);
        Ok(())
    }

    fn index(&mut self) -> Result<i64> {
        let line = self.input.full_line()?;
        number::index(line).ok_or_else(|| self.corrupt("a memo index is no number"))
    }

    fn short_tuple(&mut self, len: usize) -> Result<()> {
        match self.stack.len().checked_sub(len) {
            Some(start) if start >= self.fence => self.tuple(start),
            _ => Err(self.underflow()),
        }
    }

    /// A tuple of what lies above `start`.
    fn tuple(&mut self, start: usize) -> Result<()> {
        let id = self.pop_tuple(start)?;
        self.stack.push(id);
        Ok(())
    }

    pub(super) fn pop_tuple(&mut self, start: usize) -> Result<NodeId> {
        self.reserve()?;
        let id = self.graph.add_tuple(&self.stack[start..], self.start);
        self.stack.truncate(start);
        Ok(id)
    }

    fn unicode(&mut self, code: u8) -> Result<()> {
        let count = self.count(code)?;
        let at = self.input.at();
        let bytes = self.input.take(count)?;
        if let Err(bad) = text::check_utf8(bytes) {
            return Err(Error::new(ErrorKind::InvalidUtf8).at((at + bad) as u64));
        }
        let span = self.graph.intern(Cow::Borrowed(bytes), at);
        self.push(Node::Str(span))
    }

    fn python2_string(&mut self, code: u8) -> Result<()> {
        let (bytes, at) = if code == op::STRING {
            let at = self.input.at() + 1;
            let line = self.input.line()?;
            (text::unquote(line).map_err(|what| self.corrupt(what))?, at)
        } else {
            let count = self.count(code)?;
            let at = self.input.at();
            (Cow::Borrowed(self.input.take(count)?), at)
        };
        let encoding = self.options.encoding;
        if matches!(encoding, Encoding::Bytes) {
            let span = self.graph.intern(bytes, at);
            return self.push(Node::Bytes(span));
        }
        let Some(text) = text::decode(bytes, encoding, self.options.on_invalid) else {
            let error = self.corrupt("a string of Python 2 has bytes that the encoding lacks");
            return Err(
                error.with_hint("Encoding::Latin1 reads any bytes, Encoding::Bytes keeps them")
            );
        };
        let span = self.graph.intern(text, at);
        self.push(Node::Str(span))
    }

    fn integer(&mut self, code: u8) -> Result<()> {
        if matches!(code, op::LONG1 | op::LONG4) {
            let count = self.count(code)?;
            let at = self.input.at();
            let bytes = self.input.take(count)?;
            return match bigint::small(bytes) {
                Some(int) => self.push(Node::Int(int)),
                None => {
                    let span = self.graph.intern(Cow::Borrowed(bigint::trim(bytes)), at);
                    self.push(Node::BigInt(span))
                }
            };
        }
        let line = self.input.full_line()?;
        let int = if code == op::INT {
            number::int(line)
        } else {
            number::long(line.strip_suffix(b"L").unwrap_or(line))
        };
        match int {
            // `I01` is how protocols 0 and 1 write `True`.
            Some(Int::Small(int @ 0..=1)) if code == op::INT && line.len() == 2 => {
                self.push(Node::Bool(int == 1))
            }
            Some(Int::Small(int)) => self.push(Node::Int(int)),
            Some(Int::Big(bytes)) => {
                let span = self.graph.own(&bytes);
                self.push(Node::BigInt(span))
            }
            None => Err(self.corrupt("an integer is malformed or has more than 4300 digits")),
        }
    }

    /// The count in front of a counted argument.
    fn count(&mut self, code: u8) -> Result<u64> {
        Ok(match code {
            op::SHORT_BINUNICODE | op::SHORT_BINSTRING | op::SHORT_BINBYTES | op::LONG1 => {
                self.input.byte()?.into()
            }
            op::BINUNICODE8 | op::BINBYTES8 | op::BYTEARRAY8 => {
                u64::from_le_bytes(self.input.array()?)
            }
            op::LONG4 => match i32::from_le_bytes(self.input.array()?) {
                count @ 0.. => count as u64,
                _ => return Err(self.corrupt("an integer has a negative size")),
            },
            _ => u32::from_le_bytes(self.input.array()?).into(),
        })
    }

    fn counted(&mut self, code: u8) -> Result<crate::graph::Span> {
        let count = self.count(code)?;
        let at = self.input.at();
        let bytes = self.input.take(count)?;
        Ok(self.graph.intern(Cow::Borrowed(bytes), at))
    }

    fn readonly_buffer(&mut self) -> Result<()> {
        let id = self.top()?;
        match self.graph.node(id) {
            Node::Buffer { index, readonly: false } => {
                self.stack.pop();
                self.push(Node::Buffer { index, readonly: true })
            }
            Node::Bytes(_) | Node::Buffer { .. } => Ok(()),
            // A read-only view of a bytearray: the bytes as they are now.
            Node::ByteArray(span) => {
                self.stack.pop();
                self.push(Node::Bytes(span))
            }
            _ => Err(self.corrupt("only a buffer can be made read-only")),
        }
    }

    fn extension(&mut self, code: u8) -> Result<()> {
        let number = match code {
            op::EXT1 => self.input.byte()?.into(),
            op::EXT2 => u16::from_le_bytes(self.input.array()?).into(),
            _ => i32::from_le_bytes(self.input.array()?),
        };
        let name = u32::try_from(number).ok().and_then(|code| self.options.extensions.get(&code));
        let Some((module, name)) = name else {
            return Err(self.corrupt(format!("no name is known for extension code {number}")));
        };
        let (module, name) = (self.graph.own(module.as_bytes()), self.graph.own(name.as_bytes()));
        let (module, name) = (self.add(Node::Str(module))?, self.add(Node::Str(name))?);
        self.push(Node::Global { module, name })
    }

    #[cold]
    pub(super) fn corrupt(&self, what: impl Into<Cow<'static, str>>) -> Error {
        Error::corrupt(what).at(self.start as u64)
    }

    #[cold]
    fn unsupported(&self, what: String) -> Error {
        Error::new(ErrorKind::Unsupported { what: what.into() }).at(self.start as u64)
    }

    #[cold]
    fn underflow(&self) -> Error {
        let what = if self.fence > 0 { "a mark is in the way" } else { "the stack is empty" };
        self.corrupt(what)
    }
}

/// How many bytes of copies a pickle of so many bytes may make.
pub(super) const fn copies_budget(len: usize) -> usize {
    len.saturating_mul(16).saturating_add(1 << 16)
}
