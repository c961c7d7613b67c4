use std::collections::HashSet;

use super::*;
use crate::value;

fn loads(bytes: &[u8]) -> Value {
    Value::loads(bytes).expect("a pickle")
}

#[test]
fn the_macro_takes_nested_values() {
    let value = value!({"a": [1, 2.0, null, -3], "b": (("x", b"y"), ()), "c": {}, "d": []});
    assert_eq!(
        value.to_string(),
        "{'a': [1, 2.0, None, -3], 'b': (('x', b'y'), ()), 'c': {}, 'd': []}"
    );
    assert_eq!(value.get("a").and_then(|list| list.get(3)?.as_i64()), Some(-3));
    assert_eq!(value!((1 + 2)).as_i64(), Some(3));
}

#[test]
fn values_go_through_every_protocol() {
    let value = Value::dict([
        (value!("a"), value!([1, 1.5, true, null, u64::MAX, "é\u{1f600}\n", b"\xff"])),
        (value!((1, "k")), Value::set([value!(1), value!("x")])),
        (value!(2), Value::bytearray(b"abc")),
    ]);
    for number in 3..=5 {
        let bytes = value.dumps(Protocol::try_from(number).unwrap()).unwrap();
        let again = loads(&bytes);
        if number == 5 {
            assert_eq!(again, value);
        }
        assert_eq!(again.get("a"), value.get("a"), "protocol {number}");
    }
}

#[test]
fn a_shared_object_stays_one() {
    let inner = value!([1]);
    let outer = Value::list([inner.clone(), inner]);
    let (first, second) = (outer.get(0).unwrap(), outer.get(1).unwrap());
    assert!(first.is(&second));
    assert_eq!(outer.to_string(), "[<1>[1], <ref 1>]");
    assert_eq!(outer, value!([[1], [1]]));
}

#[test]
fn recursive_values_compare_print_and_move() {
    let cycle = || loads(b"]q\x00(h\x00K\x01e.");
    assert_eq!(cycle(), cycle());
    assert_ne!(cycle(), loads(b"]q\x00(h\x00K\x02e."));
    assert_eq!(Value::list([cycle()]).to_string(), "[<1>[<ref 1>, 1]]");
}

#[test]
fn depth_costs_no_stack() {
    let mut bytes = vec![b']'; 1_000_000];
    bytes.extend([b'a'].repeat(999_999));
    bytes.push(b'.');
    let (value, other) = (loads(&bytes), loads(&bytes));
    assert_eq!(value, other);
    assert!(value.to_string().ends_with("[...]]") || value.to_string().contains("..."));
    assert_eq!(HashSet::from([value, other]).len(), 1);
}

#[test]
fn shared_tuples_do_not_explode() {
    let mut bytes = b"}(K\x01".to_vec();
    bytes.extend(b"2\x86".repeat(100));
    bytes.extend(b"Nu.");
    let (value, other) = (loads(&bytes), loads(&bytes));
    assert_eq!(value, other);
    assert!(value.to_string().len() < 10_000);
}

#[test]
fn the_last_value_and_the_first_key_stay() {
    let value =
        loads(b"}(K\x01X\x01\x00\x00\x00aG\x3f\xf0\x00\x00\x00\x00\x00\x00X\x01\x00\x00\x00bu.");
    assert_eq!(value.to_string(), "{1: 'b'}");
}

#[test]
fn order_counts_in_lists_only() {
    assert_eq!(value!({"a": 1, "b": 2}), value!({"b": 2, "a": 1}));
    assert_ne!(value!({"a": 1, "b": 2}), value!({"b": 1, "a": 2}));
    assert_ne!(value!([1, 2]), value!([2, 1]));
    assert_ne!(value!(1), value!(1.0));
}

#[test]
fn objects_say_how_they_are_made() {
    let value = loads(b"\x80\x02cshop\nOrder\n(K\x07t\x81}X\x01\x00\x00\x00aK\x01sb.");
    assert_eq!(value.to_string(), "shop.Order.__new__(7) <- {'a': 1}");
    let object = value.as_object().unwrap();
    assert_eq!(object.callee.as_global(), Some(("shop", "Order")));
    assert!(object.is_new);
    assert_eq!(object.args, [value!(7)]);
    assert_eq!(object.states, [value!({"a": 1})]);
}

#[test]
fn trailing_bytes_are_refused() {
    let error = Value::loads(b"N.x").unwrap_err();
    assert_eq!(error.to_string(), "1 bytes follow the value (byte 2)");
}

#[test]
fn text_is_quoted_as_in_python() {
    let value = loads(b"V\\ud800it's\n.");
    assert_eq!(value.to_string(), "\"\\ud800it's\"");
    assert_eq!(value.as_str(), None);
    assert_eq!(value!(1e16).to_string(), "1e+16");
    assert_eq!(value!(1e-5).to_string(), "1e-05");
    assert_eq!(value!(123456789.0).to_string(), "123456789.0");
    assert!(value!("x".repeat(5000)).to_string().ends_with("'... 4000 more"));
}

#[test]
fn cycles_are_written_by_every_protocol_that_can() {
    use crate::python::{MemoEntries, SaveOptions};
    // An object in a set that its own arguments lead back to; a tuple in a list that it holds; an
    // object in a set that its state leads back to.
    let by_args = loads(b"\x80\x04\x8f\x94(cm\nK\nh\x00\x85R\x90.");
    let tuple = loads(b"]q\x00(h\x00tq\x01a0h\x01.");
    let by_state = loads(b"\x80\x04\x8f\x94(cm\nK\n)\x81h\x00b\x90.");
    for number in 0..=5 {
        for memo in [MemoEntries::Python, MemoEntries::Needed] {
            let options = SaveOptions::new(Protocol::try_from(number).unwrap()).memo(memo);
            assert_eq!(by_args.dumps_with(&options).is_ok(), number >= 4);
            assert_eq!(loads(&tuple.dumps_with(&options).unwrap()), tuple);
            let again = loads(&by_state.dumps_with(&options).unwrap());
            assert!(number < 4 || again == by_state);
        }
    }
}

#[test]
fn an_item_of_bytes_is_a_value_that_is_written() {
    use crate::graph::NodeId;
    use crate::python::{LoadOptions, Machine, MemoEntries, SaveOptions, save_with};
    let values: Vec<Value> = crate::loads(b"\x80\x03C\x02\x00\xff.").unwrap();
    assert_eq!(values, [value!(0), value!(255)]);
    // As an `Unpickle::restore` of a user's gets it from `Restorer::items`.
    let mut machine = Machine::new(b"C\x02\x00\xff.", LoadOptions::new());
    machine.load().unwrap();
    let byte = NodeId::of_byte(255);
    for memo in [MemoEntries::Python, MemoEntries::Needed] {
        let options = SaveOptions::new(Protocol::V2).memo(memo);
        assert_eq!(save_with(machine.graph(), byte, &options).unwrap(), b"\x80\x02K\xff.");
        let mut pickle = Vec::new();
        crate::Pickler::new(&mut pickle).protocol(Protocol::V2).memo(memo).dump(&values).unwrap();
        assert_eq!(loads(&pickle), value!([0, 255]));
    }
    let value = Value::of_graph(machine.into_graph(), byte);
    assert_eq!(
        (value.as_i64(), value.dumps(Protocol::V2).unwrap()),
        (Some(255), b"\x80\x02K\xff.".to_vec())
    );
}
