//! A disk in memory that fails where it is told to, and loses what was not synced when power goes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::MutexGuard;

use super::super::disk::{Disk, DiskFile};
use super::*;

/// Bytes that a disk writes whole or not at all.
const SECTOR: usize = 512;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The operation fails. What a failed `fsync` should have written is lost, and the next one
    /// does not say so: Linux does this.
    Io,
    /// Writes and new files fail, as on a full disk.
    NoSpace,
    /// Half of the bytes are written, then the disk is full.
    ShortWrite,
    /// Power goes before the operation ends.
    Crash,
}

/// Numbers that look random and are the same in each run.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        // xorshift64*, by Vigna.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end
    }

    pub(super) fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

pub(super) struct SimDisk(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    files: Vec<Contents>,
    /// The names as programs see them, and as they are on disk.
    names: Names,
    durable: Names,
    unsynced: Vec<Rename>,
    operations: u64,
    plan: Option<(u64, Fault)>,
    /// What did happen of the plan.
    fired: bool,
    off: bool,
}

type Names = BTreeMap<PathBuf, usize>;

/// A change of names: what goes, and what comes.
#[derive(Clone)]
struct Rename {
    gone: Option<PathBuf>,
    there: Option<(PathBuf, usize)>,
}

#[derive(Default)]
struct Contents {
    now: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Change>,
}

enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write(at, written) => {
                bytes.resize(bytes.len().max(at + written.len()), 0);
                bytes[*at..at + written.len()].copy_from_slice(written);
            }
            Self::Truncate(size) => bytes.resize(*size, 0),
        }
    }
}

impl SimDisk {
    pub(super) fn new() -> Self {
        Self(Arc::default())
    }

    /// Lets the operation of this number fail; they count from 0.
    pub(super) fn plan(&self, operation: u64, fault: Fault) {
        let mut state = self.state();
        state.plan = Some((operation, fault));
        state.fired = false;
    }

    /// Operations so far.
    pub(super) fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Whether the planned failure has happened.
    pub(super) fn fired(&self) -> bool {
        self.state().fired
    }

    /// Whether power has gone.
    pub(super) fn is_off(&self) -> bool {
        self.state().off
    }

    /// Whether some manifest that may count after a power cut says that the store was closed.
    pub(super) fn may_be_closed(&self) -> bool {
        // Its 25th byte says so.
        self.state().files.iter().any(|file| {
            let written = file.unsynced.iter().filter_map(|change| match change {
                Change::Write(0, bytes) => Some(bytes.as_slice()),
                _ => None,
            });
            let mut all = written.chain([file.now.as_slice(), file.durable.as_slice()]);
            all.any(|bytes| bytes.starts_with(b"PKLSTOR") && bytes.get(24) == Some(&1))
        })
    }

    /// From now on nothing works.
    pub(super) fn switch_off(&self) {
        self.state().off = true;
    }

    /// The disk after power came back: of what was not synced, any part may be there.
    pub(super) fn switch_on(&self, random: &mut Random) {
        let mut state = self.state();
        state.lose_names(random);
        for file in &mut state.files {
            file.lose(random);
        }
        state.restart();
    }

    /// The disk as a program that is started again finds it after a kill.
    pub(super) fn restart(&self) {
        self.state().restart();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl State {
    fn restart(&mut self) {
        self.plan = None;
        self.off = false;
    }

    fn lose_names(&mut self, random: &mut Random) {
        let mut names = self.durable.clone();
        let keep_all = random.one_in(3);
        for rename in std::mem::take(&mut self.unsynced) {
            if keep_all || random.one_in(2) {
                rename.apply(&mut names);
            }
        }
        self.names = names.clone();
        self.durable = names;
    }

    /// Counts an operation. An error here is one of the operation; a fault is for it to deal with.
    fn begin(&mut self) -> std::io::Result<Option<Fault>> {
        if self.off {
            return Err(failed("the disk is off"));
        }
        let number = self.operations;
        self.operations += 1;
        let Some((_, fault)) = self.plan.filter(|(planned, _)| *planned == number) else {
            return Ok(None);
        };
        self.fired = true;
        self.off = fault == Fault::Crash;
        Ok(Some(fault))
    }

    fn change_names(&mut self, rename: Rename) -> std::io::Result<()> {
        let fault = self.begin()?;
        if matches!(fault, None | Some(Fault::Crash)) {
            rename.apply(&mut self.names);
            self.unsynced.push(rename);
        }
        fault.map_or(Ok(()), |fault| Err(fault.error()))
    }

    fn find(&self, path: &Path) -> std::io::Result<usize> {
        self.names.get(path).copied().ok_or_else(|| std::io::ErrorKind::NotFound.into())
    }
}

impl Rename {
    fn apply(&self, names: &mut Names) {
        if let Some(gone) = &self.gone {
            names.remove(gone);
        }
        names.extend(self.there.clone());
    }
}

impl Contents {
    /// Power goes.
    fn lose(&mut self, random: &mut Random) {
        let changes = std::mem::take(&mut self.unsynced);
        let mut bytes = self.durable.clone();
        match random.below(4) {
            0 => {}
            1 => changes.iter().for_each(|change| change.apply(&mut bytes)),
            2 => {
                let kept = random.below(changes.len() as u64 + 1) as usize;
                changes[..kept].iter().for_each(|change| change.apply(&mut bytes));
            }
            // Each sector has a fate of its own.
            _ => changes.iter().for_each(|change| tear(change, &mut bytes, random)),
        }
        self.now = bytes.clone();
        self.durable = bytes;
    }
}

fn tear(change: &Change, bytes: &mut Vec<u8>, random: &mut Random) {
    let Change::Write(at, written) = change else {
        if random.one_in(2) {
            change.apply(bytes);
        }
        return;
    };
    let mut from = 0;
    while from < written.len() {
        let to = written.len().min(from + SECTOR - (at + from) % SECTOR);
        match random.below(4) {
            0 | 1 => Change::Write(at + from, written[from..to].to_vec()).apply(bytes),
            // The file has grown, and what is there was never written.
            2 if at + from >= bytes.len() => {
                let rubbish = (from..to).map(|_| random.below(256) as u8).collect();
                Change::Write(at + from, rubbish).apply(bytes);
            }
            _ => {}
        }
        from = to;
    }
}

impl Fault {
    fn error(self) -> std::io::Error {
        match self {
            Self::Io | Self::Crash => failed("the disk failed"),
            Self::NoSpace | Self::ShortWrite => std::io::ErrorKind::StorageFull.into(),
        }
    }
}

fn failed(text: &str) -> std::io::Error {
    std::io::Error::other(text.to_owned())
}

struct SimFile {
    state: Arc<Mutex<State>>,
    number: usize,
}

impl SimFile {
    fn change(&self, change: Change) -> std::io::Result<()> {
        let mut state = self.state.lock().unwrap();
        let fault = state.begin()?;
        let file = &mut state.files[self.number];
        let change = match (fault, change) {
            (Some(Fault::ShortWrite), Change::Write(at, bytes)) => {
                Change::Write(at, bytes[..bytes.len() / 2].to_vec())
            }
            (None | Some(Fault::Crash), change) => change,
            (Some(fault), _) => return Err(fault.error()),
        };
        change.apply(&mut file.now);
        file.unsynced.push(change);
        fault.map_or(Ok(()), |fault| Err(fault.error()))
    }
}

impl DiskFile for SimFile {
    fn size(&self) -> std::io::Result<u64> {
        Ok(self.state.lock().unwrap().files[self.number].now.len() as u64)
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> std::io::Result<usize> {
        let mut state = self.state.lock().unwrap();
        if let Some(fault) = state.begin()? {
            return Err(fault.error());
        }
        let now = &state.files[self.number].now;
        let rest = &now[now.len().min(offset as usize)..];
        let count = rest.len().min(bytes.len());
        bytes[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> std::io::Result<()> {
        self.change(Change::Write(offset as usize, bytes.to_vec()))
    }

    fn truncate(&self, size: u64) -> std::io::Result<()> {
        self.change(Change::Truncate(size as usize))
    }

    fn sync(&self) -> std::io::Result<()> {
        let mut state = self.state.lock().unwrap();
        let fault = state.begin()?;
        let file = &mut state.files[self.number];
        match fault {
            None => {
                let changes = std::mem::take(&mut file.unsynced);
                changes.iter().for_each(|change| change.apply(&mut file.durable));
                Ok(())
            }
            Some(Fault::Crash) => Err(Fault::Crash.error()),
            Some(fault) => {
                file.unsynced.clear();
                Err(fault.error())
            }
        }
    }
}

impl Disk for SimDisk {
    fn create_folder(&self, folder: &Path) -> std::io::Result<()> {
        // The lock and the index are there.
        fs::create_dir_all(folder)
    }

    fn create(&self, path: &Path) -> std::io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        let number = match state.find(path) {
            Ok(number) => number,
            Err(_) => {
                let number = state.files.len();
                state.files.push(Contents::default());
                let there = Some((path.to_owned(), number));
                state.change_names(Rename { gone: None, there })?;
                number
            }
        };
        drop(state);
        let file = SimFile { state: Arc::clone(&self.0), number };
        file.truncate(0)?;
        Ok(Arc::new(file))
    }

    fn open(&self, path: &Path) -> std::io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        if let Some(fault) = state.begin()? {
            return Err(fault.error());
        }
        let number = state.find(path)?;
        Ok(Arc::new(SimFile { state: Arc::clone(&self.0), number }))
    }

    fn open_to_write(&self, path: &Path) -> std::io::Result<Arc<dyn DiskFile>> {
        self.open(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        let mut state = self.state();
        let number = state.find(from)?;
        let there = Some((to.to_owned(), number));
        state.change_names(Rename { gone: Some(from.to_owned()), there })
    }

    fn remove(&self, path: &Path) -> std::io::Result<()> {
        let mut state = self.state();
        state.find(path)?;
        state.change_names(Rename { gone: Some(path.to_owned()), there: None })
    }

    fn list(&self, folder: &Path) -> std::io::Result<Vec<std::ffi::OsString>> {
        let state = self.state();
        let within = state.names.keys().filter(|path| path.parent() == Some(folder));
        Ok(within.filter_map(|path| Some(path.file_name()?.to_owned())).collect())
    }

    fn sync_folder(&self, _: &Path) -> std::io::Result<()> {
        let mut state = self.state();
        match state.begin()? {
            None => {
                let mut durable = std::mem::take(&mut state.durable);
                let renames = std::mem::take(&mut state.unsynced);
                renames.iter().for_each(|rename| rename.apply(&mut durable));
                state.durable = durable;
                Ok(())
            }
            Some(Fault::Crash) => Err(Fault::Crash.error()),
            Some(fault) => {
                state.unsynced.clear();
                Err(fault.error())
            }
        }
    }
}
