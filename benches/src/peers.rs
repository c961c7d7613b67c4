//! One face for all codecs: encode into a reused buffer, decode to owned values.

use std::cell::RefCell;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wincode::config::Configuration;

/// A codec for values of one type. Failure is a panic: every round trip must succeed.
pub trait Codec<T> {
    /// The crate's name.
    fn name(&self) -> &'static str;

    /// Encodes into `out`, whose former content is void; returns how many bytes it wrote.
    fn encode(&self, value: &T, out: &mut Vec<u8>) -> usize;

    /// Encodes into a new vector.
    fn to_vec(&self, value: &T) -> Vec<u8>;

    /// Decodes, with all checks that the crate has.
    fn decode(&self, bytes: &[u8]) -> T;
}

/// Every codec, ours first.
pub fn all<'a, T>() -> Vec<Box<dyn Codec<T> + 'a>>
where
    Pickle: Codec<T>,
    PickleBrief: Codec<T>,
    Wincode: Codec<T>,
    Bitcode: Codec<T>,
    Rkyv: Codec<T>,
    Speedy: Codec<T>,
    Bincode: Codec<T>,
    Postcard: Codec<T>,
    Json: Codec<T>,
{
    vec![
        Box::new(Pickle),
        Box::new(PickleBrief::default()),
        Box::new(Wincode),
        Box::new(Bitcode::default()),
        Box::new(Rkyv),
        Box::new(Speedy),
        Box::new(Bincode),
        Box::new(Postcard),
        Box::new(Json),
    ]
}

/// pickle-rs, header and schema included.
pub struct Pickle;

impl<T: pickle::Pickle + pickle::UnpickleOwned> Codec<T> for Pickle {
    fn name(&self) -> &'static str {
        "pickle-rs"
    }

    fn encode(&self, value: &T, out: &mut Vec<u8>) -> usize {
        out.clear();
        pickle::dumps_into(value, out).unwrap();
        out.len()
    }

    fn to_vec(&self, value: &T) -> Vec<u8> {
        pickle::dumps(value).unwrap()
    }

    fn decode(&self, bytes: &[u8]) -> T {
        pickle::loads(bytes).unwrap()
    }
}

/// pickle-rs without the schema, for small messages: by one pickler for all of them.
pub struct PickleBrief(RefCell<pickle::Pickler<'static, Vec<u8>>>);

impl Default for PickleBrief {
    fn default() -> Self {
        let pickler = pickle::Pickler::new(Vec::new()).schema(pickle::SchemaMode::Omit);
        Self(RefCell::new(pickler))
    }
}

impl<T: pickle::Pickle + pickle::UnpickleOwned> Codec<T> for PickleBrief {
    fn name(&self) -> &'static str {
        "pickle-rs, no schema"
    }

    fn encode(&self, value: &T, out: &mut Vec<u8>) -> usize {
        out.clear();
        let mut pickler = self.0.borrow_mut();
        std::mem::swap(pickler.writer(), out);
        pickler.dump(value).unwrap();
        std::mem::swap(pickler.writer(), out);
        out.len()
    }

    fn to_vec(&self, value: &T) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(value, &mut out);
        out
    }

    fn decode(&self, bytes: &[u8]) -> T {
        pickle::loads(bytes).unwrap()
    }
}

/// wincode, its limit on allocations raised, as large inputs need.
pub struct Wincode;

type WincodeConfig = Configuration<true, { usize::MAX }>;
const WINCODE: WincodeConfig = WincodeConfig::new();

impl<T> Codec<T> for Wincode
where
    T: wincode::SchemaWrite<WincodeConfig, Src = T>
        + for<'de> wincode::SchemaRead<'de, WincodeConfig, Dst = T>,
{
    fn name(&self) -> &'static str {
        "wincode"
    }

    fn encode(&self, value: &T, out: &mut Vec<u8>) -> usize {
        if out.is_empty() {
            let size = wincode::config::serialized_size(value, WINCODE).unwrap();
            out.resize(size as usize, 0);
        }
        let mut rest = out.as_mut_slice();
        wincode::config::serialize_into(&mut rest, value, WINCODE).unwrap();
        let left = rest.len();
        out.len() - left
    }

    fn to_vec(&self, value: &T) -> Vec<u8> {
        wincode::config::serialize(value, WINCODE).unwrap()
    }

    fn decode(&self, bytes: &[u8]) -> T {
        wincode::config::deserialize(bytes, WINCODE).unwrap()
    }
}

/// bitcode, its buffers kept.
#[derive(Default)]
pub struct Bitcode {
    buffer: RefCell<bitcode::Buffer>,
}

impl<T: bitcode::Encode + bitcode::DecodeOwned> Codec<T> for Bitcode {
    fn name(&self) -> &'static str {
        "bitcode"
    }

    fn encode(&self, value: &T, out: &mut Vec<u8>) -> usize {
        let mut buffer = self.buffer.borrow_mut();
        let bytes = buffer.encode(value);
        // What is encoded stays in the codec's own buffer; only the first time it is copied out.
        if out.is_empty() {
            out.extend_from_slice(bytes);
        }
        bytes.len()
    }

    fn to_vec(&self, value: &T) -> Vec<u8> {
        bitcode::encode(value)
    }

    fn decode(&self, bytes: &[u8]) -> T {
        self.buffer.borrow_mut().decode(bytes).unwrap()
    }
}

/// speedy.
pub struct Speedy;

impl<T> Codec<T> for Speedy
where
    T: speedy::Writable<speedy::LittleEndian>
        + for<'de> speedy::Readable<'de, speedy::LittleEndian>,
{
    fn name(&self) -> &'static str {
        "speedy"
    }

    fn encode(&self, value: &T, out: &mut Vec<u8>) -> usize {
        let size = value.bytes_needed().unwrap();
        out.resize(size, 0);
        value.write_to_buffer(out).unwrap();
        size
    }

    fn to_vec(&self, value: &T) -> Vec<u8> {
        value.write_to_vec().unwrap()
    }

    fn decode(&self, bytes: &[u8]) -> T {
        T::read_from_buffer_copying_data(bytes).unwrap()
    }
}

/// postcard.
pub struct Postcard;

impl<T: Serialize + DeserializeOwned> Codec<T> for Postcard {
    fn name(&self) -> &'static str {
        "postcard"
    }

    fn encode(&self, value: &T, out: &mut Vec<u8>) -> usize {
        out.clear();
        *out = postcard::to_extend(value, std::mem::take(out)).unwrap();
        out.len()
    }

    fn to_vec(&self, value: &T) -> Vec<u8> {
        postcard::to_allocvec(value).unwrap()
    }

    fn decode(&self, bytes: &[u8]) -> T {
        postcard::from_bytes(bytes).unwrap()
    }
}

/// bincode 2 with its standard configuration.
pub struct Bincode;

impl<T: bincode::Encode + bincode::Decode<()>> Codec<T> for Bincode {
    fn name(&self) -> &'static str {
        "bincode 2"
    }

    fn encode(&self, value: &T, out: &mut Vec<u8>) -> usize {
        out.clear();
        bincode::encode_into_std_write(value, out, bincode::config::standard()).unwrap()
    }

    fn to_vec(&self, value: &T) -> Vec<u8> {
        bincode::encode_to_vec(value, bincode::config::standard()).unwrap()
    }

    fn decode(&self, bytes: &[u8]) -> T {
        bincode::decode_from_slice(bytes, bincode::config::standard()).unwrap().0
    }
}

/// serde_json.
pub struct Json;

impl<T: Serialize + DeserializeOwned> Codec<T> for Json {
    fn name(&self) -> &'static str {
        "serde_json"
    }

    fn encode(&self, value: &T, out: &mut Vec<u8>) -> usize {
        out.clear();
        serde_json::to_writer(&mut *out, value).unwrap();
        out.len()
    }

    fn to_vec(&self, value: &T) -> Vec<u8> {
        serde_json::to_vec(value).unwrap()
    }

    fn decode(&self, bytes: &[u8]) -> T {
        serde_json::from_slice(bytes).unwrap()
    }
}

/// rkyv: validated access to the archive, then owned values.
pub struct Rkyv;

type RkyvError = rkyv::rancor::Error;

impl<T> Codec<T> for Rkyv
where
    T: rkyv::Archive
        + for<'a> rkyv::Serialize<
            rkyv::api::high::HighSerializer<
                rkyv::util::AlignedVec,
                rkyv::ser::allocator::ArenaHandle<'a>,
                RkyvError,
            >,
        >,
    T::Archived: for<'a> rkyv::bytecheck::CheckBytes<rkyv::api::high::HighValidator<'a, RkyvError>>
        + rkyv::Deserialize<T, rkyv::api::high::HighDeserializer<RkyvError>>,
{
    fn name(&self) -> &'static str {
        "rkyv"
    }

    fn encode(&self, value: &T, out: &mut Vec<u8>) -> usize {
        thread_local! {
            static BUFFER: RefCell<rkyv::util::AlignedVec> = RefCell::default();
        }
        BUFFER.with(|buffer| {
            let mut bytes = buffer.take();
            bytes.clear();
            let bytes = rkyv::api::high::to_bytes_in::<_, RkyvError>(value, bytes).unwrap();
            if out.is_empty() {
                out.extend_from_slice(&bytes);
            }
            let size = bytes.len();
            buffer.replace(bytes);
            size
        })
    }

    fn to_vec(&self, value: &T) -> Vec<u8> {
        rkyv::to_bytes::<RkyvError>(value).unwrap().into_vec()
    }

    fn decode(&self, bytes: &[u8]) -> T {
        // Archives are aligned; what comes from elsewhere is copied first, as here.
        thread_local! {
            static ALIGNED: RefCell<rkyv::util::AlignedVec> = RefCell::default();
        }
        ALIGNED.with(|aligned| {
            let mut aligned = aligned.borrow_mut();
            if aligned.as_slice() != bytes {
                aligned.clear();
                aligned.extend_from_slice(bytes);
            }
            rkyv::from_bytes::<T, RkyvError>(&aligned).unwrap()
        })
    }
}
