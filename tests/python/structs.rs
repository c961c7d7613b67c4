//! Structs from every form in which Python pickles objects.

use std::collections::BTreeMap;

use pickle::python::Encoding;
use pickle::{Pickle, Unpickler, from_value, loads, to_value, value};

use crate::golden::{assert_loads, pickles, refused};

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

fn item(name: &str, price: f64) -> Item {
    Item { name: name.into(), price }
}

#[test]
fn attributes_of_instances_are_fields() {
    let items = vec![item("tea", 2.5), item("cup", 4.0)];
    assert_loads("order", &Order { id: 7, items, note: None });
}

#[test]
fn names_of_python_2_may_stay_bytes() {
    let by_2 = |(writer, _): &(String, Vec<u8>)| writer.starts_with("Python 2");
    for (writer, pickle) in pickles("slots").into_iter().filter(by_2) {
        let mut unpickler = Unpickler::from_slice(&pickle).encoding(Encoding::Bytes);
        let slots: Slots = unpickler.load().unwrap();
        assert_eq!(slots, Slots { x: 1, y: 2, z: None }, "{writer}");
    }
}

#[test]
fn plain_dicts_are_structs() {
    let note = Some("now".to_owned());
    assert_loads("order_as_dicts", &Order { id: 7, items: vec![item("tea", 2.5)], note });
    assert_loads("order_as_ordered_dict", &Order { id: 7, items: vec![], note: None });
}

#[test]
fn an_error_says_what_was_found_and_where() {
    assert_eq!(
        refused::<Order>("order_with_a_price_of_text"),
        "expected float, found str at Order.items[1].price (byte 119)"
    );
}

#[test]
fn an_object_of_another_class_is_named() {
    assert_eq!(
        refused::<Item>("slots"),
        "expected shop.Item, found shop.Slots object (byte 29)\n\
         hint: `shop.Slots` is not registered for this type: `#[pickle(class = \"shop.Slots\")]` \
         or `alias` would name it"
    );
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.Slots", alias = "shop.SlotsAndDict")]
struct Slots {
    x: u8,
    y: u8,
    z: Option<u8>,
}

#[test]
fn slots_are_fields() {
    assert_loads("slots", &Slots { x: 1, y: 2, z: None });
    assert_loads("slots_and_dict", &Slots { x: 1, y: 2, z: Some(3) });
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "modern.Point", alias = "modern.Frozen", alias = "modern.Slotted")]
#[pickle(alias = "modern.FrozenSlotted", alias = "modern.Named", alias = "shop.Point")]
struct Point {
    x: i32,
    y: i32,
}

#[test]
fn dataclasses_are_structs() {
    for name in ["dataclass", "frozen", "slotted", "frozen_slotted"] {
        assert_loads(name, &Point { x: 1, y: 2 });
    }
}

#[test]
fn namedtuples_are_structs() {
    assert_loads("point", &Point { x: 1, y: 2 });
    assert_loads("named", &Point { x: 1, y: 3 });
}

#[test]
fn namedtuples_are_tuples() {
    assert_eq!(from_value::<Point>(&value!((1, 2))).unwrap(), Point { x: 1, y: 2 });
    let error = loads::<(i32, i32)>(b"\x80\x04cshop\nOther\nK\x01K\x02\x86R.").unwrap_err();
    assert_eq!(error.to_string(), "expected tuple of 2, found shop.Other object (byte 19)");
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.Pair")]
struct Pair(u8, String);

#[test]
fn arguments_are_the_fields_of_tuple_structs() {
    assert_loads("pair", &Pair(1, "b".into()));
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.Keyed")]
struct Keyed {
    a: u8,
    key: u8,
}

#[test]
fn keyword_arguments_are_fields() {
    assert_loads("keyed", &Keyed { a: 1, key: 2 });
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.A", getstate = A::state, setstate = A::from_state)]
struct A {
    important_data: (u8, String),
}

impl A {
    fn state(&self) -> [&(u8, String); 1] {
        [&self.important_data]
    }

    fn from_state([important_data]: [(u8, String); 1]) -> Self {
        Self { important_data }
    }
}

#[test]
fn the_state_of_a_class_goes_through_setstate() {
    assert_loads("important", &A { important_data: (1, "data".into()) });
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.A")]
struct Unhooked {
    important_data: String,
}

#[test]
fn a_state_of_another_form_needs_setstate() {
    assert_eq!(
        refused::<Unhooked>("important"),
        "expected str, found list at Unhooked.important_data (byte 29)"
    );
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop:Outer.Inner")]
struct Inner {
    x: u8,
}

#[test]
fn nested_classes_have_a_colon() {
    assert_loads("nested_class", &Inner { x: 1 });
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "modern.Person")]
struct Person {
    name: String,
    age: u8,
    tags: Vec<String>,
    boss: Option<Box<Person>>,
}

#[test]
fn a_struct_may_hold_itself() {
    let bob = Person { name: "bob".into(), age: 50, tags: vec![], boss: None };
    let boss = Some(Box::new(bob));
    assert_loads("person", &Person { name: "ada".into(), age: 36, tags: vec!["x".into()], boss });
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.Order")]
struct Former {
    #[pickle(alias = "id")]
    number: u32,
    #[pickle(rename = "items")]
    things: Vec<BTreeMapItem>,
    #[pickle(default = 3)]
    copies: u8,
    #[pickle(skip, default = 9)]
    scratch: u8,
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.Item", transparent)]
struct BTreeMapItem(BTreeMap<String, pickle::Value>);

#[test]
fn names_aliases_defaults_and_unknown_fields() {
    let former = |things| Former { number: 7, things, copies: 3, scratch: 9 };
    let tea =
        BTreeMap::from([("name".to_owned(), value!("tea")), ("price".to_owned(), value!(2.5))]);
    assert_loads("order_as_dicts", &former(vec![BTreeMapItem(tea)]));
    assert_loads("order_as_ordered_dict", &former(vec![]));
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.Order", deny_unknown_fields)]
struct Strict {
    id: u32,
    #[pickle(default)]
    notes: String,
}

#[test]
fn unknown_fields_can_be_refused() {
    let strict = from_value::<Strict>(&value!({"id": 1})).unwrap();
    assert_eq!(strict, Strict { id: 1, notes: String::new() });
    let error = from_value::<Strict>(&value!({"id": 1, "note": null})).unwrap_err();
    assert_eq!(error.to_string(), "unknown field `note` at Strict\nhint: did you mean `notes`?");
    assert_eq!(refused::<Strict>("order"), "unknown field `items` at Strict (byte 41)");
}

#[test]
fn a_missing_field_is_an_error_unless_it_is_optional() {
    let order = from_value::<Order>(&value!({"id": 1, "items": []})).unwrap();
    assert_eq!(order, Order { id: 1, items: vec![], note: None });
    let error = from_value::<Order>(&value!({"id": 1})).unwrap_err();
    assert_eq!(
        error.to_string(),
        "missing field `items` at Order\nhint: `#[pickle(default)]` on the field would fill it"
    );
}

#[derive(Pickle, Debug, PartialEq, Default)]
#[pickle(default)]
struct Settings {
    depth: u8,
    name: String,
}

#[test]
fn a_default_for_all_fields() {
    assert_eq!(from_value::<Settings>(&value!({})).unwrap(), Settings::default());
    let named = Settings { depth: 0, name: "x".into() };
    assert_eq!(from_value::<Settings>(&value!({"name": "x"})).unwrap(), named);
}

#[derive(Pickle, Debug, PartialEq)]
struct Holder<T> {
    held: T,
}

#[test]
fn generic_structs_load_what_they_hold() {
    let dict = value!({"held": [1, 2]});
    assert_eq!(from_value::<Holder<Vec<u8>>>(&dict).unwrap(), Holder { held: vec![1, 2] });
    assert_eq!(from_value::<Holder<[i64; 2]>>(&dict).unwrap(), Holder { held: [1, 2] });
}

#[derive(Pickle, Debug, PartialEq)]
struct Borrowed<'a> {
    text: &'a str,
    bytes: &'a [u8],
}

#[test]
fn text_and_bytes_are_borrowed_where_the_pickle_has_them() {
    // pickle.dumps({"text": "tea", "bytes": b"cup"}, 4)
    let pickle = b"\x80\x04\x95\x1d\0\0\0\0\0\0\0}\x94(\x8c\x04text\x94\x8c\x03tea\x94\x8c\x05bytes\x94C\x03cup\x94u.";
    let borrowed: Borrowed<'_> = loads(pickle).unwrap();
    assert_eq!(borrowed, Borrowed { text: "tea", bytes: b"cup" });
    assert!(pickle.as_ptr_range().contains(&borrowed.text.as_ptr()));
}

#[test]
fn what_was_escaped_cannot_be_borrowed() {
    let error = loads::<&str>(b"S'a\\tb'\n.").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the pickle does not hold these bytes as they are, so they cannot be borrowed (byte 0)\n\
         hint: load into `String` or `Cow<str>`"
    );
    assert_eq!(loads::<String>(b"S'a\\tb'\n.").unwrap(), "a\tb");
}

#[test]
fn every_form_comes_through_a_value_as_well() {
    for (writer, pickle) in pickles("order") {
        let value = pickle::Value::loads(&pickle).unwrap();
        let order: Order = from_value(&value).unwrap();
        assert_eq!(loads::<Order>(&pickle).unwrap(), order, "{writer}");
        assert_eq!(from_value::<Order>(&to_value(&order).unwrap()).unwrap(), order);
    }
}
