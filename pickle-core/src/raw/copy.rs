//! Copies, small ones without a call.

/// Copies `count` bytes, small counts without a call.
///
/// # Safety
/// `count` bytes are readable from `from` and writable at `to`, and the two do not overlap.
#[inline(always)]
pub(super) unsafe fn copy(from: *const u8, to: *mut u8, count: usize) {
    // SAFETY: all offsets below are at most `count` minus the width of the access.
    unsafe {
        // The parts overlap where the stretch is shorter than they are together. Lengths are as good
        // as random, and a branch that is guessed wrong costs more than parts that were not needed:
        // so all from 4 to 15 take one branch; and so do 16 and 17, since texts that end in a number
        // are often some of each.
        macro_rules! parts {
            ($type:ty: $($offset:expr),*) => {
                $(
                    let part = from.add($offset).cast::<$type>().read_unaligned();
                    to.add($offset).cast::<$type>().write_unaligned(part);
                )*
            };
        }
        if count < 16 {
            if count >= 4 {
                // Of fewer than 8 bytes, the inner two parts are the outer two again.
                let further = count / 8 * 4;
                parts!(u32: 0, further, count - 4 - further, count - 4);
            } else if count > 0 {
                parts!(u8: 0, count / 2, count - 1);
            }
        } else if count <= 32 {
            parts!(u128: 0, count - 16);
        } else if count <= 64 {
            parts!(u128: 0, 16, count - 32, count - 16);
        } else {
            std::ptr::copy_nonoverlapping(from, to, count);
        }
    }
}
