//! A typed value into a pickle: what [`Pickle::save`] calls.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::env::Env;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Graph, Integer};
use crate::limits::Limits;
use crate::protocol::Protocol;
use crate::stack;
use crate::traits::Pickle;

use super::opcode as op;
use super::options::{MemoEntries, SaveOptions};
use super::save_shared::{Shared, SharedMemo};
use super::text_memo::TextMemo;
use super::writer::{Writer, latin1};
use super::{Machine, names, save_with};

/// Items per `APPENDS`, `SETITEMS` and `ADDITEMS`.
pub(super) const BATCH: usize = 1000;

/// Receives the contents of buffers that travel beside the pickle.
type BufferSink<'w> = &'w mut (dyn FnMut(&[u8]) + 'w);

/// Writes one pickle of Python's. [`Pickle::save`] gets one.
///
/// Each method writes one object, and makes the choices that CPython's C pickler makes, so that
/// values with one natural form in Python come out byte for byte as Python writes them.
pub struct Saver<'w> {
    pub(super) writer: Writer,
    pub(super) options: SaveOptions,
    /// The next memo number.
    pub(super) memo_len: u32,
    texts: TextMemo,
    globals: HashMap<Vec<u8>, u32>,
    /// Classes of derived types: by the address of their names.
    classes: HashMap<(usize, usize), Class>,
    /// The shared object that is about to be written, until it takes its memo number.
    pub(super) pending: Option<Shared>,
    /// The shared objects.
    pub(super) shared: SharedMemo,
    /// The memo numbers of nodes, for each graph that was saved within.
    pub(super) graphs: HashMap<usize, (Arc<Graph<'static>>, Vec<u32>)>,
    depth: u32,
    max_depth: u32,
    /// Inside keys and elements of sets, where only what is hashable in Python may stand.
    pub(super) in_key: bool,
    /// The next sequence of bytes is `bytes`, even where it would be a list.
    pub(super) wants_bytes: bool,
    buffers: Option<BufferSink<'w>>,
    pub(crate) env: Env,
}

#[derive(Clone, Copy)]
struct Class {
    memo: u32,
    used: bool,
}

/// Appends a pickle of `value` to `out`; on an error `out` is as it was.
pub(crate) fn save_value<'w, T: Pickle + ?Sized>(
    value: &T,
    options: &SaveOptions,
    limits: &Limits,
    env: &Env,
    buffers: Option<BufferSink<'w>>,
    out: &mut Vec<u8>,
) -> Result<()> {
    let start = out.len();
    let mut saver = Saver { env: env.clone(), ..Saver::new(options, limits)? };
    saver.writer = Writer::behind(std::mem::take(out), options.protocol as u8);
    saver.buffers = buffers;
    let saved = value.save(&mut saver).and_then(|()| saver.end(start));
    *out = saver.writer.into_bytes();
    if saved.is_err() {
        out.truncate(start);
    }
    saved
}

impl<'w> Saver<'w> {
    pub(super) fn new(options: &SaveOptions, limits: &Limits) -> Result<Self> {
        if options.protocol == Protocol::Native {
            let what = "the native protocol has no opcodes: choose one of Python's, 0 to 5";
            return Err(Error::new(ErrorKind::Unsupported { what: what.into() }));
        }
        Ok(Self {
            writer: Writer::new(options.protocol as u8),
            options: *options,
            memo_len: 0,
            texts: TextMemo::default(),
            globals: HashMap::new(),
            classes: HashMap::new(),
            pending: None,
            shared: SharedMemo::default(),
            graphs: HashMap::new(),
            depth: 0,
            max_depth: limits.max_depth,
            in_key: false,
            wants_bytes: false,
            buffers: None,
            env: Env::default(),
        })
    }

    pub(super) fn finish(mut self) -> Result<Vec<u8>> {
        self.end(0)?;
        Ok(self.writer.into_bytes())
    }

    /// Ends the pickle, which began at `start`.
    fn end(&mut self, start: usize) -> Result<()> {
        self.writer.end();
        let needed = self.options.memo == MemoEntries::Needed;
        if needed && self.classes.values().any(|class| !class.used) {
            // A class that occurs once was numbered in case that it would occur again.
            let written = self.writer.take_from(start);
            let mut machine = Machine::new(&written, super::LoadOptions::new());
            let root = machine.load()?;
            self.writer.append(&save_with(machine.graph(), root, &self.options)?);
        }
        Ok(())
    }

    /// The protocol that is being written.
    pub fn protocol(&self) -> Protocol {
        self.options.protocol
    }

    /// Begins an object; returns the shared object that its memo number belongs to.
    pub(super) fn begin(&mut self) -> Option<Shared> {
        self.writer.boundary();
        self.pending.take()
    }

    /// Gives the topmost object a memo number, where it needs one.
    #[inline]
    pub(super) fn put(&mut self, shared: Option<Shared>) {
        if shared.is_some() || self.options.memo == MemoEntries::Python {
            self.number(shared);
        }
    }

    /// [`put`](Self::put) for an object that has the same form inside of keys and outside.
    #[inline]
    pub(super) fn put_everywhere(&mut self, shared: Option<Shared>) {
        self.put(shared);
        if let Some(shared) = shared {
            self.shared.number_everywhere(shared);
        }
    }

    pub(super) fn number(&mut self, shared: Option<Shared>) {
        if let Some(shared) = shared {
            self.shared.number(shared, self.memo_len);
        }
        self.writer.put(self.memo_len);
        self.memo_len += 1;
    }

    /// Notes the number of an object that is shared, or gives it one.
    pub(super) fn share(&mut self, shared: Option<Shared>, memo: Option<u32>) {
        match (shared, memo) {
            (Some(shared), Some(memo)) => self.shared.number(shared, memo),
            (Some(_), None) => self.number(shared),
            (None, _) => {}
        }
    }

    /// Numbers an object of a kind that Python never does, if it is shared.
    fn put_shared(&mut self, shared: Option<Shared>) {
        if shared.is_some() {
            self.number(shared);
        }
    }

    /// Counts a level of nesting while `inside` saves what is there.
    #[inline]
    pub(crate) fn nest(&mut self, inside: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        if self.depth >= self.max_depth {
            return Err(too_deep(self.max_depth));
        }
        self.depth += 1;
        match stack::is_due(self.depth) {
            false => inside(self)?,
            true => stack::with_room(|| inside(self))?,
        }
        self.depth -= 1;
        Ok(())
    }

    /// `None`.
    pub fn none(&mut self) {
        let shared = self.begin();
        self.writer.op(op::NONE);
        self.put_shared(shared);
    }

    /// A bool.
    pub fn bool(&mut self, value: bool) {
        let shared = self.begin();
        self.writer.bool(value);
        self.put_shared(shared);
    }

    /// An integer.
    pub fn int(&mut self, value: i64) {
        self.integer(Integer::Small(value));
    }

    /// An integer of 128 bits.
    pub fn int128(&mut self, value: i128) {
        match i64::try_from(value) {
            Ok(small) => self.int(small),
            Err(_) => self.big_int(&value.to_le_bytes()),
        }
    }

    /// An unsigned integer of 128 bits.
    pub fn uint128(&mut self, value: u128) {
        match i64::try_from(value) {
            Ok(small) => self.int(small),
            Err(_) => self.big_int(&[&value.to_le_bytes()[..], &[0]].concat()),
        }
    }

    /// An integer of any size: little-endian, in two's complement.
    pub fn big_int(&mut self, bytes: &[u8]) {
        match crate::graph::bigint::small(bytes) {
            Some(small) => self.int(small),
            None => self.integer(Integer::Big(crate::graph::bigint::trim(bytes))),
        }
    }

    fn integer(&mut self, value: Integer<'_>) {
        let shared = self.begin();
        self.writer.integer(value);
        self.put_shared(shared);
    }

    /// A float.
    pub fn float(&mut self, value: f64) {
        let shared = self.begin();
        self.writer.float(value);
        self.put_shared(shared);
    }

    /// Text. The same text again becomes a reference to the first, as Python has it for what it
    /// interns.
    pub fn str(&mut self, text: &str) {
        let shared = self.begin();
        // A shared object is one of its own, though others may have the same text.
        if shared.is_none()
            && self.options.memo == MemoEntries::Python
            && let Some(memo) = self.texts.get_or_insert(text.as_bytes(), self.memo_len)
        {
            return self.writer.get(memo);
        }
        self.writer.text(text.as_bytes());
        self.put_everywhere(shared);
    }

    /// Text of this one object only.
    pub(super) fn plain_text(&mut self, text: &[u8]) {
        self.writer.boundary();
        self.writer.text(text);
        self.put(None);
    }

    /// A word that belongs to the format rather than to the value.
    pub(super) fn constant(&mut self, text: &str) {
        self.writer.boundary();
        match self.texts.get_or_insert(text.as_bytes(), self.memo_len) {
            Some(memo) if self.options.memo == MemoEntries::Python => self.writer.get(memo),
            _ => {
                self.writer.text(text.as_bytes());
                self.put(None);
            }
        }
    }

    /// Immutable bytes.
    ///
    /// # Errors
    /// When values are nested too deep: below protocol 3 bytes are a call with arguments, a
    /// `bytearray` is below protocol 5.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        let shared = self.begin();
        self.bare_bytes(bytes)?;
        self.put(shared);
        Ok(())
    }

    /// Bytes without a memo number: an opcode, or before protocol 3 a call that encodes text.
    pub(super) fn bare_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        if self.writer.protocol >= 3 {
            self.writer.bytes(bytes);
            return Ok(());
        }
        if bytes.is_empty() {
            return self.reduce("builtins", "bytes", 0, |_| Ok(()));
        }
        self.reduce("_codecs", "encode", 2, |saver| {
            saver.plain_text(&latin1(bytes));
            saver.constant("latin1");
            Ok(())
        })
    }

    /// A `bytearray`.
    ///
    /// # Errors
    /// When values are nested too deep: below protocol 3 bytes are a call with arguments, a
    /// `bytearray` is below protocol 5.
    pub fn bytearray(&mut self, bytes: &[u8]) -> Result<()> {
        let shared = self.begin();
        self.bare_bytearray(bytes)?;
        self.put(shared);
        Ok(())
    }

    /// A `bytearray` without a memo number: an opcode, or before protocol 5 a call.
    pub(super) fn bare_bytearray(&mut self, bytes: &[u8]) -> Result<()> {
        match self.writer.protocol {
            5.. => self.writer.bytearray(bytes),
            _ if bytes.is_empty() => return self.reduce("builtins", "bytearray", 0, |_| Ok(())),
            _ => return self.reduce("builtins", "bytearray", 1, |saver| saver.bytes(bytes)),
        }
        Ok(())
    }

    /// A buffer: beside the pickle where the caller takes buffers, else as bytes inside it
    /// ([PEP 574](https://peps.python.org/pep-0574/)).
    ///
    /// # Errors
    /// When values are nested too deep: below protocol 3 bytes are a call with arguments, a
    /// `bytearray` is below protocol 5.
    pub fn buffer(&mut self, bytes: &[u8]) -> Result<()> {
        let (Some(sink), 5..) = (&mut self.buffers, self.writer.protocol) else {
            return self.bytes(bytes);
        };
        sink(bytes);
        self.begin();
        self.writer.op(op::NEXT_BUFFER);
        self.writer.op(op::READONLY_BUFFER);
        Ok(())
    }

    /// [`buffer`](Self::buffer) of bytes that Python may change: inside the pickle a `bytearray`.
    ///
    /// # Errors
    /// None at present.
    pub fn writable_buffer(&mut self, bytes: &[u8]) -> Result<()> {
        let (Some(sink), 5..) = (&mut self.buffers, self.writer.protocol) else {
            return self.bytearray(bytes);
        };
        sink(bytes);
        self.begin();
        self.writer.op(op::NEXT_BUFFER);
        Ok(())
    }

    /// Whether [`buffer`](Self::buffer) hands bytes to the caller.
    pub fn takes_buffers(&self) -> bool {
        self.buffers.is_some() && self.writer.protocol >= 5
    }

    /// A list; a tuple where it is a key.
    ///
    /// # Errors
    /// When an item cannot be saved.
    pub fn list<T: Pickle + ?Sized, B: Borrow<T>>(
        &mut self,
        len: usize,
        items: impl Iterator<Item = B>,
    ) -> Result<()> {
        if std::mem::take(&mut self.wants_bytes) {
            let mut bytes = Vec::with_capacity(len);
            for item in items {
                match item.borrow().as_byte() {
                    Some(byte) => bytes.push(byte),
                    None => return Err(no_bytes()),
                }
            }
            return self.bytes(&bytes);
        }
        if self.in_key {
            return self.tuple(len, |saver| save_each(saver, items));
        }
        self.plain_list(len, items)
    }

    fn plain_list<T: Pickle + ?Sized, B: Borrow<T>>(
        &mut self,
        len: usize,
        items: impl Iterator<Item = B>,
    ) -> Result<()> {
        let shared = self.begin();
        self.empty(op::EMPTY_LIST, op::LIST);
        self.put(shared);
        let mut batch = Batch::list(len);
        self.nest(|saver| {
            for (index, item) in items.enumerate() {
                batch.before(saver);
                item.borrow().save(saver).map_err(|error| error.in_index(index))?;
                batch.after(saver);
            }
            batch.end(saver)
        })
    }

    /// A tuple of `len` items, which `items` saves one after the other.
    ///
    /// # Errors
    /// When an item cannot be saved.
    pub fn tuple(&mut self, len: usize, items: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let shared = self.begin();
        self.bare_tuple(len, items)?;
        match len {
            0 => self.put_shared(shared),
            _ => self.put(shared),
        }
        Ok(())
    }

    fn bare_tuple(
        &mut self,
        len: usize,
        items: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let code = match (len, self.writer.protocol) {
            (0, 1..) => {
                self.writer.op(op::EMPTY_TUPLE);
                return Ok(());
            }
            (1..=3, 2..) => [op::TUPLE1, op::TUPLE2, op::TUPLE3][len - 1],
            _ => {
                self.writer.op(op::MARK);
                op::TUPLE
            }
        };
        self.nest(items)?;
        self.writer.op(code);
        Ok(())
    }

    /// A set; a `frozenset` where it is a key.
    ///
    /// # Errors
    /// When an element cannot be saved.
    pub fn set<T: Pickle + ?Sized, B: Borrow<T>>(
        &mut self,
        len: usize,
        items: impl Iterator<Item = B>,
    ) -> Result<()> {
        let outer = std::mem::replace(&mut self.in_key, true);
        let saved = if outer { self.frozen_set(len, items) } else { self.plain_set(len, items) };
        self.in_key = outer;
        saved
    }

    fn plain_set<T: Pickle + ?Sized, B: Borrow<T>>(
        &mut self,
        len: usize,
        items: impl Iterator<Item = B>,
    ) -> Result<()> {
        let shared = self.begin();
        if self.writer.protocol < 4 {
            return self.old_set("set", len, items, shared);
        }
        self.writer.op(op::EMPTY_SET);
        self.put(shared);
        let mut batch = Batch::set(len);
        self.nest(|saver| {
            for (index, item) in items.enumerate() {
                batch.before(saver);
                item.borrow().save(saver).map_err(|error| error.in_index(index))?;
                batch.after(saver);
            }
            batch.end(saver)
        })
    }

    /// A `frozenset`.
    ///
    /// # Errors
    /// When an element cannot be saved.
    pub fn frozenset<T: Pickle + ?Sized, B: Borrow<T>>(
        &mut self,
        len: usize,
        items: impl Iterator<Item = B>,
    ) -> Result<()> {
        let outer = std::mem::replace(&mut self.in_key, true);
        let saved = self.frozen_set(len, items);
        self.in_key = outer;
        saved
    }

    fn frozen_set<T: Pickle + ?Sized, B: Borrow<T>>(
        &mut self,
        len: usize,
        items: impl Iterator<Item = B>,
    ) -> Result<()> {
        let shared = self.begin();
        if self.writer.protocol < 4 {
            return self.old_set("frozenset", len, items, shared);
        }
        self.writer.op(op::MARK);
        self.nest(|saver| save_each(saver, items))?;
        self.writer.op(op::FROZENSET);
        self.put(shared);
        Ok(())
    }

    /// Sets before protocol 4: a call with a list.
    fn old_set<T: Pickle + ?Sized, B: Borrow<T>>(
        &mut self,
        class: &str,
        len: usize,
        items: impl Iterator<Item = B>,
        shared: Option<Shared>,
    ) -> Result<()> {
        self.reduce("builtins", class, 1, |saver| saver.plain_list(len, items))?;
        self.put(shared);
        Ok(())
    }

    /// A dict.
    ///
    /// # Errors
    /// When a key or value cannot be saved; when it is itself a key, which Python does not allow.
    pub fn dict<'v, K: Pickle + 'v, V: Pickle + 'v>(
        &mut self,
        len: usize,
        entries: impl Iterator<Item = (&'v K, &'v V)>,
    ) -> Result<()> {
        self.begin_dict()?;
        let mut batch = Batch::dict(len);
        self.nest(|saver| {
            for (index, (key, value)) in entries.enumerate() {
                batch.before(saver);
                saver.key(key).map_err(|error| error.in_index(index))?;
                value.save(saver).map_err(|error| error.in_index(index))?;
                batch.after(saver);
            }
            batch.end(saver)
        })
    }

    /// Begins a dict whose entries the caller writes.
    pub(super) fn begin_dict(&mut self) -> Result<()> {
        self.check_key(false)?;
        let shared = self.begin();
        self.empty(op::EMPTY_DICT, op::DICT);
        self.put(shared);
        Ok(())
    }

    /// Whether what is to be written may stand where it is to stand.
    pub(super) fn check_key(&self, hashable: bool) -> Result<()> {
        if self.in_key && !hashable { Err(unhashable()) } else { Ok(()) }
    }

    /// A key: lists in it become tuples, sets become frozensets.
    pub(crate) fn key<K: Pickle + ?Sized>(&mut self, key: &K) -> Result<()> {
        let outer = std::mem::replace(&mut self.in_key, true);
        key.save(self)?;
        self.in_key = outer;
        Ok(())
    }

    /// Saves what an instance holds, whose hash Python takes from its identity.
    pub(super) fn outside_key(&mut self, save: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let outer = std::mem::replace(&mut self.in_key, false);
        save(self)?;
        self.in_key = outer;
        Ok(())
    }

    fn empty(&mut self, binary: u8, text: u8) {
        if self.writer.protocol >= 1 {
            return self.writer.op(binary);
        }
        self.writer.op(op::MARK);
        self.writer.op(text);
    }

    /// The result of calling a function or class of Python's with `len` arguments, which `args`
    /// saves one after the other.
    ///
    /// Nothing is called here; whoever loads the pickle in Python calls it.
    ///
    /// # Errors
    /// When an argument cannot be saved, or the protocol cannot write the name.
    pub fn call(
        &mut self,
        module: &str,
        name: &str,
        len: usize,
        args: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let shared = self.begin();
        self.outside_key(|saver| saver.reduce(module, name, len, args))?;
        self.put_everywhere(shared);
        Ok(())
    }

    /// [`call`](Self::call) without a memo number for the result.
    pub(super) fn reduce(
        &mut self,
        module: &str,
        name: &str,
        len: usize,
        args: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        self.named(module.as_bytes(), name.as_bytes())?;
        self.writer.boundary();
        self.tuple(len, args)?;
        self.writer.op(op::REDUCE);
        Ok(())
    }

    /// A function or class by its module and qualified name.
    ///
    /// # Errors
    /// When the protocol cannot write the name.
    pub fn global(&mut self, module: &str, name: &str) -> Result<()> {
        let shared = self.begin();
        self.named(module.as_bytes(), name.as_bytes())?;
        self.put_shared(shared);
        Ok(())
    }

    /// The class of a derived type, or of a variant of it.
    pub(super) fn class(
        &mut self,
        module: &'static str,
        name: &'static str,
        variant: Option<&'static str>,
    ) -> Result<()> {
        let owner = variant.unwrap_or(name);
        let key = (name.as_ptr() as usize, variant.map_or(0, |name| name.as_ptr() as usize));
        if let Some(class) = self.classes.get_mut(&key).filter(|_| !owner.is_empty()) {
            class.used = true;
            let memo = class.memo;
            self.writer.boundary();
            self.writer.get(memo);
            return Ok(());
        }
        let before = self.memo_len;
        match variant {
            Some(variant) => {
                self.named(module.as_bytes(), [name, ".", variant].concat().as_bytes())?;
            }
            None => self.named(module.as_bytes(), name.as_bytes())?,
        }
        // Written anew, it has the last number; else it was known by its names already.
        if self.memo_len > before {
            self.classes.insert(key, Class { memo: self.memo_len - 1, used: false });
        }
        Ok(())
    }

    /// A name, from the memo where it was written before.
    pub(super) fn named(&mut self, module: &[u8], name: &[u8]) -> Result<()> {
        self.writer.boundary();
        let key = [module, b"\0", name].concat();
        if let Some(memo) = self.globals.get(&key) {
            self.writer.get(*memo);
            return Ok(());
        }
        if self.writer.protocol >= 4 {
            self.name_text(module);
            match name {
                // The one class of Python's that shares its name with its module makes its name anew.
                b"datetime" => self.plain_text(name),
                _ => self.name_text(name),
            }
            self.writer.op(op::STACK_GLOBAL);
        } else {
            self.old_global(module, name)?;
        }
        self.globals.insert(key, self.memo_len);
        self.number(None);
        Ok(())
    }

    fn name_text(&mut self, text: &[u8]) {
        match std::str::from_utf8(text) {
            Ok(text) => self.constant(text),
            Err(_) => self.plain_text(text),
        }
    }

    /// A name before protocol 4: a line for the module and one for the name; what lies inside a
    /// class is reached by `getattr`.
    fn old_global(&mut self, module: &[u8], name: &[u8]) -> Result<()> {
        let parts: Vec<&[u8]> = match name {
            [b'.', ..] | [.., b'.'] => vec![name],
            _ => name.split(|byte| *byte == b'.').collect(),
        };
        for _ in &parts[1..] {
            self.named(b"builtins", b"getattr")?;
            if self.writer.protocol < 2 {
                self.writer.op(op::MARK);
            }
        }
        match parts.len() {
            1 => self.global_line(module, name)?,
            _ => self.named(module, parts[0])?,
        }
        for (index, part) in parts.iter().enumerate().skip(1) {
            self.plain_text(part);
            self.writer.op(if self.writer.protocol >= 2 { op::TUPLE2 } else { op::TUPLE });
            self.put(None);
            self.writer.op(op::REDUCE);
            if index + 1 < parts.len() {
                let owner = parts[..=index].join(&b'.');
                self.globals.insert([module, b"\0", &owner].concat(), self.memo_len);
                self.number(None);
            }
        }
        Ok(())
    }

    fn global_line(&mut self, module: &[u8], name: &[u8]) -> Result<()> {
        let protocol = self.writer.protocol;
        let fits = |name: &[u8]| match protocol {
            3 => std::str::from_utf8(name).is_ok_and(|name| !name.contains('\n')),
            _ => name.is_ascii() && !name.contains(&b'\n'),
        };
        if [module, name].iter().any(|name| name.is_empty() || !fits(name)) {
            let what = format!("protocol {protocol} cannot write this name");
            return Err(Error::new(ErrorKind::Unsupported { what: what.into() })
                .with_hint("protocol 4 writes any name"));
        }
        let (module, name) = match protocol {
            0..=2 if self.options.fix_imports => names::to_python2(module, name),
            _ => (module.to_vec(), name.to_vec()),
        };
        self.writer.line_pair(op::GLOBAL, &module, &name);
        Ok(())
    }
}

fn save_each<T: Pickle + ?Sized, B: Borrow<T>>(
    saver: &mut Saver<'_>,
    items: impl Iterator<Item = B>,
) -> Result<()> {
    for (index, item) in items.enumerate() {
        item.borrow().save(saver).map_err(|error| error.in_index(index))?;
    }
    Ok(())
}

/// How the items of a container are handed over: one by one or a thousand at a time.
pub(super) struct Batch {
    total: usize,
    done: usize,
    single: u8,
    many: u8,
    kind: Kind,
}

/// What differs between what is filled.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// A list or dict, whose length Python knows.
    Sized,
    Set,
    /// An object that Python fills from an iterator: an item left over stands alone.
    Iterated,
}

impl Batch {
    fn list(total: usize) -> Self {
        Self { total, done: 0, single: op::APPEND, many: op::APPENDS, kind: Kind::Sized }
    }

    pub(super) fn dict(total: usize) -> Self {
        Self { total, done: 0, single: op::SETITEM, many: op::SETITEMS, kind: Kind::Sized }
    }

    fn set(total: usize) -> Self {
        Self { total, done: 0, single: op::ADDITEMS, many: op::ADDITEMS, kind: Kind::Set }
    }

    pub(super) fn appended(total: usize) -> Self {
        Self { kind: Kind::Iterated, ..Self::list(total) }
    }

    pub(super) fn assigned(total: usize) -> Self {
        Self { kind: Kind::Iterated, ..Self::dict(total) }
    }

    /// Whether the items of this batch are handed over one by one.
    #[inline]
    fn is_single(&self, saver: &Saver<'_>) -> bool {
        let alone = match self.kind {
            Kind::Sized => self.total == 1,
            Kind::Set => false,
            Kind::Iterated => self.total % BATCH == 1 && self.done >= self.total - 1,
        };
        saver.writer.protocol == 0 || alone
    }

    #[inline]
    pub(super) fn before(&mut self, saver: &mut Saver<'_>) {
        if self.done.is_multiple_of(BATCH) && !self.is_single(saver) {
            saver.writer.op(op::MARK);
        }
    }

    #[inline]
    pub(super) fn after(&mut self, saver: &mut Saver<'_>) {
        let single = self.is_single(saver);
        self.done += 1;
        if single {
            saver.writer.op(self.single);
        } else if self.done.is_multiple_of(BATCH) {
            saver.writer.op(self.many);
        }
    }

    /// Ends the last batch; a set whose last one is full gets an empty one, as in CPython.
    pub(super) fn end(self, saver: &mut Saver<'_>) -> Result<()> {
        if self.done != self.total {
            return Err(Error::new(ErrorKind::Changed));
        }
        if self.done == 0 || self.is_single(saver) {
            return Ok(());
        }
        if !self.done.is_multiple_of(BATCH) {
            saver.writer.op(self.many);
        } else if self.kind == Kind::Set {
            saver.writer.op(op::MARK);
            saver.writer.op(self.many);
        }
        Ok(())
    }
}

#[cold]
fn too_deep(limit: u32) -> Error {
    Error::new(ErrorKind::Depth { limit })
        .with_hint("raise `Limits::max_depth` where the stack is large enough")
}

#[cold]
fn no_bytes() -> Error {
    let what = "`#[pickle(bytes)]` is for sequences of `u8`";
    Error::new(ErrorKind::Unsupported { what: what.into() })
}

#[cold]
pub(super) fn unhashable() -> Error {
    Error::new(ErrorKind::Unsupported {
        what: "what can be changed, as a dict can, cannot be a key in Python".into(),
    })
}
