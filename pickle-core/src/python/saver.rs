//! Writes a graph as opcodes, as CPython's C pickler would write the objects: the same memo, batches
//! and frames, byte for byte where CPython has no choice of its own.

use std::collections::HashMap;

use super::names;
use super::opcode::*;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Graph, Kind, Made, NodeId, Object};

/// Items that are written at once at most, as `_pickle.c` has it.
const BATCH: usize = 1000;
/// A frame is closed once it has as many bytes.
const FRAME_TARGET: usize = 64 << 10;
/// Shorter ones are written without a frame.
const FRAME_LEAST: usize = 4;
const FRAME_HEADER: usize = 9;

/// Writes a graph's root behind what `out` holds.
pub(crate) fn save(graph: &Graph<'_>, protocol: u8, out: &mut Vec<u8>) -> Result<()> {
    let mut saver = Saver {
        graph,
        protocol,
        opcodes: Opcodes { out, frame: None, is_framing: false },
        memo: HashMap::new(),
        names: HashMap::new(),
        next: 0,
        tasks: vec![Task::Save(graph.root())],
    };
    saver.run()
}

/// The output, cut into frames.
struct Opcodes<'o> {
    out: &'o mut Vec<u8>,
    /// Where the open frame's header is.
    frame: Option<usize>,
    is_framing: bool,
}

impl Opcodes<'_> {
    fn write(&mut self, bytes: &[u8]) {
        if self.is_framing && self.frame.is_none() {
            self.frame = Some(self.out.len());
            self.out.extend([0; FRAME_HEADER]);
        }
        self.out.extend_from_slice(bytes);
    }

    /// An opcode and its long argument, which is in no frame.
    fn write_long(&mut self, opcode: &[u8], argument: &[u8]) {
        if argument.len() < FRAME_TARGET {
            self.write(opcode);
            return self.write(argument);
        }
        self.close();
        self.out.extend_from_slice(opcode);
        self.out.extend_from_slice(argument);
    }

    /// Between two values: closes a frame that is long enough.
    fn boundary(&mut self) {
        if self.frame.is_some_and(|start| self.out.len() - start - FRAME_HEADER >= FRAME_TARGET) {
            self.close();
        }
    }

    fn close(&mut self) {
        let Some(start) = self.frame.take() else { return };
        let size = self.out.len() - start - FRAME_HEADER;
        if size >= FRAME_LEAST {
            self.out[start] = FRAME;
            self.out[start + 1..start + FRAME_HEADER].copy_from_slice(&(size as u64).to_le_bytes());
        } else {
            self.out.drain(start..start + FRAME_HEADER);
        }
    }
}

/// What is left to do, last first: so that no nesting is too deep.
enum Task<'g> {
    Save(NodeId),
    /// Writes the opcode of a tuple whose parts are written. Tuples that stand for arguments are no
    /// nodes.
    Tuple {
        id: Option<NodeId>,
        count: usize,
    },
    FrozenSet(NodeId),
    Batch(Batch<'g>),
    Op(u8),
    /// Memoizes what was just written.
    Memoize(Option<NodeId>),
    /// Memoizes what a call gave, unless that is in the memo since it contains itself.
    Called(NodeId),
    Name(&'static str, &'static str),
    /// Text that stands for no node, with its place in the memo of names.
    NameText(&'static str),
    EmptyList,
    LatinText(&'g [u8]),
    BytesNode(&'g [u8]),
}

/// Items on their way into a container.
struct Batch<'g> {
    parts: &'g [NodeId],
    /// Parts of one item: two where it has a key.
    step: usize,
    next: usize,
    /// Where the open batch ends.
    until: Option<usize>,
    /// The opcode for one item, and for many.
    one: u8,
    many: u8,
    style: Style,
}

/// `_pickle.c` batches lists, dicts and sets, and what iterators give, each in a loop of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    List,
    /// An empty batch follows one that was full.
    Dict,
    /// Never item by item.
    Set,
    /// A single item is never in a batch.
    Iterator,
}

struct Saver<'g, 'de, 'o> {
    graph: &'g Graph<'de>,
    protocol: u8,
    opcodes: Opcodes<'o>,
    memo: HashMap<NodeId, u32>,
    /// Globals by module and name, and the texts of these, where they are no nodes.
    names: HashMap<String, u32>,
    /// How many memo entries there are.
    next: u32,
    tasks: Vec<Task<'g>>,
}

impl<'g> Saver<'g, '_, '_> {
    fn is_binary(&self) -> bool {
        self.protocol >= 1
    }

    fn write(&mut self, bytes: &[u8]) {
        self.opcodes.write(bytes);
    }

    fn run(&mut self) -> Result<()> {
        if self.protocol >= 2 {
            self.write(&[PROTO, self.protocol]);
        }
        self.opcodes.is_framing = self.protocol >= 4;
        while let Some(task) = self.tasks.pop() {
            match task {
                Task::Save(id) => {
                    self.opcodes.boundary();
                    self.save(id)?;
                }
                Task::Tuple { id, count } => self.end_tuple(id, count),
                Task::FrozenSet(id) => self.end_frozen_set(id),
                Task::Batch(batch) => self.batch(batch),
                Task::Op(code) => self.write(&[code]),
                Task::Memoize(id) => self.memoize(id),
                Task::Called(id) => match self.memo.get(&id).copied() {
                    Some(index) => {
                        self.write(&[POP]);
                        self.get(index);
                    }
                    None => self.memoize(Some(id)),
                },
                Task::Name(module, name) => {
                    self.opcodes.boundary();
                    self.global(None, module, name)?;
                }
                Task::NameText(text) => {
                    self.opcodes.boundary();
                    self.name_text(text)?;
                }
                Task::EmptyList => {
                    self.opcodes.boundary();
                    self.open(EMPTY_LIST, LIST);
                    self.memoize(None);
                }
                Task::LatinText(bytes) => {
                    self.opcodes.boundary();
                    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
                    self.text(text.as_bytes())?;
                    self.memoize(None);
                }
                Task::BytesNode(bytes) => {
                    self.opcodes.boundary();
                    self.bytes(None, bytes)?;
                }
            }
        }
        self.write(&[STOP]);
        self.opcodes.close();
        Ok(())
    }

    fn get(&mut self, index: u32) {
        match index {
            _ if !self.is_binary() => {
                let line = format!("{}{index}\n", char::from(GET));
                self.write(line.as_bytes());
            }
            0..=0xff => self.write(&[BINGET, index as u8]),
            _ => {
                self.write(&[LONG_BINGET]);
                self.write(&index.to_le_bytes());
            }
        }
    }

    /// The next memo entry; returns its index.
    fn put(&mut self) -> u32 {
        let index = self.next;
        self.next += 1;
        match index {
            _ if self.protocol >= 4 => self.write(&[MEMOIZE]),
            _ if !self.is_binary() => {
                let line = format!("{}{index}\n", char::from(PUT));
                self.write(line.as_bytes());
            }
            0..=0xff => self.write(&[BINPUT, index as u8]),
            _ => {
                self.write(&[LONG_BINPUT]);
                self.write(&index.to_le_bytes());
            }
        }
        index
    }

    fn memoize(&mut self, id: Option<NodeId>) {
        let index = self.put();
        if let Some(id) = id {
            self.memo.insert(id, index);
        }
    }

    // -----------------------------------------------------------------------------------------
    // Values.

    fn save(&mut self, id: NodeId) -> Result<()> {
        let graph = self.graph;
        let kind = graph.kind(id);
        if let Some(index) = self.memo.get(&id).copied() {
            self.get(index);
            return Ok(());
        }
        match kind {
            Kind::None => self.write(&[NONE]),
            Kind::Bool(value) => match (self.protocol >= 2, value) {
                (true, true) => self.write(&[NEWTRUE]),
                (true, false) => self.write(&[NEWFALSE]),
                (false, true) => self.write(b"I01\n"),
                (false, false) => self.write(b"I00\n"),
            },
            Kind::Int(value) => self.int(value),
            Kind::BigInt(bytes) => self.big_int(bytes)?,
            Kind::Float(value) => self.float(value),
            Kind::Str(text) => {
                self.text(text.as_bytes())?;
                self.memoize(Some(id));
            }
            Kind::Surrogates(text) => {
                self.text(text)?;
                self.memoize(Some(id));
            }
            Kind::Bytes(bytes) => self.bytes(Some(id), bytes)?,
            Kind::Buffer { bytes, is_readonly: true } => self.bytes(Some(id), bytes)?,
            Kind::ByteArray(bytes) | Kind::Buffer { bytes, .. } => self.byte_array(id, bytes)?,
            Kind::List(parts) => {
                self.open(EMPTY_LIST, LIST);
                self.memoize(Some(id));
                self.push_batch(parts, 1, APPEND, APPENDS, Style::List);
            }
            Kind::Dict(parts) => {
                self.open(EMPTY_DICT, DICT);
                self.memoize(Some(id));
                self.push_batch(parts, 2, SETITEM, SETITEMS, Style::Dict);
            }
            Kind::Tuple(parts) => self.tuple(Some(id), parts),
            Kind::Set(parts) => self.set(id, parts, "set"),
            Kind::FrozenSet(parts) => self.set(id, parts, "frozenset"),
            Kind::Global { module, name } => self.global(Some(id), module, name)?,
            Kind::Object(object) => self.object(id, object)?,
            Kind::Persistent(key) => self.persistent(key)?,
        }
        Ok(())
    }

    /// An empty container: an opcode of its own, or a mark and what makes one of nothing.
    fn open(&mut self, binary: u8, text: u8) {
        if self.is_binary() { self.write(&[binary]) } else { self.write(&[MARK, text]) }
    }

    fn int(&mut self, value: i64) {
        let Ok(small) = i32::try_from(value) else { return self.long(value) };
        if !self.is_binary() {
            let line = format!("{}{value}\n", char::from(INT));
            return self.write(line.as_bytes());
        }
        match small {
            0..=0xff => self.write(&[BININT1, small as u8]),
            0x100..=0xffff => {
                let [a, b, ..] = small.to_le_bytes();
                self.write(&[BININT2, a, b]);
            }
            _ => {
                self.write(&[BININT]);
                self.write(&small.to_le_bytes());
            }
        }
    }

    /// An integer of more than 32 bits.
    fn long(&mut self, value: i64) {
        if self.protocol < 2 {
            let line = format!("{}{value}L\n", char::from(LONG));
            return self.write(line.as_bytes());
        }
        let mut bytes = value.to_le_bytes().to_vec();
        crate::graph::equal::shorten(&mut bytes);
        self.write(&[LONG1, bytes.len() as u8]);
        self.write(&bytes);
    }

    fn big_int(&mut self, bytes: &[u8]) -> Result<()> {
        if self.protocol < 2 {
            let line = format!("{}{}L\n", char::from(LONG), super::text::decimal(bytes));
            self.write(line.as_bytes());
            return Ok(());
        }
        match (u8::try_from(bytes.len()), i32::try_from(bytes.len())) {
            (Ok(size), _) => self.write(&[LONG1, size]),
            (_, Ok(size)) => {
                self.write(&[LONG4]);
                self.write(&size.to_le_bytes());
            }
            _ => return Err(self.cannot("an integer of more than 2 GiB")),
        }
        self.write(bytes);
        Ok(())
    }

    fn float(&mut self, value: f64) {
        if self.is_binary() {
            self.write(&[BINFLOAT]);
            return self.write(&value.to_be_bytes());
        }
        let line = format!("{}{}\n", char::from(FLOAT), super::text::repr(value));
        self.write(line.as_bytes());
    }

    /// Text in UTF-8, lone surrogates encoded likewise.
    fn text(&mut self, text: &[u8]) -> Result<()> {
        if !self.is_binary() {
            let line = super::text::raw_unicode_escaped(text);
            self.write(&[UNICODE]);
            self.write(&line);
            self.write(b"\n");
            return Ok(());
        }
        let size = text.len();
        match (u8::try_from(size), u32::try_from(size)) {
            (Ok(size), _) if self.protocol >= 4 => {
                self.opcodes.write_long(&[SHORT_BINUNICODE, size], text);
            }
            (_, Ok(size)) => {
                let [a, b, c, d] = size.to_le_bytes();
                self.opcodes.write_long(&[BINUNICODE, a, b, c, d], text);
            }
            _ if self.protocol >= 4 => self.write_8(BINUNICODE8, text),
            _ => return Err(self.cannot("text of more than 4 GiB")),
        }
        Ok(())
    }

    /// An opcode with a size of eight bytes.
    fn write_8(&mut self, code: u8, bytes: &[u8]) {
        let mut opcode = [code; 9];
        opcode[1..].copy_from_slice(&(bytes.len() as u64).to_le_bytes());
        self.opcodes.write_long(&opcode, bytes);
    }

    fn bytes(&mut self, id: Option<NodeId>, bytes: &'g [u8]) -> Result<()> {
        if self.protocol < 3 {
            self.bytes_by_call(id, bytes);
            return Ok(());
        }
        let size = bytes.len();
        match (u8::try_from(size), u32::try_from(size)) {
            (Ok(size), _) => self.opcodes.write_long(&[SHORT_BINBYTES, size], bytes),
            (_, Ok(size)) => {
                let [a, b, c, d] = size.to_le_bytes();
                self.opcodes.write_long(&[BINBYTES, a, b, c, d], bytes);
            }
            _ if self.protocol >= 4 => self.write_8(BINBYTES8, bytes),
            _ => return Err(self.cannot("bytes of more than 4 GiB")),
        }
        self.memoize(id);
        Ok(())
    }

    /// Protocols below 3 have no bytes: `_codecs.encode(text, "latin1")` makes them.
    fn bytes_by_call(&mut self, id: Option<NodeId>, bytes: &'g [u8]) {
        self.tasks.push(Task::Memoize(id));
        self.tasks.push(Task::Op(REDUCE));
        if bytes.is_empty() {
            self.tasks.push(Task::Tuple { id: None, count: 0 });
            self.tasks.push(Task::Name("builtins", "bytes"));
            return;
        }
        self.tasks.push(Task::Tuple { id: None, count: 2 });
        self.tasks.push(Task::NameText("latin1"));
        self.tasks.push(Task::LatinText(bytes));
        self.push_mark(2);
        self.tasks.push(Task::Name("_codecs", "encode"));
    }

    fn byte_array(&mut self, id: NodeId, bytes: &'g [u8]) -> Result<()> {
        if self.protocol >= 5 {
            self.write_8(BYTEARRAY8, bytes);
            self.memoize(Some(id));
            return Ok(());
        }
        self.tasks.push(Task::Memoize(Some(id)));
        self.tasks.push(Task::Op(REDUCE));
        if bytes.is_empty() {
            self.tasks.push(Task::Tuple { id: None, count: 0 });
        } else {
            self.tasks.push(Task::Tuple { id: None, count: 1 });
            self.tasks.push(Task::BytesNode(bytes));
            self.push_mark(1);
        }
        self.tasks.push(Task::Name("builtins", "bytearray"));
        Ok(())
    }

    /// The mark ahead of a tuple's parts, where its opcode needs one.
    fn push_mark(&mut self, count: usize) {
        if !self.is_short(count) {
            self.tasks.push(Task::Op(MARK));
        }
    }

    /// Whether tuples of this size have an opcode of their own.
    fn is_short(&self, count: usize) -> bool {
        self.protocol >= 2 && count <= 3
    }

    fn tuple(&mut self, id: Option<NodeId>, parts: &[NodeId]) {
        self.tasks.push(Task::Tuple { id, count: parts.len() });
        self.push_parts(parts);
        if !parts.is_empty() && !self.is_short(parts.len()) {
            self.write(&[MARK]);
        }
    }

    /// Pushes parts so that the first is saved first.
    fn push_parts(&mut self, parts: &[NodeId]) {
        self.tasks.extend(parts.iter().rev().map(|part| Task::Save(*part)));
    }

    fn end_tuple(&mut self, id: Option<NodeId>, count: usize) {
        if count == 0 {
            return self.open(EMPTY_TUPLE, TUPLE);
        }
        // A tuple that contains itself was memoized while its parts were saved.
        if let Some(index) = id.and_then(|id| self.memo.get(&id).copied()) {
            match (self.is_short(count), self.is_binary()) {
                (false, true) => self.write(&[POP_MARK]),
                (true, _) => (0..count).for_each(|_| self.write(&[POP])),
                (false, false) => (0..=count).for_each(|_| self.write(&[POP])),
            }
            return self.get(index);
        }
        match count {
            1 if self.protocol >= 2 => self.write(&[TUPLE1]),
            2 if self.protocol >= 2 => self.write(&[TUPLE2]),
            3 if self.protocol >= 2 => self.write(&[TUPLE3]),
            _ => self.write(&[TUPLE]),
        }
        self.memoize(id);
    }

    fn set(&mut self, id: NodeId, parts: &'g [NodeId], class: &'static str) {
        if self.protocol < 4 {
            // `set([..])`
            self.tasks.push(Task::Called(id));
            self.tasks.push(Task::Op(REDUCE));
            self.tasks.push(Task::Tuple { id: None, count: 1 });
            self.push_batch(parts, 1, APPEND, APPENDS, Style::List);
            self.tasks.push(Task::EmptyList);
            self.push_mark(1);
            self.tasks.push(Task::Name("builtins", class));
        } else if class == "set" {
            self.write(&[EMPTY_SET]);
            self.memoize(Some(id));
            self.push_batch(parts, 1, ADDITEMS, ADDITEMS, Style::Set);
        } else {
            self.write(&[MARK]);
            self.tasks.push(Task::FrozenSet(id));
            self.push_parts(parts);
        }
    }

    fn end_frozen_set(&mut self, id: NodeId) {
        if let Some(index) = self.memo.get(&id).copied() {
            self.write(&[POP_MARK]);
            return self.get(index);
        }
        self.write(&[FROZENSET]);
        self.memoize(Some(id));
    }

    // -----------------------------------------------------------------------------------------
    // Batches.

    fn push_batch(&mut self, parts: &'g [NodeId], step: usize, one: u8, many: u8, style: Style) {
        if !parts.is_empty() {
            let batch = Batch { parts, step, next: 0, until: None, one, many, style };
            self.tasks.push(Task::Batch(batch));
        }
    }

    fn batch(&mut self, mut batch: Batch<'g>) {
        let (all, full) = (batch.parts.len(), BATCH * batch.step);
        if let Some(until) = batch.until {
            if batch.next < until {
                return self.push_item(batch);
            }
            self.write(&[batch.many]);
            batch.until = None;
            let was_full = until.is_multiple_of(full);
            if batch.next == all {
                // As the loops of `_pickle.c` end.
                if was_full && matches!(batch.style, Style::Dict | Style::Set) {
                    self.write(&[MARK, batch.many]);
                }
                return;
            }
        }
        if batch.next == all {
            return;
        }
        let is_single = match batch.style {
            Style::List | Style::Dict => all == batch.step,
            Style::Iterator => all - batch.next == batch.step,
            Style::Set => false,
        };
        if is_single || !self.is_binary() {
            let one = batch.one;
            let (next, step, parts) = (batch.next, batch.step, batch.parts);
            batch.next += step;
            self.tasks.push(Task::Batch(batch));
            self.tasks.push(Task::Op(one));
            self.push_parts(&parts[next..next + step]);
            return;
        }
        self.write(&[MARK]);
        batch.until = Some(all.min(batch.next + full));
        self.push_item(batch);
    }

    fn push_item(&mut self, mut batch: Batch<'g>) {
        let item = &batch.parts[batch.next..batch.next + batch.step];
        batch.next += batch.step;
        self.tasks.push(Task::Batch(batch));
        self.push_parts(item);
    }

    // -----------------------------------------------------------------------------------------
    // Names and objects.

    fn name_text(&mut self, text: &str) -> Result<()> {
        if let Some(index) = self.names.get(text).copied() {
            self.get(index);
            return Ok(());
        }
        self.text(text.as_bytes())?;
        let index = self.put();
        self.names.insert(text.to_owned(), index);
        Ok(())
    }

    fn global(&mut self, id: Option<NodeId>, module: &str, name: &str) -> Result<()> {
        // `builtins` may be `__builtin__` in the graph.
        let key = match self.graph.has_old_names {
            true => names::in_python_3((module, name)),
            false => (module, name),
        };
        let key = format!("{}\n{}", key.0, key.1);
        if let Some(index) = self.names.get(&key).copied() {
            self.get(index);
            return Ok(());
        }
        // What the saver itself names has the same name in both, or is named as in Python 3.
        let (module, name) = match (self.graph.has_old_names, self.protocol < 3) {
            (true, false) => names::in_python_3((module, name)),
            (false, true) => names::in_python_2((module, name)),
            (true, true) if id.is_none() => names::in_python_2((module, name)),
            _ => (module, name),
        };
        if self.protocol >= 4 {
            self.name_text(module)?;
            self.name_text(name)?;
            self.write(&[STACK_GLOBAL]);
        } else if let Some((owner, attribute)) = name.rsplit_once('.') {
            self.attribute(module, owner, attribute)?;
        } else {
            if self.protocol < 3 && !(module.is_ascii() && name.is_ascii()) {
                return Err(self.cannot("a name that is not ASCII"));
            }
            if module.contains('\n') || name.contains('\n') || module.is_empty() || name.is_empty()
            {
                return Err(self.cannot("a name that is no line"));
            }
            let line = format!("{}{module}\n{name}\n", char::from(GLOBAL));
            self.write(line.as_bytes());
        }
        let index = self.put();
        self.names.insert(key, index);
        if let Some(id) = id {
            self.memo.insert(id, index);
        }
        Ok(())
    }

    /// `getattr(Owner, "attribute")`, as protocols below 4 name what is nested.
    fn attribute(&mut self, module: &str, owner: &str, attribute: &str) -> Result<()> {
        self.global(None, "builtins", "getattr")?;
        if self.protocol < 2 {
            self.write(&[MARK]);
        }
        self.global(None, module, owner)?;
        self.name_text(attribute)?;
        self.end_tuple(None, 2);
        self.write(&[REDUCE]);
        Ok(())
    }

    fn object(&mut self, id: NodeId, object: Object<'g>) -> Result<()> {
        for state in object.states.iter().rev() {
            self.tasks.push(Task::Op(BUILD));
            self.tasks.push(Task::Save(*state));
        }
        if !object.adds.is_empty() {
            if self.protocol < 4 {
                return Err(self.cannot("an object to which items are added"));
            }
            self.push_batch(object.adds, 1, ADDITEMS, ADDITEMS, Style::Set);
        }
        self.push_batch(object.setitems, 2, SETITEM, SETITEMS, Style::Iterator);
        self.push_batch(object.items, 1, APPEND, APPENDS, Style::Iterator);
        self.tasks.push(Task::Called(id));
        let kwargs =
            object.kwargs.filter(|kwargs| !matches!(self.graph.kind(*kwargs), Kind::Dict([])));
        match (object.made, kwargs) {
            (Made::Call, _) => {
                self.tasks.push(Task::Op(REDUCE));
                self.tasks.push(Task::Save(object.args));
                self.tasks.push(Task::Save(object.callee));
            }
            (Made::New, None) if self.protocol >= 2 => {
                self.tasks.push(Task::Op(NEWOBJ));
                self.tasks.push(Task::Save(object.args));
                self.tasks.push(Task::Save(object.callee));
            }
            (Made::New, Some(kwargs)) if self.protocol >= 4 => {
                self.tasks.push(Task::Op(NEWOBJ_EX));
                self.tasks.push(Task::Save(kwargs));
                self.tasks.push(Task::Save(object.args));
                self.tasks.push(Task::Save(object.callee));
            }
            (Made::New, Some(_)) => {
                return Err(self.cannot("an object made with named arguments"));
            }
            (Made::New, None) => self.new_by_call(object),
        }
        Ok(())
    }

    /// Protocols 0 and 1 have no NEWOBJ: functions of `copyreg` make the object.
    fn new_by_call(&mut self, object: Object<'g>) {
        self.tasks.push(Task::Op(REDUCE));
        let args = match self.graph.kind(object.args) {
            Kind::Tuple(args) => args,
            _ => &[],
        };
        self.tasks.push(Task::Tuple {
            id: None,
            count: if args.is_empty() { 3 } else { 1 + args.len() },
        });
        let maker = if args.is_empty() {
            self.tasks.push(Task::Op(NONE));
            self.tasks.push(Task::Name("builtins", "object"));
            "_reconstructor"
        } else {
            self.push_parts(args);
            "__newobj__"
        };
        self.tasks.push(Task::Save(object.callee));
        self.tasks.push(Task::Op(MARK));
        self.tasks.push(Task::Name("copyreg", maker));
    }

    fn persistent(&mut self, key: NodeId) -> Result<()> {
        if self.is_binary() {
            self.tasks.push(Task::Op(BINPERSID));
            self.tasks.push(Task::Save(key));
            return Ok(());
        }
        match self.graph.kind(key) {
            Kind::Str(text) if text.is_ascii() && !text.contains('\n') => {
                let line = format!("{}{text}\n", char::from(PERSID));
                self.write(line.as_bytes());
                Ok(())
            }
            _ => Err(self.cannot("a persistent id that is no line of ASCII")),
        }
    }

    #[cold]
    fn cannot(&self, what: &str) -> Error {
        let what = format!("Python protocol {} cannot express {what}", self.protocol);
        Error::new(ErrorKind::Unsupported { what: what.into() })
    }
}
