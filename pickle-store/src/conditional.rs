//! Writes that depend on what was read: by version, or as a change that is tried again.

use pickle_core::{Pickle, UnpickleOwned};

use crate::collection::Collection;
use crate::error::{Error, ErrorKind, Result};
use crate::inner::{Inner, TRIES, With, at, object_key};
use crate::key::{AsKey, Key, ToKey};
use crate::record::{self, Record, Version};
use crate::store::Store;

impl Store {
    /// Loads the value at a key with its version, for [`put_if`](Self::put_if).
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_versioned<V: UnpickleOwned>(
        &self,
        key: &(impl ToKey + ?Sized),
    ) -> Result<Option<(Version, V)>> {
        self.inner.get(&object_key(key)).map_err(|error| at(error, key))
    }

    /// Stores a value if the record is still of the version that was read, or is still absent
    /// for `None`. Returns the new version.
    ///
    /// ```
    /// use pickle_store::{ErrorKind, Store};
    /// let store = Store::builder("memory:").open()?;
    /// let first = store.put_if("leader", None, "node 1")?;
    /// let (version, leader) = store.get_versioned::<String>("leader")?.unwrap();
    /// assert_eq!((version, leader.as_str()), (first, "node 1"));
    ///
    /// store.put_if("leader", Some(version), "node 2")?;
    /// let error = store.put_if("leader", Some(version), "node 3").unwrap_err();
    /// assert!(matches!(error.kind(), ErrorKind::Conflict));
    /// # Ok::<(), pickle_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Conflict`](ErrorKind::Conflict) when it is not; else as [`put`](Self::put).
    pub fn put_if<V: Pickle + ?Sized>(
        &self,
        key: &(impl ToKey + ?Sized),
        expected: Option<Version>,
        value: &V,
    ) -> Result<Version> {
        let put = self.inner.put_if(object_key(key), expected, value, || Ok(With::default()));
        put.map_err(|error| at(error, key))
    }

    /// Changes the value at a key; returns what the closure returned, or none where there is no
    /// value. The closure runs again when another writer was first. A value that expires does so at
    /// the same time as before.
    ///
    /// ```
    /// use pickle_store::Store;
    /// let store = Store::builder("memory:").open()?;
    /// store.put("visits", &41_u64)?;
    /// let now = store.update("visits", |visits: &mut u64| {
    ///     *visits += 1;
    ///     *visits
    /// })?;
    /// assert_eq!(now, Some(42));
    /// assert_eq!(store.update("nobody", |visits: &mut u64| *visits)?, None);
    /// # Ok::<(), pickle_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`get`](Self::get) and [`put`](Self::put); [`Conflict`](ErrorKind::Conflict) when
    /// others were first each time.
    pub fn update<V: Pickle + UnpickleOwned, R>(
        &self,
        key: &(impl ToKey + ?Sized),
        change: impl FnMut(&mut V) -> R,
    ) -> Result<Option<R>> {
        let updated = self.inner.update(&object_key(key), change, |_| Ok(With::default()));
        updated.map_err(|error| at(error, key))
    }
}

impl<K: Key, V: UnpickleOwned> Collection<K, V> {
    /// Loads the value at a key with its version, for [`put_if`](Self::put_if).
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_versioned(&self, key: &(impl AsKey<K> + ?Sized)) -> Result<Option<(Version, V)>> {
        let key = self.encode(key);
        self.store().inner.get(&key).map_err(|error| self.at(error, &key))
    }
}

impl<K: Key, V: Pickle> Collection<K, V> {
    /// Stores a value if the record is still of the version that was read, or is still absent
    /// for `None`. Returns the new version.
    ///
    /// ```
    /// use pickle_store::{ErrorKind, Store};
    /// let counts = Store::builder("memory:").open()?.collection::<u8, u32>("counts")?;
    /// let version = counts.put_if(&1, None, &10)?;
    /// counts.put(&1, &11)?;
    /// let error = counts.put_if(&1, Some(version), &12).unwrap_err();
    /// assert!(matches!(error.kind(), ErrorKind::Conflict));
    /// # Ok::<(), pickle_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Conflict`](ErrorKind::Conflict) when it is not; else as [`put`](Self::put).
    pub fn put_if(
        &self,
        key: &(impl AsKey<K> + ?Sized),
        expected: Option<Version>,
        value: &V,
    ) -> Result<Version> {
        let key = self.encode(key);
        let put = self.store().inner.put_if(key.clone(), expected, value, || self.with(value));
        put.map_err(|error| self.at(error, &key))
    }
}

impl<K: Key, V: Pickle + UnpickleOwned> Collection<K, V> {
    /// Changes the value at a key; returns what the closure returned, or none where there is no
    /// value. The closure runs again when another writer was first. A value that expires does so at
    /// the same time as before.
    ///
    /// # Errors
    /// As [`get`](Self::get) and [`put`](Self::put); [`Conflict`](ErrorKind::Conflict) when
    /// others were first each time.
    pub fn update<R>(
        &self,
        key: &(impl AsKey<K> + ?Sized),
        change: impl FnMut(&mut V) -> R,
    ) -> Result<Option<R>> {
        let key = self.encode(key);
        let updated = self.store().inner.update(&key, change, |value| self.with(value));
        updated.map_err(|error| self.at(error, &key))
    }
}

impl Inner {
    fn put_if<V: Pickle + ?Sized>(
        &self,
        key: Vec<u8>,
        expected: Option<Version>,
        value: &V,
        with: impl FnOnce() -> Result<With>,
    ) -> Result<Version> {
        let (found, seen) = self.see(&key)?;
        if found.and_then(|record| record::version(&record)) != expected {
            return Err(Error::new(ErrorKind::Conflict));
        }
        let written = self.replace(key, seen, value, with()?)?;
        written.ok_or_else(|| Error::new(ErrorKind::Conflict))
    }

    fn update<V: Pickle + UnpickleOwned, R>(
        &self,
        key: &[u8],
        mut change: impl FnMut(&mut V) -> R,
        with: impl Fn(&V) -> Result<With>,
    ) -> Result<Option<R>> {
        for _ in 0..TRIES {
            let (Some(bytes), seen) = self.see(key)? else { return Ok(None) };
            let record = Record::decode(key, &bytes)?;
            let mut value = self.value(&record)?;
            let result = change(&mut value);
            let mut with = with(&value)?;
            with.extra.expires = record.expires;
            if self.replace(key.to_vec(), seen, &value, with)?.is_some() {
                return Ok(Some(result));
            }
        }
        Err(Error::new(ErrorKind::Conflict))
    }
}
