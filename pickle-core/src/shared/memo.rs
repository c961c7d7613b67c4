//! The objects of one load, by number.

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
    pub(crate) fn new(number: u32) -> Self {
        Self(number)
    }
}

/// The objects of one load. It keeps them until the load has ended.
#[derive(Default)]
pub struct Memo {
    /// Reserved while there is nothing yet to point at.
    slots: Vec<Option<Held>>,
    pub(super) shells: Shells,
    env: Env,
    /// What is done when the load has succeeded.
    pub(super) later: Vec<Box<dyn FnOnce()>>,
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
        match self.slots.get(slot.0 as usize) {
            None => Err(Missing::Unknown),
            Some(None) => Err(Missing::Unfinished),
            Some(Some(held)) => {
                T::find_weak::<F>(held, self.env.registry()).ok_or(Missing::OfAnotherType)
            }
        }
    }

    /// The load has succeeded: what waited for that is done now.
    pub(crate) fn succeed(&mut self) {
        for act in self.later.drain(..) {
            act();
        }
        self.shells.succeed();
    }
}

/// After a success there is little left to do. Else nobody owns what was loaded: it goes, cycles
/// included. Destructors may find cells locked whose contents are gone, and panic. The load has
/// failed already, and said why.
impl Drop for Memo {
    fn drop(&mut self) {
        if self.shells.is_empty() && self.later.is_empty() {
            return;
        }
        let (slots, later) = (std::mem::take(&mut self.slots), std::mem::take(&mut self.later));
        // In order: an object goes before what it holds, which the memo holds too, so that a long
        // list does not go by recursion.
        quietly(|| drop(slots));
        quietly(|| drop(later));
        for contents in self.shells.take_contents() {
            quietly(|| drop(contents));
        }
        self.shells.free();
    }
}

fn quietly(act: impl FnOnce()) {
    // What panicked is not looked at again.
    drop(catch_unwind(AssertUnwindSafe(act)));
}
