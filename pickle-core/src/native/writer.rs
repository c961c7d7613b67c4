//! The second pass over a value: filling the bytes of its sections.

use std::borrow::Borrow;

use super::context::Context;
use super::measure::{Measure, States};
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
    depth: u32,
    max_depth: u32,
    states: States,
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
            states: States::default(),
            context,
            error: None,
            unmeasured: None,
        }
    }

    fn set_nested(&mut self, nested: bool) {
        self.nested = nested;
        (self.far, self.far_items) = far(nested);
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
        write(&mut self, &mut head);
        let (tail, text) = (
            std::mem::replace(&mut self.tail, Region::EMPTY),
            std::mem::replace(&mut self.text, Region::EMPTY),
        );
        let regions = [head, tail, text];
        // What was short when it was measured may have grown beyond a section since.
        if !(self.states.is_empty() && self.stream.is_empty() && section.commit(buffer, regions)) {
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
        self.nest(|writer| writer.group(T::HEAD, |fields, writer| fields.put(value, writer)));
    }

    /// Writes fields of `size` bytes into the tail: those of a large variant.
    #[inline(always)]
    pub fn group(&mut self, size: usize, write: impl FnOnce(&mut Cursor<'_>, &mut Self)) {
        match self.take_group(size) {
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
    fn nest(&mut self, inside: impl FnOnce(&mut Self)) {
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
        let Streaming { writer, stream } = &mut streaming;
        varint::put(stream, count as u64);
        let mut left = count;
        let mut rest = items;
        while left > 0 && writer.error.is_none() {
            let size = if T::FIXED { left } else { left.min(BLOCK) };
            if T::FIXED {
                writer.fixed_block::<T, B>(stream, size, rest.clone());
            } else {
                writer.block::<T, B>(stream, count - left, size, rest.clone());
            }
            rest.nth(size - 1);
            left -= size;
        }
    }

    fn fixed_block<T: Pickle, B: Borrow<T>>(
        &mut self,
        stream: &mut Vec<u8>,
        size: usize,
        items: impl Iterator<Item = B>,
    ) {
        let (section, mut heads, tail, text) = Section::reserve(stream, size * T::HEAD, 0, 0);
        self.heads::<T, B>(&mut heads, size, items.take(size));
        if self.error.is_none() && !section.commit(stream, [heads, tail, text]) {
            self.changed();
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
        match self.states.next() {
            Some(bytes) if self.tail.put(&bytes).is_some() => {}
            _ => self.changed(),
        }
    }
}

/// A writer that fills its stream, in which nothing leaves its section. It gets the stream back also
/// when the user's code panics.
struct Streaming<'w> {
    writer: &'w mut Writer,
    stream: Vec<u8>,
}

impl<'w> Streaming<'w> {
    fn new(writer: &'w mut Writer) -> Self {
        let stream = std::mem::take(&mut writer.stream);
        writer.set_nested(true);
        Self { writer, stream }
    }
}

impl Drop for Streaming<'_> {
    fn drop(&mut self) {
        self.writer.set_nested(false);
        self.writer.stream = std::mem::take(&mut self.stream);
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
