//! Any bytes as a native pickle read by its schema alone, and by another version of its type.
#![no_main]

#[allow(dead_code)]
mod types;

use libfuzzer_sys::fuzz_target;
use pickle::{Value, dumps, loads};
use types::{Item, OldItem};

fuzz_target!(|bytes: &[u8]| {
    let _ = Value::loads(bytes);
    let _ = loads::<Vec<OldItem>>(bytes);
    // The schema of a real pickle, with its last bytes replaced.
    let item = Item { name: "tea".into(), price: 2.5, flags: [true, false] };
    let mut pickle = dumps(&vec![item]).expect("it encodes");
    let at = pickle.len().saturating_sub(bytes.len());
    let count = pickle.len() - at;
    pickle[at..].copy_from_slice(&bytes[..count]);
    if let Ok(value) = Value::loads(&pickle) {
        assert!(value.to_string().len() < 1 << 20);
    }
    let _ = loads::<Vec<OldItem>>(&pickle);
});
