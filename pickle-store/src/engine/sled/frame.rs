//! Frames: the unit of journals and snapshots. One frame is one atomic write, or none.

use std::io::{BufReader, Read};
use std::path::Path;

use super::super::Op;
use super::disk::{Disk, Stream};
use crate::error::{Error, Result};

/// Which kind of file frames are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Journal,
    Snapshot,
}

impl Kind {
    const fn magic(self) -> [u8; 8] {
        match self {
            Self::Journal => *b"PKLJRNL\x01",
            Self::Snapshot => *b"PKLSNAP\x01",
        }
    }
}

/// Magic, number of the file, sequence number before its first frame, CRC-32 of these.
pub(super) const FILE_HEADER: u64 = 8 + 8 + 8 + 4;

/// Length and CRC-32 of the body.
pub(super) const PREFIX: usize = 4 + 4;

/// Sequence number, the highest one that was synced before, number of ops.
pub(super) const BODY: usize = 8 + 8 + 4;

/// The header of a file whose first frame will be number `seq + 1`.
pub(super) fn file_header(kind: Kind, number: u64, seq: u64) -> Vec<u8> {
    let mut out = kind.magic().to_vec();
    out.extend_from_slice(&number.to_le_bytes());
    out.extend_from_slice(&seq.to_le_bytes());
    let crc = crc32fast::hash(&out);
    out.extend_from_slice(&crc.to_le_bytes());
    out
}

/// Puts ops in `out` as they stand in a file.
pub(super) fn encode_into<'a>(
    out: &mut Vec<u8>,
    seq: u64,
    synced: u64,
    ops: impl ExactSizeIterator<Item = (&'a [u8], Option<&'a [u8]>)> + Clone,
) {
    out.clear();
    let size = |(key, value): (&[u8], Option<&[u8]>)| {
        1 + 4 + key.len() + value.map_or(0, |value| 4 + value.len())
    };
    out.reserve(PREFIX + BODY + ops.clone().map(size).sum::<usize>());
    out.extend_from_slice(&[0; PREFIX]);
    out.extend_from_slice(&seq.to_le_bytes());
    out.extend_from_slice(&synced.to_le_bytes());
    out.extend_from_slice(&length(ops.len()));
    for (key, value) in ops {
        out.push(u8::from(value.is_some()));
        out.extend_from_slice(&length(key.len()));
        out.extend_from_slice(key);
        if let Some(value) = value {
            out.extend_from_slice(&length(value.len()));
            out.extend_from_slice(value);
        }
    }
    let body = length(out.len() - PREFIX);
    out[..4].copy_from_slice(&body);
    let crc = checksum(body, &out[PREFIX..]);
    out[4..PREFIX].copy_from_slice(&crc.to_le_bytes());
}

fn length(length: usize) -> [u8; 4] {
    u32::try_from(length).expect("checked against the limits of the engine").to_le_bytes()
}

fn checksum(length: [u8; 4], body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length);
    hasher.update(body);
    hasher.finalize()
}

/// A frame that was read, its checksum already verified.
pub(super) struct Frame {
    pub(super) seq: u64,
    body: Vec<u8>,
}

impl Frame {
    /// Checks the body of a frame.
    pub(super) fn new(prefix: [u8; PREFIX], body: Vec<u8>) -> Option<Self> {
        let crc = u32::from_le_bytes(four(&prefix[4..])?);
        if body.len() < BODY || checksum(four(&prefix)?, &body) != crc {
            return None;
        }
        Some(Self { seq: eight(&body)?, body })
    }

    /// The writes in it; none if the checksum lied.
    pub(super) fn ops(&self) -> Option<Vec<Op>> {
        let mut rest = &self.body[16..];
        let count = u32::from_le_bytes(take(&mut rest, 4).and_then(four)?);
        let mut ops = Vec::new();
        for _ in 0..count {
            let tag = take(&mut rest, 1)?[0];
            let key = take_sized(&mut rest)?.to_vec();
            ops.push(match tag {
                0 => Op::Remove { key },
                1 => Op::Put { key, value: take_sized(&mut rest)?.to_vec() },
                _ => return None,
            });
        }
        rest.is_empty().then_some(ops)
    }
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(count)?;
    *rest = left;
    Some(taken)
}

fn take_sized<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let count = u32::from_le_bytes(take(rest, 4).and_then(four)?);
    take(rest, count as usize)
}

fn four(bytes: &[u8]) -> Option<[u8; 4]> {
    bytes.first_chunk().copied()
}

fn eight(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

/// Reads frames until the file ends or a frame is not whole.
pub(super) struct FrameReader {
    file: BufReader<Stream>,
    size: u64,
    /// Where the next frame begins: all before it is whole.
    pub(super) offset: u64,
    /// The sequence number before the first frame.
    pub(super) seq: u64,
}

impl FrameReader {
    /// Opens a file and checks its header.
    pub(super) fn open(disk: &dyn Disk, path: &Path, kind: Kind, number: u64) -> Result<Self> {
        let file = disk.open(path).map_err(|error| missing(path, error))?;
        let size = file.size()?;
        let mut file = BufReader::with_capacity(1 << 18, Stream { file, offset: 0 });
        let mut header = Vec::new();
        file.by_ref().take(FILE_HEADER).read_to_end(&mut header)?;
        let seq = header.get(16..).and_then(eight).unwrap_or(0);
        if header != file_header(kind, number, seq) {
            return Err(Error::corrupt(format!("bad header in {}", path.display())));
        }
        Ok(Self { file, size, offset: FILE_HEADER, seq })
    }

    /// The next frame; none at the end of the file and at the first frame that is not whole.
    pub(super) fn next_frame(&mut self) -> Result<Option<Frame>> {
        let left = self.size - self.offset;
        let mut prefix = [0; PREFIX];
        if left < PREFIX as u64 {
            return Ok(None);
        }
        self.file.read_exact(&mut prefix)?;
        let length = u64::from(u32::from_le_bytes(four(&prefix).unwrap_or_default()));
        if length > left - PREFIX as u64 {
            return Ok(None);
        }
        let mut body = Vec::new();
        self.file.by_ref().take(length).read_to_end(&mut body)?;
        let frame = Frame::new(prefix, body);
        if frame.is_some() {
            self.offset += PREFIX as u64 + length;
        }
        Ok(frame)
    }

    /// Whether the file ends behind the last whole frame.
    pub(super) fn at_end(&self) -> bool {
        self.offset == self.size
    }
}

fn missing(path: &Path, error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::NotFound => Error::corrupt(format!("{} is missing", path.display())),
        _ => error.into(),
    }
}

/// The length in a prefix, if a frame of that length can be in so many bytes after it.
pub(super) fn body_length(prefix: &[u8], left: u64) -> Option<u64> {
    let length = u64::from(u32::from_le_bytes(four(prefix)?));
    (BODY as u64 <= length && length <= left).then_some(length)
}

/// The next put in some bytes at which `whole` finds a record, and the bytes behind it.
pub(super) fn find_put(
    mut bytes: &[u8],
    whole: impl Fn(&[u8], &[u8]) -> bool,
) -> Option<(Op, &[u8])> {
    while !bytes.is_empty() {
        let mut rest = bytes;
        if take(&mut rest, 1) == Some(&[1])
            && let Some(key) = take_sized(&mut rest)
            && let Some(value) = take_sized(&mut rest)
            && whole(key, value)
        {
            return Some((Op::Put { key: key.to_vec(), value: value.to_vec() }, rest));
        }
        bytes = &bytes[1..];
    }
    None
}

/// Whether a frame somewhere behind `offset` says that frames after `seq` were on disk. Then the
/// one at `offset` was acknowledged, and was damaged later; else it was never finished.
pub(super) fn was_synced(disk: &dyn Disk, path: &Path, offset: u64, seq: u64) -> Result<bool> {
    let mut bytes = Vec::new();
    Stream { file: disk.open(path)?, offset }.read_to_end(&mut bytes)?;
    let mut at = 1;
    while let Some(bytes) = bytes.get(at..).filter(|bytes| bytes.len() >= PREFIX + BODY) {
        // Cheap tests first: most offsets are inside a frame.
        let later = eight(&bytes[PREFIX..]).is_some_and(|found| found > seq);
        let synced = eight(&bytes[PREFIX + 8..]).is_some_and(|synced| synced > seq);
        if later && synced {
            let mut rest = bytes;
            let length = take(&mut rest, 4).and_then(four).unwrap_or_default();
            let crc = take(&mut rest, 4).and_then(four).unwrap_or_default();
            let body = rest.get(..u32::from_le_bytes(length) as usize);
            if body.is_some_and(|body| checksum(length, body) == u32::from_le_bytes(crc)) {
                return Ok(true);
            }
        }
        at += 1;
    }
    Ok(false)
}
