//! Objects that can be pointed at before they are there.

use std::mem::MaybeUninit;
use std::rc::{self, Rc};
use std::sync::{self, Arc};

use super::{Family, Loading, SlotId};
use crate::error::Result;
use crate::traits::Unpickle;
use crate::type_info::TypeInfo;

/// Builds the object of a slot. What it holds can refer to it by `Weak`s.
#[inline]
pub(crate) fn build<'de, F: Family, T: Unpickle<'de> + 'static, C: Loading>(
    slot: SlotId,
    context: &mut C,
    build: impl FnOnce(&mut C) -> Result<T>,
) -> Result<F::Strong<T>> {
    let strong = match TypeInfo::of::<T>().is_recursive {
        false => F::new(build(context)?),
        true => F::cyclic(|weak: Option<&F::Weak<T>>| {
            if let Some(weak) = weak {
                context.memo().hold(slot, F::hold_weak(weak.clone()));
            }
            build(context)
        })?,
    };
    context.memo().hold(slot, F::hold(strong.clone()));
    Ok(strong)
}

/// An `Rc` whose value is built after weak pointers to it were handed out.
pub(super) fn rc<T>(build: impl FnOnce(Option<&rc::Weak<T>>) -> Result<T>) -> Result<Rc<T>> {
    let mut failed = None;
    let object: Rc<MaybeUninit<T>> = Rc::new_cyclic(|weak: &rc::Weak<MaybeUninit<T>>| {
        let raw = weak.clone().into_raw().cast::<T>();
        // SAFETY:
        // - `raw` is from `into_raw`, taken back once.
        // - `MaybeUninit<T>` has the size and alignment of `T`.
        // - Nobody sees a value through it before there is one: while this closure runs, the strong
        //   count is 0 and `upgrade` gives `None`. `new_cyclic` sets it to 1 behind the closure;
        //   from there to the return below, no other code runs on this thread, and pointers of an
        //   `Rc` do not leave it. On an error the count is 0 again from then on.
        let weak = unsafe { rc::Weak::from_raw(raw) };
        match build(Some(&weak)) {
            Ok(value) => MaybeUninit::new(value),
            Err(error) => {
                failed = Some(error);
                MaybeUninit::uninit()
            }
        }
    });
    match failed {
        // Frees the memory or leaves it to the weak pointers; there is no value to drop.
        Some(error) => Err(error),
        // SAFETY:
        // - The pointer is from `into_raw`, taken back once; size and alignment are the same.
        // - The closure ended with `MaybeUninit::new`, so there is a value.
        None => Ok(unsafe { Rc::from_raw(Rc::into_raw(object).cast::<T>()) }),
    }
}

/// An `Arc` whose value is built after weak pointers to it were handed out.
///
/// What [`rc`] does would be unsound here: another thread can upgrade a pointer between the end of
/// the closure and the drop that follows an error. So an error leaves as a panic that is caught
/// outside; then `new_cyclic` frees the memory, and the strong count never was anything but 0.
#[cfg(panic = "unwind")]
pub(super) fn arc<T>(build: impl FnOnce(Option<&sync::Weak<T>>) -> Result<T>) -> Result<Arc<T>> {
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

    /// The panic that is none.
    struct Failed;

    let mut failed = None;
    // Nothing that `build` touched is looked at after a panic but `failed`, which is whole.
    let made = catch_unwind(AssertUnwindSafe(|| {
        Arc::new_cyclic(|weak| match build(Some(weak)) {
            Ok(value) => value,
            Err(error) => {
                failed = Some(error);
                resume_unwind(Box::new(Failed))
            }
        })
    }));
    match (made, failed) {
        (Ok(object), _) => Ok(object),
        (Err(panic), Some(error)) if panic.is::<Failed>() => Err(error),
        // A panic of a hook goes on.
        (Err(panic), _) => resume_unwind(panic),
    }
}

/// Where panics abort, an error could not leave: so nothing may point at an unfinished `Arc`.
#[cfg(not(panic = "unwind"))]
pub(super) fn arc<T>(build: impl FnOnce(Option<&sync::Weak<T>>) -> Result<T>) -> Result<Arc<T>> {
    build(None).map(Arc::new)
}
