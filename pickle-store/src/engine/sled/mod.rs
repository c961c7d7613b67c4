//! The default engine: a journal and snapshots of our own, and sled as the index over them.
//!
//! `flush` of sled 0.34 does not reach the disk, and after a power cut sled may not open or may
//! open empty. So sled holds nothing that is not in files of ours, which are checksummed and
//! synced. Its files are used again only after an orderly close. `docs/store-format.md` has the
//! files and what happens to them in each kind of failure.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use super::ticker::Ticker;
use super::{
    Applied, Bytes, Durability, Engine, EngineLimits, Expect, KeyRange, Op, Order, Scan, Settings,
};
use crate::error::{Error, ErrorKind, Result};
use disk::{Disk, RealDisk};
use group::Patience;
use index::Index;
use journal::{Journal, Tail};
use manifest::{Left, Manifest};

mod disk;
mod frame;
mod group;
mod index;
mod journal;
mod manifest;
mod salvage;
mod scanner;
mod snapshot;
#[cfg(test)]
mod tests;
mod verify;

/// The journals may grow to so many bytes before a snapshot replaces them; and to twice the size
/// of the last snapshot, so that snapshots cost a constant part of all writing.
const JOURNAL: u64 = 64 << 20;

/// A store's folder, open.
pub(crate) struct SledEngine {
    core: Arc<Core>,
    syncer: Option<Ticker>,
    checkpointer: Mutex<Option<JoinHandle<()>>>,
}

struct Core {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    durability: Durability,
    journal: Journal,
    /// Taken out when the engine is closed.
    index: Option<Index>,
    manifest: Mutex<Manifest>,
    /// Bytes of the journals since the last snapshot, and how many call for a new one.
    grown: AtomicU64,
    threshold: AtomicU64,
    checkpointing: AtomicBool,
    /// Held as long as the store is open.
    _lock: File,
}

impl SledEngine {
    /// Opens the store in a folder, or begins one where there is nothing.
    pub(crate) fn open(folder: &Path, settings: impl Into<Settings>) -> Result<Self> {
        Self::open_on(Arc::new(RealDisk), folder, settings.into())
    }

    /// As [`open`](Self::open), with the files that matter on a disk of one's own. The lock and
    /// the index are always the operating system's.
    fn open_on(disk: Arc<dyn Disk>, folder: &Path, settings: Settings) -> Result<Self> {
        disk.create_folder(folder)?;
        let lock = lock(folder)?;
        Self::open_locked(disk, folder, settings, lock)
    }

    /// Opens what is left of a store, after making a whole one of it; tells what is not in it, and
    /// where the damaged files are.
    pub(crate) fn repair(folder: &Path) -> Result<(Self, Vec<Error>, Option<PathBuf>)> {
        if !folder.is_dir() {
            return Err(std::io::Error::from(std::io::ErrorKind::NotFound).into());
        }
        let lock = lock(folder)?;
        let salvaged = salvage::salvage(&RealDisk, folder)?;
        let engine = Self::open_locked(Arc::new(RealDisk), folder, Settings::default(), lock)?;
        Ok((engine, salvaged.problems, salvaged.kept))
    }

    fn open_locked(
        disk: Arc<dyn Disk>,
        folder: &Path,
        settings: Settings,
        lock: File,
    ) -> Result<Self> {
        let Settings { durability, cache } = settings;
        let mut manifest = match Manifest::read(&*disk, folder)? {
            Some(manifest) => manifest,
            None => begin(&*disk, folder)?,
        };
        let (index, end) = open_index(&*disk, folder, &manifest, cache)?;
        let journal = Journal::open(&*disk, folder, manifest.last, end, manifest.left)?;
        // From here on a crash leaves an index that cannot be trusted.
        manifest.left = Left::Open;
        manifest.write(&*disk, folder)?;
        sweep(&*disk, folder, &manifest);
        let base = match manifest.base {
            0 => 0,
            number => disk.open(&snapshot::path(folder, number))?.size()?,
        };
        let core = Arc::new(Core {
            disk,
            folder: folder.to_owned(),
            durability,
            journal,
            index: Some(index),
            manifest: Mutex::new(manifest),
            grown: AtomicU64::new(end.length),
            threshold: AtomicU64::new(JOURNAL.max(2 * base)),
            checkpointing: AtomicBool::new(false),
            _lock: lock,
        });
        let syncer = match durability {
            Durability::Every(period) => {
                let core = Arc::clone(&core);
                // A failure poisons the journal, and the next write reports it.
                Some(Ticker::new(period, move || drop(core.journal.sync())))
            }
            Durability::Sync | Durability::Os => None,
        };
        Ok(Self { core, syncer, checkpointer: Mutex::new(None) })
    }

    fn checkpoint_in_background(&self) {
        let core = &self.core;
        if core.grown.load(Ordering::Relaxed) < core.threshold.load(Ordering::Relaxed)
            || core.checkpointing.swap(true, Ordering::AcqRel)
        {
            return;
        }
        let core = Arc::clone(core);
        let thread = std::thread::spawn(move || {
            if core.checkpoint().is_err() {
                // The journals stay, so nothing is lost. Try again when they have doubled.
                core.threshold
                    .store(core.grown.load(Ordering::Relaxed).saturating_mul(2), Ordering::Relaxed);
            }
            core.checkpointing.store(false, Ordering::Release);
        });
        let mut slot = self.checkpointer.lock().unwrap_or_else(|poison| poison.into_inner());
        if let Some(before) = slot.replace(thread) {
            // It cleared the flag, so it is as good as over.
            let _ = before.join();
        }
    }
}

impl Engine for SledEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        self.core.journal.check()?;
        self.core.index()?.get(key)
    }

    fn scan(&self, range: KeyRange, order: Order) -> Result<Scan<'_>> {
        self.core.journal.check()?;
        Ok(Box::new(self.core.index()?.scan(&range, order)))
    }

    fn apply(&self, expect: &[Expect], ops: &[Op]) -> Result<Applied> {
        self.limits().check(ops)?;
        let core = &*self.core;
        let index = core.index()?;
        let mut writer = core.journal.writer()?;
        for expect in expect {
            if !expect.holds(self)? {
                return Ok(Applied::Conflict);
            }
        }
        if ops.is_empty() {
            return Ok(Applied::Committed);
        }
        let before = writer.length;
        core.journal.append(&mut writer, ops)?;
        core.grown.fetch_add(writer.length - before, Ordering::Relaxed);
        let seq = writer.seq;
        if let Err(error) = index.apply(seq, ops) {
            return Err(core.journal.poison(error.to_string()));
        }
        drop(writer);
        if core.durability == Durability::Sync {
            core.journal.sync_to(seq, Patience::ForOthers)?;
        }
        self.checkpoint_in_background();
        Ok(Applied::Committed)
    }

    fn sync(&self) -> Result<()> {
        self.core.journal.sync()
    }

    fn limits(&self) -> EngineLimits {
        // Below what a frame holds, with room for the overhead of a few million ops.
        EngineLimits { key: 1 << 20, batch: 1 << 30 }
    }

    fn compact(&self) -> Result<()> {
        self.core.checkpoint()
    }

    fn verify(&self) -> Result<Vec<Error>> {
        self.core.journal.check()?;
        self.core.verify()
    }
}

impl Drop for SledEngine {
    /// Closes the store in order, so that the next open finds the index good. Where that fails,
    /// the next open rebuilds it.
    fn drop(&mut self) {
        drop(self.syncer.take());
        let checkpointer =
            self.checkpointer.get_mut().unwrap_or_else(|poison| poison.into_inner()).take();
        if let Some(thread) = checkpointer {
            // A thread that panicked has no more to say.
            let _ = thread.join();
        }
        if let Some(core) = Arc::get_mut(&mut self.core) {
            // Errors leave the manifest as it is: the journal has it all.
            let _ = core.close();
        }
    }
}

impl Core {
    fn index(&self) -> Result<&Index> {
        self.index.as_ref().ok_or_else(|| Error::poisoned("the store is closed"))
    }

    /// Replaces snapshot and journals by a new snapshot and what was written since. Where that
    /// fails, the files stay as they are.
    fn checkpoint(&self) -> Result<()> {
        let mut manifest = self.manifest.lock().unwrap_or_else(|poison| poison.into_inner());
        let (disk, folder) = (&*self.disk, &*self.folder);
        let (number, seq) = self.turn(&mut manifest)?;
        let everything = KeyRange::prefix(&[]);
        let items = self.index()?.scan(&everything, Order::Ascending);
        // The scan has seen writes after `seq`: they must not be lost while it stays.
        snapshot::write(disk, folder, number, seq, items, || self.journal.sync())?;
        let moved = Manifest { base: number, ..*manifest };
        moved.write(disk, folder)?;
        *manifest = moved;
        sweep(disk, folder, &manifest);
        let size = disk.open(&snapshot::path(folder, number))?.size()?;
        self.threshold.store(JOURNAL.max(2 * size), Ordering::Relaxed);
        self.grown.store(self.journal.writer()?.length, Ordering::Relaxed);
        Ok(())
    }

    /// Goes on in a new journal; returns its number, and that of the last write before it.
    fn turn(&self, manifest: &mut Manifest) -> Result<(u64, u64)> {
        let (disk, folder) = (&*self.disk, &*self.folder);
        let mut writer = self.journal.writer()?;
        self.journal.finish(&writer)?;
        let number = writer.number + 1;
        // Up to the last step a failure leaves the old journal in use, and the new one unknown.
        let file = journal::create(disk, folder, number, writer.seq)?;
        let turned = Manifest { last: number, ..*manifest };
        if let Err(error) = turned.stage(disk, folder)?.publish() {
            return Err(self.journal.poison(format!("a manifest that may count: {error}")));
        }
        *manifest = turned;
        writer.turn_to(number, file);
        Ok((number, writer.seq))
    }

    fn close(&mut self) -> Result<()> {
        let Some(index) = self.index.take() else { return Ok(()) };
        self.journal.sync()?;
        let (seq, length) = {
            let writer = self.journal.writer()?;
            (writer.seq, writer.length)
        };
        index.finish(seq)?;
        index.close(&self.folder.join(INDEX))?;
        let mut manifest = self.manifest.lock().unwrap_or_else(|poison| poison.into_inner());
        manifest.left = Left::Closed { seq, length };
        manifest.write(&*self.disk, &self.folder)
    }
}

const INDEX: &str = "index";
const LOCK: &str = "lock";

/// Takes the lock, which the system gives back when the process ends, however it ends.
fn lock(folder: &Path) -> Result<File> {
    let path = folder.join(LOCK);
    let mut file =
        File::options().read(true).write(true).create(true).truncate(false).open(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::Error(error)) => return Err(error.into()),
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // The text is a courtesy; on Windows a locked file cannot be read.
            let _ = file.take(64).read_to_string(&mut holder);
            if holder.is_empty() {
                holder.push_str("another process");
            }
            return Err(Error::new(ErrorKind::Locked { holder }));
        }
    }
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(format!("process {}", std::process::id()).as_bytes())?;
    Ok(file)
}

/// Begins a store in an empty folder.
fn begin(disk: &dyn Disk, folder: &Path) -> Result<Manifest> {
    let first = journal::path(folder, 0);
    for name in disk.list(folder)? {
        // What an interrupted beginning leaves: a journal without writes, perhaps a new manifest.
        let begun =
            first.file_name() == Some(&name) && disk.open(&first)?.size()? <= frame::FILE_HEADER;
        if !begun && name != LOCK && name != manifest::NEW {
            return Err(Error::corrupt(format!(
                "{} has no manifest, and {} is not a part of a new store",
                folder.display(),
                name.display()
            )));
        }
    }
    journal::create(disk, folder, 0, 0)?;
    let manifest = Manifest { base: 0, last: 0, left: Left::Open };
    manifest.write(disk, folder)?;
    Ok(manifest)
}

/// Removes what an interrupted snapshot left, and the files that one replaced. What cannot be
/// removed is in nobody's way.
fn sweep(disk: &dyn Disk, folder: &Path, manifest: &Manifest) {
    for name in disk.list(folder).unwrap_or_default() {
        let number = |prefix: &str| name.to_str()?.strip_prefix(prefix)?.parse::<u64>().ok();
        let idle = name == OsStr::new(manifest::NEW)
            || name == OsStr::new(snapshot::NEW)
            || number("journal-").is_some_and(|number| number < manifest.base)
            || number("snapshot-")
                .is_some_and(|number| number != manifest.base && number <= manifest.last);
        if idle {
            let _ = disk.remove(&folder.join(name));
        }
    }
}

/// Opens the index where it is known to be good, or rebuilds it from snapshot and journals.
fn open_index(
    disk: &dyn Disk,
    folder: &Path,
    manifest: &Manifest,
    cache: u64,
) -> Result<(Index, journal::End)> {
    let path = folder.join(INDEX);
    if let Left::Closed { seq, length } = manifest.left
        && disk.open(&journal::path(folder, manifest.last)).and_then(|journal| journal.size()).ok()
            == Some(length)
        && let Ok(index) = Index::open(&path, cache)
    {
        if index.seq().is_ok_and(|found| found == seq) {
            return Ok((index, journal::End { seq, length }));
        }
        // It is thrown away, so how it ends is of no interest.
        let _ = index.close(&path);
    }
    match fs::remove_dir_all(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let index = Index::open(&path, cache)?;
    let end = rebuild(disk, folder, manifest, &index)?;
    index.finish(end.seq)?;
    Ok((index, end))
}

fn rebuild(
    disk: &dyn Disk,
    folder: &Path,
    manifest: &Manifest,
    index: &Index,
) -> Result<journal::End> {
    let mut seq = 0;
    if manifest.base > 0 {
        // The pieces of values lie where the number of their write says. Those of the snapshot
        // count down from the top, so that they never meet the journals'.
        let base = manifest.base;
        seq = snapshot::read(disk, folder, base, |frame, ops| {
            index.apply_each(u64::MAX - frame, ops)
        })?;
    }
    let mut end = journal::End { seq, length: 0 };
    for number in manifest.base..=manifest.last {
        let torn = number == manifest.last && manifest.left == Left::Open;
        let tail = if torn { Tail::MayBeTorn } else { Tail::Whole };
        end = journal::replay(disk, folder, number, end.seq, tail, |seq, ops| {
            index.apply_each(seq, ops)
        })?;
    }
    match manifest.left {
        Left::Closed { seq, length } if end.seq != seq || end.length != length => {
            Err(Error::corrupt("the journal is not as it was when the store was closed"))
        }
        _ => Ok(end),
    }
}
