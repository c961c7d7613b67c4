//! Values of std's types have the bytes that CPython's C pickler writes.

use std::collections::BTreeMap;

use pickle::python::Complex;
use pickle::{Pickle, Protocol, UnpickleOwned, dumps_with, loads};

use crate::classes::{A, Nt, Plain, Point, Tnt};
use crate::rows::rows;

/// Loads each row of these names by the C pickler, and dumps it again.
fn check<T: Pickle + UnpickleOwned>(names: &[&str]) -> usize {
    let found = rows("valid.jsonl", |row| {
        row.json["impl"] == "c" && names.iter().any(|name| row.json["name"] == *name)
    });
    for row in &found {
        let (name, protocol) = (&row.json["name"], row.json["protocol"].as_u64().unwrap_or(9));
        let value: T = loads(&row.bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        let protocol = Protocol::try_from(protocol as u8).expect("a protocol of Python's");
        let again = dumps_with(&value, protocol).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            again.escape_ascii().to_string(),
            row.bytes.escape_ascii().to_string(),
            "{name} by protocol {protocol}"
        );
    }
    found.len()
}

#[test]
fn numbers_have_the_bytes_of_the_c_pickler() {
    let small = ["int_9", "int_127", "int_-129", "int_257", "int_65536", "int_-65536"];
    let large = ["int_2147483647", "int_-2147483648", "int_4294967296", "int_9007199254740992"];
    let found = check::<i64>(&small) + check::<i64>(&large);
    let huge = ["int_9223372036854775808", "int_18446744073709551615", "int_-18446744073709551616"];
    let found = found + check::<i128>(&huge);
    let floats = ["float_one", "float_pi", "float_tenth", "float_nan", "float_max", "float_third"];
    assert!(found + check::<f64>(&floats) > 0);
}

#[test]
fn text_and_bytes_have_the_bytes_of_the_c_pickler() {
    let texts = ["str_empty", "str_euro", "str_nonbmp", "str_l256", "str_l255mb"];
    let found = check::<String>(&texts);
    assert!(found + check::<Vec<u8>>(&["bytes_empty", "bytes_all", "bytes_high"]) > 0);
}

#[test]
fn lists_and_tuples_have_the_bytes_of_the_c_pickler() {
    let lists = ["list_0", "list_1", "list_2", "list_1000", "list_2500"];
    assert!(check::<Vec<i64>>(&lists) > 0);
}

#[test]
fn instances_have_the_bytes_of_the_c_pickler() {
    let found = check::<Point>(&["class_point"]) + check::<Plain>(&["class_plain"]);
    let tuples = check::<Nt>(&["class_nt"]) + check::<Tnt>(&["class_tnt"]);
    assert!(found + tuples + check::<A>(&["seed_class_A"]) > 0);
}

#[test]
fn enums_in_their_tagged_form_have_the_bytes_of_the_c_pickler() {
    let found = check::<Result<i64, String>>(&["rust_enum_result_ok"]);
    assert!(found + check::<Option<i64>>(&["rust_enum_option_some"]) > 0);
}

/// `{'a': [1, 2.0, 3, 4+6j], ..}`: the first entry of the example in Python's documentation.
#[test]
fn a_dict_of_mixed_lists_has_the_bytes_of_python() {
    #[derive(Pickle, Debug, PartialEq)]
    #[pickle(python = "tuple")]
    struct Mixed(i64, f64, i64, Complex);

    let value = BTreeMap::from([("a", Mixed(1, 2.0, 3, Complex { re: 4.0, im: 6.0 }))]);
    // pickle.dumps({'a': (1, 2.0, 3, 4+6j)}, 4)
    let bytes = b"\x80\x04\x95E\0\0\0\0\0\0\0}\x94\x8c\x01a\x94(K\x01G@\0\0\0\0\0\0\0K\x03\
        \x8c\x08builtins\x94\x8c\x07complex\x94\x93\x94G@\x10\0\0\0\0\0\0G@\x18\0\0\0\0\0\0\x86\x94R\x94\
        t\x94s.";
    let found = dumps_with(&value, Protocol::V4).expect("dumps");
    assert_eq!(found.escape_ascii().to_string(), bytes.escape_ascii().to_string());
}
