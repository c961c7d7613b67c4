//! What all handles of a store share: the engine, the catalog, and how records come and go.

use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::{SystemTime, UNIX_EPOCH};

use pickle_core::{Pickle, Schema, UnpickleOwned};

use crate::catalog::{self, Catalog, OBJECTS};
use crate::changes::Log;
use crate::engine::{Applied, Bytes, Engine, Expect, KeyRange, Op};
use crate::error::{Error, ErrorKind, Result};
use crate::export::Written;
use crate::iter::Iter;
use crate::key::{AnyKey, KeyEncoder, ToKey};
use crate::plan::{self, Staged};
use crate::record::{self, Codec, Extra, Record, Version};
use crate::reference::Cache;
use crate::space::Spaces;
use crate::trace::{conflict, span};
use crate::watch::Hub;

pub(crate) struct Inner {
    // In this order: the engine closes its files before their folder goes.
    engine: Box<dyn Engine>,
    _folder: Option<tempfile::TempDir>,
    catalog: Catalog,
    pub(crate) spaces: Spaces,
    pub(crate) cache: Cache,
    options: Options,
    hub: Arc<Hub>,
    /// Who wants to know which keys are written.
    followers: Mutex<Vec<Weak<Written>>>,
}

/// What a store may be told when it is opened.
pub(crate) struct Options {
    pub(crate) codec: Codec,
    pub(crate) clock: Clock,
    /// How many changes are logged; as before, for none.
    pub(crate) change_log: Option<u64>,
    /// Bytes of records whose objects references hold in memory.
    pub(crate) object_cache: usize,
}

/// Tells the time.
pub(crate) type Clock = Box<dyn Fn() -> SystemTime + Send + Sync>;

impl Default for Options {
    fn default() -> Self {
        let clock = Box::new(SystemTime::now);
        Self { codec: Codec::default(), clock, change_log: None, object_cache: 4 << 20 }
    }
}

/// What a record says besides its value.
#[derive(Default)]
pub(crate) struct With {
    pub(crate) extra: Extra,
    /// The generation of the indexes that its entries are for.
    pub(crate) generation: u64,
}

/// How often a write is planned anew when others were first.
pub(crate) const TRIES: u32 = 100;

impl Drop for Inner {
    fn drop(&mut self) {
        self.hub.close();
    }
}

fn is_mismatch(error: &pickle_core::Error) -> bool {
    matches!(error.kind(), pickle_core::ErrorKind::TypeMismatch { .. })
}

/// A number for changes that no earlier opening of the store reached. Taking a version moves the
/// ceiling that the next opening begins at, so its numbers are beyond ours in turn.
fn base(catalog: &Catalog, engine: &dyn Engine) -> Result<u64> {
    Ok(catalog.version(engine)?.get() << 20)
}

/// Where a key of the store itself is in the engine.
pub(crate) fn object_key(key: &(impl ToKey + ?Sized)) -> Vec<u8> {
    KeyEncoder::tagged(&[OBJECTS], key)
}

#[cold]
pub(crate) fn at(error: Error, key: &(impl ToKey + ?Sized)) -> Error {
    match AnyKey::decode(&KeyEncoder::tagged(&[], key)) {
        Ok(key) => error.at_key(key.quoted()),
        Err(_) => error,
    }
}

impl Inner {
    pub(crate) fn open(
        engine: Box<dyn Engine>,
        options: Options,
        folder: Option<tempfile::TempDir>,
    ) -> Result<Self> {
        let catalog = Catalog::open(&*engine)?;
        let spaces = Spaces::open(&*engine)?;
        let log = Log::open(&*engine, options.change_log, || base(&catalog, &*engine))?;
        let hub = Arc::new(Hub::new(log));
        let cache = Cache::new(options.object_cache);
        let followers = Mutex::default();
        Ok(Self { engine, catalog, spaces, cache, options, hub, followers, _folder: folder })
    }

    pub(crate) fn engine(&self) -> &dyn Engine {
        &*self.engine
    }

    /// The time, in milliseconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        let since = (self.options.clock)().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// A record for a value, ready to be written.
    pub(crate) fn stage<V: Pickle + ?Sized>(
        &self,
        key: Vec<u8>,
        value: &V,
        with: With,
        staged: &mut Staged,
    ) -> Result<Version> {
        let version = self.catalog.version(self.engine())?;
        self.stage_as(key, version, value, with, staged)?;
        Ok(version)
    }

    /// As [`stage`](Self::stage), with a version that is known.
    pub(crate) fn stage_as<V: Pickle + ?Sized>(
        &self,
        key: Vec<u8>,
        version: Version,
        value: &V,
        with: With,
        staged: &mut Staged,
    ) -> Result<()> {
        let (record, fingerprint) =
            record::encode(&key, version, &with.extra, value, &self.options.codec)?;
        if let Some(op) = self.catalog.describe(self.engine(), fingerprint, Schema::of::<V>)? {
            staged.also(op);
        }
        staged.put(key, record, with.generation);
        Ok(())
    }

    /// Makes writes together, with what follows from them, provided that `expect` holds.
    pub(crate) fn write(&self, expect: &[Expect], staged: &mut Staged) -> Result<Applied> {
        span!(debug, "write", records = staged.len());
        for _ in 0..TRIES {
            // Held until the write is made: what is declared holds for all of it.
            let spaces = self.spaces.read();
            let Some(more) = staged.plan(self.engine(), &spaces, || self.now())? else { break };
            if more.is_empty() {
                return self.commit(expect, staged);
            }
            let all = [expect, &more].concat();
            if self.commit(&all, staged)? == Applied::Committed {
                return Ok(Applied::Committed);
            }
            conflict!("write");
            // Was it the caller's expectation that failed, or one of the plan's?
            for expect in expect {
                if !expect.holds(self.engine())? {
                    return Ok(Applied::Conflict);
                }
            }
        }
        Ok(Applied::Conflict)
    }

    fn commit(&self, expect: &[Expect], staged: &Staged) -> Result<Applied> {
        let ops = staged.ops();
        let applied = match staged.rewrites {
            true => self.engine.apply(expect, ops)?,
            false => self.hub.around(ops, |ops| self.engine.apply(expect, ops))?,
        };
        if applied == Applied::Committed {
            self.catalog.written(ops);
            self.written(ops);
        }
        Ok(applied)
    }

    /// Collects the keys of all writes from now on. A write whose key is not there yet has not
    /// returned, and holds `spaces`.
    pub(crate) fn follow_writes(&self) -> Arc<Written> {
        let written = Arc::new(Written::default());
        self.followers().push(Arc::downgrade(&written));
        written
    }

    /// Tells those who follow of a write.
    pub(crate) fn written(&self, ops: &[Op]) {
        let mut followers = self.followers();
        if !followers.is_empty() {
            followers.retain(|follower| follower.upgrade().map(|it| it.add(ops)).is_some());
        }
    }

    fn followers(&self) -> MutexGuard<'_, Vec<Weak<Written>>> {
        self.followers.lock().unwrap_or_else(|poison| poison.into_inner())
    }

    /// Makes writes that depend on nothing.
    pub(crate) fn write_all(&self, staged: &mut Staged) -> Result<()> {
        match self.write(&[], staged)? {
            Applied::Committed => Ok(()),
            Applied::Conflict => Err(Error::new(ErrorKind::Conflict)),
        }
    }

    /// What tells of changes, which are kept from now on.
    pub(crate) fn hub(&self) -> Result<&Arc<Hub>> {
        self.hub.start(|| base(&self.catalog, self.engine()))?;
        Ok(&self.hub)
    }

    /// Stores a value.
    pub(crate) fn put<V: Pickle + ?Sized>(
        &self,
        key: Vec<u8>,
        value: &V,
        with: With,
    ) -> Result<()> {
        let mut staged = Staged::default();
        self.stage(key, value, with, &mut staged)?;
        self.write_all(&mut staged)
    }

    /// Stores a value if the record is still the one that was seen.
    pub(crate) fn replace<V: Pickle + ?Sized>(
        &self,
        key: Vec<u8>,
        seen: Expect,
        value: &V,
        with: With,
    ) -> Result<Option<Version>> {
        let mut staged = Staged::default();
        let version = self.stage(key, value, with, &mut staged)?;
        match self.write(&[seen], &mut staged)? {
            Applied::Committed => Ok(Some(version)),
            Applied::Conflict => Ok(None),
        }
    }

    /// The record of a key as readers see it: none if it is past its time. And what a write
    /// expects that depends on it.
    pub(crate) fn see(&self, key: &[u8]) -> Result<(Option<Bytes>, Expect)> {
        let found = self.engine.get(key)?;
        let seen = plan::seen(key, found.as_deref());
        match found {
            Some(record) if self.is_live(key, &record)? => Ok((Some(record), seen)),
            _ => Ok((None, seen)),
        }
    }

    /// Whether readers see a record.
    pub(crate) fn is_live(&self, key: &[u8], record: &[u8]) -> Result<bool> {
        Ok(record::expires(key, record)?.is_none_or(|expires| expires > self.now()))
    }

    /// As [`is_live`](Self::is_live), of a record that is decoded.
    pub(crate) fn is_current(&self, record: &Record<'_>) -> bool {
        record.expires.is_none_or(|expires| expires > self.now())
    }

    pub(crate) fn get<V: UnpickleOwned>(&self, key: &[u8]) -> Result<Option<(Version, V)>> {
        span!(trace, "get");
        match self.engine.get(key)? {
            Some(record) => self.load(key, &record),
            None => Ok(None),
        }
    }

    pub(crate) fn contains(&self, key: &[u8]) -> Result<bool> {
        Ok(self.see(key)?.0.is_some())
    }

    /// Removes a key if it is there.
    pub(crate) fn remove(&self, key: Vec<u8>) -> Result<bool> {
        let mut staged = Staged::default();
        staged.remove(key.clone());
        loop {
            // Damaged records can be removed as well, so nothing else is decoded here.
            let Some(record) = self.engine.get(&key)? else { return Ok(false) };
            let live = self.is_live(&key, &record).unwrap_or(true);
            let seen = plan::seen(&key, Some(&record));
            if self.write(&[seen], &mut staged)? == Applied::Committed {
                return Ok(live);
            }
        }
    }

    pub(crate) fn count(&self, prefix: &[u8]) -> Result<u64> {
        let live = |key: &[u8], record: &[u8]| Ok(self.is_live(key, record)?.then_some(()));
        let mut count = 0;
        Iter::new(self.engine(), KeyRange::prefix(prefix), live).try_for_each(|item| {
            count += 1;
            item
        })?;
        Ok(count)
    }

    /// Loads a value from its record; none if that is past its time.
    pub(crate) fn load<V: UnpickleOwned>(
        &self,
        key: &[u8],
        bytes: &[u8],
    ) -> Result<Option<(Version, V)>> {
        let record = Record::decode(key, bytes)?;
        if !self.is_current(&record) {
            return Ok(None);
        }
        self.value(&record).map(|value| Some((record.version, value)))
    }

    /// Loads the value of a record, also of one that another version of the type wrote.
    pub(crate) fn value<V: UnpickleOwned>(&self, record: &Record<'_>) -> Result<V> {
        match record.load(&self.options.codec) {
            Ok(value) => Ok(value),
            Err(error) if is_mismatch(&error) => self.older(record),
            Err(error) => Err(error.into()),
        }
    }

    /// Loads a value by the schema that it was written by, which is in the store.
    #[cold]
    fn older<V: UnpickleOwned>(&self, record: &Record<'_>) -> Result<V> {
        let fingerprint = record.fingerprint().unwrap_or_default();
        let schema = self.catalog.schema(self.engine(), fingerprint)?;
        let pickle = record::with_schema(&record.pickle(&self.options.codec)?, &schema)
            .ok_or_else(|| Error::corrupt("a pickle without a fingerprint"))?;
        let loaded = self.options.codec.unpickler(&pickle).load();
        loaded.map_err(|error| self.refused::<V>(fingerprint, error))
    }

    /// Why a record whose checksum holds could not be loaded: it is of another type; or of the
    /// type as it was once, and what does not convert is in the error.
    #[cold]
    fn refused<V: UnpickleOwned>(&self, fingerprint: u64, error: pickle_core::Error) -> Error {
        use pickle_core::ErrorKind as Kind;
        let schema = Schema::of::<V>();
        let (stored, asked) = match catalog::type_name(self.engine(), fingerprint) {
            Ok(stored) => (stored, schema.type_name()),
            Err(error) => return error,
        };
        match error.kind() {
            Kind::TypeMismatch { .. } if stored == asked => {
                let stored = format!("{stored} (fingerprint {fingerprint:016x})");
                let asked = format!("the {asked} of now ({:016x})", schema.fingerprint());
                Error::new(ErrorKind::TypeMismatch { stored, asked })
            }
            Kind::TypeMismatch { .. } => Error::new(ErrorKind::TypeMismatch { stored, asked }),
            Kind::Mismatch { .. } | Kind::MissingField { .. } if stored != asked => {
                Error::new(ErrorKind::TypeMismatch { stored, asked })
            }
            _ => error.into(),
        }
    }
}
