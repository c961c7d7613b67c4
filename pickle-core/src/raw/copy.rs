//! Copies, small ones without a call.

/// Copies `count` bytes, small counts without a call.
///
/// # Safety
/// `count` bytes are readable from `from` and writable at `to`, and the two do not overlap.
#[inline(always)]
pub(super) unsafe fn copy(from: *const u8, to: *mut u8, count: usize) {
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
