//! One pickle from a reader, and not a byte more.

use std::io::Read;

use crate::error::{Error, ErrorKind, Result};

use super::opcode::{self as op, Argument};

/// Reads one pickle behind what `out` holds, up to and with its `STOP`.
///
/// Opcodes are followed by their table only. Memory grows as bytes arrive, whatever sizes the
/// pickle claims.
///
/// # Errors
/// When reading fails or ends early, or a byte is no opcode.
pub fn read_pickle(reader: &mut (impl Read + ?Sized), out: &mut Vec<u8>) -> Result<()> {
    let mut stream = Stream { reader, start: out.len(), out, at: 0 };
    loop {
        let at = stream.at;
        let code = stream.array::<1>()?[0];
        let Some(opcode) = op::opcode(code) else {
            let error = Error::corrupt(format!("no opcode has the byte {code:#04x}"));
            return Err(error.at(at as u64));
        };
        match opcode.argument {
            _ if code == op::STOP => return Ok(()),
            // A frame is read at once; its opcodes are then found in what was read.
            _ if code == op::FRAME => {
                let size = u64::from_le_bytes(stream.array()?);
                stream.fill(size)?;
            }
            Argument::None => {}
            Argument::Fixed(size) => stream.skip(size.into())?,
            Argument::Counted(size) => {
                let mut count = [0; 8];
                for byte in &mut count[..size.into()] {
                    *byte = stream.array::<1>()?[0];
                }
                stream.skip(u64::from_le_bytes(count))?;
            }
            Argument::Line => stream.line()?,
            Argument::LinePair => {
                stream.line()?;
                stream.line()?;
            }
        }
    }
}

struct Stream<'a, R: ?Sized> {
    reader: &'a mut R,
    out: &'a mut Vec<u8>,
    /// Where the pickle begins in `out`.
    start: usize,
    /// How far the opcodes have been followed, from there.
    at: usize,
}

impl<R: Read + ?Sized> Stream<'_, R> {
    /// Reads until `count` bytes lie ahead.
    fn fill(&mut self, count: u64) -> Result<()> {
        let ahead = (self.out.len() - self.start - self.at) as u64;
        let Some(missing) = count.checked_sub(ahead).filter(|missing| *missing > 0) else {
            return Ok(());
        };
        let read = self.reader.take(missing).read_to_end(self.out)? as u64;
        if read == missing {
            return Ok(());
        }
        let end = ErrorKind::UnexpectedEnd { needed: count, left: ahead + read };
        Err(Error::new(end).at(self.at as u64))
    }

    fn skip(&mut self, count: u64) -> Result<()> {
        self.fill(count)?;
        self.at += count as usize;
        Ok(())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let at = self.start + self.at;
        self.skip(N as u64)?;
        let mut array = [0; N];
        array.copy_from_slice(&self.out[at..at + N]);
        Ok(array)
    }

    fn line(&mut self) -> Result<()> {
        while self.array::<1>()?[0] != b'\n' {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_stays_in_the_reader() {
        let first: &[u8] = b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00]\x94K\x01a.";
        let bytes = [first, b"rest"].concat();
        let (mut reader, mut out) = (bytes.as_slice(), Vec::new());
        read_pickle(&mut reader, &mut out).unwrap();
        assert_eq!((out.as_slice(), reader), (first, &b"rest"[..]));
    }

    #[test]
    fn a_huge_size_is_not_allocated() {
        let mut out = Vec::new();
        let error = read_pickle(&mut &b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7fab"[..], &mut out);
        assert!(matches!(error.unwrap_err().kind(), ErrorKind::UnexpectedEnd { left: 2, .. }));
        assert!(out.capacity() < 100_000);
    }
}
