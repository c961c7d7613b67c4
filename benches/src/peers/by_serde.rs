//! Codecs behind serde's traits.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Codec;

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

/// MessagePack, by rmp-serde, structs as arrays.
pub struct MessagePack;

impl<T: Serialize + DeserializeOwned> Codec<T> for MessagePack {
    fn name(&self) -> &'static str {
        "rmp-serde"
    }

    fn encode(&self, value: &T, out: &mut Vec<u8>) -> usize {
        out.clear();
        rmp_serde::encode::write(out, value).unwrap();
        out.len()
    }

    fn to_vec(&self, value: &T) -> Vec<u8> {
        rmp_serde::to_vec(value).unwrap()
    }

    fn decode(&self, bytes: &[u8]) -> T {
        rmp_serde::from_slice(bytes).unwrap()
    }
}
