//! Rewriting records that other versions of their type wrote.

use pickle_core::{Pickle, Schema, UnpickleOwned};

use crate::collection::Collection;
use crate::engine::{Applied, KeyRange, Order};
use crate::error::{Error, ErrorKind, Result};
use crate::inner::TRIES;
use crate::key::Key;
use crate::plan::{self, Staged};
use crate::record::Record;
use crate::trace::span;

/// Records that are rewritten together, and about how many bytes of them.
const RECORDS: usize = 256;
const BYTES: usize = 1 << 20;

/// How far a [migration](Collection::migrate) is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migration {
    /// Records that were looked at.
    pub seen: u64,
    /// Those of them that were rewritten.
    pub rewritten: u64,
}

impl<K: Key, V: Pickle + UnpickleOwned> Collection<K, V> {
    /// Rewrites all records that another version of `V` wrote, so that they load without
    /// conversion, and `V` may drop what it has for their sake. `progress` is called after each few
    /// hundred records and at the end.
    ///
    /// Others may read and write meanwhile. To them nothing changes: a record keeps its version and
    /// the time at which it ends, leaves no history, and watchers do not see it. What was rewritten
    /// stays so; after an error or a kill, another call goes on with the rest.
    ///
    /// ```
    /// use pickle_core::Pickle;
    /// use pickle_derive::Pickle;
    /// use pickle_store::Store;
    ///
    /// #[derive(Pickle)]
    /// # #[pickle(crate = pickle_core)]
    /// #[pickle(class = "shop.Order")]
    /// struct OrderOfLastYear { id: u32 }
    ///
    /// #[derive(Pickle)]
    /// # #[pickle(crate = pickle_core)]
    /// #[pickle(class = "shop.Order")]
    /// struct Order { id: u64, #[pickle(default)] note: String }
    ///
    /// let store = Store::builder("memory:").open()?;
    /// store.collection::<u8, OrderOfLastYear>("orders")?.put(&1, &OrderOfLastYear { id: 7 })?;
    /// let orders = store.collection::<u8, Order>("orders")?;
    /// assert_eq!(orders.migrate(|_| ())?.rewritten, 1);
    /// assert_eq!(orders.migrate(|_| ())?.rewritten, 0);
    /// assert_eq!(orders.get(&1)?.unwrap().id, 7);
    /// # Ok::<(), pickle_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`get`](Self::get) for the first record that does not convert;
    /// [`NotUnique`](ErrorKind::NotUnique) when two of them have one key in a unique index now.
    pub fn migrate(&self, mut progress: impl FnMut(Migration)) -> Result<Migration> {
        span!(info, "migrate", collection = self.name());
        let inner = &self.store().inner;
        let current = Schema::of::<V>().fingerprint();
        let mut done = Migration::default();
        let (mut keys, mut bytes) = (Vec::new(), 0);
        for item in inner.engine().scan(KeyRange::prefix(self.space()), Order::Ascending)? {
            let (key, record) = item?;
            done.seen += 1;
            let decoded = Record::decode(&key, &record).map_err(|error| self.at(error, &key))?;
            if decoded.fingerprint() != Some(current) && inner.is_current(&decoded) {
                keys.push(key.to_vec());
                bytes += record.len();
            }
            if keys.len() == RECORDS || bytes > BYTES {
                done.rewritten += self.rewrite(&std::mem::take(&mut keys), current)?;
                bytes = 0;
                progress(done);
            }
        }
        done.rewritten += self.rewrite(&keys, current)?;
        progress(done);
        Ok(done)
    }

    /// Rewrites the records of these keys, as far as they are still there and of another version.
    fn rewrite(&self, keys: &[Vec<u8>], current: u64) -> Result<u64> {
        let inner = &self.store().inner;
        for _ in 0..TRIES {
            let mut staged = Staged::rewriting();
            let mut expect = Vec::with_capacity(keys.len());
            for key in keys {
                let Some(bytes) = inner.engine().get(key)? else { continue };
                let at = |error| self.at(error, key);
                let record = Record::decode(key, &bytes).map_err(at)?;
                if record.fingerprint() == Some(current) {
                    continue;
                }
                let value: V = inner.value(&record).map_err(at)?;
                let mut with = self.with(&value).map_err(at)?;
                with.extra.expires = record.expires;
                inner
                    .stage_as(key.clone(), record.version, &value, with, &mut staged)
                    .map_err(at)?;
                expect.push(plan::seen(key, Some(&bytes)));
            }
            if inner.write(&expect, &mut staged)? == Applied::Committed {
                return Ok(expect.len() as u64);
            }
        }
        Err(Error::new(ErrorKind::Conflict).at_key(self.name()))
    }
}
