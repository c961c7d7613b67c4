//! Heads to write, and the regions of a buffer that they lie in.

use std::borrow::Borrow;
use std::marker::PhantomData;
use std::ptr::NonNull;

use super::Invariant;
use super::copy::copy;
use super::decode::too_long;
use crate::native::{INLINE, Writer};
use crate::traits::{Layout, Pickle};

/// `T::HEAD` bytes of output, not yet written: the head of one `T`.
pub struct HeadMut<'b, T: ?Sized> {
    start: *mut u8,
    _brand: Invariant<'b, T>,
}

/// The proof that a [`HeadMut`] was written whole.
#[must_use]
pub struct Written<'b, T: ?Sized>(Invariant<'b, T>);

impl<'b, T: Layout + ?Sized> HeadMut<'b, T> {
    /// Writes all bytes of the head.
    #[inline(always)]
    pub fn write<const N: usize>(self, bytes: [u8; N]) -> Written<'b, T> {
        const { assert!(N == T::HEAD) }
        // SAFETY: a head has `T::HEAD` writable bytes.
        unsafe { self.start.cast::<[u8; N]>().write(bytes) }
        Written(PhantomData)
    }

    /// Writes zeros, where an error makes the content irrelevant.
    #[inline(always)]
    pub fn zero(self) -> Written<'b, T> {
        self.fields().finish()
    }

    /// Starts writing field by field.
    #[inline(always)]
    pub fn fields(self) -> FieldsMut<'b, T> {
        let cursor = Cursor { next: self.start, left: T::HEAD, _brand: PhantomData };
        FieldsMut { cursor, _head: PhantomData }
    }

    /// Encodes a value of another type that is laid out alike.
    #[inline(always)]
    pub fn put<U: Pickle + ?Sized>(self, value: &U, writer: &mut Writer) -> Written<'b, T> {
        const { assert!(U::HEAD == T::HEAD) }
        let _: Written<'_, U> =
            writer.encode(value, HeadMut { start: self.start, _brand: PhantomData });
        Written(PhantomData)
    }
}

/// A head being written field by field.
pub struct FieldsMut<'b, T: ?Sized> {
    cursor: Cursor<'b>,
    _head: PhantomData<*const T>,
}

impl<'b, T: ?Sized> FieldsMut<'b, T> {
    /// Encodes the next field. See [`Cursor::put`].
    #[inline(always)]
    pub fn put<F: Pickle + ?Sized>(&mut self, value: &F, writer: &mut Writer) {
        self.cursor.put(value, writer);
    }

    /// Writes the next bytes, for tags.
    #[inline(always)]
    pub fn bytes<const N: usize>(&mut self, bytes: [u8; N]) {
        self.cursor.bytes(bytes);
    }

    /// Lets `write` put the fields of a variant, which take `size` bytes: here where they are few,
    /// else in the tail.
    #[inline(always)]
    pub fn variant(
        &mut self,
        size: usize,
        writer: &mut Writer,
        write: impl FnOnce(&mut Cursor<'_>, &mut Writer),
    ) {
        if size <= INLINE { write(&mut self.cursor, writer) } else { writer.group(size, write) }
    }

    /// The room for the fields to come.
    #[inline(always)]
    pub fn cursor(&mut self) -> &mut Cursor<'b> {
        &mut self.cursor
    }

    /// Zeroes what is left, which completes the head.
    #[inline(always)]
    pub fn finish(self) -> Written<'b, T> {
        self.cursor.finish();
        Written(PhantomData)
    }
}

/// Room for some fields, in a head or in the tail.
pub struct Cursor<'b> {
    next: *mut u8,
    left: usize,
    _brand: Invariant<'b, ()>,
}

impl Cursor<'_> {
    /// Encodes the next field.
    ///
    /// # Panics
    /// When the fields together are longer than their head: a wrong [`Layout::HEAD`]. The
    /// compiler folds the check away for a right one.
    #[inline(always)]
    pub fn put<F: Pickle + ?Sized>(&mut self, value: &F, writer: &mut Writer) {
        let start = self.check(F::HEAD);
        let _: Written<'_, F> = writer.encode(value, HeadMut { start, _brand: PhantomData });
        // Now that it is written: when it panics, `finish` still has to.
        self.advance(F::HEAD);
    }

    #[inline(always)]
    fn bytes<const N: usize>(&mut self, bytes: [u8; N]) {
        let start = self.check(N);
        // SAFETY: `check` vouches for `N` writable bytes.
        unsafe { start.cast::<[u8; N]>().write(bytes) }
        self.advance(N);
    }

    #[inline(always)]
    fn finish(self) {
        // SAFETY: `left` writable bytes remain from `next` on.
        unsafe { self.next.write_bytes(0, self.left) }
    }

    /// Where the next `count` bytes are written, which are still there then.
    #[inline(always)]
    fn check(&self, count: usize) -> *mut u8 {
        if count > self.left {
            too_long();
        }
        self.next
    }

    #[inline(always)]
    fn advance(&mut self, count: usize) {
        let start = self.check(count);
        self.left -= count;
        // SAFETY: `count` bytes of the same region lie before the new position.
        self.next = unsafe { start.add(count) };
    }
}

/// A stretch of the output buffer, reserved and partly written.
pub(crate) struct Region {
    pub(super) next: *mut u8,
    pub(super) end: *mut u8,
}

impl Region {
    /// No room at all.
    pub(crate) const EMPTY: Self =
        Self { next: NonNull::dangling().as_ptr(), end: NonNull::dangling().as_ptr() };

    #[inline(always)]
    fn left(&self) -> usize {
        self.end as usize - self.next as usize
    }

    /// Whether all of it was written.
    #[inline(always)]
    pub(super) fn is_full(&self) -> bool {
        self.next == self.end
    }

    #[inline(always)]
    fn take(&mut self, count: usize) -> Option<*mut u8> {
        if count > self.left() {
            return None;
        }
        let start = self.next;
        // SAFETY: `count` bytes are left.
        self.next = unsafe { start.add(count) };
        Some(start)
    }

    /// Appends bytes; `None` when there is no room.
    #[inline(always)]
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Option<()> {
        let start = self.take(bytes.len())?;
        // SAFETY: `take` gave `bytes.len()` writable bytes, which no reference covers.
        unsafe { copy(bytes.as_ptr(), start, bytes.len()) }
        Some(())
    }

    /// Makes room for a group of fields; `None` when there is none.
    #[inline(always)]
    pub(crate) fn group(&mut self, size: usize) -> Option<Group> {
        let start = self.take(size)?;
        Some(Group { start, size })
    }

    /// Encodes the heads of a whole sequence; `None` when there is no room.
    #[inline(always)]
    pub(crate) fn items<T: Pickle>(&mut self, count: usize) -> Option<Items<T>> {
        let next = self.take(count.checked_mul(T::HEAD)?)?;
        Some(Items { next, left: count, _item: PhantomData })
    }
}

/// Room for a group of fields. [`Group::write`] writes it whole.
#[must_use]
pub(crate) struct Group {
    start: *mut u8,
    size: usize,
}

impl Group {
    /// Lets `write` put the fields, and zeroes what it leaves.
    #[inline(always)]
    pub(crate) fn write(self, write: impl FnOnce(&mut Cursor<'_>)) {
        let mut cursor = Cursor { next: self.start, left: self.size, _brand: PhantomData };
        write(&mut cursor);
        cursor.finish();
    }
}

/// The heads of a sequence. [`Items::write`] writes them all.
#[must_use]
pub(crate) struct Items<T> {
    next: *mut u8,
    left: usize,
    _item: PhantomData<*const T>,
}

impl<T: Pickle> Items<T> {
    /// Encodes the elements; false when there are more or fewer than announced.
    #[inline(always)]
    pub(crate) fn write<B: Borrow<T>>(
        mut self,
        items: impl Iterator<Item = B>,
        writer: &mut Writer,
    ) -> bool {
        for item in items {
            if self.left == 0 {
                return false;
            }
            let head = HeadMut { start: self.next, _brand: PhantomData };
            let _: Written<'_, T> = writer.encode(item.borrow(), head);
            self.left -= 1;
            // SAFETY: one head less is left of the region that `Region::items` took.
            self.next = unsafe { self.next.add(T::HEAD) };
        }
        if self.left == 0 {
            return true;
        }
        // SAFETY: `left` heads remain from `next` on.
        unsafe { self.next.write_bytes(0, self.left * T::HEAD) }
        false
    }
}

/// The three parts of a section, reserved at the end of a buffer.
#[must_use]
pub(crate) struct Section {
    start: usize,
    size: usize,
}

impl Section {
    /// Reserves a section behind what `buffer` holds: heads, tail and text, in this order.
    #[inline(always)]
    pub(crate) fn reserve(
        buffer: &mut Vec<u8>,
        heads: usize,
        tail: usize,
        text: usize,
    ) -> (Self, Region, Region, Region) {
        let size = heads + tail + text;
        buffer.reserve(size);
        let start = buffer.len();
        // SAFETY: `reserve` made room for `size` bytes behind `start`; the three regions follow
        // each other inside it.
        unsafe {
            let head = buffer.as_mut_ptr().add(start);
            let middle = head.add(heads);
            let last = middle.add(tail);
            let end = last.add(text);
            (
                Self { start, size },
                Region { next: head, end: middle },
                Region { next: middle, end: last },
                Region { next: last, end },
            )
        }
    }

    /// Adds the section to the buffer it was reserved in; false when a region is not full.
    ///
    /// # Panics
    /// When the buffer is another or has changed.
    #[inline(always)]
    pub(crate) fn commit(self, buffer: &mut Vec<u8>, regions: [Region; 3]) -> bool {
        if !regions.iter().all(Region::is_full) {
            return false;
        }
        assert!(buffer.len() == self.start && buffer.capacity() - self.start >= self.size);
        // SAFETY:
        // - `reserve` made room for `size` bytes, and the buffer is as it was.
        // - The three regions make up these bytes. They are full, and whatever takes room from a
        //   region (`put`, `Group::write`, `Items::write`) writes all of it.
        unsafe { buffer.set_len(self.start + self.size) }
        true
    }
}
