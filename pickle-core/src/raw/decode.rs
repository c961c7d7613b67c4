//! Heads to read, slots to fill.

use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ptr::NonNull;

use super::Invariant;
use super::copy::copy;
use crate::error::Result;
use crate::native::Reader;
use crate::traits::{Layout, Unpickle};

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
        Fields { start: self.start, left: T::HEAD, _bytes: PhantomData }
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
    start: NonNull<u8>,
    left: usize,
    _bytes: PhantomData<&'h [u8]>,
}

impl<'h> Fields<'h> {
    /// The fields in a region of the tail.
    #[inline(always)]
    pub(crate) fn new(region: &'h [u8]) -> Self {
        Self { start: NonNull::from(region).cast(), left: region.len(), _bytes: PhantomData }
    }

    /// The head of the next field.
    ///
    /// # Panics
    /// When the fields together are longer than the head they are taken from: a wrong
    /// [`Layout::HEAD`]. The compiler folds the check away for a right one.
    #[inline(always)]
    pub fn head<T: Layout + ?Sized>(&mut self) -> Head<'h, T> {
        Head { start: self.advance(T::HEAD), _bytes: PhantomData }
    }

    /// The next bytes, for tags.
    #[inline(always)]
    pub fn take<const N: usize>(&mut self) -> [u8; N] {
        // SAFETY: `advance` vouches for `N` readable bytes.
        unsafe { self.advance(N).cast::<[u8; N]>().read() }
    }

    /// The start of `count` bytes that live for `'h`.
    #[inline(always)]
    fn advance(&mut self, count: usize) -> NonNull<u8> {
        if count > self.left {
            too_long();
        }
        let start = self.start;
        self.left -= count;
        // SAFETY: `count` bytes of the same region lie before the new position.
        self.start = unsafe { start.add(count) };
        start
    }
}

#[cold]
#[inline(never)]
pub(super) fn too_long() -> ! {
    panic!("the fields are longer than their head")
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

    /// Fills the slot with a copy of the head, where that is the value's memory; else gives it back.
    #[doc(hidden)]
    #[inline(always)]
    pub fn copy_image(self, head: Head<'_, T>) -> std::result::Result<Filled<'b, T>, Self>
    where
        T: Layout,
    {
        let from = head.start.as_ptr();
        // SAFETY:
        // - `HEAD` bytes can be read from a head, and are `size_of::<T>()` bytes for an image.
        // - `check` vouches that they are a valid `T`.
        // - The place is valid for writing (`new`), and is filled from here on.
        unsafe {
            if !T::IMAGE.check(from, 1, T::HEAD) {
                return Err(self);
            }
            copy(from, self.place.as_ptr().cast(), T::HEAD);
            Ok(self.assume_filled())
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

    /// Whether the value lies there.
    #[inline(always)]
    pub(super) fn is_at(&self, place: *mut T) -> bool {
        std::ptr::eq(self.place.as_ptr(), place)
    }

    /// Leaves the value in its place, for whoever owns that place.
    #[inline(always)]
    pub(crate) fn keep(self) {
        let _ = ManuallyDrop::new(self);
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
    if let Some(check) = T::IMAGE.check {
        assert!(T::HEAD == 0 || heads.len() / T::HEAD.max(1) >= count);
        items.reserve(count);
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
        // Some element is invalid: the loop finds out which and why.
    }
    decode_each_into_vec(items, count, heads, reader)
}

/// [`decode_into_vec`], one by one.
// Not inlined, since several callers would each get a loop with the decode of `T` beside it instead
// of in it.
#[inline(never)]
fn decode_each_into_vec<'de, T: Unpickle<'de>>(
    items: &mut Vec<T>,
    count: usize,
    heads: &[u8],
    reader: &mut Reader<'de>,
) -> Result<()> {
    assert!(T::HEAD == 0 || heads.len() / T::HEAD.max(1) >= count);
    items.reserve(count);
    let base = items.len();
    for index in 0..count {
        // SAFETY: `heads` holds `count` heads, so this one is inside it.
        let start = unsafe { heads.as_ptr().add(index * T::HEAD).cast_mut() };
        // SAFETY: a place inside a slice, or at its end, is not null.
        let start = unsafe { NonNull::new_unchecked(start) };
        let head = Head { start, _bytes: PhantomData };
        // SAFETY: `reserve` made room for `count` elements; this one's place is not in use.
        let slot = unsafe { Slot::new(items.as_mut_ptr().add(base + index)) };
        match T::decode(head, reader, slot) {
            Ok(filled) => filled.keep(),
            Err(error) => return Err(error.in_index(base + index)),
        }
        // The vector drops what an error or a panic leaves behind, where there is anything to drop.
        if std::mem::needs_drop::<T>() {
            // SAFETY: all places up to this one hold values, which nobody else owns.
            unsafe { items.set_len(base + index + 1) }
        }
    }
    // SAFETY: the loop has filled the places of all, for which `reserve` made room.
    unsafe { items.set_len(base + count) }
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
