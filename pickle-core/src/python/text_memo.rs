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
    /// The texts, one behind the other.
    pool: Vec<u8>,
    hasher: RandomState,
}

struct Entry {
    hash: u64,
    start: usize,
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
        let hash = self.hasher.hash_one(text);
        let known = self.entries.find(hash, |entry| {
            entry.hash == hash && &self.pool[entry.start..][..entry.len as usize] == text
        });
        if let Some(entry) = known {
            return Some(entry.memo);
        }
        let entry = Entry { hash, start: self.pool.len(), len: text.len() as u32, memo };
        self.pool.extend_from_slice(text);
        self.entries.insert_unique(hash, entry, |entry| entry.hash);
        None
    }
}
