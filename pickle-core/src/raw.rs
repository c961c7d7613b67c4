//! The only memory tricks of the native codec, behind types that safe code cannot misuse.
//!
//! Two pairs of proofs carry the codec. To decode, a type gets a [`Slot`] (a place for one value,
//! not yet filled) and must hand back [`Filled`]; only writing a value into the slot makes one. To
//! encode, it gets a [`HeadMut`] (`T::HEAD` bytes, not yet written) and must hand back
//! [`Written`]; only writing every byte makes one. The lifetime of each pair is a brand: invariant,
//! and chosen by the caller, so the proof for one place never passes for another.
//!
//! [`Image`] is the third proof: that the memory of a type is its head, byte for byte. It has no
//! safe constructor but the macros of this module, which check it by const evaluation.

use std::borrow::Borrow;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ptr::NonNull;

use crate::error::Result;
use crate::native::{INLINE, Reader, Writer};
use crate::traits::{Layout, Pickle, Unpickle};

type Invariant<'b, T> = PhantomData<(fn(&'b ()) -> &'b (), *const T)>;

// ---------------------------------------------------------------------------------------------
// Decoding: heads to read, slots to fill.

/// `T::HEAD` bytes of input, the head of one `T`.
pub struct Head<'h, T: ?Sized> {
    start: NonNull<u8>,
    _bytes: PhantomData<(&'h [u8], *const T)>,
}

impl<T: ?Sized> Clone for Head<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Head<'_, T> {}

impl<'h, T: Layout + ?Sized> Head<'h, T> {
    /// The bytes of this head.
    #[inline(always)]
    pub fn bytes(self) -> &'h [u8] {
        // SAFETY: a head is made from a slice of at least `T::HEAD` bytes that lives for `'h`
        // (`new`, `Fields::head`, `Reader::fill`).
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), T::HEAD) }
    }

    /// The bytes of this head as an array.
    #[inline(always)]
    pub fn array<const N: usize>(self) -> [u8; N] {
        const { assert!(N == T::HEAD) }
        // SAFETY: `N` bytes can be read from a head of `N` bytes.
        unsafe { self.start.cast::<[u8; N]>().read() }
    }

    /// Takes this head apart into those of the fields, in order.
    #[inline(always)]
    pub fn fields(self) -> Fields<'h> {
        Fields { rest: self.bytes() }
    }

    /// The same bytes as the head of a type that is laid out alike.
    #[inline(always)]
    pub fn cast<U: Layout + ?Sized>(self) -> Head<'h, U> {
        const { assert!(U::HEAD <= T::HEAD) }
        Head { start: self.start, _bytes: PhantomData }
    }
}

/// The heads of a struct's fields, one after the other.
pub struct Fields<'h> {
    rest: &'h [u8],
}

impl<'h> Fields<'h> {
    /// The fields in a region of the tail.
    pub(crate) fn new(rest: &'h [u8]) -> Self {
        Self { rest }
    }

    /// The head of the next field.
    ///
    /// # Panics
    /// When the fields together are longer than the head they are taken from: a wrong
    /// [`Layout::HEAD`]. The compiler folds the check away for a right one.
    #[inline(always)]
    pub fn head<T: Layout + ?Sized>(&mut self) -> Head<'h, T> {
        let (head, rest) = self.rest.split_at(T::HEAD);
        self.rest = rest;
        Head { start: NonNull::from(head).cast(), _bytes: PhantomData }
    }

    /// The next bytes, for tags.
    #[inline(always)]
    pub fn take<const N: usize>(&mut self) -> [u8; N] {
        let (bytes, rest) = self.rest.split_at(N);
        self.rest = rest;
        let mut array = [0; N];
        array.copy_from_slice(bytes);
        array
    }
}

/// A place for one `T` that holds no value yet.
pub struct Slot<'b, T> {
    place: NonNull<T>,
    _brand: Invariant<'b, T>,
}

/// The proof that a [`Slot`] holds a value. Dropping it drops the value, so that a decode that
/// fails half way leaks nothing.
#[must_use]
pub struct Filled<'b, T> {
    place: NonNull<T>,
    _brand: Invariant<'b, T>,
}

impl<'b, T> Slot<'b, T> {
    /// A slot over a place.
    ///
    /// # Safety
    /// - `place` is valid for writing one `T`, aligned, and nobody else uses it while `'b` lasts.
    /// - Whoever calls this forgets the [`Filled`] only to take over the value.
    #[inline(always)]
    pub unsafe fn new(place: *mut T) -> Self {
        // SAFETY: a valid place is not null.
        Self { place: unsafe { NonNull::new_unchecked(place) }, _brand: PhantomData }
    }

    /// Moves a value in.
    #[inline(always)]
    pub fn write(self, value: T) -> Filled<'b, T> {
        // SAFETY: the place is valid for writing (`new`), and is filled from here on.
        unsafe {
            self.place.write(value);
            self.assume_filled()
        }
    }

    /// Where the value goes.
    #[inline(always)]
    pub fn as_mut_ptr(&mut self) -> *mut T {
        self.place.as_ptr()
    }

    /// States that the place holds a value now.
    ///
    /// # Safety
    /// It holds a valid `T`, and no other [`Filled`] of it or its parts will drop it.
    #[inline(always)]
    pub unsafe fn assume_filled(self) -> Filled<'b, T> {
        Filled { place: self.place, _brand: PhantomData }
    }
}

impl<T> Filled<'_, T> {
    /// The value, to finish it in its place.
    pub fn value_mut(&mut self) -> &mut T {
        // SAFETY: the place holds a value, which this owns until `keep`.
        unsafe { self.place.as_mut() }
    }

    /// Whether the value lies there, for the macros of this module.
    #[doc(hidden)]
    #[inline(always)]
    pub fn is_at(&self, place: *mut T) -> bool {
        std::ptr::eq(self.place.as_ptr(), place)
    }

    /// Leaves the value in its place, for whoever owns that place.
    #[inline(always)]
    pub(crate) fn keep(self) {
        let _ = ManuallyDrop::new(self);
    }

    /// For the macros of this module.
    ///
    /// # Safety
    /// The caller owns the place and takes over the value.
    #[doc(hidden)]
    #[inline(always)]
    pub unsafe fn keep_in_parent(self) {
        self.keep();
    }
}

impl<T> Drop for Filled<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the place holds a value (`Slot::write`, `assume_filled`), and this is its owner
        // until `keep`.
        unsafe { self.place.drop_in_place() }
    }
}

/// Decodes one value by value: for places that are no field of a struct.
#[inline(always)]
pub(crate) fn decode_value<'de, T: Unpickle<'de>>(
    head: Head<'_, T>,
    reader: &mut Reader<'de>,
) -> Result<T> {
    let mut value = MaybeUninit::<T>::uninit();
    // SAFETY: the place is a local of this frame; after `decode` returned its proof, it holds a
    // value, which moves out once.
    unsafe {
        T::decode(head, reader, Slot::new(value.as_mut_ptr()))?.keep();
        Ok(value.assume_init())
    }
}

/// Appends `count` decoded elements to `items`; their heads are contiguous in `heads`.
///
/// # Panics
/// When `heads` is shorter than `count` heads.
#[inline(always)]
pub(crate) fn decode_into_vec<'de, T: Unpickle<'de>>(
    items: &mut Vec<T>,
    count: usize,
    heads: &[u8],
    reader: &mut Reader<'de>,
) -> Result<()> {
    assert!(T::HEAD == 0 || heads.len() / T::HEAD.max(1) >= count);
    items.reserve(count);
    if let Some(check) = T::IMAGE.check {
        // SAFETY:
        // - `heads` holds `count * HEAD` bytes, and `HEAD == size_of::<T>()` for an image.
        // - `check` vouches that every element is a valid `T`.
        // - `reserve` made room for `count` more elements.
        unsafe {
            if check(heads.as_ptr(), count, T::HEAD) {
                let end = items.as_mut_ptr().add(items.len());
                copy(heads.as_ptr(), end.cast(), count * T::HEAD);
                items.set_len(items.len() + count);
                return Ok(());
            }
        }
        // Some element is invalid: the loop below finds out which and why.
    }
    let base = items.len();
    for index in 0..count {
        // SAFETY:
        // - `heads` holds `count` heads, so this one is inside it.
        // - `reserve` made room for `count` elements; this one's place is not in use.
        // - After `keep` the place holds a value that the vector owns from `set_len` on.
        unsafe {
            let start = NonNull::new_unchecked(heads.as_ptr().add(index * T::HEAD).cast_mut());
            let head = Head { start, _bytes: PhantomData };
            let slot = Slot::new(items.as_mut_ptr().add(base + index));
            match T::decode(head, reader, slot) {
                Ok(filled) => filled.keep(),
                Err(error) => return Err(error.in_index(base + index)),
            }
            items.set_len(base + index + 1);
        }
    }
    Ok(())
}

/// Decodes `count` elements for a container that is no `Vec`.
#[inline(always)]
pub(crate) fn decode_each<'de, T: Unpickle<'de>>(
    first: usize,
    count: usize,
    heads: &[u8],
    reader: &mut Reader<'de>,
    mut each: impl FnMut(T),
) -> Result<()> {
    let mut fields = Fields::new(heads);
    for index in 0..count {
        match decode_value(fields.head::<T>(), reader) {
            Ok(value) => each(value),
            Err(error) => return Err(error.in_index(first + index)),
        }
    }
    Ok(())
}

/// Decodes an array in place.
#[inline(always)]
pub(crate) fn decode_array<'de, 'b, T: Unpickle<'de>, const N: usize>(
    head: Head<'_, [T; N]>,
    reader: &mut Reader<'de>,
    mut slot: Slot<'b, [T; N]>,
) -> Result<Filled<'b, [T; N]>> {
    struct Partial<T> {
        first: *mut T,
        filled: usize,
    }
    impl<T> Drop for Partial<T> {
        fn drop(&mut self) {
            // SAFETY: the first `filled` elements hold values that nobody else owns.
            unsafe { std::ptr::slice_from_raw_parts_mut(self.first, self.filled).drop_in_place() }
        }
    }
    let mut fields = head.fields();
    let mut partial = Partial { first: slot.as_mut_ptr().cast::<T>(), filled: 0 };
    while partial.filled < N {
        // SAFETY: element `filled < N` of the array's place, not yet in use.
        let element = unsafe { Slot::new(partial.first.add(partial.filled)) };
        match T::decode(fields.head(), reader, element) {
            Ok(filled) => filled.keep(),
            Err(error) => return Err(error.in_index(partial.filled)),
        }
        partial.filled += 1;
    }
    std::mem::forget(partial);
    // SAFETY: all `N` elements hold values, and `partial` no longer drops them.
    Ok(unsafe { slot.assume_filled() })
}

// ---------------------------------------------------------------------------------------------
// Encoding: heads to write.

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
            value.encode(HeadMut { start: self.start, _brand: PhantomData }, writer);
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
        let start = self.advance(F::HEAD);
        let _: Written<'_, F> = value.encode(HeadMut { start, _brand: PhantomData }, writer);
    }

    #[inline(always)]
    fn bytes<const N: usize>(&mut self, bytes: [u8; N]) {
        let start = self.advance(N);
        // SAFETY: `advance` vouches for `N` writable bytes.
        unsafe { start.cast::<[u8; N]>().write(bytes) }
    }

    #[inline(always)]
    fn finish(self) {
        // SAFETY: `left` writable bytes remain from `next` on.
        unsafe { self.next.write_bytes(0, self.left) }
    }

    #[inline(always)]
    fn advance(&mut self, count: usize) -> *mut u8 {
        assert!(count <= self.left, "the fields are longer than their head");
        let start = self.next;
        self.left -= count;
        // SAFETY: `count` bytes of the same region lie before the new position.
        self.next = unsafe { start.add(count) };
        start
    }
}

/// A stretch of the output buffer, reserved and partly written.
pub(crate) struct Region {
    next: *mut u8,
    end: *mut u8,
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
    pub(crate) fn is_full(&self) -> bool {
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

/// The memory of a slice, where it is its own heads.
#[inline(always)]
pub(crate) fn image_bytes<T: Layout>(items: &[T]) -> Option<&[u8]> {
    T::IMAGE.check?;
    // SAFETY: an image has no padding, so all its bytes are initialised.
    Some(unsafe { std::slice::from_raw_parts(items.as_ptr().cast(), size_of_val(items)) })
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
            let _: Written<'_, T> =
                item.borrow().encode(HeadMut { start: self.next, _brand: PhantomData }, writer);
            self.left -= 1;
            // SAFETY: one head less is left of the region that `Region::items` took.
            self.next = unsafe { self.next.add(T::HEAD) };
        }
        let complete = self.left == 0;
        // SAFETY: `left` heads remain from `next` on.
        unsafe { self.next.write_bytes(0, self.left * T::HEAD) }
        complete
    }
}

/// The three parts of a section, reserved at the end of a buffer.
pub(crate) struct Section {
    start: usize,
    size: usize,
}

impl Section {
    /// Reserves a section behind what `buffer` holds: heads, tail and text, in this order.
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

    /// Adds the section to the buffer it was reserved in, once its regions are full.
    ///
    /// # Panics
    /// When a region is not full, or the buffer is another or has changed.
    pub(crate) fn commit(self, buffer: &mut Vec<u8>, regions: [Region; 3]) {
        assert!(regions.iter().all(Region::is_full), "a region is not full");
        assert!(buffer.len() == self.start && buffer.capacity() - self.start >= self.size);
        // SAFETY:
        // - `reserve` made room for `size` bytes, and the buffer is as it was.
        // - The three regions make up these bytes. They are full, and whatever takes room from a
        //   region (`put`, `Group::write`, `Items::write`) writes all of it.
        unsafe { buffer.set_len(self.start + self.size) }
    }
}

// ---------------------------------------------------------------------------------------------
// Images: types whose memory is their head.

type Check = unsafe fn(*const u8, usize, usize) -> bool;

/// The proof that a type's memory is its head: no padding, little-endian, fields in order.
///
/// Slices of such types are copied as memory. Types with invalid bit patterns (`bool`, `char`,
/// fieldless enums) are checked in bulk first.
pub struct Image<T: ?Sized> {
    /// Checks `count` values at distances of `stride` bytes. `None`: not an image.
    check: Option<Check>,
    _type: PhantomData<*const T>,
}

impl<T: ?Sized> Clone for Image<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Image<T> {}

impl<T: ?Sized> Image<T> {
    /// The memory of `T` says nothing about its head.
    pub const NONE: Self = Self { check: None, _type: PhantomData };

    /// States that the memory of `T` is its head.
    ///
    /// # Safety
    /// - `size_of::<T>() == T::HEAD`, without padding, and the encoding of a `T` is its memory.
    /// - `check(first, count, stride)`, for `count` groups of `HEAD` readable bytes at distances of
    ///   `stride`, returns true only when each is a valid `T`.
    #[doc(hidden)]
    pub const unsafe fn new(check: Check) -> Self {
        let check = if cfg!(target_endian = "little") { Some(check) } else { None };
        Self { check, _type: PhantomData }
    }

    /// Whether there is a proof.
    pub const fn is_some(&self) -> bool {
        self.check.is_some()
    }

    /// Runs the check, for the macros of this module.
    ///
    /// # Safety
    /// `count` groups of `HEAD` bytes at distances of `stride` from `first` can be read.
    #[doc(hidden)]
    #[inline(always)]
    pub unsafe fn check(&self, first: *const u8, count: usize, stride: usize) -> bool {
        match self.check {
            // SAFETY: handed on to the caller.
            Some(check) => unsafe { check(first, count, stride) },
            None => false,
        }
    }
}

/// Every bit pattern is valid.
#[inline(always)]
unsafe fn anything(_: *const u8, _: usize, _: usize) -> bool {
    true
}

macro_rules! plain_images {
    ($($name:ident: $type:ty),*) => {$(
        /// The image of a number.
        // SAFETY: numbers have no padding and no invalid bit pattern, and are encoded
        // little-endian.
        pub(crate) const $name: Image<$type> = unsafe { Image::new(anything) };
    )*};
}

plain_images!(U8: u8, U16: u16, U32: u32, U64: u64, U128: u128, I8: i8, I16: i16, I32: i32,
    I64: i64, I128: i128, F32: f32, F64: f64);

/// Whether bytes are at most `MAX`.
///
/// # Safety
/// `count` bytes at distances of `stride` from `first` can be read.
#[doc(hidden)]
#[inline(always)]
pub unsafe fn at_most<const MAX: u8>(first: *const u8, count: usize, stride: usize) -> bool {
    let mut largest = 0;
    for index in 0..count {
        // SAFETY: the caller vouches for `count` readable bytes at these distances.
        largest = largest.max(unsafe { *first.add(index * stride) });
    }
    largest <= MAX
}

// SAFETY: a `bool` is one byte, 0 or 1, in memory and in its head.
pub(crate) const BOOL: Image<bool> = unsafe { Image::new(at_most::<1>) };

unsafe fn chars(first: *const u8, count: usize, stride: usize) -> bool {
    (0..count).all(|index| {
        // SAFETY: the caller vouches for 4 readable bytes at these distances.
        let value = unsafe { first.add(index * stride).cast::<u32>().read_unaligned() };
        char::from_u32(u32::from_le(value)).is_some()
    })
}

// SAFETY: a `char` is four bytes, a scalar value, in memory and in its head.
pub(crate) const CHAR: Image<char> = unsafe { Image::new(chars) };

unsafe fn arrays<T: Layout, const N: usize>(first: *const u8, count: usize, stride: usize) -> bool {
    (0..count).all(|index| {
        // SAFETY: each group of the caller's holds `N` elements at distances of `T::HEAD`.
        unsafe { T::IMAGE.check(first.add(index * stride), N, T::HEAD) }
    })
}

/// The image of an array: that of its elements.
pub(crate) const fn array_image<T: Layout, const N: usize>() -> Image<[T; N]> {
    if T::IMAGE.is_some() {
        // SAFETY: the elements follow each other without padding, in memory and in the head.
        unsafe { Image::new(arrays::<T, N>) }
    } else {
        Image::NONE
    }
}

/// Copies `count` bytes, small counts without a call.
///
/// # Safety
/// `count` bytes are readable from `from` and writable at `to`, and the two do not overlap.
#[inline(always)]
unsafe fn copy(from: *const u8, to: *mut u8, count: usize) {
    // SAFETY: all offsets below are at most `count` minus the width of the access.
    unsafe {
        macro_rules! ends {
            ($type:ty) => {{
                const WIDTH: usize = size_of::<$type>();
                let head = from.cast::<$type>().read_unaligned();
                let tail = from.add(count - WIDTH).cast::<$type>().read_unaligned();
                to.cast::<$type>().write_unaligned(head);
                to.add(count - WIDTH).cast::<$type>().write_unaligned(tail);
            }};
        }
        match count {
            0 => {}
            1..4 => {
                let (a, b, c) = (*from, *from.add(count / 2), *from.add(count - 1));
                *to = a;
                *to.add(count / 2) = b;
                *to.add(count - 1) = c;
            }
            4..8 => ends!(u32),
            8..16 => ends!(u64),
            16..=32 => ends!([u8; 16]),
            33..=64 => ends!([u8; 32]),
            _ => std::ptr::copy_nonoverlapping(from, to, count),
        }
    }
}

/// A copy of some text, small ones without a call.
#[inline(always)]
pub(crate) fn copy_text(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    // SAFETY: the capacity is `text.len()`, and what is copied is valid UTF-8.
    unsafe {
        copy(text.as_ptr(), bytes.as_mut_ptr(), text.len());
        bytes.set_len(text.len());
        String::from_utf8_unchecked(bytes)
    }
}

// ---------------------------------------------------------------------------------------------
// What the derive expands to. The `unsafe` stays here, in this file.

/// Decodes the fields of a struct in place, in the order given: for each field an expression that
/// makes a `Result<Filled<_>>` from its slot and the heads of the fields.
#[doc(hidden)]
#[macro_export]
macro_rules! __decode_struct {
    ($kind:tt, $head:expr, $slot:expr, {
        $($field:tt: $local:ident = |$place:ident, $heads:ident| $decode:expr;)*
    }) => {{
        // Every field is named, nothing else, and all can be borrowed: the struct is not packed.
        let _ = |whole: &Self| $crate::__all_fields!($kind, whole, $($field)*);
        #[allow(unused_mut)]
        let mut slot = $slot;
        #[allow(unused_variables, unused_mut)]
        let mut heads = $crate::native::Head::fields($head);
        #[allow(unused_variables)]
        let whole = $crate::native::Slot::as_mut_ptr(&mut slot);
        $(
            let $local = {
                #[allow(unused_variables)]
                let $heads = &mut heads;
                // SAFETY: `whole` is valid for writing, so are its fields. They are aligned, since
                // the struct is not packed.
                let (field, $place) = unsafe {
                    let field = &raw mut (*whole).$field;
                    (field, $crate::native::Slot::new(field))
                };
                match $decode {
                    ::core::result::Result::Ok(filled) => {
                        ::core::assert!($crate::native::Filled::is_at(&filled, field));
                        filled
                    }
                    ::core::result::Result::Err(error) => {
                        return ::core::result::Result::Err(error);
                    }
                }
            };
        )*
        // SAFETY: all fields are filled, and the whole takes them over.
        unsafe {
            $( $crate::native::Filled::keep_in_parent($local); )*
            ::core::result::Result::Ok($crate::native::Slot::assume_filled(slot))
        }
    }};
}

/// Takes a value apart, which compiles only when all its fields are named.
#[doc(hidden)]
#[macro_export]
macro_rules! __all_fields {
    (struct, $whole:ident, $($field:tt)*) => {{
        let Self { $($field: _,)* } = $whole;
        $( let _ = &$whole.$field; )*
    }};
    (tuple, $whole:ident, $($field:tt)*) => {{
        let ($($crate::__ignore!($field),)*) = $whole;
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __ignore {
    ($field:tt) => {
        _
    };
}

/// The image of a fieldless enum: there is one when each variant is a byte in memory, its number.
#[doc(hidden)]
#[macro_export]
macro_rules! __image_enum {
    ($($variant:ident)*) => {{
        let mut numbered = ::core::mem::size_of::<Self>() == 1
            && <Self as $crate::Layout>::HEAD == 1;
        #[allow(unused_mut)]
        let mut number = 0_usize;
        $(
            if numbered {
                let value = ::core::mem::ManuallyDrop::new(Self::$variant);
                // SAFETY: a value of one byte, without padding, is read as a byte.
                let byte = unsafe {
                    ::core::mem::transmute_copy::<::core::mem::ManuallyDrop<Self>, u8>(&value)
                };
                numbered = byte as usize == number;
                number += 1;
            }
        )*
        if numbered && number > 0 {
            // SAFETY: the variants are the bytes below their number, and are encoded as such; the
            // check admits no others.
            unsafe {
                $crate::native::Image::new(|first, count, stride| {
                    const LAST: usize = [$(::core::stringify!($variant)),*].len() - 1;
                    $crate::native::at_most::<{ LAST as u8 }>(first, count, stride)
                })
            }
        } else {
            $crate::native::Image::NONE
        }
    }};
}

/// The image of a struct: there is one when its fields are images and lie in memory in order,
/// without padding.
#[doc(hidden)]
#[macro_export]
macro_rules! __image_struct {
    ($($field:tt: $type:ty,)*) => {{
        const fn in_order<T>(fields: &[(usize, usize, bool)], head: usize) -> bool {
            let (mut at, mut index) = (0, 0);
            while index < fields.len() {
                let (offset, size, image) = fields[index];
                if offset != at || !image {
                    return false;
                }
                at += size;
                index += 1;
            }
            at == head && at == ::core::mem::size_of::<T>() && at > 0
        }
        if in_order::<Self>(
            &[$((
                ::core::mem::offset_of!(Self, $field),
                ::core::mem::size_of::<$type>(),
                <$type as $crate::Layout>::IMAGE.is_some()
                    && <$type as $crate::Layout>::HEAD == ::core::mem::size_of::<$type>(),
            ),)*],
            <Self as $crate::Layout>::HEAD,
        ) {
            // SAFETY: the fields are images, cover the struct without padding, and lie in the
            // order in which they are encoded; the check asks each of them.
            unsafe {
                $crate::native::Image::new(|first, count, stride| {
                    true $(&& <$type as $crate::Layout>::IMAGE.check(
                        first.add(::core::mem::offset_of!(Self, $field)),
                        count,
                        stride,
                    ))*
                })
            }
        } else {
            $crate::native::Image::NONE
        }
    }};
}
