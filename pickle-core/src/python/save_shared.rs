//! Shared objects in Python's protocols: written once, then by their memo numbers.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::error::Result;
use crate::native::unfinished;
use crate::shared::{Family, Kept};
use crate::traits::Pickle;

use super::saver::Saver;

/// A shared object that is about to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Shared {
    address: usize,
    /// Inside a key or an element of a set, where a list is a tuple.
    in_key: bool,
    /// As one of a trait's, in a dict that names its class. What is in the dict is the object itself.
    is_tagged: bool,
}

impl Shared {
    pub(super) fn is_tagged(self) -> bool {
        self.is_tagged
    }
}

/// The shared objects of one pickle.
#[derive(Default)]
pub(super) struct SharedMemo {
    /// Their memo numbers; none yet while they are being written.
    numbers: HashMap<Shared, Option<u32>, RandomState>,
    /// Temporaries of a `getstate` may go, and others take their addresses.
    kept: Vec<Kept>,
}

impl SharedMemo {
    pub(super) fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// What is there, to be gone back to.
    pub(super) fn mark(&self) -> usize {
        self.kept.len()
    }

    /// Forgets the objects that came after the mark, whose numbers begin at `number`.
    pub(super) fn forget(&mut self, mark: usize, number: u32) {
        if self.kept.len() > mark {
            self.kept.truncate(mark);
            self.numbers.retain(|_, known| known.is_some_and(|known| known < number));
        }
    }

    pub(super) fn number(&mut self, shared: Shared, number: u32) {
        self.numbers.insert(shared, Some(number));
    }

    /// Notes that a numbered object has the same form inside of keys and outside.
    pub(super) fn number_everywhere(&mut self, shared: Shared) {
        if let Some(number) = self.numbers.get(&shared).copied() {
            self.numbers.insert(Shared { in_key: !shared.in_key, ..shared }, number);
        }
    }
}

impl Saver<'_> {
    /// The object behind a shared pointer.
    ///
    /// # Errors
    /// When it cannot be saved; when it holds itself, and has a form that Python numbers only when
    /// it is complete.
    pub(crate) fn shared<F: Family, T: Pickle + ?Sized>(
        &mut self,
        strong: &F::Strong<T>,
    ) -> Result<()> {
        let address = std::ptr::from_ref(&**strong).cast::<()>().addr();
        let is_tagged = strong.is_tagged(self.env.registry());
        let shared = Shared { address, in_key: self.in_key, is_tagged };
        self.shared_as(shared, || Kept::new(F::downgrade(strong)), |saver| (**strong).save(saver))
    }

    /// What stands in the dict that names the class of an object: the object itself, one and the
    /// same for pointers of its own type.
    pub(crate) fn inside_tag(
        &mut self,
        tagged: Option<Shared>,
        save: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        match tagged {
            // What keeps the one keeps the other.
            Some(tagged) => {
                let shared = Shared { is_tagged: false, in_key: self.in_key, ..tagged };
                self.shared_as(shared, Kept::nothing, save)
            }
            None => save(self),
        }
    }

    fn shared_as(
        &mut self,
        shared: Shared,
        keep: impl FnOnce() -> Kept,
        save: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        match self.shared.numbers.get(&shared) {
            Some(Some(number)) => {
                let number = *number;
                // A pointer to this pointer is the same object to Python.
                if let Some(outer) = self.begin() {
                    self.shared.number(outer, number);
                }
                self.writer.get(number);
                return Ok(());
            }
            Some(None) => return Err(unfinished()),
            None => {}
        }
        self.shared.numbers.insert(shared, None);
        self.shared.kept.push(keep());
        let outer = self.pending.replace(shared);
        self.nest(save)?;
        self.pending = None;
        if let (Some(outer), Some(Some(number))) = (outer, self.shared.numbers.get(&shared)) {
            let number = *number;
            self.shared.number(outer, number);
        }
        Ok(())
    }
}
