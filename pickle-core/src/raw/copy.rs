//! Copies, small ones without a call.

/// Copies `count` bytes, small counts without a call.
///
/// # Safety
/// `count` bytes are readable from `from` and writable at `to`, and the two do not overlap.
#[inline(always)]
pub(super) unsafe fn copy(from: *const u8, to: *mut u8, count: usize) {
    // SAFETY: all offsets below are at most `count` minus the width of the access.
    unsafe {
        // The parts overlap where the stretch is shorter than they are together. Lengths of 16 and 17
        // take the same branch: texts that end in a number are often some of each.
        macro_rules! parts {
            ($type:ty: $($offset:expr),*) => {
                $(
                    let part = from.add($offset).cast::<$type>().read_unaligned();
                    to.add($offset).cast::<$type>().write_unaligned(part);
                )*
            };
        }
        if count < 8 {
            if count >= 4 {
                parts!(u32: 0, count - 4);
            } else if count > 0 {
                parts!(u8: 0, count / 2, count - 1);
            }
        } else if count < 16 {
            parts!(u64: 0, count - 8);
        } else if count <= 32 {
            parts!(u128: 0, count - 16);
        } else if count <= 64 {
            parts!(u128: 0, 16, count - 32, count - 16);
        } else {
            std::ptr::copy_nonoverlapping(from, to, count);
        }
    }
}
