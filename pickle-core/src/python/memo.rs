//! The memo of the machine: dense where indexes are, sparse where a pickle leaps ahead.

use std::collections::HashMap;

use crate::graph::NodeId;

/// Objects by the number that the pickle gave them. An index of 2^32-1 costs one entry.
#[derive(Debug, Default)]
pub(super) struct Memo {
    dense: Vec<Option<NodeId>>,
    sparse: HashMap<u64, NodeId>,
    len: u64,
}

/// Empty places that an entry may leave before it, beyond as many as there are entries.
const SLACK: u64 = 64;

impl Memo {
    /// How many numbers are taken: the next that `MEMOIZE` gives.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn get(&self, index: u64) -> Option<NodeId> {
        let dense = usize::try_from(index).ok().and_then(|index| *self.dense.get(index)?);
        dense.or_else(|| self.sparse.get(&index).copied())
    }

    pub(super) fn put(&mut self, index: u64, id: NodeId) {
        // As picklers number: one after the other.
        if index == self.dense.len() as u64 && self.sparse.is_empty() {
            self.dense.push(Some(id));
            self.len += 1;
            return;
        }
        if !self.sparse.is_empty()
            && let Some(old) = self.sparse.get_mut(&index)
        {
            *old = id;
            return;
        }
        if index >= self.dense.len() as u64 {
            if index >= 2 * self.len + SLACK {
                self.sparse.insert(index, id);
                self.len += 1;
                return;
            }
            self.dense.resize(index as usize + 1, None);
        }
        let place = &mut self.dense[index as usize];
        self.len += u64::from(place.is_none());
        *place = Some(id);
    }

    /// Takes in what another has, which hides what has its numbers here.
    pub(super) fn append(&mut self, other: Self) {
        if self.len == 0 {
            *self = other;
            return;
        }
        let dense = (0..).zip(other.dense).filter_map(|(index, id)| Some((index, id?)));
        dense.chain(other.sparse).for_each(|(index, id)| self.put(index, id));
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
