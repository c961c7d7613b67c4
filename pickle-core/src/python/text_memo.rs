//! Memo numbers of text, by content.

use std::hash::{BuildHasher as _, Hasher as _};

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::writer::Writer;

/// Longer text is written again: finding out that it is known would cost as much.
const LONGEST: usize = 4096;

/// The texts written so far, each with its memo number.
#[derive(Default)]
pub(super) struct TextMemo {
    places: HashTable<Place>,
    /// The texts, where the pickle does not hold them as they are.
    pool: Vec<u8>,
    hasher: RandomState,
}

/// Where a text lies. Small, since there may be millions.
struct Place {
    hash: u32,
    memo: u32,
    start_low: u32,
    start_high: u16,
    len: u16,
}

impl Place {
    fn new(hash: u32, memo: u32, start: usize, len: usize) -> Option<Self> {
        let start_high = u16::try_from(start as u64 >> 32).ok()?;
        Some(Self {
            hash,
            memo,
            start_low: start as u32,
            start_high,
            len: u16::try_from(len).ok()?,
        })
    }

    fn holds(&self, text: &[u8], hash: u32, texts: &[u8]) -> bool {
        let start = (u64::from(self.start_high) << 32 | u64::from(self.start_low)) as usize;
        self.hash == hash && texts.get(start..start + usize::from(self.len)) == Some(text)
    }
}

impl TextMemo {
    /// The number of a text that was written before; else the caller writes it next, and numbers it
    /// `memo`.
    pub(super) fn find_or_insert(
        &mut self,
        text: &[u8],
        memo: u32,
        writer: &Writer,
    ) -> Option<u32> {
        if text.len() > LONGEST {
            return None;
        }
        let mut hasher = self.hasher.build_hasher();
        hasher.write(text);
        let hash = hasher.finish() as u32;
        let (texts, start) = match writer.place_of_text(text.len()) {
            Some(start) => (writer.bytes(), start),
            None => (&*self.pool, self.pool.len()),
        };
        let place = Place::new(hash, memo, start, text.len())?;
        let is_known = |place: &Place| place.holds(text, hash, texts);
        match self.places.entry(spread(hash), is_known, |place| spread(place.hash)) {
            Entry::Occupied(known) => return Some(known.get().memo),
            Entry::Vacant(vacant) => vacant.insert(place),
        };
        if writer.place_of_text(text.len()).is_none() {
            self.pool.extend_from_slice(text);
        }
        None
    }
}

/// The table takes the place from the lower bits and the tag from the upper ones.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}
