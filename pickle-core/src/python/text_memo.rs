//! Memo numbers of text, by content.

use std::hash::{BuildHasher as _, Hasher as _};
use std::hint::black_box;

use foldhash::fast::RandomState;

use super::writer::Writer;

/// Longer text is written again: finding out that it is known would cost as much.
const LONGEST: usize = 4096;

/// How many texts are looked at together.
pub(super) const AHEAD: usize = 16;

/// Slots of the first table, and of one that no longer grows quickly. Powers of two.
const FEWEST: usize = 32;
const MANY: usize = 1 << 16;

/// The texts written so far, each with its memo number.
///
/// Most texts occur once, so what counts is how quickly it is found that one is new: by one look at a
/// table that holds nothing but hashes. The places that they lead to grow in order.
#[derive(Default)]
pub(super) struct TextMemo {
    /// Open addressing, each slot near the place that the upper bits of its hash name, so that a
    /// table which grows is read and written from front to back. 0 is an empty slot; others have the
    /// hash in the upper half, in the lower half which place they lead to, counted from 1.
    slots: Vec<u64>,
    places: Vec<Place>,
    /// How many texts there may be, as far as is known.
    expected: usize,
    /// The texts, where the pickle does not hold them as they are.
    pool: Vec<u8>,
    hasher: RandomState,
}

/// Where a text lies. Small, since there may be millions.
struct Place {
    start_low: u32,
    start_high: u16,
    len: u16,
    memo: u32,
}

impl Place {
    fn new(memo: u32, start: usize, len: usize) -> Option<Self> {
        let start_high = u16::try_from(start as u64 >> 32).ok()?;
        Some(Self { start_low: start as u32, start_high, len: u16::try_from(len).ok()?, memo })
    }

    fn holds(&self, text: &[u8], texts: &[u8]) -> bool {
        let start = (u64::from(self.start_high) << 32 | u64::from(self.start_low)) as usize;
        texts.get(start..start + usize::from(self.len)) == Some(text)
    }
}

impl TextMemo {
    /// So many texts may follow, few of them known.
    pub(super) fn expect(&mut self, count: usize) {
        self.expected = self.expected.max(self.places.len().saturating_add(count));
    }

    /// Reads what the next searches will read.
    #[inline]
    pub(super) fn look_ahead<'t>(&self, texts: impl Iterator<Item = &'t str>) {
        for text in texts.filter(|text| text.len() <= LONGEST) {
            let hash = self.hash(text.as_bytes());
            black_box(self.slots.get(first(hash, self.slots.len())).copied());
        }
    }

    #[inline]
    fn hash(&self, text: &[u8]) -> u32 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(text);
        hasher.finish() as u32
    }

    /// The number of a text that was written before; else the caller writes it next, and numbers it
    /// `memo`.
    #[inline]
    pub(super) fn find_or_insert(
        &mut self,
        text: &[u8],
        memo: u32,
        writer: &Writer,
    ) -> Option<u32> {
        if text.len() > LONGEST {
            return None;
        }
        // Searches stay short where three in eight slots are empty.
        if self.places.len() >= self.slots.len() / 8 * 5 {
            self.grow();
        }
        let hash = self.hash(text);
        let slots = &mut self.slots[..];
        let mask = slots.len() - 1;
        let mut at = first(hash, slots.len());
        loop {
            let slot = slots[at & mask];
            if slot == 0 {
                break;
            }
            if (slot >> 32) as u32 == hash {
                let texts = if writer.protocol > 0 { writer.bytes() } else { &*self.pool };
                let place = &self.places[slot as u32 as usize - 1];
                if place.holds(text, texts) {
                    return Some(place.memo);
                }
            }
            at += 1;
        }
        let place = writer.place_of_text(text.len());
        self.places.push(Place::new(memo, place.unwrap_or(self.pool.len()), text.len())?);
        slots[at & mask] = u64::from(hash) << 32 | self.places.len() as u64;
        if place.is_none() {
            self.pool.extend_from_slice(text);
        }
        None
    }

    #[cold]
    fn grow(&mut self) {
        let len = self.slots.len();
        // Steps are limited, since not all that is expected comes.
        let expected = (self.expected.saturating_mul(2)).min(16 * len).next_power_of_two();
        let step = if len < MANY { 4 } else { 2 };
        let count = expected.max(step * len).max(FEWEST);
        let old = std::mem::replace(&mut self.slots, vec![0; count]);
        for slot in old.into_iter().filter(|slot| *slot != 0) {
            let mut at = first((slot >> 32) as u32, count);
            while self.slots[at & (count - 1)] != 0 {
                at += 1;
            }
            self.slots[at & (count - 1)] = slot;
        }
    }
}

/// The first of so many slots, a power of two, that a hash may be in.
fn first(hash: u32, slots: usize) -> usize {
    ((u64::from(hash) * slots as u64) >> 32) as usize
}
