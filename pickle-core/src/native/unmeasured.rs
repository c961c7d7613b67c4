//! Writing in one pass, into memory that grows: values with shared objects, which are looked up as they
//! are written, and blocks of the stream.
//!
//! Where that does not work out, what was to be written is measured and written again, as others are:
//! a type is met whose code is not known here, a limit of depth is near, a cell is borrowed.

use std::sync::atomic::Ordering;

use super::context::Context;
use super::dump::DumpOptions;
use super::measure::States;
use super::writer::{Inner, Writer};
use super::{header, varint};
use crate::env::Env;
use crate::raw::{Group, Growing, HeadMut, Items, Region, Written};
use crate::stack;
use crate::traits::Pickle;
use crate::type_info::TypeInfo;

/// The memory of tail and text, of a writer of what was not measured.
pub(super) struct Unmeasured {
    tail: Growing,
    text: Growing,
    /// Whether all types met so far can be written so.
    is_plain: bool,
}

/// How large the parts of a section behind its heads are.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    pub(super) tail: usize,
    pub(super) text: usize,
}

impl Sizes {
    /// Appends them, as a section begins.
    fn put(self, out: &mut Vec<u8>) {
        varint::put(out, self.tail as u64);
        varint::put(out, self.text as u64);
    }

    /// How many bytes [`put`](Self::put) appends.
    fn len(self) -> usize {
        varint::size(self.tail as u64) + varint::size(self.text as u64)
    }
}

/// Appends the pickle of a value to `out`; false where it must be measured, and `out` is as it was.
pub(super) fn dump(
    out: &mut Vec<u8>,
    options: DumpOptions,
    max_depth: u32,
    env: &Env,
    info: &TypeInfo,
    write: &mut dyn FnMut(&mut Writer, &mut Region),
) -> bool {
    let mut writer = Writer::new(true, 0, max_depth, Context::unmeasured(env, info));
    // As long as what was ahead of the heads the last time: then nothing needs to be moved.
    let gap = info.ahead.load(Ordering::Relaxed);
    let spare = writer.context.visits_mut().map_or_else(Vec::new, |visits| visits.take_spare());
    let written = match OnePass::write(&mut writer, out, gap, info.head, spare, write) {
        Ok(written) => written,
        Err(Refused { is_plain }) => {
            info.is_plain.fetch_and(is_plain, Ordering::Relaxed);
            return false;
        }
    };
    let sizes = written.sizes();
    let payload = sizes.len() + info.head + sizes.tail + sizes.text;
    let mut ahead = Vec::new();
    header::put_unreserved(&mut ahead, info, options, Some(payload));
    sizes.put(&mut ahead);
    if ahead.len() != gap {
        info.ahead.store(ahead.len(), Ordering::Relaxed);
    }
    let spare = written.append(out, &ahead);
    if let Some(visits) = writer.context.visits_mut() {
        visits.keep_spare(spare);
    }
    true
}

/// Appends a block to a stream, much like one that took `last`; false where it must be measured, and
/// the stream is as it was.
pub(super) fn block(
    writer: &mut Writer,
    stream: &mut Vec<u8>,
    heads: usize,
    last: &mut Sizes,
    spare: &mut Vec<u8>,
    write: &mut dyn FnMut(&mut Writer, &mut Region),
) -> bool {
    let gap = last.len();
    // Some more, since a block that outgrows its memory goes on in another piece.
    stream.reserve(gap + heads + last.tail + last.tail / 8);
    spare.clear();
    spare.reserve(last.text + last.text / 8);
    match OnePass::write(writer, stream, gap, heads, std::mem::take(spare), write) {
        Ok(written) => {
            *last = written.sizes();
            let mut ahead = Vec::with_capacity(20);
            last.put(&mut ahead);
            *spare = written.append(stream, &ahead);
            true
        }
        Err(Refused { is_plain }) => {
            writer.one_pass &= is_plain;
            false
        }
    }
}

/// A section written in one pass: heads and tail behind what a buffer held and a gap, text apart, each
/// perhaps in several pieces.
struct OnePass {
    /// Where the gap begins.
    start: usize,
    gap: usize,
    heads: usize,
    tail: Vec<Vec<u8>>,
    text: Vec<Vec<u8>>,
}

/// It must be measured.
struct Refused {
    /// Whether all types met can be written in one pass.
    is_plain: bool,
}

impl OnePass {
    /// Writes a section whose sizes will take `gap` bytes, or about so many. When it is refused, the
    /// buffer is as it was.
    fn write(
        writer: &mut Writer,
        out: &mut Vec<u8>,
        gap: usize,
        heads: usize,
        spare: Vec<u8>,
        write: &mut dyn FnMut(&mut Writer, &mut Region),
    ) -> Result<Self, Refused> {
        // Depth is looked at only where the stack is.
        if writer.depth.saturating_add(stack::EVERY) > writer.max_depth {
            return Err(Refused { is_plain: true });
        }
        let start = out.len();
        out.resize(start + gap, 0);
        let (tail, mut root, tail_region) = Growing::open(std::mem::take(out), heads);
        let (text, no_heads, text_region) = Growing::open(spare, 0);
        writer.unmeasured = Some(Box::new(Unmeasured { tail, text, is_plain: true }));
        let lent = Lent { writer, out, start };
        let inner = Inner::new(lent.writer, tail_region, text_region, States::default());
        write(inner.writer, &mut root);
        let (tail_region, text_region, _) = inner.close();
        let Some(unmeasured) = lent.writer.unmeasured.take_if(|_| lent.writer.error.is_none())
        else {
            lent.writer.error = None;
            let is_plain = lent.writer.unmeasured.as_ref().is_some_and(|this| this.is_plain);
            return Err(Refused { is_plain });
        };
        let tail = unmeasured.tail.close(&root, &tail_region);
        let text = unmeasured.text.close(&no_heads, &text_region);
        Ok(Self { start, gap, heads, tail, text })
    }

    fn sizes(&self) -> Sizes {
        let size = |pieces: &[Vec<u8>]| pieces.iter().map(Vec::len).sum::<usize>();
        Sizes {
            tail: size(&self.tail) - self.start - self.gap - self.heads,
            text: size(&self.text),
        }
    }

    /// Gives the buffer back, with `ahead` where the gap was and with the section behind it. Returns
    /// the memory of the text.
    fn append(self, out: &mut Vec<u8>, ahead: &[u8]) -> Vec<u8> {
        let Self { start, gap, mut tail, mut text, .. } = self;
        let further = tail[1..].iter().chain(&text).map(Vec::len).sum::<usize>();
        *out = std::mem::take(&mut tail[0]);
        out.reserve(further + ahead.len().saturating_sub(gap));
        if ahead.len() == gap {
            out[start..start + gap].copy_from_slice(ahead);
        } else {
            out.splice(start..start + gap, ahead.iter().copied());
        }
        for piece in tail[1..].iter().chain(&text) {
            out.extend_from_slice(piece);
        }
        text.pop().unwrap_or_default()
    }
}

/// The caller's buffer while the tail begins in it. It is given back, as it was, when the section is
/// refused and when the user's code panics.
struct Lent<'w, 'o> {
    writer: &'w mut Writer,
    out: &'o mut Vec<u8>,
    start: usize,
}

impl Drop for Lent<'_, '_> {
    fn drop(&mut self) {
        if let Some(unmeasured) = self.writer.unmeasured.take() {
            *self.out = unmeasured.tail.give_back();
            self.out.truncate(self.start);
        }
    }
}

impl Writer {
    /// Whether values are written that were not measured.
    #[inline(always)]
    pub(super) fn is_unmeasured(&self) -> bool {
        self.unmeasured.is_some()
    }

    /// Encodes a value, unless it should have been measured.
    #[inline(always)]
    pub(crate) fn encode<'b, T: Pickle + ?Sized>(
        &mut self,
        value: &T,
        head: HeadMut<'b, T>,
    ) -> Written<'b, T> {
        if !T::IS_PLAIN && self.is_unmeasured() {
            self.meets_other();
            return head.zero();
        }
        value.encode(head, self)
    }

    #[cold]
    fn meets_other(&mut self) {
        self.unmeasured.as_mut().into_iter().for_each(|unmeasured| unmeasured.is_plain = false);
        self.changed();
    }

    /// Takes room for a group of so many bytes from the tail.
    #[inline(always)]
    pub(super) fn take_group(&mut self, size: usize) -> Option<Group> {
        match self.tail.group(size) {
            None if self.grow_tail(size) => self.tail.group(size),
            group => group,
        }
    }

    /// Takes room for the heads of a sequence from the tail.
    #[inline(always)]
    pub(super) fn take_items<T: Pickle>(&mut self, count: usize) -> Option<Items<T>> {
        match self.tail.items(count) {
            None => self.take_items_further(count),
            items => items,
        }
    }

    #[cold]
    #[inline(never)]
    fn take_items_further<T: Pickle>(&mut self, count: usize) -> Option<Items<T>> {
        self.grow_tail(count.checked_mul(T::HEAD)?).then(|| self.tail.items(count))?
    }

    /// Puts bytes into the tail.
    #[inline(always)]
    pub(super) fn put_tail(&mut self, bytes: &[u8]) {
        if self.tail.put(bytes).is_none() {
            self.put_tail_further(bytes);
        }
    }

    #[cold]
    #[inline(never)]
    fn put_tail_further(&mut self, bytes: &[u8]) {
        if !self.grow_tail(bytes.len()) || self.tail.put(bytes).is_none() {
            self.changed();
        }
    }

    /// Puts text where texts are.
    #[inline(always)]
    pub(super) fn put_text(&mut self, text: &str) {
        if self.text.put(text.as_bytes()).is_none() {
            self.put_text_further(text.as_bytes());
        }
    }

    #[cold]
    #[inline(never)]
    fn put_text_further(&mut self, bytes: &[u8]) {
        if let (Some(unmeasured), true) = (&mut self.unmeasured, self.error.is_none()) {
            unmeasured.text.grow(&mut self.text, bytes.len());
        }
        if self.text.put(bytes).is_none() {
            self.changed();
        }
    }

    #[cold]
    #[inline(never)]
    fn grow_tail(&mut self, size: usize) -> bool {
        // After an error nothing is used of what is written.
        match &mut self.unmeasured {
            Some(unmeasured) if self.error.is_none() => {
                unmeasured.tail.grow(&mut self.tail, size);
                true
            }
            _ => false,
        }
    }
}
