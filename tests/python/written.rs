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
