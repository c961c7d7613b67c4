//! Types whose memory is their head.

use std::marker::PhantomData;

use crate::traits::Layout;

pub(super) type Check = unsafe fn(*const u8, usize, usize) -> bool;

/// The proof that a type's memory is its head: no padding, little-endian, fields in order.
///
/// Slices of such types are copied as memory. Types with invalid bit patterns (`bool`, `char`,
/// fieldless enums) are checked in bulk first.
pub struct Image<T: ?Sized> {
    /// Checks `count` values at distances of `stride` bytes. `None`: not an image.
    pub(super) check: Option<Check>,
    /// Whether the check finds nothing.
    is_any: bool,
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
    pub const NONE: Self = Self { check: None, is_any: false, _type: PhantomData };

    /// States that the memory of `T` is its head.
    ///
    /// # Safety
    /// - `size_of::<T>() == T::HEAD`, without padding, and the encoding of a `T` is its memory.
    /// - `check(first, count, stride)`, for `count` groups of `HEAD` readable bytes at distances of
    ///   `stride`, returns true only when each is a valid `T`.
    #[doc(hidden)]
    pub const unsafe fn new(check: Check) -> Self {
        let check = if cfg!(target_endian = "little") { Some(check) } else { None };
        Self { check, is_any: false, _type: PhantomData }
    }

    /// States that the memory of `T` is its head, and that every bit pattern is a `T`.
    ///
    /// # Safety
    /// As for [`new`](Self::new).
    const unsafe fn any() -> Self {
        // SAFETY: handed on to the caller.
        Self { is_any: true, ..unsafe { Self::new(anything) } }
    }

    /// Whether there is a proof.
    pub const fn is_some(&self) -> bool {
        self.check.is_some()
    }

    /// Runs the check.
    ///
    /// # Safety
    /// `count` groups of `HEAD` bytes at distances of `stride` from `first` can be read.
    #[inline(always)]
    pub(super) unsafe fn check(&self, first: *const u8, count: usize, stride: usize) -> bool {
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
        pub(crate) const $name: Image<$type> = unsafe { Image::any() };
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
    if stride == 1 {
        // SAFETY: `count` bytes follow each other from `first` on, readable as the caller says.
        return unsafe { all_at_most::<MAX>(std::slice::from_raw_parts(first, count)) };
    }
    let mut largest = 0;
    for index in 0..count {
        // SAFETY: the caller vouches for `count` readable bytes at these distances.
        largest = largest.max(unsafe { *first.add(index * stride) });
    }
    largest <= MAX
}

/// Whether all bytes are at most `MAX`, eight at a time: most such vectors are short.
#[inline(always)]
pub(super) fn all_at_most<const MAX: u8>(bytes: &[u8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // The high bits of the bytes that are larger. The sum of a byte's low bits and `distance`
    // reaches its high bit, but none beyond, when they are above those of `MAX`.
    let larger = |word: u64| {
        let distance = u64::from(0x7f - (MAX & 0x7f)) * ONES;
        let low = (word & (0x7f * ONES)) + distance;
        (0x80 * ONES) & if MAX < 0x80 { low | word } else { low & word }
    };
    // What is left over is read again with some before it.
    if let Some(last) = bytes.last_chunk::<8>() {
        let (words, _) = bytes.as_chunks::<8>();
        let last = larger(u64::from_le_bytes(*last));
        return words.iter().fold(last, |found, word| found | larger(u64::from_le_bytes(*word)))
            == 0;
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let [first, last] = [first, last].map(|part| u64::from(u32::from_le_bytes(*part)));
        return larger(first | last << 32) == 0;
    }
    bytes.iter().all(|byte| *byte <= MAX)
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

/// A field of a struct, as the image of the struct needs it.
#[doc(hidden)]
pub struct FieldImage {
    offset: usize,
    size: usize,
    /// `None`: not an image.
    check: Option<Check>,
    is_any: bool,
}

impl FieldImage {
    /// A field with the image and the size of the head of its type.
    pub const fn new<F>(offset: usize, image: Image<F>, head: usize) -> Self {
        let size = size_of::<F>();
        let check = if head == size { image.check } else { None };
        Self { offset, size, check, is_any: image.is_any }
    }
}

impl<T: Layout> Image<T> {
    /// The image of a struct: there is one when its fields are images and lie in memory in order,
    /// without padding.
    ///
    /// # Safety
    /// [`Layout::FIELDS`] are all fields of `T`, in the order in which they are encoded, each of the
    /// type and with the offset that it has there.
    #[doc(hidden)]
    pub const unsafe fn of_fields() -> Self {
        let (mut end, mut is_any, mut index) = (0, true, 0);
        while index < T::FIELDS.len() {
            let field = &T::FIELDS[index];
            if field.offset != end || field.check.is_none() {
                return Self::NONE;
            }
            end += field.size;
            is_any &= field.is_any;
            index += 1;
        }
        if end != T::HEAD || end != size_of::<T>() || end == 0 {
            return Self::NONE;
        }
        // SAFETY: the fields are images, cover the struct without padding, and lie in the order in
        // which they are encoded; the check asks each of them.
        unsafe { if is_any { Self::any() } else { Self::new(all_fields::<T>) } }
    }
}

/// Whether each field is valid.
///
/// # Safety
/// `count` groups of `T::HEAD` bytes at distances of `stride` from `first` can be read.
unsafe fn all_fields<T: Layout>(first: *const u8, count: usize, stride: usize) -> bool {
    T::FIELDS.iter().all(|field| match field.check {
        // SAFETY: the field lies in each of the groups.
        Some(check) => unsafe { check(first.add(field.offset), count, stride) },
        None => false,
    })
}

/// The memory of a slice, where it is its own heads.
#[inline(always)]
pub(crate) fn image_bytes<T: Layout>(items: &[T]) -> Option<&[u8]> {
    T::IMAGE.check?;
    // SAFETY: an image has no padding, so all its bytes are initialised.
    Some(unsafe { std::slice::from_raw_parts(items.as_ptr().cast(), size_of_val(items)) })
}

#[cfg(test)]
mod tests {
    use super::all_at_most;

    fn agrees_with_a_loop<const MAX: u8>() {
        for length in 0..20 {
            for at in 0..length {
                for byte in 0..=u8::MAX {
                    let mut bytes = vec![MAX; length];
                    bytes[at] = byte;
                    assert_eq!(
                        all_at_most::<MAX>(&bytes),
                        byte <= MAX,
                        "{byte} at {at} of {length}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_byte_above_the_largest_is_found_wherever_it_is() {
        agrees_with_a_loop::<0>();
        agrees_with_a_loop::<1>();
        agrees_with_a_loop::<9>();
        agrees_with_a_loop::<127>();
        agrees_with_a_loop::<128>();
        agrees_with_a_loop::<254>();
        agrees_with_a_loop::<255>();
    }
}
