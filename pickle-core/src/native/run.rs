//! A run: the pickles of one `Pickler`, each of which may refer to the objects of those before it.
//!
//! What belongs together is told by a check over all earlier pickles of the run, so that nothing is
//! taken for an object of another run.

use std::rc::Rc;

use super::shared::Word;
use super::varint::{self, Bytes};
use crate::env::Env;
use crate::error::{Error, Result};
use crate::shared::{Mark, Memo, Objects, Visits};

/// What a pickle of a run says of those before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// How many numbers they have used.
    pub(super) first: u32,
    /// The CRC-32 of them all.
    check: u32,
}

impl Place {
    /// Takes what the payload of a pickle of a run begins with.
    pub(super) fn read(bytes: &mut Bytes<'_>) -> Result<Self> {
        let first = u32::try_from(bytes.varint()?).ok().filter(|first| *first <= Word::MOST);
        let Some(first) = first else {
            return Err(Error::corrupt("earlier pickles have more objects than there are numbers"));
        };
        Ok(Self { first, check: u32::from_le_bytes(bytes.array()?) })
    }

    /// How many numbers the pickles before have used.
    pub(crate) fn first(self) -> u32 {
        self.first
    }

    pub(super) fn put(self, out: &mut Vec<u8>) {
        varint::put(out, self.first.into());
        out.extend_from_slice(&self.check.to_le_bytes());
    }
}

fn check(before: u32, pickle: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(before);
    hasher.update(pickle);
    hasher.finalize()
}

/// The run that a `Pickler` writes.
#[derive(Default)]
pub(crate) struct WritingRun {
    objects: Rc<Objects>,
    check: u32,
}

impl WritingRun {
    pub(super) fn place(&self) -> Place {
        Place { first: self.objects.end(), check: self.check }
    }

    pub(super) fn visits(&self) -> Visits {
        Visits::after(&self.objects)
    }

    /// A pickle was written: later ones may refer to its objects.
    pub(crate) fn succeed(&mut self, visits: Visits, pickle: &[u8]) {
        visits.succeed(&mut self.objects);
        self.check = check(self.check, pickle);
    }
}

/// The run that an `Unpickler` reads.
#[derive(Default)]
pub(crate) struct ReadingRun {
    /// None while a load has it.
    memo: Option<Box<Memo>>,
    check: u32,
    /// The check before the last pickle, where that did not load and may be tried again.
    before: Option<u32>,
}

impl ReadingRun {
    /// Begins a pickle, of this run or of another; gives the memo for its load.
    pub(crate) fn begin(&mut self, place: Place, pickle: &[u8], env: &Env) -> (Box<Memo>, Mark) {
        let mut memo = self.memo.take().unwrap_or_default();
        let is_next = place.check == self.check || Some(place.check) == self.before;
        if !is_next || place.first < memo.end() {
            *memo = Memo::default();
        }
        self.before = Some(place.check);
        self.check = check(place.check, pickle);
        let mark = memo.begin(place.first, env);
        (memo, mark)
    }

    /// Ends the load of a pickle.
    pub(crate) fn end(&mut self, memo: Option<Box<Memo>>, before: Mark, is_loaded: bool) {
        self.memo = memo;
        if is_loaded {
            self.before = None;
        } else if let Some(memo) = &mut self.memo {
            memo.fail(before);
        }
    }

    /// Forgets the objects loaded so far.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}
