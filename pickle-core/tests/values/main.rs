//! Values of every kind through every protocol and JSON, as properties.

mod strategies;

use pickle_core::python::{MemoEntries, SaveOptions};
use pickle_core::{Protocol, Value};
use proptest::prelude::*;

/// The value dumped and loaded, with each form of the memo.
fn round_trips(value: &Value, protocol: u8) -> [Value; 2] {
    let protocol = Protocol::try_from(protocol).expect("a protocol");
    [MemoEntries::Python, MemoEntries::Needed].map(|memo| {
        let bytes = value.dumps_with(&SaveOptions::new(protocol).memo(memo)).expect("dumps");
        Value::loads(&bytes).expect("what was dumped")
    })
}

proptest! {
    #[test]
    fn protocol_5_keeps_every_value(value in strategies::any_value()) {
        for again in round_trips(&value, 5) {
            prop_assert_eq!(&again, &value);
        }
    }

    #[test]
    fn all_protocols_but_0_keep_every_bit_of_a_float(
        bits in prop_oneof![any::<u64>(), (0x7ff0_u64 << 48..=u64::MAX)],
        protocol in 1_u8..=5,
    ) {
        let value = Value::from(f64::from_bits(bits));
        for again in round_trips(&value, protocol) {
            prop_assert_eq!(&again, &value);
        }
    }

    #[test]
    fn protocol_5_keeps_what_is_shared(value in strategies::value()) {
        for again in round_trips(&value, 5) {
            prop_assert_eq!(format!("{again:#}"), format!("{value:#}"));
        }
    }

    #[test]
    fn protocols_2_to_4_keep_every_value_but_for_calls(
        value in strategies::any_value(),
        protocol in 2_u8..=4,
    ) {
        for again in round_trips(&value, protocol) {
            prop_assert_eq!(&again.plain().expect("small"), &value);
        }
    }

    #[test]
    fn protocols_0_and_1_keep_what_new_did_not_make(
        value in strategies::value(),
        outside in strategies::persistent(),
        protocol in 0_u8..=1,
    ) {
        let value = Value::list([value, outside]);
        for again in round_trips(&value, protocol) {
            prop_assert_eq!(&again.plain().expect("small"), &value);
        }
    }
}

#[cfg(feature = "serde_json")]
proptest! {
    #[test]
    fn full_json_keeps_every_value_and_what_it_shares(value in strategies::any_value()) {
        // As text, as other programs see it.
        let text = value.to_json().to_string();
        let again = Value::from_json(&serde_json::from_str(&text).expect("JSON")).expect("ours");
        prop_assert_eq!(&again, &value);
        prop_assert_eq!(format!("{again:#}"), format!("{value:#}"));
    }
}

/// `parts` names joined by dots.
fn nested(parts: usize) -> Value {
    Value::global("shapes", &vec!["Outer"; parts].join("."))
}

#[test]
fn names_inside_many_classes_are_written_as_far_as_they_can_be_read() {
    for parts in [2, 10, 50, 100, 200, 1000] {
        let value =
            Value::from(vec![nested(parts), Value::bytearray(&[7; 5000]), nested(parts + 1)]);
        for number in 0..=5 {
            let protocol = Protocol::try_from(number).expect("a protocol");
            for memo in [MemoEntries::Python, MemoEntries::Needed] {
                match value.dumps_with(&SaveOptions::new(protocol).memo(memo)) {
                    Ok(bytes) => {
                        let again = Value::loads(&bytes).expect("what was dumped");
                        assert!(again.plain().expect("small") == value, "{parts} by {protocol}");
                    }
                    Err(error) => {
                        assert!(number < 4 && parts > 50, "{parts} by {protocol}: {error}");
                        assert!(
                            error.to_string().contains("protocol 4 writes any name"),
                            "{error}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn a_name_of_a_million_parts_is_no_work() {
    let error = nested(1_000_000).dumps(Protocol::V2).expect_err("too long");
    assert!(error.to_string().contains("long names"), "{error}");
}
