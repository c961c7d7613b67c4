//! What can be read of damaged files: every whole frame, and in between every whole record.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};

use super::super::{CACHE, KeyRange, Op, Order};
use super::disk::Disk;
use super::frame::{FILE_HEADER, Frame, Kind};
use super::index::Index;
use super::manifest::{Left, Manifest};
use super::scanner::Scanner;
use super::{INDEX, journal, snapshot};
use crate::catalog::facts;
use crate::error::{Error, Result};
use crate::record;

/// The index as it was, while a new one is built.
const OLD_INDEX: &str = "index.old";

/// What became of a folder.
pub(super) struct Salvaged {
    /// What could not be read.
    pub(super) problems: Vec<Error>,
    /// Where the damaged files are now.
    pub(super) kept: Option<PathBuf>,
}

/// A journal or snapshot in the folder. The snapshot of a number comes before its journal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    number: u64,
    journal: bool,
}

impl Part {
    fn path(self, folder: &Path) -> PathBuf {
        match self.journal {
            true => journal::path(folder, self.number),
            false => snapshot::path(folder, self.number),
        }
    }
}

/// Makes a folder a whole store again, of all that can be read in it. Until that is on disk, its
/// files stay as they are.
pub(super) fn salvage(disk: &dyn Disk, folder: &Path) -> Result<Salvaged> {
    let parts = parts(disk, folder)?;
    let manifest = Manifest::read(disk, folder);
    let index_path = folder.join(INDEX);
    if parts.is_empty() && !index_path.exists() && !matches!(manifest, Ok(Some(_))) {
        return Err(Error::corrupt(format!("{} holds nothing of a store", folder.display())));
    }
    let next = parts.last().map_or(0, |part| part.number) + 1;
    if let Some((index, seq)) = trusted_index(&index_path, manifest.as_ref().ok()) {
        conclude(disk, folder, index, next, seq)?;
        return Ok(Salvaged { problems: Vec::new(), kept: None });
    }
    let old_path = folder.join(OLD_INDEX);
    let old = set_aside(&index_path, &old_path)?;
    let mut work = Work {
        disk,
        folder,
        index: Index::open(&index_path, CACHE)?,
        writes: 0,
        last: None,
        removed: HashSet::new(),
        hasher: RandomState::new(),
        problems: Vec::new(),
    };
    work.read_parts(manifest, &parts)?;
    if let Some(old) = &old
        && !work.problems.is_empty()
    {
        work.fill_in(old)?;
    }
    if let Some(old) = old {
        // It goes, however it ends.
        let _ = old.close(&old_path);
    }
    let Work { index, last, problems, .. } = work;
    conclude(disk, folder, index, next, last.unwrap_or(0))?;
    let _ = std::fs::remove_dir_all(&old_path);
    let kept = match problems.is_empty() {
        // The next open removes what is not needed.
        true => None,
        false => Some(put_away(disk, folder, next, &parts)?),
    };
    Ok(Salvaged { problems, kept })
}

fn parts(disk: &dyn Disk, folder: &Path) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    for name in disk.list(folder)? {
        let number = |prefix: &str| name.to_str()?.strip_prefix(prefix)?.parse().ok();
        let snapshot = number("snapshot-").map(|number| Part { number, journal: false });
        parts.extend(snapshot.or(number("journal-").map(|number| Part { number, journal: true })));
    }
    parts.sort_unstable();
    Ok(parts)
}

/// The index of a store that was closed in order, if every record in it is whole; and the number
/// of the last write.
fn trusted_index(path: &Path, manifest: Option<&Option<Manifest>>) -> Option<(Index, u64)> {
    let Some(Manifest { left: Left::Closed { seq, .. }, .. }) = manifest?.as_ref() else {
        return None;
    };
    let index = path.exists().then(|| Index::open(path, CACHE).ok())??;
    let whole = index.seq().is_ok_and(|found| found == *seq)
        && index
            .scan(&KeyRange::prefix(&[]), Order::Ascending)
            .all(|item| item.is_ok_and(|(key, value)| record::unseal(&key, &value).is_ok()));
    match whole {
        true => Some((index, *seq)),
        false => {
            let _ = index.close(path);
            None
        }
    }
}

/// Gives the index another name, and opens it there if it can be.
fn set_aside(index: &Path, old: &Path) -> Result<Option<Index>> {
    // One that is there is of a repair that did not end: then the other is new and incomplete.
    let result = match old.exists() {
        true => std::fs::remove_dir_all(index),
        false => std::fs::rename(index, old),
    };
    match result {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    Ok(old.exists().then(|| Index::open(old, CACHE).ok()).flatten())
}

/// Puts what is in the index on disk, and a manifest that knows of nothing else.
fn conclude(disk: &dyn Disk, folder: &Path, index: Index, number: u64, seq: u64) -> Result<()> {
    let items = index.scan(&KeyRange::prefix(&[]), Order::Ascending);
    snapshot::write(disk, folder, number, seq, items, || Ok(()))?;
    journal::create(disk, folder, number, seq)?;
    index.finish(seq)?;
    index.close(&folder.join(INDEX))?;
    let left = Left::Closed { seq, length: FILE_HEADER };
    Manifest { base: number, last: number, left }.write(disk, folder)
}

/// Moves files to a folder of their own.
fn put_away(disk: &dyn Disk, folder: &Path, number: u64, parts: &[Part]) -> Result<PathBuf> {
    let kept = folder.join(format!("damaged-{number:08}"));
    disk.create_folder(&kept)?;
    for part in parts {
        let path = part.path(folder);
        disk.rename(&path, &part.path(&kept))?;
    }
    disk.sync_folder(&kept)?;
    disk.sync_folder(folder)?;
    Ok(kept)
}

struct Work<'a> {
    disk: &'a dyn Disk,
    folder: &'a Path,
    index: Index,
    /// Calls that wrote to the index: the places of large values count down with them.
    writes: u64,
    /// The number of the last write that was read or is known to have been.
    last: Option<u64>,
    /// Keys that were removed and not written again, by their hashes.
    removed: HashSet<u64>,
    hasher: RandomState,
    problems: Vec<Error>,
}

impl Work<'_> {
    fn read_parts(&mut self, manifest: Result<Option<Manifest>>, parts: &[Part]) -> Result<()> {
        let manifest = match manifest {
            Ok(Some(manifest)) => Some(manifest),
            Ok(None) => {
                self.problem("the manifest is missing".to_owned());
                None
            }
            Err(error) => {
                self.problems.push(error);
                None
            }
        };
        let snapshots = parts.iter().filter(|part| !part.journal);
        // Snapshots have their names when they are whole: the last one is the best.
        let last_snapshot = snapshots.map(|part| part.number).next_back();
        let base = manifest.map_or(last_snapshot.unwrap_or(0), |manifest| manifest.base);
        let last = parts.last().map_or(0, |part| part.number);
        let last = manifest.map_or(last, |manifest| manifest.last);
        let closed = manifest.is_some_and(|manifest| manifest.left != Left::Open);
        if base > 0 && !self.read_snapshot(base)? {
            // Whatever else is there is older, and so it comes first.
            self.begin_anew()?;
            for part in parts.iter().filter(|part| part.number < base) {
                match part.journal {
                    true => self.read_journal(part.number, End::Whole)?,
                    false => drop(self.read_snapshot(part.number)?),
                }
            }
            let known = self.problems.len();
            self.read_snapshot(base)?;
            // It was read twice, and its damage is told once.
            self.problems.truncate(known);
        }
        for number in base..=last {
            let end = if number == last && !closed { End::MayBeTorn } else { End::Whole };
            self.read_journal(number, end)?;
        }
        Ok(())
    }

    fn begin_anew(&mut self) -> Result<()> {
        let everything = KeyRange::prefix(&[]);
        let keys = self.index.scan(&everything, Order::Ascending).map(|item| Ok(item?.0.to_vec()));
        let keys: Vec<_> = keys.collect::<Result<_>>()?;
        for key in keys {
            self.apply(&[Op::Remove { key }])?;
        }
        self.removed.clear();
        self.last = None;
        Ok(())
    }

    /// Reads a snapshot; returns whether it is whole.
    fn read_snapshot(&mut self, number: u64) -> Result<bool> {
        let path = snapshot::path(self.folder, number);
        let problems = self.problems.len();
        let Some(scanner) = self.open(&path)? else { return Ok(false) };
        match scanner.header(Kind::Snapshot, number)? {
            Some(seq) => self.last = Some(seq),
            None => self.problem(format!("bad header in {}", path.display())),
        }
        let mut ended = false;
        self.read_frames(&scanner, &path, End::Whole, |work, frame| {
            let ops = frame.ops();
            ended = ops.as_ref().is_some_and(Vec::is_empty);
            ops.map_or(Ok(()), |ops| work.apply(&ops))
        })?;
        if !ended {
            self.problem(format!("the end of {} is missing", path.display()));
        }
        Ok(problems == self.problems.len())
    }

    fn read_journal(&mut self, number: u64, end: End) -> Result<()> {
        let path = journal::path(self.folder, number);
        let Some(scanner) = self.open(&path)? else { return Ok(()) };
        match scanner.header(Kind::Journal, number)? {
            Some(seq) => self.follow(seq + 1, &path),
            None => self.problem(format!("bad header in {}", path.display())),
        }
        self.read_frames(&scanner, &path, end, |work, frame| {
            if work.last.is_some_and(|last| frame.seq <= last) {
                // It was read before, or is older than the snapshot.
                return Ok(());
            }
            work.follow(frame.seq, &path);
            work.last = Some(frame.seq);
            frame.ops().map_or(Ok(()), |ops| work.apply(&ops))
        })
    }

    /// Reports the writes between the last one and this one.
    fn follow(&mut self, seq: u64, path: &Path) {
        if let Some(last) = self.last
            && seq > last + 1
        {
            let (first, end, path) = (last + 1, seq - 1, path.display());
            self.problem(format!("the writes {first} to {end} are missing before {path}"));
        }
        self.last = self.last.max(Some(seq - 1));
    }

    fn open(&mut self, path: &Path) -> Result<Option<Scanner>> {
        match self.disk.open(path) {
            Ok(file) => Ok(Some(Scanner::new(file)?)),
            Err(error) => {
                self.problem(format!("{}: {error}", path.display()));
                Ok(None)
            }
        }
    }

    /// Hands over the frames of a file, and writes the records that are whole in between.
    fn read_frames(
        &mut self,
        scanner: &Scanner,
        path: &Path,
        end: End,
        mut each: impl FnMut(&mut Self, Frame) -> Result<()>,
    ) -> Result<()> {
        let mut at = FILE_HEADER.min(scanner.size);
        while at < scanner.size {
            if let Some((frame, after)) = scanner.frame_at(at)? {
                each(self, frame)?;
                at = after;
                continue;
            }
            let next = scanner.next_frame(at + 1)?;
            let (count, file) = (next.unwrap_or(scanner.size) - at, path.display());
            if next.is_none() && end == End::MayBeTorn {
                let what = "are no whole write: cut short by a crash, or damaged";
                self.problem(format!("{count} bytes at the end of {file} {what}"));
                return Ok(());
            }
            self.problem(format!("{count} damaged bytes in {file} at byte {at}"));
            for put in scanner.records(at, at + count)? {
                self.apply(&[put])?;
            }
            at += count;
        }
        Ok(())
    }

    /// Adds what only the old index has, or has later. Nothing in it says that it is the latest.
    fn fill_in(&mut self, old: &Index) -> Result<()> {
        for item in old.scan(&KeyRange::prefix(&[]), Order::Ascending) {
            let Ok((key, value)) = item else { break };
            let whole = record::unseal(&key, &value).is_ok();
            if !whole || self.removed.contains(&self.hasher.hash_one(&*key)) {
                continue;
            }
            let later = match self.index.get(&key)? {
                None => true,
                Some(found) => facts::is_later(&key, &value, &found),
            };
            if later {
                self.apply(&[Op::Put { key: key.to_vec(), value: value.to_vec() }])?;
            }
        }
        Ok(())
    }

    fn apply(&mut self, ops: &[Op]) -> Result<()> {
        for op in ops {
            let key = self.hasher.hash_one(op.key());
            match op.value() {
                Some(_) => self.removed.remove(&key),
                None => self.removed.insert(key),
            };
        }
        self.writes += 1;
        self.index.apply_each(u64::MAX - self.writes, ops)
    }

    fn problem(&mut self, what: String) {
        self.problems.push(Error::corrupt(what));
    }
}

/// What may be behind the last frame of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// Nothing: all of it was on disk once.
    Whole,
    /// A write that was never acknowledged, and of which nothing may show.
    MayBeTorn,
}
