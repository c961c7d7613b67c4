//! Transactions: what was read is checked when the writes are made.

use std::collections::{BTreeMap, BTreeSet};

use pickle_core::{Pickle, UnpickleOwned};

use crate::catalog;
use crate::collection::Collection;
use crate::engine::{Applied, Expect, KeyRange, Op, Order, RangeDigest};
use crate::error::{Error, ErrorKind, Result};
use crate::inner::{Inner, With, at, object_key};
use crate::key::{AsKey, Key, KeyBounds, KeyEncoder, KeyPrefix, ToKey};
use crate::plan::{Staged, entry_key, holder};
use crate::record::{self, Record};
use crate::trace::{conflict, span};

/// How often a transaction runs before it reports a conflict.
const TRIES: u32 = 100;

/// Reads and writes that happen at one moment; from [`Store::transaction`](crate::Store::transaction).
pub struct Transaction<'a> {
    inner: &'a Inner,
    /// What each key held when it was first read.
    reads: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    ranges: Vec<(KeyRange, RangeDigest)>,
    /// The last write on each key.
    writes: BTreeMap<Vec<u8>, Write>,
    schemas: Vec<Op>,
}

/// A record that was put, none if it was removed, with the generation of the indexes that it
/// lists its entries in.
type Write = (Option<Vec<u8>>, u64);

pub(crate) fn run<R, E: From<Error>>(
    inner: &Inner,
    mut run: impl FnMut(&mut Transaction<'_>) -> Result<R, E>,
) -> Result<R, E> {
    span!(debug, "transaction");
    for _ in 0..TRIES {
        let mut transaction = Transaction {
            inner,
            reads: BTreeMap::new(),
            ranges: Vec::new(),
            writes: BTreeMap::new(),
            schemas: Vec::new(),
        };
        let result = run(&mut transaction);
        let (expect, staged) = transaction.into_parts();
        // Reads may be of different moments. Before an error counts, they must have been of one.
        let mut staged = if result.is_ok() { staged } else { Staged::default() };
        if inner.write(&expect, &mut staged)? == Applied::Committed {
            return result;
        }
        conflict!("transaction");
    }
    Err(Error::new(ErrorKind::Conflict).into())
}

impl<'a> Transaction<'a> {
    /// Stores a value.
    ///
    /// # Errors
    /// When the value cannot be pickled.
    pub fn put<V: Pickle + ?Sized>(
        &mut self,
        key: &(impl ToKey + ?Sized),
        value: &V,
    ) -> Result<()> {
        self.write(object_key(key), value, Ok(With::default())).map_err(|error| at(error, key))
    }

    /// Loads the value at a key, as this transaction left it.
    ///
    /// # Errors
    /// As [`Store::get`](crate::Store::get).
    pub fn get<V: UnpickleOwned>(&mut self, key: &(impl ToKey + ?Sized)) -> Result<Option<V>> {
        self.read(&object_key(key)).map_err(|error| at(error, key))
    }

    /// Removes a key; returns whether it was there.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn remove(&mut self, key: &(impl ToKey + ?Sized)) -> Result<bool> {
        self.erase(object_key(key)).map_err(|error| at(error, key))
    }

    /// Whether there is a value at a key.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn contains(&mut self, key: &(impl ToKey + ?Sized)) -> Result<bool> {
        Ok(self.bytes(&object_key(key))?.is_some())
    }

    /// A collection of the same store, within this transaction.
    pub fn collection<'t, K: Key, V>(
        &'t mut self,
        collection: &'t Collection<K, V>,
    ) -> TransactionCollection<'t, 'a, K, V> {
        TransactionCollection { transaction: self, collection }
    }

    pub(crate) fn inner(&self) -> &'a Inner {
        self.inner
    }

    pub(crate) fn write<V: Pickle + ?Sized>(
        &mut self,
        key: Vec<u8>,
        value: &V,
        with: Result<With>,
    ) -> Result<()> {
        let mut staged = Staged::default();
        self.inner.stage(key, value, with?, &mut staged)?;
        for (op, generation) in staged.into_writes() {
            match op {
                Op::Put { key, value } if catalog::is_record(&key) => {
                    self.writes.insert(key, (Some(value), generation));
                }
                other => self.schemas.push(other),
            }
        }
        Ok(())
    }

    fn read<V: UnpickleOwned>(&mut self, key: &[u8]) -> Result<Option<V>> {
        match self.bytes(key)? {
            Some(bytes) => Ok(self.inner.load(key, &bytes)?.map(|(_, value)| value)),
            None => Ok(None),
        }
    }

    fn erase(&mut self, key: Vec<u8>) -> Result<bool> {
        let found = self.bytes(&key)?.is_some();
        self.writes.insert(key, (None, 0));
        Ok(found)
    }

    /// The record of a key, as this transaction left it; none if it is past its time.
    fn bytes(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let found = match self.writes.get(key) {
            Some((record, _)) => record.clone(),
            None => {
                let found = self.inner.engine().get(key)?.map(|bytes| bytes.to_vec());
                // The first read counts: another one later would hide a change in between.
                self.reads
                    .entry(key.to_vec())
                    .or_insert_with(|| found.as_deref().map(record::start));
                found
            }
        };
        match found {
            Some(record) if self.inner.is_live(key, &record)? => Ok(Some(record)),
            _ => Ok(None),
        }
    }

    /// The records of a range, as this transaction left them.
    fn scan(&mut self, range: KeyRange) -> Result<BTreeMap<Vec<u8>, Vec<u8>>> {
        let mut digest = RangeDigest::default();
        let mut found = BTreeMap::new();
        for item in self.inner.engine().scan(range.clone(), Order::Ascending)? {
            let (key, value) = item?;
            digest.add(&key, &value);
            found.insert(key.to_vec(), value.to_vec());
        }
        if !range.is_empty() {
            for (key, (record, _)) in
                self.writes.range::<Vec<u8>, _>((range.start.as_ref(), range.end.as_ref()))
            {
                match record {
                    Some(value) => found.insert(key.clone(), value.clone()),
                    None => found.remove(key),
                };
            }
        }
        self.ranges.push((range, digest));
        Ok(found)
    }

    /// What must still hold, and what is to be written then.
    fn into_parts(self) -> (Vec<Expect>, Staged) {
        let reads = self.reads.into_iter().map(|(key, found)| match found {
            Some(start) => Expect::Starts { key, start },
            None => Expect::Absent { key },
        });
        let ranges = self.ranges.into_iter().map(|(range, digest)| Expect::Range { range, digest });
        let mut staged = Staged::default();
        self.schemas.into_iter().for_each(|op| staged.also(op));
        for (key, (record, generation)) in self.writes {
            match record {
                Some(record) => staged.put(key, record, generation),
                None => staged.remove(key),
            }
        }
        (reads.chain(ranges).collect(), staged)
    }

    /// The records that an index lists under keys that start with `place`, as this transaction
    /// left them.
    fn listed(
        &mut self,
        place: &[u8],
        space: &[u8],
        unique: bool,
    ) -> Result<BTreeMap<Vec<u8>, Vec<u8>>> {
        let mut keys = BTreeSet::new();
        for (at, value) in self.scan(KeyRange::prefix(place))? {
            keys.insert(holder(&at, &value, space, unique)?);
        }
        let written = self.writes.keys().filter(|key| key.starts_with(space));
        keys.extend(written.cloned());
        let mut found = BTreeMap::new();
        for key in keys {
            let Some(bytes) = self.bytes(&key)? else { continue };
            let record = Record::decode(&key, &bytes)?;
            let entries = record.entries();
            let mut places = entries.iter().map(|entry| entry_key(entry, &key, unique));
            if places.any(|at| at.starts_with(place)) {
                found.insert(key, bytes);
            }
        }
        Ok(found)
    }
}

/// A collection within a transaction; from [`Transaction::collection`].
pub struct TransactionCollection<'t, 'a, K, V> {
    transaction: &'t mut Transaction<'a>,
    collection: &'t Collection<K, V>,
}

impl<K: Key, V> TransactionCollection<'_, '_, K, V> {
    /// Removes a key; returns whether it was there.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn remove(&mut self, key: &(impl AsKey<K> + ?Sized)) -> Result<bool> {
        self.transaction.erase(self.collection.encode(key))
    }

    /// Whether there is a value at a key.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn contains(&mut self, key: &(impl AsKey<K> + ?Sized)) -> Result<bool> {
        Ok(self.transaction.bytes(&self.collection.encode(key))?.is_some())
    }
}

impl<K: Key, V: Pickle> TransactionCollection<'_, '_, K, V> {
    /// Stores a value.
    ///
    /// # Errors
    /// When the value cannot be pickled.
    pub fn put(&mut self, key: &(impl AsKey<K> + ?Sized), value: &V) -> Result<()> {
        self.write(key, value, self.collection.with(value))
    }

    pub(crate) fn collection(&self) -> &Collection<K, V> {
        self.collection
    }

    pub(crate) fn write(
        &mut self,
        key: &(impl AsKey<K> + ?Sized),
        value: &V,
        with: Result<With>,
    ) -> Result<()> {
        let key = self.collection.encode(key);
        let written = self.transaction.write(key.clone(), value, with);
        written.map_err(|error| self.collection.at(error, &key))
    }
}

impl<K: Key, V: UnpickleOwned> TransactionCollection<'_, '_, K, V> {
    /// Loads the value at a key, as this transaction left it.
    ///
    /// # Errors
    /// As [`Collection::get`].
    pub fn get(&mut self, key: &(impl AsKey<K> + ?Sized)) -> Result<Option<V>> {
        let key = self.collection.encode(key);
        self.transaction.read(&key).map_err(|error| self.collection.at(error, &key))
    }

    /// The keys of a range with their values, as this transaction left them. A key that another
    /// writer adds to the range is a conflict as well.
    ///
    /// # Errors
    /// As [`Collection::get`].
    pub fn range(&mut self, range: impl KeyBounds<K>) -> Result<Vec<(K, V)>> {
        let found = self.transaction.scan(self.collection.bounds(&range))?;
        self.load(found)
    }

    /// The keys that start so with their values, as in [`Collection::prefix`].
    ///
    /// # Errors
    /// As [`range`](Self::range).
    pub fn prefix(&mut self, prefix: &(impl KeyPrefix<K> + ?Sized)) -> Result<Vec<(K, V)>> {
        let start = KeyEncoder::plain(self.collection.space(), prefix);
        let found = self.transaction.scan(KeyRange::prefix(&start))?;
        self.load(found)
    }

    /// The records that have a key in an index, as this transaction left them, in the order of
    /// their own keys. Another writer who gives the key to a record is a conflict as well.
    ///
    /// # Errors
    /// As [`Collection::get`] and [`Collection::index`].
    pub fn find<I: Key>(
        &mut self,
        index: &str,
        key: &(impl AsKey<I> + ?Sized),
    ) -> Result<Vec<(K, V)>> {
        let index = self.collection.index::<I>(index)?;
        let (place, unique) = (index.place_of(key), index.is_unique());
        let space = self.collection.space();
        let found = self.transaction.listed(&place, space, unique)?;
        self.load(found)
    }

    fn load(&self, found: BTreeMap<Vec<u8>, Vec<u8>>) -> Result<Vec<(K, V)>> {
        let load = |(key, bytes): (Vec<u8>, Vec<u8>)| {
            let loaded = self.transaction.inner.load(&key, &bytes);
            match loaded.map_err(|error| self.collection.at(error, &key))? {
                Some((_, value)) => Ok(Some((self.collection.decode(&key)?, value))),
                None => Ok(None),
            }
        };
        found.into_iter().filter_map(|item| load(item).transpose()).collect()
    }
}
