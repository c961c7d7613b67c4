//! The pickles of one `Pickler` in Python's protocols: numbers go on from one to the next, so that
//! later ones refer to the shared objects of earlier ones, as those of CPython's `Pickler` do.
//!
//! All but the first give each object its number explicitly, so that a pickle that refers to no
//! other reads the same alone and behind the others, here and in CPython. For that, text and classes
//! are written anew in each.

use super::save_shared::SharedMemo;
use super::saver::Saver;

/// Where numbers begin again: four billion are not exceeded by the next pickle then.
const MANY: u32 = 1 << 31;

/// What the pickles of one `Pickler` have in common.
#[derive(Default)]
pub(crate) struct Series {
    shared: SharedMemo,
    /// The next number.
    next: u32,
    /// Whether a pickle was written.
    is_later: bool,
    pending: Pending,
}

/// What the pickle will have done that was made last, when it is written.
#[derive(Clone, Copy, Default)]
struct Pending {
    mark: usize,
    next: u32,
}

impl Series {
    /// The same without its objects.
    pub(crate) fn cleared(self) -> Self {
        Self { is_later: self.is_later, ..Self::default() }
    }

    pub(super) fn begin(&mut self, saver: &mut Saver<'_>) {
        if self.next > MANY {
            *self = std::mem::take(self).cleared();
        }
        self.pending = Pending { mark: self.shared.mark(), next: self.next };
        saver.shared = std::mem::take(&mut self.shared);
        saver.memo_len = self.next;
        saver.writer.explicit = self.is_later;
    }

    pub(super) fn end(&mut self, saver: &mut Saver<'_>) {
        self.shared = std::mem::take(&mut saver.shared);
        self.pending.next = saver.memo_len;
    }

    /// The pickle was written. Where it may have shared objects, later ones may refer to them; else
    /// its numbers are free again.
    pub(crate) fn succeed(&mut self, is_shared: bool) {
        self.is_later = true;
        match is_shared {
            true => self.next = self.pending.next,
            false => self.fail(),
        }
    }

    /// The pickle was not written.
    pub(crate) fn fail(&mut self) {
        self.shared.forget(self.pending.mark, self.next);
    }
}
