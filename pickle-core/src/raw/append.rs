//! Bytes behind those of a vector.

use super::copy::copy;

/// Appends a header and the bytes behind it, few of them without a call.
#[inline(always)]
pub(crate) fn append<const N: usize>(out: &mut Vec<u8>, header: [u8; N], bytes: &[u8]) {
    out.reserve(N + bytes.len());
    let len = out.len();
    // SAFETY:
    // - `reserve` made room for the header and the bytes behind `len`; its result is no more than
    //   `isize::MAX`, so the sums do not overflow.
    // - The vector is borrowed mutably, so `bytes` lie elsewhere.
    // - All bytes up to the new length are written.
    unsafe {
        let end = out.as_mut_ptr().add(len);
        end.cast::<[u8; N]>().write_unaligned(header);
        copy(bytes.as_ptr(), end.add(N), bytes.len());
        out.set_len(len + N + bytes.len());
    }
}

#[cfg(test)]
mod tests {
    use super::append;

    #[test]
    fn what_is_appended_lies_behind_what_was_there() {
        for len in 0..200 {
            let bytes: Vec<u8> = (0..len).collect();
            let mut out = vec![7, 8];
            append(&mut out, [1, 2, 3], &bytes);
            assert_eq!(out, [&[7, 8, 1, 2, 3], &*bytes].concat());
        }
    }
}
