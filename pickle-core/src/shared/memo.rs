//! The objects of one load, by number; and of those before it by the same `Unpickler`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::hollow::Shells;
use super::{Family, Held, Shareable};
use crate::env::Env;
use crate::native::Reader;
use crate::restore::Restorer;

/// The number of a shared object, in the order in which objects are met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotId(u32);

impl SlotId {
    /// Whether a memo had it at that time.
    pub(crate) fn is_before(self, mark: Mark) -> bool {
        (self.0 as usize) < mark.slots
    }
}

/// The objects of one load. It keeps them until the load has ended, or until no later load may
/// refer to them.
#[derive(Default)]
pub struct Memo {
    /// Reserved while there is nothing yet to point at.
    slots: Vec<Option<Held>>,
    /// Where numbers leap ahead of the slots, because objects between were not loaded. In order.
    leaps: Vec<Leap>,
    pub(super) shells: Shells,
    env: Env,
    /// What is done when the load has succeeded.
    pub(super) later: Vec<Box<dyn FnOnce()>>,
}

/// From this number on, objects are in the slots from this one on.
#[derive(Clone, Copy)]
struct Leap {
    number: u32,
    slot: u32,
}

/// What a memo had before a load.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    slots: usize,
    leaps: usize,
    shells: usize,
    later: usize,
}

/// Why there is no object for a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// No object has the number.
    Unknown,
    /// The object holds what refers to it.
    Unfinished,
    /// The object is of another type, or behind a pointer of another kind.
    OfAnotherType,
    /// The object was in a pickle that was not loaded here.
    Earlier,
}

/// What loads values and has a memo.
pub trait Loading {
    /// The objects so far.
    fn memo(&mut self) -> &mut Memo;
}

impl Loading for Reader<'_> {
    #[inline]
    fn memo(&mut self) -> &mut Memo {
        self.memo_mut()
    }
}

impl Loading for Restorer<'_, '_> {
    #[inline]
    fn memo(&mut self) -> &mut Memo {
        self.memo_mut()
    }
}

impl Memo {
    pub(crate) fn new(env: &Env) -> Self {
        let mut memo = Self::default();
        memo.env = env.clone();
        memo
    }

    /// Begins a pickle whose first object has this number, none below those that there are.
    pub(crate) fn begin(&mut self, number: u32, env: &Env) -> Mark {
        let mark = self.mark();
        if number > self.end() {
            self.leaps.push(Leap { number, slot: self.slots.len() as u32 });
        }
        self.env = env.clone();
        mark
    }

    /// What there is now.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            slots: self.slots.len(),
            leaps: self.leaps.len(),
            shells: self.shells.len(),
            later: self.later.len(),
        }
    }

    /// The number behind those of all objects.
    pub(crate) fn end(&self) -> u32 {
        let Leap { number, slot } = self.leaps.last().copied().unwrap_or(Leap::NONE);
        number.saturating_add(self.slots.len() as u32 - slot)
    }

    /// The slot of the object of a number.
    pub(crate) fn slot(&self, number: u32) -> Result<SlotId, Missing> {
        if self.leaps.is_empty() {
            return Ok(SlotId(number));
        }
        let next = self.leaps.partition_point(|leap| leap.number <= number);
        let leap = next.checked_sub(1).map_or(Leap::NONE, |last| self.leaps[last]);
        let slot = leap.slot.saturating_add(number - leap.number);
        match self.leaps.get(next) {
            Some(next) if slot >= next.slot => Err(Missing::Earlier),
            _ => Ok(SlotId(slot)),
        }
    }

    /// The next number.
    pub(crate) fn reserve(&mut self) -> SlotId {
        self.slots.push(None);
        SlotId(self.slots.len() as u32 - 1)
    }

    /// Puts an object under its number.
    #[inline]
    pub fn hold(&mut self, slot: SlotId, held: Held) {
        self.slots[slot.0 as usize] = Some(held);
    }

    /// The object of a number, complete or not.
    pub fn held(&self, slot: SlotId) -> Option<&Held> {
        self.slots.get(slot.0 as usize)?.as_ref()
    }

    pub(crate) fn strong<'de, F: Family, T: Shareable<'de> + ?Sized>(
        &self,
        slot: SlotId,
    ) -> Result<F::Strong<T>, Missing> {
        let registry = self.env.registry();
        match self.slots.get(slot.0 as usize) {
            None => Err(Missing::Unknown),
            Some(None) => Err(Missing::Unfinished),
            Some(Some(held)) => match T::find::<F>(held, registry) {
                Some(strong) => Ok(strong),
                None if held.is_unfinished() && T::find_weak::<F>(held, registry).is_some() => {
                    Err(Missing::Unfinished)
                }
                None => Err(Missing::OfAnotherType),
            },
        }
    }

    pub(crate) fn weak<'de, F: Family, T: Shareable<'de> + ?Sized>(
        &self,
        slot: SlotId,
    ) -> Result<F::Weak<T>, Missing> {
        self.found(slot, |held| T::find_weak::<F>(held, self.env.registry()))
    }

    /// What `find` finds of the object of a number, complete or not.
    pub(crate) fn found<P>(
        &self,
        slot: SlotId,
        find: impl FnOnce(&Held) -> Option<P>,
    ) -> Result<P, Missing> {
        match self.slots.get(slot.0 as usize) {
            None => Err(Missing::Unknown),
            Some(None) => Err(Missing::Unfinished),
            Some(Some(held)) => find(held).ok_or(Missing::OfAnotherType),
        }
    }

    /// The load has succeeded: what waited for that is done now.
    pub(crate) fn succeed(&mut self) {
        for act in self.later.drain(..) {
            act();
        }
        self.shells.succeed();
    }

    /// The load has failed, or a part of it: the memo is again as it was before it. Nobody owns what
    /// was loaded: it goes, cycles included. Destructors may find cells locked whose contents are
    /// gone, and panic. The load has failed already, and said why.
    pub(crate) fn fail(&mut self, before: Mark) {
        self.leaps.truncate(before.leaps);
        let slots = self.slots.split_off(before.slots.min(self.slots.len()));
        let later = self.later.split_off(before.later.min(self.later.len()));
        let mut shells = self.shells.split_off(before.shells);
        // In order: an object goes before what it holds, which the memo holds too, so that a long
        // list does not go by recursion.
        quietly(|| drop(slots));
        quietly(|| drop(later));
        for contents in shells.take_contents() {
            quietly(|| drop(contents));
        }
        shells.free();
    }

    /// Puts the objects of the last load in the order of their numbers: from `before` on, those of
    /// these slots.
    pub(crate) fn arrange(&mut self, before: Mark, order: impl Iterator<Item = Option<SlotId>>) {
        let mut loaded = self.slots.split_off(before.slots);
        let slots =
            order.map(|slot| loaded.get_mut((slot?.0 as usize).checked_sub(before.slots)?)?.take());
        self.slots.extend(slots);
    }
}

impl Leap {
    const NONE: Self = Self { number: 0, slot: 0 };
}

/// After a success there is little left to do.
impl Drop for Memo {
    fn drop(&mut self) {
        if !self.shells.is_empty() || !self.later.is_empty() {
            self.fail(Mark { slots: 0, leaps: 0, shells: 0, later: 0 });
        }
    }
}

fn quietly(act: impl FnOnce()) {
    // What panicked is not looked at again.
    drop(catch_unwind(AssertUnwindSafe(act)));
}
