//! What is written, against what CPython writes for the same objects.

use std::collections::BTreeMap;

use pickle::{Pickle, Protocol, Value, dumps_with, from_value, loads, to_value};

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.Order")]
struct Order {
    id: u32,
    items: Vec<Item>,
    note: Option<String>,
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.Item")]
struct Item {
    name: String,
    price: f64,
}

fn order() -> Order {
    let item = |name: &str, price| Item { name: name.into(), price };
    Order { id: 7, items: vec![item("tea", 2.5), item("cup", 4.0)], note: None }
}

#[test]
fn every_protocol_round_trips() {
    for protocol in 0..=5 {
        let protocol = Protocol::try_from(protocol).unwrap();
        let bytes = dumps_with(&order(), protocol).unwrap();
        assert_eq!(loads::<Order>(&bytes).unwrap(), order(), "protocol {protocol}");
        let value = Value::loads(&bytes).unwrap();
        assert_eq!(from_value::<Order>(&value).unwrap(), order());
    }
    assert_eq!(from_value::<Order>(&to_value(&order()).unwrap()).unwrap(), order());
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shapes.Shape")]
enum Shape {
    Circle { r: f64 },
    Rect(f64, f64),
    Unit,
}

#[test]
fn enums_round_trip() {
    let shapes = vec![Shape::Circle { r: 1.0 }, Shape::Rect(1.0, 2.0), Shape::Unit];
    for protocol in 0..=5 {
        let protocol = Protocol::try_from(protocol).unwrap();
        let bytes = dumps_with(&shapes, protocol).unwrap();
        assert_eq!(loads::<Vec<Shape>>(&bytes).unwrap(), shapes, "protocol {protocol}");
    }
}

#[test]
fn keys_that_are_lists_become_tuples() {
    let map = BTreeMap::from([(vec![1_u16, 2], "a".to_owned())]);
    let bytes = dumps_with(&map, Protocol::V4).unwrap();
    assert_eq!(Value::loads(&bytes).unwrap().to_string(), "{(1, 2): 'a'}");
    assert_eq!(loads::<BTreeMap<Vec<u16>, String>>(&bytes).unwrap(), map);
}

#[test]
fn values_of_one_graph_share_objects_across_fields() {
    let list = pickle::value!([1, 2]);
    let both = (list.clone(), list);
    let bytes = dumps_with(&both, Protocol::V2).unwrap();
    assert_eq!(bytes, b"\x80\x02]q\x00(K\x01K\x02eh\x00\x86q\x01.");
    assert_eq!(loads::<(Value, Value)>(&bytes).unwrap(), both);
}

#[derive(Pickle)]
#[pickle(getstate = Fresh::state, pickle_only)]
struct Fresh(u8);

impl Fresh {
    fn state(&self) -> Value {
        pickle::value!([(self.0)])
    }
}

#[test]
fn values_that_hooks_make_are_never_taken_for_each_other() {
    let fresh: Vec<_> = (0..100).map(Fresh).collect();
    let value = Value::loads(&dumps_with(&fresh, Protocol::V4).unwrap()).unwrap();
    let states = value.items().map(|item| item.as_object().unwrap().states[0].to_string());
    let expected = (0..100).map(|number| format!("[{number}]"));
    assert_eq!(states.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

/// Every size that an integer can have in a pickle, often enough for several frames.
fn integers() -> Vec<i64> {
    let around = (0..64).flat_map(|bit| {
        let power = 1_i64.wrapping_shl(bit);
        [power.wrapping_sub(1), power, power.wrapping_neg(), power.wrapping_neg().wrapping_sub(1)]
    });
    around.cycle().take(40_003).collect()
}

#[test]
fn numbers_of_a_vector_are_written_as_those_of_a_value() {
    let (ints, floats) = (integers(), integers().iter().map(|int| *int as f64 / 3.0).collect());
    let floats: Vec<f64> = floats;
    for protocol in 0..=5 {
        let protocol = Protocol::try_from(protocol).unwrap();
        for len in [0, 1, 2, 999, 1000, 1001, 2000, ints.len()] {
            let typed = dumps_with(&ints[..len], protocol).unwrap();
            let value = Value::from(ints[..len].to_vec()).dumps(protocol).unwrap();
            assert!(typed == value, "{len} integers by protocol {protocol}");
            let typed = dumps_with(&floats[..len], protocol).unwrap();
            let value = Value::from(floats[..len].to_vec()).dumps(protocol).unwrap();
            assert!(typed == value, "{len} floats by protocol {protocol}");
        }
    }
}

#[test]
fn integers_beyond_64_bits_lie_between_others() {
    let ints: Vec<u64> = (0..3000).map(|n| if n % 7 == 0 { u64::MAX - n } else { n }).collect();
    for protocol in 0..=5 {
        let protocol = Protocol::try_from(protocol).unwrap();
        let value = Value::from(ints.clone()).dumps(protocol).unwrap();
        assert!(dumps_with(&ints, protocol).unwrap() == value, "protocol {protocol}");
    }
}

#[test]
fn text_is_known_again_in_later_frames() {
    let texts: Vec<String> = (0..30_000).map(|n| format!("text number {}", n % 12_000)).collect();
    for protocol in 0..=5 {
        let protocol = Protocol::try_from(protocol).unwrap();
        let bytes = dumps_with(&texts, protocol).unwrap();
        assert_eq!(loads::<Vec<String>>(&bytes).unwrap(), texts, "protocol {protocol}");
        let first = dumps_with(&texts[..12_000], protocol).unwrap();
        assert!(bytes.len() - first.len() < 18_000 * 8, "protocol {protocol}");
    }
}

/// Text with characters that protocol 0 escapes is compared as it was, not as it is written.
#[test]
fn escaped_text_is_known_again() {
    let texts = ["line\nbreak", "€", "line\nbreak", "\\u20ac", "€"];
    let bytes = dumps_with(&texts[..], Protocol::V0).unwrap();
    let expected = b"(lp0\nVline\\u000abreak\np1\naV\\u20ac\np2\nag1\naV\\u005cu20ac\np3\nag2\na.";
    assert_eq!(bytes, expected);
}

#[test]
fn a_pickler_for_a_vector_adds_to_what_it_holds() {
    let mut pickler = pickle::Pickler::new(b"before".to_vec()).protocol(Protocol::V4);
    pickler.dump(&1_u8).unwrap();
    pickler.dump("two").unwrap();
    let bytes = pickler.into_inner();
    let mut pickles = bytes.strip_prefix(b"before").unwrap();
    assert_eq!(pickle::load::<u8>(&mut pickles).unwrap(), 1);
    assert_eq!(pickle::load::<String>(&mut pickles).unwrap(), "two");
    assert!(pickles.is_empty());
}

#[derive(Pickle)]
#[pickle(getstate = Self::refuse, setstate = Self::set)]
struct Refuses {
    panics: bool,
}

impl Refuses {
    fn refuse(&self) -> Result<u8, String> {
        assert!(!self.panics, "a hook that panics");
        Err("not today".into())
    }

    fn set(_: u8) -> Self {
        Self { panics: false }
    }
}

#[test]
fn a_dump_that_fails_leaves_the_vector_as_it_was() {
    let mut out = b"before".to_vec();
    let mut pickler = pickle::Pickler::new(&mut out).protocol(Protocol::V5);
    pickler.dump(&(1, Refuses { panics: false })).unwrap_err();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        pickler.dump(&(1, Refuses { panics: true }))
    }));
    assert!(panicked.is_err());
    assert_eq!(out, b"before");
}

#[test]
fn each_of_many_texts_is_written_once() {
    let texts: Vec<String> = (10_000..30_000).map(|number| format!("<{number}>")).collect();
    let dict: BTreeMap<_, _> = texts.iter().cloned().zip(texts.iter().rev().cloned()).collect();
    for number in 0..=5 {
        let bytes = dumps_with(&(&dict, &texts), Protocol::try_from(number).unwrap()).unwrap();
        let mut written: Vec<_> = bytes.windows(7).filter(|text| is_marked(text)).collect();
        written.sort_unstable();
        let expected: Vec<_> = texts.iter().map(String::as_bytes).collect();
        assert_eq!(written, expected, "protocol {number}");
        let loaded: (BTreeMap<String, String>, Vec<String>) = loads(&bytes).unwrap();
        assert_eq!(loaded, (dict.clone(), texts.clone()), "protocol {number}");
    }
}

fn is_marked(text: &[u8]) -> bool {
    text.starts_with(b"<") && text.ends_with(b">") && text[1..6].iter().all(u8::is_ascii_digit)
}
