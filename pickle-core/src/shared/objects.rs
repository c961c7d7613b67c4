//! Shared objects by address and type, each with its number.

use std::any::TypeId;
use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::Kept;

/// The objects of one dump, or of several.
#[derive(Default)]
pub(crate) struct Objects {
    table: Table,
    types: Types,
    /// Temporaries of a `getstate` may go, and others take their addresses.
    kept: Vec<Kept>,
    /// The number of the first.
    first: u32,
}

impl Objects {
    /// Numbers begin here, those before are others'.
    pub(super) fn set_first(&mut self, first: u32) {
        self.first = first;
    }

    /// The number that the next object gets.
    pub(crate) fn end(&self) -> u32 {
        self.first + self.kept.len() as u32
    }

    pub(super) fn find(&self, address: usize, ty: TypeId) -> Option<u32> {
        let ty = self.types.find(ty)?;
        self.table.find(address, ty)
    }

    /// The number of an object that is known; else it gets the next, and `keep` keeps it.
    #[inline]
    pub(super) fn find_or_add(
        &mut self,
        address: usize,
        ty: TypeId,
        keep: impl FnOnce() -> Kept,
    ) -> Option<u32> {
        let object = Slot { address, ty: self.types.number(ty), number: self.end() };
        let known = self.table.find_or_add(object);
        if known.is_none() {
            self.kept.push(keep());
        }
        known
    }

    /// Takes in what a later pickle has numbered.
    pub(super) fn append(&mut self, mut later: Self) {
        if self.kept.is_empty() {
            // Most often there is one large pickle.
            later.first = self.first;
            *self = later;
            return;
        }
        self.kept.append(&mut later.kept);
        for object in later.table.slots.iter().filter(|slot| slot.address != FREE) {
            let ty = self.types.number(later.types.list[object.ty as usize]);
            self.table.find_or_add(Slot { ty, ..*object });
        }
    }

    /// Forgets all objects; the memory stays where it is not much.
    pub(super) fn clear(&mut self) {
        self.table.clear();
        self.kept.clear();
        self.kept.shrink_to(SPARE);
        self.types.clear();
        self.first = 0;
    }
}

/// So many entries of tables and lists stay in memory from one dump to the next.
pub(super) const SPARE: usize = 1 << 14;

/// Types by small numbers.
#[derive(Default)]
struct Types {
    list: Vec<TypeId>,
    /// Their numbers, where they are more than a few.
    numbers: HashMap<TypeId, u32, FixedState>,
    /// The one met last.
    last: u32,
}

/// Up to here, looking at each is quicker.
const FEW: usize = 16;

impl Types {
    fn find(&self, ty: TypeId) -> Option<u32> {
        match self.list.len() {
            ..=FEW => self.list.iter().position(|known| *known == ty).map(|at| at as u32),
            _ => self.numbers.get(&ty).copied(),
        }
    }

    #[inline]
    fn number(&mut self, ty: TypeId) -> u32 {
        if self.list.get(self.last as usize) != Some(&ty) {
            self.last = self.find(ty).unwrap_or_else(|| self.add(ty));
        }
        self.last
    }

    #[cold]
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
        self.last = 0;
    }
}

/// An address that no object has.
const FREE: usize = 0;

#[derive(Clone, Copy, Default)]
struct Slot {
    address: usize,
    ty: u32,
    number: u32,
}

/// Open addressing, at most half full. Objects that were allocated one after the other lie side by
/// side, as they are mostly met: hashing them apart would cost a cache miss each. Where addresses
/// crowd in few places, they are hashed nevertheless.
#[derive(Default)]
struct Table {
    /// None, or as many as a power of two.
    slots: Vec<Slot>,
    len: usize,
    is_hashed: bool,
}

/// Allocations are not closer than so many bytes, a power of two: counts and a word, as `malloc`
/// aligns them.
const APART: u32 = 5;
/// Steps from where an object belongs to where it is, from which on addresses are hashed.
const FAR: usize = 32;

impl Table {
    #[inline]
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
            if slot.address == address && slot.ty == ty {
                return Some(slot.number);
            }
            if slot.address == FREE {
                return None;
            }
            at += 1;
        }
    }

    /// The number of an object that is there; else it is added.
    #[inline]
    fn find_or_add(&mut self, object: Slot) -> Option<u32> {
        if 2 * self.len >= self.slots.len() {
            self.grow();
        }
        let mask = self.slots.len() - 1;
        let start = self.place(object.address);
        let mut at = start;
        loop {
            let slot = &mut self.slots[at & mask];
            if slot.address == object.address && slot.ty == object.ty {
                return Some(slot.number);
            }
            if slot.address == FREE {
                *slot = object;
                self.len += 1;
                break;
            }
            at += 1;
        }
        if at - start > FAR && !self.is_hashed {
            self.hash();
        }
        None
    }

    #[cold]
    fn grow(&mut self) {
        self.rebuild((2 * self.slots.len()).max(64));
    }

    #[cold]
    fn hash(&mut self) {
        self.is_hashed = true;
        self.rebuild(self.slots.len());
    }

    fn rebuild(&mut self, size: usize) {
        let old = std::mem::replace(&mut self.slots, vec![Slot::default(); size]);
        let mask = size - 1;
        for slot in old.into_iter().filter(|slot| slot.address != FREE) {
            let mut at = self.place(slot.address);
            while self.slots[at & mask].address != FREE {
                at += 1;
            }
            self.slots[at & mask] = slot;
        }
    }

    fn clear(&mut self) {
        // What is nearly empty would take longer to clear than to make.
        if self.slots.len() > 2 * SPARE || 16 * self.len < self.slots.len() {
            self.slots = Vec::new();
        } else {
            self.slots.fill(Slot::default());
        }
        (self.len, self.is_hashed) = (0, false);
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    fn number(objects: &mut Objects, address: usize, ty: TypeId) -> Option<u32> {
        objects.find_or_add(address, ty, || Kept::new(Rc::downgrade(&Rc::new(()))))
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
