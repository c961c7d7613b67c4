//! Schemas that no type has: errors, neither hangs nor giants.

use pickle::{ErrorKind, Limits, Schema, Value, dumps};

const UNIT: u8 = 0;
const U64: u8 = 6;
const OPTION: u8 = 34;
const BOX: u8 = 35;
const SEQ: u8 = 36;
const ARRAY: u8 = 39;
const TUPLE: u8 = 40;
const STRUCT: u8 = 41;
const STATE: u8 = 43;

/// A struct of class `m.S` with one field `f` of a type.
fn structure(field: u8) -> Vec<u8> {
    [&[STRUCT, 3], b"m.S".as_slice(), &[0, 1, 1, b'f', field]].concat()
}

/// A schema whose root is its first type.
fn schema(types: &[&[u8]]) -> Vec<u8> {
    let mut schema = vec![0];
    varint(&mut schema, types.len());
    schema.extend(types.concat());
    schema
}

/// A native pickle with this schema and payload.
fn pickle(schema: &[u8], payload: &[u8]) -> Vec<u8> {
    let fingerprint = Schema::from_bytes(schema).unwrap().fingerprint();
    let mut pickle = vec![0xfb, 1, 1];
    varint(&mut pickle, payload.len());
    pickle.extend(fingerprint.to_le_bytes());
    varint(&mut pickle, schema.len());
    pickle.extend(schema);
    pickle.extend(payload);
    pickle
}

fn varint(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The error of a pickle of this schema whose section has these heads, and neither tail nor text.
fn error(types: &[&[u8]], heads: &[u8]) -> String {
    let payload = [&[0, 0], heads].concat();
    Value::loads(&pickle(&schema(types), &payload)).unwrap_err().to_string()
}

const ENDLESS: &str = "corrupt pickle: a type of the schema contains itself";

#[test]
fn pickles_made_by_these_tests_are_well_formed() {
    let made = pickle(&schema(&[&structure(1), &[U64]]), &[0, 0, 7, 0, 0, 0, 0, 0, 0, 0]);
    let value = Value::loads(&made).unwrap();
    assert_eq!(value.to_string(), "m.S.__new__() <- {'f': 7}");
}

#[test]
fn a_type_that_is_part_of_itself_is_an_error() {
    assert_eq!(error(&[&structure(0)], &[]), ENDLESS);
    assert_eq!(error(&[&[OPTION, 0]], &[]), ENDLESS);
    assert_eq!(error(&[&[ARRAY, 0, 1]], &[]), ENDLESS);
    assert_eq!(error(&[&structure(1), &[TUPLE, 1, 0]], &[]), ENDLESS);
}

#[test]
fn boxes_that_hold_only_boxes_are_an_error() {
    assert_eq!(error(&[&[BOX, 0]], &[]), ENDLESS);
    assert_eq!(error(&[&[BOX, 1], &[BOX, 0]], &[]), ENDLESS);
    assert_eq!(error(&[&[BOX, 1], &[STATE, 0, 0]], &[]), ENDLESS);
}

#[test]
fn a_struct_in_its_own_box_without_an_end_is_too_deep() {
    let endless = pickle(&schema(&[&structure(1), &[BOX, 0]]), &[0, 0]);
    let error = Value::loads(&endless).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Depth { limit: 128 }), "{error}");
    let limits = Limits { max_depth: u32::MAX, ..Limits::DEFAULT };
    let options = pickle::python::LoadOptions::new().limits(limits);
    let error = Value::loads_with(&endless, options).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Memory { .. }), "{error}");
}

#[test]
fn an_array_larger_than_memory_is_an_error() {
    let array = |item, length: [u8; 9]| [&[ARRAY, item], length.as_slice()].concat();
    // 2^60 elements.
    let length = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10];
    let error_of = |item: u8| error(&[&array(1, length), &[item]], &[1, 2, 3]);
    assert!(error_of(U64).starts_with("unexpected end of input: "), "{}", error_of(U64));
    let nothing = error_of(UNIT);
    assert!(nothing.starts_with("loading needs more than "), "{nothing}");
    // Where none is present, its size does not matter.
    let none = pickle(&schema(&[&[OPTION, 1], &array(2, length), &[U64]]), &[0, 0, 0]);
    assert_eq!(Value::loads(&none).unwrap().to_string(), "None");
}

#[test]
fn structs_doubled_many_times_take_bounded_memory() {
    // Each holds the next twice; the last holds nothing: 2^60 values of no bytes.
    let mut types: Vec<Vec<u8>> = (1..=60_u8).map(|next| vec![TUPLE, 2, next, next]).collect();
    types.push(vec![UNIT]);
    let types: Vec<&[u8]> = types.iter().map(Vec::as_slice).collect();
    let bytes = pickle(&schema(&types), &[0, 0]);
    let used = allocation_counter::measure(|| {
        let error = Value::loads(&bytes).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Memory { .. }), "{error}");
    });
    assert!(used.bytes_max < 8 << 20, "{} bytes", used.bytes_max);
}

#[test]
fn a_sequence_of_nothing_is_bounded() {
    let billions = [&0x7fff_fffe_u32.to_le_bytes(), [].as_slice()].concat();
    let text = error(&[&[SEQ, 1], &[UNIT]], &billions);
    assert!(text.contains("more than 16777216 elements that take no bytes"), "{text}");
    let limits = Limits { max_zero_sized: u64::MAX, ..Limits::DEFAULT };
    let options = pickle::python::LoadOptions::new().limits(limits);
    let bytes = pickle(&schema(&[&[SEQ, 1], &[UNIT]]), &[&[0, 0], billions.as_slice()].concat());
    let error = Value::loads_with(&bytes, options).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Memory { .. }), "{error}");
}

#[test]
fn a_deep_schema_costs_no_stack() {
    let depth = 100_000;
    let mut types: Vec<Vec<u8>> = Vec::new();
    for next in 1..=depth {
        let mut node = vec![TUPLE, 1];
        varint(&mut node, next);
        types.push(node);
    }
    types.push(vec![U64]);
    let types: Vec<&[u8]> = types.iter().map(Vec::as_slice).collect();
    let bytes = pickle(&schema(&types), &[0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    let load = move || Value::loads(&bytes).map(|value| value.len());
    let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(load).unwrap();
    assert_eq!(thread.join().unwrap().unwrap(), 1);
}

#[test]
fn a_schema_of_another_fingerprint_is_an_error() {
    let mut bytes = dumps(&7_u32).unwrap();
    bytes[4] ^= 1;
    assert_eq!(
        Value::loads(&bytes).unwrap_err().to_string(),
        "corrupt pickle: the schema and its fingerprint do not belong together"
    );
}
