//! [`Store`]: objects by key.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use pickle_core::{Pickle, Pickler, Schema, SchemaMode, UnpickleOwned, loads};

use crate::batch::Batch;
use crate::collection::Collection;
use crate::commit::Commits;
use crate::engine::{Applied, Bytes, Engine, Expect, Memory, Op, Sled};
use crate::error::{Error, ErrorKind, Result};
use crate::folder::Folder;
use crate::iter::{Entries, Keys, RawEntries};
use crate::key::{Key, LoadKey};
use crate::record::{self, Content, Record};
use crate::space::{META, Space};

/// Keeps objects by key in a database on disk.
///
/// Any type with `#[derive(Pickle)]` can be stored; any [`Key`] is a key. A store is cheap to clone,
/// and may be used from many threads: all clones are the same store.
///
/// When a method that writes has returned, what it wrote is on disk: it survives the end of the
/// process and the loss of power.
///
/// ```
/// use pickle_store::Store;
///
/// let store = Store::temporary()?;
/// store.put("alice", &("Alice".to_owned(), 37_u8))?;
/// let alice: Option<(String, u8)> = store.get("alice")?;
/// assert_eq!(alice, Some(("Alice".to_owned(), 37)));
/// assert!(!store.contains("bob")?);
/// # Ok::<(), pickle_store::Error>(())
/// ```
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Box<dyn Engine>,
    commits: Commits,
    writer: Mutex<Writer>,
    /// Fingerprints of the types whose schemas are stored.
    types: RwLock<HashSet<u64>>,
    // Dropped after the engine, in this order.
    _folder: Option<Folder>,
    _temporary: Option<tempfile::TempDir>,
}

/// What those who write take turns with.
#[derive(Clone, Copy)]
struct Writer {
    next_version: u64,
    /// Versions below this one are reserved on disk.
    reserved: u64,
    /// Whether the store has ever held a value in chunks.
    has_chunks: bool,
}

/// What the engine is to do for some changes, and what is so once it has.
struct Plan {
    ops: Vec<Op>,
    writer: Writer,
    /// Types that were not stored before.
    types: Vec<u64>,
}

/// Versions that are reserved at once. Some are lost when the store closes.
const RESERVE: u64 = 1 << 20;

/// One changed object.
pub(crate) struct Change {
    pub(crate) key: Bytes,
    /// Its pickle; nothing when it is removed.
    pub(crate) value: Option<Pickled>,
}

/// A pickle without its schema, and where that is to be had.
pub(crate) struct Pickled {
    bytes: Bytes,
    fingerprint: u64,
    schema: fn() -> Schema,
}

impl Pickled {
    pub(crate) fn of<T: Pickle + ?Sized>(value: &T) -> Result<Self> {
        let mut bytes = Vec::new();
        Pickler::new(&mut bytes).schema(SchemaMode::Omit).dump(value)?;
        let fingerprint = Schema::fingerprint_in(&bytes)?;
        Ok(Self { bytes, fingerprint, schema: Schema::of::<T> })
    }
}

impl Store {
    /// Opens the store in a folder, or creates it.
    ///
    /// ```
    /// # let folder = std::env::temp_dir().join("pickle-store-doc-open");
    /// use pickle_store::Store;
    ///
    /// let store = Store::open(&folder)?;
    /// store.put("visits", &1_u64)?;
    /// drop(store);
    /// assert_eq!(Store::open(&folder)?.get::<u64>("visits")?, Some(1));
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok::<(), pickle_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Locked`] when it is open already, in this or another process;
    /// [`ErrorKind::Corrupt`] when the database is damaged, or empty where it must not be.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let folder = Folder::lock(path.as_ref())?;
        let is_marked = folder.is_marked()?;
        let engine = Sled::open(path.as_ref())?;
        let is_empty = engine.get(&meta(FORMAT))?.is_none();
        if is_marked && is_empty {
            return Err(Error::corrupt("the database came up empty, and was not"));
        }
        let store = Self::over(Box::new(engine), Some(folder), None)?;
        if let (false, Some(folder)) = (is_marked, &store.inner._folder) {
            folder.mark()?;
        }
        Ok(store)
    }

    /// A store on disk that is removed when its last clone is dropped.
    ///
    /// # Errors
    /// When no folder can be created.
    pub fn temporary() -> Result<Self> {
        let temporary = tempfile::TempDir::with_prefix("pickle-store-")?;
        let engine = Sled::open(temporary.path())?;
        Self::over(Box::new(engine), None, Some(temporary))
    }

    /// A store in memory.
    ///
    /// # Errors
    /// None so far.
    pub fn memory() -> Result<Self> {
        Self::with_engine(Memory::default())
    }

    /// A store over an engine of the caller's.
    ///
    /// # Errors
    /// When the engine holds something else, or fails.
    pub fn with_engine(engine: impl Engine + 'static) -> Result<Self> {
        Self::over(Box::new(engine), None, None)
    }

    fn over(
        engine: Box<dyn Engine>,
        folder: Option<Folder>,
        temporary: Option<tempfile::TempDir>,
    ) -> Result<Self> {
        match engine.get(&meta(FORMAT))?.as_deref() {
            Some(VERSION) => {}
            Some(other) => {
                let what = format!("a store of format {}", String::from_utf8_lossy(other));
                return Err(Error::new(ErrorKind::Unsupported { what }));
            }
            None => {
                engine.apply(&[], vec![Op::Put(meta(FORMAT), VERSION.to_vec())])?;
                engine.sync()?;
            }
        }
        let reserved = match engine.get(&meta(NEXT))? {
            None => 1,
            Some(bytes) => match <[u8; 8]>::try_from(bytes) {
                Ok(bytes) => u64::from_le_bytes(bytes),
                Err(_) => return Err(Error::corrupt("the version counter is no number")),
            },
        };
        let has_chunks = engine.get(&meta(CHUNKS))?.is_some();
        let writer = Mutex::new(Writer { next_version: reserved, reserved, has_chunks });
        let inner = Inner {
            engine,
            commits: Commits::default(),
            writer,
            types: RwLock::default(),
            _folder: folder,
            _temporary: temporary,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Stores an object. One that is there already is replaced.
    ///
    /// # Errors
    /// When the object cannot be pickled, the key is too large, or the disk fails.
    pub fn put<T: Pickle + ?Sized>(&self, key: &(impl Key + ?Sized), value: &T) -> Result<()> {
        let key = Space::default().key(key);
        let value = Pickled::of(value).map_err(|error| error.of_key(&key))?;
        self.commit(vec![Change { key, value: Some(value) }])
    }

    /// Loads an object; nothing where there is none.
    ///
    /// # Errors
    /// [`ErrorKind::TypeMismatch`] when it is of another type, [`ErrorKind::Corrupt`] when what is
    /// on disk is not what was written.
    pub fn get<T: UnpickleOwned>(&self, key: &(impl Key + ?Sized)) -> Result<Option<T>> {
        self.load(&Space::default().key(key))
    }

    /// Removes an object. Tells whether there was one.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn remove(&self, key: &(impl Key + ?Sized)) -> Result<bool> {
        self.remove_raw(Space::default().key(key))
    }

    /// Whether there is an object.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn contains(&self, key: &(impl Key + ?Sized)) -> Result<bool> {
        self.contains_raw(&Space::default().key(key))
    }

    /// The keys, in order. Those of collections are not among them.
    ///
    /// ```
    /// # let store = pickle_store::Store::temporary()?;
    /// store.put("b", &2_u8)?;
    /// store.put("a", &1_u8)?;
    /// let keys: Vec<String> = store.keys()?.collect::<Result<_, _>>()?;
    /// assert_eq!(keys, ["a", "b"]);
    /// # Ok::<(), pickle_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the disk fails; for each key that is no `K`.
    pub fn keys<K: LoadKey>(&self) -> Result<Keys<'_, K>> {
        Ok(Keys::new(self.raw()))
    }

    /// How many objects there are. Those of collections are not counted.
    ///
    /// Takes time in proportion to that.
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

    /// Keys and objects, in the order of the keys, from both ends.
    ///
    /// # Errors
    /// When the disk fails; for each entry that is no `K` and `T`.
    pub fn iter<K: LoadKey, T: UnpickleOwned>(&self) -> Result<Entries<'_, K, T>> {
        Ok(Entries::new(self.raw()))
    }

    /// A named collection of objects of one type, under keys of one type. It exists as soon as
    /// there is something in it.
    ///
    /// ```
    /// use pickle_store::Collection;
    /// # let store = pickle_store::Store::temporary()?;
    /// let squares: Collection<u32, u64> = store.collection("squares")?;
    /// for number in 1..=10 {
    ///     squares.put(&number, &u64::from(number * number))?;
    /// }
    /// let some = squares.range(3..5)?.collect::<Result<Vec<_>, _>>()?;
    /// assert_eq!(some, [(3, 9), (4, 16)]);
    /// # Ok::<(), pickle_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the name is empty.
    pub fn collection<K: Key, V>(&self, name: &str) -> Result<Collection<K, V>> {
        if name.is_empty() {
            let what = "a collection needs a name".to_owned();
            return Err(Error::new(ErrorKind::Unsupported { what }));
        }
        Ok(Collection::new(self.clone(), Space::named(name)))
    }

    /// Starts a batch: changes that are made together or not at all.
    ///
    /// ```
    /// # let store = pickle_store::Store::temporary()?;
    /// store.put("draft", &1_u8)?;
    /// store.batch().put("final", &2_u8)?.remove("draft").commit()?;
    /// assert_eq!((store.get("draft")?, store.get("final")?), (None::<u8>, Some(2_u8)));
    /// # Ok::<(), pickle_store::Error>(())
    /// ```
    pub fn batch(&self) -> Batch<'_> {
        Batch::new(self)
    }

    /// Brings everything to disk. Writing does so already; this is for peace of mind.
    ///
    /// # Errors
    /// When that is not known for sure. From then on nothing can be written.
    pub fn sync(&self) -> Result<()> {
        let number = self.inner.commits.made();
        self.inner.commits.sync(number, &*self.inner.engine)
    }

    pub(crate) fn engine(&self) -> &dyn Engine {
        &*self.inner.engine
    }

    fn raw(&self) -> RawEntries<'_> {
        let space = Space::default();
        let range = space.all();
        RawEntries::new(self, space, range)
    }

    pub(crate) fn contains_raw(&self, key: &[u8]) -> Result<bool> {
        Ok(self.inner.engine.get(key)?.is_some())
    }

    pub(crate) fn remove_raw(&self, key: Bytes) -> Result<bool> {
        let is_there = self.contains_raw(&key)?;
        if is_there {
            self.commit(vec![Change { key, value: None }])?;
        }
        Ok(is_there)
    }

    /// Loads the object under a key of the engine's.
    pub(crate) fn load<T: UnpickleOwned>(&self, key: &[u8]) -> Result<Option<T>> {
        match self.inner.engine.get(key)? {
            None => Ok(None),
            Some(bytes) => self.load_record(key, bytes),
        }
    }

    /// Loads the object in a record that was read under a key; nothing if it was removed since.
    pub(crate) fn load_record<T: UnpickleOwned>(
        &self,
        key: &[u8],
        bytes: Bytes,
    ) -> Result<Option<T>> {
        self.pickle_in(key, bytes)
            .and_then(|pickle| pickle.map(|pickle| self.loads(&pickle)).transpose())
            .map_err(|error| error.of_key(key))
    }

    /// The pickle in a record, its chunks put together.
    fn pickle_in(&self, key: &[u8], mut bytes: Bytes) -> Result<Option<Bytes>> {
        loop {
            let record = record::decode(key, &bytes)?;
            let chunks = match record.content {
                Content::Whole(pickle) => {
                    let start = bytes.len() - pickle.len();
                    return Ok(Some(bytes.split_off(start)));
                }
                Content::Chunks(chunks) => chunks,
            };
            let version = record.version;
            match self.chunks(key, version, chunks) {
                Ok(pickle) => return Ok(Some(pickle)),
                // Unless the record was replaced since it was read, chunks are really missing.
                Err(error) => match self.inner.engine.get(key)? {
                    None => return Ok(None),
                    Some(again) if again == bytes => return Err(error),
                    Some(again) => bytes = again,
                },
            }
        }
    }

    fn chunks(&self, key: &[u8], version: u64, count: u32) -> Result<Bytes> {
        let mut pickle = Vec::new();
        for number in 0..count {
            let key = Space::chunk(key, number);
            let Some(bytes) = self.inner.engine.get(&key)? else {
                return Err(Error::corrupt(format!("chunk {number} of {count} is missing")));
            };
            match record::decode(&key, &bytes)? {
                Record { version: own, content: Content::Whole(chunk) } if own == version => {
                    pickle.extend_from_slice(chunk);
                }
                _ => return Err(Error::corrupt(format!("chunk {number} of {count} is another's"))),
            }
        }
        Ok(pickle)
    }

    fn loads<T: UnpickleOwned>(&self, pickle: &[u8]) -> Result<T> {
        loads(pickle).map_err(|error| match error.kind() {
            pickle_core::ErrorKind::TypeMismatch { asked, .. } => {
                let asked = asked.clone();
                match self.stored_type(pickle) {
                    Ok(stored) => Error::new(ErrorKind::TypeMismatch { stored, asked }),
                    Err(error) => error,
                }
            }
            _ => error.into(),
        })
    }

    /// The name of the type that was pickled.
    #[cold]
    fn stored_type(&self, pickle: &[u8]) -> Result<String> {
        let fingerprint = Schema::fingerprint_in(pickle)?;
        match self.inner.engine.get(&schema_key(fingerprint))? {
            Some(bytes) => Ok(Schema::from_bytes(&bytes)?.to_string()),
            None => Ok(format!("an unknown one with fingerprint {fingerprint:016x}")),
        }
    }

    /// Makes changes, all or none, and waits until they are on disk.
    pub(crate) fn commit(&self, changes: Vec<Change>) -> Result<()> {
        match self.commit_if(&[], changes)? {
            Applied::Yes => Ok(()),
            Applied::Conflict => unreachable!("nothing was expected"),
        }
    }

    /// Makes changes if all that is expected is so.
    pub(crate) fn commit_if(&self, expect: &[Expect], changes: Vec<Change>) -> Result<Applied> {
        let limits = self.inner.engine.limits();
        for change in &changes {
            // Chunks have longer keys.
            let (size, limit) = (change.key.len(), limits.key - Space::CHUNK);
            if size > limit {
                let error = Error::new(ErrorKind::TooLarge { size, limit });
                return Err(error.of_key(&change.key[..100]));
            }
        }
        self.inner.commits.check()?;
        let mut writer = self.writer();
        let plan = self.plan(*writer, changes)?;
        let applied = self.inner.engine.apply(expect, plan.ops);
        match applied {
            Ok(Applied::Yes) => {}
            Ok(Applied::Conflict) => return Ok(Applied::Conflict),
            Err(error) => {
                self.inner.commits.poison(&error);
                return Err(error);
            }
        }
        *writer = plan.writer;
        if !plan.types.is_empty() {
            let mut types = self.inner.types.write().unwrap_or_else(PoisonError::into_inner);
            types.extend(plan.types);
        }
        // Counted before others can write, so that no sync leaves it out.
        let number = self.inner.commits.made();
        drop(writer);
        self.inner.commits.sync(number, &*self.inner.engine)?;
        Ok(Applied::Yes)
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        // Nothing panics while the lock is held.
        self.inner.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn plan(&self, writer: Writer, changes: Vec<Change>) -> Result<Plan> {
        let version = writer.next_version;
        let mut plan = Plan { ops: Vec::with_capacity(changes.len()), writer, types: Vec::new() };
        plan.writer.next_version += 1;
        if version >= writer.reserved {
            plan.writer.reserved = version + RESERVE;
            let reserved = plan.writer.reserved.to_le_bytes().to_vec();
            plan.ops.push(Op::Put(meta(NEXT), reserved));
        }
        for Change { key, value } in changes {
            if writer.has_chunks {
                self.remove_chunks(&key, &mut plan.ops)?;
            }
            match value {
                None => plan.ops.push(Op::Remove(key)),
                Some(pickled) => {
                    self.describe(&pickled, &mut plan);
                    self.put_record(version, key, &pickled.bytes, &mut plan);
                }
            }
        }
        Ok(plan)
    }

    fn put_record(&self, version: u64, key: Bytes, pickle: &[u8], plan: &mut Plan) {
        // Room for a record's header.
        let most = self.inner.engine.limits().value - record::HEADER;
        if pickle.len() <= most {
            let record = Record { version, content: Content::Whole(pickle) };
            let bytes = record::encode(&key, record);
            return plan.ops.push(Op::Put(key, bytes));
        }
        if !plan.writer.has_chunks {
            plan.writer.has_chunks = true;
            plan.ops.push(Op::Put(meta(CHUNKS), Vec::new()));
        }
        let mut count = 0;
        for chunk in pickle.chunks(most) {
            let key = Space::chunk(&key, count);
            let record = Record { version, content: Content::Whole(chunk) };
            let bytes = record::encode(&key, record);
            plan.ops.push(Op::Put(key, bytes));
            count += 1;
        }
        let record = Record { version, content: Content::Chunks(count) };
        let bytes = record::encode(&key, record);
        plan.ops.push(Op::Put(key, bytes));
    }

    /// Removes the chunks of what is there.
    fn remove_chunks(&self, key: &[u8], ops: &mut Vec<Op>) -> Result<()> {
        let Some(bytes) = self.inner.engine.get(key)? else { return Ok(()) };
        // A damaged record may be replaced; its chunks, if any, stay.
        if let Ok(Record { content: Content::Chunks(count), .. }) = record::decode(key, &bytes) {
            ops.extend((0..count).map(|number| Op::Remove(Space::chunk(key, number))));
        }
        Ok(())
    }

    /// Stores the schema of a type that was not stored since the store was opened.
    fn describe(&self, pickled: &Pickled, plan: &mut Plan) {
        let fingerprint = pickled.fingerprint;
        let types = self.inner.types.read().unwrap_or_else(PoisonError::into_inner);
        if !types.contains(&fingerprint) && !plan.types.contains(&fingerprint) {
            plan.types.push(fingerprint);
            plan.ops.push(Op::Put(schema_key(fingerprint), (pickled.schema)().to_bytes()));
        }
    }
}

const FORMAT: &[u8] = b"format";
const VERSION: &[u8] = b"1";
const NEXT: &[u8] = b"next";
const CHUNKS: &[u8] = b"chunks";

fn meta(name: &[u8]) -> Bytes {
    [&[META], name].concat()
}

fn schema_key(fingerprint: u64) -> Bytes {
    [&meta(b"schema"), fingerprint.to_be_bytes().as_slice()].concat()
}
