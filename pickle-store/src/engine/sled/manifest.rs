//! The manifest: what files the store consists of, so that none can vanish unnoticed.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

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
const NAME: &str = "manifest";

impl Manifest {
    /// Reads the manifest; none if there is none.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>> {
        let bytes = match std::fs::read(folder.join(NAME)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        Self::decode(&bytes).map(Some).ok_or_else(|| Error::corrupt("the manifest is damaged"))
    }

    /// Replaces the manifest, atomically and on disk.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let new = folder.join("manifest.new");
        let mut file = File::create(&new)?;
        file.write_all(&self.encode())?;
        file.sync_all()?;
        drop(file);
        std::fs::rename(&new, folder.join(NAME))?;
        sync_folder(folder)
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

/// Puts the names of a folder's files on disk.
pub(super) fn sync_folder(folder: &Path) -> Result<()> {
    // Windows has no such call: there, renames are on disk when they return.
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
