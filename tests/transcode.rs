//! Native pickles as values, read by their schema alone.
#![forbid(unsafe_code)]

#[path = "transcode/schemas.rs"]
mod schemas;
mod support;

use std::collections::{BTreeMap, BTreeSet};

use pickle::{ErrorKind, Pickle, Protocol, Value, dumps, value};
use proptest::prelude::*;
use support::samples::{SAMPLES, Shape};

fn sample(name: &str) -> Value {
    let sample = SAMPLES.iter().find(|sample| sample.name == name).unwrap();
    Value::loads(&(sample.dump)()).unwrap()
}

macro_rules! shown {
    ($($test:ident: $($name:ident = $text:literal),*;)*) => {$(
        #[test]
        fn $test() {
            $(assert_eq!(sample(stringify!($name)).to_string(), $text);)*
        }
    )*};
}

shown! {
    scalars_are_those_of_python: scalars =
        "((True, 'é', 0.5, -0.25, 6, None), (1, 2, 3, 4, 5), (-1, -2, -3, -4, -5))", unit = "None";
    text_is_str: text = "('', 'ascii', 'Zoë 日本 🦀')";
    bytes_and_arrays_of_bytes_are_bytes: bytes = r"(b'\x00\xff\x07', b'\x01\x02\x03')";
    some_of_what_may_be_none_is_marked: options = "(None, 9, (None,))",
        array = "((None, True), (False, None))";
    options_in_the_tail_are_their_values: large_options = "(None, (1, 2, 3))";
    a_box_is_what_it_holds: boxed = "(7, 'in')";
    sequences_are_lists: sequences = "([1, 2], ['a', ''], [[-1], []])";
    a_set_is_a_set: set = "{1, 3, 5}";
    a_map_is_a_dict: map = r"{'none': b'', 'one': b'\x01'}";
    a_struct_is_an_object_with_a_state: structure =
        "golden.Point.__new__() <- {'x': 1.5, 'y': -2.0}";
    a_state_is_set_on_an_object: state = "(golden.Account.__new__() <- ('Ada', 1234), 1)";
    tags_may_take_two_bytes: wide_tags =
        "[golden.Wide.V0.__new__(), golden.Wide.V255.__new__(), golden.Wide.V256.__new__(9), \
         golden.Wide.V0.__new__()]";
    the_state_of_a_field_takes_its_place: with_module =
        "[golden.Lap.__new__() <- {'runner': 'runner 0', 'time': '61000 ms'}, \
         golden.Lap.__new__() <- {'runner': 'runner 1', 'time': '61001 ms'}, \
         golden.Lap.__new__() <- {'runner': 'runner 2', 'time': '61002 ms'}]";
    types_of_std_have_their_fields: std_times =
        "(std.Duration.__new__() <- {'secs': 3, 'nanos': 999999999}, \
         std.SystemTime.__new__() <- {'secs': 1700000000, 'nanos': 5}, \
         std.SystemTime.__new__() <- {'secs': -3, 'nanos': 750000000})";
}

#[test]
fn each_variant_is_a_class() {
    let variants = sample("variants");
    let shown: Vec<_> = variants.items().take(3).map(|item| item.to_string()).collect();
    assert_eq!(
        shown,
        [
            "golden.Shape.Empty.__new__()",
            "golden.Shape.Circle.__new__() <- {'centre': golden.Point.__new__() <- \
             {'x': 1.0, 'y': -0.5}, 'radius': 0.25}",
            "golden.Shape.Segment.__new__(golden.Point.__new__() <- {'x': 2.0, 'y': -1.0}, \
             golden.Point.__new__() <- {'x': 3.0, 'y': -1.5}, 2)",
        ]
    );
}

#[test]
fn an_enum_without_fields_is_the_name() {
    #[derive(Pickle)]
    enum Colour {
        Red,
        Green,
    }
    let bytes = dumps(&[Colour::Red, Colour::Green, Colour::Red]).unwrap();
    assert_eq!(Value::loads(&bytes).unwrap().to_string(), "('Red', 'Green', 'Red')");
}

#[test]
fn what_lies_in_the_stream_is_read_block_by_block() {
    let numbers = |count: u32| Value::list((0..count).map(|n| Value::from(n.to_string().as_str())));
    assert_eq!(sample("blocks_of_65"), numbers(65));
    assert_eq!(sample("blocks_nested"), Value::list((0..70).map(numbers)));
    let map = (0..130).map(|n| (Value::from(n), Value::from(format!("<{n}>").as_str())));
    assert_eq!(sample("map_in_blocks"), Value::dict(map));
    let pair = |n| Value::tuple([Value::from(n), Value::from(n % 3 == 0)]);
    assert_eq!(sample("long_fixed"), Value::list((0..4000).map(pair)));
    let long = Value::tuple([Value::from("wide ✓ ".repeat(2000).as_str()), Value::from(1)]);
    assert_eq!(sample("long_text"), long);
    let long = Value::tuple([Value::bytes(&[0xa5; 20_000]), Value::from("after")]);
    assert_eq!(sample("long_bytes"), long);
}

#[test]
fn a_native_value_can_be_written_by_pythons_protocols() {
    let bytes = dumps(&(1_u8, Some("two"))).unwrap();
    let python = Value::loads(&bytes).unwrap().dumps(Protocol::V2).unwrap();
    assert_eq!(python, value!((1, "two")).dumps(Protocol::V2).unwrap());
}

#[test]
fn a_reader_gives_pickles_of_both_kinds_in_a_row() {
    let mut file = dumps("native").unwrap();
    file.extend(b"K\x07.");
    file.extend(dumps(&1.5_f32).unwrap());
    let mut rest = file.as_slice();
    let mut next = || Value::load(&mut rest).unwrap();
    assert_eq!([next(), next(), next()], [value!("native"), value!(7), value!(1.5)]);
    assert_eq!(
        Value::load(&mut rest).unwrap_err().to_string(),
        "unexpected end of input: 1 more bytes needed, 0 left (byte 0)"
    );
}

#[test]
fn a_pickle_without_its_schema_is_an_error() {
    let sample = SAMPLES.iter().find(|sample| sample.name == "schema_omitted").unwrap();
    assert_eq!(
        Value::loads(&(sample.dump)()).unwrap_err().to_string(),
        "this pickle has only the fingerprint 179332b0921ff7ce of its schema\n\
         hint: load it as the type it was made of"
    );
}

#[test]
fn an_error_names_the_place() {
    let mut bytes = dumps(&vec![Shape::Named(Box::new(Shape::Empty), "name".into())]).unwrap();
    let text = bytes.len() - 4;
    bytes[text] = 0xff;
    let error = Value::loads(&bytes).unwrap_err();
    assert_eq!(error.to_string(), format!("text is not valid UTF-8 (byte {text})"));
    bytes[text] = b'n';
    // The boxed variant: a tag and room for 12 bytes, the last of the tail.
    bytes[text - 13] = 9;
    let error = Value::loads(&bytes).unwrap_err();
    assert_eq!(error.path(), "[0].Named.0");
    assert!(matches!(error.kind(), ErrorKind::UnknownVariant { .. }), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn integers_keep_their_value(small: i64, large: i128, unsigned: u64, widest: u128) {
        let value = Value::loads(&dumps(&(small, large, unsigned, widest)).unwrap()).unwrap();
        let expected = format!("({small}, {large}, {unsigned}, {widest})");
        prop_assert_eq!(value.to_string(), expected);
    }

    #[test]
    fn collections_keep_what_they_hold(
        rows in prop::collection::vec((any::<Option<u16>>(), ".{0,9}"), 0..200),
        map: BTreeMap<String, Vec<i32>>,
        set: BTreeSet<char>,
    ) {
        let value = Value::loads(&dumps(&(&rows, &map, &set)).unwrap()).unwrap();
        let row = |(number, text): &(Option<u16>, String)| {
            let number = number.map_or_else(Value::none, Value::from);
            Value::tuple([number, Value::from(text.as_str())])
        };
        let entry = |(key, numbers): (&String, &Vec<i32>)| {
            let numbers = numbers.iter().map(|number| Value::from(*number));
            (Value::from(key.as_str()), Value::list(numbers))
        };
        let set = set.iter().map(|char| Value::from(char.to_string().as_str()));
        let expected = Value::tuple([
            Value::list(rows.iter().map(row)),
            Value::dict(map.iter().map(entry)),
            Value::set(set),
        ]);
        prop_assert_eq!(value, expected);
    }
}

#[test]
fn every_prefix_is_an_error() {
    for sample in SAMPLES {
        let bytes = (sample.dump)();
        for length in (0..bytes.len()).step_by((bytes.len() / 150).max(1)) {
            let value = Value::loads(&bytes[..length]);
            assert!(value.is_err(), "{} cut to {length} bytes loads", sample.name);
        }
    }
}

#[test]
fn every_changed_byte_gives_an_error_or_a_value() {
    for sample in SAMPLES {
        let mut bytes = (sample.dump)();
        // What grows by doubling takes three times its size while it is moved.
        let large = 3 * (1024 * bytes.len() as u64 + (1 << 20));
        for index in (0..bytes.len()).step_by((bytes.len() / 150).max(1)) {
            let right = bytes[index];
            for wrong in [right ^ 1, right ^ 0x80, !right, 0, 0x7f, 0xff] {
                bytes[index] = wrong;
                let used = allocation_counter::measure(|| drop(Value::loads(&bytes)));
                assert!(
                    used.bytes_max <= large,
                    "{}: byte {index} as {wrong} allocates {} bytes",
                    sample.name,
                    used.bytes_max
                );
            }
            bytes[index] = right;
        }
    }
}
