//! Compressed pickles: a native pickle within a frame that says how it was compressed.
//!
//! ```text
//!  0      1         2           3
//! ┌──────┬─────────┬───────────┬────────┬────────┬────────────────────────┐
//! │ 0xFC │ version │ algorithm │ size   │ length │ the pickle, compressed │
//! │      │ 1       │ 1 or 2    │ varint │ varint │ `length` bytes         │
//! └──────┴─────────┴───────────┴────────┴────────┴────────────────────────┘
//! ```

use std::borrow::Cow;
use std::io::Read;

use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::native::{self, append, append_varint, varint};

/// The first byte of a frame. No pickle begins with it, and UTF-8 has it nowhere.
pub(crate) const MAGIC: u8 = 0xfc;

const VERSION: u8 = 1;
const ZSTD: u8 = 1;
const LZ4: u8 = 2;

/// How native pickles are compressed; for [`Pickler::compression`](crate::Pickler::compression).
///
/// Each algorithm is a feature: in a build without it, both directions are
/// [`ErrorKind::Unsupported`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Zstandard ([RFC 8878](https://www.rfc-editor.org/rfc/rfc8878)), by its level: 1 to 22, higher
    /// ones are slower and denser; 0 is its default, 3; negative ones are faster still. Feature
    /// `zstd`.
    Zstd(i32),
    /// LZ4 ([the block format](https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md)): less
    /// dense, several times as fast. Feature `lz4`.
    Lz4,
}

impl Compression {
    /// Compresses a native pickle, as [`Pickler::compression`](crate::Pickler::compression) does. It is
    /// returned as it is where that does not make it smaller; and where it would become so small that
    /// a reader with [`Limits::DEFAULT`] had to take it for a bomb, above 256 KiB at 256 to 1.
    ///
    /// ```
    /// # #[cfg(feature = "lz4")] {
    /// use pickle_core::{Compression, Limits, decompress, dumps, loads};
    /// let pickle = dumps(&vec!["again and again"; 100])?;
    /// let small = Compression::Lz4.compress(&pickle)?;
    /// assert!(small.len() < pickle.len() / 5);
    /// // Values may borrow from what is decompressed.
    /// let pickle = decompress(&small, &Limits::DEFAULT)?;
    /// assert_eq!(loads::<Vec<&str>>(&pickle)?, ["again and again"; 100]);
    /// # }
    /// # Ok::<(), pickle_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] without the feature; for Python's pickles, because CPython reads no
    /// frames; and for more than LZ4 takes, about 2 GB.
    pub fn compress(self, pickle: &[u8]) -> Result<Cow<'_, [u8]>> {
        if pickle.first() != Some(&native::MAGIC) {
            return Err(natives_only());
        }
        let (algorithm, data) = match self {
            Self::Zstd(level) => (ZSTD, zstd::compress(pickle, level)?),
            Self::Lz4 => (LZ4, lz4::compress(pickle)?),
        };
        let mut out = Vec::with_capacity(3 + 2 * 10 + data.len());
        out.extend_from_slice(&[MAGIC, VERSION, algorithm]);
        varint::put(&mut out, pickle.len() as u64);
        varint::put(&mut out, data.len() as u64);
        out.extend_from_slice(&data);
        // The rest of the budget is for the value.
        let is_bomb = pickle.len() as u64 > Limits::DEFAULT.budget(data.len()) / 4;
        Ok(match out.len() < pickle.len() && !is_bomb {
            true => Cow::Owned(out),
            false => Cow::Borrowed(pickle),
        })
    }
}

/// The native pickle in a compressed one. Any other pickle is returned as it is.
///
/// [`load`](crate::load), [`Unpickler::new`](crate::Unpickler::new) and [`Value`](crate::Value) read
/// compressed pickles themselves. [`loads`](crate::loads) cannot, because what it returns may borrow
/// from the bytes that it was given: this gives it bytes to borrow from.
///
/// # Errors
/// [`ErrorKind::Memory`] when the pickle is larger than what `limits` allow for so many bytes of
/// input, which is found before it is decompressed; [`ErrorKind::Corrupt`] when the bytes are
/// damaged or follow the pickle; [`ErrorKind::Unsupported`] without the feature.
pub fn decompress<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Cow<'a, [u8]>> {
    if bytes.first() != Some(&MAGIC) {
        return Ok(Cow::Borrowed(bytes));
    }
    let (frame, size) = Frame::split(bytes)?;
    if size < bytes.len() {
        let count = (bytes.len() - size) as u64;
        return Err(Error::new(ErrorKind::TrailingBytes { count }).at(size as u64));
    }
    frame.pickle(limits).map(|(pickle, _)| Cow::Owned(pickle))
}

/// A compressed pickle.
pub(crate) struct Frame<'a> {
    algorithm: u8,
    /// Bytes of the pickle.
    size: u64,
    data: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Takes a frame from the front of `input`; returns how long it is.
    pub(crate) fn split(input: &'a [u8]) -> Result<(Self, usize)> {
        let mut bytes = varint::Bytes::new(input);
        let frame = Self::read(&mut bytes)
            .map_err(|error| error.at((input.len() - bytes.rest().len()) as u64))?;
        Ok((frame, input.len() - bytes.rest().len()))
    }

    fn read(bytes: &mut varint::Bytes<'a>) -> Result<Self> {
        let algorithm = algorithm(bytes.array()?)?;
        let size = bytes.varint()?;
        let length = bytes.count()?;
        Ok(Self { algorithm, size, data: bytes.take(length)? })
    }

    /// The pickle, and what its load may use: memory that it takes is charged to the same budget.
    pub(crate) fn pickle(&self, limits: &Limits) -> Result<(Vec<u8>, Limits)> {
        let budget = limits.budget(self.data.len());
        let Some(left) = budget.checked_sub(self.size) else { return Err(self.too_large(budget)) };
        let size = usize::try_from(self.size).map_err(|_| self.too_large(budget))?;
        let pickle = match self.algorithm {
            ZSTD => zstd::decompress(self.data, size)?,
            _ => lz4::decompress(self.data, size)?,
        };
        if pickle.len() != size || pickle.first() != Some(&native::MAGIC) {
            return Err(damaged());
        }
        Ok((pickle, Limits { max_alloc_bytes: left, ..*limits }))
    }

    #[cold]
    fn too_large(&self, limit: u64) -> Error {
        let (size, length) = (self.size, self.data.len());
        Error::new(ErrorKind::Memory { limit }).at(0).with_hint(format!(
            "the pickle has {size} bytes, compressed {length}: raise `Limits::max_alloc_ratio` where \
             the data is trusted"
        ))
    }
}

/// Checks the first three bytes; returns the algorithm.
fn algorithm([magic, version, algorithm]: [u8; 3]) -> Result<u8> {
    if magic != MAGIC {
        return Err(Error::new(ErrorKind::NotAPickle { found: magic }));
    }
    match (version, algorithm) {
        (VERSION, ZSTD | LZ4) => Ok(algorithm),
        (VERSION, other) => Err(unsupported(format!("compression by algorithm {other}"))),
        (other, _) => Err(unsupported(format!(
            "this frame of a compressed pickle is of version {other}, known is {VERSION}"
        ))),
    }
}

/// Reads exactly one frame from a stream, whose first byte was read already.
pub(crate) fn read_frame(reader: &mut dyn Read, out: &mut Vec<u8>) -> Result<()> {
    out.push(MAGIC);
    append(reader, out, 2)?;
    algorithm([out[0], out[1], out[2]])?;
    append_varint(reader, out)?;
    let length = append_varint(reader, out)?;
    append(reader, out, length)
}

/// The error about a compressed pickle where values may borrow from the bytes.
#[cold]
pub(crate) fn nothing_to_borrow() -> Error {
    unsupported("a compressed pickle has no bytes to borrow from")
        .at(0)
        .with_hint("`load` and `Unpickler::new` read it, or `decompress` it first")
}

/// The error about one of Python's pickles that is to be compressed.
#[cold]
pub(crate) fn natives_only() -> Error {
    unsupported("only native pickles are compressed: Python would not read others")
}

#[cold]
fn unsupported(what: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Unsupported { what: what.into() })
}

#[cold]
fn damaged() -> Error {
    Error::corrupt("the compressed data is damaged")
}

#[cold]
#[allow(dead_code, reason = "each algorithm may be missing")]
fn missing(feature: &str) -> Error {
    unsupported(format!("compression by {feature}")).with_hint("enable the feature of that name")
}

#[cfg(feature = "zstd")]
mod zstd {
    use std::cell::RefCell;
    use std::io::Read as _;

    use ::zstd::bulk::{Compressor, Decompressor};
    use ::zstd::zstd_safe::find_frame_compressed_size;

    use super::{Result, damaged};

    /// Pickles up to this size share what Zstandard needs besides, thread by thread: to make that
    /// anew takes longer than to compress a few hundred bytes.
    const SMALL: usize = 256 << 10;

    thread_local! {
        static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
        static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
    }

    pub(super) fn compress(pickle: &[u8], level: i32) -> Result<Vec<u8>> {
        if pickle.len() > SMALL {
            return Ok(::zstd::bulk::compress(pickle, level)?);
        }
        COMPRESSOR.with_borrow_mut(|kept| {
            let compressor = match kept {
                Some(compressor) => {
                    compressor.set_compression_level(level)?;
                    compressor
                }
                None => kept.insert(Compressor::new(level)?),
            };
            Ok(compressor.compress(pickle)?)
        })
    }

    /// At most `size` bytes and one more.
    pub(super) fn decompress(data: &[u8], size: usize) -> Result<Vec<u8>> {
        if find_frame_compressed_size(data) != Ok(data.len()) {
            return Err(damaged());
        }
        match size <= SMALL {
            true => decompress_small(data, size),
            false => decompress_large(data, size),
        }
    }

    fn decompress_small(data: &[u8], size: usize) -> Result<Vec<u8>> {
        DECOMPRESSOR.with_borrow_mut(|kept| {
            let decompressor = match kept {
                Some(decompressor) => decompressor,
                None => kept.insert(Decompressor::new()?),
            };
            decompressor.decompress(data, size).map_err(|_| damaged())
        })
    }

    /// Memory grows with what the data gives.
    fn decompress_large(data: &[u8], size: usize) -> Result<Vec<u8>> {
        let mut decoder = ::zstd::stream::read::Decoder::with_buffer(data)?.single_frame();
        // What was compressed in one piece needs no larger window than itself.
        decoder.window_log_max(size.next_power_of_two().ilog2().min(31))?;
        let mut pickle = Vec::new();
        let mut limited = decoder.take((size as u64).saturating_add(1));
        limited.read_to_end(&mut pickle).map_err(|_| damaged())?;
        Ok(pickle)
    }
}

#[cfg(not(feature = "zstd"))]
mod zstd {
    use super::{Result, missing};

    pub(super) fn compress(_: &[u8], _: i32) -> Result<Vec<u8>> {
        Err(missing("zstd"))
    }

    pub(super) fn decompress(_: &[u8], _: usize) -> Result<Vec<u8>> {
        Err(missing("zstd"))
    }
}

#[cfg(feature = "lz4")]
mod lz4 {
    use super::{Result, damaged, unsupported};

    /// What LZ4 takes at once: `LZ4_MAX_INPUT_SIZE`.
    const MOST: usize = 0x7e00_0000;
    /// A byte of LZ4 stands for at most 255, but for the first few.
    const RATIO: usize = 255;

    pub(super) fn compress(pickle: &[u8]) -> Result<Vec<u8>> {
        match pickle.len() <= MOST {
            true => Ok(lz4_flex::block::compress(pickle)),
            false => Err(unsupported("a pickle of more than 2 GB by LZ4")),
        }
    }

    pub(super) fn decompress(data: &[u8], size: usize) -> Result<Vec<u8>> {
        if size > MOST || size / RATIO > data.len() {
            return Err(damaged());
        }
        let mut pickle = vec![0; size];
        match lz4_flex::block::decompress_into(data, &mut pickle) {
            Ok(written) if written == size => Ok(pickle),
            _ => Err(damaged()),
        }
    }
}

#[cfg(not(feature = "lz4"))]
mod lz4 {
    use super::{Result, missing};

    pub(super) fn compress(_: &[u8]) -> Result<Vec<u8>> {
        Err(missing("lz4"))
    }

    pub(super) fn decompress(_: &[u8], _: usize) -> Result<Vec<u8>> {
        Err(missing("lz4"))
    }
}
