//! Fields of types that have serde's traits and not ours.

use std::collections::BTreeMap;

use pickle::{Pickle, dumps, loads};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Debug, PartialEq, Clone)]
enum Theirs {
    Unit,
    Newtype(f64),
    Struct { id: u128, names: Vec<Option<String>> },
}

#[derive(Serialize, Deserialize, Debug, PartialEq, Clone)]
#[serde(untagged)]
enum Untagged {
    Number(i64),
    Map(BTreeMap<u8, String>),
}

#[derive(Pickle, Debug, PartialEq)]
struct Ours<T> {
    id: u8,
    #[pickle(serde)]
    theirs: Vec<Theirs>,
    #[pickle(serde)]
    untagged: (Untagged, Untagged),
    generic: T,
}

#[test]
fn a_type_of_serdes_travels_in_a_field() {
    let theirs = Theirs::Struct { id: u128::MAX, names: vec![None, Some("n".into())] };
    let map = Untagged::Map(BTreeMap::from([(1, "one".into())]));
    let ours = Ours {
        id: 1,
        theirs: vec![Theirs::Unit, Theirs::Newtype(f64::INFINITY), theirs],
        untagged: (Untagged::Number(-5), map),
        generic: "end".to_owned(),
    };
    let bytes = dumps(&ours).unwrap();
    assert_eq!(loads::<Ours<String>>(&bytes).unwrap(), ours);
}

#[test]
fn an_error_of_serdes_arrives_with_the_path() {
    #[derive(Pickle, Debug)]
    struct Holder {
        #[pickle(serde)]
        number: u8,
    }
    let mut bytes = dumps(&Holder { number: 7 }).unwrap();
    *bytes.last_mut().unwrap() = 0xc0;
    let error = loads::<Holder>(&bytes).unwrap_err();
    assert_eq!(error.path(), "Holder.number");
}
