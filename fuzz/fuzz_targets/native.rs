//! Any bytes as the payload of a native pickle: they decode or are an error, and what decodes encodes
//! to something that decodes to it.
#![no_main]

#[allow(dead_code)]
mod types;

use std::fmt::Debug;

use libfuzzer_sys::fuzz_target;
use pickle::{Pickle, Pickler, SchemaMode, UnpickleOwned, dumps, loads};
use types::{Item, Order, Shape};

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, payload)) = bytes.split_first() else { return };
    match choice % 6 {
        0 => decode::<Vec<Item>>(payload),
        1 => decode::<Vec<Shape>>(payload),
        2 => decode::<Vec<(u8, String, Option<u64>)>>(payload),
        3 => decode::<Vec<Vec<char>>>(payload),
        4 => decode::<Vec<Order>>(payload),
        _ => drop(loads::<Vec<Item>>(payload)),
    }
});

/// The header of a pickle of the type, with these bytes behind it.
fn decode<T: Pickle + UnpickleOwned + Default + Debug>(payload: &[u8]) {
    let mut real = Vec::new();
    Pickler::new(&mut real).schema(SchemaMode::Omit).dump(&T::default()).expect("it encodes");
    // Magic, version, no flags; a length of one byte; the fingerprint.
    let (start, fingerprint) = (&real[..3], &real[4..12]);
    let pickle = [start, &varint(payload.len() as u64), fingerprint, payload].concat();
    if let Ok(value) = loads::<T>(&pickle) {
        let again =
            loads::<T>(&dumps(&value).expect("it encodes")).expect("what was written loads");
        // NaN is not equal to itself, so text is compared.
        assert_eq!(format!("{value:?}"), format!("{again:?}"));
    }
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}
