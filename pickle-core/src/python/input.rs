//! A cursor over the bytes of a pickle.

use crate::error::{Error, ErrorKind, Result};

/// The input and how far it has been read.
#[derive(Debug)]
pub(super) struct Input<'de> {
    bytes: &'de [u8],
    at: usize,
}

impl<'de> Input<'de> {
    pub(super) fn new(bytes: &'de [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'de [u8] {
        &self.bytes[self.at..]
    }

    pub(super) fn byte(&mut self) -> Result<u8> {
        let byte = *self.bytes.get(self.at).ok_or_else(|| self.end(1))?;
        self.at += 1;
        Ok(byte)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let array = *self.rest().first_chunk().ok_or_else(|| self.end(N as u64))?;
        self.at += N;
        Ok(array)
    }

    pub(super) fn take(&mut self, count: u64) -> Result<&'de [u8]> {
        let count = self.check(count)?;
        let taken = &self.bytes[self.at..self.at + count];
        self.at += count;
        Ok(taken)
    }

    /// Whether so many bytes are left.
    pub(super) fn check(&self, count: u64) -> Result<usize> {
        let left = self.bytes.len() - self.at;
        match usize::try_from(count) {
            Ok(count) if count <= left => Ok(count),
            _ => Err(self.end(count)),
        }
    }

    /// The bytes up to the end of the line, which is skipped.
    pub(super) fn line(&mut self) -> Result<&'de [u8]> {
        let rest = self.rest();
        let Some(len) = rest.iter().position(|byte| *byte == b'\n') else {
            return Err(self.end(rest.len() as u64 + 1));
        };
        self.at += len + 1;
        Ok(&rest[..len])
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
    fn end(&self, needed: u64) -> Error {
        let left = (self.bytes.len() - self.at) as u64;
        Error::new(ErrorKind::UnexpectedEnd { needed, left }).at(self.at as u64)
    }
}
