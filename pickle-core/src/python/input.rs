//! A cursor over the bytes of a pickle, which keeps to the frames that the pickle declares.

use crate::error::{Error, ErrorKind, Result};

/// The input and how far it has been read.
#[derive(Debug)]
pub(super) struct Input<'de> {
    bytes: &'de [u8],
    at: usize,
    /// The end of the frame, or of the input outside of frames.
    end: usize,
}

impl<'de> Input<'de> {
    pub(super) fn new(bytes: &'de [u8]) -> Self {
        Self { bytes, at: 0, end: bytes.len() }
    }

    /// The bytes from some place on.
    pub(super) fn within(bytes: &'de [u8], at: usize) -> Self {
        Self { bytes, at, end: bytes.len() }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Goes to a place outside of frames.
    pub(super) fn go_to(&mut self, at: usize) {
        self.at = at.min(self.bytes.len());
        self.leave_frame();
    }

    /// Leaves the frame, if any.
    pub(super) fn leave_frame(&mut self) {
        self.end = self.bytes.len();
    }

    /// Enters a frame of so many bytes. The one before must be used up, as Python demands.
    pub(super) fn enter_frame(&mut self, size: u64) -> Result<()> {
        if self.at < self.end && self.end < self.bytes.len() {
            return Err(Error::corrupt("a frame begins within another"));
        }
        self.leave_frame();
        match usize::try_from(size) {
            Ok(size) if size <= self.bytes.len() - self.at => {
                self.end = self.at + size;
                Ok(())
            }
            _ => Err(self.too_short(size)),
        }
    }

    pub(super) fn byte(&mut self) -> Result<u8> {
        if self.at == self.end {
            self.leave_frame();
        }
        let byte = *self.bytes.get(self.at).ok_or_else(|| self.too_short(1))?;
        self.at += 1;
        Ok(byte)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let array = *self.rest().first_chunk().ok_or_else(|| self.too_short(N as u64))?;
        self.at += N;
        Ok(array)
    }

    pub(super) fn take(&mut self, count: u64) -> Result<&'de [u8]> {
        if count == 0 {
            return Ok(&[]);
        }
        let rest = self.rest();
        let taken = usize::try_from(count).ok().and_then(|count| rest.get(..count));
        let taken = taken.ok_or_else(|| self.too_short(count))?;
        self.at += taken.len();
        Ok(taken)
    }

    /// The bytes up to the end of the line, which is skipped.
    pub(super) fn line(&mut self) -> Result<&'de [u8]> {
        let rest = self.rest();
        let Some(len) = rest.iter().position(|byte| *byte == b'\n') else {
            return Err(self.too_short(rest.len() as u64 + 1));
        };
        self.at += len + 1;
        Ok(&rest[..len])
    }

    /// What the frame still holds. An argument lies within its frame or begins after it.
    fn rest(&mut self) -> &'de [u8] {
        if self.at == self.end {
            self.leave_frame();
        }
        &self.bytes[self.at..self.end]
    }

    /// A line that must not be empty.
    pub(super) fn full_line(&mut self) -> Result<&'de [u8]> {
        let start = self.at as u64;
        match self.line()? {
            [] => Err(Error::corrupt("an argument is an empty line").at(start)),
            line => Ok(line),
        }
    }

    #[cold]
    fn too_short(&self, needed: u64) -> Error {
        let error = if self.end < self.bytes.len() {
            Error::corrupt("a frame ends within an argument")
        } else {
            let left = (self.bytes.len() - self.at) as u64;
            Error::new(ErrorKind::UnexpectedEnd { needed, left })
        };
        error.at(self.at as u64)
    }
}
