//! What is stored under a key; `docs/store-format.md` is the specification.

use crate::engine::Bytes;
use crate::error::{Error, Result};

/// The value is in the record.
const WHOLE: u8 = 1;
/// The value is in chunks beside it.
const CHUNKED: u8 = 2;

/// Bytes of a record ahead of its content.
pub(crate) const HEADER: usize = 1 + 8 + 4;

/// A record taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    /// The commit that wrote it.
    pub(crate) version: u64,
    pub(crate) content: Content<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content<'a> {
    /// A native pickle.
    Whole(&'a [u8]),
    /// How many chunks the pickle is in.
    Chunks(u32),
}

/// The bytes of a record under its key.
pub(crate) fn encode(key: &[u8], record: Record<'_>) -> Bytes {
    let count;
    let (form, content) = match record.content {
        Content::Whole(pickle) => (WHOLE, pickle),
        Content::Chunks(chunks) => {
            count = chunks.to_le_bytes();
            (CHUNKED, count.as_slice())
        }
    };
    let mut out = Vec::with_capacity(HEADER + content.len());
    out.push(form);
    out.extend(record.version.to_le_bytes());
    out.extend([0; 4]);
    out.extend_from_slice(content);
    let checksum = checksum(key, &out);
    out[HEADER - 4..HEADER].copy_from_slice(&checksum.to_le_bytes());
    out
}

/// Takes the bytes under a key apart.
pub(crate) fn decode<'a>(key: &[u8], bytes: &'a [u8]) -> Result<Record<'a>> {
    let Some((header, content)) = bytes.split_first_chunk::<HEADER>() else {
        return Err(Error::corrupt("a record is shorter than its header"));
    };
    let [form, version @ .., a, b, c, d] = *header;
    if checksum(key, bytes) != u32::from_le_bytes([a, b, c, d]) {
        return Err(Error::corrupt("a record's checksum does not match"));
    }
    let content = match (form, <[u8; 4]>::try_from(content)) {
        (WHOLE, _) => Content::Whole(content),
        (CHUNKED, Ok(count)) => Content::Chunks(u32::from_le_bytes(count)),
        _ => return Err(Error::corrupt("a record of unknown form")),
    };
    Ok(Record { version: u64::from_le_bytes(version), content })
}

/// The CRC-32 of key and record, its own place left out: a record under a wrong key does not pass.
fn checksum(key: &[u8], record: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(&record[..HEADER - 4]);
    hasher.update(&record[HEADER..]);
    hasher.finalize()
}
