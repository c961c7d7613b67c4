//! [`Batch`]: changes that are made together.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use pickle_core::Pickle;

use crate::collection::Collection;
use crate::engine::Bytes;
use crate::error::Result;
use crate::key::Key;
use crate::space::Space;
use crate::store::{Change, Pickled, Store};

/// Changes that are made together by [`commit`](Self::commit), or not at all. Of several changes to
/// one key the last counts.
#[must_use = "a batch does nothing until `commit`"]
pub struct Batch<'a> {
    store: &'a Store,
    changes: BTreeMap<Bytes, Option<Pickled>>,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store, changes: BTreeMap::new() }
    }

    /// Will store an object.
    ///
    /// # Errors
    /// When the object cannot be pickled.
    pub fn put<T: Pickle + ?Sized>(self, key: &(impl Key + ?Sized), value: &T) -> Result<Self> {
        self.put_raw(Space::default().key(key), value)
    }

    /// Will remove an object.
    pub fn remove(mut self, key: &(impl Key + ?Sized)) -> Self {
        self.changes.insert(Space::default().key(key), None);
        self
    }

    /// Will store an object in a collection.
    ///
    /// # Errors
    /// When the object cannot be pickled.
    pub fn put_in<K: Key + Borrow<Q>, V: Pickle, Q: Key + ?Sized>(
        self,
        collection: &Collection<K, V>,
        key: &Q,
        value: &V,
    ) -> Result<Self> {
        self.put_raw(collection.space().key(key), value)
    }

    /// Will remove an object from a collection.
    pub fn remove_in<K: Key + Borrow<Q>, V, Q: Key + ?Sized>(
        mut self,
        collection: &Collection<K, V>,
        key: &Q,
    ) -> Self {
        self.changes.insert(collection.space().key(key), None);
        self
    }

    fn put_raw<T: Pickle + ?Sized>(mut self, key: Bytes, value: &T) -> Result<Self> {
        let pickled = Pickled::of(value).map_err(|error| error.of_key(&key))?;
        self.changes.insert(key, Some(pickled));
        Ok(self)
    }

    /// Makes the changes. When this returns, they are on disk.
    ///
    /// # Errors
    /// As [`Store::put`]. Then none of them was made, unless the disk failed while they were
    /// brought there.
    pub fn commit(self) -> Result<()> {
        if self.changes.is_empty() {
            return Ok(());
        }
        let changes = self.changes.into_iter();
        self.store.commit(changes.map(|(key, value)| Change { key, value }).collect())
    }
}
