//! `Rc`, `Arc` and their `Weak`s: one object however many point at it, cycles included.
//!
//! While writing, `Visits` knows the objects met so far by address. While reading, [`Memo`] knows
//! them by number, from before they are complete: `cyclic` and `hollow` make objects that what they
//! hold can point back at. All `unsafe` is in those two files and in `erased`.

mod cyclic;
mod erased;
mod hollow;
mod memo;
mod objects;
mod visits;

use std::ops::Deref;
use std::rc::{self, Rc};
use std::sync::{self, Arc};

use crate::error::Result;
use crate::graph::NodeId;
use crate::native::Reader;
use crate::registry::Registry;
use crate::restore::Restorer;
use crate::traits::{Layout, Unpickle};

pub(crate) use cyclic::build;
pub use erased::Held;
pub(crate) use erased::Kept;
pub(crate) use hollow::{build_cell, build_once};
pub use memo::{Loading, Memo, SlotId};
pub(crate) use memo::{Mark, Missing};
pub(crate) use objects::Objects;
pub(crate) use visits::Visits;

/// `Rc` with its `Weak`.
#[derive(Debug)]
pub enum RcFamily {}

/// `Arc` with its `Weak`.
#[derive(Debug)]
pub enum ArcFamily {}

mod sealed {
    pub trait Sealed {}

    impl Sealed for super::RcFamily {}

    impl Sealed for super::ArcFamily {}
}

/// A kind of shared pointer and its weak one.
pub trait Family: sealed::Sealed + Sized + 'static {
    /// The pointer that keeps the object.
    type Strong<T: ?Sized>: Clone + Deref<Target = T>;
    /// The pointer that does not.
    type Weak<T: ?Sized>: Clone;

    /// Moves a value into an object of its own.
    fn new<T>(value: T) -> Self::Strong<T>;

    /// The object of a boxed value.
    fn from_box<T: ?Sized>(value: Box<T>) -> Self::Strong<T>;

    /// A weak pointer to the same object.
    fn downgrade<T: ?Sized>(strong: &Self::Strong<T>) -> Self::Weak<T>;

    /// The object, unless it is gone or not complete.
    fn upgrade<T: ?Sized>(weak: &Self::Weak<T>) -> Option<Self::Strong<T>>;

    /// A weak pointer to nothing.
    fn dangling<T>() -> Self::Weak<T>;

    /// How many pointers keep the object.
    fn strong_count<T: ?Sized>(strong: &Self::Strong<T>) -> usize;

    /// Whether this is the only pointer to the object.
    fn is_unique<T: ?Sized>(strong: &Self::Strong<T>) -> bool;

    /// The value, if nobody else keeps the object.
    fn try_unwrap<T>(strong: Self::Strong<T>) -> Result<T, Self::Strong<T>>;

    /// As a raw pointer, which [`from_raw`](Self::from_raw) takes back.
    fn into_raw<T>(strong: Self::Strong<T>) -> *const T;

    /// Takes a pointer back.
    ///
    /// # Safety
    /// It is from [`into_raw`](Self::into_raw) of this family, each once, of `T` or of a type of
    /// the same size and alignment, as which its value may be seen.
    unsafe fn from_raw<T>(raw: *const T) -> Self::Strong<T>;

    /// Makes an object whose parts can point back at it, before it is there.
    ///
    /// `build` gets a pointer that cannot be upgraded yet, or none where none can be given.
    ///
    /// # Errors
    /// Those of `build`; then no object came to be, and the pointer is dead for ever.
    fn cyclic<T>(
        build: impl FnOnce(Option<&Self::Weak<T>>) -> Result<T>,
    ) -> Result<Self::Strong<T>>;

    /// The object without its type.
    fn hold<T: 'static>(strong: Self::Strong<T>) -> Held;

    /// A weak pointer without its type.
    fn hold_weak<T: 'static>(weak: Self::Weak<T>) -> Held;

    /// The object, if it is of this type and complete.
    fn strong<T: 'static>(held: &Held) -> Option<Self::Strong<T>>;

    /// A weak pointer to the object, if it is of this type.
    fn weak<T: 'static>(held: &Held) -> Option<Self::Weak<T>>;

    /// The same object as one of another type.
    fn coerce<T, U: ?Sized>(
        strong: Self::Strong<T>,
        rc: impl FnOnce(Rc<T>) -> Rc<U>,
        arc: impl FnOnce(Arc<T>) -> Arc<U>,
    ) -> Self::Strong<U>;

    /// A weak pointer to the same object as one of another type.
    fn coerce_weak<T, U: ?Sized>(
        weak: Self::Weak<T>,
        rc: impl FnOnce(rc::Weak<T>) -> rc::Weak<U>,
        arc: impl FnOnce(sync::Weak<T>) -> sync::Weak<U>,
    ) -> Self::Weak<U>;
}

macro_rules! family {
    ($family:ident, $Strong:ident, $module:ident, $make:path, |$strong:ident, $rc:ident, $arc:ident| $coerce:expr) => {
        impl Family for $family {
            type Strong<T: ?Sized> = $Strong<T>;
            type Weak<T: ?Sized> = $module::Weak<T>;

            #[inline]
            fn new<T>(value: T) -> $Strong<T> {
                $Strong::new(value)
            }

            fn from_box<T: ?Sized>(value: Box<T>) -> $Strong<T> {
                value.into()
            }

            #[inline]
            fn downgrade<T: ?Sized>(strong: &$Strong<T>) -> $module::Weak<T> {
                $Strong::downgrade(strong)
            }

            #[inline]
            fn upgrade<T: ?Sized>(weak: &$module::Weak<T>) -> Option<$Strong<T>> {
                weak.upgrade()
            }

            fn dangling<T>() -> $module::Weak<T> {
                $module::Weak::new()
            }

            #[inline]
            fn strong_count<T: ?Sized>(strong: &$Strong<T>) -> usize {
                $Strong::strong_count(strong)
            }

            #[inline]
            fn is_unique<T: ?Sized>(strong: &$Strong<T>) -> bool {
                $Strong::strong_count(strong) == 1 && $Strong::weak_count(strong) == 0
            }

            fn try_unwrap<T>(strong: $Strong<T>) -> Result<T, $Strong<T>> {
                $Strong::try_unwrap(strong)
            }

            fn into_raw<T>(strong: $Strong<T>) -> *const T {
                $Strong::into_raw(strong)
            }

            #[inline]
            fn cyclic<T>(
                build: impl FnOnce(Option<&$module::Weak<T>>) -> Result<T>,
            ) -> Result<$Strong<T>> {
                $make(build)
            }

            erased::family_erased! { $Strong, $module }

            #[inline]
            fn coerce<T, U: ?Sized>(
                $strong: $Strong<T>,
                $rc: impl FnOnce(Rc<T>) -> Rc<U>,
                $arc: impl FnOnce(Arc<T>) -> Arc<U>,
            ) -> $Strong<U> {
                $coerce
            }

            fn coerce_weak<T, U: ?Sized>(
                $strong: $module::Weak<T>,
                $rc: impl FnOnce(rc::Weak<T>) -> rc::Weak<U>,
                $arc: impl FnOnce(sync::Weak<T>) -> sync::Weak<U>,
            ) -> $module::Weak<U> {
                $coerce
            }
        }
    };
}

family! { RcFamily, Rc, rc, cyclic::rc, |strong, rc, _arc| rc(strong) }
family! { ArcFamily, Arc, sync, cyclic::arc, |strong, _rc, arc| arc(strong) }

/// What `Rc<Self>` and `Arc<Self>` can be loaded as: any sized type that can be loaded, text,
/// slices, registered trait objects.
///
/// The types of shared objects do not borrow: a load hands one object to all who refer to it, and
/// whether their lifetimes agree cannot be checked when it runs. Through a cell, the one whose
/// lifetime is shorter could leave there what the other keeps for longer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be loaded behind an `Rc` or `Arc`",
    label = "no `Unpickle` for this type",
    note = "add `#[derive(Pickle)]` to the type, or `#[pickle(skip)]` to the field"
)]
pub trait Shareable<'de>: Layout + 'static {
    /// Reads a new object. It goes to the slot, if it has one, before what it holds is read.
    #[doc(hidden)]
    fn decode_shared<F: Family>(
        reader: &mut Reader<'de>,
        slot: Option<SlotId>,
    ) -> Result<F::Strong<Self>>;

    /// The object that a node denotes, the same for each pointer to it.
    #[doc(hidden)]
    fn restore_shared<F: Family>(
        id: NodeId,
        restorer: &mut Restorer<'_, 'de>,
    ) -> Result<F::Strong<Self>>;

    /// A weak pointer to the object that a node denotes, which may be under construction.
    #[doc(hidden)]
    fn restore_weak<F: Family>(
        id: NodeId,
        restorer: &mut Restorer<'_, 'de>,
    ) -> Result<F::Weak<Self>> {
        restorer.weak::<F, Self>(id)
    }

    /// The object, if it is one of this type and complete. Which types are those of a trait's
    /// objects, the registry says.
    #[doc(hidden)]
    fn find<F: Family>(held: &Held, registry: &Registry) -> Option<F::Strong<Self>>;

    /// The object, which may be still under construction, if it is one of this type.
    #[doc(hidden)]
    fn find_weak<F: Family>(held: &Held, registry: &Registry) -> Option<F::Weak<Self>>;

    /// A weak pointer to nothing; none for objects of a trait of which the registry has no class.
    #[doc(hidden)]
    fn dangling<F: Family>(registry: &Registry) -> Option<F::Weak<Self>>;
}

/// Bytes of memory that an object takes besides its value: counts, and its slot in the memo.
const OVERHEAD: usize = 2 * size_of::<usize>() + size_of::<Option<Held>>();

impl<'de, T: Unpickle<'de> + 'static> Shareable<'de> for T {
    #[inline]
    fn decode_shared<F: Family>(
        reader: &mut Reader<'de>,
        slot: Option<SlotId>,
    ) -> Result<F::Strong<Self>> {
        reader.charge_object(size_of::<T>() + OVERHEAD)?;
        match slot {
            None => reader.boxed().map(F::new),
            Some(slot) => T::build_shared::<F, _>(slot, reader, |reader| reader.boxed()),
        }
    }

    fn restore_shared<F: Family>(
        id: NodeId,
        restorer: &mut Restorer<'_, 'de>,
    ) -> Result<F::Strong<Self>> {
        restorer.shared::<F, Self>(id, |slot, restorer| {
            restorer.charge(1, size_of::<T>() + OVERHEAD)?;
            let build = |restorer: &mut Restorer<'_, 'de>| {
                T::build_shared::<F, _>(slot, restorer, |restorer| {
                    restorer.nest(id, |restorer| T::restore(id, restorer))
                })
            };
            restorer.object(id, build, |object, visitor| object.visit_cells(visitor))
        })
    }

    fn find<F: Family>(held: &Held, _: &Registry) -> Option<F::Strong<Self>> {
        F::strong(held)
    }

    fn find_weak<F: Family>(held: &Held, _: &Registry) -> Option<F::Weak<Self>> {
        F::weak(held)
    }

    fn dangling<F: Family>(_: &Registry) -> Option<F::Weak<Self>> {
        Some(F::dangling())
    }
}

macro_rules! shareable_unsized {
    ($([$($generics:tt)*] $type:ty, $empty:expr,
        decode: |$reader:ident| $decode:expr, restore: |$id:ident, $restorer:ident| $restore:expr;)*
    ) => {$(
        impl<'de, $($generics)*> Shareable<'de> for $type {
            fn decode_shared<F: Family>(
                $reader: &mut Reader<'de>,
                slot: Option<SlotId>,
            ) -> Result<F::Strong<Self>> {
                $reader.charge_object(OVERHEAD)?;
                let boxed: Box<Self> = $decode?;
                let strong = F::from_box(boxed);
                if let Some(slot) = slot {
                    $reader.memo().hold(slot, Held::of_pointer(F::Strong::clone(&strong)));
                }
                Ok(strong)
            }

            fn restore_shared<F: Family>(
                $id: NodeId,
                restorer: &mut Restorer<'_, 'de>,
            ) -> Result<F::Strong<Self>> {
                restorer.shared::<F, Self>($id, |slot, $restorer| {
                    $restorer.charge(1, OVERHEAD)?;
                    let boxed: Box<Self> = $restore?;
                    let strong = F::from_box(boxed);
                    $restorer.memo().hold(slot, Held::of_pointer(F::Strong::clone(&strong)));
                    Ok(strong)
                })
            }

            fn find<F: Family>(held: &Held, _: &Registry) -> Option<F::Strong<Self>> {
                held.pointer::<F::Strong<Self>>().cloned()
            }

            fn find_weak<F: Family>(held: &Held, _: &Registry) -> Option<F::Weak<Self>> {
                held.pointer::<F::Strong<Self>>().map(F::downgrade)
            }

            fn dangling<F: Family>(_: &Registry) -> Option<F::Weak<Self>> {
                Some(F::downgrade(&F::from_box::<Self>($empty)))
            }
        }
    )*};
}

shareable_unsized! {
    [] str, Box::from(""),
        decode: |reader| reader.boxed::<Box<str>>(),
        restore: |id, restorer| restorer.string(id).map(Into::into);
    [T: Unpickle<'de> + 'static] [T], Box::from([]),
        decode: |reader| reader.boxed::<Box<[T]>>(),
        restore: |id, restorer| T::restore_vec(id, restorer).map(Into::into);
}

#[cfg(test)]
mod tests;
