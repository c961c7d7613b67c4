//! Sequences in the stream: what is too large for its section, written block by block.

use std::borrow::Borrow;
use std::marker::PhantomData;

use super::BLOCK;
use super::measure::Measure;
use super::unmeasured::{self, Sizes};
use super::writer::Writer;
use crate::error::Result;
use crate::raw::{Region, Section};
use crate::traits::Pickle;

/// Elements of whatever type, from some index on: so what drives blocks is compiled once.
pub(super) trait Elements {
    /// Measures so many of them.
    fn measure(&self, size: usize, measure: &mut Measure) -> Result<()>;

    /// Writes so many of them.
    fn write(&self, size: usize, writer: &mut Writer, heads: &mut Region);

    /// Goes on behind so many.
    fn skip(&mut self, size: usize);
}

/// What is left of a sequence.
pub(super) struct Rest<T, B, I> {
    pub(super) items: I,
    /// The index of the first that is left.
    pub(super) first: usize,
    pub(super) _item: PhantomData<(T, B)>,
}

impl<T: Pickle, B: Borrow<T>, I: Iterator<Item = B> + Clone> Elements for Rest<T, B, I> {
    fn measure(&self, size: usize, measure: &mut Measure) -> Result<()> {
        measure.nest(|measure| {
            for (index, item) in self.items.clone().take(size).enumerate() {
                if let Err(error) = item.borrow().measure(measure) {
                    return Err(error.in_index(self.first + index));
                }
            }
            Ok(())
        })
    }

    fn write(&self, size: usize, writer: &mut Writer, heads: &mut Region) {
        writer.heads::<T, B>(heads, size, self.items.clone().take(size));
    }

    fn skip(&mut self, size: usize) {
        self.items.nth(size - 1);
        self.first += size;
    }
}

/// A writer that fills its stream, in which nothing leaves its section. It gets the stream back also
/// when the user's code panics, and fails then.
pub(super) struct Streaming<'w> {
    writer: &'w mut Writer,
    pub(super) stream: Vec<u8>,
    /// What the last block took, and the memory of its text, for the next to be written in one pass.
    last: Option<Sizes>,
    spare: Vec<u8>,
    is_closed: bool,
}

impl<'w> Streaming<'w> {
    pub(super) fn new(writer: &'w mut Writer) -> Self {
        let stream = std::mem::take(&mut writer.stream);
        writer.set_nested(true);
        Self { writer, stream, last: None, spare: Vec::new(), is_closed: false }
    }

    /// All elements are written.
    pub(super) fn close(mut self) {
        self.is_closed = true;
    }

    /// Writes elements that have heads only.
    pub(super) fn fixed(&mut self, heads: usize, count: usize, items: &dyn Elements) {
        let (section, mut heads, tail, text) = Section::reserve(&mut self.stream, heads, 0, 0);
        items.write(count, self.writer, &mut heads);
        if self.writer.error.is_none() && !section.commit(&mut self.stream, [heads, tail, text]) {
            self.writer.changed();
        }
    }

    /// Writes `count` elements, whose heads take `head` bytes each.
    pub(super) fn blocks(&mut self, head: usize, count: usize, items: &mut dyn Elements) {
        let mut left = count;
        while left > 0 && self.writer.error.is_none() {
            let size = left.min(BLOCK);
            if !self.in_one_pass(head * size, size, items) {
                self.measured(head * size, size, items);
            }
            items.skip(size);
            left -= size;
        }
    }

    /// Measures a block and writes it.
    fn measured(&mut self, heads: usize, size: usize, items: &dyn Elements) {
        let writer = &mut *self.writer;
        let context = std::mem::take(&mut writer.context);
        let measured = Measure::of(true, writer.depth, writer.max_depth, context, |measure| {
            items.measure(size, measure)
        });
        let mut sizes = match measured {
            Ok(sizes) => sizes,
            Err(error) => return writer.fail(error),
        };
        writer.context = sizes.take_context();
        self.last = Some(Sizes { tail: sizes.tail, text: sizes.text });
        writer.section(&mut self.stream, heads, sizes, |writer, heads| {
            items.write(size, writer, heads);
        });
    }

    /// Writes a block without measuring it, where the blocks so far suggest that this is less work:
    /// its text, whose place is known when the rest is written, is copied once more. False where it
    /// must be measured, and nothing is written.
    fn in_one_pass(&mut self, heads: usize, size: usize, items: &dyn Elements) -> bool {
        match &mut self.last {
            Some(last) if self.writer.one_pass && last.text <= heads + last.tail => {
                let (stream, spare) = (&mut self.stream, &mut self.spare);
                unmeasured::block(self.writer, stream, heads, last, spare, &mut |writer, heads| {
                    writer.nest(|writer| items.write(size, writer, heads));
                })
            }
            _ => false,
        }
    }
}

impl Drop for Streaming<'_> {
    fn drop(&mut self) {
        if !self.is_closed {
            self.writer.changed();
        }
        self.writer.set_nested(false);
        self.writer.stream = std::mem::take(&mut self.stream);
    }
}
