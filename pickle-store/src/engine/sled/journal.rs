//! The journal: every write goes there first, and is on disk before it is acknowledged.

use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use super::super::Op;
use super::frame::{self, FILE_HEADER, FrameReader, Kind};
use super::manifest::sync_folder;
use crate::error::{Error, Result};

/// The journal that is being written.
pub(super) struct Journal {
    folder: PathBuf,
    writer: Mutex<Writer>,
    sync: Mutex<Sync>,
    synced: Condvar,
}

/// The end of the journal. Holding it is the right to write, to the index as well.
pub(super) struct Writer {
    file: Arc<File>,
    /// The number in the file's name.
    pub(super) number: u64,
    /// Bytes in the file.
    pub(super) length: u64,
    /// The number of the last frame.
    pub(super) seq: u64,
}

struct Sync {
    /// Frames up to this one are on disk.
    seq: u64,
    /// Whether some thread is in `fsync`; the others wait for it and share the next.
    busy: bool,
    /// The failure after which nothing is known of the disk.
    failed: Option<String>,
}

pub(super) fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("journal-{number:08}"))
}

/// Begins journal `number`, whose first frame will be `seq + 1`.
pub(super) fn create(folder: &Path, number: u64, seq: u64) -> Result<File> {
    let mut file = File::create(path(folder, number))?;
    file.write_all(&frame::file_header(Kind::Journal, number, seq))?;
    file.sync_all()?;
    sync_folder(folder)?;
    Ok(file)
}

impl Journal {
    /// Continues a journal behind its last whole frame.
    pub(super) fn open(folder: &Path, number: u64, length: u64, seq: u64) -> Result<Self> {
        let mut file = OpenOptions::new().write(true).open(path(folder, number))?;
        file.set_len(length)?;
        file.sync_all()?;
        file.seek(SeekFrom::Start(length))?;
        Ok(Self {
            folder: folder.to_owned(),
            writer: Mutex::new(Writer { file: Arc::new(file), number, length, seq }),
            sync: Mutex::new(Sync { seq, busy: false, failed: None }),
            synced: Condvar::new(),
        })
    }

    /// The right to write.
    pub(super) fn writer(&self) -> Result<MutexGuard<'_, Writer>> {
        let writer = self.writer.lock().unwrap_or_else(|poison| poison.into_inner());
        self.check()?;
        Ok(writer)
    }

    /// Appends a frame. On an error nothing was appended.
    pub(super) fn append(&self, writer: &mut Writer, ops: &[Op]) -> Result<()> {
        let synced = self.sync_state().seq;
        let ops = ops.iter().map(|op| (op.key(), op.value()));
        let frame = frame::encode(writer.seq + 1, synced, ops);
        let mut file = &*writer.file;
        if let Err(error) = file.write_all(&frame) {
            let undone = file.set_len(writer.length);
            let undone = undone.and_then(|()| file.seek(SeekFrom::Start(writer.length)));
            if undone.is_err() {
                self.poison(format!("a half-written frame could not be undone: {error}"));
            }
            return Err(error.into());
        }
        writer.length += frame.len() as u64;
        writer.seq += 1;
        Ok(())
    }

    /// Returns when frame `seq` is on disk. Threads that wait at the same time share one `fsync`.
    pub(super) fn sync_to(&self, seq: u64) -> Result<()> {
        let mut state = self.sync_state();
        loop {
            if let Some(what) = &state.failed {
                return Err(Error::poisoned(what.clone()));
            }
            if state.seq >= seq {
                return Ok(());
            }
            if !state.busy {
                break;
            }
            state = self.synced.wait(state).unwrap_or_else(|poison| poison.into_inner());
        }
        state.busy = true;
        drop(state);
        let (file, last) = {
            let writer = self.writer.lock().unwrap_or_else(|poison| poison.into_inner());
            (Arc::clone(&writer.file), writer.seq)
        };
        let result = file.sync_data();
        let mut state = self.sync_state();
        state.busy = false;
        match &result {
            // Earlier files were synced when this one began.
            Ok(()) => state.seq = state.seq.max(last),
            Err(error) => {
                state.failed.get_or_insert_with(|| format!("fsync of the journal: {error}"));
            }
        }
        self.synced.notify_all();
        Ok(result?)
    }

    /// Syncs everything appended so far.
    pub(super) fn sync(&self) -> Result<()> {
        let seq = self.writer()?.seq;
        self.sync_to(seq)
    }

    /// Goes on in a new file, once the one before is on disk whole.
    pub(super) fn rotate(&self, writer: &mut Writer) -> Result<()> {
        if let Err(error) = writer.file.sync_all() {
            self.poison(format!("fsync of the journal: {error}"));
            return Err(error.into());
        }
        let number = writer.number + 1;
        let file = create(&self.folder, number, writer.seq)?;
        writer.file = Arc::new(file);
        writer.number = number;
        writer.length = FILE_HEADER;
        let mut state = self.sync_state();
        state.seq = state.seq.max(writer.seq);
        Ok(())
    }

    /// Refuses all further work: what is on disk is not known any more.
    #[cold]
    pub(super) fn poison(&self, what: String) {
        self.sync_state().failed.get_or_insert(what);
        self.synced.notify_all();
    }

    /// Fails if an earlier failure left the disk in an unknown state.
    pub(super) fn check(&self) -> Result<()> {
        match &self.sync_state().failed {
            Some(what) => Err(Error::poisoned(what.clone())),
            None => Ok(()),
        }
    }

    fn sync_state(&self) -> MutexGuard<'_, Sync> {
        self.sync.lock().unwrap_or_else(|poison| poison.into_inner())
    }
}

/// Where replaying ended.
#[derive(Clone, Copy)]
pub(super) struct End {
    /// The last whole frame.
    pub(super) seq: u64,
    /// Bytes of the journal up to it.
    pub(super) length: u64,
}

/// Whether the end of a journal may be damaged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    /// All of it was on disk: any damage is an error.
    Whole,
    /// A crash may have left a frame half-written. It was not acknowledged.
    MayBeTorn,
}

/// Reads a journal that follows frame `seq`, and hands its frames to `each`.
pub(super) fn replay(
    folder: &Path,
    number: u64,
    seq: u64,
    tail: Tail,
    mut each: impl FnMut(u64, &[Op]) -> Result<()>,
) -> Result<End> {
    let path = path(folder, number);
    let damaged = |what: &str, offset: u64| {
        Err(Error::corrupt(format!("{what} in {} at byte {offset}", path.display())))
    };
    let mut reader = FrameReader::open(&path, Kind::Journal, number)?;
    if reader.seq != seq {
        return damaged("a gap before the first write", 0);
    }
    let mut end = End { seq, length: reader.offset };
    while let Some(frame) = reader.next_frame()? {
        let Some(ops) = frame.ops().filter(|_| frame.seq == end.seq + 1) else {
            return damaged("a write that does not follow the one before", end.length);
        };
        each(frame.seq, &ops)?;
        end = End { seq: frame.seq, length: reader.offset };
    }
    if !reader.at_end() && (tail == Tail::Whole || frame::was_synced(&path, end.length, end.seq)?) {
        return damaged("a damaged write", end.length);
    }
    Ok(end)
}
