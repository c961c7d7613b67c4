//! Keys: an encoding whose bytes sort as the values do.

use std::cell::Cell;
use std::fmt::Debug;
use std::ops::Bound;

use crate::engine::KeyRange;
use crate::error::{Error, Result};

mod any;
mod impls;
mod range;
#[cfg(test)]
mod tests;

pub use any::AnyKey;
pub use range::{KeyBounds, KeyPrefix};

/// A key as a collection returns it: integers, `bool`, `char`, `String`, `Vec<u8>`, arrays of
/// bytes, tuples of these, structs that derive it, and with the feature `uuid` UUIDs.
///
/// A struct sorts by its fields in their order. It is written as the tuple of them, and a struct
/// around one unnamed field as that field, so a collection can be opened with either; and tuples
/// stand for the struct where a key is asked for.
///
/// ```
/// use pickle_store::{Key, Store};
///
/// #[derive(Key, Debug, PartialEq)]
/// # #[key(crate = pickle_store)]
/// struct Reading {
///     sensor: String,
///     second: u64,
/// }
///
/// let store = Store::builder("memory:").open()?;
/// let readings = store.collection::<Reading, f64>("readings")?;
/// readings.put(&Reading { sensor: "a".into(), second: 60 }, &20.5)?;
/// readings.put(&("b", 1), &19.0)?;
/// let (key, value) = readings.prefix(&("a",))?.next().unwrap()?;
/// assert_eq!((key, value), (Reading { sensor: "a".into(), second: 60 }, 20.5));
/// # Ok::<(), pickle_store::Error>(())
/// ```
///
/// ```
/// use pickle_store::Store;
/// let store = Store::builder("memory:").open()?;
/// let scores = store.collection::<(String, i32), u64>("scores")?;
/// scores.put(&("ann", -1), &10)?;
/// scores.put(&("ann", 2), &20)?;
/// let keys: Vec<_> = scores.keys()?.collect::<Result<_, _>>()?;
/// assert_eq!(keys, [("ann".to_owned(), -1), ("ann".to_owned(), 2)]);
/// # Ok::<(), pickle_store::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a key",
    note = "keys are integers, `bool`, `char`, text, bytes, tuples, and structs that derive `Key`"
)]
pub trait Key: AsKey<Self> + Debug + Sized {
    /// The type in words; stored with each collection, and compared when it is opened.
    fn kind() -> String;

    /// Reads a key from what [`ToKey::encode_key`] wrote.
    ///
    /// # Errors
    /// When the bytes are no such key.
    fn decode_key(decoder: &mut KeyDecoder<'_>) -> Result<Self>;
}

/// A value that may stand for a key.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a key",
    note = "keys are integers, `bool`, `char`, text, bytes, tuples, and structs that derive `Key`"
)]
pub trait ToKey {
    /// Appends the encoding.
    fn encode_key(&self, encoder: &mut KeyEncoder);
}

/// A value that may stand for a key of type `K`: `&str` for `String`, `(&str, u32)` for
/// `(String, u32)`, and each key for itself.
#[diagnostic::on_unimplemented(message = "`{Self}` is no key of type `{K}`")]
pub trait AsKey<K>: ToKey {}

/// A key of a collection that was encoded before.
#[cfg(feature = "tokio")]
pub(crate) struct EncodedKey(Vec<u8>);

#[cfg(feature = "tokio")]
impl EncodedKey {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

#[cfg(feature = "tokio")]
impl ToKey for EncodedKey {
    fn encode_key(&self, encoder: &mut KeyEncoder) {
        encoder.bytes.extend_from_slice(&self.0);
    }
}

#[cfg(feature = "tokio")]
impl<K> AsKey<K> for EncodedKey {}

thread_local! {
    /// Memory for the next key that is lent.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Bytes that a thread keeps for it at most.
const SPARE_SIZE: usize = 1 << 10;

/// Where keys are encoded to.
pub struct KeyEncoder {
    bytes: Vec<u8>,
    /// Whether each part says of which kind it is: in the store's own key space, where keys of
    /// all types meet.
    tagged: bool,
    /// How many tuples are around the part being written.
    depth: u32,
    /// Whether a text outside of tuples may go on.
    unended: bool,
}

/// Where keys are decoded from.
pub struct KeyDecoder<'a> {
    rest: &'a [u8],
    tagged: bool,
    depth: u32,
}

impl KeyEncoder {
    fn new(prefix: &[u8], tagged: bool) -> Self {
        // Room for most keys: they are encoded for each call.
        let mut bytes = Vec::with_capacity(prefix.len() + 24);
        bytes.extend_from_slice(prefix);
        Self { bytes, tagged, depth: 0, unended: false }
    }

    /// Encodes a key of a collection behind its prefix.
    pub(crate) fn plain(prefix: &[u8], key: &(impl ToKey + ?Sized)) -> Vec<u8> {
        Self::encode(prefix, key, false)
    }

    /// Lends a key of a collection, encoded as by [`plain`](Self::plain), in memory that the thread
    /// keeps: what reads a small record would notice an allocation.
    pub(crate) fn lend<R>(
        prefix: &[u8],
        key: &(impl ToKey + ?Sized),
        read: impl FnOnce(&[u8]) -> R,
    ) -> R {
        // Keys of users may read from stores themselves, so nothing is borrowed meanwhile.
        let mut bytes = SPARE.try_with(Cell::take).unwrap_or_default();
        bytes.clear();
        bytes.extend_from_slice(prefix);
        let mut encoder = Self { bytes, tagged: false, depth: 0, unended: false };
        key.encode_key(&mut encoder);
        let result = read(&encoder.bytes);
        if encoder.bytes.capacity() <= SPARE_SIZE {
            // A thread that ends keeps nothing.
            let _ = SPARE.try_with(|spare| spare.set(encoder.bytes));
        }
        result
    }

    /// Encodes a key so that more can follow it.
    pub(crate) fn nested(prefix: &[u8], key: &(impl ToKey + ?Sized)) -> Vec<u8> {
        let mut encoder = Self { depth: 1, ..Self::new(prefix, false) };
        key.encode_key(&mut encoder);
        encoder.bytes
    }

    /// Encodes what a key that more can follow starts with.
    pub(crate) fn start(prefix: &[u8], start: &(impl ToKey + ?Sized)) -> Vec<u8> {
        let mut encoder = Self { depth: 1, unended: true, ..Self::new(prefix, false) };
        start.encode_key(&mut encoder);
        encoder.bytes
    }

    /// Encodes a key of the store itself.
    pub(crate) fn tagged(prefix: &[u8], key: &(impl ToKey + ?Sized)) -> Vec<u8> {
        Self::encode(prefix, key, true)
    }

    fn encode(prefix: &[u8], key: &(impl ToKey + ?Sized), tagged: bool) -> Vec<u8> {
        let mut encoder = Self::new(prefix, tagged);
        key.encode_key(&mut encoder);
        encoder.bytes
    }

    /// Appends an integer: its bytes, the sign flipped; or its value, whatever its type.
    fn int(&mut self, value: any::Int, big_endian: &[u8]) {
        match self.tagged {
            true => any::put_int(&mut self.bytes, value),
            false => self.bytes.extend_from_slice(big_endian),
        }
    }

    /// Appends what is as long as every other value of its type.
    fn fixed(&mut self, tag: u8, bytes: &[u8]) {
        if self.tagged {
            self.bytes.push(tag);
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends what may be of any length: as it is where the key ends with it, and within a
    /// tuple so that the end can be told. There, `00` becomes `00 ff`, and `00 00` ends it.
    fn text(&mut self, tag: u8, bytes: &[u8]) {
        if self.tagged {
            self.bytes.push(tag);
        }
        if self.depth == 0 {
            self.bytes.extend_from_slice(bytes);
            return;
        }
        escape(bytes, &mut self.bytes);
        if !(self.unended && self.depth == 1) {
            self.bytes.extend_from_slice(&[0, 0]);
        }
    }

    /// Begins a key of several parts, which are encoded next, one by one; for keys of your own.
    /// [`Key`](derive@pickle_derive::Key) writes the calls for a struct.
    pub fn begin_tuple(&mut self, parts: u8) {
        if self.tagged {
            self.bytes.extend_from_slice(&[any::TUPLE, parts]);
        }
        self.depth += 1;
    }

    /// Ends a key of several parts.
    pub fn end_tuple(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }
}

impl<'a> KeyDecoder<'a> {
    fn new(bytes: &'a [u8], tagged: bool) -> Self {
        Self { rest: bytes, tagged, depth: 0 }
    }

    /// Decodes a whole key of a collection.
    pub(crate) fn plain<K: Key>(bytes: &'a [u8]) -> Result<K> {
        Self::whole(bytes, false)
    }

    /// Decodes the key at the front, written so that more can follow; returns what follows.
    pub(crate) fn nested<K: Key>(bytes: &'a [u8]) -> Result<(K, &'a [u8])> {
        let mut decoder = Self { depth: 1, ..Self::new(bytes, false) };
        let key = K::decode_key(&mut decoder)?;
        Ok((key, decoder.rest))
    }

    /// Decodes a whole key of the store itself.
    pub(crate) fn tagged<K: Key>(bytes: &'a [u8]) -> Result<K> {
        Self::whole(bytes, true)
    }

    fn whole<K: Key>(bytes: &'a [u8], tagged: bool) -> Result<K> {
        let mut decoder = Self::new(bytes, tagged);
        let key = K::decode_key(&mut decoder)?;
        match decoder.rest.is_empty() {
            true => Ok(key),
            false => Err(Error::corrupt("bytes follow a key")),
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            return Err(Error::corrupt("a key ends early"));
        };
        self.rest = rest;
        Ok(taken)
    }

    /// Takes the tag that says of which kind a part is.
    fn tag(&mut self, tag: u8) -> Result<()> {
        match !self.tagged || self.take(1)? == [tag] {
            true => Ok(()),
            false => Err(Error::corrupt("a key is of another kind")),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let bytes = self.take(N)?;
        bytes.try_into().map_err(|_| Error::corrupt("a key ends early"))
    }

    fn text(&mut self) -> Result<Vec<u8>> {
        if self.depth == 0 {
            return self.take(self.rest.len()).map(<[u8]>::to_vec);
        }
        let mut out = Vec::new();
        loop {
            match self.take(1)?[0] {
                0 => match self.take(1)?[0] {
                    0 => return Ok(out),
                    0xff => out.push(0),
                    _ => return Err(Error::corrupt("a bad escape in a key")),
                },
                byte => out.push(byte),
            }
        }
    }

    fn string(&mut self) -> Result<String> {
        String::from_utf8(self.text()?).map_err(|_| Error::corrupt("a key is not UTF-8"))
    }

    /// Begins a key of several parts, which are decoded next, one by one.
    ///
    /// # Errors
    /// When there is no such key.
    pub fn begin_tuple(&mut self, parts: u8) -> Result<()> {
        self.depth += 1;
        self.tag(any::TUPLE)?;
        match !self.tagged || self.take(1)? == [parts] {
            true => Ok(()),
            false => Err(Error::corrupt("a key is a tuple of another length")),
        }
    }

    /// Ends a key of several parts.
    pub fn end_tuple(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// The [kind](Key::kind) of a key of several parts, by theirs.
    pub fn tuple_kind(parts: &[String]) -> String {
        format!("({})", parts.join(", "))
    }
}

/// Appends bytes so that two zeros behind them are their end.
pub(crate) fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        out.push(*byte);
        if *byte == 0 {
            out.push(0xff);
        }
    }
}

/// The range of all keys behind `prefix` between two bounds, which include `prefix`.
pub(crate) fn within(prefix: &[u8], start: Bound<Vec<u8>>, end: Bound<Vec<u8>>) -> KeyRange {
    let all = KeyRange::prefix(prefix);
    let start = if start == Bound::Unbounded { all.start } else { start };
    let end = if end == Bound::Unbounded { all.end } else { end };
    KeyRange { start, end }
}
