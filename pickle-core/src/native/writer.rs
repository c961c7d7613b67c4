//! The second pass over a value: filling the bytes of its sections.

use std::borrow::Borrow;
use std::marker::PhantomData;

use super::context::Context;
use super::measure::{Measure, States};
use super::streaming::{Rest, Streaming};
use super::unmeasured::Unmeasured;
use super::{BLOCK, COUNT, IN_STREAM, LARGE, LONG, in_stream, varint};
use crate::error::{Error, ErrorKind, Result};
use crate::raw::{Cursor, HeadMut, Region, Section, Written, image_bytes};
use crate::registry::Member;
use crate::stack;
use crate::traits::{Layout, Pickle};

/// From how many bytes, and from how many elements with tails or text, a sequence may leave its
/// section or need a longer count.
const fn far(nested: bool) -> (usize, usize) {
    if nested { (LONG as usize, LONG as usize) } else { (LARGE, BLOCK + 1) }
}

/// Fills the sections of a pickle. [`Pickle::encode`] gets one.
pub struct Writer {
    pub(super) tail: Region,
    pub(super) text: Region,
    pub(super) stream: Vec<u8>,
    nested: bool,
    /// So many bytes, or so many elements with tails or text, may be too many for a head's count,
    /// or leave their section. See [`far`].
    far: usize,
    far_items: usize,
    pub(super) depth: u32,
    pub(super) max_depth: u32,
    /// Groups of fields that are being written.
    open: u32,
    states: States,
    /// Whether the stream's blocks may be written without being measured, as far as is known.
    pub(super) one_pass: bool,
    pub(super) context: Context,
    pub(super) error: Option<Error>,
    pub(super) unmeasured: Option<Box<Unmeasured>>,
}

impl Writer {
    #[inline(always)]
    pub(super) fn new(nested: bool, depth: u32, max_depth: u32, context: Context) -> Self {
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
            open: 0,
            states: States::default(),
            one_pass: false,
            context,
            error: None,
            unmeasured: None,
        }
    }

    pub(super) fn set_nested(&mut self, nested: bool) {
        self.nested = nested;
        (self.far, self.far_items) = far(nested);
    }

    /// How far inside the value the writer is. It is back where it was, unless the user's code has caught a
    /// panic of what it wrote: then not all the room that was taken is written.
    #[inline(always)]
    fn levels(&self) -> (u32, u32) {
        (self.depth, self.open)
    }

    #[inline(always)]
    fn replace(&mut self, tail: Region, text: Region, states: States) -> (Region, Region, States) {
        (
            std::mem::replace(&mut self.tail, tail),
            std::mem::replace(&mut self.text, text),
            std::mem::replace(&mut self.states, states),
        )
    }

    /// The first error, if there was one.
    #[inline(always)]
    pub(super) fn finish(&mut self) -> Result<()> {
        self.error.take().map_or(Ok(()), Err)
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
    #[inline(always)]
    pub(super) fn section(
        &mut self,
        buffer: &mut Vec<u8>,
        heads: usize,
        sizes: Measure,
        write: impl FnOnce(&mut Self, &mut Region),
    ) {
        let (section, mut head, tail, text) = reserve(buffer, heads, sizes.tail, sizes.text);
        let inner = Inner::new(self, tail, text, sizes.states);
        write(inner.writer, &mut head);
        let (tail, text, states) = inner.close();
        if self.error.is_some() {
            return;
        }
        if !(states.is_empty() && section.commit(buffer, [head, tail, text])) {
            self.changed();
        }
    }

    /// [`section`](Self::section) of a pickle that has nothing else, and the first error.
    #[inline(always)]
    pub(super) fn root(
        mut self,
        buffer: &mut Vec<u8>,
        heads: usize,
        sizes: Measure,
        write: impl FnOnce(&mut Self, &mut Region),
    ) -> Result<()> {
        let (section, mut head, tail, text) = reserve(buffer, heads, sizes.tail, sizes.text);
        let Measure { states, context, .. } = sizes;
        (self.tail, self.text, self.states, self.context) = (tail, text, states, context);
        let levels = self.levels();
        write(&mut self, &mut head);
        let (tail, text) = (
            std::mem::replace(&mut self.tail, Region::EMPTY),
            std::mem::replace(&mut self.text, Region::EMPTY),
        );
        let regions = [head, tail, text];
        // What was short when it was measured may have grown beyond a section since.
        let is_whole = self.levels() == levels && self.states.is_empty() && self.stream.is_empty();
        if !(is_whole && section.commit(buffer, regions)) {
            self.changed();
        }
        let Self { stream, states, context, error, .. } = self;
        match error {
            // Small messages have nothing to drop, and do not look for it.
            None if stream.capacity() == 0 && states.is_none() && context.is_empty() => {
                std::mem::forget((stream, states, context));
                Ok(())
            }
            None => Ok(()),
            Some(error) => Err(error),
        }
    }

    /// Encodes the head of one value.
    #[inline(always)]
    pub(super) fn one<T: Pickle + ?Sized>(&mut self, heads: &mut Region, value: &T) {
        match heads.group(T::HEAD) {
            Some(group) => group.write(|fields| fields.put(value, self)),
            None => self.changed(),
        }
    }

    /// Encodes the heads of a sequence.
    #[inline(always)]
    pub(super) fn heads<T: Pickle, B: Borrow<T>>(
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
        self.nest(|writer| writer.group(T::HEAD, |fields, writer| fields.put(value, writer)));
    }

    /// Writes fields of `size` bytes into the tail: those of a large variant.
    #[inline(always)]
    pub fn group(&mut self, size: usize, write: impl FnOnce(&mut Cursor<'_>, &mut Self)) {
        self.open += 1;
        match self.take_group(size) {
            Some(group) => group.write(|fields| write(fields, self)),
            None => self.changed(),
        }
        self.open -= 1;
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
        self.put_text(text);
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
        self.put_text(text);
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
        let place = self.take_items::<T>(count);
        self.nest(|writer| {
            if !place.is_some_and(|place| place.write(items, writer)) {
                writer.changed();
            }
        });
    }

    /// Counts a level of nesting, whose limit the measure has checked.
    #[inline(always)]
    pub(super) fn nest(&mut self, inside: impl FnOnce(&mut Self)) {
        self.depth += 1;
        match stack::is_due(self.depth) {
            false => inside(self),
            true => self.nest_deeper(inside),
        }
        self.depth -= 1;
    }

    #[cold]
    #[inline(never)]
    fn nest_deeper(&mut self, inside: impl FnOnce(&mut Self)) {
        // No measure has checked it, and this is not asked again before so many levels.
        if self.is_unmeasured() && self.depth + (stack::EVERY - 1) > self.max_depth {
            return self.changed();
        }
        stack::with_room(|| inside(self));
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
        self.put_tail(bytes);
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
        self.put_tail(bytes);
        word
    }

    /// The word for the head of a sequence that stays in its section.
    #[cold]
    fn count(&mut self, count: usize) -> u32 {
        if count < LONG as usize {
            return count as u32;
        }
        self.put_tail(&(count as u64).to_le_bytes());
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
        let mut streaming = Streaming::new(self);
        varint::put(&mut streaming.stream, count as u64);
        let mut rest = Rest { items, first: 0, _item: PhantomData::<(T, B)> };
        match T::FIXED {
            true => streaming.fixed(count * T::HEAD, count, &rest),
            false => streaming.blocks(T::HEAD, count, &mut rest),
        }
        streaming.close();
    }

    /// Writes the state that [`Measure::state`] encoded.
    pub(crate) fn state(&mut self) {
        match self.states.next() {
            Some(bytes) if self.tail.put(&bytes).is_some() => {}
            _ => self.changed(),
        }
    }
}

/// A section inside another, whose regions come back behind it. They come back also when the user's code
/// panics, and then the writer fails: what took room in them has not written all of it.
pub(super) struct Inner<'w> {
    pub(super) writer: &'w mut Writer,
    outer: Option<(Region, Region, States)>,
    levels: (u32, u32),
}

impl<'w> Inner<'w> {
    #[inline(always)]
    pub(super) fn new(writer: &'w mut Writer, tail: Region, text: Region, states: States) -> Self {
        let outer = writer.replace(tail, text, states);
        Self { levels: writer.levels(), writer, outer: Some(outer) }
    }

    /// Returns what is left of the section's regions.
    #[inline(always)]
    pub(super) fn close(mut self) -> (Region, Region, States) {
        if self.writer.levels() != self.levels {
            self.writer.changed();
        }
        let (tail, text, states) = self.outer.take().expect("closed once");
        self.writer.replace(tail, text, states)
    }
}

impl Drop for Inner<'_> {
    fn drop(&mut self) {
        if let Some((tail, text, states)) = self.outer.take() {
            self.writer.replace(tail, text, states);
            self.writer.changed();
        }
    }
}

/// Appends the sizes of a section, and reserves its heads, tail and text.
#[inline(always)]
fn reserve(
    buffer: &mut Vec<u8>,
    heads: usize,
    tail: usize,
    text: usize,
) -> (Section, Region, Region, Region) {
    if tail < 0x80 && text < 0x80 {
        buffer.extend_from_slice(&[tail as u8, text as u8]);
    } else {
        varint::put(buffer, tail as u64);
        varint::put(buffer, text as u64);
    }
    Section::reserve(buffer, heads, tail, text)
}

const _: () = assert!(COUNT == size_of::<u32>() && LARGE < LONG as usize);
