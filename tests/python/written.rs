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
