//! Hostile pickles of Python's: nothing runs, no stack overflows, nothing grows out of proportion,
//! whatever is asked of them. The rows are those of `PICKLE_CORPUS`, or of the sample checked in.

#![allow(clippy::print_stdout)] // says which corpus ran

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash as _;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pickle::python::{MemoEntries, SaveOptions};
use pickle::{
    ErrorKind, Pickle, Protocol, UnpickleOwned, Value, dumps, dumps_with, from_value, loads,
    to_value,
};

/// The stack of a thread that Rust starts for a user, halved.
const STACK: usize = 1 << 20;
/// Levels of nesting: a million, and fewer where nothing is optimized.
const DEEP: usize = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 };

/// As deep and as wide as the pickle has it.
#[derive(Pickle, Debug, PartialEq)]
#[pickle(transparent)]
struct Nest(Vec<Nest>);

#[derive(Pickle, Debug, PartialEq)]
#[pickle(transparent)]
struct Chain(Option<Box<(Chain,)>>);

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "os.system")]
struct System {
    command: String,
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(transparent)]
struct Keyed(HashMap<String, Keyed>);

/// Runs a claim on a thread with a small stack.
fn on_a_small_stack(claim: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(claim);
    thread.expect("a thread starts").join().expect("the claim holds");
}

/// Loads the bytes in every way; what comes of it does not matter, only that it ends well.
fn ask_everything(bytes: &[u8]) {
    let value = Value::loads(bytes).ok();
    let value = value.as_ref();
    typed::<Nest>(bytes, value);
    typed::<Chain>(bytes, value);
    typed::<Keyed>(bytes, value);
    typed::<System>(bytes, value);
    typed::<Vec<String>>(bytes, value);
    typed::<BTreeMap<String, Vec<u8>>>(bytes, value);
    typed::<Vec<Value>>(bytes, value);
    let Some(value) = value else { return };
    let again = Value::loads(bytes).expect("as before");
    assert!(*value == again, "equal to itself loaded again");
    value.hash(&mut DefaultHasher::new());
    assert!(value.to_string().len() < 1 << 20);
    assert!(format!("{value:?}").len() < 1 << 20);
    drop((value.plain(), value.attributes(), value.pointer("/a/0"), to_value(value)));
    for number in 0..=5 {
        for memo in [MemoEntries::Python, MemoEntries::Needed] {
            let protocol = Protocol::try_from(number).expect("one of Python's");
            let options = SaveOptions::new(protocol).memo(memo);
            if let Ok(written) = value.dumps_with(&options) {
                assert!(written.len() < 64 * bytes.len() + 4096, "protocol {number}");
            }
        }
    }
    drop(dumps(value).map(|native| loads::<Value>(&native).map(drop)));
}

fn typed<T: UnpickleOwned + Pickle>(bytes: &[u8], value: Option<&Value>) {
    if let Ok(value) = loads::<T>(bytes) {
        drop(dumps_with(&value, Protocol::V4));
        drop(dumps_with(&value, Protocol::Native));
    }
    drop(value.map(from_value::<T>));
}

#[test]
fn malicious_pickles_are_harmless_whatever_is_asked_of_them() {
    let sample = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("pickle-core/tests/corpus-sample");
    let folder = std::env::var_os("PICKLE_CORPUS").map_or(sample, PathBuf::from);
    let path = folder.join("malicious.jsonl");
    let text = std::fs::read_to_string(&path).expect("the corpus can be read");
    println!("{}: {} rows", path.display(), text.lines().count());
    for line in text.lines() {
        let row: serde_json::Value = serde_json::from_str(line).expect("a row is JSON");
        let bytes = bytes(&row);
        let is_gadget = row["kind"] == "gadget";
        on_a_small_stack(move || {
            ask_everything(&bytes);
            if is_gadget {
                assert!(loads::<Vec<String>>(&bytes).is_err(), "{}", row["name"]);
            }
        });
    }
}

fn bytes(row: &serde_json::Value) -> Vec<u8> {
    if let Some(text) = row["b64"].as_str() {
        return STANDARD.decode(text).expect("base64");
    }
    let mut bytes = Vec::new();
    for segment in row["segments"].as_array().expect("segments") {
        let hex = segment["hex"].as_str().expect("hex");
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex");
        let part: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
        bytes.extend(part.repeat(segment["times"].as_u64().expect("times") as usize));
    }
    bytes
}

/// `levels` containers, each with the former in it twice.
fn doubled(first: &[u8], twice: &[u8], levels: usize) -> Vec<u8> {
    [first, &twice.repeat(levels), b"."].concat()
}

#[test]
fn sixty_doublings_are_refused_or_stay_shared() {
    // A list of a list twice, and so on; the same in tuples; a text in tuples.
    let lists = {
        let mut bytes = b"]q\0".to_vec();
        for level in 1..=60_u8 {
            bytes.extend([b']', b'q', level, b'(', b'h', level - 1, b'h', level - 1, b'e']);
        }
        [&bytes[..], b"."].concat()
    };
    for bytes in [lists, doubled(b")", b"2\x86", 60), doubled(b"X\x01\0\0\0a", b"2\x86", 60)] {
        on_a_small_stack(move || ask_everything(&bytes));
    }
    let error = loads::<Nest>(&doubled(b")", b"2\x86", 60)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Memory { limit: 1_173_504 }), "{error}");
}

#[test]
fn a_million_levels_are_an_error_where_the_type_recurses() {
    let lists = [&b"]".repeat(DEEP)[..], &b"a".repeat(DEEP - 1), b"."].concat();
    let tuples = [&b")"[..], &b"\x85".repeat(DEEP), b"."].concat();
    for bytes in [lists.clone(), tuples] {
        on_a_small_stack(move || ask_everything(&bytes));
    }
    let error = loads::<Nest>(&lists).unwrap_err().to_string();
    let first = error.lines().next().expect("a line");
    assert!(first.starts_with("values are nested deeper than 128 levels at [0][0]"), "{first}");
}

#[test]
fn calls_of_calls_are_followed_without_a_stack() {
    let calls = [
        &b"c_codecs\nencode\n".repeat(DEEP / 10)[..],
        b"X\0\0\0\0",
        &b"X\x06\0\0\0latin1\x86R".repeat(DEEP / 10),
        b".",
    ]
    .concat();
    let sets =
        [&b"c__builtin__\nset\n".repeat(DEEP / 10)[..], b"]", &b"\x85R".repeat(DEEP / 10), b"."]
            .concat();
    for bytes in [calls, sets] {
        on_a_small_stack(move || ask_everything(&bytes));
    }
}

#[test]
fn an_object_that_holds_itself_is_an_error_in_typed_values() {
    let error = loads::<Nest>(b"]q\0h\0a.").unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Cycle), "{error}");
}
