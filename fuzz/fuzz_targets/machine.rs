//! Any bytes as one of Python's pickles: they load or are an error, and what loads is written again
//! by every protocol and stays what it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pickle::{Protocol, Value};

fuzz_target!(|bytes: &[u8]| {
    let Ok(value) = Value::loads(bytes) else { return };
    assert!(value.to_string().len() < 1 << 20);
    for number in 0..=5 {
        let protocol = Protocol::try_from(number).expect("one of Python's");
        // A protocol may be unable to write a name, a persistent id, or a set that holds itself.
        let Ok(written) = value.dumps(protocol) else { continue };
        let again = Value::loads(&written).expect("what was written loads");
        if number == 5 && !bytes.is_empty() {
            assert_eq!(again.kind(), value.kind());
        }
    }
    let _ = value.plain();
});
