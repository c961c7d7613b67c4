//! Declaring what a collection has besides its records: indexes and history.

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::sync::Arc;

use pickle_core::UnpickleOwned;

use crate::catalog;
use crate::collection::Collection;
use crate::engine::{Engine, KeyRange, Op, Order};
use crate::error::{Error, ErrorKind, Result};
use crate::inner::With;
use crate::key::{Key, KeyEncoder};
use crate::plan::{entry_key, entry_value, not_unique};
use crate::record::{self, Entry, Extra, Record};
use crate::space::{Declared, IndexInfo, Space, declare};
use crate::store::Store;
use crate::trace::span;

/// A type that says by which keys its values are to be found. [`Store::indexed`] opens
/// collections of them.
///
/// ```
/// use pickle_core::Pickle;
/// use pickle_derive::Pickle;
/// use pickle_store::{Indexed, Indexes, Store};
///
/// #[derive(Pickle)]
/// # #[pickle(crate = pickle_core)]
/// struct User {
///     email: String,
///     town: String,
///     tags: Vec<String>,
/// }
///
/// impl Indexed for User {
///     fn indexes(indexes: &mut Indexes<Self>) {
///         indexes
///             .unique("by_email", |user| user.email.clone())
///             .index("by_town", |user| user.town.clone())
///             .index_each("by_tag", |user| user.tags.clone());
///     }
/// }
///
/// let store = Store::builder("memory:").open()?;
/// let users = store.indexed::<u64, User>("users")?;
/// let ann = User { email: "ann@example.com".into(), town: "Bern".into(), tags: vec![] };
/// users.put(&7, &ann)?;
/// let (id, user) = users.index::<String>("by_email")?.get("ann@example.com")?.unwrap();
/// assert_eq!((id, user.town.as_str()), (7, "Bern"));
/// assert_eq!(
///     users.put(&8, &ann).unwrap_err().to_string(),
///     "another record has this key in the unique index `by_email` at key users[8]"
/// );
/// # Ok::<(), pickle_store::Error>(())
/// ```
pub trait Indexed: Sized {
    /// Declares the indexes.
    fn indexes(indexes: &mut Indexes<Self>);
}

/// The indexes of values of type `V`, as they are declared; for [`Indexed`].
///
/// The functions must return the same keys for the same value each time. Where what one returns is
/// changed, the index gets a new name, or is [rebuilt](Definition::rebuild).
pub struct Indexes<V> {
    list: Vec<Source<V>>,
}

struct Source<V> {
    name: String,
    kind: String,
    unique: bool,
    keys: Keys<V>,
}

/// From a value to its encoded keys in one index.
type Keys<V> = Arc<dyn Fn(&V) -> Vec<Vec<u8>> + Send + Sync>;

impl<V> Indexes<V> {
    /// An index by one key of each value.
    pub fn index<I: Key>(
        &mut self,
        name: &str,
        key: impl Fn(&V) -> I + Send + Sync + 'static,
    ) -> &mut Self {
        self.add(name, false, move |value| [key(value)])
    }

    /// An index by any number of keys of each value: none for `None`, several for a `Vec`.
    pub fn index_each<I: Key, L: IntoIterator<Item = I>>(
        &mut self,
        name: &str,
        keys: impl Fn(&V) -> L + Send + Sync + 'static,
    ) -> &mut Self {
        self.add(name, false, keys)
    }

    /// An index by a key that no two values share. Writing a second one is
    /// [`NotUnique`](ErrorKind::NotUnique).
    pub fn unique<I: Key>(
        &mut self,
        name: &str,
        key: impl Fn(&V) -> I + Send + Sync + 'static,
    ) -> &mut Self {
        self.add(name, true, move |value| [key(value)])
    }

    /// An index by any number of keys of each value, which no two values share.
    pub fn unique_each<I: Key, L: IntoIterator<Item = I>>(
        &mut self,
        name: &str,
        keys: impl Fn(&V) -> L + Send + Sync + 'static,
    ) -> &mut Self {
        self.add(name, true, keys)
    }

    fn add<I: Key, L: IntoIterator<Item = I>>(
        &mut self,
        name: &str,
        unique: bool,
        keys: impl Fn(&V) -> L + Send + Sync + 'static,
    ) -> &mut Self {
        let encode = move |value: &V| {
            keys(value).into_iter().map(|key| KeyEncoder::nested(&[], &key)).collect()
        };
        let (name, kind, keys) = (name.to_owned(), I::kind(), Arc::new(encode));
        self.list.push(Source { name, kind, unique, keys });
        self
    }
}

/// The functions behind the indexes of a collection, with their numbers.
struct Extractors<V>(Vec<(u32, Keys<V>)>);

impl<V> Extractors<V> {
    /// Where indexes list a value.
    fn entries(&self, value: &V) -> Vec<Entry> {
        let each = self.0.iter().flat_map(|(index, keys)| {
            keys(value).into_iter().map(|key| Entry { index: *index, key })
        });
        let mut entries: Vec<Entry> = each.collect();
        entries.sort();
        entries.dedup();
        entries
    }
}

/// What the record of a value says besides it, by the indexes that are declared.
pub(crate) fn entries<V: 'static>(space: &Space, value: &V) -> Result<With> {
    if space.declared.indexes.is_empty() {
        return Ok(With { generation: space.generation, ..With::default() });
    }
    let names = || space.index_names();
    let Some(extractors) = &space.extractors else {
        return Err(Error::unsupported(format!(
            "the collection has indexes ({}): declare them by `Store::define` before writing",
            names()
        )));
    };
    let Some(extractors) = extractors.downcast_ref::<Extractors<V>>() else {
        return Err(Error::unsupported(format!(
            "the indexes of the collection ({}) are declared for another type of values",
            names()
        )));
    };
    let extra = Extra { expires: None, entries: extractors.entries(value) };
    Ok(With { extra, generation: space.generation })
}

/// A collection about to be opened, with what it has besides its records; from [`Store::define`].
///
/// What is declared is kept in the store. Indexes are built for the records that are there, and
/// from then on each write keeps them, in the same atomic batch. A program that writes to a
/// collection with indexes must declare all of them first: their functions are in the program.
/// Reading and removing need no declaration.
///
/// While an index is built, other writes to the store wait. A build that is killed is begun anew
/// when the index is declared again.
#[must_use = "nothing is declared before `open`"]
pub struct Definition<K, V> {
    store: Store,
    name: String,
    indexes: Indexes<V>,
    history: Option<u32>,
    dropped: Vec<String>,
    rebuild: bool,
    types: PhantomData<fn() -> K>,
}

impl<K: Key, V: UnpickleOwned + 'static> Definition<K, V> {
    pub(crate) fn new(store: Store, name: &str) -> Self {
        Self {
            store,
            name: name.to_owned(),
            indexes: Indexes { list: Vec::new() },
            history: None,
            dropped: Vec::new(),
            rebuild: false,
            types: PhantomData,
        }
    }

    /// As [`Indexes::index`].
    pub fn index<I: Key>(
        mut self,
        name: &str,
        key: impl Fn(&V) -> I + Send + Sync + 'static,
    ) -> Self {
        self.indexes.index(name, key);
        self
    }

    /// As [`Indexes::index_each`].
    pub fn index_each<I: Key, L: IntoIterator<Item = I>>(
        mut self,
        name: &str,
        keys: impl Fn(&V) -> L + Send + Sync + 'static,
    ) -> Self {
        self.indexes.index_each(name, keys);
        self
    }

    /// As [`Indexes::unique`].
    pub fn unique<I: Key>(
        mut self,
        name: &str,
        key: impl Fn(&V) -> I + Send + Sync + 'static,
    ) -> Self {
        self.indexes.unique(name, key);
        self
    }

    /// As [`Indexes::unique_each`].
    pub fn unique_each<I: Key, L: IntoIterator<Item = I>>(
        mut self,
        name: &str,
        keys: impl Fn(&V) -> L + Send + Sync + 'static,
    ) -> Self {
        self.indexes.unique_each(name, keys);
        self
    }

    /// The indexes that the type declares.
    pub fn indexed(mut self) -> Self
    where
        V: Indexed,
    {
        V::indexes(&mut self.indexes);
        self
    }

    /// Drops an index that is not declared any more.
    pub fn drop_index(mut self, name: &str) -> Self {
        self.dropped.push(name.to_owned());
        self
    }

    /// Builds all indexes anew: their functions have changed.
    pub fn rebuild(mut self) -> Self {
        self.rebuild = true;
        self
    }

    /// Keeps so many earlier versions of each key from now on; see [`Collection::history`].
    /// None, the default of a collection, also drops those that were kept.
    pub fn history(mut self, versions: u32) -> Self {
        self.history = Some(versions);
        self
    }

    /// Opens the collection, which is begun where there is none.
    ///
    /// # Errors
    /// [`TypeMismatch`](ErrorKind::TypeMismatch) when keys of the collection or of an index are of
    /// another type, [`NotUnique`](ErrorKind::NotUnique) when the records that are there do not
    /// fit a new unique index, [`Unsupported`](ErrorKind::Unsupported) when an index that exists
    /// is neither declared nor dropped.
    pub fn open(self) -> Result<Collection<K, V>> {
        let collection = self.store.collection::<K, V>(&self.name)?;
        let inner = &self.store.inner;
        // From here on no write is between its plan and its commit.
        let mut spaces = inner.spaces.write();
        let before = spaces.get(collection.space()).cloned().unwrap_or_default();
        let mut space = Space::clone(&before);
        space.declared.history = self.history.unwrap_or(before.declared.history);
        self.drop_indexes(&mut space)?;
        let extractors = self.add_indexes(&mut space)?;
        let build = Build { collection: &collection, extractors: &extractors };
        build.run(&before.declared, &mut space.declared)?;
        if space.declared.history == 0 && before.declared.history > 0 {
            catalog::clear(inner.engine(), &catalog::history_prefix(collection.space()))?;
        }
        if space.declared.indexes != before.declared.indexes {
            space.generation += 1;
        }
        if !extractors.0.is_empty() {
            space.extractors = Some(Arc::new(extractors));
        }
        if space.declared != before.declared || space.extractors.is_some() {
            spaces.insert(collection.space().into(), Arc::new(space));
        }
        drop(spaces);
        Ok(collection)
    }

    /// Takes dropped indexes out; refuses to lose sight of others.
    fn drop_indexes(&self, space: &mut Space) -> Result<()> {
        space.declared.indexes.retain(|index| !self.dropped.contains(&index.name));
        let declared = |name: &str| self.indexes.list.iter().any(|index| index.name == name);
        match space.declared.indexes.iter().find(|index| !declared(&index.name)) {
            // Without any, it is opened for something else, and the indexes stay as they are.
            Some(index) if !self.indexes.list.is_empty() => Err(Error::unsupported(format!(
                "the index `{}` of `{}` is neither declared nor dropped",
                index.name, self.name
            ))),
            _ => {
                // Those that are built anew are other indexes of the same names.
                space.declared.indexes.retain(|index| !(self.rebuild && declared(&index.name)));
                Ok(())
            }
        }
    }

    /// Adds new indexes, to be built; pairs all with their functions.
    fn add_indexes(&self, space: &mut Space) -> Result<Extractors<V>> {
        let mut extractors = Extractors(Vec::new());
        for declared in &self.indexes.list {
            let number = match space.index(&declared.name) {
                Some(found) if found.kind == declared.kind && found.unique == declared.unique => {
                    found.number
                }
                Some(found) => {
                    let describe = |unique: bool, kind: &str| {
                        format!("{} by {kind}", if unique { "a unique index" } else { "an index" })
                    };
                    let stored = describe(found.unique, &found.kind);
                    let asked = describe(declared.unique, &declared.kind);
                    let error = Error::new(ErrorKind::TypeMismatch { stored, asked });
                    return Err(error.at_key(format_args!("{}.{}", self.name, declared.name)));
                }
                None => {
                    let number = catalog::take_number(self.store.inner.engine())?;
                    let (name, kind) = (declared.name.clone(), declared.kind.clone());
                    let unique = declared.unique;
                    let index = IndexInfo { number, name, kind, unique, ready: false };
                    space.declared.indexes.push(index);
                    number
                }
            };
            extractors.0.push((number, Arc::clone(&declared.keys)));
        }
        Ok(extractors)
    }
}

/// The change from one declaration to another.
struct Build<'a, K, V> {
    collection: &'a Collection<K, V>,
    extractors: &'a Extractors<V>,
}

/// Bytes of records that are rewritten at once.
const BATCH: usize = 1 << 20;

impl<K: Key, V: UnpickleOwned> Build<'_, K, V> {
    /// Builds the indexes that are not ready, and clears away those that are not there any more.
    /// At each step, what is not ready in the catalog is what the next opening of the store would
    /// clear away.
    fn run(&self, before: &Declared, after: &mut Declared) -> Result<()> {
        let fresh = |declared: &Declared| {
            let unready = declared.indexes.iter().filter(|index| !index.ready);
            unready.cloned().collect::<Vec<_>>()
        };
        let new = fresh(after);
        if !new.is_empty() {
            let mut during = before.clone();
            during.indexes.extend(new.clone());
            self.declare(&during)?;
            if let Err(error) = self.fill(&new) {
                self.clear(&new)?;
                self.declare(before)?;
                return Err(error);
            }
            after.indexes.iter_mut().for_each(|index| index.ready = true);
        }
        let kept = |index: &IndexInfo| after.indexes.iter().any(|it| it.number == index.number);
        let mut gone: Vec<_> = before.indexes.iter().filter(|it| !kept(it)).cloned().collect();
        gone.iter_mut().for_each(|index| index.ready = false);
        if !gone.is_empty() {
            let mut during = after.clone();
            during.indexes.extend(gone.clone());
            self.declare(&during)?;
            self.clear(&gone)?;
        }
        if *after != *before {
            self.declare(after)?;
        }
        Ok(())
    }

    fn declare(&self, declared: &Declared) -> Result<()> {
        let op = declare(self.collection.space(), declared)?;
        self.collection.store().inner.engine().apply(&[], &[op]).map(|_| ())
    }

    fn clear(&self, indexes: &[IndexInfo]) -> Result<()> {
        let engine = self.collection.store().inner.engine();
        indexes
            .iter()
            .try_for_each(|index| catalog::clear(engine, &catalog::index_prefix(index.number)))
    }

    /// Writes past the watchers: to them nothing has changed.
    fn write(&self, ops: &[Op]) -> Result<()> {
        let inner = &self.collection.store().inner;
        let _ = inner.engine().apply(&[], ops)?;
        inner.written(ops);
        Ok(())
    }

    /// Lists all records in new indexes.
    fn fill(&self, new: &[IndexInfo]) -> Result<()> {
        span!(info, "index", collection = self.collection.name());
        let inner = &self.collection.store().inner;
        let engine = inner.engine();
        let mut batch = Batch::default();
        for item in engine.scan(KeyRange::prefix(self.collection.space()), Order::Ascending)? {
            let (key, bytes) = item?;
            let at = |error| self.collection.at(error, &key);
            let record = Record::decode(&key, &bytes).map_err(at)?;
            if !inner.is_current(&record) {
                continue;
            }
            let value = inner.value(&record).map_err(at)?;
            let mut extra = record.extra();
            for entry in self.extractors.entries(&value) {
                let Some(index) = new.iter().find(|index| index.number == entry.index) else {
                    continue;
                };
                batch.list(engine, index, &key, &entry).map_err(at)?;
                extra.entries.push(entry);
            }
            let value = record::encode_again(&key, &record, &extra)?;
            batch.put(key.to_vec(), value);
            if batch.size > BATCH {
                self.write(&std::mem::take(&mut batch).ops)?;
            }
        }
        self.write(&batch.ops)
    }
}

/// Entries and records to be written together.
#[derive(Default)]
struct Batch {
    ops: Vec<Op>,
    size: usize,
    unique: BTreeSet<Vec<u8>>,
}

impl Batch {
    fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.size += key.len() + value.len();
        self.ops.push(Op::Put { key, value });
    }

    /// Adds the entry of a record.
    fn list(
        &mut self,
        engine: &dyn Engine,
        index: &IndexInfo,
        key: &[u8],
        entry: &Entry,
    ) -> Result<()> {
        let at = entry_key(entry, key, index.unique);
        if index.unique && (!self.unique.insert(at.clone()) || engine.get(&at)?.is_some()) {
            return Err(not_unique(index.name.clone()));
        }
        let value = entry_value(&at, entry, key, index.unique);
        self.put(at, value);
        Ok(())
    }
}
