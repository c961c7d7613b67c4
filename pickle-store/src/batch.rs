//! Batches: several writes that happen together.

use pickle_core::Pickle;

use crate::collection::Collection;
use crate::error::Result;
use crate::inner::{Inner, With, at, object_key};
use crate::key::{AsKey, Key, ToKey};
use crate::plan::Staged;
use crate::store::Store;

/// Writes that [`commit`](Self::commit) makes together, or none of them; from [`Store::batch`].
/// The last one on a key wins.
#[must_use = "nothing is written before `commit`"]
pub struct Batch {
    store: Store,
    staged: Staged,
}

impl Batch {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, staged: Staged::default() }
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
        self.stage(object_key(key), value, Ok(With::default())).map_err(|error| at(error, key))
    }

    /// Removes a key, if it is there.
    pub fn remove(&mut self, key: &(impl ToKey + ?Sized)) -> &mut Self {
        self.staged.remove(object_key(key));
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
        let staged = self.stage(collection.encode(key), value, collection.with(value));
        staged.map_err(|error| collection.at(error, &collection.encode(key)))
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.store.inner
    }

    pub(crate) fn stage<V: Pickle + ?Sized>(
        &mut self,
        key: Vec<u8>,
        value: &V,
        with: Result<With>,
    ) -> Result<&mut Self> {
        self.store.inner.stage(key, value, with?, &mut self.staged)?;
        Ok(self)
    }

    /// Removes a key from a collection of the same store, if it is there.
    pub fn remove_from<K: Key, V>(
        &mut self,
        collection: &Collection<K, V>,
        key: &(impl AsKey<K> + ?Sized),
    ) -> &mut Self {
        self.staged.remove(collection.encode(key));
        self
    }

    /// Makes all writes, and leaves the batch empty.
    ///
    /// # Errors
    /// When it cannot be written, [`NotUnique`](crate::ErrorKind::NotUnique) among the reasons, and
    /// then none of it is. [`Conflict`](crate::ErrorKind::Conflict) where an index was declared
    /// since a value was put into the batch.
    pub fn commit(&mut self) -> Result<()> {
        let mut staged = std::mem::take(&mut self.staged);
        self.store.inner.write_all(&mut staged)
    }
}
