//! Two passes over a value: [`Measure`] adds up the sizes, [`Writer`] fills the bytes.

use std::borrow::Borrow;
use std::collections::VecDeque;

use super::context::Context;
use super::{BLOCK, COUNT, IN_STREAM, INLINE, LARGE, LONG, SchemaMode, in_stream, varint};
use crate::env::Env;
use crate::error::{Error, ErrorKind, Result};
use crate::raw::{Cursor, HeadMut, Region, Section, Written, image_bytes};
use crate::registry::Member;
use crate::traits::{Layout, Pickle};
use crate::type_info::TypeInfo;

/// The sizes of a section's parts, added up by [`Pickle::measure`].
pub struct Measure {
    tail: usize,
    text: usize,
    /// Inside a block or a state, where everything stays in the section.
    nested: bool,
    /// Something was left for the stream.
    streams: bool,
    depth: u32,
    max_depth: u32,
    /// What `getstate` returned, encoded, in the order in which the writer will need it.
    states: VecDeque<Vec<u8>>,
    pub(super) context: Context,
}

impl Measure {
    fn new(nested: bool, depth: u32, max_depth: u32, context: Context) -> Self {
        Self {
            tail: 0,
            text: 0,
            nested,
            streams: false,
            depth,
            max_depth,
            states: VecDeque::new(),
            context,
        }
    }

    /// Counts a level of nesting while `inside` measures what is there.
    #[inline(always)]
    pub(crate) fn nest(&mut self, inside: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        if self.depth >= self.max_depth {
            return Err(too_deep(self.max_depth));
        }
        self.depth += 1;
        inside(self)?;
        self.depth -= 1;
        Ok(())
    }

    /// Adds fields that live in the tail: those of a large variant.
    #[inline(always)]
    pub(crate) fn tail(&mut self, bytes: usize) {
        self.tail += bytes;
    }

    /// Adds the fields of a variant, which take `size` bytes.
    #[inline(always)]
    pub fn variant(&mut self, size: usize) {
        if size > INLINE {
            self.tail(size);
        }
    }

    /// Adds a value whose head lives in the tail.
    #[inline(always)]
    pub fn boxed<T: Pickle + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.tail += T::HEAD;
        if T::FIXED { Ok(()) } else { self.nest(|measure| value.measure(measure)) }
    }

    #[inline(always)]
    pub(crate) fn text(&mut self, text: &str) {
        if self.is_inline(true, 1, text.len()) {
            self.text += text.len();
        }
    }

    #[inline(always)]
    pub(crate) fn seq<T: Pickle, B: Borrow<T>>(
        &mut self,
        count: usize,
        items: impl Iterator<Item = B>,
    ) -> Result<()> {
        if !self.is_inline(T::FIXED, T::HEAD, count) {
            return Ok(());
        }
        self.tail += count * T::HEAD;
        if T::FIXED {
            return Ok(());
        }
        self.nest(|measure| {
            for (index, item) in items.enumerate() {
                if let Err(error) = item.borrow().measure(measure) {
                    return Err(error.in_index(index));
                }
            }
            Ok(())
        })
    }

    /// Whether a sequence stays in the section; notes it when not.
    #[inline(always)]
    fn is_inline(&mut self, fixed: bool, head: usize, count: usize) -> bool {
        if !self.nested && in_stream(fixed, head, count) {
            self.streams = true;
            return false;
        }
        if count >= LONG as usize {
            self.tail += 8;
        }
        true
    }

    /// Encodes a state at once, since `getstate` may be called only once.
    pub(crate) fn state<S: Pickle>(&mut self, state: &S) -> Result<()> {
        let mut bytes = Vec::new();
        self.nest(|measure| {
            let (depth, max_depth) = (measure.depth, measure.max_depth);
            let context = std::mem::take(&mut measure.context);
            let mark = context.visits.as_ref().map_or(0, |visits| visits.mark());
            let mut inner =
                Measure::of(true, depth, max_depth, context, |inner| state.measure(inner))?;
            let mut writer = Writer::new(true, depth, max_depth, inner.take_context());
            writer.context.rewind(mark);
            writer.section(&mut bytes, S::HEAD, inner, |writer, heads| writer.one(heads, state));
            // What the state holds was written; its objects stay known to what follows.
            if !writer.context.end(mark) {
                writer.changed();
            }
            measure.context = std::mem::take(&mut writer.context);
            writer.finish()
        })?;
        self.tail += bytes.len();
        self.states.push_back(bytes);
        Ok(())
    }

    /// The class of an object that is measured next.
    pub(crate) fn class(&mut self, member: &Member) -> Result<()> {
        self.context.add_class(member)
    }

    /// What the pickle may refer to.
    pub(crate) fn env(&self) -> &Env {
        self.context.env()
    }

    fn take_context(&mut self) -> Context {
        std::mem::take(&mut self.context)
    }

    fn of(
        nested: bool,
        depth: u32,
        max_depth: u32,
        context: Context,
        measure: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<Self> {
        let mut sizes = Self::new(nested, depth, max_depth, context);
        measure(&mut sizes)?;
        Ok(sizes)
    }
}

#[cold]
fn too_deep(limit: u32) -> Error {
    Error::new(ErrorKind::Depth { limit })
        .with_hint("raise `Limits::max_depth` where the stack is large enough")
}

/// How a payload is written.
pub(crate) struct Writing<'e> {
    pub(crate) info: &'e TypeInfo,
    pub(crate) max_depth: u32,
    pub(crate) env: &'e Env,
    /// Whether the type holds objects, whose classes end the payload; and how those are described.
    pub(crate) objects: Option<SchemaMode>,
}

/// Encodes a value behind what `out` holds.
///
/// `announce` writes what precedes the payload, given its size where that is known already; what it
/// returns is handed back. On an error `out` holds more than it did.
pub(crate) fn write_payload<T: Pickle + ?Sized, A>(
    value: &T,
    out: &mut Vec<u8>,
    writing: Writing<'_>,
    announce: impl FnOnce(&mut Vec<u8>, Option<usize>) -> A,
) -> Result<A> {
    let Writing { info, max_depth, env, objects } = writing;
    // What is in the stream is measured late; the order of shared objects is known at once.
    let nested = info.is_shared;
    let context = Context::new(env, info);
    let mut sizes = Measure::of(nested, 0, max_depth, context, |measure| value.measure(measure))?;
    let size = section_size(T::HEAD, &sizes);
    let mut writer = Writer::new(nested, 0, max_depth, sizes.take_context());
    writer.context.rewind(0);
    if !sizes.streams {
        let mut classes = Vec::new();
        if let Some(mode) = objects {
            writer.context.put_classes(mode, &mut classes);
        }
        let announced = announce(out, Some(size + classes.len()));
        writer.section(out, T::HEAD, sizes, |writer, heads| writer.one(heads, value));
        // What was short when it was measured may have grown beyond a section since.
        if !writer.stream.is_empty() {
            writer.changed();
        }
        if !writer.context.end(0) {
            writer.changed();
        }
        out.extend_from_slice(&classes);
        return writer.finish().map(|()| announced);
    }
    // The root section comes first and is finished last: its place is kept open.
    let announced = announce(out, None);
    let start = out.len();
    out.resize(start + size, 0);
    let mut root = Vec::with_capacity(size);
    writer.stream = std::mem::take(out);
    writer.section(&mut root, T::HEAD, sizes, |writer, heads| writer.one(heads, value));
    *out = std::mem::take(&mut writer.stream);
    if let Some(mode) = objects {
        writer.context.put_classes(mode, out);
    }
    writer.finish()?;
    out[start..start + size].copy_from_slice(&root);
    Ok(announced)
}

/// From how many bytes, and from how many elements with tails or text, a sequence may leave its
/// section or need a longer count.
const fn far(nested: bool) -> (usize, usize) {
    if nested { (LONG as usize, LONG as usize) } else { (LARGE, BLOCK + 1) }
}

fn section_size(heads: usize, sizes: &Measure) -> usize {
    varint::size(sizes.tail as u64)
        + varint::size(sizes.text as u64)
        + heads
        + sizes.tail
        + sizes.text
}

/// Fills the sections of a pickle. [`Pickle::encode`] gets one.
pub struct Writer {
    tail: Region,
    text: Region,
    stream: Vec<u8>,
    nested: bool,
    /// So many bytes, or so many elements with tails or text, may be too many for a head's count,
    /// or leave their section. See [`far`].
    far: usize,
    far_items: usize,
    depth: u32,
    max_depth: u32,
    states: VecDeque<Vec<u8>>,
    pub(super) context: Context,
    error: Option<Error>,
}

impl Writer {
    fn new(nested: bool, depth: u32, max_depth: u32, context: Context) -> Self {
        let (far, far_items) = far(nested);
        Self {
            tail: Region::EMPTY,
            text: Region::EMPTY,
            stream: Vec::new(),
            nested,
            far,
            far_items,
            depth,
            max_depth,
            states: VecDeque::new(),
            context,
            error: None,
        }
    }

    fn set_nested(&mut self, nested: bool) {
        self.nested = nested;
        (self.far, self.far_items) = far(nested);
    }

    fn finish(self) -> Result<()> {
        self.error.map_or(Ok(()), Err)
    }

    /// Remembers the first error; what is written from then on is not used.
    #[cold]
    pub(crate) fn fail(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }

    /// The number of the class of an object, which was measured before.
    pub(crate) fn class(&mut self, member: &Member) -> u32 {
        match self.context.class(member) {
            Some(number) => number,
            None => {
                self.changed();
                0
            }
        }
    }

    #[cold]
    pub(super) fn changed(&mut self) {
        self.fail(Error::new(ErrorKind::Changed).with_hint(
            "hold still what other threads write, and let `getstate` return the same each time",
        ));
    }

    /// Appends a section to `buffer`: its sizes, heads, tail and text.
    fn section(
        &mut self,
        buffer: &mut Vec<u8>,
        heads: usize,
        sizes: Measure,
        write: impl FnOnce(&mut Self, &mut Region),
    ) {
        varint::put(buffer, sizes.tail as u64);
        varint::put(buffer, sizes.text as u64);
        let (section, mut head, tail, text) =
            Section::reserve(buffer, heads, sizes.tail, sizes.text);
        let tail = std::mem::replace(&mut self.tail, tail);
        let text = std::mem::replace(&mut self.text, text);
        let states = std::mem::replace(&mut self.states, sizes.states);
        write(self, &mut head);
        let tail = std::mem::replace(&mut self.tail, tail);
        let text = std::mem::replace(&mut self.text, text);
        let states = std::mem::replace(&mut self.states, states);
        if self.error.is_some() {
            return;
        }
        let regions = [head, tail, text];
        if !(regions.iter().all(Region::is_full) && states.is_empty()) {
            return self.changed();
        }
        section.commit(buffer, regions);
    }

    /// Encodes the head of one value.
    fn one<T: Pickle + ?Sized>(&mut self, heads: &mut Region, value: &T) {
        match heads.group(T::HEAD) {
            Some(group) => group.write(|fields| fields.put(value, self)),
            None => self.changed(),
        }
    }

    /// Encodes the heads of a sequence.
    #[inline(always)]
    fn heads<T: Pickle, B: Borrow<T>>(
        &mut self,
        heads: &mut Region,
        count: usize,
        items: impl Iterator<Item = B>,
    ) {
        let complete = match heads.items::<T>(count) {
            Some(place) => place.write(items, self),
            None => false,
        };
        if !complete {
            self.changed();
        }
    }

    /// Encodes a value into the tail.
    #[inline(always)]
    pub fn boxed<T: Pickle + ?Sized>(&mut self, value: &T) {
        self.depth += 1;
        self.group(T::HEAD, |fields, writer| fields.put(value, writer));
        self.depth -= 1;
    }

    /// Writes fields of `size` bytes into the tail: those of a large variant.
    #[inline(always)]
    pub fn group(&mut self, size: usize, write: impl FnOnce(&mut Cursor<'_>, &mut Self)) {
        match self.tail.group(size) {
            Some(group) => group.write(|fields| write(fields, self)),
            None => self.changed(),
        }
    }

    #[inline(always)]
    pub(crate) fn text<'b, T: Layout + ?Sized>(
        &mut self,
        head: HeadMut<'b, T>,
        text: &str,
    ) -> Written<'b, T> {
        if text.len() >= self.far {
            return head.write(self.far_text(text).to_le_bytes());
        }
        // The head first, so that nothing is kept across the copy.
        let written = head.write((text.len() as u32).to_le_bytes());
        if self.text.put(text.as_bytes()).is_none() {
            self.changed();
        }
        written
    }

    /// Writes text that is too long for its head or its section; returns the word for its head.
    #[cold]
    fn far_text(&mut self, text: &str) -> u32 {
        if !self.nested {
            self.put_stream(text.len(), text.as_bytes());
            return IN_STREAM;
        }
        let word = self.count(text.len());
        if self.text.put(text.as_bytes()).is_none() {
            self.changed();
        }
        word
    }

    /// Encodes a sequence that is no slice.
    #[inline(always)]
    pub(crate) fn seq<'b, H: Layout + ?Sized, T: Pickle, B: Borrow<T>>(
        &mut self,
        head: HeadMut<'b, H>,
        count: usize,
        items: impl Iterator<Item = B> + Clone,
    ) -> Written<'b, H> {
        let is_far = match T::FIXED {
            true => count.saturating_mul(T::HEAD.max(1)) >= self.far,
            false => count >= self.far_items,
        };
        if is_far {
            return head.write(self.far_seq::<T, B>(count, items).to_le_bytes());
        }
        let written = head.write((count as u32).to_le_bytes());
        self.near_seq::<T, B>(count, items);
        written
    }

    #[inline(always)]
    fn near_seq<T: Pickle, B: Borrow<T>>(&mut self, count: usize, items: impl Iterator<Item = B>) {
        let place = self.tail.items::<T>(count);
        self.depth += 1;
        if !place.is_some_and(|place| place.write(items, self)) {
            self.changed();
        }
        self.depth -= 1;
    }

    /// [`seq`](Self::seq) of one that may be too long for its head or its section; returns the word
    /// for its head.
    #[inline(never)]
    fn far_seq<T: Pickle, B: Borrow<T>>(
        &mut self,
        count: usize,
        items: impl Iterator<Item = B> + Clone,
    ) -> u32 {
        if !self.nested && in_stream(T::FIXED, T::HEAD, count) {
            self.blocks::<T, B>(count, items);
            return IN_STREAM;
        }
        let word = self.count(count);
        self.near_seq::<T, B>(count, items);
        word
    }

    /// Encodes a slice, as memory where it can be.
    #[inline(always)]
    pub(crate) fn slice<'b, H: Layout + ?Sized, T: Pickle>(
        &mut self,
        head: HeadMut<'b, H>,
        items: &[T],
    ) -> Written<'b, H> {
        let Some(bytes) = image_bytes(items) else {
            return self.seq::<H, T, &T>(head, items.len(), items.iter());
        };
        if bytes.len() >= self.far {
            return head.write(self.far_bytes(items.len(), bytes).to_le_bytes());
        }
        let written = head.write((items.len() as u32).to_le_bytes());
        if self.tail.put(bytes).is_none() {
            self.changed();
        }
        written
    }

    /// Writes the bytes of `count` elements that may be too many for a head or a section; returns
    /// the word for the head.
    #[cold]
    fn far_bytes(&mut self, count: usize, bytes: &[u8]) -> u32 {
        if !self.nested {
            self.put_stream(count, bytes);
            return IN_STREAM;
        }
        let word = self.count(count);
        if self.tail.put(bytes).is_none() {
            self.changed();
        }
        word
    }

    /// The word for the head of a sequence that stays in its section.
    #[cold]
    fn count(&mut self, count: usize) -> u32 {
        if count < LONG as usize {
            return count as u32;
        }
        if self.tail.put(&(count as u64).to_le_bytes()).is_none() {
            self.changed();
        }
        LONG
    }

    #[inline(never)]
    fn put_stream(&mut self, count: usize, bytes: &[u8]) {
        varint::put(&mut self.stream, count as u64);
        self.stream.extend_from_slice(bytes);
    }

    /// Writes a sequence to the stream: heads alone, or block by block.
    #[inline(never)]
    fn blocks<T: Pickle, B: Borrow<T>>(
        &mut self,
        count: usize,
        items: impl Iterator<Item = B> + Clone,
    ) {
        let mut stream = std::mem::take(&mut self.stream);
        varint::put(&mut stream, count as u64);
        self.set_nested(true);
        let mut left = count;
        let mut rest = items;
        while left > 0 && self.error.is_none() {
            let size = if T::FIXED { left } else { left.min(BLOCK) };
            if T::FIXED {
                self.fixed_block::<T, B>(&mut stream, size, rest.clone());
            } else {
                self.block::<T, B>(&mut stream, count - left, size, rest.clone());
            }
            rest.nth(size - 1);
            left -= size;
        }
        self.set_nested(false);
        self.stream = stream;
    }

    fn fixed_block<T: Pickle, B: Borrow<T>>(
        &mut self,
        stream: &mut Vec<u8>,
        size: usize,
        items: impl Iterator<Item = B>,
    ) {
        let (section, mut heads, tail, text) = Section::reserve(stream, size * T::HEAD, 0, 0);
        self.heads::<T, B>(&mut heads, size, items.take(size));
        if self.error.is_none() {
            section.commit(stream, [heads, tail, text]);
        }
    }

    #[inline(never)]
    fn block<T: Pickle, B: Borrow<T>>(
        &mut self,
        stream: &mut Vec<u8>,
        first: usize,
        size: usize,
        items: impl Iterator<Item = B> + Clone,
    ) {
        let context = std::mem::take(&mut self.context);
        let measured = Measure::of(true, self.depth, self.max_depth, context, |measure| {
            measure.nest(|measure| {
                for (index, item) in items.clone().take(size).enumerate() {
                    if let Err(error) = item.borrow().measure(measure) {
                        return Err(error.in_index(first + index));
                    }
                }
                Ok(())
            })
        });
        let mut sizes = match measured {
            Ok(sizes) => sizes,
            Err(error) => return self.fail(error),
        };
        self.context = sizes.take_context();
        self.section(stream, size * T::HEAD, sizes, |writer, heads| {
            writer.heads::<T, B>(heads, size, items.take(size));
        });
    }

    /// Writes the state that [`Measure::state`] encoded.
    pub(crate) fn state(&mut self) {
        match self.states.pop_front() {
            Some(bytes) if self.tail.put(&bytes).is_some() => {}
            _ => self.changed(),
        }
    }
}

const _: () = assert!(COUNT == size_of::<u32>() && LARGE < LONG as usize);
