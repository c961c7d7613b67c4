//! Records: a pickled value with what it takes to trust it.
//!
//! ```text
//! ┌────────┬───────┬─────────────┬──────────────────────────────┬────────────┐
//! │ format │ flags │ version     │ native pickle without schema │ CRC-32     │
//! │ 1      │ 1     │ 8, LE       │                              │ 4, LE      │
//! └────────┴───────┴─────────────┴──────────────────────────────┴────────────┘
//! ```
//! The checksum covers the key, too: a record found at another key is corrupt.

use pickle_core::{Limits, Pickle, Pickler, SchemaMode, Unpickle, Unpickler};

use crate::error::{Error, Result};

/// Format, flags and version: what a conditional write compares.
pub(crate) const HEADER: usize = 10;

const FORMAT: u8 = 1;
const CRC: usize = 4;

/// The version of a record: unique within the store, greater than that of any earlier write to
/// the key through the same handle. Equal versions mean an equal record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub(crate) u64);

impl Version {
    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }

    /// How a record of this version starts.
    pub(crate) fn start(self) -> Vec<u8> {
        let mut out = vec![FORMAT, 0];
        out.extend_from_slice(&self.0.to_le_bytes());
        out
    }
}

/// Encodes a record.
pub(crate) fn encode<T: Pickle + ?Sized>(
    key: &[u8],
    version: Version,
    value: &T,
    limits: Limits,
) -> Result<Vec<u8>> {
    let mut out = version.start();
    Pickler::new(&mut out).schema(SchemaMode::Omit).limits(limits).dump(value)?;
    seal(key, &mut out);
    Ok(out)
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
    pub(crate) pickle: &'a [u8],
}

impl<'a> Record<'a> {
    /// Checks a record.
    pub(crate) fn decode(key: &[u8], bytes: &'a [u8]) -> Result<Self> {
        let bytes = unseal(key, bytes)?;
        let Some(([format, flags, version @ ..], pickle)) = bytes.split_first_chunk::<HEADER>()
        else {
            return Err(Error::corrupt("a record is too short"));
        };
        if *format != FORMAT || *flags != 0 {
            return Err(Error::unsupported(format!(
                "a record of format {format} with flags {flags:#04x}; use a newer version"
            )));
        }
        Ok(Self { version: Version(u64::from_le_bytes(*version)), pickle })
    }

    /// Loads the value.
    pub(crate) fn load<T: Unpickle<'a>>(&self, limits: Limits) -> Result<T, pickle_core::Error> {
        let mut unpickler = Unpickler::from_slice(self.pickle).limits(limits);
        unpickler.load()
    }

    /// The fingerprint of the type that was pickled.
    pub(crate) fn fingerprint(&self) -> Option<u64> {
        fingerprint(self.pickle)
    }
}

/// The fingerprint in the header of a native pickle: behind magic, format version, flags, and the
/// length of the payload, which is a varint or, if bit 1 of the flags says so, eight bytes.
pub(crate) fn fingerprint(pickle: &[u8]) -> Option<u64> {
    let flags = *pickle.get(2)?;
    let at = match flags & 2 {
        0 => 4 + pickle.get(3..)?.iter().position(|byte| *byte < 0x80)?,
        _ => 3 + 8,
    };
    pickle.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_bound_to_its_key() {
        let record = encode(b"a", Version(7), "text", Limits::DEFAULT).unwrap();
        let decoded = Record::decode(b"a", &record).unwrap();
        assert_eq!(decoded.version, Version(7));
        assert_eq!(decoded.load::<&str>(Limits::DEFAULT).unwrap(), "text");
        assert_eq!(
            Record::decode(b"b", &record).err().unwrap().to_string(),
            "corrupt store: checksum mismatch"
        );
    }

    #[test]
    fn the_fingerprint_is_that_of_the_type() {
        let long = vec![vec![0_u64; 3000]; 200];
        for (record, schema) in [
            (encode(b"", Version(1), &1_u8, Limits::DEFAULT), pickle_core::Schema::of::<u8>()),
            (
                encode(b"", Version(1), &long, Limits::DEFAULT),
                pickle_core::Schema::of::<Vec<Vec<u64>>>(),
            ),
        ] {
            let record = record.unwrap();
            let record = Record::decode(b"", &record).unwrap();
            assert_eq!(record.fingerprint(), Some(schema.fingerprint()));
        }
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let record = encode(b"key", Version(1), &(1_u8, "one"), Limits::DEFAULT).unwrap();
        for bit in 0..record.len() * 8 {
            let mut damaged = record.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(Record::decode(b"key", &damaged).is_err());
        }
    }
}
