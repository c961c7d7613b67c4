//! Any value of a nested type comes back, and no cut of its pickle loads.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use pickle::{Limits, Pickle, Pickler, Protocol, SchemaMode, Unpickler, dumps, dumps_with, loads};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;

#[derive(Pickle, Debug, Clone, PartialEq)]
enum Item {
    Nothing,
    Number(i64),
    Text(String),
    Pair { left: Box<Item>, right: Option<Box<Item>> },
    Many(Vec<Item>),
    Large([u64; 4], String),
}

#[derive(Pickle, Debug, Clone, PartialEq)]
struct Record {
    id: u128,
    flags: [bool; 3],
    name: String,
    item: Item,
    index: BTreeMap<String, Vec<(u8, char)>>,
    seen: BTreeSet<i16>,
    queue: VecDeque<Option<String>>,
    blob: Vec<u8>,
}

fn item() -> impl Strategy<Value = Item> {
    let leaf = prop_oneof![
        Just(Item::Nothing),
        any::<i64>().prop_map(Item::Number),
        ".{0,20}".prop_map(Item::Text),
        (any::<[u64; 4]>(), ".{0,9}").prop_map(|(numbers, text)| Item::Large(numbers, text)),
    ];
    leaf.prop_recursive(4, 100, 80, |inner| {
        prop_oneof![
            (inner.clone(), proptest::option::of(inner.clone())).prop_map(|(left, right)| {
                Item::Pair { left: Box::new(left), right: right.map(Box::new) }
            }),
            vec(inner, 0..80).prop_map(Item::Many),
        ]
    })
}

fn record() -> impl Strategy<Value = Record> {
    let parts = (
        any::<u128>(),
        any::<[bool; 3]>(),
        ".{0,300}",
        item(),
        btree_map(".{0,5}", vec(any::<(u8, char)>(), 0..9), 0..90),
        btree_set(any::<i16>(), 0..90),
        vec(proptest::option::of(".{0,5}"), 0..90),
        vec(any::<u8>(), 0..200),
    );
    parts.prop_map(|(id, flags, name, item, index, seen, queue, blob)| Record {
        id,
        flags,
        name,
        item,
        index,
        seen,
        queue: queue.into(),
        blob,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_value_comes_back_as_it_was(records in vec(record(), 0..4)) {
        let bytes = dumps(&records).unwrap();
        prop_assert_eq!(&loads::<Vec<Record>>(&bytes).unwrap(), &records);
        prop_assert_eq!(dumps_with(&records, Protocol::Native).unwrap(), bytes);
    }

    #[test]
    fn options_of_the_pickler_do_not_change_the_value(record in record()) {
        let mut bytes = Vec::new();
        let mut pickler = Pickler::new(&mut bytes).schema(SchemaMode::Omit).checksum(true);
        pickler.dump(&record).unwrap();
        pickler.dump(&record).unwrap();
        let mut unpickler = Unpickler::new(bytes.as_slice());
        prop_assert_eq!(&unpickler.load::<Record>().unwrap(), &record);
        let mut unpickler = Unpickler::from_slice(&bytes);
        let both = unpickler.iter::<Record>().collect::<Result<Vec<_>, _>>().unwrap();
        prop_assert_eq!(both, [record.clone(), record]);
    }

    #[test]
    fn no_prefix_loads(record in record(), cut in any::<prop::sample::Index>()) {
        let bytes = dumps(&record).unwrap();
        let cut = cut.index(bytes.len());
        prop_assert!(loads::<Record>(&bytes[..cut]).is_err());
    }

    #[test]
    fn changed_bytes_give_an_error_or_a_value(
        record in record(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = dumps(&record).unwrap();
        for (index, byte) in changes {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        if let Ok(value) = Unpickler::from_slice(&bytes).limits(Limits::UNTRUSTED).load::<Record>() {
            // Whatever it is, it is a value like any other.
            let bytes = dumps(&value).unwrap();
            prop_assert_eq!(loads::<Record>(&bytes).unwrap(), value);
        }
    }

    #[test]
    fn bytes_from_nowhere_are_refused(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert!(loads::<Record>(&bytes).is_err());
    }
}
