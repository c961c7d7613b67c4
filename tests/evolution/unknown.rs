//! Fields that a type does not have, kept and written back.

use std::collections::BTreeMap;

use pickle::compat::Effect::{Drops, Loads};
use pickle::{Pickle, Protocol, Value, dumps, dumps_with, loads, value};

use crate::{evolves, pickles};

/// The next version.
#[derive(Clone, Debug, PartialEq, Pickle)]
#[pickle(class = "shop.Order")]
struct Next {
    id: u64,
    notes: Vec<String>,
    #[pickle(default)]
    place: Option<Place>,
}

#[derive(Clone, Debug, PartialEq, Pickle)]
#[pickle(class = "shop.Place")]
struct Place {
    street: String,
    number: Option<u16>,
}

/// Today's version, which keeps what it does not know.
#[derive(Clone, Debug, PartialEq, Pickle)]
#[pickle(class = "shop.Order")]
struct Kept {
    id: u32,
    #[pickle(unknown)]
    rest: BTreeMap<String, Value>,
}

fn next() -> Next {
    let place = Place { street: "Main".into(), number: None };
    Next { id: 7, notes: vec!["fragile".into()], place: Some(place) }
}

fn kept() -> Kept {
    let place = Value::instance(
        &Value::global("shop", "Place"),
        &value!({"street": "Main", "number": null}),
    );
    let rest = [("notes".to_owned(), value!(["fragile"])), ("place".to_owned(), place)];
    Kept { id: 7, rest: rest.into() }
}

#[test]
fn unknown_fields_are_kept() {
    // Protocols 0 and 1 make objects by a call, which is kept as one.
    for (protocol, pickle) in pickles(&next()).into_iter().filter(|(it, _)| *it != Protocol::V0) {
        assert_eq!(loads::<Kept>(&pickle).unwrap(), kept(), "protocol {protocol}");
    }
}

#[test]
fn what_was_kept_is_written_back() {
    for (_, pickle) in pickles(&next()) {
        let kept: Kept = loads(&pickle).unwrap();
        for (protocol, pickle) in pickles(&kept) {
            assert_eq!(loads::<Kept>(&pickle).unwrap().rest.len(), 2, "protocol {protocol}");
            assert_eq!(loads::<Next>(&pickle).unwrap(), next(), "protocol {protocol}");
        }
    }
}

#[test]
fn kept_fields_are_attributes_in_python() {
    let bytes = dumps_with(&kept(), Protocol::V4).unwrap();
    let shown = "shop.Order.__new__() <- {'id': 7, 'notes': ['fragile'], 'place': \
                 shop.Place.__new__() <- {'street': 'Main', 'number': None}}";
    assert_eq!(Value::loads(&bytes).unwrap().to_string(), shown);
    let native = Value::loads(&dumps(&kept()).unwrap()).unwrap();
    assert_eq!(native, Value::loads(&bytes).unwrap());
}

#[test]
fn nothing_unknown_is_nothing_kept() {
    let kept = || Kept { id: 7, rest: BTreeMap::new() };
    evolves(kept(), kept(), Loads);
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Order")]
    struct Plain {
        id: u32,
    }
    evolves(Plain { id: 7 }, kept(), Loads);
    evolves(kept(), Plain { id: 7 }, Loads);
}

#[test]
fn compat_knows_what_is_kept() {
    assert_eq!(
        pickle::compat::<Next, Kept>().to_string(),
        "depends: Order.id: u64 became u32, which has not all its values\n\
         loads: Order.notes: is kept as an unknown field\n\
         loads: Order.place: is kept as an unknown field"
    );
    #[derive(Pickle)]
    #[pickle(class = "shop.Order")]
    #[allow(dead_code)]
    struct Plain {
        id: u64,
    }
    assert_eq!(pickle::compat::<Next, Plain>().worst(), Drops);
}

#[test]
fn a_dynamic_field_is_itself_in_every_protocol() {
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Bag")]
    struct Was {
        any: Value,
        maybe: Option<Value>,
    }
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Bag")]
    struct Now {
        maybe: Option<Value>,
        any: (u8, String),
    }
    let was = |maybe| Was { any: value!([1, "a"]), maybe };
    let now = |maybe| Now { any: (1, "a".into()), maybe };
    for maybe in [None, Some(Value::none()), Some(value!({"a": 1}))] {
        for (protocol, pickle) in pickles(&was(maybe.clone())) {
            assert_eq!(loads::<Now>(&pickle).unwrap(), now(maybe.clone()), "protocol {protocol}");
        }
    }
}
