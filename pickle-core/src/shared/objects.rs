//! Shared objects by address and type, each with its number.

use std::any::TypeId;
use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::Kept;
use crate::native::{WORD, Word};

/// The objects of one dump, or of several.
///
/// Time passes by one with each object. So a new dump begins with tables full of objects from before
/// its start, which count no more, and nothing needs to be cleared.
pub(crate) struct Objects {
    /// The kind of the object met last, and its table.
    kind: Kind,
    table: Table,
    /// The other tables, in the order of the kinds. Empty at the place of the one in use.
    tables: Vec<Table>,
    kinds: Vec<Kind>,
    /// The places of the kinds, where they are more than a few.
    places: HashMap<Kind, usize, FixedState>,
    place: usize,
    clock: Clock,
    /// When the room of the table in use was counted.
    counted: u32,
    /// When it is full, or there are no more numbers.
    full: u32,
    /// When there are no more numbers.
    end: u32,
    /// Temporaries of a `getstate` may go, and others take their addresses. Empty where no such code
    /// runs.
    kept: Vec<Kept>,
    /// The number of the first.
    first: u32,
}

/// The type of objects, and the upper half of their addresses.
type Kind = (TypeId, u32);

#[derive(Clone, Copy)]
struct Clock {
    /// Above 0, the time of fresh slots.
    start: u32,
    now: u32,
}

/// So many entries of tables and lists stay in memory from one dump to the next.
pub(super) const SPARE: usize = 1 << 14;

/// Up to here, looking at each kind is quicker.
const FEW: usize = 16;

/// Up to here, there is time left for nearly as many objects as there are numbers.
const EARLY: u32 = 1 << 24;

impl Default for Objects {
    fn default() -> Self {
        /// No object is of this type.
        enum NoType {}
        Self {
            kind: (TypeId::of::<NoType>(), 0),
            table: Table::default(),
            tables: Vec::new(),
            kinds: Vec::new(),
            places: HashMap::default(),
            place: 0,
            clock: Clock { start: 1, now: 1 },
            counted: 1,
            full: 1,
            end: 1 + Word::MOST,
            kept: Vec::new(),
            first: 0,
        }
    }
}

impl Objects {
    /// Numbers begin here, those before are others'.
    pub(super) fn set_first(&mut self, first: u32) {
        self.first = first;
        self.end = self.clock.start.saturating_add(Word::MOST - first);
        self.count();
    }

    /// How many there are.
    fn len(&self) -> u32 {
        self.clock.now - self.clock.start
    }

    /// The number that the next object gets.
    pub(crate) fn end(&self) -> u32 {
        self.first + self.len()
    }

    pub(super) fn find(&self, address: usize, ty: TypeId) -> Option<u32> {
        let (part, rest) = halves(address);
        let place = self.place_of((ty, part))?;
        let table = if place == self.place { &self.table } else { &self.tables[place] };
        table.find(rest, self.clock).map(|index| self.first + index)
    }

    /// What is to be said of an object: its number where it is known; else it gets the next, while
    /// there are some, and what `keep` gives keeps it.
    #[inline(always)]
    pub(super) fn word(
        &mut self,
        address: usize,
        ty: TypeId,
        keep: impl FnOnce() -> Option<Kept>,
    ) -> [u8; WORD] {
        let (part, rest) = halves(address);
        if self.kind != (ty, part) {
            self.switch((ty, part));
        }
        match self.table.find_or_add(rest, self.clock, self.full) {
            Found::Known(index) => return Word::Known(self.first + index).bytes(),
            Found::Added => self.clock.now += 1,
            Found::Full if self.grow_and_add(rest) => {}
            // More objects than there are numbers: the others are not shared.
            Found::Full => return Word::Unnumbered.bytes(),
        }
        if let Some(kept) = keep() {
            self.kept.push(kept);
        }
        Word::New.bytes()
    }

    /// Counts the room of the table in use.
    fn count(&mut self) {
        self.table.room -= (self.clock.now - self.counted) as usize;
        self.counted = self.clock.now;
        let room = u32::try_from(self.table.room).unwrap_or(u32::MAX);
        self.full = self.clock.now + room.min(self.end - self.clock.now);
    }

    /// Goes to the table of another kind.
    #[inline(never)]
    fn switch(&mut self, kind: Kind) {
        self.count();
        let next = self.place_of(kind).unwrap_or_else(|| self.add_kind(kind));
        let table = std::mem::take(&mut self.table);
        if let Some(place) = self.tables.get_mut(self.place) {
            *place = table;
        }
        self.table = std::mem::take(&mut self.tables[next]);
        (self.kind, self.place) = (kind, next);
        self.count();
    }

    /// Adds an object for which there is no room; false where there is no number for it.
    #[cold]
    #[inline(never)]
    fn grow_and_add(&mut self, rest: u32) -> bool {
        let has_number = self.clock.now < self.end;
        if has_number {
            self.count();
            self.table.grow(self.clock);
            self.table.put(Slot { rest, time: self.clock.now }, self.clock);
            self.clock.now += 1;
            self.count();
        }
        has_number
    }

    fn place_of(&self, kind: Kind) -> Option<usize> {
        match self.kinds.len() {
            ..=FEW => self.kinds.iter().position(|known| *known == kind),
            _ => self.places.get(&kind).copied(),
        }
    }

    fn add_kind(&mut self, kind: Kind) -> usize {
        let place = self.kinds.len();
        self.kinds.push(kind);
        self.tables.push(Table::default());
        if self.kinds.len() > FEW {
            let first = if self.places.is_empty() { 0 } else { place };
            self.places.extend(self.kinds[first..].iter().copied().zip(first..));
        }
        place
    }

    /// Takes in what a later pickle has numbered.
    pub(super) fn append(&mut self, mut later: Self) {
        if self.len() == 0 {
            // Most often there is one large pickle.
            later.set_first(self.first);
            *self = later;
            return;
        }
        self.kept.append(&mut later.kept);
        let mut objects = Vec::with_capacity(later.len() as usize);
        let in_use = std::mem::take(&mut later.table);
        if let Some(place) = later.tables.get_mut(later.place) {
            *place = in_use;
        }
        for ((ty, part), table) in later.kinds.iter().zip(&later.tables) {
            let slots = table.slots.iter().filter(|slot| slot.time >= later.clock.start);
            objects.extend(slots.map(|slot| (slot.time, *ty, whole(*part, slot.rest))));
        }
        objects.sort_unstable_by_key(|(time, ..)| *time);
        for (_, ty, address) in objects {
            self.word(address, ty, || None);
        }
    }

    /// Forgets all objects; the memory stays where it is not much.
    pub(super) fn clear(&mut self) {
        self.count();
        self.kept.clear();
        self.kept.shrink_to(SPARE);
        let tables = || std::iter::once(&self.table).chain(&self.tables);
        let slots = tables().map(|table| table.slots.len()).sum::<usize>();
        if self.kinds.len() > FEW || slots > 4 * SPARE || self.clock.now > EARLY {
            *self = Self { kept: std::mem::take(&mut self.kept), ..Self::default() };
        }
        self.clock.start = self.clock.now;
        self.table.clear();
        self.tables.iter_mut().for_each(Table::clear);
        self.set_first(0);
    }
}

/// Both halves of an address.
#[inline(always)]
fn halves(address: usize) -> (u32, u32) {
    let address = address as u64;
    ((address >> 32) as u32, address as u32)
}

fn whole(part: u32, rest: u32) -> usize {
    (u64::from(part) << 32 | u64::from(rest)) as usize
}

/// An object: the lower half of its address, and when it was added. Free when that is past.
#[derive(Clone, Copy, Default)]
struct Slot {
    rest: u32,
    time: u32,
}

/// Open addressing, at most half full. Objects that were allocated one after the other lie side by
/// side, as they are mostly met: hashing them apart would cost a cache miss each. Where addresses
/// crowd in few places, they are hashed nevertheless.
#[derive(Default)]
struct Table {
    /// None, or as many as a power of two.
    slots: Vec<Slot>,
    /// So many further objects may be added, when it was counted last.
    room: usize,
    spread: Spread,
}

/// From an address to a place: times `factor`, then to the right by `shift`.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Spread {
    factor: u64,
    shift: u32,
}

impl Spread {
    const IN_ORDER: Self = Self { factor: 1, shift: 0 };
    const HASHED: Self = Self { factor: 0x9e37_79b9_7f4a_7c15, shift: 32 };
}

impl Default for Spread {
    fn default() -> Self {
        Self::IN_ORDER
    }
}

enum Found {
    /// As the object of this index.
    Known(u32),
    Added,
    /// Not, and there is no room for it, or no number.
    Full,
}

/// Allocations are not closer than so many bytes, a power of two: counts and a word, as `malloc`
/// aligns them.
const APART: u32 = 5;
/// Steps from where an object belongs to where it is, from which on addresses are hashed.
const FAR: usize = 32;
/// Tables from so many slots on grow slower.
const LARGE: usize = 1 << 20;

impl Table {
    #[inline(always)]
    fn place(&self, rest: u32) -> usize {
        let Spread { factor, shift } = self.spread;
        (u64::from(rest >> APART).wrapping_mul(factor) >> (shift % u64::BITS)) as usize
    }

    fn find(&self, rest: u32, clock: Clock) -> Option<u32> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = self.place(rest);
        loop {
            let slot = self.slots[at & mask];
            if slot.time < clock.start {
                return None;
            }
            if slot.rest == rest {
                return Some(slot.time - clock.start);
            }
            at += 1;
        }
    }

    /// Finds an object, or adds it, unless it is time that the table is full.
    #[inline(always)]
    fn find_or_add(&mut self, rest: u32, clock: Clock, full: u32) -> Found {
        let Some(mask) = self.slots.len().checked_sub(1) else { return Found::Full };
        let first = self.place(rest);
        let mut at = first;
        loop {
            let slot = &mut self.slots[at & mask];
            if slot.time < clock.start {
                if clock.now == full {
                    return Found::Full;
                }
                *slot = Slot { rest, time: clock.now };
                if at - first > FAR {
                    self.hash(clock);
                }
                return Found::Added;
            }
            if slot.rest == rest {
                return Found::Known(slot.time - clock.start);
            }
            at += 1;
        }
    }

    /// Puts an object where there is room.
    fn put(&mut self, object: Slot, clock: Clock) {
        let mask = self.slots.len() - 1;
        let mut at = self.place(object.rest);
        while self.slots[at & mask].time >= clock.start {
            at += 1;
        }
        self.slots[at & mask] = object;
    }

    fn grow(&mut self, clock: Clock) {
        let len = self.slots.len();
        self.rebuild(if len < LARGE { (4 * len).max(64) } else { 2 * len }, clock);
    }

    #[cold]
    fn hash(&mut self, clock: Clock) {
        if self.spread != Spread::HASHED {
            self.spread = Spread::HASHED;
            self.rebuild(self.slots.len(), clock);
        }
    }

    fn rebuild(&mut self, size: usize, clock: Clock) {
        let old = std::mem::replace(&mut self.slots, vec![Slot::default(); size]);
        self.room += (size - old.len()) / 2;
        for slot in old.into_iter().filter(|slot| slot.time >= clock.start) {
            self.put(slot, clock);
        }
    }

    /// All objects are past.
    fn clear(&mut self) {
        self.room = self.slots.len() / 2;
        self.spread = Spread::IN_ORDER;
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    fn number(objects: &mut Objects, address: usize, ty: TypeId) -> Option<u32> {
        let word = objects.word(address, ty, || Some(Kept::new(Rc::downgrade(&Rc::new(())))));
        match Word::read(word) {
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
    fn addresses_that_differ_in_their_upper_half_are_two() {
        let ty = TypeId::of::<u8>();
        let mut objects = Objects::default();
        for part in 0..40_usize {
            assert_eq!(number(&mut objects, (part << 32) | 64, ty), None);
        }
        assert_eq!(number(&mut objects, (7 << 32) | 64, ty), Some(7));
        assert_eq!(objects.find((39 << 32) | 64, ty), Some(39));
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
        assert_eq!(number(&mut objects, 128, TypeId::of::<u16>()), None);
        assert_eq!(number(&mut objects, 64, TypeId::of::<u8>()), Some(0));
    }
}
