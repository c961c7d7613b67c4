//! Cells, locks, atomics, and other wrappers: pickled as what they hold.

use std::cell::{Cell, OnceCell, RefCell};
use std::cmp::Reverse;
use std::num::{
    NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroI128, NonZeroIsize, NonZeroU8,
    NonZeroU16, NonZeroU32, NonZeroU64, NonZeroU128, NonZeroUsize, Saturating, Wrapping,
};
use std::sync::{Mutex, OnceLock, PoisonError, RwLock, atomic};

use super::composite::std_wrapper;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::NodeId;
use crate::native::{Filled, Head, HeadMut, Measure, Reader, Slot, Writer, Written};
use crate::python::Saver;
use crate::restore::{CellVisitor, Restorer};
use crate::schema::{SchemaBuilder, SchemaId};
use crate::traits::{Layout, Pickle, Unpickle};

#[cold]
fn locked(what: &'static str) -> Error {
    Error::new(ErrorKind::Locked { what: what.into() })
}

std_wrapper! { [T] Wrapping<T> as T where T: Sized,
dump: |value| Ok::<_, Error>(&value.0), load: |inner| Ok(Wrapping(inner)) }

std_wrapper! { [T] Saturating<T> as T where T: Sized,
dump: |value| Ok::<_, Error>(&value.0), load: |inner| Ok(Saturating(inner)) }

std_wrapper! { [T] Reverse<T> as T where T: Sized,
dump: |value| Ok::<_, Error>(&value.0), load: |inner| Ok(Reverse(inner)) }

std_wrapper! { [T] Cell<T> as T where T: Copy,
dump: |value| Ok::<_, Error>(&value.get()), load: |inner| Ok(Cell::new(inner)) }

std_wrapper! { [T] RefCell<T> as T where T: Sized,
    dump: |value| value.try_borrow().map_err(|_| locked("a RefCell that is mutably borrowed")),
    load: |inner| Ok(RefCell::new(inner)),
    build: build_cell,
    set: |cell, contents| drop(cell.try_borrow_mut().map(|mut place| *place = contents)),
    inside: cell.try_borrow().ok()
}

std_wrapper! { [T] Mutex<T> as T where T: Sized,
    // What is inside may go when the lock is free again.
    is_plain: false,
    dump: |value| value.lock().map_err(|_| locked("a poisoned Mutex")),
    load: |inner| Ok(Mutex::new(inner)),
    build: build_cell,
    set: |cell, contents| *cell.lock().unwrap_or_else(PoisonError::into_inner) = contents,
    inside: cell.try_lock().ok()
}

std_wrapper! { [T] RwLock<T> as T where T: Sized,
    // What is inside may go when the lock is free again.
    is_plain: false,
    dump: |value| value.read().map_err(|_| locked("a poisoned RwLock")),
    load: |inner| Ok(RwLock::new(inner)),
    build: build_cell,
    set: |cell, contents| *cell.write().unwrap_or_else(PoisonError::into_inner) = contents,
    inside: cell.try_read().ok()
}

std_wrapper! { [T] OnceCell<T> as Option<T> where T: Sized,
    dump: |value| Ok::<_, Error>(&value.get()),
    load: |inner| Ok(inner.map_or_else(OnceCell::new, OnceCell::from)),
    build: build_once,
    set: |cell, contents| drop(contents.map(|contents| cell.set(contents))),
    inside: cell.get()
}

std_wrapper! { [T] OnceLock<T> as Option<T> where T: Sized,
    dump: |value| Ok::<_, Error>(&value.get()),
    load: |inner| Ok(inner.map_or_else(OnceLock::new, OnceLock::from)),
    build: build_once,
    set: |cell, contents| drop(contents.map(|contents| cell.set(contents))),
    inside: cell.get()
}

macro_rules! nonzero {
    ($($type:ident as $inner:ty,)*) => {$(
        std_wrapper! { [] $type as $inner,
            dump: |value| Ok::<_, Error>(&value.get()),
            load: |inner| $type::new(inner).ok_or("a number other than 0")
        }
    )*};
}

nonzero! {
    NonZeroU8 as u8, NonZeroU16 as u16, NonZeroU32 as u32, NonZeroU64 as u64, NonZeroU128 as u128,
    NonZeroI8 as i8, NonZeroI16 as i16, NonZeroI32 as i32, NonZeroI64 as i64, NonZeroI128 as i128,
    NonZeroUsize as usize, NonZeroIsize as isize,
}

macro_rules! atomics {
    ($($width:literal: $($type:ident as $inner:ty),*;)*) => {$($(
        #[cfg(target_has_atomic = $width)]
        std_wrapper! { [] atomic::$type as $inner,
            dump: |value| Ok::<_, Error>(&value.load(atomic::Ordering::SeqCst)),
            load: |inner| Ok(atomic::$type::new(inner))
        }
    )*)*};
}

atomics! {
    "8": AtomicBool as bool, AtomicU8 as u8, AtomicI8 as i8;
    "16": AtomicU16 as u16, AtomicI16 as i16;
    "32": AtomicU32 as u32, AtomicI32 as i32;
    "64": AtomicU64 as u64, AtomicI64 as i64;
    "ptr": AtomicUsize as usize, AtomicIsize as isize;
}
