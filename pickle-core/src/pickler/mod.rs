//! `dump` and `load` in all their forms.

mod dump;
mod load;
mod one;

use std::io::{Read, Write};

use crate::env::Env;
use crate::error::Result;
use crate::limits::Limits;
use crate::native::{self, DumpOptions, Source};
use crate::protocol::Protocol;
use crate::python::SaveOptions;
use crate::target::value_of;
use crate::traits::{Pickle, Unpickle, UnpickleOwned};

pub use dump::Pickler;
pub use load::{Slice, Stream, Unpickler};

use dump::Options;

/// Pickles a value into bytes, by the native protocol.
///
/// ```
/// let bytes = pickle_core::dumps(&vec![1_u32, 2, 3])?;
/// assert_eq!(pickle_core::loads::<Vec<u32>>(&bytes)?, [1, 2, 3]);
/// # Ok::<(), pickle_core::Error>(())
/// ```
///
/// # Errors
/// When the value cannot be pickled: nested deeper than [`Limits::max_depth`], behind a poisoned
/// lock, refused by its `getstate`.
pub fn dumps<T: Pickle + ?Sized>(value: &T) -> Result<Vec<u8>> {
    dumps_new(&Source::new(&value))
}

/// [`dumps`], compiled once for all types.
fn dumps_new(source: &Source<'_>) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    dumps_source(source, &mut out)?;
    Ok(out)
}

/// Pickles a value into bytes, by the protocol of the caller's choice.
///
/// Python's protocols are written as CPython writes them: what `pickle.loads` gives is described in
/// the facade's docs, type by type.
///
/// ```
/// use pickle_core::{Protocol, dumps_with, loads};
/// let bytes = dumps_with(&(1, "one"), Protocol::V2)?;
/// assert_eq!(bytes, b"\x80\x02K\x01X\x03\0\0\0oneq\0\x86q\x01.");
/// assert_eq!(loads::<(u8, String)>(&bytes)?, (1, "one".into()));
/// # Ok::<(), pickle_core::Error>(())
/// ```
///
/// # Errors
/// As [`dumps`]; and when the protocol cannot express the value.
pub fn dumps_with<T: Pickle + ?Sized>(value: &T, protocol: Protocol) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let options = Options { python: SaveOptions::new(protocol), ..Options::DEFAULT };
    options.dump_into(value, &mut out)?;
    Ok(out)
}

/// Pickles a value behind what a buffer holds, by the native protocol: [`dumps`] for callers who
/// reuse their buffers. On an error the buffer is as it was.
///
/// ```
/// let mut buffer = Vec::with_capacity(1024);
/// pickle_core::dumps_into(&1_u8, &mut buffer)?;
/// pickle_core::dumps_into(&2_u8, &mut buffer)?;
/// let both = pickle_core::Unpickler::from_slice(&buffer).iter().collect::<Result<Vec<u8>, _>>()?;
/// assert_eq!(both, [1, 2]);
/// # Ok::<(), pickle_core::Error>(())
/// ```
///
/// # Errors
/// As [`dumps`].
pub fn dumps_into<T: Pickle + ?Sized>(value: &T, buffer: &mut Vec<u8>) -> Result<()> {
    dumps_source(&Source::new(&value), buffer)
}

fn dumps_source(source: &Source<'_>, buffer: &mut Vec<u8>) -> Result<()> {
    native::dump(source, buffer, DumpOptions::DEFAULT, Limits::DEFAULT.max_depth, Env::DEFAULT)
}

/// Pickles a value to a writer, by the native protocol.
///
/// Several pickles may follow each other; [`load`] takes them one by one.
///
/// ```
/// use pickle_core::{dump, load};
/// let mut file = Vec::new();
/// dump(&1_u8, &mut file)?;
/// dump("two", &mut file)?;
/// let mut file = file.as_slice();
/// assert_eq!(load::<u8>(&mut file)?, 1);
/// assert_eq!(load::<String>(&mut file)?, "two");
/// # Ok::<(), pickle_core::Error>(())
/// ```
///
/// # Errors
/// As [`dumps`]; and when writing fails. Nothing is written unless pickling succeeded.
pub fn dump<T: Pickle + ?Sized>(value: &T, writer: &mut (impl Write + ?Sized)) -> Result<()> {
    Pickler::new(writer).keep_memo(false).dump(value)
}

/// Pickles a value to a writer, by the protocol of the caller's choice.
///
/// # Errors
/// As [`dump`].
pub fn dump_with<T: Pickle + ?Sized>(
    value: &T,
    writer: &mut (impl Write + ?Sized),
    protocol: Protocol,
) -> Result<()> {
    Pickler::new(writer).protocol(protocol).keep_memo(false).dump(value)
}

/// Loads a value from bytes. It may borrow from them.
///
/// The protocol is detected. The bytes must hold one pickle and nothing else.
///
/// ```
/// let bytes = pickle_core::dumps("text")?;
/// let text: &str = pickle_core::loads(&bytes)?;
/// assert_eq!(text, "text");
/// # Ok::<(), pickle_core::Error>(())
/// ```
///
/// # Errors
/// When the bytes are no pickle, hold a value of another type, or exceed [`Limits::DEFAULT`].
pub fn loads<'de, T: Unpickle<'de>>(bytes: &'de [u8]) -> Result<T> {
    value_of(|target| one::load_only(bytes, target))
}

/// Loads a value from a reader: exactly one pickle is read, what follows is left.
///
/// # Errors
/// As [`loads`]; and when reading fails or ends early.
pub fn load<T: UnpickleOwned>(reader: &mut (impl Read + ?Sized)) -> Result<T> {
    Unpickler::new(reader).load()
}
