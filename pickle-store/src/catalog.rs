//! What the store knows of itself, under the prefix `00`: its format, the schemas of the types in
//! it, its collections, and the versions given out.

use std::collections::{HashMap, HashSet};
use std::ops::Bound;
use std::sync::{Arc, Mutex, RwLock};

use pickle_core::Schema;

use crate::engine::{Applied, Engine, Expect, KeyRange, Op, Order};
use crate::error::{Error, ErrorKind, Result};
use crate::key::AnyKey;
use crate::record::{self, Record, Version};

#[cfg(any(feature = "sled", feature = "redb"))]
pub(crate) mod facts;

/// First byte of the keys of the catalog.
const CATALOG: u8 = 0;
/// First byte of the keys of the store itself.
pub(crate) const OBJECTS: u8 = 1;
/// First byte of the keys in collections; the number of the collection follows.
const COLLECTIONS: u8 = 2;
/// First byte of the entries of indexes; the number of the index follows.
const INDEXES: u8 = 3;
/// First byte of the times at which records end.
const EXPIRIES: u8 = 4;
/// First byte of the log of changes; the number of the change follows.
pub(crate) const LOG: u8 = 5;
/// First byte of earlier versions; the number of the collection follows.
const HISTORY: u8 = 6;

const FORMAT_KEY: [u8; 2] = [CATALOG, b'f'];
const FORMAT: u8 = 1;
const VERSION_KEY: [u8; 2] = [CATALOG, b'v'];
const NUMBER_KEY: [u8; 2] = [CATALOG, b'n'];
/// How many changes the log keeps, and the number that it began with.
const LOG_KEY: [u8; 2] = [CATALOG, b'l'];
/// There while an import has not ended.
const IMPORT_KEY: [u8; 2] = [CATALOG, b'i'];

/// Versions are taken from the engine so many at a time.
const VERSIONS: u64 = 1 << 16;

/// The catalog of an open store.
pub(crate) struct Catalog {
    /// Fingerprints of the schemas known to be in the store.
    schemas: RwLock<HashSet<u64>>,
    /// Those that older records were loaded by.
    bytes: RwLock<HashMap<u64, Arc<[u8]>>>,
    versions: Mutex<Versions>,
}

/// The versions that may be given out without asking the engine.
struct Versions {
    next: u64,
    end: u64,
}

impl Catalog {
    /// Opens the catalog; begins it where the engine is empty.
    pub(crate) fn open(engine: &dyn Engine) -> Result<Self> {
        if engine.get(&IMPORT_KEY)?.is_some() {
            return Err(Error::unsupported(
                "an import into this store did not end: import again, or delete it",
            ));
        }
        match read(engine, &FORMAT_KEY)?.as_deref() {
            Some([FORMAT]) => {}
            Some(other) => {
                return Err(Error::unsupported(format!(
                    "the store is of format {other:?}, known is {FORMAT}; use a newer version"
                )));
            }
            None => {
                let everything = KeyRange::prefix(&[]);
                if let Some(item) = engine.scan(everything, Order::Ascending)?.next() {
                    item?;
                    return Err(Error::corrupt("the database is not empty, and no store"));
                }
                let expect = Expect::Absent { key: FORMAT_KEY.to_vec() };
                let _ = engine.apply(&[expect], &[sealed(&FORMAT_KEY, vec![FORMAT])])?;
            }
        }
        let end = number(engine, &VERSION_KEY)?;
        let versions = Mutex::new(Versions { next: end, end });
        Ok(Self { schemas: RwLock::default(), bytes: RwLock::default(), versions })
    }

    /// A version that no record ever had.
    pub(crate) fn version(&self, engine: &dyn Engine) -> Result<Version> {
        let mut versions = self.versions.lock().unwrap_or_else(|poison| poison.into_inner());
        if versions.next == versions.end {
            let end = versions.end + VERSIONS;
            let _ = engine.apply(&[], &[sealed(&VERSION_KEY, end.to_le_bytes().to_vec())])?;
            versions.end = end;
        }
        versions.next += 1;
        Ok(Version(versions.next))
    }

    /// The schema of a type that was stored, in bytes.
    pub(crate) fn schema(&self, engine: &dyn Engine, fingerprint: u64) -> Result<Arc<[u8]>> {
        let known = self.bytes.read().unwrap_or_else(|poison| poison.into_inner());
        if let Some(schema) = known.get(&fingerprint) {
            return Ok(Arc::clone(schema));
        }
        drop(known);
        let Some(bytes) = read(engine, &schema_key(fingerprint))? else {
            return Err(Error::corrupt(format!("the schema {fingerprint:016x} is missing")));
        };
        let schema: Arc<[u8]> = bytes.into();
        let mut known = self.bytes.write().unwrap_or_else(|poison| poison.into_inner());
        Ok(Arc::clone(known.entry(fingerprint).or_insert(schema)))
    }

    /// The write that a value of this type needs besides its own: none once its schema is known.
    pub(crate) fn describe(
        &self,
        engine: &dyn Engine,
        fingerprint: u64,
        schema: impl FnOnce() -> Schema,
    ) -> Result<Option<Op>> {
        if self.schemas.read().unwrap_or_else(|poison| poison.into_inner()).contains(&fingerprint) {
            return Ok(None);
        }
        let key = schema_key(fingerprint);
        if read(engine, &key)?.is_some() {
            self.know(fingerprint);
            return Ok(None);
        }
        Ok(Some(sealed(&key, schema().to_bytes())))
    }

    /// Remembers the schemas that were written.
    pub(crate) fn written(&self, ops: &[Op]) {
        for op in ops {
            if let [CATALOG, b's', fingerprint @ ..] = op.key()
                && let Ok(fingerprint) = fingerprint.try_into()
            {
                self.know(u64::from_be_bytes(fingerprint));
            }
        }
    }

    fn know(&self, fingerprint: u64) {
        self.schemas.write().unwrap_or_else(|poison| poison.into_inner()).insert(fingerprint);
    }
}

/// First bytes of the keys of what is derived from records.
pub(crate) const DERIVED: [u8; 2] = [INDEXES, EXPIRIES];

/// Whether a key is left out of an export: what is derived from records, and the changes of this
/// very store.
pub(crate) fn stays(key: &[u8]) -> bool {
    key == LOG_KEY || key.first().is_some_and(|first| *first == LOG || DERIVED.contains(first))
}

/// Where a change is logged.
pub(crate) fn log_key(number: u64) -> Vec<u8> {
    [&[LOG], &number.to_be_bytes()[..]].concat()
}

/// How many changes are logged, and the number that the log began with.
pub(crate) fn change_log(engine: &dyn Engine) -> Result<Option<(u64, u64)>> {
    let Some(bytes) = read(engine, &LOG_KEY)? else { return Ok(None) };
    match bytes.as_chunks() {
        ([limit, base], []) => Ok(Some((u64::from_le_bytes(*limit), u64::from_le_bytes(*base)))),
        _ => Err(Error::corrupt("the length of the log of changes is damaged")),
    }
}

/// The write that begins a log of changes, or changes its length.
pub(crate) fn set_change_log(limit: u64, base: u64) -> Op {
    sealed(&LOG_KEY, [limit.to_le_bytes(), base.to_le_bytes()].concat())
}

/// The write that ends it.
pub(crate) fn no_change_log() -> Op {
    Op::Remove { key: LOG_KEY.to_vec() }
}

/// The range of all records.
pub(crate) fn records() -> KeyRange {
    KeyRange { start: Bound::Included(vec![OBJECTS]), end: Bound::Excluded(vec![COLLECTIONS + 1]) }
}

/// Whether a key is that of a record.
pub(crate) fn is_record(key: &[u8]) -> bool {
    matches!(key, [OBJECTS | COLLECTIONS, ..])
}

/// The range of the catalog's own keys.
pub(crate) fn range() -> KeyRange {
    KeyRange::prefix(&[CATALOG])
}

/// Whether a key is that of an entry which an empty store has, too.
pub(crate) fn is_in_each(key: &[u8]) -> bool {
    key == FORMAT_KEY
}

/// The writes that mark an engine as incomplete, and that take the mark away.
pub(crate) fn import_marks() -> (Op, Op) {
    (sealed(&IMPORT_KEY, Vec::new()), Op::Remove { key: IMPORT_KEY.to_vec() })
}

/// What an entry of the engine is, once it was checked.
pub(crate) enum Entry {
    Schema,
    Collection {
        name: String,
        prefix: Vec<u8>,
    },
    State,
    Object,
    InCollection {
        prefix: Vec<u8>,
    },
    /// An entry of the index of this number.
    Listed {
        index: u32,
    },
    Expiry,
    Earlier,
    Change,
}

/// Checks an entry as far as that is possible without its type.
pub(crate) fn check(engine: &dyn Engine, key: &[u8], value: &[u8]) -> Result<Entry> {
    if let [OBJECTS | COLLECTIONS, ..] = key {
        let record = Record::decode(key, value)?;
        let fingerprint =
            record.fingerprint().ok_or_else(|| Error::corrupt("a record without a type"))?;
        type_name(engine, fingerprint)?;
        return match key {
            [COLLECTIONS, number @ ..] if number.len() >= 4 => {
                Ok(Entry::InCollection { prefix: key[..5].to_vec() })
            }
            [OBJECTS, name @ ..] => AnyKey::decode(name).map(|_| Entry::Object),
            _ => Err(Error::corrupt("a key without a collection")),
        };
    }
    let value = record::unseal(key, value)?;
    match key {
        [CATALOG, b's', ..] => {
            Schema::from_bytes(value).map(|_| Entry::Schema).map_err(Error::from)
        }
        [CATALOG, b'c', name @ ..] => {
            let name = String::from_utf8_lossy(name).into_owned();
            let number = value.get(..4).ok_or_else(|| Error::corrupt("no number"))?;
            Ok(Entry::Collection { name, prefix: [&[COLLECTIONS], number].concat() })
        }
        [CATALOG, ..] => Ok(Entry::State),
        [INDEXES, rest @ ..] => match rest.first_chunk() {
            Some(number) => Ok(Entry::Listed { index: u32::from_be_bytes(*number) }),
            None => Err(Error::corrupt("an entry without an index")),
        },
        [EXPIRIES, ..] if key.len() > 9 => Ok(Entry::Expiry),
        [HISTORY, ..] => Ok(Entry::Earlier),
        [LOG, ..] if key.len() == 9 => Ok(Entry::Change),
        _ => Err(Error::corrupt("a key outside the store")),
    }
}

/// An engine's key for people: the key of an object, or the bytes.
pub(crate) fn readable(key: &[u8]) -> String {
    match key {
        [OBJECTS, name @ ..] => match AnyKey::decode(name) {
            Ok(key) => key.quoted(),
            Err(_) => name.escape_ascii().to_string(),
        },
        _ => key.escape_ascii().to_string(),
    }
}

/// The name of the type with this fingerprint.
pub(crate) fn type_name(engine: &dyn Engine, fingerprint: u64) -> Result<String> {
    match read(engine, &schema_key(fingerprint))? {
        Some(bytes) => Ok(Schema::from_bytes(&bytes)?.type_name()),
        None => Err(Error::corrupt(format!("the schema {fingerprint:016x} is missing"))),
    }
}

/// The prefix of the keys of a collection, which is begun where there is none of that name.
pub(crate) fn collection(engine: &dyn Engine, name: &str, kind: &str) -> Result<Vec<u8>> {
    let key = [&[CATALOG, b'c'], name.as_bytes()].concat();
    loop {
        if let Some(entry) = read(engine, &key).map_err(|error| error.at_key(name))? {
            let Some((number, stored)) = entry.split_first_chunk::<4>() else {
                return Err(Error::corrupt("a collection without a number").at_key(name));
            };
            // A repaired one, whose name and kind were lost, is what it is taken for.
            if !stored.is_empty() && stored != kind.as_bytes() {
                let stored = format!("keys of type {}", String::from_utf8_lossy(stored));
                let asked = format!("keys of type {kind}");
                return Err(Error::new(ErrorKind::TypeMismatch { stored, asked }).at_key(name));
            }
            return Ok([&[COLLECTIONS], &number[..]].concat());
        }
        let (next, unchanged, count) = next_number(engine)?;
        let expect = [Expect::Absent { key: key.clone() }, unchanged];
        let entry = [&next.to_be_bytes(), kind.as_bytes()].concat();
        // Whoever was first, the next round finds the entry.
        let _ = engine.apply(&expect, &[sealed(&key, entry), count])?;
    }
}

/// The prefix of the keys of a collection that is there.
pub(crate) fn find_collection(engine: &dyn Engine, name: &str) -> Result<Option<Vec<u8>>> {
    let Some(entry) = read(engine, &[&[CATALOG, b'c'], name.as_bytes()].concat())? else {
        return Ok(None);
    };
    match entry.first_chunk::<4>() {
        Some(number) => Ok(Some([&[COLLECTIONS], &number[..]].concat())),
        None => Err(Error::corrupt("a collection without a number").at_key(name)),
    }
}

/// A number for a new collection or index, what must hold for it to be new, and the write that
/// takes it.
fn next_number(engine: &dyn Engine) -> Result<(u32, Expect, Op)> {
    let last = number(engine, &NUMBER_KEY)?;
    let Ok(next) = u32::try_from(last + 1) else {
        return Err(Error::unsupported("a store has at most 2^32 collections and indexes"));
    };
    let unchanged = match last {
        0 => Expect::Absent { key: NUMBER_KEY.to_vec() },
        _ => Expect::Starts { key: NUMBER_KEY.to_vec(), start: last.to_le_bytes().to_vec() },
    };
    Ok((next, unchanged, sealed(&NUMBER_KEY, u64::from(next).to_le_bytes().to_vec())))
}

/// Takes a number that no collection or index ever had.
pub(crate) fn take_number(engine: &dyn Engine) -> Result<u32> {
    loop {
        let (next, unchanged, count) = next_number(engine)?;
        if engine.apply(&[unchanged], &[count])? == Applied::Committed {
            return Ok(next);
        }
    }
}

/// The prefix that a record's key shares with those that the same is declared of.
pub(crate) fn space_of(key: &[u8]) -> &[u8] {
    match key {
        [COLLECTIONS, ..] => key.get(..5).unwrap_or_default(),
        _ => key.get(..1).unwrap_or_default(),
    }
}

/// What is declared of key spaces: their prefixes, and the declarations as pickles.
pub(crate) fn declarations(engine: &dyn Engine) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut found = Vec::new();
    for item in engine.scan(KeyRange::prefix(&[CATALOG, b'd']), Order::Ascending)? {
        let (key, value) = item?;
        found.push((key[2..].to_vec(), record::unseal(&key, &value)?.to_vec()));
    }
    Ok(found)
}

/// The write that keeps a declaration.
pub(crate) fn declaration(prefix: &[u8], declared: Vec<u8>) -> Op {
    sealed(&[&[CATALOG, b'd'], prefix].concat(), declared)
}

/// The prefix of an index's entries.
pub(crate) fn index_prefix(number: u32) -> Vec<u8> {
    [&[INDEXES], &number.to_be_bytes()[..]].concat()
}

/// The key that says when a record ends.
pub(crate) fn expiry_key(expires: u64, key: &[u8]) -> Vec<u8> {
    [&[EXPIRIES], &expires.to_be_bytes()[..], key].concat()
}

/// The keys of the records that end at a time or earlier.
pub(crate) fn expired(now: u64) -> KeyRange {
    let end = [&[EXPIRIES], &now.saturating_add(1).to_be_bytes()[..]].concat();
    KeyRange { start: Bound::Included(vec![EXPIRIES]), end: Bound::Excluded(end) }
}

/// The prefix of all earlier versions of the records with this prefix.
pub(crate) fn history_prefix(space: &[u8]) -> Vec<u8> {
    [&[HISTORY], space].concat()
}

/// Removes all keys with a prefix.
pub(crate) fn clear(engine: &dyn Engine, prefix: &[u8]) -> Result<()> {
    let mut ops = Vec::new();
    for item in engine.scan(KeyRange::prefix(prefix), Order::Ascending)? {
        ops.push(Op::Remove { key: item?.0.to_vec() });
        if ops.len() == 1024 {
            let _ = engine.apply(&[], &std::mem::take(&mut ops))?;
        }
    }
    let _ = engine.apply(&[], &ops)?;
    Ok(())
}

fn schema_key(fingerprint: u64) -> Vec<u8> {
    [&[CATALOG, b's'], &fingerprint.to_be_bytes()[..]].concat()
}

pub(crate) fn sealed(key: &[u8], mut value: Vec<u8>) -> Op {
    record::seal(key, &mut value);
    Op::Put { key: key.to_vec(), value }
}

fn read(engine: &dyn Engine, key: &[u8]) -> Result<Option<Vec<u8>>> {
    let Some(bytes) = engine.get(key)? else { return Ok(None) };
    record::unseal(key, &bytes).map(|bytes| Some(bytes.to_vec()))
}

fn number(engine: &dyn Engine, key: &[u8]) -> Result<u64> {
    match read(engine, key)? {
        None => Ok(0),
        Some(bytes) => match bytes.as_slice().try_into() {
            Ok(bytes) => Ok(u64::from_le_bytes(bytes)),
            Err(_) => Err(Error::corrupt("a number in the catalog is damaged")),
        },
    }
}
