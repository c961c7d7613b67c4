//! [`Collection`]: objects of one type under keys of one type.

use std::borrow::Borrow;
use std::marker::PhantomData;
use std::ops::RangeBounds;

use pickle_core::{Pickle, UnpickleOwned};

use crate::engine::{Applied, Expect};
use crate::error::{Error, ErrorKind, Result};
use crate::iter::{Entries, Keys, RawEntries};
use crate::key::{Key, LoadKey};
use crate::space::Space;
use crate::store::{Change, Pickled, Store};

/// How often an update is tried while others change the same object.
const TRIES: u32 = 1000;

/// Objects of type `V` under keys of type `K`, in the order of the keys. [`Store::collection`] gives
/// one; it is cheap to clone.
pub struct Collection<K, V> {
    store: Store,
    space: Space,
    _entry: Entry<K, V>,
}

/// Neither holds nor owns any.
type Entry<K, V> = PhantomData<fn(K, V) -> (K, V)>;

impl<K, V> Clone for Collection<K, V> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), space: self.space.clone(), _entry: PhantomData }
    }
}

impl<K, V> Collection<K, V> {
    pub(crate) fn new(store: Store, space: Space) -> Self {
        Self { store, space, _entry: PhantomData }
    }

    pub(crate) fn space(&self) -> &Space {
        &self.space
    }
}

impl<K: Key, V: Pickle> Collection<K, V> {
    /// Stores an object. One that is there already is replaced.
    ///
    /// # Errors
    /// As [`Store::put`].
    pub fn put<Q: Key + ?Sized>(&self, key: &Q, value: &V) -> Result<()>
    where
        K: Borrow<Q>,
    {
        let key = self.space.key(key);
        let value = Pickled::of(value).map_err(|error| error.of_key(&key))?;
        self.store.commit(vec![Change { key, value: Some(value) }])
    }
}

impl<K: Key, V> Collection<K, V> {
    /// Removes an object. Tells whether there was one.
    ///
    /// # Errors
    /// As [`Store::remove`].
    pub fn remove<Q: Key + ?Sized>(&self, key: &Q) -> Result<bool>
    where
        K: Borrow<Q>,
    {
        self.store.remove_raw(self.space.key(key))
    }

    /// Whether there is an object.
    ///
    /// # Errors
    /// As [`Store::contains`].
    pub fn contains<Q: Key + ?Sized>(&self, key: &Q) -> Result<bool>
    where
        K: Borrow<Q>,
    {
        self.store.contains_raw(&self.space.key(key))
    }

    /// How many objects there are. Takes time in proportion to that.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn len(&self) -> Result<usize> {
        self.raw().count_all()
    }

    /// Whether there are no objects.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.raw().next().transpose()?.is_none())
    }

    fn raw(&self) -> RawEntries<'_> {
        RawEntries::new(&self.store, self.space.clone(), self.space.all())
    }
}

impl<K: LoadKey, V> Collection<K, V> {
    /// The keys, in order, from both ends.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn keys(&self) -> Result<Keys<'_, K>> {
        Ok(Keys::new(self.raw()))
    }
}

impl<K: Key, V: UnpickleOwned> Collection<K, V> {
    /// Loads an object; nothing where there is none.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub fn get<Q: Key + ?Sized>(&self, key: &Q) -> Result<Option<V>>
    where
        K: Borrow<Q>,
    {
        self.store.load(&self.space.key(key))
    }

    /// Changes an object where it is: loads it, lets `change` at it, stores it. When others change it
    /// meanwhile, `change` runs again on what they made. Returns the changed object; nothing where
    /// there is none.
    ///
    /// ```
    /// # let store = pickle_store::Store::temporary()?;
    /// let visits = store.collection::<String, u32>("visits")?;
    /// visits.put("ann", &1)?;
    /// assert_eq!(visits.update("ann", |count| *count += 1)?, Some(2));
    /// assert_eq!(visits.update("bob", |count| *count += 1)?, None);
    /// # Ok::<(), pickle_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Store::get`] and [`Store::put`]; [`ErrorKind::Conflict`] after a thousand attempts.
    pub fn update<Q: Key + ?Sized>(
        &self,
        key: &Q,
        mut change: impl FnMut(&mut V),
    ) -> Result<Option<V>>
    where
        K: Borrow<Q>,
        V: Pickle,
    {
        let key = self.space.key(key);
        for _ in 0..TRIES {
            let Some(record) = self.store.engine().get(&key)? else { return Ok(None) };
            let expect = Expect { key: key.clone(), value: Some(record.clone()) };
            let Some(mut value) = self.store.load_record::<V>(&key, record)? else { continue };
            change(&mut value);
            let pickled = Pickled::of(&value).map_err(|error| error.of_key(&key))?;
            let changes = vec![Change { key: key.clone(), value: Some(pickled) }];
            if self.store.commit_if(&[expect], changes)? == Applied::Yes {
                return Ok(Some(value));
            }
        }
        Err(Error::new(ErrorKind::Conflict).of_key(&key))
    }
}

impl<K: LoadKey, V: UnpickleOwned> Collection<K, V> {
    /// Keys and objects, in the order of the keys, from both ends.
    ///
    /// # Errors
    /// When the disk fails, here or at an entry.
    pub fn iter(&self) -> Result<Entries<'_, K, V>> {
        Ok(Entries::new(self.raw()))
    }

    /// Keys and objects of a range.
    ///
    /// # Errors
    /// As [`iter`](Self::iter).
    pub fn range<Q: Key>(&self, range: impl RangeBounds<Q>) -> Result<Entries<'_, K, V>> {
        let range = self.space.range(&range);
        Ok(Entries::new(RawEntries::new(&self.store, self.space.clone(), range)))
    }

    /// Keys and objects whose keys begin alike: the first characters of a text, the first parts of
    /// a tuple.
    ///
    /// ```
    /// # let store = pickle_store::Store::temporary()?;
    /// let log = store.collection::<(String, u64), String>("log")?;
    /// log.put(&("disk".into(), 1), &"full".into())?;
    /// log.put(&("net".into(), 1), &"down".into())?;
    /// log.put(&("net".into(), 2), &"up".into())?;
    /// let net = log.prefix(&("net",))?.collect::<Result<Vec<_>, _>>()?;
    /// assert_eq!(net.len(), 2);
    /// # Ok::<(), pickle_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`iter`](Self::iter).
    pub fn prefix<Q: Key + ?Sized>(&self, prefix: &Q) -> Result<Entries<'_, K, V>> {
        let range = self.space.prefix(prefix);
        Ok(Entries::new(RawEntries::new(&self.store, self.space.clone(), range)))
    }

    /// The entry with the smallest key.
    ///
    /// # Errors
    /// As [`iter`](Self::iter).
    pub fn first(&self) -> Result<Option<(K, V)>> {
        self.iter()?.next().transpose()
    }

    /// The entry with the largest key.
    ///
    /// # Errors
    /// As [`iter`](Self::iter).
    pub fn last(&self) -> Result<Option<(K, V)>> {
        self.iter()?.next_back().transpose()
    }
}
