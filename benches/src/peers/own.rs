//! Codecs with traits of their own.

use std::cell::RefCell;

use wincode::config::Configuration;

use super::Codec;

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

/// borsh.
pub struct Borsh;

impl<T: borsh::BorshSerialize + borsh::BorshDeserialize> Codec<T> for Borsh {
    fn name(&self) -> &'static str {
        "borsh"
    }

    fn encode(&self, value: &T, out: &mut Vec<u8>) -> usize {
        out.clear();
        borsh::to_writer(&mut *out, value).unwrap();
        out.len()
    }

    fn to_vec(&self, value: &T) -> Vec<u8> {
        borsh::to_vec(value).unwrap()
    }

    fn decode(&self, bytes: &[u8]) -> T {
        borsh::from_slice(bytes).unwrap()
    }
}

/// nanoserde, its binary format.
pub struct Nanoserde;

impl<T: nanoserde::SerBin + nanoserde::DeBin> Codec<T> for Nanoserde {
    fn name(&self) -> &'static str {
        "nanoserde"
    }

    fn encode(&self, value: &T, out: &mut Vec<u8>) -> usize {
        out.clear();
        value.ser_bin(out);
        out.len()
    }

    fn to_vec(&self, value: &T) -> Vec<u8> {
        value.serialize_bin()
    }

    fn decode(&self, bytes: &[u8]) -> T {
        T::deserialize_bin(bytes).unwrap()
    }
}

/// savefile, its header and schema included.
pub struct Savefile;

impl<T> Codec<T> for Savefile
where
    T: savefile::Serialize + savefile::Deserialize + savefile::WithSchema,
{
    fn name(&self) -> &'static str {
        "savefile"
    }

    fn encode(&self, value: &T, out: &mut Vec<u8>) -> usize {
        out.clear();
        savefile::save(out, 0, value).unwrap();
        out.len()
    }

    fn to_vec(&self, value: &T) -> Vec<u8> {
        savefile::save_to_mem(0, value).unwrap()
    }

    fn decode(&self, bytes: &[u8]) -> T {
        savefile::load_from_mem(bytes, 0).unwrap()
    }
}
