//! Records: a pickled value with what it takes to trust and to find it.
//!
//! ```text
//! ┌────────┬───────┬─────────┬─────────┬─────────┬──────────────────────────────┬────────┐
//! │ format │ flags │ version │ expires │ entries │ native pickle without schema │ CRC-32 │
//! │ 1      │ 1     │ 8, LE   │ 0 or 8  │ 0 or .. │                              │ 4, LE  │
//! └────────┴───────┴─────────┴─────────┴─────────┴──────────────────────────────┴────────┘
//! ```
//! The checksum covers the key, too: a record found at another key is corrupt. A record lists its
//! entries in indexes, so that it can be removed, checked and moved without knowing its type. Where a
//! flag says so, the pickle is compressed, behind its fingerprint.

use std::borrow::Cow;
use std::io::{self, Write};

use pickle_core::{
    Compression, Limits, Pickle, Pickler, Registry, SchemaMode, Slice, UnpickleOwned, Unpickler,
    decompress, loads,
};

use crate::error::{Error, Result};

/// Format, flags and version: what a conditional write compares.
pub(crate) const HEADER: usize = 10;

const FORMAT: u8 = 1;
/// Where the flags are.
const FLAGS: usize = 1;
const CRC: usize = 4;
const FINGERPRINT: usize = 8;

/// The version of a record: unique within the store, greater than that of any earlier write to
/// the key through the same handle. Equal versions mean an equal record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub(crate) u64);

impl Version {
    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }
}

/// What a record says besides its version and its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extra {
    /// When the record ends, in milliseconds since 1970.
    pub(crate) expires: Option<u64>,
    /// Where indexes list it.
    pub(crate) entries: Vec<Entry>,
}

/// One place where an index lists a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    /// The number of the index.
    pub(crate) index: u32,
    /// The key in the index, encoded.
    pub(crate) key: Vec<u8>,
}

/// Flags of a record.
const EXPIRES: u8 = 1;
const ENTRIES: u8 = 2;
/// The fingerprint and the pickle, compressed, stand where the pickle does.
const COMPRESSED: u8 = 4;

/// How values become pickles and come back.
#[derive(Default)]
pub(crate) struct Codec {
    /// What pickling and loading one value may use.
    pub(crate) limits: Limits,
    /// What may be created by name; none for all that the program registers.
    pub(crate) registry: Option<Registry>,
    pub(crate) compression: Option<Compression>,
}

impl Codec {
    fn pickler<'w, W: Write>(&self, writer: W) -> Pickler<'w, W> {
        let pickler = Pickler::new(writer).schema(SchemaMode::OmitRoot).limits(self.limits);
        let pickler = pickler.keep_memo(false);
        match &self.registry {
            Some(registry) => pickler.registry(registry.clone()),
            None => pickler,
        }
    }

    fn load<T: UnpickleOwned>(&self, pickle: &[u8]) -> Result<T, pickle_core::Error> {
        match &self.registry {
            // Quicker than with options.
            None if self.limits == Limits::DEFAULT => loads(pickle),
            _ => self.unpickler(pickle).load(),
        }
    }

    pub(crate) fn unpickler<'de>(&self, pickle: &'de [u8]) -> Unpickler<'de, Slice<'de>> {
        let unpickler = Unpickler::from_slice(pickle).limits(self.limits);
        match &self.registry {
            Some(registry) => unpickler.registry(registry.clone()),
            None => unpickler,
        }
    }
}

/// Appends a pickle to a record, and has room for the checksum then.
struct Tail<'a>(&'a mut Vec<u8>);

impl Write for Tail<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.reserve_exact(bytes.len() + CRC);
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Encodes a record; returns the fingerprint of the type as well.
pub(crate) fn encode<T: Pickle + ?Sized>(
    key: &[u8],
    version: Version,
    extra: &Extra,
    value: &T,
    codec: &Codec,
) -> Result<(Vec<u8>, u64)> {
    let mut out = begin(version, extra)?;
    let start = out.len();
    codec.pickler(Tail(&mut out)).dump(value)?;
    let fingerprint = fingerprint(&out[start..])
        .ok_or_else(|| Error::corrupt("a pickle without a fingerprint"))?;
    if let Some(compression) = codec.compression {
        compress(&mut out, start, fingerprint, compression)?;
    }
    seal(key, &mut out);
    Ok((out, fingerprint))
}

/// Compresses the pickle at the end of a record, where that makes the record smaller.
fn compress(
    out: &mut Vec<u8>,
    start: usize,
    fingerprint: u64,
    compression: Compression,
) -> Result<()> {
    let pickle = &out[start..];
    if let Cow::Owned(small) = compression.compress(pickle)?
        && FINGERPRINT + small.len() < pickle.len()
    {
        out.truncate(start);
        out[FLAGS] |= COMPRESSED;
        out.extend_from_slice(&fingerprint.to_le_bytes());
        out.extend_from_slice(&small);
    }
    Ok(())
}

/// Encodes a record that says something else of the same value, in the same version.
pub(crate) fn encode_again(key: &[u8], record: &Record<'_>, extra: &Extra) -> Result<Vec<u8>> {
    let mut out = begin(record.version, extra)?;
    if record.is_compressed {
        out[FLAGS] |= COMPRESSED;
    }
    out.extend_from_slice(record.pickle);
    seal(key, &mut out);
    Ok(out)
}

/// What stands before the value.
fn begin(version: Version, extra: &Extra) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(HEADER);
    out.extend_from_slice(&[FORMAT, 0]);
    out.extend_from_slice(&version.0.to_le_bytes());
    if let Some(expires) = extra.expires {
        out[FLAGS] |= EXPIRES;
        out.extend_from_slice(&expires.to_le_bytes());
    }
    if !extra.entries.is_empty() {
        out[FLAGS] |= ENTRIES;
        out.extend_from_slice(&length(extra.entries.len())?);
        for entry in &extra.entries {
            out.extend_from_slice(&entry.index.to_le_bytes());
            out.extend_from_slice(&length(entry.key.len())?);
            out.extend_from_slice(&entry.key);
        }
    }
    Ok(out)
}

fn length(length: usize) -> Result<[u8; 4]> {
    match u32::try_from(length) {
        Ok(length) => Ok(length.to_le_bytes()),
        Err(_) => Err(Error::unsupported("a record has too many or too long index keys")),
    }
}

/// How the record of a key starts, which no two versions of it share.
pub(crate) fn start(record: &[u8]) -> Vec<u8> {
    record[..record.len().min(HEADER)].to_vec()
}

/// The version of a record, without checking anything else.
pub(crate) fn version(record: &[u8]) -> Option<Version> {
    let bytes = record.get(2..HEADER)?.try_into().ok()?;
    Some(Version(u64::from_le_bytes(bytes)))
}

/// What a record says besides its version and its value, of one that was encoded just now.
pub(crate) fn extra(record: &[u8]) -> Result<Extra> {
    let Some((bytes, _)) = record.split_last_chunk::<CRC>() else {
        return Err(Error::corrupt("a record is too short"));
    };
    Record::parse(bytes).map(|record| record.extra())
}

/// When a record ends, if it does. Only those that do are checked for it.
pub(crate) fn expires(key: &[u8], record: &[u8]) -> Result<Option<u64>> {
    match record.get(FLAGS) {
        Some(flags) if flags & EXPIRES != 0 => Ok(Record::decode(key, record)?.expires),
        _ => Ok(None),
    }
}

/// Appends the checksum over key and bytes.
pub(crate) fn seal(key: &[u8], bytes: &mut Vec<u8>) {
    let crc = checksum(key, bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
}

/// Verifies the checksum; returns the bytes before it.
pub(crate) fn unseal<'a>(key: &[u8], bytes: &'a [u8]) -> Result<&'a [u8]> {
    match bytes.split_last_chunk::<CRC>() {
        Some((bytes, crc)) if checksum(key, bytes) == u32::from_le_bytes(*crc) => Ok(bytes),
        _ => Err(Error::corrupt("checksum mismatch")),
    }
}

fn checksum(key: &[u8], bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(bytes);
    hasher.finalize()
}

/// A record whose checksum was verified.
pub(crate) struct Record<'a> {
    pub(crate) version: Version,
    pub(crate) expires: Option<u64>,
    /// How many entries it lists, and what they take.
    entries: (u32, &'a [u8]),
    /// As it stands there, compressed or not.
    pickle: &'a [u8],
    is_compressed: bool,
}

impl<'a> Record<'a> {
    /// Checks a record.
    pub(crate) fn decode(key: &[u8], bytes: &'a [u8]) -> Result<Self> {
        Self::parse(unseal(key, bytes)?)
    }

    /// Reads what precedes the checksum.
    fn parse(bytes: &'a [u8]) -> Result<Self> {
        let Some(([format, flags, version @ ..], pickle)) = bytes.split_first_chunk::<HEADER>()
        else {
            return Err(Error::corrupt("a record is too short"));
        };
        if *format != FORMAT || *flags & !(EXPIRES | ENTRIES | COMPRESSED) != 0 {
            return Err(Error::unsupported(format!(
                "a record of format {format} with flags {flags:#04x}; use a newer version"
            )));
        }
        let version = Version(u64::from_le_bytes(*version));
        let is_compressed = flags & COMPRESSED != 0;
        let mut record = Self { version, expires: None, entries: (0, &[]), pickle, is_compressed };
        if flags & EXPIRES != 0 {
            let expires = take(&mut record.pickle, 8)?;
            record.expires = expires.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
        }
        if flags & ENTRIES != 0 {
            let count = take_number(&mut record.pickle)?;
            let all = record.pickle;
            for _ in 0..count {
                take_entry(&mut record.pickle)?;
            }
            record.entries = (count, &all[..all.len() - record.pickle.len()]);
        }
        Ok(record)
    }

    /// What it says besides version and value.
    pub(crate) fn extra(&self) -> Extra {
        Extra { expires: self.expires, entries: self.entries() }
    }

    /// Where indexes list it.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let (count, mut rest) = self.entries;
        let entry = |(index, key): (u32, &[u8])| Entry { index, key: key.to_vec() };
        // They were all read before, so none is an error.
        (0..count).filter_map(|_| take_entry(&mut rest).ok().map(entry)).collect()
    }

    /// Whether an index lists it so.
    pub(crate) fn lists(&self, index: u32, key: &[u8]) -> bool {
        self.entries().iter().any(|entry| entry.index == index && entry.key == key)
    }

    /// Loads the value.
    pub(crate) fn load<T: UnpickleOwned>(&self, codec: &Codec) -> Result<T, pickle_core::Error> {
        match self.is_compressed {
            false => codec.load(self.pickle),
            true => codec.load(&self.pickle(codec)?),
        }
    }

    /// The pickle, decompressed.
    pub(crate) fn pickle(&self, codec: &Codec) -> Result<Cow<'a, [u8]>, pickle_core::Error> {
        match self.is_compressed {
            false => Ok(Cow::Borrowed(self.pickle)),
            true => decompress(self.pickle.get(FINGERPRINT..).unwrap_or_default(), &codec.limits),
        }
    }

    /// The fingerprint of the type that was pickled, also where this build cannot decompress.
    pub(crate) fn fingerprint(&self) -> Option<u64> {
        match self.is_compressed {
            false => fingerprint(self.pickle),
            true => self.pickle.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)),
        }
    }
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8]> {
    let Some((taken, after)) = rest.split_at_checked(count) else {
        return Err(Error::corrupt("a record ends early"));
    };
    *rest = after;
    Ok(taken)
}

/// Takes an entry: the number of the index, and the key in it.
fn take_entry<'a>(rest: &mut &'a [u8]) -> Result<(u32, &'a [u8])> {
    let index = take_number(rest)?;
    let length = take_number(rest)?;
    Ok((index, take(rest, length as usize)?))
}

fn take_number(rest: &mut &[u8]) -> Result<u32> {
    let bytes = take(rest, 4)?;
    bytes.try_into().map(u32::from_le_bytes).map_err(|_| Error::corrupt("a record ends early"))
}

/// The fingerprint in the header of a native pickle.
pub(crate) fn fingerprint(pickle: &[u8]) -> Option<u64> {
    let at = fingerprint_at(pickle)?;
    pickle.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

/// Where it is: behind magic, format version, flags, and the length of the payload, which is a
/// varint or, if bit 1 of the flags says so, eight bytes.
fn fingerprint_at(pickle: &[u8]) -> Option<usize> {
    match pickle.get(2)? & 2 {
        0 => Some(4 + pickle.get(3..)?.iter().position(|byte| *byte < 0x80)?),
        _ => Some(3 + 8),
    }
}

/// A native pickle with its schema embedded, of one without: bit 0 of the flags is set, and the
/// schema follows the fingerprint.
pub(crate) fn with_schema(pickle: &[u8], schema: &[u8]) -> Option<Vec<u8>> {
    let (head, payload) = pickle.split_at_checked(fingerprint_at(pickle)? + 8)?;
    let mut out = head.to_vec();
    out[2] |= 1;
    let mut length = schema.len();
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(schema);
    out.extend_from_slice(payload);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded<T: Pickle + ?Sized>(key: &[u8], extra: &Extra, value: &T) -> Vec<u8> {
        encode(key, Version(7), extra, value, &Codec::default()).unwrap().0
    }

    fn extra() -> Extra {
        let entry = |index, key: &[u8]| Entry { index, key: key.to_vec() };
        Extra { expires: Some(77), entries: vec![entry(1, b"ann"), entry(9, b"")] }
    }

    #[test]
    fn what_a_record_says_besides_its_value_comes_back() {
        let record = encoded(b"a", &extra(), "text");
        let decoded = Record::decode(b"a", &record).unwrap();
        assert_eq!((decoded.version, decoded.extra()), (Version(7), extra()));
        assert_eq!(decoded.load::<String>(&Codec::default()).unwrap(), "text");
        assert_eq!(encode_again(b"a", &decoded, &extra()).unwrap(), record);
        assert_eq!(
            (version(&record), expires(b"a", &record).unwrap()),
            (Some(Version(7)), Some(77))
        );
    }

    #[test]
    fn a_record_whose_lengths_lie_is_an_error() {
        let whole = encoded(b"a", &extra(), &0_u8);
        let entries = whole.len() - CRC - Record::decode(b"a", &whole).unwrap().pickle.len();
        for cut in HEADER..entries {
            let mut record = whole[..cut].to_vec();
            seal(b"a", &mut record);
            let error = Record::decode(b"a", &record).err().unwrap();
            assert_eq!(error.to_string(), "corrupt store: a record ends early");
        }
    }

    #[test]
    fn a_record_is_bound_to_its_key() {
        let record = encoded(b"a", &Extra::default(), "text");
        let decoded = Record::decode(b"a", &record).unwrap();
        assert_eq!(decoded.version, Version(7));
        assert_eq!(decoded.load::<String>(&Codec::default()).unwrap(), "text");
        assert_eq!(
            Record::decode(b"b", &record).err().unwrap().to_string(),
            "corrupt store: checksum mismatch"
        );
    }

    #[test]
    fn the_fingerprint_is_that_of_the_type() {
        let long = vec![vec![0_u64; 3000]; 200];
        for (record, schema) in [
            (encoded(b"", &extra(), &1_u8), pickle_core::Schema::of::<u8>()),
            (encoded(b"", &extra(), &long), pickle_core::Schema::of::<Vec<Vec<u64>>>()),
        ] {
            let record = Record::decode(b"", &record).unwrap();
            assert_eq!(record.fingerprint(), Some(schema.fingerprint()));
        }
    }

    #[test]
    fn a_pickle_gets_its_schema_back() {
        let long = vec![vec![(0_u64, String::new()); 300]; 20];
        let record = encoded(b"", &Extra::default(), &long);
        let record = Record::decode(b"", &record).unwrap();
        let schema = pickle_core::Schema::of::<Vec<Vec<(u64, String)>>>().to_bytes();
        let pickle = with_schema(record.pickle, &schema).unwrap();
        assert_eq!(loads::<Vec<Vec<(u64, String)>>>(&pickle).unwrap(), long);
        // It is read without the type, so the schema is where it belongs.
        assert!(pickle_core::Value::loads(&pickle).is_ok());
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let value = (1_u8, "one");
        let record = encoded(b"key", &extra(), &value);
        for bit in 0..record.len() * 8 {
            let mut damaged = record.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(Record::decode(b"key", &damaged).is_err());
        }
    }
}
