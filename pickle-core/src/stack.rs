//! Deep values on small stacks: every few levels of nesting, whether the stack still has room is
//! looked up, and where it has not, the next levels go on another one.

/// Levels of nesting between two looks, a power of two. At the default limits of depth there are few.
pub(crate) const EVERY: u32 = 16;

/// So much must be left for the levels up to the next look; and the size of a further stack.
const ROOM: usize = 256 << 10;
const FURTHER: usize = 4 << 20;

/// Whether it is time to look.
#[inline(always)]
pub(crate) fn is_due(depth: u32) -> bool {
    depth.is_multiple_of(EVERY)
}

/// Calls on a stack that has room.
#[cold]
#[inline(never)]
pub(crate) fn with_room<R>(call: impl FnOnce() -> R) -> R {
    let (mut call, mut result) = (Some(call), None);
    // Behind a pointer, so that the code of `call` is there once.
    let mut run = || result = call.take().map(|call| call());
    let run: &mut dyn FnMut() = &mut run;
    stacker::maybe_grow(ROOM, FURTHER, run);
    result.expect("a call returns")
}
