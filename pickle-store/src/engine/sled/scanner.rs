//! Looks for what is whole in a damaged file.

use std::cell::Cell;
use std::io::Read as _;
use std::sync::Arc;

use super::super::Op;
use super::disk::{DiskFile, Stream};
use super::frame::{self, BODY, FILE_HEADER, Frame, Kind, PREFIX};
use crate::error::Result;
use crate::record;

/// Bytes that are searched at once, and that are given up together where the disk cannot read.
const WINDOW: u64 = 1 << 20;
const BLOCK: u64 = 4096;

/// Bytes are checked for frames and records until so many times the file was read: one made to
/// look like them everywhere must not take for ever.
const EFFORT: u64 = 64;

pub(super) struct Scanner {
    file: Arc<dyn DiskFile>,
    pub(super) size: u64,
    /// Bytes that may still be checked.
    effort: Cell<u64>,
}

impl Scanner {
    pub(super) fn new(file: Arc<dyn DiskFile>) -> Result<Self> {
        let size = file.size()?;
        Ok(Self { file, size, effort: Cell::new(size.saturating_mul(EFFORT)) })
    }

    /// The sequence number in the header, if it is whole.
    pub(super) fn header(&self, kind: Kind, number: u64) -> Result<Option<u64>> {
        let header = self.read(0, FILE_HEADER)?;
        let seq = header.get(16..24).and_then(|bytes| bytes.try_into().ok());
        let seq = seq.map(u64::from_le_bytes);
        Ok(seq.filter(|seq| header == frame::file_header(kind, number, *seq)))
    }

    /// The frame that begins here, and where it ends.
    pub(super) fn frame_at(&self, at: u64) -> Result<Option<(Frame, u64)>> {
        let prefix = self.read(at, PREFIX as u64)?;
        let Ok(prefix) = <[u8; PREFIX]>::try_from(prefix) else { return Ok(None) };
        let start = at + PREFIX as u64;
        let Some(length) = frame::body_length(&prefix, self.size - start) else { return Ok(None) };
        if !self.spend(length) {
            return Ok(None);
        }
        let frame = Frame::new(prefix, self.read(start, length)?);
        Ok(frame.map(|frame| (frame, start + length)))
    }

    /// Where the next frame begins.
    pub(super) fn next_frame(&self, from: u64) -> Result<Option<u64>> {
        for window in (from..self.size).step_by(WINDOW as usize) {
            let bytes = self.read(window, WINDOW + (PREFIX + BODY) as u64)?;
            for (at, start) in (window..window + WINDOW).zip(bytes.windows(PREFIX + BODY)) {
                let left = self.size - at - PREFIX as u64;
                if frame::body_length(start, left).is_some() && self.frame_at(at)?.is_some() {
                    return Ok(Some(at));
                }
            }
        }
        Ok(None)
    }

    /// The puts of whole records between two places.
    pub(super) fn records(&self, from: u64, to: u64) -> Result<Vec<Op>> {
        let bytes = self.read(from, to - from)?;
        let mut rest = bytes.as_slice();
        let mut found = Vec::new();
        let whole = |key: &[u8], value: &[u8]| {
            !key.is_empty()
                && self.spend((key.len() + value.len()) as u64)
                && record::unseal(key, value).is_ok()
        };
        while let Some((put, after)) = frame::find_put(rest, whole) {
            found.push(put);
            rest = after;
        }
        Ok(found)
    }

    fn spend(&self, count: u64) -> bool {
        let left = self.effort.get().checked_sub(count);
        self.effort.set(left.unwrap_or(self.effort.get()));
        left.is_some()
    }

    /// Up to so many bytes; zeros where the disk cannot read them.
    fn read(&self, at: u64, count: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let stream = |offset| Stream { file: Arc::clone(&self.file), offset };
        if stream(at).take(count).read_to_end(&mut bytes).is_ok() {
            return Ok(bytes);
        }
        bytes.clear();
        let end = self.size.min(at + count);
        for block in (at..end).step_by(BLOCK as usize) {
            let size = BLOCK.min(end - block);
            let mut part = Vec::new();
            if stream(block).take(size).read_to_end(&mut part).is_err() {
                part.clear();
            }
            part.resize(usize::try_from(size).unwrap_or(usize::MAX), 0);
            bytes.append(&mut part);
        }
        Ok(bytes)
    }
}
