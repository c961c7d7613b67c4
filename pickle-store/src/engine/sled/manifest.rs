//! The manifest: what files the store consists of, so that none can vanish unnoticed.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::disk::{Disk, Stream};
use crate::error::{Error, Result};

/// The state of a store's folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Manifest {
    /// The snapshot to start from, none if 0, and the first journal to replay on it.
    pub(super) base: u64,
    /// The last journal.
    pub(super) last: u64,
    /// How the store was left.
    pub(super) left: Left,
}

/// How a store was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// Open: by a crash, or it is open now. The index cannot be trusted.
    Open,
    /// Closed, with the index synced.
    Closed {
        /// The last sequence number.
        seq: u64,
        /// Bytes in the last journal.
        length: u64,
    },
}

const MAGIC: [u8; 8] = *b"PKLSTOR\x01";
const SIZE: usize = 8 + 8 + 8 + 1 + 8 + 8 + 4;
pub(super) const NAME: &str = "manifest";
/// A manifest that is not in its place yet.
pub(super) const NEW: &str = "manifest.new";

/// A manifest on disk that does not count before [`publish`](Self::publish).
#[must_use]
pub(super) struct Staged<'a> {
    disk: &'a dyn Disk,
    folder: &'a Path,
}

impl Manifest {
    /// Reads the manifest; none if there is none.
    pub(super) fn read(disk: &dyn Disk, folder: &Path) -> Result<Option<Self>> {
        let file = match disk.open(&path(folder)) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut bytes = Vec::new();
        Stream { file, offset: 0 }.take(SIZE as u64 + 1).read_to_end(&mut bytes)?;
        match Self::decode(&bytes) {
            Some(manifest) => Ok(Some(manifest)),
            None => Err(Error::corrupt(format!("{} is damaged", path(folder).display()))),
        }
    }

    /// Replaces the manifest, atomically and on disk.
    pub(super) fn write(&self, disk: &dyn Disk, folder: &Path) -> Result<()> {
        self.stage(disk, folder)?.publish()
    }

    /// Puts it on disk beside the one that counts. Where that fails, nothing has changed.
    pub(super) fn stage<'a>(&self, disk: &'a dyn Disk, folder: &'a Path) -> Result<Staged<'a>> {
        let file = disk.create(&folder.join(NEW))?;
        file.write_at(0, &self.encode())?;
        file.sync()?;
        Ok(Staged { disk, folder })
    }

    fn encode(&self) -> Vec<u8> {
        let (closed, seq, length) = match self.left {
            Left::Open => (0, 0, 0),
            Left::Closed { seq, length } => (1, seq, length),
        };
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&self.base.to_le_bytes());
        out.extend_from_slice(&self.last.to_le_bytes());
        out.push(closed);
        out.extend_from_slice(&seq.to_le_bytes());
        out.extend_from_slice(&length.to_le_bytes());
        let crc = crc32fast::hash(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let number = |at: usize| bytes.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes);
        let left = match bytes.get(24)? {
            0 => Left::Open,
            _ => Left::Closed { seq: number(25)?, length: number(33)? },
        };
        let manifest = Self { base: number(8)?, last: number(16)?, left };
        (bytes.len() == SIZE && manifest.encode() == bytes).then_some(manifest)
    }
}

impl Staged<'_> {
    /// Puts it in the place of the one before. Where that fails, either may count.
    pub(super) fn publish(self) -> Result<()> {
        self.disk.rename(&self.folder.join(NEW), &path(self.folder))?;
        Ok(self.disk.sync_folder(self.folder)?)
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join(NAME)
}
