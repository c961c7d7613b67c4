//! A typed value into a pickle: what [`Pickle::save`] calls.

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
use super::save_text::NAMES;
use super::series::Series;
use super::text_memo::TextMemo;
use super::writer::Writer;
use super::{Machine, save_with};

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
    pub(super) texts: TextMemo,
    /// Names of the program's that were written last, with their memo numbers.
    pub(super) names: [Option<(&'static str, u32)>; NAMES],
    pub(super) globals: HashMap<Vec<u8>, u32>,
    /// Bytes of names that were joined of parts.
    pub(super) joined: usize,
    /// Where the pickle begins in what is written.
    pub(super) start: usize,
    /// Classes of derived types: by the address of their names.
    pub(super) classes: HashMap<(usize, usize), Class>,
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
    pub(super) buffers: Option<BufferSink<'w>>,
    pub(crate) env: Env,
}

#[derive(Clone, Copy)]
pub(super) struct Class {
    pub(super) memo: u32,
    pub(super) used: bool,
}

/// Appends a pickle of `value` to `out`; on an error `out` is as it was.
pub(crate) fn save_value<'w, T: Pickle + ?Sized>(
    value: &T,
    options: &SaveOptions,
    limits: &Limits,
    env: &Env,
    buffers: Option<BufferSink<'w>>,
    mut series: Option<&mut Series>,
    out: &mut Vec<u8>,
) -> Result<()> {
    let mut saver = Saver { env: env.clone(), start: out.len(), ..Saver::new(options, limits)? };
    saver.writer = Writer::behind(std::mem::take(out), options.protocol as u8);
    saver.buffers = buffers;
    if let Some(series) = &mut series {
        series.begin(&mut saver);
    }
    let mut saving = Saving { saver, out, is_complete: false };
    let saved = value.save(&mut saving.saver).and_then(|()| saving.saver.end());
    if let Some(series) = series {
        series.end(&mut saving.saver);
    }
    saving.is_complete = saved.is_ok();
    saved
}

/// Gives the buffer back, whatever happens; without the pickle if that is not complete.
struct Saving<'o, 'w> {
    saver: Saver<'w>,
    out: &'o mut Vec<u8>,
    is_complete: bool,
}

impl Drop for Saving<'_, '_> {
    fn drop(&mut self) {
        *self.out = self.saver.writer.take();
        if !self.is_complete {
            self.out.truncate(self.saver.start);
        }
    }
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
            names: [None; NAMES],
            globals: HashMap::new(),
            joined: 0,
            start: 0,
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
        self.end()?;
        Ok(self.writer.take())
    }

    /// Ends the pickle.
    fn end(&mut self) -> Result<()> {
        self.writer.end();
        // Numbers that later pickles refer to stay as they are.
        let needed = self.options.memo == MemoEntries::Needed
            && !self.writer.explicit
            && self.shared.is_empty();
        if needed && self.classes.values().any(|class| !class.used) {
            // A class that occurs once was numbered in case that it would occur again.
            let written = self.writer.take_from(self.start);
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
    #[inline]
    pub(super) fn begin(&mut self) -> Option<Shared> {
        self.writer.boundary();
        // One seldom waits: to look costs less than to take what is not there.
        if self.pending.is_some() { self.take_pending() } else { None }
    }

    #[cold]
    #[inline(never)]
    fn take_pending(&mut self) -> Option<Shared> {
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

    #[inline]
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
    #[inline]
    pub(super) fn put_shared(&mut self, shared: Option<Shared>) {
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
    #[inline]
    pub fn none(&mut self) {
        let shared = self.begin();
        self.writer.op(op::NONE);
        self.put_shared(shared);
    }

    /// A bool.
    #[inline]
    pub fn bool(&mut self, value: bool) {
        let shared = self.begin();
        self.writer.bool(value);
        self.put_shared(shared);
    }

    /// An integer.
    #[inline]
    pub fn int(&mut self, value: i64) {
        let shared = self.begin();
        self.writer.int(value);
        self.put_shared(shared);
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
    #[inline]
    pub fn float(&mut self, value: f64) {
        let shared = self.begin();
        self.writer.float(value);
        self.put_shared(shared);
    }
}

#[cold]
fn too_deep(limit: u32) -> Error {
    Error::new(ErrorKind::Depth { limit })
        .with_hint("raise `Limits::max_depth` where the stack is large enough")
}
