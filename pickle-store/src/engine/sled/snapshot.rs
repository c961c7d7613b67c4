//! Snapshots: all keys and values at some time, so that the journals before can go.

use std::path::{Path, PathBuf};

use super::super::{Bytes, Op};
use super::disk::{Disk, DiskFile};
use super::frame::{self, FILE_HEADER, FrameReader, Kind};
use crate::error::{Error, Result};

/// Keys and values per frame, in bytes, unless one alone is larger.
const FRAME: usize = 1 << 20;

pub(super) fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("snapshot-{number:08}"))
}

/// A snapshot that is not in its place yet.
pub(super) const NEW: &str = "snapshot.new";

/// Writes a snapshot for the journals from `number` on, whose first frame is `seq + 1`.
///
/// The items may be younger than `seq`: replaying the journals brings all of them to one time.
/// `before_use` runs when the file is whole and before it has its name.
pub(super) fn write(
    disk: &dyn Disk,
    folder: &Path,
    number: u64,
    seq: u64,
    items: impl Iterator<Item = Result<(Bytes, Bytes)>>,
    before_use: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let new = folder.join(NEW);
    let written = fill(&*disk.create(&new)?, number, seq, items).and_then(|()| before_use());
    if let Err(error) = written {
        // On a full disk, its place is needed.
        let _ = disk.remove(&new);
        return Err(error);
    }
    disk.rename(&new, &path(folder, number))?;
    Ok(disk.sync_folder(folder)?)
}

fn fill(
    file: &dyn DiskFile,
    number: u64,
    seq: u64,
    items: impl Iterator<Item = Result<(Bytes, Bytes)>>,
) -> Result<()> {
    file.write_at(0, &frame::file_header(Kind::Snapshot, number, seq))?;
    let mut end = FILE_HEADER;
    let mut append = |frame: &[u8]| {
        file.write_at(end, frame)?;
        end += frame.len() as u64;
        std::io::Result::Ok(())
    };
    let (mut frames, mut size, mut pending) = (0, 0, Vec::new());
    for item in items {
        let (key, value) = item?;
        size += key.len() + value.len();
        pending.push((key, value));
        if size >= FRAME {
            frames += 1;
            append(&encode(frames, &pending))?;
            size = 0;
            pending.clear();
        }
    }
    if !pending.is_empty() {
        frames += 1;
        append(&encode(frames, &pending))?;
    }
    // A frame without ops is the end: a file cut at a frame is not a smaller snapshot.
    append(&encode(frames + 1, &[]))?;
    Ok(file.sync()?)
}

fn encode(number: u64, items: &[(Bytes, Bytes)]) -> Vec<u8> {
    let mut out = Vec::new();
    let ops = items.iter().map(|(key, value)| (&**key, Some(&**value)));
    frame::encode_into(&mut out, number, 0, ops);
    out
}

/// Reads a snapshot; returns the sequence number that the next journal follows.
pub(super) fn read(
    disk: &dyn Disk,
    folder: &Path,
    number: u64,
    mut each: impl FnMut(u64, &[Op]) -> Result<()>,
) -> Result<u64> {
    let path = path(folder, number);
    let mut reader = FrameReader::open(disk, &path, Kind::Snapshot, number)?;
    let mut frames = 0;
    let mut ended = false;
    while let Some(frame) = reader.next_frame()? {
        let Some(ops) = frame.ops().filter(|_| frame.seq == frames + 1 && !ended) else { break };
        frames += 1;
        ended = ops.is_empty();
        each(frames, &ops)?;
    }
    match ended && reader.at_end() {
        true => Ok(reader.seq),
        false => Err(Error::corrupt(format!(
            "damaged data in {} at byte {}",
            path.display(),
            reader.offset
        ))),
    }
}
