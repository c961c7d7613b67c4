//! Transactions: what was read is checked when the writes are made.

use std::collections::BTreeMap;

use pickle_core::{Pickle, UnpickleOwned};

use crate::collection::Collection;
use crate::engine::{Applied, Expect, KeyRange, Op, Order, RangeDigest};
use crate::error::{Error, ErrorKind, Result};
use crate::inner::{Inner, at, object_key};
use crate::key::{AsKey, Key, KeyBounds, ToKey};
use crate::record::HEADER;

/// How often a transaction runs before it reports a conflict.
const TRIES: u32 = 100;

/// Reads and writes that happen at one moment; from [`Store::transaction`](crate::Store::transaction).
pub struct Transaction<'a> {
    inner: &'a Inner,
    /// What each key held when it was first read.
    reads: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    ranges: Vec<(KeyRange, RangeDigest)>,
    /// The new value of each key that was written; none if removed.
    writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

pub(crate) fn run<R, E: From<Error>>(
    inner: &Inner,
    mut run: impl FnMut(&mut Transaction<'_>) -> Result<R, E>,
) -> Result<R, E> {
    for _ in 0..TRIES {
        let mut transaction = Transaction {
            inner,
            reads: BTreeMap::new(),
            ranges: Vec::new(),
            writes: BTreeMap::new(),
        };
        let result = run(&mut transaction);
        let (expect, ops) = transaction.into_parts();
        // Reads may be of different moments. Before an error counts, they must have been of one.
        let ops = if result.is_ok() { ops } else { Vec::new() };
        if inner.commit(&expect, &ops)? == Applied::Committed {
            return result;
        }
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
        self.write(object_key(key), value).map_err(|error| at(error, key))
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

    fn write<V: Pickle + ?Sized>(&mut self, key: Vec<u8>, value: &V) -> Result<()> {
        let mut ops = Vec::with_capacity(2);
        self.inner.stage(key, value, &mut ops)?;
        for op in ops {
            if let Op::Put { key, value } = op {
                self.writes.insert(key, Some(value));
            }
        }
        Ok(())
    }

    fn read<V: UnpickleOwned>(&mut self, key: &[u8]) -> Result<Option<V>> {
        match self.bytes(key)? {
            Some(bytes) => self.inner.load(key, &bytes).map(|(_, value)| Some(value)),
            None => Ok(None),
        }
    }

    fn erase(&mut self, key: Vec<u8>) -> Result<bool> {
        let found = self.bytes(&key)?.is_some();
        self.writes.insert(key, None);
        Ok(found)
    }

    /// The record of a key, as this transaction left it.
    fn bytes(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        if let Some(written) = self.writes.get(key) {
            return Ok(written.clone());
        }
        let found = self.inner.engine().get(key)?.map(|bytes| bytes.to_vec());
        // The first read counts: another one later would hide a change in between.
        self.reads.entry(key.to_vec()).or_insert_with(|| found.as_deref().map(start));
        Ok(found)
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
            for (key, written) in
                self.writes.range::<Vec<u8>, _>((range.start.as_ref(), range.end.as_ref()))
            {
                match written {
                    Some(value) => found.insert(key.clone(), value.clone()),
                    None => found.remove(key),
                };
            }
        }
        self.ranges.push((range, digest));
        Ok(found)
    }

    /// What must still hold, and what is to be written then.
    fn into_parts(self) -> (Vec<Expect>, Vec<Op>) {
        let reads = self.reads.into_iter().map(|(key, found)| match found {
            Some(start) => Expect::Starts { key, start },
            None => Expect::Absent { key },
        });
        let ranges = self.ranges.into_iter().map(|(range, digest)| Expect::Range { range, digest });
        let ops = self.writes.into_iter().map(|(key, value)| match value {
            Some(value) => Op::Put { key, value },
            None => Op::Remove { key },
        });
        (reads.chain(ranges).collect(), ops.collect())
    }
}

/// The start of a record, which no two versions of it share.
fn start(record: &[u8]) -> Vec<u8> {
    record[..record.len().min(HEADER)].to_vec()
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
        let key = self.collection.encode(key);
        let written = self.transaction.write(key.clone(), value);
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
        let load = |(key, bytes): (Vec<u8>, Vec<u8>)| {
            let value = self.transaction.inner.load(&key, &bytes);
            let (_, value) = value.map_err(|error| self.collection.at(error, &key))?;
            Ok((self.collection.decode(&key)?, value))
        };
        found.into_iter().map(load).collect()
    }
}
