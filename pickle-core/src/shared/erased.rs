//! Pointers without their types, for the memos.

use std::any::{Any, TypeId};
use std::mem::{ManuallyDrop, size_of};
use std::rc::{self, Rc};
use std::sync::{self, Arc};

/// A pointer to an object that was loaded, or is being, without its type.
pub struct Held(pub(super) Kind);

pub(super) enum Kind {
    /// A complete object, or a cell that is still empty.
    Rc(Rc<dyn Any>),
    /// The same.
    Arc(Arc<dyn Any>),
    /// An object under construction, and its type.
    RcWeak(TypeId, rc::Weak<dyn Any>),
    /// The same.
    ArcWeak(TypeId, sync::Weak<dyn Any>),
    /// A pointer to what has no size of its own: text, a slice.
    Pointer(Box<dyn Any>),
}

impl Held {
    /// A pointer to a complete object, of any type.
    pub fn of_pointer<P: 'static>(pointer: P) -> Self {
        Self(Kind::Pointer(Box::new(pointer)))
    }

    /// That pointer, if it is of this type.
    pub fn pointer<P: 'static>(&self) -> Option<&P> {
        match &self.0 {
            Kind::Pointer(pointer) => pointer.downcast_ref(),
            _ => None,
        }
    }

    /// The type of the object; that of the pointer, where the object has no size of its own.
    pub fn type_id(&self) -> TypeId {
        match &self.0 {
            Kind::Rc(object) => (**object).type_id(),
            Kind::Arc(object) => (**object).type_id(),
            Kind::RcWeak(id, _) | Kind::ArcWeak(id, _) => *id,
            Kind::Pointer(pointer) => (**pointer).type_id(),
        }
    }

    /// Whether the object is still under construction.
    pub fn is_unfinished(&self) -> bool {
        matches!(self.0, Kind::RcWeak(..) | Kind::ArcWeak(..))
    }
}

/// The part of a [`Family`](super::Family) that forgets types and finds them again.
macro_rules! family_erased {
    (Rc, $module:ident) => {
        $crate::shared::erased::family_erased! { @ Rc, $module, Rc, RcWeak }
    };
    (Arc, $module:ident) => {
        $crate::shared::erased::family_erased! { @ Arc, $module, Arc, ArcWeak }
    };
    (@ $Strong:ident, $module:ident, $strong:ident, $weak:ident) => {
        unsafe fn from_raw<T>(raw: *const T) -> $Strong<T> {
            // SAFETY: as the caller vouches.
            unsafe { $Strong::from_raw(raw) }
        }

        #[inline]
        fn hold<T: 'static>(strong: $Strong<T>) -> Held {
            Held(erased::Kind::$strong(strong))
        }

        #[inline]
        fn hold_weak<T: 'static>(weak: $module::Weak<T>) -> Held {
            Held(erased::Kind::$weak(std::any::TypeId::of::<T>(), weak))
        }

        fn strong<T: 'static>(held: &Held) -> Option<$Strong<T>> {
            match &held.0 {
                erased::Kind::$strong(object) if (**object).is::<T>() => {
                    let raw = $Strong::into_raw($Strong::clone(object)).cast::<T>();
                    // SAFETY:
                    // - `raw` is from `into_raw` of a pointer of this family, taken back once.
                    // - The object is a `T`: `is` says so. Only the vtable beside it is dropped.
                    Some(unsafe { $Strong::from_raw(raw) })
                }
                _ => None,
            }
        }

        fn weak<T: 'static>(held: &Held) -> Option<$module::Weak<T>> {
            match &held.0 {
                erased::Kind::$weak(id, weak) if *id == std::any::TypeId::of::<T>() => {
                    let raw = weak.clone().into_raw().cast::<T>();
                    // SAFETY:
                    // - `raw` is from `into_raw` of a weak pointer of this family, taken back once.
                    // - It was made of a `Weak<T>`: only `hold_weak` makes this variant, of the
                    //   type that the id names.
                    Some(unsafe { $module::Weak::from_raw(raw) })
                }
                _ => Self::strong::<T>(held).map(|strong| $Strong::downgrade(&strong)),
            }
        }
    };
}

pub(super) use family_erased;

/// Keeps the memory of an object, so that its address means nothing else, but not its value: a weak
/// pointer of any type.
pub(crate) struct Kept {
    weak: *const (),
    /// Drops what `weak` was made of.
    release: unsafe fn(*const ()),
}

impl Kept {
    /// Keeps nothing: what stands for an object that is kept already.
    pub(crate) fn nothing() -> Self {
        Self::new(rc::Weak::<()>::new())
    }

    /// Keeps a weak pointer, whatever lifetimes its type has.
    pub(crate) fn new<W>(weak: W) -> Self {
        if size_of::<W>() == size_of::<*const ()>() {
            let weak = ManuallyDrop::new(weak);
            // SAFETY: `W` has the size of a pointer. `weak` is forgotten, so it exists once.
            let weak = unsafe { std::mem::transmute_copy::<ManuallyDrop<W>, *const ()>(&weak) };
            return Self { weak, release: release_thin::<W> };
        }
        Self { weak: Box::into_raw(Box::new(weak)).cast(), release: release_wide::<W> }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // SAFETY: `release` belongs to what `weak` was made of (`new`), which is dropped once. It is
        // a weak pointer: dropping it frees memory at most, and touches no value, so it is of no
        // matter that lifetimes in the type of that value may be over.
        unsafe { (self.release)(self.weak) }
    }
}

/// # Safety
/// `weak` is the bits of a `W` of this size, which is dropped nowhere else.
unsafe fn release_thin<W>(weak: *const ()) {
    // SAFETY: as the caller vouches.
    drop(unsafe { std::mem::transmute_copy::<*const (), W>(&weak) });
}

/// # Safety
/// `weak` is from `Box::<W>::into_raw`, and dropped nowhere else.
unsafe fn release_wide<W>(weak: *const ()) {
    // SAFETY: as the caller vouches.
    drop(unsafe { Box::from_raw(weak.cast::<W>().cast_mut()) });
}
