//! The stack machine: opcodes in, a graph out. It never imports, calls or runs anything.

use std::collections::HashMap;

use super::Extensions;
use super::opcode::*;
use super::text::{self, Encoding, Integer, OnError};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Blob, Edges, GlobalName, Graph, Kind, Made, Node, NodeId, ObjectParts, Part};
use crate::limits::Limits;

/// What reading may be told.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options<'a> {
    pub(crate) encoding: Encoding,
    pub(crate) errors: OnError,
    /// The buffers that came beside the pickle, if any were expected.
    pub(crate) buffers: Option<&'a [&'a [u8]]>,
    /// Module and name of each extension code.
    pub(crate) extensions: Option<&'a Extensions>,
    pub(crate) limits: Limits,
}

/// Reads one pickle.
pub(crate) struct Machine<'de> {
    input: &'de [u8],
    at: usize,
    /// Where the opcode at hand began.
    start: usize,
    /// Where the frame at hand ends; what lies ahead of `at` is in no frame.
    frame_end: usize,
    options: Options<'de>,
    graph: Graph<'de>,
    stack: Vec<NodeId>,
    /// Heights of the stack where marks are.
    marks: Vec<usize>,
    memo: Memo,
    /// How many buffers are used up.
    buffers: usize,
    /// Where in the input memory is looked at again.
    next_check: usize,
}

/// Bytes of input between two looks at memory.
const CHECK_EVERY: usize = 1 << 16;

impl<'de> Machine<'de> {
    /// Reads the pickle at the front of `input`; returns how long it is.
    pub(crate) fn run(input: &'de [u8], options: Options<'de>) -> Result<(Graph<'de>, usize)> {
        let mut machine = Self {
            input,
            at: 0,
            start: 0,
            frame_end: 0,
            options,
            graph: Graph::default(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: Memo::default(),
            buffers: 0,
            next_check: CHECK_EVERY,
        };
        machine.graph.has_old_names = true;
        match machine.read() {
            Ok(root) => {
                let mut graph = machine.graph;
                graph.set_root(root);
                graph.settle()?;
                Ok((graph, machine.at))
            }
            Err(error) => Err(error.at(machine.start as u64)),
        }
    }

    fn read(&mut self) -> Result<NodeId> {
        loop {
            self.start = self.at;
            let [code] = self.array()?;
            if code == STOP {
                return self.pop();
            }
            self.step(code)?;
            if self.at >= self.next_check {
                self.check_memory()?;
            }
        }
    }

    fn check_memory(&mut self) -> Result<()> {
        self.next_check = self.at + CHECK_EVERY;
        let limits = &self.options.limits;
        if self.graph.len() as u64 > limits.max_nodes
            || self.graph.memory() > limits.budget(self.input.len())
        {
            return Err(Error::new(ErrorKind::Memory { limit: limits.max_alloc_bytes }));
        }
        Ok(())
    }

    /// Opcodes that make values.
    fn step(&mut self, code: u8) -> Result<()> {
        match code {
            PROTO => self.proto(),
            FRAME => self.frame(),
            NONE => self.push(Node::None),
            NEWTRUE => self.push(Node::Bool(true)),
            NEWFALSE => self.push(Node::Bool(false)),
            INT => self.int_line(),
            LONG | BININT | BININT1 | BININT2 | LONG1 | LONG4 => self.number(code),
            FLOAT => {
                let value = text::float(self.line_feed()?)?;
                self.push(Node::Float(value))
            }
            BINFLOAT => {
                let value = f64::from_be_bytes(self.array()?);
                self.push(Node::Float(value))
            }
            STRING | BINSTRING | SHORT_BINSTRING => self.string(code),
            UNICODE => {
                let line = self.line()?;
                let text = text::raw_unicode_escape(line)?;
                self.push_made(line, &text, Node::Str)
            }
            SHORT_BINUNICODE => self.unicode::<1>(),
            BINUNICODE => self.unicode::<4>(),
            BINUNICODE8 => self.unicode::<8>(),
            SHORT_BINBYTES => self.sized::<1>(Node::Bytes),
            BINBYTES => self.sized::<4>(Node::Bytes),
            BINBYTES8 => self.sized::<8>(Node::Bytes),
            BYTEARRAY8 => self.sized::<8>(Node::ByteArray),
            NEXT_BUFFER => self.next_buffer(),
            READONLY_BUFFER => self.readonly_buffer(),
            EMPTY_LIST => self.push(Node::List(Edges::default())),
            EMPTY_TUPLE => self.push(Node::Tuple(Edges::default())),
            EMPTY_DICT => self.push(Node::Dict(Edges::default())),
            EMPTY_SET => self.push(Node::Set(Edges::default())),
            LIST => self.make_from_mark(Node::List),
            TUPLE => self.make_from_mark(Node::Tuple),
            FROZENSET => self.make_from_mark(Node::FrozenSet),
            DICT => self.dict(),
            TUPLE1 => self.tuple(1),
            TUPLE2 => self.tuple(2),
            TUPLE3 => self.tuple(3),
            _ => self.step_on(code),
        }
    }

    /// Opcodes that work on values.
    fn step_on(&mut self, code: u8) -> Result<()> {
        match code {
            APPEND => self.append(self.stack.len().wrapping_sub(1)),
            APPENDS => {
                let from = self.mark()?;
                self.append(from)
            }
            SETITEM => self.set_items(self.stack.len().wrapping_sub(2)),
            SETITEMS => {
                let from = self.mark()?;
                self.set_items(from)
            }
            ADDITEMS => self.add_items(),
            MARK => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            POP => self.discard(),
            POP_MARK => {
                let from = self.mark()?;
                self.stack.truncate(from);
                Ok(())
            }
            DUP => {
                let top = self.top()?;
                self.stack.push(top);
                Ok(())
            }
            GET | BINGET | LONG_BINGET => self.memo_get(code),
            PUT | BINPUT | LONG_BINPUT | MEMOIZE => self.memo_put(code),
            GLOBAL => {
                let name = self.global_lines()?;
                self.push_global(name)
            }
            STACK_GLOBAL => self.stack_global(),
            EXT1 => self.extension::<1>(),
            EXT2 => self.extension::<2>(),
            EXT4 => self.extension::<4>(),
            PERSID => self.persistent_line(),
            BINPERSID => {
                let id = self.pop()?;
                self.push(Node::Persistent(id))
            }
            REDUCE => self.reduce(),
            NEWOBJ | NEWOBJ_EX => self.new_object(code),
            INST => self.inst(),
            OBJ => self.obj(),
            BUILD => self.build(),
            _ => Err(Error::corrupt(format!("no opcode is {code:#04x}"))),
        }
    }

    // -----------------------------------------------------------------------------------------
    // Input.

    fn take(&mut self, count: usize) -> Result<&'de [u8]> {
        let left = self.input.len() - self.at;
        if count > left {
            let (needed, left) = (count as u64, left as u64);
            return Err(Error::new(ErrorKind::UnexpectedEnd { needed, left }));
        }
        if self.at < self.frame_end && self.at + count > self.frame_end {
            return Err(Error::corrupt("an item that goes on after its frame"));
        }
        let bytes = &self.input[self.at..self.at + count];
        self.at += count;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let bytes = self.take(N)?;
        Ok(bytes.try_into().expect("N bytes"))
    }

    /// A little-endian number of `N` bytes.
    fn size<const N: usize>(&mut self) -> Result<usize> {
        let mut all = [0; 8];
        all[..N].copy_from_slice(&self.array::<N>()?);
        // More than memory holds is more than the input has.
        Ok(usize::try_from(u64::from_le_bytes(all)).unwrap_or(usize::MAX))
    }

    /// The rest of the line, its line feed included.
    fn line_feed(&mut self) -> Result<&'de [u8]> {
        let rest = &self.input[self.at..];
        match memchr::memchr(b'\n', rest) {
            Some(end) => self.take(end + 1),
            None => {
                let left = rest.len() as u64;
                Err(Error::new(ErrorKind::UnexpectedEnd { needed: left + 1, left }))
            }
        }
    }

    fn line(&mut self) -> Result<&'de [u8]> {
        let line = self.line_feed()?;
        Ok(&line[..line.len() - 1])
    }

    /// A line that is not empty, its line feed included.
    fn full_line(&mut self) -> Result<&'de [u8]> {
        match self.line_feed()? {
            [_] => Err(Error::corrupt("an empty line where there must be a value")),
            line => Ok(line),
        }
    }

    fn proto(&mut self) -> Result<()> {
        match self.array()? {
            [version @ 0..=5] => {
                self.graph.has_old_names = version < 3;
                Ok(())
            }
            [version] => {
                let what = format!("Python protocol {version}, where 5 is the highest known");
                Err(Error::new(ErrorKind::Unsupported { what: what.into() }))
            }
        }
    }

    /// No item may begin in one frame and end in another. CPython's Python machine says so; its C
    /// machine misreads such pickles when they come from a file.
    fn frame(&mut self) -> Result<()> {
        let size = self.size::<8>()?;
        if self.at < self.frame_end {
            return Err(Error::corrupt("a frame inside a frame"));
        }
        self.take(size)?;
        self.frame_end = self.at;
        self.at -= size;
        Ok(())
    }

    // -----------------------------------------------------------------------------------------
    // Stack.

    /// The height below which the topmost mark hides the stack.
    fn fence(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn pop(&mut self) -> Result<NodeId> {
        if self.stack.len() <= self.fence() {
            return Err(underflow());
        }
        self.pop_pushed()
    }

    /// What was just pushed, whatever marks there are.
    fn pop_pushed(&mut self) -> Result<NodeId> {
        self.stack.pop().ok_or_else(underflow)
    }

    fn top(&self) -> Result<NodeId> {
        match self.stack.last() {
            Some(top) if self.stack.len() > self.fence() => Ok(*top),
            _ => Err(underflow()),
        }
    }

    /// Takes the topmost mark away; returns the height of the stack where it was.
    fn mark(&mut self) -> Result<usize> {
        self.marks.pop().ok_or_else(|| Error::corrupt("there is no MARK"))
    }

    fn discard(&mut self) -> Result<()> {
        if self.marks.last() == Some(&self.stack.len()) {
            self.marks.pop();
            return Ok(());
        }
        self.pop().map(|_| ())
    }

    fn push(&mut self, node: Node<'de>) -> Result<()> {
        let id = self.graph.add(node, self.start)?;
        self.stack.push(id);
        Ok(())
    }

    /// Pushes what was made of `input`, borrowed where it is still the same.
    fn push_made(
        &mut self,
        input: &'de [u8],
        made: &[u8],
        node: fn(Blob<'de>) -> Node<'de>,
    ) -> Result<()> {
        let blob = if input == made { Blob::Input(input) } else { self.graph.own(made)? };
        self.push(node(blob))
    }

    /// Makes a node of what is above the topmost mark.
    fn make_from_mark(&mut self, node: fn(Edges) -> Node<'de>) -> Result<()> {
        let from = self.mark()?;
        self.make_from(from, node)
    }

    fn make_from(&mut self, from: usize, node: fn(Edges) -> Node<'de>) -> Result<()> {
        let edges = self.graph.parts(&self.stack[from..])?;
        self.stack.truncate(from);
        self.push(node(edges))
    }

    fn tuple(&mut self, count: usize) -> Result<()> {
        if self.stack.len() - self.fence() < count {
            return Err(underflow());
        }
        self.make_from(self.stack.len() - count, Node::Tuple)
    }

    fn dict(&mut self) -> Result<()> {
        let from = self.mark()?;
        if !(self.stack.len() - from).is_multiple_of(2) {
            return Err(Error::corrupt("a DICT of an odd number of items"));
        }
        self.make_from(from, Node::Dict)
    }

    // -----------------------------------------------------------------------------------------
    // Scalars.

    fn number(&mut self, code: u8) -> Result<()> {
        let integer = match code {
            BININT => Integer::Small(i32::from_le_bytes(self.array()?).into()),
            BININT1 => Integer::Small(self.size::<1>()? as i64),
            BININT2 => Integer::Small(self.size::<2>()? as i64),
            LONG1 => {
                let size = self.size::<1>()?;
                text::from_bytes(self.take(size)?)
            }
            LONG4 => {
                let size = self.signed_size()?;
                text::from_bytes(self.take(size)?)
            }
            _ => {
                let line = self.full_line()?;
                let line = &line[..line.len() - 1];
                text::integer(line.strip_suffix(b"L").unwrap_or(line), 0)?
            }
        };
        self.push_integer(integer)
    }

    /// A size of four bytes with a sign.
    fn signed_size(&mut self) -> Result<usize> {
        let size = i32::from_le_bytes(self.array()?);
        usize::try_from(size).map_err(|_| Error::corrupt("a negative size"))
    }

    fn push_integer(&mut self, integer: Integer) -> Result<()> {
        match integer {
            Integer::Small(value) => self.push(Node::Int(value)),
            Integer::Large(bytes) => {
                let blob = self.graph.own(&bytes)?;
                self.push(Node::BigInt(blob))
            }
        }
    }

    /// INT: C's reading of a number, where 00 and 01 are `False` and `True`.
    fn int_line(&mut self) -> Result<()> {
        let line = self.full_line()?;
        match text::strtol(line) {
            Some((value, [] | [b'\n' | 0, ..])) => match (line.len(), value) {
                (3, 0 | 1) => self.push(Node::Bool(value == 1)),
                _ => self.push(Node::Int(value)),
            },
            _ => {
                let integer = text::integer(line, 0)?;
                self.push_integer(integer)
            }
        }
    }

    fn string(&mut self, code: u8) -> Result<()> {
        let quoted;
        let (input, bytes): (&'de [u8], &[u8]) = match code {
            STRING => {
                let line = self.line()?;
                quoted = text::quoted(line)?;
                // Between the quotes, which is the same where nothing was escaped.
                (&line[1..line.len() - 1], &quoted)
            }
            BINSTRING => {
                let size = self.signed_size()?;
                let bytes = self.take(size)?;
                (bytes, bytes)
            }
            _ => {
                let size = self.size::<1>()?;
                let bytes = self.take(size)?;
                (bytes, bytes)
            }
        };
        let Options { encoding, errors, .. } = self.options;
        if encoding == Encoding::Bytes {
            return self.push_made(input, bytes, Node::Bytes);
        }
        let text = text::decode(bytes, encoding, errors)?;
        self.push_made(input, &text, Node::Str)
    }

    fn unicode<const N: usize>(&mut self) -> Result<()> {
        let size = self.size::<N>()?;
        let bytes = self.take(size)?;
        text::check_utf8(bytes)?;
        self.push(Node::Str(Blob::Input(bytes)))
    }

    fn sized<const N: usize>(&mut self, node: fn(Blob<'de>) -> Node<'de>) -> Result<()> {
        let size = self.size::<N>()?;
        let bytes = self.take(size)?;
        self.push(node(Blob::Input(bytes)))
    }

    fn next_buffer(&mut self) -> Result<()> {
        let Some(buffers) = self.options.buffers else {
            let error = Error::corrupt("the pickle refers to buffers beside it, and none came");
            return Err(error.with_hint("give them by `Unpickler::buffers`"));
        };
        let Some(buffer) = buffers.get(self.buffers) else {
            return Err(Error::corrupt("the pickle refers to more buffers than came beside it"));
        };
        self.buffers += 1;
        self.push(Node::Buffer { bytes: Blob::Input(buffer), is_readonly: false })
    }

    fn readonly_buffer(&mut self) -> Result<()> {
        let top = self.top()?;
        match self.graph.node(top) {
            Node::Buffer { bytes, .. } => {
                self.pop_pushed()?;
                self.push(Node::Buffer { bytes, is_readonly: true })
            }
            Node::Bytes(_) | Node::ByteArray(_) => Ok(()),
            _ => Err(Error::corrupt("a READONLY_BUFFER of what is no buffer")),
        }
    }

    // -----------------------------------------------------------------------------------------
    // Containers that grow.

    /// The container below height `from`, and what is above; nothing when that is nothing.
    fn container(&mut self, from: usize) -> Result<Option<(NodeId, Vec<NodeId>)>> {
        let len = self.stack.len();
        if from > len || from <= self.fence() {
            return Err(underflow());
        }
        if from == len {
            return Ok(None);
        }
        let parts = self.stack.split_off(from);
        Ok(Some((self.stack[from - 1], parts)))
    }

    fn append(&mut self, from: usize) -> Result<()> {
        let Some((id, parts)) = self.container(from)? else { return Ok(()) };
        match self.graph.node(id) {
            Node::List(mut edges) => {
                self.graph.extend(&mut edges, &parts)?;
                self.graph.replace(id, Node::List(edges));
                Ok(())
            }
            Node::Object(index) => self.graph.extend_object(index, Part::Items, &parts),
            Node::ByteArray(blob) => self.append_bytes(id, blob, &parts),
            _ => Err(self.no_method(id, "append")),
        }
    }

    fn append_bytes(&mut self, id: NodeId, blob: Blob<'de>, parts: &[NodeId]) -> Result<()> {
        let mut bytes = Vec::with_capacity(parts.len());
        for part in parts {
            match self.graph.node(*part) {
                Node::Int(byte @ 0..=255) => bytes.push(byte as u8),
                Node::Bool(bit) => bytes.push(bit.into()),
                _ => return Err(Error::corrupt("a bytearray of what is no byte")),
            }
        }
        let blob = self.graph.append_own(blob, &bytes)?;
        self.graph.replace(id, Node::ByteArray(blob));
        // A long array may have been copied for the sake of one byte.
        self.check_memory()
    }

    fn set_items(&mut self, from: usize) -> Result<()> {
        let Some((id, parts)) = self.container(from)? else { return Ok(()) };
        if !parts.len().is_multiple_of(2) {
            return Err(Error::corrupt("SETITEMS of an odd number of items"));
        }
        match self.graph.node(id) {
            Node::Dict(mut edges) => {
                self.graph.extend(&mut edges, &parts)?;
                self.graph.replace(id, Node::Dict(edges));
                Ok(())
            }
            Node::Object(index) => self.graph.extend_object(index, Part::SetItems, &parts),
            Node::List(edges) => self.set_list_items(edges, &parts),
            _ => Err(self.no_method(id, "__setitem__")),
        }
    }

    fn set_list_items(&mut self, edges: Edges, parts: &[NodeId]) -> Result<()> {
        for pair in parts.chunks(2) {
            let index = match self.graph.node(pair[0]) {
                Node::Int(index) => index,
                Node::Bool(bit) => bit.into(),
                _ => return Err(Error::corrupt("a list index that is no int")),
            };
            if !self.graph.set_edge(edges, index, pair[1]) {
                return Err(Error::corrupt("a list index out of range"));
            }
        }
        Ok(())
    }

    fn add_items(&mut self) -> Result<()> {
        let from = self.mark()?;
        let Some((id, parts)) = self.container(from)? else { return Ok(()) };
        match self.graph.node(id) {
            Node::Set(mut edges) => {
                self.graph.extend(&mut edges, &parts)?;
                self.graph.replace(id, Node::Set(edges));
                Ok(())
            }
            Node::Object(index) => self.graph.extend_object(index, Part::Adds, &parts),
            _ => Err(self.no_method(id, "add")),
        }
    }

    #[cold]
    fn no_method(&self, id: NodeId, method: &str) -> Error {
        let name = self.graph.kind(id).name();
        Error::corrupt(format!("{name} has no `{method}`"))
    }

    // -----------------------------------------------------------------------------------------
    // Memo.

    fn memo_get(&mut self, code: u8) -> Result<()> {
        let index = match code {
            GET => self.memo_line()?,
            BINGET => self.size::<1>()? as u64,
            _ => self.size::<4>()? as u64,
        };
        match self.memo.get(index) {
            Some(id) => {
                self.stack.push(id);
                Ok(())
            }
            None => Err(Error::corrupt(format!("nothing was memoized as {index}"))),
        }
    }

    fn memo_put(&mut self, code: u8) -> Result<()> {
        let index = match code {
            PUT => self.memo_line()?,
            BINPUT => self.size::<1>()? as u64,
            LONG_BINPUT => self.size::<4>()? as u64,
            _ => self.memo.count,
        };
        let top = self.top()?;
        self.memo.put(index, top);
        Ok(())
    }

    fn memo_line(&mut self) -> Result<u64> {
        let line = self.full_line()?;
        match text::integer(line, 10)? {
            Integer::Small(index @ 0..) => Ok(index as u64),
            _ => Err(Error::corrupt("a memo index that is negative or too large")),
        }
    }

    // -----------------------------------------------------------------------------------------
    // Names and objects.

    fn global_lines(&mut self) -> Result<GlobalName<'de>> {
        let mut line = || {
            let line = self.full_line()?;
            let line = &line[..line.len() - 1];
            match std::str::from_utf8(line) {
                Ok(_) => Ok(Blob::Input(line)),
                Err(_) => Err(Error::new(ErrorKind::InvalidUtf8)),
            }
        };
        Ok(GlobalName { module: line()?, name: line()? })
    }

    fn push_global(&mut self, name: GlobalName<'de>) -> Result<()> {
        let id = self.graph.global(name, self.start)?;
        self.stack.push(id);
        Ok(())
    }

    fn stack_global(&mut self) -> Result<()> {
        let (name, module) = (self.pop()?, self.pop()?);
        match (self.graph.node(module), self.graph.node(name)) {
            (Node::Str(module), Node::Str(name)) => self.push_global(GlobalName { module, name }),
            _ => Err(Error::corrupt("a STACK_GLOBAL whose names are no str")),
        }
    }

    fn extension<const N: usize>(&mut self) -> Result<()> {
        let code = self.size::<N>()? as u32;
        // The four bytes of EXT4 have a sign.
        if code == 0 || code > i32::MAX as u32 {
            return Err(Error::corrupt("an extension code that is not positive"));
        }
        let Some((module, name)) = self.options.extensions.and_then(|table| table.get(&code))
        else {
            let error = Error::corrupt(format!("extension code {code} is not registered"));
            return Err(error.with_hint("give its name by `Unpickler::extensions`"));
        };
        let (module, name) = (Blob::Input(module.as_bytes()), Blob::Input(name.as_bytes()));
        self.push_global(GlobalName { module, name })
    }

    fn persistent_line(&mut self) -> Result<()> {
        let line = self.line()?;
        if !line.is_ascii() {
            return Err(Error::corrupt("a persistent id of protocol 0 is not ASCII"));
        }
        let id = self.graph.add(Node::Str(Blob::Input(line)), self.start)?;
        self.push(Node::Persistent(id))
    }

    fn push_object(
        &mut self,
        made: Made,
        callee: NodeId,
        args: NodeId,
        kwargs: Option<NodeId>,
    ) -> Result<()> {
        let id = self.graph.add_object(ObjectParts::new(made, callee, args, kwargs), self.start)?;
        self.stack.push(id);
        Ok(())
    }

    /// Pushes what a call gives: an object, or for `getattr` of a name a longer name.
    fn push_call(&mut self, made: Made, callee: NodeId, args: NodeId) -> Result<()> {
        match self.graph.node(callee) {
            Node::Global(_) => match self.graph.getattr(callee, args)? {
                Some(name) => self.push_global(name),
                None => self.push_object(made, callee, args, None),
            },
            Node::Object(_) => self.push_object(Made::Call, callee, args, None),
            _ => Err(Error::corrupt("a call of what cannot be called")),
        }
    }

    fn reduce(&mut self) -> Result<()> {
        let (args, callee) = (self.pop()?, self.pop()?);
        if !matches!(self.graph.node(args), Node::Tuple(_)) {
            return Err(Error::corrupt("a REDUCE whose arguments are no tuple"));
        }
        self.push_call(Made::Call, callee, args)
    }

    fn new_object(&mut self, code: u8) -> Result<()> {
        let kwargs = if code == NEWOBJ_EX { Some(self.pop()?) } else { None };
        let (args, callee) = (self.pop()?, self.pop()?);
        if kwargs.is_some_and(|kwargs| !matches!(self.graph.node(kwargs), Node::Dict(_))) {
            return Err(Error::corrupt("a NEWOBJ_EX whose named arguments are no dict"));
        }
        if !matches!(self.graph.node(args), Node::Tuple(_)) {
            return Err(Error::corrupt("a NEWOBJ whose arguments are no tuple"));
        }
        if !matches!(self.graph.node(callee), Node::Global(_)) {
            return Err(Error::corrupt("a NEWOBJ of what is no class"));
        }
        self.push_object(Made::New, callee, args, kwargs)
    }

    fn inst(&mut self) -> Result<()> {
        let from = self.mark()?;
        let name = self.global_lines()?;
        self.push_global(name)?;
        let callee = self.pop_pushed()?;
        self.instantiate(callee, from)
    }

    fn obj(&mut self) -> Result<()> {
        let from = self.mark()?;
        if from >= self.stack.len() {
            return Err(underflow());
        }
        let callee = self.stack.remove(from);
        self.instantiate(callee, from)
    }

    /// Makes an object with what is at `from` and above as its arguments.
    fn instantiate(&mut self, callee: NodeId, from: usize) -> Result<()> {
        let made = if self.stack.len() > from { Made::Call } else { Made::New };
        self.make_from(from, Node::Tuple)?;
        let args = self.pop_pushed()?;
        self.push_call(made, callee, args)
    }

    fn build(&mut self) -> Result<()> {
        if self.stack.len() < self.fence() + 2 {
            return Err(underflow());
        }
        let state = self.pop()?;
        let id = self.top()?;
        match self.graph.node(id) {
            Node::Object(index) => self.graph.extend_object(index, Part::States, &[state]),
            // As CPython does with objects that have neither `__setstate__` nor `__dict__`.
            _ if self.is_no_state(state) => Ok(()),
            _ => Err(Error::corrupt("a BUILD of what has no state")),
        }
    }

    /// Whether a state changes nothing: `None`, or a pair of nothings.
    fn is_no_state(&self, state: NodeId) -> bool {
        match self.graph.kind(state) {
            Kind::None => true,
            Kind::Tuple(pair) => {
                let is_none = |id: &NodeId| matches!(self.graph.node(*id), Node::None);
                pair.len() == 2 && pair.iter().all(is_none)
            }
            _ => false,
        }
    }
}

#[cold]
fn underflow() -> Error {
    Error::corrupt("the stack is empty where an opcode needs a value")
}

/// What was memoized, by index. Indexes far beyond the number of entries take no room.
#[derive(Default)]
struct Memo {
    dense: Vec<Option<NodeId>>,
    sparse: HashMap<u64, NodeId>,
    /// How many indexes are in use.
    count: u64,
}

/// A step between indexes up to which they count as dense.
const GAP: u64 = 64;

impl Memo {
    fn get(&self, index: u64) -> Option<NodeId> {
        match self.dense.get(usize::try_from(index).ok()?) {
            Some(Some(id)) => Some(*id),
            _ => self.sparse.get(&index).copied(),
        }
    }

    fn put(&mut self, index: u64, id: NodeId) {
        if self.get(index).is_none() {
            self.count += 1;
        }
        let next = self.dense.len() as u64;
        if index >= next + GAP {
            self.sparse.insert(index, id);
            return;
        }
        if !self.sparse.is_empty() {
            self.sparse.remove(&index);
        }
        if index < next {
            self.dense[index as usize] = Some(id);
        } else {
            self.dense.resize(index as usize, None);
            self.dense.push(Some(id));
        }
    }
}
