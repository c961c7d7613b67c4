//! A type as data: shown, as JSON, and named in errors.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use pickle::{Pickle, Schema};

#[derive(Pickle)]
#[pickle(class = "shop.Order")]
struct Order {
    id: u64,
    lines: Vec<Line>,
    status: Status,
    notes: BTreeMap<String, Option<Box<Order>>>,
    customer: Customer,
}

#[derive(Pickle)]
#[pickle(class = "shop.Line")]
struct Line(String, [f32; 3]);

#[derive(Pickle)]
#[pickle(class = "shop.Status")]
enum Status {
    Open,
    Paid(u32, Unit),
    Sent { carrier: String, at: u64 },
    Lost {},
}

#[derive(Pickle)]
#[pickle(class = "shop.Unit")]
struct Unit;

#[derive(Pickle)]
#[pickle(class = "shop.Customer", getstate = Customer::state, setstate = Customer::from_state)]
struct Customer {
    name: String,
}

impl Customer {
    fn state(&self) -> (&str, u8) {
        (&self.name, 1)
    }

    fn from_state((name, _): (String, u8)) -> Self {
        Self { name }
    }
}

const ORDER: &str = "\
struct shop.Order {
    id: u64,
    lines: list[shop.Line],
    status: shop.Status,
    notes: dict[str, optional[box[shop.Order]]],
    customer: shop.Customer,
}

struct shop.Line(str, array[f32] of 3)

enum shop.Status {
    Open,
    Paid(u32, shop.Unit),
    Sent { carrier: str, at: u64 },
    Lost {},
}

struct shop.Unit

state shop.Customer = tuple[str, u8]";

#[test]
fn display_shows_all_that_a_type_consists_of() {
    assert_eq!(pickle::schema::<Order>().to_string(), ORDER);
}

#[test]
fn display_of_a_type_without_a_name_begins_with_it() {
    let expected = "dict[u8, shop.Line]\n\nstruct shop.Line(str, array[f32] of 3)";
    assert_eq!(pickle::schema::<BTreeMap<u8, Line>>().to_string(), expected);
}

#[test]
fn a_type_from_a_stranger_is_shown_cut() {
    // A dict of dicts of dicts, each of the next twice: 2^20 names.
    let mut bytes = vec![0, 21];
    (1..=20).for_each(|next| bytes.extend([38, next, next]));
    bytes.push(0);
    let schema = Schema::from_bytes(&bytes).unwrap();
    assert!(schema.type_name().len() < 1000, "{schema}");
}

#[cfg(feature = "serde_json")]
#[test]
fn json_and_back_is_the_same_schema() {
    let schema = pickle::schema::<Order>();
    assert_eq!(Schema::from_json(&schema.to_json()).unwrap(), schema);
}

#[cfg(feature = "serde_json")]
#[test]
fn json_of_another_fingerprint_is_an_error() {
    let json = pickle::schema::<Order>().to_json().replace("\"carrier\"", "\"courier\"");
    assert_eq!(
        Schema::from_json(&json).unwrap_err().to_string(),
        "the schema and its fingerprint do not belong together"
    );
}

#[cfg(feature = "serde_json")]
#[test]
fn json_with_a_type_that_is_not_there_is_an_error() {
    let json = r#"{"fingerprint":"0","root":0,"types":[{"kind":"list","item":7}]}"#;
    assert_eq!(
        Schema::from_json(json).unwrap_err().to_string(),
        "corrupt pickle: a type outside the schema"
    );
}
