//! Bytes behind those of a vector.

use std::any::TypeId;
use std::ptr;

use super::copy::copy;

/// The vector that a writer is or refers to, where it does, so that nothing needs to be copied into
/// it.
pub(crate) fn as_vec<W>(writer: &mut W) -> Option<&mut Vec<u8>> {
    if typeid::of::<W>() == TypeId::of::<Vec<u8>>() {
        // SAFETY: types with one id are one but for lifetimes, of which a vector of bytes has none.
        return Some(unsafe { &mut *ptr::from_mut(writer).cast::<Vec<u8>>() });
    }
    if typeid::of::<W>() == typeid::of::<&mut Vec<u8>>() {
        // SAFETY: `W` is a mutable reference to such a vector. It outlives the borrow of itself,
        // through which it is borrowed in turn.
        let vec = unsafe { &mut *ptr::from_mut(writer).cast::<&mut Vec<u8>>() };
        return Some(vec);
    }
    None
}

/// Appends a header, the bytes behind it, few of them without a call, and what follows them.
#[inline(always)]
pub(crate) fn append<const N: usize, const M: usize>(
    out: &mut Vec<u8>,
    header: [u8; N],
    bytes: &[u8],
    footer: [u8; M],
) {
    out.reserve(N + bytes.len() + M);
    let len = out.len();
    // SAFETY:
    // - `reserve` made room for the header, the bytes and the footer behind `len`; its result is no
    //   more than `isize::MAX`, so the sums do not overflow.
    // - The vector is borrowed mutably, so `bytes` lie elsewhere.
    // - All bytes up to the new length are written.
    unsafe {
        let end = out.as_mut_ptr().add(len);
        end.cast::<[u8; N]>().write_unaligned(header);
        copy(bytes.as_ptr(), end.add(N), bytes.len());
        end.add(N + bytes.len()).cast::<[u8; M]>().write_unaligned(footer);
        out.set_len(len + N + bytes.len() + M);
    }
}

/// [`append`] of few bytes where there is room for them, without any call; false where nothing was
/// appended.
#[inline(always)]
pub(crate) fn append_few<const N: usize>(out: &mut Vec<u8>, header: [u8; N], bytes: &[u8]) -> bool {
    let len = out.len();
    if bytes.len() > FEW || out.capacity() - len < N + bytes.len() {
        return false;
    }
    // SAFETY:
    // - The header and the bytes fit into the capacity behind `len`.
    // - The vector is borrowed mutably, so `bytes` lie elsewhere.
    // - All bytes up to the new length are written.
    unsafe {
        let end = out.as_mut_ptr().add(len);
        end.cast::<[u8; N]>().write_unaligned(header);
        copy(bytes.as_ptr(), end.add(N), bytes.len());
        out.set_len(len + N + bytes.len());
    }
    true
}

/// So many bytes are copied without a call.
const FEW: usize = 64;

#[cfg(test)]
mod tests {
    use super::{append, append_few, as_vec};

    #[test]
    fn few_bytes_are_appended_where_there_is_room() {
        for len in 0..100 {
            let bytes: Vec<u8> = (0..len).collect();
            let mut out = Vec::with_capacity(4 + bytes.len());
            out.extend([7, 8]);
            let room = out.capacity() - 4;
            assert!(!append_few(&mut out, [1, 2], &vec![0; room + 1]));
            assert_eq!(out, [7, 8]);
            match append_few(&mut out, [1, 2], &bytes) {
                true => assert_eq!(out, [&[7, 8, 1, 2], &*bytes].concat()),
                false => assert!(len > 64),
            }
        }
    }

    #[test]
    fn a_vector_is_recognised_behind_a_reference_too() {
        let mut vec = vec![1_u8];
        as_vec(&mut vec).unwrap().push(2);
        as_vec(&mut &mut vec).unwrap().push(3);
        assert_eq!(vec, [1, 2, 3]);
        assert!(as_vec(&mut vec.as_slice()).is_none());
    }

    #[test]
    fn what_is_appended_lies_behind_what_was_there() {
        for len in 0..200 {
            let bytes: Vec<u8> = (0..len).collect();
            let mut out = vec![7, 8];
            append(&mut out, [1, 2, 3], &bytes, [4, 5]);
            assert_eq!(out, [&[7, 8, 1, 2, 3], &*bytes, &[4, 5]].concat());
        }
    }
}
