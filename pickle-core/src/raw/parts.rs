//! The fields of a type as a table, for code that is compiled once for all types.

use std::marker::PhantomData;
use std::mem::{MaybeUninit, needs_drop};
use std::ptr::NonNull;

use super::Invariant;
use super::decode::{Fields, Filled, Slot};
use crate::error::{Error, Result};
use crate::graph::NodeId;
use crate::restore::{CellVisitor, RestoredFields, Restorer};
use crate::shape::Shape;
use crate::traits::Unpickle;

/// A field: where it lies in its struct, and what is done there.
#[doc(hidden)]
pub struct Part<'de> {
    offset: usize,
    kind: &'de FieldKind<'de>,
}

/// What is done with a field of type `T`.
#[doc(hidden)]
pub struct KindOf<'de, T> {
    kind: &'de FieldKind<'de>,
    _of: PhantomData<fn() -> T>,
}

impl<'de, T: Unpickle<'de>> KindOf<'de, T> {
    /// As the type does it.
    pub(crate) const OWN: Self = Self { kind: const { &FieldKind::of::<T>() }, _of: PhantomData };
}

/// What is done with a field of some type.
struct FieldKind<'de> {
    align: usize,
    is_pickled: bool,
    drop: Option<unsafe fn(*mut u8)>,
    restore: unsafe fn(*mut u8, &mut RestoredFields<'_, '_, 'de>) -> Result<()>,
    shell: unsafe fn(*mut u8, &Restorer<'_, 'de>) -> bool,
    visit: unsafe fn(*const u8, &mut CellVisitor<'_, '_, 'de>) -> Result<()>,
}

impl<'de> FieldKind<'de> {
    /// Of a field whose cells are not visited.
    const fn new<T>(
        restore: unsafe fn(*mut u8, &mut RestoredFields<'_, '_, 'de>) -> Result<()>,
    ) -> Self {
        Self {
            align: align_of::<T>(),
            is_pickled: true,
            drop: if needs_drop::<T>() { Some(drop_part::<T>) } else { None },
            restore,
            shell: |_, _| false,
            visit: |_, _| Ok(()),
        }
    }

    const fn by<T, M>() -> Self
    where
        M: Fn(&mut RestoredFields<'_, '_, 'de>) -> Result<T> + Copy,
    {
        Self::new::<T>(restore_by::<T, M>)
    }

    const fn of<T: Unpickle<'de>>() -> Self {
        Self { shell: shell::<T>, visit: visit::<T>, ..Self::new::<T>(restore::<T>) }
    }
}

impl<'de> Part<'de> {
    /// A field that is restored by its type.
    pub const fn of<T>(offset: usize, of: KindOf<'de, T>) -> Self {
        Self { offset, kind: of.kind }
    }

    /// A field that is restored by its type, or else is what `default` returns.
    pub const fn or<T: Unpickle<'de>, D: Fn() -> T + Copy>(offset: usize, default: D) -> Self {
        let _ = default;
        let kind = const { &FieldKind { restore: restore_or::<T, D>, ..FieldKind::of::<T>() } };
        Self { offset, kind }
    }

    /// A field that `make` makes. Its cells are not visited.
    pub const fn by<T, M>(offset: usize, make: M) -> Self
    where
        M: Fn(&mut RestoredFields<'_, '_, 'de>) -> Result<T> + Copy,
    {
        let _ = make;
        Self { offset, kind: const { &FieldKind::by::<T, M>() } }
    }

    /// A field that is no part of pickles, which `make` makes.
    pub const fn skipped<T, M>(offset: usize, make: M) -> Self
    where
        M: Fn(&mut RestoredFields<'_, '_, 'de>) -> Result<T> + Copy,
    {
        let _ = make;
        Self { offset, kind: const { &FieldKind { is_pickled: false, ..FieldKind::by::<T, M>() } } }
    }
}

/// # Safety
/// A `T` lies at `place`, and is not used after.
unsafe fn drop_part<T>(place: *mut u8) {
    // SAFETY: handed on to the caller.
    unsafe { place.cast::<T>().drop_in_place() }
}

/// # Safety
/// `place` is valid for writing a `T`, aligned.
unsafe fn restore<'de, T: Unpickle<'de>>(
    place: *mut u8,
    fields: &mut RestoredFields<'_, '_, 'de>,
) -> Result<()> {
    let value = fields.take::<T>()?;
    // SAFETY: handed on to the caller.
    unsafe { place.cast::<T>().write(value) }
    Ok(())
}

/// # Safety
/// `place` is valid for writing a `T`, aligned.
unsafe fn restore_or<'de, T: Unpickle<'de>, D: Fn() -> T + Copy>(
    place: *mut u8,
    fields: &mut RestoredFields<'_, '_, 'de>,
) -> Result<()> {
    let value = fields.take_or(the_only::<D>())?;
    // SAFETY: handed on to the caller.
    unsafe { place.cast::<T>().write(value) }
    Ok(())
}

/// # Safety
/// `place` is valid for writing a `T`, aligned.
unsafe fn restore_by<'de, T, M>(
    place: *mut u8,
    fields: &mut RestoredFields<'_, '_, 'de>,
) -> Result<()>
where
    M: Fn(&mut RestoredFields<'_, '_, 'de>) -> Result<T> + Copy,
{
    let value = the_only::<M>()(fields)?;
    // SAFETY: handed on to the caller.
    unsafe { place.cast::<T>().write(value) }
    Ok(())
}

/// # Safety
/// `place` is valid for writing a `T`, aligned.
unsafe fn shell<'de, T: Unpickle<'de>>(place: *mut u8, restorer: &Restorer<'_, 'de>) -> bool {
    let Some(shell) = T::shell(restorer) else { return false };
    // SAFETY: handed on to the caller.
    unsafe { place.cast::<T>().write(shell) }
    true
}

/// # Safety
/// A `T` lies at `place`.
unsafe fn visit<'de, T: Unpickle<'de>>(
    place: *const u8,
    visitor: &mut CellVisitor<'_, '_, 'de>,
) -> Result<()> {
    // SAFETY: handed on to the caller.
    unsafe { (*place.cast::<T>()).visit_cells(visitor) }
}

/// The function of a type with a single value: a table that holds only types gets it from nowhere.
/// The constructors of [`Part`] were given such a value, so there is one.
fn the_only<F: Copy>() -> F {
    const { assert!(size_of::<F>() == 0, "the function captures something") }
    // SAFETY: a value without bytes lies at every aligned address, and copies are as good as it.
    unsafe { NonNull::<F>::dangling().read() }
}

/// The table of all fields of `T`, in the order in which they are loaded.
#[doc(hidden)]
pub struct Parts<'de, T> {
    list: &'de [Part<'de>],
    has_cells: bool,
    _of: PhantomData<fn() -> T>,
}

impl<T> Clone for Parts<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Parts<'_, T> {}

impl<'de, T> Parts<'de, T> {
    /// The table of these parts.
    ///
    /// # Safety
    /// They are all fields of `T`, each with the offset and type that it has there.
    pub const unsafe fn new(list: &'de [Part<'de>]) -> Self {
        let mut index = 0;
        while index < list.len() {
            assert!(
                list[index].kind.align <= align_of::<T>(),
                "a packed struct has no places for fields"
            );
            index += 1;
        }
        Self { list, has_cells: true, _of: PhantomData }
    }

    /// The same, where something else looks at the value before its cells are filled: so they do not
    /// wait.
    pub const fn apart(self) -> Self {
        Self { has_cells: false, ..self }
    }

    /// Restores the fields of a struct.
    pub(crate) fn restore(
        self,
        id: NodeId,
        shape: &'static Shape,
        restorer: &mut Restorer<'_, 'de>,
    ) -> Result<T> {
        self.build(|unbuilt| restorer.restore_parts(id, shape, unbuilt))
    }

    /// The shells of all fields, where each has one.
    pub(crate) fn shell(self, restorer: &Restorer<'_, 'de>) -> Option<T> {
        if !self.has_cells {
            return None;
        }
        self.build(|unbuilt| unbuilt.shells(restorer).ok_or(())).ok()
    }

    /// The value whose parts `fill` fills.
    #[inline(always)]
    fn build<E>(
        self,
        fill: impl for<'b> FnOnce(Unbuilt<'b, 'de>) -> std::result::Result<Built<'b>, E>,
    ) -> std::result::Result<T, E> {
        let mut whole = MaybeUninit::<T>::uninit();
        let unbuilt = Unbuilt {
            whole: whole.as_mut_ptr().cast(),
            parts: self.list,
            filled: 0,
            _brand: PhantomData,
        };
        match fill(unbuilt) {
            // SAFETY: the proof, which can be for no other value, says that all parts are filled.
            Ok(Built(_)) => Ok(unsafe { whole.assume_init() }),
            Err(error) => Err(error),
        }
    }

    /// Visits the cells of the fields.
    pub(crate) fn visit_cells(
        self,
        whole: &T,
        visitor: &mut CellVisitor<'_, '_, 'de>,
    ) -> Result<()> {
        if !self.has_cells {
            return Ok(());
        }
        // SAFETY: the parts are those of `T` (`new`).
        unsafe { visit_all(self.list, std::ptr::from_ref(whole).cast(), visitor) }
    }
}

/// The table that the derive made for a struct.
#[doc(hidden)]
pub const fn parts<'de, T: Unpickle<'de>>() -> Parts<'de, T> {
    const { T::PARTS.expect("the derive makes a table for each struct") }
}

/// # Safety
/// At `whole` lies a value of the type whose parts they are.
unsafe fn visit_all<'de>(
    parts: &[Part<'de>],
    whole: *const u8,
    visitor: &mut CellVisitor<'_, '_, 'de>,
) -> Result<()> {
    // SAFETY: handed on to the caller.
    parts.iter().try_for_each(|part| unsafe { (part.kind.visit)(whole.add(part.offset), visitor) })
}

/// A struct whose fields are filled one after the other. Dropping it drops those that are.
#[doc(hidden)]
pub struct Partial<'h, 'de, W> {
    whole: *mut W,
    parts: &'de [Part<'de>],
    filled: usize,
    heads: Fields<'h>,
}

impl<'h, 'de, W> Partial<'h, 'de, W> {
    /// A struct without fields yet, which are decoded from these heads.
    ///
    /// # Safety
    /// `whole` is valid for writing one `W`, aligned, and nobody else uses it before this is
    /// dropped or [`complete`](Self::complete).
    #[inline(always)]
    pub unsafe fn new(whole: *mut W, parts: Parts<'de, W>, heads: Fields<'h>) -> Self {
        Self { whole, parts: parts.list, filled: 0, heads }
    }

    /// The place of the next field, and the heads that it is decoded from.
    ///
    /// # Safety
    /// `place` is that of the next part in the struct.
    #[inline(always)]
    pub unsafe fn next<'b, T>(&mut self, place: *mut T) -> (&mut Fields<'h>, Slot<'b, T>) {
        // SAFETY: the place is valid and aligned (`new`), and `keep` asks whether it was filled.
        (&mut self.heads, unsafe { Slot::new(place) })
    }

    /// Notes that the next field is there, or returns why not.
    ///
    /// # Safety
    /// `place` is that of the next part in the struct.
    #[inline(always)]
    pub unsafe fn keep<T>(
        &mut self,
        decoded: Result<Filled<'_, T>>,
        place: *mut T,
    ) -> Option<Error> {
        let filled = match decoded {
            Ok(filled) => filled,
            Err(error) => return Some(error),
        };
        let is_there = filled.is_at(place);
        filled.keep();
        if !is_there {
            misplaced();
        }
        debug_assert_eq!(
            place.addr() - self.whole.addr(),
            self.parts[self.filled].offset,
            "the table has its parts in the order of the fields"
        );
        self.filled += 1;
        None
    }

    /// The number among the pickled fields of the one that could not be filled.
    // By value: what has an address is kept in memory.
    #[inline(always)]
    pub fn failed(&self) -> usize {
        count_pickled(self.parts, self.filled)
    }

    /// Leaves the fields to the struct they make up.
    ///
    /// # Safety
    /// All are filled.
    #[inline(always)]
    pub unsafe fn complete(&mut self) {
        self.filled = 0;
    }
}

#[cold]
#[inline(never)]
fn count_pickled(parts: &[Part<'_>], filled: usize) -> usize {
    parts[..filled].iter().filter(|part| part.kind.is_pickled).count()
}

#[cold]
#[inline(never)]
fn misplaced() -> ! {
    panic!("another place was filled")
}

impl<W> Drop for Partial<'_, '_, W> {
    #[inline(always)]
    fn drop(&mut self) {
        if needs_drop::<W>() && self.filled > 0 {
            // SAFETY: the first `filled` parts hold values, which nobody else owns.
            unsafe { drop_parts(self.whole.cast(), self.parts, self.filled) }
        }
    }
}

/// A [`Partial`] of whatever type: so what fills it is compiled once. [`Built`] is the proof.
pub(crate) struct Unbuilt<'b, 'de> {
    /// Valid for writing one value with these parts, and used by nobody else.
    whole: *mut u8,
    parts: &'de [Part<'de>],
    filled: usize,
    _brand: Invariant<'b, ()>,
}

/// The proof that all parts of an [`Unbuilt`] were filled.
#[must_use]
pub(crate) struct Built<'b>(Invariant<'b, ()>);

impl<'b, 'de> Unbuilt<'b, 'de> {
    /// How many parts there are.
    pub(crate) fn len(&self) -> usize {
        self.parts.len()
    }

    /// Restores all parts.
    pub(crate) fn restore(mut self, fields: &mut RestoredFields<'_, '_, 'de>) -> Result<Built<'b>> {
        while let Some(part) = self.parts.get(self.filled) {
            // SAFETY: each part has its place in the whole (`Parts::new`), not filled yet.
            unsafe { (part.kind.restore)(self.whole.add(part.offset), fields)? }
            self.filled += 1;
        }
        Ok(self.complete())
    }

    /// Fills all parts with shells, where each has one.
    fn shells(mut self, restorer: &Restorer<'_, 'de>) -> Option<Built<'b>> {
        while let Some(part) = self.parts.get(self.filled) {
            // SAFETY: each part has its place in the whole (`Parts::new`), not filled yet.
            if unsafe { !(part.kind.shell)(self.whole.add(part.offset), restorer) } {
                return None;
            }
            self.filled += 1;
        }
        Some(self.complete())
    }

    /// Leaves the fields, all of which are filled, to the whole.
    fn complete(self) -> Built<'b> {
        std::mem::forget(self);
        Built(PhantomData)
    }
}

impl Drop for Unbuilt<'_, '_> {
    fn drop(&mut self) {
        // SAFETY: the first `filled` parts hold values, which nobody else owns.
        unsafe { drop_parts(self.whole, self.parts, self.filled) }
    }
}

/// # Safety
/// The first parts, `filled` of them, hold values in `whole`, which are not used after.
#[cold]
#[inline(never)]
unsafe fn drop_parts(whole: *mut u8, parts: &[Part<'_>], filled: usize) {
    for part in &parts[..filled] {
        if let Some(drop) = part.kind.drop {
            // SAFETY: handed on to the caller.
            unsafe { drop(whole.add(part.offset)) }
        }
    }
}
