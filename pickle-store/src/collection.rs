//! Collections: values of one type by ordered keys of one type.

use std::fmt;
use std::marker::PhantomData;

use pickle_core::{Pickle, UnpickleOwned};

use crate::catalog;
use crate::define;
use crate::engine::KeyRange;
use crate::error::{Error, Result};
use crate::inner::With;
use crate::iter::Iter;
use crate::key::{self, AsKey, Key, KeyBounds, KeyDecoder, KeyEncoder, KeyPrefix};
use crate::record::Record;
use crate::space::Space;
use crate::store::Store;
use crate::watch::{Filter, Watch};

/// Values of type `V` by keys of type `K`, in the order of the keys; from
/// [`Store::collection`]. Cloning gives another handle to the same collection.
///
/// ```
/// use pickle_store::Store;
/// let store = Store::builder("memory:").open()?;
/// let towns = store.collection::<String, u32>("towns")?;
/// for (name, people) in [("Basel", 177_000), ("Bern", 134_000), ("Zug", 31_000)] {
///     towns.put(name, &people)?;
/// }
/// assert_eq!(towns.last()?, Some(("Zug".to_owned(), 31_000)));
/// let with_b = towns.prefix("B")?.rev().collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(with_b, [("Bern".to_owned(), 134_000), ("Basel".to_owned(), 177_000)]);
/// # Ok::<(), pickle_store::Error>(())
/// ```
pub struct Collection<K, V> {
    store: Store,
    name: Box<str>,
    prefix: Box<[u8]>,
    /// Where indexes list a value: made where the types of values and keys are known.
    entries: fn(&Space, &V) -> Result<With>,
    types: PhantomData<fn() -> K>,
}

impl<K, V> Clone for Collection<K, V> {
    fn clone(&self) -> Self {
        Self {
            store: self.store.clone(),
            name: self.name.clone(),
            prefix: self.prefix.clone(),
            entries: self.entries,
            types: PhantomData,
        }
    }
}

impl<K, V> fmt::Debug for Collection<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collection").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<K: Key, V: 'static> Collection<K, V> {
    pub(crate) fn new(store: Store, name: &str, prefix: Vec<u8>) -> Self {
        let (name, prefix, entries) = (name.into(), prefix.into(), define::entries::<V>);
        Self { store, name, prefix, entries, types: PhantomData }
    }
}

impl<K: Key, V> Collection<K, V> {
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// What the keys of its records in the engine start with.
    pub(crate) fn space(&self) -> &[u8] {
        &self.prefix
    }

    /// What the record of a value says besides it.
    pub(crate) fn with(&self, value: &V) -> Result<With> {
        match self.store.inner.spaces.get(&self.prefix) {
            Some(space) => (self.entries)(&space, value),
            None => Ok(With::default()),
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Removes a key; returns whether it was there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remove(&self, key: &(impl AsKey<K> + ?Sized)) -> Result<bool> {
        let key = self.encode(key);
        self.store.inner.remove(key.clone()).map_err(|error| self.at(error, &key))
    }

    /// Whether there is a value at a key.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn contains(&self, key: &(impl AsKey<K> + ?Sized)) -> Result<bool> {
        KeyEncoder::lend(&self.prefix, key, |key| {
            self.store.inner.contains(key).map_err(|error| self.at(error, key))
        })
    }

    /// How many keys there are. They are counted one by one.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn len(&self) -> Result<u64> {
        self.store.inner.count(&self.prefix)
    }

    /// Whether there are no keys.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.keys()?.next().transpose()?.is_none())
    }

    /// The keys, in order.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn keys(&self) -> Result<Iter<'_, K>> {
        let inner = &self.store.inner;
        let decode = |key: &[u8], record: &[u8]| match inner.is_live(key, record) {
            Ok(true) => self.decode(key).map(Some),
            Ok(false) => Ok(None),
            Err(error) => Err(self.at(error, key)),
        };
        Ok(Iter::new(inner.engine(), KeyRange::prefix(&self.prefix), decode))
    }

    /// The keys as they are written from now on.
    ///
    /// ```
    /// use pickle_store::{ChangeKind, Store};
    /// use std::time::Duration;
    /// let users = Store::builder("memory:").open()?.collection::<u64, String>("users")?;
    /// let mut changes = users.watch()?;
    /// users.put(&7, &"ann".to_owned())?;
    /// let change = changes.next_within(Duration::from_secs(1))?.unwrap();
    /// assert_eq!((change.key, change.kind), (7, ChangeKind::Put));
    /// # Ok::<(), pickle_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the engine fails.
    pub fn watch(&self) -> Result<Watch<K>> {
        self.watch_by(Filter::Prefix(self.prefix.to_vec()))
    }

    /// As [`watch`](Self::watch), beginning behind a change that was seen before; see
    /// [`Watch::resume_from`].
    ///
    /// # Errors
    /// When the engine fails.
    pub fn watch_from(&self, sequence: u64) -> Result<Watch<K>> {
        Ok(self.watch()?.resume_from(sequence))
    }

    /// One key, as it is written from now on.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn watch_key(&self, key: &(impl AsKey<K> + ?Sized)) -> Result<Watch<K>> {
        self.watch_by(Filter::Key(self.encode(key)))
    }

    /// The keys that start so, as in [`prefix`](Self::prefix), as they are written from now on.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn watch_prefix(&self, prefix: &(impl KeyPrefix<K> + ?Sized)) -> Result<Watch<K>> {
        self.watch_by(Filter::Prefix(KeyEncoder::plain(&self.prefix, prefix)))
    }

    fn watch_by(&self, filter: Filter) -> Result<Watch<K>> {
        // All keys of a collection stand behind a prefix of five bytes.
        Watch::new(&self.store.inner, filter, |key| {
            KeyDecoder::plain(key.get(catalog::space_of(key).len()..).unwrap_or_default())
        })
    }

    pub(crate) fn encode(&self, key: &(impl AsKey<K> + ?Sized)) -> Vec<u8> {
        KeyEncoder::plain(&self.prefix, key)
    }

    pub(crate) fn decode(&self, key: &[u8]) -> Result<K> {
        let plain = key.get(self.prefix.len()..).unwrap_or_default();
        KeyDecoder::plain(plain).map_err(|error| self.at(error, key))
    }

    pub(crate) fn bounds(&self, range: &impl KeyBounds<K>) -> KeyRange {
        let (start, end) = range.encode_bounds(&|key| KeyEncoder::plain(&self.prefix, key));
        key::within(&self.prefix, start, end)
    }

    /// Adds the key to an error: `users[7]`.
    #[cold]
    pub(crate) fn at(&self, error: Error, key: &[u8]) -> Error {
        let plain = key.get(self.prefix.len()..).unwrap_or_default();
        match KeyDecoder::plain::<K>(plain) {
            Ok(key) => error.at_key(format_args!("{}[{key:?}]", self.name)),
            Err(_) => error.at_key(format_args!("{}[{}]", self.name, plain.escape_ascii())),
        }
    }
}

impl<K: Key, V: Pickle> Collection<K, V> {
    /// Stores a value, in place of the one at the key.
    ///
    /// # Errors
    /// When the value cannot be pickled, is too large, or cannot be written.
    pub fn put(&self, key: &(impl AsKey<K> + ?Sized), value: &V) -> Result<()> {
        let put =
            self.with(value).and_then(|with| self.store.inner.put(self.encode(key), value, with));
        put.map_err(|error| self.at(error, &self.encode(key)))
    }
}

impl<K: Key, V: UnpickleOwned> Collection<K, V> {
    /// Loads the value at a key, also one that another version of the type wrote.
    ///
    /// # Errors
    /// [`TypeMismatch`](crate::ErrorKind::TypeMismatch) when it is of another type,
    /// [`Corrupt`](crate::ErrorKind::Corrupt) when its bytes are damaged.
    pub fn get(&self, key: &(impl AsKey<K> + ?Sized)) -> Result<Option<V>> {
        KeyEncoder::lend(&self.prefix, key, |key| match self.store.inner.get(key) {
            Ok(found) => Ok(found.map(|(_, value)| value)),
            Err(error) => Err(self.at(error, key)),
        })
    }

    /// The lowest key with its value.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn first(&self) -> Result<Option<(K, V)>> {
        self.iter()?.next().transpose()
    }

    /// The highest key with its value.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn last(&self) -> Result<Option<(K, V)>> {
        self.iter()?.next_back().transpose()
    }

    /// All keys with their values, in order.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn iter(&self) -> Result<Iter<'_, (K, V)>> {
        self.scan(KeyRange::prefix(&self.prefix))
    }

    /// The keys of a range with their values, in order.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn range(&self, range: impl KeyBounds<K>) -> Result<Iter<'_, (K, V)>> {
        self.scan(self.bounds(&range))
    }

    /// The keys that start so, with their values: text for `String`, the first parts for tuples.
    ///
    /// ```
    /// use pickle_store::Store;
    /// let events = Store::builder("memory:").open()?.collection::<(u32, String), ()>("events")?;
    /// events.put(&(1, "a"), &())?;
    /// events.put(&(2, "b"), &())?;
    /// assert_eq!(events.prefix(&(2,))?.count(), 1);
    /// # Ok::<(), pickle_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the engine fails.
    pub fn prefix(&self, prefix: &(impl KeyPrefix<K> + ?Sized)) -> Result<Iter<'_, (K, V)>> {
        self.scan(KeyRange::prefix(&KeyEncoder::plain(&self.prefix, prefix)))
    }

    fn scan(&self, range: KeyRange) -> Result<Iter<'_, (K, V)>> {
        Ok(Iter::new(self.store.inner.engine(), range, |key, value| self.item(key, value)))
    }

    fn item(&self, key: &[u8], value: &[u8]) -> Result<Option<(K, V)>> {
        match self.store.inner.load(key, value) {
            Ok(Some((_, value))) => Ok(Some((self.decode(key)?, value))),
            Ok(None) => Ok(None),
            Err(error) => Err(self.at(error, key)),
        }
    }

    /// The key and the value of a record.
    pub(crate) fn loaded(&self, key: &[u8], record: &Record<'_>) -> Result<(K, V)> {
        let value = self.store.inner.value(record).map_err(|error| self.at(error, key))?;
        Ok((self.decode(key)?, value))
    }
}
