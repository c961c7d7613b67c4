//! Values as JSON and back.

use pickle_core::{Value, value};
use serde_json::json;

fn loads(bytes: &[u8]) -> Value {
    Value::loads(bytes).expect("a pickle")
}

/// The value after JSON as text, as other programs see it.
fn through_text(value: &Value) -> Value {
    let text = value.to_json().to_string();
    Value::from_json(&serde_json::from_str(&text).expect("JSON")).expect("what was written")
}

fn refused(objects: serde_json::Value) -> String {
    let json = json!({"version": 1, "objects": objects});
    Value::from_json(&json).expect_err("it is refused").to_string()
}

#[test]
fn each_kind_has_its_tag() {
    let value = value!([
        9_007_199_254_740_992_i64,
        9_007_199_254_740_993_i64,
        (f64::NEG_INFINITY),
        (Value::bytearray(b"\x01")),
        (Value::set([value!(true)])),
        (Value::frozenset([])),
        (Value::global("m", "n")),
        (Value::persistent(&value!("id")))
    ]);
    let objects = json!([
        {"list": [1, 2, 3, 4, 5, 7, 8, 11]},
        9_007_199_254_740_992_i64,
        {"int": "9007199254740993"},
        {"float": "-inf"},
        {"bytearray": "01"},
        {"set": [6]},
        true,
        {"frozenset": []},
        {"global": [9, 10]},
        "m",
        "n",
        {"persistent_id": 12},
        "id",
    ]);
    assert_eq!(value.to_json(), json!({"version": 1, "objects": objects}));
}

#[test]
fn an_object_says_all_that_was_done_to_it() {
    // NEWOBJ_EX with a keyword argument, BUILD, APPEND, SETITEM.
    let pickle = b"\x80\x04cshapes\nPoint\nK\x01\x85}\x8c\x01aK\x02s\x92K\x03bK\x04aK\x05K\x06s.";
    let value = loads(pickle);
    let json = value.to_json();
    let made = json!({"callee": 1, "args": 4, "kwargs": 6, "states": [9], "items": [10], "pairs": [[11, 12]]});
    assert_eq!(json["objects"][0], json!({"new": made}));
    assert_eq!(Value::from_json(&json).unwrap(), value);
    let plain = json!({
        "class": "shapes.Point", "args": [1], "kwargs": {"a": 2}, "state": 3, "items": [4], "pairs": {"5": 6},
    });
    assert_eq!(value.to_json_plain().unwrap(), plain);
}

#[test]
fn a_cycle_is_a_reference() {
    let value = loads(b"\x80\x04]\x94h\x00a.");
    assert_eq!(value.to_json(), json!({"version": 1, "objects": [{"list": [0]}]}));
    assert_eq!(through_text(&value).to_string(), "<1>[<ref 1>]");
}

#[test]
fn names_of_python_2_stay_what_they_are() {
    let value = loads(b"c__builtin__\nset\n.");
    assert_eq!(through_text(&value), Value::global("builtins", "set"));
    assert_eq!(value.to_json_plain().unwrap(), json!("builtins.set"));
}

#[test]
fn a_huge_integer_is_hexadecimal() {
    for sign in [0x01, 0xfe] {
        let mut pickle = vec![0x80, 2, 0x8b];
        pickle.extend(100_000_u32.to_le_bytes());
        pickle.extend(vec![sign; 100_000]);
        pickle.push(b'.');
        let value = loads(&pickle);
        let json = value.to_json();
        let start = if sign == 1 { "0x10101" } else { "-0x1010101" };
        assert!(json["objects"][0]["int"].as_str().unwrap().starts_with(start));
        assert_eq!(Value::from_json(&json).unwrap(), value);
    }
}

#[test]
fn full_json_knows_no_depth() {
    let mut pickle = vec![b']'; 100_000];
    pickle.extend(vec![b'a'; 99_999]);
    pickle.push(b'.');
    let value = loads(&pickle);
    assert_eq!(Value::from_json(&value.to_json()).unwrap(), value);
}

#[test]
fn json_of_no_value_is_refused_with_its_place() {
    assert_eq!(refused(json!([])), "expected at least one and fewer than 2^32 of `objects`");
    assert_eq!(
        refused(json!([{"list": [1]}])),
        "corrupt pickle: a reference to object 1, which is not there at objects[0]"
    );
    assert_eq!(refused(json!([{"tuple": [0]}])), "an object holds itself at objects[0]");
    assert_eq!(
        refused(json!([{"list": [1]}, {"set": [0]}])),
        "expected keys and elements to be hashable at objects[1]"
    );
    assert_eq!(
        refused(json!([{"bytes": "abc"}])),
        "expected pairs of hexadecimal digits at objects[0]"
    );
    assert_eq!(refused(json!([{"wtf8": "ff"}])), "text is not valid UTF-8 at objects[0]");
    assert_eq!(refused(json!([{"int": "1_0"}])), "expected an integer at objects[0]");
    assert_eq!(
        refused(json!([1.5])),
        "expected an integer at objects[0]\nhint: a float is `{\"float\": \"1.5\"}`"
    );
    assert_eq!(
        refused(json!([{"call": {"callee": 1, "args": 1}}, null])),
        "expected a tuple of arguments at objects[0]"
    );
    assert_eq!(
        Value::from_json(&json!({"version": 2, "objects": [1]})).unwrap_err().to_string(),
        "expected `version` to be 1"
    );
}

#[test]
fn plain_json_reads_well() {
    let value = value!({
        "a": [1, 2.5, null, true, (u64::MAX), (i128::MAX)],
        "t": ("x", b"\xff"),
        "s": (Value::set([value!(1)])),
        "c": (Value::complex(4.0, 6.0)),
        "numbers": {1: "one", 2.5: "more", null: "none"},
        "pairs": {(1, 2): "tuple"},
        "both": {1: "a", "1": "b"}
    });
    let expected = json!({
        "a": [1, 2.5, null, true, u64::MAX, "170141183460469231731687303715884105727"],
        "t": ["x", "ff"],
        "s": [1],
        "c": {"class": "builtins.complex", "args": [4.0, 6.0]},
        "numbers": {"1": "one", "2.5": "more", "null": "none"},
        "pairs": [[[1, 2], "tuple"]],
        "both": [[1, "a"], ["1", "b"]],
    });
    assert_eq!(value.to_json_plain().unwrap(), expected);
}

#[test]
fn plain_json_of_what_an_old_protocol_calls_is_what_it_makes() {
    let value = value!([b"ab", (Value::set([value!(1)]))]);
    let old = loads(&value.dumps(pickle_core::Protocol::V0).unwrap());
    assert_eq!(old.to_json_plain().unwrap(), json!(["6162", [1]]));
}

#[test]
fn what_has_no_plain_form_is_an_error_with_its_path() {
    let refused = |value: &Value| value.to_json_plain().unwrap_err().to_string();
    let hint = "\nhint: `Value::to_json` writes every value";
    assert_eq!(
        refused(&value!({"a": [1, (f64::NAN)]})),
        format!("nan has no form in JSON at dict.a[1]{hint}")
    );
    assert_eq!(refused(&loads(b"]q\x00h\x00a.")), format!("an object holds itself at [0]{hint}"));
    assert_eq!(
        refused(&loads(b"\x80\x04\x8c\x03\xed\xa0\x80.")),
        format!("text with lone surrogates has no form in JSON{hint}")
    );
}

#[test]
fn plain_json_has_a_limit_of_depth() {
    let nested = |levels| (1..levels).fold(Value::list([]), |value, _| Value::list([value]));
    let text = nested(127).to_json_plain().unwrap().to_string();
    assert_eq!(text, "[".repeat(127) + &"]".repeat(127));
    let error = nested(128).to_json_plain().unwrap_err();
    assert!(matches!(error.kind(), pickle_core::ErrorKind::Depth { limit: 127 }));
}

#[test]
fn sharing_does_not_blow_plain_json_up() {
    let bomb = (0..60).fold(value!([]), |value, _| Value::list([value.clone(), value]));
    let error = bomb.to_json_plain().unwrap_err();
    assert!(matches!(error.kind(), pickle_core::ErrorKind::Memory { .. }), "{error}");
}
