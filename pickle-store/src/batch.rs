//! Batches: several writes that happen together.

use pickle_core::Pickle;

use crate::collection::Collection;
use crate::engine::Op;
use crate::error::Result;
use crate::inner::{at, object_key};
use crate::key::{AsKey, Key, ToKey};
use crate::store::Store;

/// Writes that [`commit`](Self::commit) makes together, or none of them; from [`Store::batch`].
/// The last one on a key wins.
#[must_use = "nothing is written before `commit`"]
pub struct Batch {
    store: Store,
    ops: Vec<Op>,
}

impl Batch {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, ops: Vec::new() }
    }

    /// Stores a value.
    ///
    /// # Errors
    /// When the value cannot be pickled. The batch is as it was then.
    pub fn put<V: Pickle + ?Sized>(
        &mut self,
        key: &(impl ToKey + ?Sized),
        value: &V,
    ) -> Result<&mut Self> {
        let staged = self.store.inner.stage(object_key(key), value, &mut self.ops);
        staged.map_err(|error| at(error, key))?;
        Ok(self)
    }

    /// Removes a key, if it is there.
    pub fn remove(&mut self, key: &(impl ToKey + ?Sized)) -> &mut Self {
        self.ops.push(Op::Remove { key: object_key(key) });
        self
    }

    /// Stores a value in a collection of the same store.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn put_in<K: Key, V: Pickle>(
        &mut self,
        collection: &Collection<K, V>,
        key: &(impl AsKey<K> + ?Sized),
        value: &V,
    ) -> Result<&mut Self> {
        let key = collection.encode(key);
        let staged = self.store.inner.stage(key.clone(), value, &mut self.ops);
        staged.map_err(|error| collection.at(error, &key))?;
        Ok(self)
    }

    /// Removes a key from a collection of the same store, if it is there.
    pub fn remove_from<K: Key, V>(
        &mut self,
        collection: &Collection<K, V>,
        key: &(impl AsKey<K> + ?Sized),
    ) -> &mut Self {
        self.ops.push(Op::Remove { key: collection.encode(key) });
        self
    }

    /// Makes all writes, and leaves the batch empty.
    ///
    /// # Errors
    /// When it cannot be written, and then none of it is.
    pub fn commit(&mut self) -> Result<()> {
        let ops = std::mem::take(&mut self.ops);
        // Nothing was expected, so nothing can be in conflict.
        self.store.inner.commit(&[], &ops).map(|_| ())
    }
}
