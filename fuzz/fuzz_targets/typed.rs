//! Any bytes as one of Python's pickles of types that are known: they load or are an error, and what
//! loads comes back from every protocol.
#![no_main]

#[allow(dead_code)]
mod types;

use libfuzzer_sys::fuzz_target;
use pickle::{Protocol, Value, dumps_with, from_value, loads};
use types::{Item, OldItem, Order, Shape};

fuzz_target!(|bytes: &[u8]| {
    // Native pickles have targets of their own.
    if bytes.first() == Some(&0xfb) {
        return;
    }
    if let Ok(order) = loads::<Order>(bytes) {
        for number in 0..=5 {
            let protocol = Protocol::try_from(number).expect("one of Python's");
            let Ok(written) = dumps_with(&order, protocol) else { continue };
            // NaN is not equal to itself, so text is compared.
            let again = loads::<Order>(&written).expect("what was written loads");
            assert_eq!(format!("{order:?}"), format!("{again:?}"));
        }
    }
    let _ = loads::<Vec<Shape>>(bytes);
    let _ = loads::<Vec<Item>>(bytes);
    let _ = loads::<Vec<OldItem>>(bytes);
    let _ = loads::<Vec<&str>>(bytes);
    if let Ok(value) = Value::loads(bytes) {
        let _ = from_value::<Vec<Shape>>(&value);
        let _ = from_value::<Vec<Value>>(&value);
    }
});
