//! Cells that are shared before they have contents: what they will hold can point at them.
//!
//! A `RefCell<T>` without a `T` is mutably borrowed, a `Mutex` or `RwLock` locked, until the `T` is
//! there. If it never is, because the load fails, a cell that somebody keeps stays locked for ever.

use std::any::Any;
use std::cell::{OnceCell, RefCell, RefMut};
use std::mem::{ManuallyDrop, MaybeUninit, align_of, size_of};
use std::ops::DerefMut;
use std::sync::{Mutex, MutexGuard, OnceLock, RwLock, RwLockWriteGuard, TryLockError};

use super::{Family, Loading, SlotId, cyclic};
use crate::error::Result;
use crate::traits::Unpickle;
use crate::type_info::TypeInfo;

/// A cell that can be locked while it has no contents.
///
/// # Safety
/// - `Hollow` is the same type constructor as `Self`, of `MaybeUninit<Contents>` for `Contents`.
/// - Safe code reaches the contents through `&Self` only while it holds a guard, and while one
///   guard for writing lives, no other comes to be.
pub(crate) unsafe trait Cell: Sized + 'static {
    type Contents: 'static;
    type Hollow: 'static;
    type Guard<'c>: DerefMut<Target = MaybeUninit<Self::Contents>>;

    fn hollow() -> Self::Hollow;

    /// The only guard; the cell is new.
    fn lock(hollow: &Self::Hollow) -> Self::Guard<'_>;

    /// Whether a guard for writing lives.
    fn is_locked(&self) -> bool;

    fn contents(self) -> Self::Contents;

    /// Moves the contents out and leaves the cell locked for ever; unless it is in use.
    fn take(&self) -> Option<Self::Contents>;
}

/// Moves contents out from under a guard, which is never dropped.
///
/// # Safety
/// The guard is the one for writing, and is forgotten: nobody comes to the contents again, and
/// nobody drops them.
unsafe fn move_out<T>(guard: impl DerefMut<Target = T>) -> T {
    let mut guard = ManuallyDrop::new(guard);
    // SAFETY: the guard gives the place of a valid `T`; as the caller vouches, this is its last use.
    unsafe { std::ptr::read(&raw mut **guard) }
}

// SAFETY: a `RefCell` gives its contents out by `Ref` and `RefMut` alone, and one `RefMut` at a
// time. `as_ptr` gives an address, which safe code cannot follow.
unsafe impl<T: 'static> Cell for RefCell<T> {
    type Contents = T;
    type Hollow = RefCell<MaybeUninit<T>>;
    type Guard<'c> = RefMut<'c, MaybeUninit<T>>;

    fn hollow() -> Self::Hollow {
        RefCell::new(MaybeUninit::uninit())
    }

    fn lock(hollow: &Self::Hollow) -> Self::Guard<'_> {
        hollow.borrow_mut()
    }

    fn is_locked(&self) -> bool {
        self.try_borrow().is_err()
    }

    fn contents(self) -> T {
        self.into_inner()
    }

    fn take(&self) -> Option<T> {
        // SAFETY: the guard is for writing, and `move_out` forgets it.
        self.try_borrow_mut().ok().map(|guard| unsafe { move_out(guard) })
    }
}

macro_rules! locks {
    ($($Lock:ident, $Guard:ident, $lock:ident, $try_lock:ident;)*) => {$(
        // SAFETY: a lock gives its contents out by guards alone, and one for writing at a time. A
        // panic poisons it only when its guard is dropped, which no unfinished one is.
        unsafe impl<T: 'static> Cell for $Lock<T> {
            type Contents = T;
            type Hollow = $Lock<MaybeUninit<T>>;
            type Guard<'c> = $Guard<'c, MaybeUninit<T>>;

            fn hollow() -> Self::Hollow {
                $Lock::new(MaybeUninit::uninit())
            }

            fn lock(hollow: &Self::Hollow) -> Self::Guard<'_> {
                hollow.$lock().unwrap_or_else(std::sync::PoisonError::into_inner)
            }

            fn is_locked(&self) -> bool {
                matches!(self.$try_lock(), Err(TryLockError::WouldBlock))
            }

            fn contents(self) -> T {
                self.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
            }

            fn take(&self) -> Option<T> {
                let guard = match self.$try_lock() {
                    Ok(guard) => guard,
                    Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                    Err(TryLockError::WouldBlock) => return None,
                };
                // SAFETY: the guard is for writing, and `move_out` forgets it.
                Some(unsafe { move_out(guard) })
            }
        }
    )*};
}

locks! {
    Mutex, MutexGuard, lock, try_lock;
    RwLock, RwLockWriteGuard, write, try_write;
}

/// Builds the cell of a slot. What it holds can refer to it by strong pointers.
#[inline]
pub(crate) fn build_cell<'de, F: Family, T: Unpickle<'de> + Cell, C: Loading>(
    slot: SlotId,
    context: &mut C,
    build: impl FnOnce(&mut C) -> Result<T>,
) -> Result<F::Strong<T>> {
    const {
        assert!(size_of::<T>() == size_of::<T::Hollow>());
        assert!(align_of::<T>() == align_of::<T::Hollow>());
    }
    if !TypeInfo::of::<T>().is_recursive {
        return cyclic::build::<F, T, C>(slot, context, build);
    }
    let hollow = F::new(T::hollow());
    // Not dropped if this is left by an error or a panic: then the cell stays locked.
    let mut guard = ManuallyDrop::new(T::lock(&hollow));
    let raw = F::into_raw(F::Strong::clone(&hollow));
    // SAFETY:
    // - `raw` is from `into_raw`, taken back once; size and alignment are the same (above).
    // - `T` and `T::Hollow` are one type constructor over types that differ in validity alone, which
    //   an `UnsafeCell` hides from it. So their flags lie at the same places; `is_locked` below
    //   would tell otherwise.
    // - Nobody comes to the contents before they are there: the guard lives until then.
    // - No value is dropped that is not there: the shell that is kept until the contents are there
    //   keeps the strong count above 0, and is dropped as a `MaybeUninit` only.
    let shell = unsafe { F::from_raw(raw.cast::<T>()) };
    let number = context.memo().shells.keep::<F, T>(F::Strong::clone(&shell));
    assert!(shell.is_locked(), "a cell's flags do not depend on its contents");
    context.memo().hold(slot, F::hold(F::Strong::clone(&shell)));
    let contents = build(context)?.contents();
    guard.write(contents);
    drop(ManuallyDrop::into_inner(guard));
    // `hollow`, `shell`, the memo's and that of the list.
    let is_taken = F::strong_count(&shell) > 4;
    context.memo().shells.filled(number, is_taken);
    Ok(shell)
}

/// Cells that were shared before they had contents, and that are not known to be free of cycles.
#[derive(Default)]
pub(super) struct Shells(Vec<Option<Shell>>);

struct Shell {
    /// From `into_raw` of a strong pointer.
    raw: *const (),
    table: &'static Table,
    is_filled: bool,
}

/// What can be done with a shell. All take a pointer from `into_raw` of the family and type that
/// the table was made for.
struct Table {
    /// Drops the pointer to a cell that has contents.
    drop: unsafe fn(*const ()),
    /// Moves the contents out of a cell that has some.
    take: unsafe fn(*const ()) -> Option<Box<dyn Any>>,
    /// Frees the cell but nothing that it may hold, if this is the last pointer to it; else leaves
    /// it to the others, who never drop the last.
    free: unsafe fn(*const ()),
}

struct TableOf<F, T>(F, T);

impl<F: Family, T: Cell> TableOf<F, T> {
    const TABLE: Table = Table {
        // SAFETY: the pointer is from `into_raw`, and taken back once.
        drop: |raw| drop(unsafe { F::from_raw(raw.cast::<T>()) }),
        take: |raw| {
            // SAFETY: the pointer is from `into_raw` and not taken back yet, so the cell lives.
            let cell = unsafe { &*raw.cast::<T>() };
            cell.take().map(|contents| Box::new(contents) as Box<dyn Any>)
        },
        free: |raw| {
            // SAFETY: the pointer is from `into_raw`, and taken back once; `MaybeUninit<T>` has the
            // size and alignment of `T`.
            let shell = unsafe { F::from_raw(raw.cast::<MaybeUninit<T>>()) };
            // At once the last and the end, or not at all: another thread may upgrade a weak one.
            if let Err(shared) = F::try_unwrap(shell) {
                std::mem::forget(shared);
            }
        },
    };
}

impl Shells {
    fn keep<F: Family, T: Cell>(&mut self, shell: F::Strong<T>) -> usize {
        let raw = F::into_raw(shell).cast();
        self.0.push(Some(Shell { raw, table: &TableOf::<F, T>::TABLE, is_filled: false }));
        self.0.len() - 1
    }

    /// A shell has contents. One that nobody took is part of no cycle, and needs no care.
    fn filled(&mut self, number: usize, is_taken: bool) {
        let shell = &mut self.0[number];
        if is_taken {
            shell.iter_mut().for_each(|shell| shell.is_filled = true);
        } else if let Some(shell) = shell.take() {
            // SAFETY: the table belongs to the pointer (`keep`), and the cell has contents.
            unsafe { (shell.table.drop)(shell.raw) }
            if number + 1 == self.0.len() {
                self.0.pop();
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The shells from this one on.
    pub(super) fn split_off(&mut self, at: usize) -> Self {
        Self(self.0.split_off(at.min(self.0.len())))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The load has succeeded.
    pub(super) fn succeed(&mut self) {
        for shell in self.0.drain(..).flatten() {
            // SAFETY: the table belongs to the pointer (`keep`), and what is called fits whether
            // the cell has contents. One without is that of an error which somebody swallowed.
            unsafe {
                match shell.is_filled {
                    true => (shell.table.drop)(shell.raw),
                    false => (shell.table.free)(shell.raw),
                }
            }
        }
    }

    /// The contents of all shells, which are locked for ever from now on.
    pub(super) fn take_contents(&mut self) -> Vec<Box<dyn Any>> {
        let filled = self.0.iter_mut().flatten().filter(|shell| shell.is_filled);
        let contents = filled.filter_map(|shell| {
            shell.is_filled = false;
            // SAFETY: the table belongs to the pointer (`keep`), and the cell has contents.
            unsafe { (shell.table.take)(shell.raw) }
        });
        contents.collect()
    }

    /// Frees the cells, whose contents were taken or never there.
    pub(super) fn free(&mut self) {
        for shell in self.0.drain(..).flatten() {
            // SAFETY: the table belongs to the pointer (`keep`).
            unsafe { (shell.table.free)(shell.raw) }
        }
    }
}

/// A cell that is filled once.
pub(crate) trait Once: Sized + 'static {
    type Contents: 'static;

    fn empty() -> Self;
    fn contents(self) -> Option<Self::Contents>;
    fn fill(&self, contents: Self::Contents);
}

macro_rules! once {
    ($($Once:ident,)*) => {$(
        impl<T: 'static> Once for $Once<T> {
            type Contents = T;

            fn empty() -> Self {
                $Once::new()
            }

            fn contents(self) -> Option<T> {
                self.into_inner()
            }

            fn fill(&self, contents: T) {
                // Where a hook has filled it, that stays.
                drop(self.set(contents));
            }
        }
    )*};
}

once! { OnceCell, OnceLock, }

/// [`build_cell`] of a cell that is filled once. One that is part of a cycle is filled when the
/// load has succeeded, since its contents can never be taken out again.
pub(crate) fn build_once<'de, F: Family, T: Unpickle<'de> + Once, C: Loading>(
    slot: SlotId,
    context: &mut C,
    build: impl FnOnce(&mut C) -> Result<T>,
) -> Result<F::Strong<T>> {
    if !TypeInfo::of::<T>().is_recursive {
        return cyclic::build::<F, T, C>(slot, context, build);
    }
    let shell = F::new(T::empty());
    context.memo().hold(slot, F::hold(F::Strong::clone(&shell)));
    if let Some(contents) = build(context)?.contents() {
        // `shell` and the memo's.
        if F::strong_count(&shell) > 2 {
            let cell = F::Strong::clone(&shell);
            context.memo().later.push(Box::new(move || cell.fill(contents)));
        } else {
            shell.fill(contents);
        }
    }
    Ok(shell)
}
