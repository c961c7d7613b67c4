//! Opening a store with everything optional.

use std::path::PathBuf;
use std::time::SystemTime;

use pickle_core::{Compression, Limits, Registry};

use crate::engine::memory::MemoryEngine;
use crate::engine::{Durability, Engine, Settings};
use crate::error::{Error, Result};
use crate::inner::Options;
use crate::repair::Repair;
use crate::store::Store;
use crate::trace::span;

/// A store about to be opened; from [`Store::builder`].
#[must_use]
pub struct Builder {
    target: Target,
    settings: Settings,
    options: Options,
}

enum Target {
    Sled(PathBuf),
    Redb(PathBuf),
    Memory,
    Unknown(String),
}

impl Builder {
    pub(crate) fn new(url: &str) -> Self {
        let target = match url.split_once(':') {
            Some(("sled", path)) => Target::Sled(path.into()),
            Some(("redb", path)) => Target::Redb(path.into()),
            Some(("memory", "")) => Target::Memory,
            _ => Target::Unknown(url.to_owned()),
        };
        Self { target, settings: Settings::default(), options: Options::default() }
    }

    pub(crate) fn sled(path: PathBuf) -> Self {
        Self { target: Target::Sled(path), ..Self::new("") }
    }

    /// When writes are acknowledged. [`Durability::Sync`] by default.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.settings.durability = durability;
        self
    }

    /// How much of the database the engine may keep in memory, in bytes; 256 MiB by default, at
    /// least 1 MiB. Beyond that it works from its files.
    ///
    /// It bounds the engine's cache of pages, by the engine's own count. A process with a million
    /// records of 200 bytes and a cache of 64 MiB took 80 MiB over redb, and over sled, whose
    /// allocations differ from what it counts, 160 to 250 MiB, depending on the allocator; bare sled
    /// took 128 MiB. A store in memory has all of it in memory, whatever is set here.
    ///
    /// ```
    /// use pickle_store::Store;
    /// let store = Store::builder("memory:").cache(32 << 20).open()?;
    /// # assert!(store.is_empty()?);
    /// # Ok::<(), pickle_store::Error>(())
    /// ```
    pub fn cache(mut self, bytes: u64) -> Self {
        // sled panics below 256 bytes, and neither engine works well below many pages.
        self.settings.cache = bytes.max(1 << 20);
        self
    }

    /// What pickling and loading one value may use.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.options.codec.limits = limits;
        self
    }

    /// Which trait objects and functions values may hold. By default
    /// [`Registry::global`], all that the program registers.
    ///
    /// A value with a class that is not in the registry cannot be stored, and one that was stored
    /// by another registry does not load.
    ///
    /// ```
    /// use pickle_core::Registry;
    /// use pickle_store::Store;
    /// let store = Store::builder("memory:").registry(Registry::empty()).open()?;
    /// store.put("plain values", &"need no registry")?;
    /// # Ok::<(), pickle_store::Error>(())
    /// ```
    pub fn registry(mut self, registry: Registry) -> Self {
        self.options.codec.registry = Some(registry);
        self
    }

    /// Compresses the records that are written from now on, each for itself, where that makes it
    /// smaller: from about 100 bytes of text on, and more the larger they are. For records of a few
    /// hundred bytes LZ4 takes well below a microsecond, Zstandard about ten to write. Any build with the
    /// feature of the algorithm (`zstd`, `lz4`) reads them, whatever it is told to write; any other
    /// can export, verify and remove them.
    ///
    /// ```
    /// # #[cfg(feature = "zstd")] {
    /// use pickle_core::Compression;
    /// use pickle_store::Store;
    /// let store = Store::builder("memory:").compression(Compression::Zstd(3)).open()?;
    /// store.put("text", &"again and again ".repeat(100))?;
    /// assert!(store.stats()?.value_bytes < 500);
    /// assert_eq!(store.get::<String>("text")?.unwrap().len(), 1600);
    /// # }
    /// # Ok::<(), pickle_store::Error>(())
    /// ```
    pub fn compression(mut self, compression: Compression) -> Self {
        self.options.codec.compression = Some(compression);
        self
    }

    /// Tells the time by which values expire; by default the clock of the system.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use std::time::{Duration, SystemTime};
    /// use pickle_store::Store;
    /// static SECONDS: AtomicU64 = AtomicU64::new(0);
    /// let clock = || SystemTime::UNIX_EPOCH + Duration::from_secs(SECONDS.load(Ordering::Relaxed));
    /// let store = Store::builder("memory:").clock(clock).open()?;
    /// store.put_with_ttl("code", &1234_u16, Duration::from_secs(60))?;
    /// SECONDS.store(59, Ordering::Relaxed);
    /// assert!(store.contains("code")?);
    /// SECONDS.store(60, Ordering::Relaxed);
    /// assert!(!store.contains("code")?);
    /// # Ok::<(), pickle_store::Error>(())
    /// ```
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.options.clock = Box::new(clock);
        self
    }

    /// Keeps the last `changes` changes in the store, so that a [`Watch`](crate::Watch) can resume
    /// after the store was closed. None by default; once begun, the log goes on at each opening
    /// that says nothing else, and 0 ends it.
    ///
    /// Writes pass one by one then, as they do while anybody watches, so that changes are in the
    /// order of the writes. Under [`Durability::Sync`] threads that write at the same time no
    /// longer share an `fsync`. Under the weaker ones a power cut loses the latest changes with
    /// their numbers, and others get these.
    pub fn change_log(mut self, changes: u64) -> Self {
        self.options.change_log = Some(changes);
        self
    }

    /// How much a [`Ref`](crate::Ref) keeps in memory of what it led to, in bytes of records: the
    /// latest objects stay so long even if nobody holds them. 4 MiB by default. Those that
    /// somebody holds are known besides.
    pub fn object_cache(mut self, bytes: usize) -> Self {
        self.options.object_cache = bytes;
        self
    }

    /// Opens the store. It is begun where there is none.
    ///
    /// # Errors
    /// [`Locked`](crate::ErrorKind::Locked) when it is open already,
    /// [`Corrupt`](crate::ErrorKind::Corrupt) when its files are damaged,
    /// [`Unsupported`](crate::ErrorKind::Unsupported) when this build lacks the engine.
    pub fn open(self) -> Result<Store> {
        span!(info, "open");
        let engine = self.engine()?;
        Store::over(engine, self.options, None)
    }

    /// Makes a store of what can be read of a damaged one; see [`Store::repair`].
    ///
    /// # Errors
    /// As [`Store::repair`]; [`Unsupported`](crate::ErrorKind::Unsupported) for a store in memory.
    pub fn repair(self) -> Result<Repair> {
        match &self.target {
            #[cfg(feature = "sled")]
            Target::Sled(path) => {
                let (engine, problems, kept) = crate::engine::sled::SledEngine::repair(path)?;
                crate::repair::mend::mend(&engine, problems, kept)
            }
            #[cfg(feature = "redb")]
            Target::Redb(path) => {
                let (engine, problems, kept) = crate::engine::redb::RedbEngine::repair(path)?;
                crate::repair::mend::mend(&engine, problems, kept)
            }
            Target::Memory => Err(Error::unsupported("a store in memory has no files to repair")),
            _ => self.engine().map(|_| Repair::default()),
        }
    }

    pub(crate) fn open_temporary(self, folder: tempfile::TempDir) -> Result<Store> {
        let engine = self.engine()?;
        Store::over(engine, self.options, Some(folder))
    }

    pub(crate) fn import(self, reader: &mut dyn std::io::Read) -> Result<Store> {
        let engine = self.engine()?;
        crate::export::import(&*engine, reader)?;
        Store::over(engine, self.options, None)
    }

    #[allow(unused_variables)] // the paths, in builds without the engines
    fn engine(&self) -> Result<Box<dyn Engine>> {
        match &self.target {
            Target::Memory => Ok(Box::new(MemoryEngine::default())),
            #[cfg(feature = "sled")]
            Target::Sled(path) => {
                Ok(Box::new(crate::engine::sled::SledEngine::open(path, self.settings)?))
            }
            #[cfg(not(feature = "sled"))]
            Target::Sled(path) => Err(Error::unsupported("this build has no engine `sled`")),
            #[cfg(feature = "redb")]
            Target::Redb(path) => {
                Ok(Box::new(crate::engine::redb::RedbEngine::open(path, self.settings)?))
            }
            #[cfg(not(feature = "redb"))]
            Target::Redb(path) => Err(Error::unsupported(
                "this build has no engine `redb`: enable the feature of that name",
            )),
            Target::Unknown(url) => Err(Error::unsupported(format!(
                "no engine for {url:?}: expected `sled:path`, `redb:path` or `memory:`"
            ))),
        }
    }
}
