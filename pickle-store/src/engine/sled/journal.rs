//! The journal: every write goes there first, and is on disk before it is acknowledged.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::super::Op;
use super::disk::{Disk, DiskFile, Stream};
use super::frame::{self, FILE_HEADER, FrameReader, Kind};
use super::group::{Group, Patience};
use super::manifest::Left;
use crate::error::{Error, Result};

/// The journal that is being written.
pub(super) struct Journal {
    writer: Mutex<Writer>,
    group: Group,
}

/// The end of the journal. Holding it is the right to write, to the index as well.
pub(super) struct Writer {
    file: Arc<dyn DiskFile>,
    /// The number in the file's name.
    pub(super) number: u64,
    /// Bytes in the file.
    pub(super) length: u64,
    /// The number of the last frame.
    pub(super) seq: u64,
    /// Where frames are put together; empty memory kept for the next.
    frame: Vec<u8>,
}

pub(super) fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("journal-{number:08}"))
}

/// Begins journal `number`, whose first frame will be `seq + 1`.
pub(super) fn create(
    disk: &dyn Disk,
    folder: &Path,
    number: u64,
    seq: u64,
) -> Result<Arc<dyn DiskFile>> {
    let path = path(folder, number);
    // Where an earlier attempt failed to put the name on disk, it counts as written all the same.
    // Only a new name is written again.
    match disk.remove(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let file = disk.create(&path)?;
    file.write_at(0, &frame::file_header(Kind::Journal, number, seq))?;
    file.sync()?;
    disk.sync_folder(folder)?;
    Ok(file)
}

/// Bytes of memory that are kept for the next frame.
const FRAME: usize = 1 << 20;

/// Bytes that are written at once where a journal is written again.
const CHUNK: u64 = 1 << 20;

impl Writer {
    /// Where the journal ends.
    pub(super) fn end(&self) -> End {
        End { seq: self.seq, length: self.length }
    }

    /// Goes on in a new file.
    pub(super) fn turn_to(&mut self, number: u64, file: Arc<dyn DiskFile>) {
        self.file = file;
        self.number = number;
        self.length = FILE_HEADER;
    }
}

impl Journal {
    /// Continues a journal behind its last whole frame. All of it is on disk then.
    pub(super) fn open(
        disk: &dyn Disk,
        folder: &Path,
        number: u64,
        end: End,
        left: Left,
    ) -> Result<Self> {
        let file = disk.open_to_write(&path(folder, number))?;
        file.truncate(end.length)?;
        if left == Left::Open {
            // Whoever wrote it last may have died of a failed `fsync`. Then these bytes are in the
            // system's cache, where it takes them for written, and the next `fsync` skips them.
            let mut chunk = Vec::new();
            for at in (0..end.length).step_by(CHUNK as usize) {
                chunk.clear();
                let rest = Stream { file: Arc::clone(&file), offset: at };
                rest.take(CHUNK.min(end.length - at)).read_to_end(&mut chunk)?;
                file.write_at(at, &chunk)?;
            }
        }
        file.sync()?;
        Ok(Self {
            writer: Mutex::new(Writer {
                file,
                number,
                length: end.length,
                seq: end.seq,
                frame: Vec::new(),
            }),
            group: Group::new(end.seq),
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
        let synced = self.group.synced();
        let ops = ops.iter().map(|op| (op.key(), op.value()));
        frame::encode_into(&mut writer.frame, writer.seq + 1, synced, ops);
        if let Err(error) = writer.file.write_at(writer.length, &writer.frame) {
            if writer.file.truncate(writer.length).is_err() {
                let what = format!("a half-written frame could not be undone: {error}");
                return Err(self.poison(what));
            }
            return Err(error.into());
        }
        writer.length += writer.frame.len() as u64;
        writer.seq += 1;
        if writer.frame.capacity() > FRAME {
            writer.frame = Vec::new();
        }
        Ok(())
    }

    /// Returns when frame `seq` is on disk. Threads that wait at the same time share one `fsync`.
    pub(super) fn sync_to(&self, seq: u64, patience: Patience) -> Result<()> {
        self.group.sync_to(seq, patience, || {
            let (file, last) = {
                let writer = self.writer.lock().unwrap_or_else(|poison| poison.into_inner());
                (Arc::clone(&writer.file), writer.seq)
            };
            // Earlier files were synced when this one began.
            (last, file.sync())
        })
    }

    /// Syncs everything appended so far.
    pub(super) fn sync(&self) -> Result<()> {
        let seq = self.writer()?.seq;
        self.sync_to(seq, Patience::None)
    }

    /// Syncs what was appended, so that another file may follow.
    pub(super) fn finish(&self, writer: &Writer) -> Result<()> {
        match writer.file.sync() {
            Ok(()) => {
                self.group.reached(writer.seq);
                Ok(())
            }
            Err(error) => Err(self.poison(format!("fsync of the journal: {error}"))),
        }
    }

    /// Refuses all further work: what is on disk is not known any more.
    #[cold]
    pub(super) fn poison(&self, what: String) -> Error {
        self.group.poison(what)
    }

    /// Fails if an earlier failure left the disk in an unknown state.
    pub(super) fn check(&self) -> Result<()> {
        self.group.check()
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
    disk: &dyn Disk,
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
    let mut reader = FrameReader::open(disk, &path, Kind::Journal, number)?;
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
    if !reader.at_end()
        && (tail == Tail::Whole || frame::was_synced(disk, &path, end.length, end.seq)?)
    {
        return damaged("a damaged write", end.length);
    }
    Ok(end)
}
