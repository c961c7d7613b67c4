//! Writing in one pass: shared objects are looked up as they are written, and the section grows.
//!
//! Where that does not work out, the value is measured and written again, as others are: a type is
//! met whose code is not known here, a limit of depth is near, a cell is borrowed.

use std::sync::atomic::Ordering;

use super::context::Context;
use super::dump::DumpOptions;
use super::writer::Writer;
use super::{header, varint};
use crate::env::Env;
use crate::raw::{Group, Growing, Items, Region};
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

/// Appends the pickle of a value to `out`; false where it must be measured, and `out` is as it was.
pub(super) fn dump(
    out: &mut Vec<u8>,
    options: DumpOptions,
    max_depth: u32,
    env: &Env,
    info: &TypeInfo,
    write: &mut dyn FnMut(&mut Writer, &mut Region),
) -> bool {
    if max_depth < stack::EVERY {
        return false;
    }
    let (start, heads) = (out.len(), info.head);
    // As long as what was ahead of the heads the last time: then nothing needs to be moved.
    let gap = info.ahead.load(Ordering::Relaxed);
    out.resize(start + gap, 0);
    let mut writer = Writer::new(true, 0, max_depth, Context::unmeasured(env, info));
    let (tail, mut root, rest) = Growing::open(std::mem::take(out), heads);
    writer.tail = rest;
    let spare = writer.context.visits_mut().map_or_else(Vec::new, |visits| visits.take_spare());
    let (text, no_heads, rest) = Growing::open(spare, 0);
    writer.text = rest;
    writer.unmeasured = Some(Box::new(Unmeasured { tail, text, is_plain: true }));
    let lent = Lent { writer: &mut writer, out };
    write(lent.writer, &mut root);
    let Some(unmeasured) = lent.writer.unmeasured.take() else { return false };
    drop(lent);
    if writer.finish().is_err() {
        info.is_plain.fetch_and(unmeasured.is_plain, Ordering::Relaxed);
        *out = unmeasured.tail.give_back();
        out.truncate(start);
        return false;
    }
    let mut tail = unmeasured.tail.close(&root, &writer.tail);
    let mut text = unmeasured.text.close(&no_heads, &writer.text);
    let size = |pieces: &[Vec<u8>]| pieces.iter().map(Vec::len).sum::<usize>();
    let (tail_size, text_size) = (size(&tail) - start - gap - heads, size(&text));
    let further = size(&tail[1..]) + text_size;

    let mut counts = Vec::with_capacity(20);
    varint::put(&mut counts, tail_size as u64);
    varint::put(&mut counts, text_size as u64);
    let mut ahead = Vec::new();
    let payload = counts.len() + heads + tail_size + text_size;
    header::put_unreserved(&mut ahead, info, options, Some(payload));
    ahead.extend_from_slice(&counts);

    *out = std::mem::take(&mut tail[0]);
    out.reserve(further + ahead.len().saturating_sub(gap));
    if ahead.len() == gap {
        out[start..start + gap].copy_from_slice(&ahead);
    } else {
        info.ahead.store(ahead.len(), Ordering::Relaxed);
        out.splice(start..start + gap, ahead);
    }
    for piece in tail[1..].iter().chain(&text) {
        out.extend_from_slice(piece);
    }
    if let (Some(visits), Some(last)) = (writer.context.visits_mut(), text.pop()) {
        visits.keep_spare(last);
    }
    true
}

/// The caller's buffer while the tail begins in it. It is given back also when the user's code panics.
struct Lent<'w, 'o> {
    writer: &'w mut Writer,
    out: &'o mut Vec<u8>,
}

impl Drop for Lent<'_, '_> {
    fn drop(&mut self) {
        if let Some(unmeasured) = self.writer.unmeasured.take() {
            *self.out = unmeasured.tail.give_back();
        }
    }
}

impl Writer {
    /// Whether values are written that were not measured.
    #[inline(always)]
    pub(super) fn is_unmeasured(&self) -> bool {
        self.unmeasured.is_some()
    }

    /// Notes that a value of this type is written.
    #[inline(always)]
    pub(crate) fn meets<T: Pickle + ?Sized>(&mut self) {
        if !T::IS_PLAIN && self.is_unmeasured() {
            self.meets_other();
        }
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
