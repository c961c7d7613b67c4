//! Shared objects by address and type, each with its number.

use std::any::TypeId;
use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::Kept;
use crate::native::Word;

/// The objects of one dump, or of several.
#[derive(Default)]
pub(crate) struct Objects {
    table: Table,
    types: Types,
    /// Temporaries of a `getstate` may go, and others take their addresses. Empty where no such code
    /// runs.
    kept: Vec<Kept>,
    /// The number of the first.
    first: u32,
}

impl Objects {
    /// Numbers begin here, those before are others'.
    pub(super) fn set_first(&mut self, first: u32) {
        self.first = first;
        self.table.set_most(Word::MOST - first);
    }

    /// The number that the next object gets.
    pub(crate) fn end(&self) -> u32 {
        self.first + self.table.len()
    }

    pub(super) fn find(&self, address: usize, ty: TypeId) -> Option<u32> {
        let ty = self.types.find(ty)?;
        self.table.find(address, ty).map(|index| self.first + index)
    }

    /// What is to be said of an object: its number where it is known; else it gets the next, while
    /// there are some, and what `keep` gives keeps it.
    #[inline(always)]
    pub(super) fn word(
        &mut self,
        address: usize,
        ty: TypeId,
        keep: impl FnOnce() -> Option<Kept>,
    ) -> Word {
        let ty = self.types.number(ty);
        match self.table.find_or_add(address, ty) {
            Found::Known(index) => return Word::Known(self.first + index),
            Found::Added => {}
            Found::Full if self.table.grow_and_add(address, ty) => {}
            // More objects than there are numbers: the others are not shared.
            Found::Full => return Word::Unnumbered,
        }
        if let Some(kept) = keep() {
            self.kept.push(kept);
        }
        Word::New
    }

    /// Takes in what a later pickle has numbered.
    pub(super) fn append(&mut self, mut later: Self) {
        if self.table.len() == 0 {
            // Most often there is one large pickle.
            later.set_first(self.first);
            *self = later;
            return;
        }
        self.kept.append(&mut later.kept);
        let types = later.types.list.iter().map(|ty| self.types.number(*ty)).collect::<Vec<_>>();
        self.table.append(&later.table, |ty| types[ty as usize]);
    }

    /// Forgets all objects; the memory stays where it is not much.
    pub(super) fn clear(&mut self) {
        self.table.clear();
        self.kept.clear();
        self.kept.shrink_to(SPARE);
        self.types.clear();
        self.set_first(0);
    }
}

/// So many entries of tables and lists stay in memory from one dump to the next.
pub(super) const SPARE: usize = 1 << 14;

/// Types by small numbers.
struct Types {
    list: Vec<TypeId>,
    /// Their numbers, where they are more than a few.
    numbers: HashMap<TypeId, u32, FixedState>,
    /// The one met last, and its number.
    last: (TypeId, u32),
}

/// Up to here, looking at each is quicker.
const FEW: usize = 16;

/// No object is of this type.
enum NoType {}

impl Default for Types {
    fn default() -> Self {
        let last = (TypeId::of::<NoType>(), 0);
        Self { list: Vec::new(), numbers: HashMap::default(), last }
    }
}

impl Types {
    fn find(&self, ty: TypeId) -> Option<u32> {
        match self.list.len() {
            ..=FEW => self.list.iter().position(|known| *known == ty).map(|at| at as u32),
            _ => self.numbers.get(&ty).copied(),
        }
    }

    #[inline(always)]
    fn number(&mut self, ty: TypeId) -> u32 {
        if self.last.0 != ty {
            self.find_or_add(ty);
        }
        self.last.1
    }

    #[inline(never)]
    fn find_or_add(&mut self, ty: TypeId) {
        self.last = (ty, self.find(ty).unwrap_or_else(|| self.add(ty)));
    }

    fn add(&mut self, ty: TypeId) -> u32 {
        self.list.push(ty);
        if self.list.len() > FEW {
            let first = if self.numbers.is_empty() { 0 } else { self.list.len() - 1 };
            self.numbers
                .extend((first as u32..).zip(&self.list[first..]).map(|(at, ty)| (*ty, at)));
        }
        self.list.len() as u32 - 1
    }

    fn clear(&mut self) {
        self.list.clear();
        self.numbers = HashMap::default();
        self.last.0 = TypeId::of::<NoType>();
    }
}

/// An object, and when it was added: a slot with a time before the table's is free.
#[derive(Clone, Copy, Default)]
struct Slot {
    address: usize,
    ty: u32,
    time: u32,
}

/// Open addressing, at most half full. Objects that were allocated one after the other lie side by
/// side, as they are mostly met: hashing them apart would cost a cache miss each. Where addresses
/// crowd in few places, they are hashed nevertheless.
struct Table {
    /// None, or as many as a power of two.
    slots: Vec<Slot>,
    /// When the table was empty; what is older counts no more. Above 0, the time of fresh slots.
    start: u32,
    /// When the next object is added.
    now: u32,
    /// When the table is full.
    full: u32,
    /// So many objects have numbers.
    most: u32,
    is_hashed: bool,
}

enum Found {
    /// As the object of this index.
    Known(u32),
    Added,
    /// Not, and there is no room for it.
    Full,
}

/// Allocations are not closer than so many bytes, a power of two: counts and a word, as `malloc`
/// aligns them.
const APART: u32 = 5;
/// Steps from where an object belongs to where it is, from which on addresses are hashed.
const FAR: usize = 32;

impl Default for Table {
    fn default() -> Self {
        let slots = Vec::new();
        Self { slots, start: 1, now: 1, full: 1, most: Word::MOST, is_hashed: false }
    }
}

impl Table {
    fn len(&self) -> u32 {
        self.now - self.start
    }

    fn set_most(&mut self, most: u32) {
        self.most = most;
        self.set_full();
    }

    fn set_full(&mut self) {
        let room = u32::try_from(self.slots.len() / 2).unwrap_or(u32::MAX).min(self.most);
        self.full = self.start.saturating_add(room);
    }

    #[inline(always)]
    fn place(&self, address: usize) -> usize {
        let key = address >> APART;
        match self.is_hashed {
            false => key,
            true => ((key as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize,
        }
    }

    fn find(&self, address: usize, ty: u32) -> Option<u32> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = self.place(address);
        loop {
            let slot = self.slots[at & mask];
            if slot.time < self.start {
                return None;
            }
            if slot.address == address && slot.ty == ty {
                return Some(slot.time - self.start);
            }
            at += 1;
        }
    }

    /// Finds an object, or adds it.
    #[inline(always)]
    fn find_or_add(&mut self, address: usize, ty: u32) -> Found {
        let Some(mask) = self.slots.len().checked_sub(1) else { return Found::Full };
        let first = self.place(address);
        let mut at = first;
        loop {
            let slot = &mut self.slots[at & mask];
            if slot.time < self.start {
                if self.now == self.full {
                    return Found::Full;
                }
                *slot = Slot { address, ty, time: self.now };
                self.now += 1;
                if at - first > FAR {
                    self.hash();
                }
                return Found::Added;
            }
            if slot.address == address && slot.ty == ty {
                return Found::Known(slot.time - self.start);
            }
            at += 1;
        }
    }

    /// Adds an object that is not there; false where there is no number for it.
    #[cold]
    fn grow_and_add(&mut self, address: usize, ty: u32) -> bool {
        if self.len() >= self.most {
            return false;
        }
        self.rebuild((2 * self.slots.len()).max(64));
        self.put(Slot { address, ty, time: self.now });
        self.now += 1;
        true
    }

    /// Adds what a later table has, which has nothing of this one.
    fn append(&mut self, later: &Self, ty: impl Fn(u32) -> u32) {
        let len = self.len().saturating_add(later.len());
        self.rebuild((4 * len as usize).next_power_of_two().max(self.slots.len()));
        let objects = later.slots.iter().filter(|slot| slot.time >= later.start);
        for slot in objects {
            let time = self.now + (slot.time - later.start);
            self.put(Slot { address: slot.address, ty: ty(slot.ty), time });
        }
        self.now += later.len();
    }

    /// Puts an object where there is room.
    fn put(&mut self, object: Slot) {
        let mask = self.slots.len() - 1;
        let mut at = self.place(object.address);
        while self.slots[at & mask].time >= self.start {
            at += 1;
        }
        self.slots[at & mask] = object;
    }

    #[cold]
    fn hash(&mut self) {
        if !self.is_hashed {
            self.is_hashed = true;
            self.rebuild(self.slots.len());
        }
    }

    /// Makes a table of so many slots, and puts the objects there. Time begins anew.
    fn rebuild(&mut self, size: usize) {
        let old = std::mem::replace(&mut self.slots, vec![Slot::default(); size]);
        let start = std::mem::replace(&mut self.start, 1);
        self.now = self.now - start + 1;
        for slot in old.into_iter().filter(|slot| slot.time >= start) {
            self.put(Slot { time: slot.time - start + 1, ..slot });
        }
        self.set_full();
    }

    /// Forgets all objects.
    fn clear(&mut self) {
        // Then there is time left for any number of objects.
        const LATE: u32 = u32::MAX / 2;
        if self.slots.len() > 2 * SPARE || self.now > LATE {
            *self = Self::default();
        }
        self.start = self.now;
        self.is_hashed = false;
        self.set_full();
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    fn number(objects: &mut Objects, address: usize, ty: TypeId) -> Option<u32> {
        match objects.word(address, ty, || Some(Kept::new(Rc::downgrade(&Rc::new(()))))) {
            Word::New => None,
            Word::Known(number) => Some(number),
            word => panic!("{word:?}"),
        }
    }

    #[test]
    fn addresses_are_numbered_in_turn_wherever_they_lie() {
        let (ty, other) = (TypeId::of::<u8>(), TypeId::of::<u16>());
        // Close together, a page apart, and so far apart that they fall on each other.
        for stride in [32, 48, 4096, 1 << 20, 1 << 40] {
            let mut objects = Objects::default();
            for index in 0..3000_u32 {
                let address = (index as usize + 1).wrapping_mul(stride) | 8;
                assert_eq!(number(&mut objects, address, ty), None);
                assert_eq!(number(&mut objects, address, ty), Some(index));
                assert_eq!(objects.find(address, other), None);
            }
            assert_eq!(objects.find((5 * stride) | 8, ty), Some(4));
            assert_eq!(objects.end(), 3000);
        }
    }

    #[test]
    fn one_address_may_be_two_objects_of_two_types() {
        let mut objects = Objects::default();
        assert_eq!(number(&mut objects, 64, TypeId::of::<u8>()), None);
        assert_eq!(number(&mut objects, 64, TypeId::of::<u16>()), None);
        assert_eq!(number(&mut objects, 64, TypeId::of::<u8>()), Some(0));
        assert_eq!(number(&mut objects, 64, TypeId::of::<u16>()), Some(1));
    }

    #[test]
    fn many_types_are_told_apart() {
        fn types<T: 'static>(out: &mut Vec<TypeId>) {
            out.extend([TypeId::of::<T>(), TypeId::of::<(T, u8)>(), TypeId::of::<[T; 2]>()]);
        }

        let mut all = Vec::new();
        types::<u8>(&mut all);
        types::<u16>(&mut all);
        types::<u32>(&mut all);
        types::<u64>(&mut all);
        types::<i8>(&mut all);
        types::<i16>(&mut all);
        types::<i32>(&mut all);
        let mut objects = Objects::default();
        for ty in &all {
            assert_eq!(number(&mut objects, 64, *ty), None);
        }
        let numbers: Vec<_> = all.iter().map(|ty| objects.find(64, *ty).unwrap()).collect();
        assert_eq!(numbers, (0..21).collect::<Vec<_>>());
    }

    #[test]
    fn later_objects_are_taken_in_with_their_numbers() {
        let (one, two) = (TypeId::of::<u8>(), TypeId::of::<u16>());
        let mut objects = Objects::default();
        number(&mut objects, 64, one);
        let mut later = Objects::default();
        later.set_first(objects.end());
        number(&mut later, 128, two);
        number(&mut later, 192, one);
        objects.append(later);
        assert_eq!(
            [(128, two), (192, one)].map(|(at, ty)| objects.find(at, ty)),
            [Some(1), Some(2)]
        );
        assert_eq!((objects.find(64, one), objects.end()), (Some(0), 3));
    }

    #[test]
    fn what_was_cleared_is_empty() {
        let mut objects = Objects::default();
        for index in 1..500 {
            number(&mut objects, index * 64, TypeId::of::<u8>());
        }
        objects.clear();
        assert_eq!((objects.find(64, TypeId::of::<u8>()), objects.end()), (None, 0));
        assert_eq!(number(&mut objects, 64, TypeId::of::<u8>()), None);
    }
}
