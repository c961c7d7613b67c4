//! The store for asynchronous tasks of tokio: the same calls, which run where they may block.
//!
//! ```
//! use pickle_store::Store;
//! use pickle_store::asynchronous::AsyncStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> pickle_store::Result<()> {
//! let store = AsyncStore::from(Store::builder("memory:").open()?);
//! let users = store.collection::<u64, String>("users").await?;
//! let mut changes = users.watch().await?;
//! users.put(&7, "ann".to_owned()).await?;
//! users.update(&7, |name| name.push('a')).await?;
//! assert_eq!(users.get(&7).await?.as_deref(), Some("anna"));
//! assert_eq!(changes.next().await.unwrap()?.key, 7);
//! # Ok(())
//! # }
//! ```
//!
//! What there is no call for here, such as indexes and scans, goes through
//! [`AsyncStore::run`] and [`AsyncCollection::run`], with all that the blocking store can do.
//!
//! A future that is dropped does not take back its call: a write that has begun is made.

use std::path::PathBuf;
use std::time::Duration;

use pickle_core::{Pickle, UnpickleOwned};

use crate::builder::Builder;
use crate::collection::Collection;
use crate::error::{Error, Result};
use crate::key::{AsKey, EncodedKey, Key, KeyBounds, ToKey};
use crate::record::Version;
use crate::report::{Report, Stats};
use crate::store::Store;
use crate::transaction::Transaction;
use crate::watch::{Change, RecordKey, Watch};

/// Runs a call that may block.
pub(crate) async fn blocking<R: Send + 'static, E: Send + 'static>(
    call: impl FnOnce() -> Result<R, E> + Send + 'static,
) -> Result<R, E> {
    match tokio::task::spawn_blocking(call).await {
        Ok(result) => result,
        // The runtime is shutting down only when all its tasks are, this one among them.
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => std::future::pending().await,
        },
    }
}

/// A [`Store`] for asynchronous tasks. Cloning gives another handle to the same store.
#[derive(Clone)]
pub struct AsyncStore(Store);

impl From<Store> for AsyncStore {
    fn from(store: Store) -> Self {
        Self(store)
    }
}

impl AsyncStore {
    /// As [`Store::open`].
    ///
    /// # Errors
    /// As there.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        blocking(move || Store::open(path).map(Self)).await
    }

    /// As [`Builder::open`].
    ///
    /// # Errors
    /// As there.
    pub async fn build(builder: Builder) -> Result<Self> {
        blocking(move || builder.open().map(Self)).await
    }

    /// The store, for calls that may block.
    pub fn blocking(&self) -> &Store {
        &self.0
    }

    /// Runs any work with the store where it may block.
    ///
    /// # Errors
    /// Those of the work.
    pub async fn run<R: Send + 'static, E: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E> {
        let store = self.0.clone();
        blocking(move || work(&store)).await
    }

    /// As [`Store::put`].
    ///
    /// # Errors
    /// As there.
    pub async fn put<V: Pickle + Send + 'static>(
        &self,
        key: impl ToKey + Send + 'static,
        value: V,
    ) -> Result<()> {
        self.run(move |store| store.put(&key, &value)).await
    }

    /// As [`Store::put_with_ttl`].
    ///
    /// # Errors
    /// As there.
    pub async fn put_with_ttl<V: Pickle + Send + 'static>(
        &self,
        key: impl ToKey + Send + 'static,
        value: V,
        ttl: Duration,
    ) -> Result<()> {
        self.run(move |store| store.put_with_ttl(&key, &value, ttl)).await
    }

    /// As [`Store::get`].
    ///
    /// # Errors
    /// As there.
    pub async fn get<V: UnpickleOwned + Send + 'static>(
        &self,
        key: impl ToKey + Send + 'static,
    ) -> Result<Option<V>> {
        self.run(move |store| store.get(&key)).await
    }

    /// As [`Store::get_versioned`].
    ///
    /// # Errors
    /// As there.
    pub async fn get_versioned<V: UnpickleOwned + Send + 'static>(
        &self,
        key: impl ToKey + Send + 'static,
    ) -> Result<Option<(Version, V)>> {
        self.run(move |store| store.get_versioned(&key)).await
    }

    /// As [`Store::put_if`].
    ///
    /// # Errors
    /// As there.
    pub async fn put_if<V: Pickle + Send + 'static>(
        &self,
        key: impl ToKey + Send + 'static,
        expected: Option<Version>,
        value: V,
    ) -> Result<Version> {
        self.run(move |store| store.put_if(&key, expected, &value)).await
    }

    /// As [`Store::update`]. The closure runs where it may block.
    ///
    /// # Errors
    /// As there.
    pub async fn update<V: Pickle + UnpickleOwned + 'static, R: Send + 'static>(
        &self,
        key: impl ToKey + Send + 'static,
        change: impl FnMut(&mut V) -> R + Send + 'static,
    ) -> Result<Option<R>> {
        self.run(move |store| store.update(&key, change)).await
    }

    /// As [`Store::remove`].
    ///
    /// # Errors
    /// As there.
    pub async fn remove(&self, key: impl ToKey + Send + 'static) -> Result<bool> {
        self.run(move |store| store.remove(&key)).await
    }

    /// As [`Store::contains`].
    ///
    /// # Errors
    /// As there.
    pub async fn contains(&self, key: impl ToKey + Send + 'static) -> Result<bool> {
        self.run(move |store| store.contains(&key)).await
    }

    /// As [`Store::collection`].
    ///
    /// # Errors
    /// As there.
    pub async fn collection<K: Key + 'static, V: 'static>(
        &self,
        name: &str,
    ) -> Result<AsyncCollection<K, V>> {
        let name = name.to_owned();
        self.run(move |store| store.collection(&name).map(AsyncCollection)).await
    }

    /// As [`Store::transaction`]. The closure runs where it may block.
    ///
    /// # Errors
    /// As there.
    pub async fn transaction<R: Send + 'static, E: From<Error> + Send + 'static>(
        &self,
        run: impl FnMut(&mut Transaction<'_>) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E> {
        self.run(move |store| store.transaction(run)).await
    }

    /// As [`Store::watch_all`].
    ///
    /// # Errors
    /// As there.
    pub async fn watch_all(&self) -> Result<AsyncWatch<RecordKey>> {
        self.run(|store| store.watch_all().map(AsyncWatch)).await
    }

    /// As [`Store::sweep_expired`].
    ///
    /// # Errors
    /// As there.
    pub async fn sweep_expired(&self) -> Result<u64> {
        self.run(Store::sweep_expired).await
    }

    /// As [`Store::verify`].
    ///
    /// # Errors
    /// As there.
    pub async fn verify(&self) -> Result<Report> {
        self.run(Store::verify).await
    }

    /// As [`Store::stats`].
    ///
    /// # Errors
    /// As there.
    pub async fn stats(&self) -> Result<Stats> {
        self.run(Store::stats).await
    }

    /// As [`Store::compact`].
    ///
    /// # Errors
    /// As there.
    pub async fn compact(&self) -> Result<()> {
        self.run(Store::compact).await
    }

    /// As [`Store::sync`].
    ///
    /// # Errors
    /// As there.
    pub async fn sync(&self) -> Result<()> {
        self.run(Store::sync).await
    }
}

/// A [`Collection`] for asynchronous tasks.
pub struct AsyncCollection<K, V>(Collection<K, V>);

impl<K, V> Clone for AsyncCollection<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K, V> From<Collection<K, V>> for AsyncCollection<K, V> {
    fn from(collection: Collection<K, V>) -> Self {
        Self(collection)
    }
}

impl<K: Key + 'static, V: 'static> AsyncCollection<K, V> {
    /// The collection, for calls that may block.
    pub fn blocking(&self) -> &Collection<K, V> {
        &self.0
    }

    /// Runs any work with the collection where it may block.
    ///
    /// ```
    /// # use pickle_store::{Result, Store, asynchronous::AsyncStore};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// # let store = AsyncStore::from(Store::builder("memory:").open()?);
    /// let scores = store.collection::<String, u32>("scores").await?;
    /// scores.put("ann", 3).await?;
    /// let all = scores.run(|scores| scores.iter()?.collect::<Result<Vec<_>>>()).await?;
    /// assert_eq!(all, [("ann".to_owned(), 3)]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of the work.
    pub async fn run<R: Send + 'static, E: Send + 'static>(
        &self,
        work: impl FnOnce(&Collection<K, V>) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E> {
        let collection = self.0.clone();
        blocking(move || work(&collection)).await
    }

    /// A key that can be sent to where the call runs.
    fn owned(&self, key: &(impl AsKey<K> + ?Sized)) -> EncodedKey {
        EncodedKey::new(self.0.encode(key).split_off(self.0.space().len()))
    }

    /// As [`Collection::remove`].
    ///
    /// # Errors
    /// As there.
    pub async fn remove(&self, key: &(impl AsKey<K> + ?Sized)) -> Result<bool> {
        let key = self.owned(key);
        self.run(move |collection| collection.remove(&key)).await
    }

    /// As [`Collection::contains`].
    ///
    /// # Errors
    /// As there.
    pub async fn contains(&self, key: &(impl AsKey<K> + ?Sized)) -> Result<bool> {
        let key = self.owned(key);
        self.run(move |collection| collection.contains(&key)).await
    }

    /// As [`Collection::len`].
    ///
    /// # Errors
    /// As there.
    pub async fn len(&self) -> Result<u64> {
        self.run(Collection::len).await
    }

    /// As [`Collection::is_empty`].
    ///
    /// # Errors
    /// As there.
    pub async fn is_empty(&self) -> Result<bool> {
        self.run(Collection::is_empty).await
    }

    /// As [`Collection::watch`].
    ///
    /// # Errors
    /// As there.
    pub async fn watch(&self) -> Result<AsyncWatch<K>> {
        self.run(|collection| collection.watch().map(AsyncWatch)).await
    }
}

impl<K: Key + 'static, V: Pickle + Send + 'static> AsyncCollection<K, V> {
    /// As [`Collection::put`].
    ///
    /// # Errors
    /// As there.
    pub async fn put(&self, key: &(impl AsKey<K> + ?Sized), value: V) -> Result<()> {
        let key = self.owned(key);
        self.run(move |collection| collection.put(&key, &value)).await
    }

    /// As [`Collection::put_with_ttl`].
    ///
    /// # Errors
    /// As there.
    pub async fn put_with_ttl(
        &self,
        key: &(impl AsKey<K> + ?Sized),
        value: V,
        ttl: Duration,
    ) -> Result<()> {
        let key = self.owned(key);
        self.run(move |collection| collection.put_with_ttl(&key, &value, ttl)).await
    }

    /// As [`Collection::put_if`].
    ///
    /// # Errors
    /// As there.
    pub async fn put_if(
        &self,
        key: &(impl AsKey<K> + ?Sized),
        expected: Option<Version>,
        value: V,
    ) -> Result<Version> {
        let key = self.owned(key);
        self.run(move |collection| collection.put_if(&key, expected, &value)).await
    }
}

impl<K: Key + Send + 'static, V: UnpickleOwned + Send + 'static> AsyncCollection<K, V> {
    /// As [`Collection::get`].
    ///
    /// # Errors
    /// As there.
    pub async fn get(&self, key: &(impl AsKey<K> + ?Sized)) -> Result<Option<V>> {
        Ok(self.get_versioned(key).await?.map(|(_, value)| value))
    }

    /// As [`Collection::get_versioned`].
    ///
    /// # Errors
    /// As there.
    pub async fn get_versioned(
        &self,
        key: &(impl AsKey<K> + ?Sized),
    ) -> Result<Option<(Version, V)>> {
        let key = self.owned(key);
        self.run(move |collection| collection.get_versioned(&key)).await
    }

    /// As [`Collection::first`].
    ///
    /// # Errors
    /// As there.
    pub async fn first(&self) -> Result<Option<(K, V)>> {
        self.run(Collection::first).await
    }

    /// As [`Collection::last`].
    ///
    /// # Errors
    /// As there.
    pub async fn last(&self) -> Result<Option<(K, V)>> {
        self.run(Collection::last).await
    }

    /// The first `most` records of a range; see [`Collection::range`].
    ///
    /// # Errors
    /// As there, and as [`get`](Self::get).
    pub async fn range(
        &self,
        range: impl KeyBounds<K> + Send + 'static,
        most: usize,
    ) -> Result<Vec<(K, V)>> {
        self.run(move |collection| collection.range(range)?.take(most).collect()).await
    }

    /// The first `most` records that have a key in an index; see
    /// [`Index::find`](crate::Index::find).
    ///
    /// # Errors
    /// As there, and as [`get`](Self::get).
    pub async fn find<I: Key + 'static>(
        &self,
        index: &str,
        key: impl AsKey<I> + Send + 'static,
        most: usize,
    ) -> Result<Vec<(K, V)>> {
        let index = index.to_owned();
        self.run(move |collection| collection.index::<I>(&index)?.find(&key)?.take(most).collect())
            .await
    }
}

impl<K: Key + 'static, V: Pickle + UnpickleOwned + Send + 'static> AsyncCollection<K, V> {
    /// As [`Collection::update`]. The closure runs where it may block.
    ///
    /// # Errors
    /// As there.
    pub async fn update<R: Send + 'static>(
        &self,
        key: &(impl AsKey<K> + ?Sized),
        change: impl FnMut(&mut V) -> R + Send + 'static,
    ) -> Result<Option<R>> {
        let key = self.owned(key);
        self.run(move |collection| collection.update(&key, change)).await
    }
}

/// A [`Watch`] for asynchronous tasks. Waiting takes no thread.
pub struct AsyncWatch<K>(Watch<K>);

impl<K> From<Watch<K>> for AsyncWatch<K> {
    fn from(watch: Watch<K>) -> Self {
        Self(watch)
    }
}

impl<K> AsyncWatch<K> {
    /// The next change; none when the store was closed. The future may be dropped: no change is
    /// lost by that.
    ///
    /// # Errors
    /// As [`Watch::next_within`], `Lagged` among them; the watch goes on behind it.
    pub async fn next(&mut self) -> Option<Result<Change<K>>> {
        self.0.next_change().await.transpose()
    }

    /// As [`Watch::resume_from`].
    pub fn resume_from(self, sequence: u64) -> Self {
        Self(self.0.resume_from(sequence))
    }

    /// As [`Watch::position`].
    pub fn position(&self) -> u64 {
        self.0.position()
    }
}
