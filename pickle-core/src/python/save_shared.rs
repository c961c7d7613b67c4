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
pub(super) struct Shared {
    address: usize,
    /// Inside a key or an element of a set, where a list is a tuple.
    in_key: bool,
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
        let shared = Shared { address, in_key: self.in_key };
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
        self.shared.kept.push(Kept::new(F::downgrade(strong)));
        let outer = self.pending.replace(shared);
        self.nest(|saver| (**strong).save(saver))?;
        self.pending = None;
        if let (Some(outer), Some(Some(number))) = (outer, self.shared.numbers.get(&shared)) {
            let number = *number;
            self.shared.number(outer, number);
        }
        Ok(())
    }
}
