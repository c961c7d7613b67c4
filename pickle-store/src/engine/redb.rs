//! The engine over redb: one file, a table, and redb's own durability.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use ::redb::{
    Database, Durability as RedbDurability, ReadOnlyTable, ReadableDatabase as _,
    ReadableTableMetadata as _, TableDefinition,
};

use super::ticker::Ticker;
use super::{
    Applied, Bytes, Durability, Engine, EngineLimits, Expect, Isolation, KeyRange, Op, Order, Scan,
    Settings,
};
use crate::error::{Error, ErrorKind, Result};
use group::Group;

mod group;
mod repair;

const TABLE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("pickle");

/// A redb file as an engine.
pub(crate) struct RedbEngine {
    core: Arc<Core>,
    _syncer: Option<Ticker>,
}

struct Core {
    db: Database,
    /// Whether writes are acknowledged when they are durable.
    waits: bool,
    /// The number of the last write. Held from the check of what is expected to the commit.
    writer: Mutex<u64>,
    group: Group,
}

impl RedbEngine {
    /// Opens the file, or begins one where there is none.
    pub(crate) fn open(path: &Path, settings: impl Into<Settings>) -> Result<Self> {
        let Settings { durability, cache } = settings.into();
        match std::fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::begin(path)?,
            Err(error) => return Err(error.into()),
            // redb would begin a database in it.
            Ok(file) if file.len() == 0 => {
                return Err(Error::corrupt(format!("{} is empty", path.display())));
            }
            Ok(_) => {}
        }
        // redb trusts a file that was closed in order, and finds nothing where a page is damaged.
        let mut builder = Database::builder();
        builder.set_check_integrity_on_open(true);
        builder.set_cache_size(usize::try_from(cache).unwrap_or(usize::MAX));
        let db = guarded(|| Ok(builder.open(path)?)).map_err(|error| held_by(error, path))?;
        Self::over(db, durability)
    }

    /// Begins a file: elsewhere, for redb does not open what it had not finished to begin.
    fn begin(path: &Path) -> Result<()> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut new = tempfile::Builder::new();
        new.suffix(".new");
        #[cfg(unix)]
        new.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let new = new.tempfile_in(folder)?;
        let db = guarded(|| Ok(Database::create(new.path())?))?;
        drop(Self::over(db, Durability::Sync)?);
        match new.persist_noclobber(path) {
            // Somebody else was faster.
            Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.error.into()),
            Ok(_) => {}
        }
        if cfg!(unix) {
            std::fs::File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    /// Opens what is left of a file, after making a whole one of it; tells what is not in it, and
    /// where the damaged one is.
    pub(crate) fn repair(path: &Path) -> Result<(Self, Vec<Error>, Option<PathBuf>)> {
        repair::repair(path)
    }

    fn over(db: Database, durability: Durability) -> Result<Self> {
        let waits = durability == Durability::Sync;
        let (writer, group) = (Mutex::default(), Group::default());
        let core = Arc::new(Core { db, waits, writer, group });
        // The table must be there for readers.
        core.write(RedbDurability::Immediate, &[])?;
        let syncer = match durability {
            Durability::Every(period) => {
                let core = Arc::clone(&core);
                // A failure shows again at the next write: redb refuses all work after it.
                Some(Ticker::new(period, move || drop(core.sync())))
            }
            Durability::Sync | Durability::Os => None,
        };
        Ok(Self { core, _syncer: syncer })
    }
}

impl Core {
    fn table(&self) -> Result<ReadOnlyTable<&'static [u8], &'static [u8]>, ::redb::Error> {
        Ok(self.db.begin_read()?.open_table(TABLE)?)
    }

    fn write(&self, durability: RedbDurability, ops: &[Op]) -> Result<()> {
        guarded(|| {
            let mut transaction = self.db.begin_write()?;
            transaction.set_durability(durability)?;
            {
                let mut table = transaction.open_table(TABLE)?;
                for op in ops {
                    match op {
                        Op::Put { key, value } => table.insert(key.as_slice(), value.as_slice())?,
                        Op::Remove { key } => table.remove(key.as_slice())?,
                    };
                }
            }
            Ok(transaction.commit()?)
        })
    }

    fn writer(&self) -> MutexGuard<'_, u64> {
        self.writer.lock().unwrap_or_else(|poison| poison.into_inner())
    }

    /// Makes all writes durable; returns the number of the last.
    fn sync(&self) -> Result<u64> {
        let last = self.writer();
        // A durable commit makes those before it durable.
        self.write(RedbDurability::Immediate, &[])?;
        Ok(*last)
    }
}

impl Engine for RedbEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        guarded(|| {
            // Lives longer than what is found: redb may reuse pages once no table reads them.
            let table = self.core.table()?;
            let found = table.get(key)?.map(|value| Bytes::from(value.value().to_vec()));
            Ok(found)
        })
    }

    /// A scan sees one state of the database.
    fn scan(&self, range: KeyRange, order: Order) -> Result<Scan<'_>> {
        if range.is_empty() {
            return Ok(Box::new(std::iter::empty()));
        }
        // The table is dropped last: redb may reuse pages once no table reads them.
        let mut open = guarded(|| {
            let table = self.core.table()?;
            Ok((table.range::<&[u8]>(range.as_slices())?, table))
        })?;
        let mut failed = false;
        Ok(Box::new(std::iter::from_fn(move || {
            if failed {
                return None;
            }
            let items = &mut open.0;
            let next = guarded(|| {
                let next = match order {
                    Order::Ascending => items.next(),
                    Order::Descending => items.next_back(),
                };
                let Some(item) = next else { return Ok(None) };
                let (key, value) = item?;
                let (key, value) = (key.value().to_vec(), value.value().to_vec());
                Ok(Some((Bytes::from(key), Bytes::from(value))))
            });
            failed = next.is_err();
            next.transpose()
        })))
    }

    fn isolation(&self) -> Isolation {
        Isolation::Snapshot
    }

    fn apply(&self, expect: &[Expect], ops: &[Op]) -> Result<Applied> {
        self.limits().check(ops)?;
        let core = &*self.core;
        let begun = core.group.begin();
        let mut last = core.writer();
        for expect in expect {
            if !expect.holds(self)? {
                return Ok(Applied::Conflict);
            }
        }
        if ops.is_empty() {
            return Ok(Applied::Committed);
        }
        core.write(RedbDurability::None, ops)?;
        *last += 1;
        let number = *last;
        drop((last, begun));
        if core.waits {
            let pause = || {
                std::thread::yield_now();
                drop(core.writer());
            };
            core.group.wait_for(number, pause, || core.sync())?;
        }
        Ok(Applied::Committed)
    }

    fn sync(&self) -> Result<()> {
        self.core.sync().map(drop)
    }

    fn limits(&self) -> EngineLimits {
        EngineLimits { key: 1 << 20, batch: 1 << 30 }
    }

    fn verify(&self) -> Result<Vec<Error>> {
        let counted = guarded(|| {
            let table = self.core.table()?;
            let mut found = 0;
            for item in table.range::<&[u8]>(..)? {
                item?;
                found += 1;
            }
            Ok((table.len()?, found))
        });
        Ok(match counted {
            Ok((known, found)) if known == found => Vec::new(),
            Ok((known, found)) => {
                vec![Error::corrupt(format!("redb: {found} of {known} entries are there"))]
            }
            Err(error) => vec![error],
        })
    }
}

impl Drop for RedbEngine {
    fn drop(&mut self) {
        if !self.core.waits {
            // Who must know calls `sync` first.
            let _ = self.core.sync();
        }
    }
}

/// Runs a call into redb, which may panic over damaged bytes.
fn guarded<T>(call: impl FnOnce() -> Result<T, ::redb::Error>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(Error::from),
        Err(_) => Err(Error::corrupt("redb panicked over the file")),
    }
}

/// Adds who holds the file, where the system tells.
#[cold]
fn held_by(error: Error, path: &Path) -> Error {
    match (error.kind(), super::holder(path)) {
        (ErrorKind::Locked { .. }, Some(process)) => {
            Error::new(ErrorKind::Locked { holder: format!("process {process}") })
        }
        _ => error,
    }
}

impl From<::redb::Error> for Error {
    #[cold]
    fn from(error: ::redb::Error) -> Self {
        use ::redb::Error as Redb;
        match error {
            Redb::DatabaseAlreadyOpen => {
                let holder = "this or another process".to_owned();
                Self::new(ErrorKind::Locked { holder })
            }
            Redb::Io(error) => match error.kind() {
                // The file is not as long as it says.
                std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof => {
                    Self::corrupt(format!("redb: {error}"))
                }
                _ => error.into(),
            },
            Redb::Corrupted(what) => Self::corrupt(format!("redb: {what}")),
            Redb::PreviousIo | Redb::LockPoisoned(_) => Self::poisoned(error.to_string()),
            Redb::UpgradeRequired(version) => {
                Self::unsupported(format!("redb: the file is of format {version}"))
            }
            other => Self::corrupt(format!("redb: {other}")),
        }
    }
}
