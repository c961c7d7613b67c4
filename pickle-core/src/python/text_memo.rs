//! Memo numbers of text, by content.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// Longer text is written again: finding out that it is known would cost as much.
const LONGEST: usize = 4096;

/// The texts written so far, each with its memo number.
#[derive(Default)]
pub(super) struct TextMemo {
    entries: HashTable<Entry>,
    /// The texts, one behind the other. The numbers below bound it to 4 GiB.
    pool: Vec<u8>,
    hasher: RandomState,
}

/// Small, since there may be millions.
struct Entry {
    hash: u32,
    start: u32,
    len: u32,
    memo: u32,
}

impl TextMemo {
    /// The number of a text that was written before; else the caller writes it, and numbers it
    /// `memo`.
    #[inline]
    pub(super) fn get_or_insert(&mut self, text: &[u8], memo: u32) -> Option<u32> {
        if text.len() > LONGEST {
            return None;
        }
        let hash = self.hasher.hash_one(text) as u32;
        let known = self.entries.find(spread(hash), |entry| {
            let (start, len) = (entry.start as usize, entry.len as usize);
            entry.hash == hash && &self.pool[start..start + len] == text
        });
        if let Some(entry) = known {
            return Some(entry.memo);
        }
        if let Ok(start) = u32::try_from(self.pool.len()) {
            self.pool.extend_from_slice(text);
            let entry = Entry { hash, start, len: text.len() as u32, memo };
            self.entries.insert_unique(spread(hash), entry, |entry| spread(entry.hash));
        }
        None
    }
}

/// The table takes the place from the lower bits and the tag from the upper ones.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}
