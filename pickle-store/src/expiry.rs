//! Records that end at a time: how they are written, and how they go.

use std::sync::Arc;
use std::time::Duration;

use pickle_core::Pickle;

use crate::batch::Batch;
use crate::catalog;
use crate::collection::Collection;
use crate::engine::{Applied, Op, Order};
use crate::error::Result;
use crate::inner::{Inner, With, at, object_key};
use crate::key::{AsKey, Key, ToKey};
use crate::plan::{self, Staged};
use crate::record;
use crate::space::{Space, declare};
use crate::store::Store;
use crate::trace::span;
use crate::transaction::{Transaction, TransactionCollection};

/// Records that a sweep removes at once.
const PAGE: usize = 256;

/// Records that a write with a time to live removes on the side: more than it adds, so that what
/// is past its time does not pile up where nobody sweeps.
const ASIDE: usize = 4;

impl Store {
    /// Stores a value that ends after a time: from then on it is as if it were removed.
    ///
    /// Reads look at the clock, so it ends on time. Its place on disk is given back by later
    /// writes with a time to live, or at once by [`sweep_expired`](Self::sweep_expired). Putting
    /// the value again by [`put`](Self::put) makes it stay.
    ///
    /// ```
    /// use std::time::Duration;
    /// use pickle_store::Store;
    /// let store = Store::builder("memory:").open()?;
    /// store.put_with_ttl("token", &"s3cret".to_owned(), Duration::from_secs(3600))?;
    /// store.put_with_ttl("gone", &"at once".to_owned(), Duration::ZERO)?;
    /// assert_eq!(store.keys()?.count(), 1);
    /// assert_eq!(store.get::<String>("gone")?, None);
    /// # Ok::<(), pickle_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn put_with_ttl<V: Pickle + ?Sized>(
        &self,
        key: &(impl ToKey + ?Sized),
        value: &V,
        ttl: Duration,
    ) -> Result<()> {
        let put = || {
            let with = self.inner.expiring(With::default(), &[catalog::OBJECTS], ttl)?;
            self.inner.put(object_key(key), value, with)?;
            self.inner.sweep(ASIDE)
        };
        put().map(drop).map_err(|error| at(error, key))
    }

    /// Removes all records that are past their time, those in collections as well; returns how
    /// many there were. Watchers see each as removed.
    ///
    /// # Errors
    /// When the engine fails. Some may be removed then.
    pub fn sweep_expired(&self) -> Result<u64> {
        span!(info, "sweep");
        let mut count = 0;
        loop {
            match self.inner.sweep(PAGE)? {
                0 => return Ok(count),
                swept => count += swept,
            }
        }
    }
}

impl<K: Key, V: Pickle> Collection<K, V> {
    /// Stores a value that ends after a time, as [`Store::put_with_ttl`]. It leaves no
    /// [history](Self::history).
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn put_with_ttl(
        &self,
        key: &(impl AsKey<K> + ?Sized),
        value: &V,
        ttl: Duration,
    ) -> Result<()> {
        let key = self.encode(key);
        let inner = &self.store().inner;
        let put = || {
            inner.put(key.clone(), value, self.expiring(value, ttl)?)?;
            inner.sweep(ASIDE)
        };
        put().map(drop).map_err(|error| self.at(error, &key))
    }

    /// What the record of a value that ends says besides it.
    pub(crate) fn expiring(&self, value: &V, ttl: Duration) -> Result<With> {
        self.store().inner.expiring(self.with(value)?, self.space(), ttl)
    }
}

impl Batch {
    /// Stores a value that ends after a time, as [`Store::put_with_ttl`]. The time begins now, not
    /// at the commit.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn put_with_ttl<V: Pickle + ?Sized>(
        &mut self,
        key: &(impl ToKey + ?Sized),
        value: &V,
        ttl: Duration,
    ) -> Result<&mut Self> {
        let with = self.inner().expiring(With::default(), &[catalog::OBJECTS], ttl);
        self.stage(object_key(key), value, with).map_err(|error| at(error, key))
    }

    /// Stores a value that ends after a time in a collection of the same store.
    ///
    /// # Errors
    /// As [`put_in`](Self::put_in).
    pub fn put_in_with_ttl<K: Key, V: Pickle>(
        &mut self,
        collection: &Collection<K, V>,
        key: &(impl AsKey<K> + ?Sized),
        value: &V,
        ttl: Duration,
    ) -> Result<&mut Self> {
        let key = collection.encode(key);
        let staged = self.stage(key.clone(), value, collection.expiring(value, ttl));
        staged.map_err(|error| collection.at(error, &key))
    }
}

impl Transaction<'_> {
    /// Stores a value that ends after a time, as [`Store::put_with_ttl`]. The time begins now, not
    /// at the commit.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn put_with_ttl<V: Pickle + ?Sized>(
        &mut self,
        key: &(impl ToKey + ?Sized),
        value: &V,
        ttl: Duration,
    ) -> Result<()> {
        let with = self.inner().expiring(With::default(), &[catalog::OBJECTS], ttl);
        self.write(object_key(key), value, with).map_err(|error| at(error, key))
    }
}

impl<K: Key, V: Pickle> TransactionCollection<'_, '_, K, V> {
    /// Stores a value that ends after a time, as [`Transaction::put_with_ttl`].
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn put_with_ttl(
        &mut self,
        key: &(impl AsKey<K> + ?Sized),
        value: &V,
        ttl: Duration,
    ) -> Result<()> {
        let with = self.collection().expiring(value, ttl);
        self.write(key, value, with)
    }
}

impl Inner {
    /// Adds the time at which a record ends.
    pub(crate) fn expiring(&self, mut with: With, space: &[u8], ttl: Duration) -> Result<With> {
        self.expect_expiry(space)?;
        let millis = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        with.extra.expires = Some(self.now().saturating_add(millis));
        Ok(with)
    }

    /// Makes all writes to a key space look after times to live from now on.
    fn expect_expiry(&self, prefix: &[u8]) -> Result<()> {
        if self.spaces.get(prefix).is_some_and(|space| space.declared.expires) {
            return Ok(());
        }
        let mut spaces = self.spaces.write();
        let mut space = spaces.get(prefix).map_or_else(Space::default, |space| Space::clone(space));
        space.declared.expires = true;
        let _ = self.engine().apply(&[], &[declare(prefix, &space.declared)?])?;
        spaces.insert(prefix.into(), Arc::new(space));
        Ok(())
    }

    /// Removes up to so many records that are past their time.
    pub(crate) fn sweep(&self, most: usize) -> Result<u64> {
        loop {
            let now = self.now();
            let (mut staged, mut expect, mut count) = (Staged::default(), Vec::new(), 0);
            let ended = self.engine().scan(catalog::expired(now), Order::Ascending)?;
            for item in ended.take(most) {
                let (at, _) = item?;
                let key = at.get(9..).unwrap_or_default();
                let found = self.engine().get(key)?;
                expect.push(plan::seen(key, found.as_deref()));
                let ends = found.map(|record| record::expires(key, &record)).transpose();
                match ends.ok().flatten().flatten() {
                    Some(ends) if ends <= now => {
                        staged.remove(key.to_vec());
                        count += 1;
                    }
                    // Left behind by a record that was damaged.
                    _ => staged.also(Op::Remove { key: at.to_vec() }),
                }
            }
            if self.write(&expect, &mut staged)? == Applied::Committed {
                return Ok(count);
            }
        }
    }
}
