//! The store: values of any type by keys of any type.

use std::path::Path;
use std::sync::Arc;

use pickle_core::{Pickle, UnpickleOwned};

use crate::batch::Batch;
use crate::builder::Builder;
use crate::catalog::{self, OBJECTS};
use crate::collection::Collection;
use crate::define::{Definition, Indexed};
use crate::engine::{Engine, Isolation, KeyRange};
use crate::error::{Error, Result};
use crate::inner::{Inner, Options, With, at, object_key};
use crate::iter::Iter;
use crate::key::{self, AnyKey, Key, KeyBounds, KeyDecoder, KeyEncoder, ToKey};
use crate::repair::Repair;
use crate::report::{Report, Stats};
use crate::trace::span;
use crate::transaction::Transaction;
use crate::watch::{Filter, RecordKey, Watch};

/// Pickled objects by key. Cloning gives another handle to the same store.
///
/// ```
/// use pickle_store::Store;
/// let store = Store::temporary()?;
/// store.put("alice", &("Alice".to_owned(), 30_u32))?;
/// store.put(&("scores", 7), &[1_u8, 2, 3])?;
/// assert_eq!(store.get::<(String, u32)>("alice")?, Some(("Alice".to_owned(), 30)));
/// assert!(store.contains(&("scores", 7))?);
/// assert!(store.remove("alice")?);
/// assert_eq!(store.len()?, 1);
/// # Ok::<(), pickle_store::Error>(())
/// ```
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

impl Store {
    /// Opens the store in a folder, over the default engine, or begins one there.
    ///
    /// # Errors
    /// [`Locked`](crate::ErrorKind::Locked) when it is open already, [`Corrupt`](crate::ErrorKind::Corrupt) when
    /// its files are damaged or missing.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Builder::sled(path.as_ref().to_owned()).open()
    }

    /// A store on disk whose files go when its last handle does.
    ///
    /// # Errors
    /// When the files cannot be made.
    pub fn temporary() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        Builder::sled(folder.path().join("store")).open_temporary(folder)
    }

    /// A store by engine and path, with everything optional: `"sled:path"`, `"redb:path"`,
    /// `"memory:"`.
    ///
    /// ```
    /// use pickle_store::{Durability, Store};
    /// let store = Store::builder("memory:").durability(Durability::Os).open()?;
    /// assert!(store.is_empty()?);
    /// # Ok::<(), pickle_store::Error>(())
    /// ```
    pub fn builder(url: &str) -> Builder {
        Builder::new(url)
    }

    /// A store over an engine of your own.
    ///
    /// # Errors
    /// When the engine fails, or holds anything but a store.
    pub fn with_engine(engine: impl Engine + 'static) -> Result<Self> {
        Self::over(Box::new(engine), Options::default(), None)
    }

    pub(crate) fn over(
        engine: Box<dyn Engine>,
        options: Options,
        folder: Option<tempfile::TempDir>,
    ) -> Result<Self> {
        Ok(Self { inner: Arc::new(Inner::open(engine, options, folder)?) })
    }

    /// Stores a value, in place of the one at the key.
    ///
    /// # Errors
    /// When the value cannot be pickled, is too large, or cannot be written.
    pub fn put<V: Pickle + ?Sized>(&self, key: &(impl ToKey + ?Sized), value: &V) -> Result<()> {
        self.inner.put(object_key(key), value, With::default()).map_err(|error| at(error, key))
    }

    /// Loads the value at a key, also one that another version of the type wrote.
    ///
    /// # Errors
    /// [`TypeMismatch`](crate::ErrorKind::TypeMismatch) when a value of another type is there,
    /// [`Corrupt`](crate::ErrorKind::Corrupt) when its bytes are damaged.
    pub fn get<V: UnpickleOwned>(&self, key: &(impl ToKey + ?Sized)) -> Result<Option<V>> {
        let found = self.inner.get(&object_key(key)).map_err(|error| at(error, key))?;
        Ok(found.map(|(_, value)| value))
    }

    /// Removes a key; returns whether it was there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remove(&self, key: &(impl ToKey + ?Sized)) -> Result<bool> {
        self.inner.remove(object_key(key)).map_err(|error| at(error, key))
    }

    /// Whether there is a value at a key.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn contains(&self, key: &(impl ToKey + ?Sized)) -> Result<bool> {
        self.inner.contains(&object_key(key)).map_err(|error| at(error, key))
    }

    /// The keys of the store, without those in collections.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn keys(&self) -> Result<Iter<'_, AnyKey>> {
        let decode = |key: &[u8], record: &[u8]| {
            let name = AnyKey::decode(&key[1..])?;
            match self.inner.is_live(key, record) {
                Ok(live) => Ok(live.then_some(name)),
                Err(error) => Err(error.at_key(name.quoted())),
            }
        };
        Ok(Iter::new(self.inner.engine(), KeyRange::prefix(&[OBJECTS]), decode))
    }

    /// All keys with their values, which are of type `V`. Those of another type are errors.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn iter<V: UnpickleOwned>(&self) -> Result<Iter<'_, (AnyKey, V)>> {
        let decode = |key: &[u8], value: &[u8]| {
            let name = AnyKey::decode(&key[1..])?;
            match self.inner.load(key, value) {
                Ok(found) => Ok(found.map(|(_, value)| (name, value))),
                Err(error) => Err(error.at_key(name.quoted())),
            }
        };
        Ok(Iter::new(self.inner.engine(), KeyRange::prefix(&[OBJECTS]), decode))
    }

    /// The keys of type `K` within a range, with their values.
    ///
    /// ```
    /// use pickle_store::Store;
    /// let store = Store::builder("memory:").open()?;
    /// for (name, age) in [("ann", 30_u8), ("bob", 40), ("eve", 50)] {
    ///     store.put(name, &age)?;
    /// }
    /// let some = store.range::<u8, String>("b".."f")?.rev().collect::<Result<Vec<_>, _>>()?;
    /// assert_eq!(some, [("eve".to_owned(), 50), ("bob".to_owned(), 40)]);
    /// # Ok::<(), pickle_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the engine fails.
    pub fn range<V: UnpickleOwned, K: Key>(
        &self,
        range: impl KeyBounds<K>,
    ) -> Result<Iter<'_, (K, V)>> {
        let (start, end) = range.encode_bounds(&|key| KeyEncoder::tagged(&[OBJECTS], key));
        let decode = |key: &[u8], value: &[u8]| {
            // Beyond an open end are keys of other types.
            let Ok(name) = KeyDecoder::tagged::<K>(&key[1..]) else { return Ok(None) };
            match self.inner.load(key, value) {
                Ok(found) => Ok(found.map(|(_, value)| (name, value))),
                Err(error) => Err(error.at_key(format_args!("{name:?}"))),
            }
        };
        Ok(Iter::new(self.inner.engine(), key::within(&[OBJECTS], start, end), decode))
    }

    /// How many keys there are, without those in collections. They are counted one by one.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn len(&self) -> Result<u64> {
        self.inner.count(&[OBJECTS])
    }

    /// Whether there are no keys, those in collections aside.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.keys()?.next().transpose()?.is_none())
    }

    /// The collection of a name, which is begun where there is none.
    ///
    /// # Errors
    /// [`TypeMismatch`](crate::ErrorKind::TypeMismatch) when its keys are of another type than `K`.
    pub fn collection<K: Key, V: 'static>(&self, name: &str) -> Result<Collection<K, V>> {
        let prefix = catalog::collection(self.inner.engine(), name, &K::kind())?;
        Ok(Collection::new(self.clone(), name, prefix))
    }

    /// A collection with what it has besides its records: indexes, history.
    ///
    /// ```
    /// use pickle_store::Store;
    /// let store = Store::builder("memory:").open()?;
    /// let users = store
    ///     .define::<u64, (String, u32)>("users")
    ///     .unique("by_name", |user| user.0.clone())
    ///     .open()?;
    /// users.put(&7, &("ann".to_owned(), 30))?;
    /// assert_eq!(users.index::<String>("by_name")?.get("ann")?.unwrap().0, 7);
    /// # Ok::<(), pickle_store::Error>(())
    /// ```
    pub fn define<K: Key, V: UnpickleOwned + 'static>(&self, name: &str) -> Definition<K, V> {
        Definition::new(self.clone(), name)
    }

    /// The collection of a name, with the indexes that the type of its values declares.
    ///
    /// # Errors
    /// As [`Definition::open`].
    pub fn indexed<K: Key, V: Indexed + UnpickleOwned + 'static>(
        &self,
        name: &str,
    ) -> Result<Collection<K, V>> {
        self.define(name).indexed().open()
    }

    /// Several writes that happen together or not at all.
    ///
    /// ```
    /// use pickle_store::Store;
    /// let store = Store::builder("memory:").open()?;
    /// store.put("old", &1_u8)?;
    /// store.batch().put("new", &1_u8)?.remove("old").commit()?;
    /// assert_eq!((store.get::<u8>("new")?, store.contains("old")?), (Some(1), false));
    /// # Ok::<(), pickle_store::Error>(())
    /// ```
    pub fn batch(&self) -> Batch {
        Batch::new(self.clone())
    }

    /// Reads and writes as if nobody else did meanwhile.
    ///
    /// The closure runs again when something it read was changed before it could commit, so it
    /// should do nothing but read and write. An error from it rolls back.
    ///
    /// ```
    /// use pickle_store::Store;
    /// let store = Store::builder("memory:").open()?;
    /// let accounts = store.collection::<String, i64>("accounts")?;
    /// accounts.put("ann", &10)?;
    /// accounts.put("bob", &0)?;
    /// store.transaction(|tx| {
    ///     let mut accounts = tx.collection(&accounts);
    ///     let (ann, bob) = (accounts.get("ann")?.unwrap(), accounts.get("bob")?.unwrap());
    ///     accounts.put("ann", &(ann - 7))?;
    ///     accounts.put("bob", &(bob + 7))
    /// })?;
    /// assert_eq!((accounts.get("ann")?, accounts.get("bob")?), (Some(3), Some(7)));
    /// # Ok::<(), pickle_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// The closure's; [`Conflict`](crate::ErrorKind::Conflict) when others were first each time.
    pub fn transaction<R, E: From<Error>>(
        &self,
        run: impl FnMut(&mut Transaction<'_>) -> Result<R, E>,
    ) -> Result<R, E> {
        crate::transaction::run(&self.inner, run)
    }

    /// The keys of the store, those in collections aside, as they are written from now on.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn watch(&self) -> Result<Watch<AnyKey>> {
        self.watch_by(Filter::Prefix(vec![OBJECTS]))
    }

    /// As [`watch`](Self::watch), beginning behind a change that was seen before; see
    /// [`Watch::resume_from`].
    ///
    /// # Errors
    /// When the engine fails.
    pub fn watch_from(&self, sequence: u64) -> Result<Watch<AnyKey>> {
        Ok(self.watch()?.resume_from(sequence))
    }

    /// One key of the store, as it is written from now on.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn watch_key(&self, key: &(impl ToKey + ?Sized)) -> Result<Watch<AnyKey>> {
        self.watch_by(Filter::Key(object_key(key)))
    }

    /// All keys, those in collections as well, as they are written from now on.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn watch_all(&self) -> Result<Watch<RecordKey>> {
        Watch::new(&self.inner, Filter::All, RecordKey::decode)
    }

    fn watch_by(&self, filter: Filter) -> Result<Watch<AnyKey>> {
        Watch::new(&self.inner, filter, |key| AnyKey::decode(&key[1..]))
    }

    /// Writes everything to a stream that any engine can [`import`](Self::import), while the store
    /// is in use. It is of one moment before it returns: what is written meanwhile is in it whole, or
    /// not at all. Times to live are exported as the times at which values end.
    ///
    /// # Errors
    /// When the engine or the writer fails.
    pub fn export(&self, mut writer: impl std::io::Write) -> Result<()> {
        span!(info, "export");
        crate::export::export(&self.inner, &mut writer)
    }

    /// Makes a store of an exported stream. There must be no store yet; one left by an import that
    /// did not end is begun anew.
    ///
    /// ```
    /// use pickle_store::Store;
    /// let store = Store::temporary()?;
    /// store.put("a", &1_u8)?;
    /// let mut stream = Vec::new();
    /// store.export(&mut stream)?;
    /// let copy = Store::import(stream.as_slice(), Store::builder("memory:"))?;
    /// assert_eq!(copy.get::<u8>("a")?, Some(1));
    /// # Ok::<(), pickle_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Corrupt`](crate::ErrorKind::Corrupt) when the stream is damaged or ends early. The store cannot
    /// be opened then.
    pub fn import(mut reader: impl std::io::Read, into: Builder) -> Result<Self> {
        span!(info, "import");
        into.import(&mut reader)
    }

    /// What iterators see of writes that are made while they run: on redb the records of one moment,
    /// on the default engine and in memory each record as it is when it is reached. A
    /// [`transaction`](Self::transaction) sees one moment on all of them.
    ///
    /// ```
    /// use pickle_store::{Isolation, Store};
    /// assert_eq!(Store::temporary()?.isolation(), Isolation::Record);
    /// # Ok::<(), pickle_store::Error>(())
    /// ```
    pub fn isolation(&self) -> Isolation {
        self.inner.engine().isolation()
    }

    /// Reads everything there is and reports what is damaged: bytes that are not as they were
    /// written, and records and indexes that do not agree.
    ///
    /// # Errors
    /// When the engine fails so that nothing more can be read.
    pub fn verify(&self) -> Result<Report> {
        span!(info, "verify");
        crate::report::verify(&self.inner)
    }

    /// Makes a store of what can be read of a damaged one, over the default engine. For another
    /// engine there is [`Builder::repair`].
    ///
    /// The files that are damaged are kept, in a folder beside the new ones; that of a store that
    /// cannot be read at all is left as it is.
    ///
    /// ```
    /// use pickle_store::Store;
    /// let folder = tempfile::tempdir()?;
    /// let store = Store::open(folder.path())?;
    /// store.put("a", &1_u8)?;
    /// drop(store);
    /// std::fs::remove_file(folder.path().join("manifest"))?;
    /// assert!(Store::open(folder.path()).is_err());
    ///
    /// let repair = Store::repair(folder.path())?;
    /// assert_eq!(repair.problems[0].to_string(), "corrupt store: the manifest is missing");
    /// assert_eq!(Store::open(folder.path())?.get::<u8>("a")?, Some(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Locked`](crate::ErrorKind::Locked) when it is open, [`Io`](crate::ErrorKind::Io) when there is nothing
    /// or the disk fails, [`Corrupt`](crate::ErrorKind::Corrupt) when nothing of it can be read.
    pub fn repair(path: impl AsRef<Path>) -> Result<Repair> {
        Builder::sled(path.as_ref().to_owned()).repair()
    }

    /// Counts and sizes. Everything is read for it.
    ///
    /// # Errors
    /// When the engine fails or something is damaged.
    pub fn stats(&self) -> Result<Stats> {
        crate::report::stats(&self.inner)
    }

    /// Gives back disk space where the engine can: the default one replaces its journals by a
    /// snapshot.
    ///
    /// # Errors
    /// When the disk fails. What is stored is as it was.
    pub fn compact(&self) -> Result<()> {
        span!(info, "compact");
        self.inner.engine().compact()
    }

    /// Returns when all writes that returned before are on disk, whatever the durability.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn sync(&self) -> Result<()> {
        span!(debug, "sync");
        self.inner.engine().sync()
    }
}
