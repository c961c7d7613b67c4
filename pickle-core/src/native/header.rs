//! What precedes the payload: which format, which type, how long.

use super::dump::DumpOptions;
use super::run::Place;
use super::varint::{self, Bytes};
use crate::error::{Error, ErrorKind, Result};
use crate::type_info::TypeInfo;

/// The first byte of a native pickle. No opcode of Python's has it, nor has UTF-8 text.
pub(crate) const MAGIC: u8 = 0xfb;

const VERSION: u8 = 1;

/// The schema follows the fingerprint.
const SCHEMA: u8 = 1;
/// The length of the payload takes eight bytes: it was not known before the payload was written.
const LONG: u8 = 2;
/// The CRC-32 of all that precedes it follows the payload.
const CHECKSUM: u8 = 4;
/// The pickle is one of a run, and its payload begins with its place in that.
const RUN: u8 = 8;

/// The header without what it says of the type, and the checksum, take at most as many bytes.
const MOST: usize = 3 + 10 + 4;

/// What a native pickle says of itself.
pub(crate) struct Header<'de> {
    pub(crate) fingerprint: u64,
    pub(crate) schema: Option<&'de [u8]>,
    pub(crate) payload: &'de [u8],
    pub(crate) place: Option<Place>,
}

impl<'de> Header<'de> {
    /// Takes one pickle from the front of `input`; returns how long it is.
    pub(crate) fn split(input: &'de [u8]) -> Result<(Self, usize)> {
        if let Some(small) = Self::split_small(input) {
            return Ok(small);
        }
        let mut bytes = Bytes::new(input);
        let header = Self::read(input, &mut bytes)
            .map_err(|error| error.at((input.len() - bytes.rest().len()) as u64))?;
        Ok((header, input.len() - bytes.rest().len()))
    }

    /// [`split`](Self::split) of a small message, in one step.
    #[inline(always)]
    pub(crate) fn split_small(input: &'de [u8]) -> Option<(Self, usize)> {
        if let Some((&[MAGIC, VERSION, flags @ (0 | SCHEMA), length @ ..0x80], rest)) =
            input.split_first_chunk()
            && let Some((fingerprint, rest)) = rest.split_first_chunk()
            && let Some((schema, rest)) = match (flags, rest) {
                (0, _) => Some((None, rest)),
                (_, &[size @ ..0x80, ref rest @ ..]) => {
                    rest.split_at_checked(size.into()).map(|(schema, rest)| (Some(schema), rest))
                }
                _ => None,
            }
            && let Some((payload, rest)) = rest.split_at_checked(length.into())
        {
            let fingerprint = u64::from_le_bytes(*fingerprint);
            let header = Self { fingerprint, schema, payload, place: None };
            return Some((header, input.len() - rest.len()));
        }
        None
    }

    fn read(input: &[u8], bytes: &mut Bytes<'de>) -> Result<Self> {
        let flags = flags(bytes.array()?)?;
        let length = match flags & LONG {
            0 => bytes.varint()?,
            _ => u64::from_le_bytes(bytes.array()?),
        };
        let fingerprint = u64::from_le_bytes(bytes.array()?);
        let schema = match flags & SCHEMA {
            0 => None,
            _ => {
                let length = bytes.count()?;
                Some(bytes.take(length)?)
            }
        };
        let mut payload = bytes.take(usize::try_from(length).unwrap_or(usize::MAX))?;
        let place = match flags & RUN {
            0 => None,
            _ => Some(take_place(&mut payload)?),
        };
        if flags & CHECKSUM != 0 {
            let covered = &input[..input.len() - bytes.rest().len()];
            let stored = u32::from_le_bytes(bytes.array()?);
            if crc32fast::hash(covered) != stored {
                return Err(Error::new(ErrorKind::Checksum));
            }
        }
        Ok(Self { fingerprint, schema, payload, place })
    }
}

#[cold]
fn take_place(payload: &mut &[u8]) -> Result<Place> {
    let mut bytes = Bytes::new(payload);
    let place = Place::read(&mut bytes)?;
    *payload = bytes.rest();
    Ok(place)
}

/// Checks the first three bytes; returns the flags.
#[inline]
fn flags(first: [u8; 3]) -> Result<u8> {
    let [magic, version, flags] = first;
    if magic == MAGIC && version == VERSION && flags & !(SCHEMA | LONG | CHECKSUM | RUN) == 0 {
        return Ok(flags);
    }
    Err(not_known(first))
}

#[cold]
fn not_known([magic, version, _]: [u8; 3]) -> Error {
    if magic != MAGIC {
        return Error::new(ErrorKind::NotAPickle { found: magic });
    }
    if version != VERSION {
        let what = format!("this native pickle is of format version {version}, known is {VERSION}");
        let error = Error::new(ErrorKind::Unsupported { what: what.into() });
        return error.with_hint("load it with a newer version of pickle-rs");
    }
    Error::corrupt("unknown flags in the header")
}

/// Whether a pickle carries the schema of its type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SchemaMode {
    /// The schema is embedded: the pickle describes itself, and later versions of the type load it.
    #[default]
    Embed,
    /// Only the fingerprints of the type and of its objects' classes: for small messages between
    /// equals.
    Omit,
    /// The fingerprint of the type, and the schemas of its objects' classes: for stores that keep the
    /// schema of a type once, whatever objects its values hold.
    OmitRoot,
}

/// Appends a header; returns where the length of the payload goes, if it is not known yet.
#[inline]
pub(super) fn put(
    out: &mut Vec<u8>,
    info: &TypeInfo,
    options: DumpOptions,
    size: Option<usize>,
) -> usize {
    let at = out.len() + 3;
    let said = match options.schema {
        SchemaMode::Embed => info.said.len(),
        SchemaMode::Omit | SchemaMode::OmitRoot => size_of_val(&info.fingerprint),
    };
    out.reserve(MOST + said + size.unwrap_or(0));
    put_unreserved(out, info, options, size);
    at
}

/// [`put`] without room for what follows.
#[inline(always)]
pub(super) fn put_unreserved(
    out: &mut Vec<u8>,
    info: &TypeInfo,
    options: DumpOptions,
    size: Option<usize>,
) {
    let mut flags = 0;
    if options.schema == SchemaMode::Embed {
        flags |= SCHEMA;
    }
    if size.is_none() {
        flags |= LONG;
    }
    if options.checksum {
        flags |= CHECKSUM;
    }
    if options.in_run {
        flags |= RUN;
    }
    match size {
        // In one piece, as small messages are.
        Some(size @ ..0x80) => out.extend_from_slice(&[MAGIC, VERSION, flags, size as u8]),
        Some(size) => {
            out.extend_from_slice(&[MAGIC, VERSION, flags]);
            varint::put(out, size as u64);
        }
        None => out.extend_from_slice(&[MAGIC, VERSION, flags, 0, 0, 0, 0, 0, 0, 0, 0]),
    }
    match options.schema {
        SchemaMode::Embed => out.extend_from_slice(&info.said),
        SchemaMode::Omit | SchemaMode::OmitRoot => {
            out.extend_from_slice(&info.fingerprint.to_le_bytes());
        }
    }
}

/// Appends the checksum of the pickle that begins at `start`.
#[inline(never)]
pub(super) fn put_checksum(out: &mut Vec<u8>, start: usize) {
    let checksum = crc32fast::hash(&out[start..]);
    out.extend_from_slice(&checksum.to_le_bytes());
}

/// Reads exactly one native pickle from a stream, whose first byte was read already.
pub(crate) fn read_pickle(reader: &mut dyn std::io::Read, out: &mut Vec<u8>) -> Result<()> {
    out.push(MAGIC);
    append(reader, out, 2)?;
    let flags = flags([out[0], out[1], out[2]])?;
    let length = match flags & LONG {
        0 => append_varint(reader, out)?,
        _ => {
            append(reader, out, 8)?;
            u64::from_le_bytes(out[3..11].try_into().expect("8 bytes"))
        }
    };
    append(reader, out, 8)?;
    if flags & SCHEMA != 0 {
        let schema = append_varint(reader, out)?;
        append(reader, out, schema)?;
    }
    append(reader, out, length)?;
    if flags & CHECKSUM != 0 {
        append(reader, out, 4)?;
    }
    Ok(())
}

/// Appends `count` bytes. Memory grows with what arrives, not with what is announced.
pub(crate) fn append(reader: &mut dyn std::io::Read, out: &mut Vec<u8>, count: u64) -> Result<()> {
    use std::io::Read as _;
    let read = reader.take(count).read_to_end(out)? as u64;
    if read < count {
        let kind = ErrorKind::UnexpectedEnd { needed: count, left: read };
        return Err(Error::new(kind).at(out.len() as u64));
    }
    Ok(())
}

/// Appends a number, and returns it.
pub(crate) fn append_varint(reader: &mut dyn std::io::Read, out: &mut Vec<u8>) -> Result<u64> {
    let start = out.len();
    loop {
        append(reader, out, 1)?;
        if out[out.len() - 1] < 0x80 || out.len() - start == 10 {
            return Bytes::new(&out[start..]).varint();
        }
    }
}
