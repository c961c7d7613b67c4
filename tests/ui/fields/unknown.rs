use std::collections::BTreeMap;

use pickle::{Pickle, Value};

#[derive(Pickle)]
#[pickle(deny_unknown_fields, python = "tuple")]
struct Denied {
    #[pickle(unknown, rename = "rest")]
    rest: BTreeMap<String, Value>,
}

#[derive(Pickle)]
struct Tuple(#[pickle(unknown)] BTreeMap<String, Value>);

#[derive(Pickle)]
enum Enum {
    Variant {
        #[pickle(unknown)]
        rest: BTreeMap<String, Value>,
    },
}

fn main() {}
