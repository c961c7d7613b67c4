//! pickle-rs.

use std::cell::RefCell;

use super::Codec;

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
