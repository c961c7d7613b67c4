//! Secondary indexes, as they are asked: records by keys other than their own.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Bound;

use pickle_core::UnpickleOwned;

use crate::catalog;
use crate::collection::Collection;
use crate::engine::KeyRange;
use crate::error::{Error, ErrorKind, Result};
use crate::iter::Iter;
use crate::key::{AsKey, Key, KeyBounds, KeyDecoder, KeyEncoder, KeyPrefix, within};
use crate::plan::{entry_key, holder};
use crate::record::Record;

/// The records of a collection by the keys of type `I` that an index gives them; from
/// [`Collection::index`].
///
/// Several records may have one key, and then they come in the order of their own keys; those of a
/// unique index have each their own. What is found is as it is now: a record that was changed
/// since the index was read is looked at again, and left out if it does not have the key any more.
///
/// ```
/// use pickle_store::Store;
/// let store = Store::builder("memory:").open()?;
/// let towns = store
///     .define::<String, (String, u32)>("towns")
///     .index("by_country", |town| town.0.clone())
///     .index("by_people", |town| town.1)
///     .open()?;
/// for (name, country, people) in [("Basel", "CH", 177), ("Bern", "CH", 134), ("Ulm", "DE", 128)] {
///     towns.put(name, &(country.to_owned(), people))?;
/// }
/// let by_country = towns.index::<String>("by_country")?;
/// let swiss = by_country.find("CH")?.collect::<Result<Vec<_>, _>>()?;
/// assert_eq!((swiss[0].0.as_str(), swiss[1].0.as_str()), ("Basel", "Bern"));
/// let by_people = towns.index::<u32>("by_people")?;
/// let (people, name, _) = by_people.range(130..)?.next().unwrap()?;
/// assert_eq!((people, name.as_str()), (134, "Bern"));
/// # Ok::<(), pickle_store::Error>(())
/// ```
pub struct Index<'c, I, K, V> {
    collection: &'c Collection<K, V>,
    name: String,
    number: u32,
    unique: bool,
    keys: PhantomData<fn() -> I>,
}

impl<I, K, V> fmt::Debug for Index<'_, I, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<K: Key, V> Collection<K, V> {
    /// The index of a name, whose keys are of type `I`.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) when the collection has no such index,
    /// [`TypeMismatch`](ErrorKind::TypeMismatch) when its keys are of another type than `I`.
    pub fn index<I: Key>(&self, name: &str) -> Result<Index<'_, I, K, V>> {
        let space = self.store().inner.spaces.get(self.space());
        let found = space.as_ref().and_then(|space| space.index(name));
        let Some(found) = found else {
            let (collection, known) = (self.name(), space.map(|space| space.index_names()));
            let known = known.filter(|known| !known.is_empty()).unwrap_or("none".to_owned());
            let what = format!("`{collection}` has no index `{name}`; it has {known}");
            return Err(Error::unsupported(what));
        };
        let asked = I::kind();
        if found.kind != asked {
            let stored = format!("keys of type {}", found.kind);
            let asked = format!("keys of type {asked}");
            let error = Error::new(ErrorKind::TypeMismatch { stored, asked });
            return Err(error.at_key(format_args!("{}.{name}", self.name())));
        }
        let (number, unique) = (found.number, found.unique);
        Ok(Index { collection: self, name: name.to_owned(), number, unique, keys: PhantomData })
    }
}

impl<'c, I: Key, K: Key, V> Index<'c, I, K, V> {
    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether each key has at most one record.
    pub fn is_unique(&self) -> bool {
        self.unique
    }

    /// How many records have a key.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn count(&self, key: &(impl AsKey<I> + ?Sized)) -> Result<u64> {
        let mut count = 0;
        self.scan(KeyRange::prefix(&self.place_of(key)), |_, _, _| Ok(())).try_for_each(
            |item| {
                count += 1;
                item
            },
        )?;
        Ok(count)
    }

    /// The keys of the index in order, each with the key of a record that has it.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn keys(&self) -> Result<Iter<'c, (I, K)>> {
        let (collection, prefix) = (self.collection, self.place());
        Ok(self.scan(KeyRange::prefix(&self.place()), move |at, key, _| {
            Ok((KeyDecoder::nested(&at[prefix.len()..])?.0, collection.decode(key)?))
        }))
    }

    /// What its entries start with.
    fn place(&self) -> Vec<u8> {
        catalog::index_prefix(self.number)
    }

    /// What the entries of a key start with.
    pub(crate) fn place_of(&self, key: &(impl AsKey<I> + ?Sized)) -> Vec<u8> {
        KeyEncoder::nested(&self.place(), key)
    }

    /// Where the entries of a range of keys are. All entries of a key start with it, so a bound
    /// at a key is one before or behind all that start so.
    fn bounds(&self, range: &impl KeyBounds<I>) -> KeyRange {
        let prefix = self.place();
        let (start, end) = range.encode_bounds(&|key| KeyEncoder::nested(&prefix, key));
        let behind = |key: &[u8]| match KeyRange::prefix(key).end {
            Bound::Excluded(end) => end,
            // Keys start with the number of a key space, far below the highest byte.
            Bound::Included(_) | Bound::Unbounded => key.to_vec(),
        };
        let start = match start {
            Bound::Excluded(key) => Bound::Included(behind(&key)),
            other => other,
        };
        let end = match end {
            Bound::Included(key) => Bound::Excluded(behind(&key)),
            other => other,
        };
        within(&prefix, start, end)
    }

    /// The entries of a range whose records are there and list them.
    fn scan<T>(
        &self,
        range: KeyRange,
        decode: impl Fn(&[u8], &[u8], &Record<'_>) -> Result<T> + Send + 'c,
    ) -> Iter<'c, T> {
        let (collection, number, unique) = (self.collection, self.number, self.unique);
        let inner = &*collection.store().inner;
        Iter::new(inner.engine(), range, move |at, value| {
            let key = holder(at, value, collection.space(), unique)?;
            let Some(bytes) = inner.engine().get(&key)? else { return Ok(None) };
            let record =
                Record::decode(&key, &bytes).map_err(|error| collection.at(error, &key))?;
            let listed = record
                .entries()
                .iter()
                .any(|entry| entry.index == number && entry_key(entry, &key, unique) == at);
            match listed && inner.is_current(&record) {
                true => decode(at, &key, &record).map(Some),
                false => Ok(None),
            }
        })
    }
}

impl<'c, I: Key, K: Key, V: UnpickleOwned> Index<'c, I, K, V> {
    /// The records that have a key.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn find(&self, key: &(impl AsKey<I> + ?Sized)) -> Result<Iter<'c, (K, V)>> {
        let collection = self.collection;
        Ok(self.scan(KeyRange::prefix(&self.place_of(key)), move |_, key, record| {
            collection.loaded(key, record)
        }))
    }

    /// The record that has a key; of several the one whose own key is lowest.
    ///
    /// # Errors
    /// As [`Collection::get`].
    pub fn get(&self, key: &(impl AsKey<I> + ?Sized)) -> Result<Option<(K, V)>> {
        self.find(key)?.next().transpose()
    }

    /// The records whose keys in the index are in a range, in the order of these.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn range(&self, range: impl KeyBounds<I>) -> Result<Iter<'c, (I, K, V)>> {
        Ok(self.records(self.bounds(&range)))
    }

    /// The records whose keys in the index start so, as in [`Collection::prefix`].
    ///
    /// # Errors
    /// When the engine fails.
    pub fn prefix(&self, prefix: &(impl KeyPrefix<I> + ?Sized)) -> Result<Iter<'c, (I, K, V)>> {
        Ok(self.records(KeyRange::prefix(&KeyEncoder::start(&self.place(), prefix))))
    }

    /// All records, in the order of their keys in the index.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn iter(&self) -> Result<Iter<'c, (I, K, V)>> {
        Ok(self.records(KeyRange::prefix(&self.place())))
    }

    fn records(&self, range: KeyRange) -> Iter<'c, (I, K, V)> {
        let (collection, prefix) = (self.collection, self.place());
        self.scan(range, move |at, key, record| {
            let (found, _) = KeyDecoder::nested(&at[prefix.len()..])?;
            let (key, value) = collection.loaded(key, record)?;
            Ok((found, key, value))
        })
    }
}
