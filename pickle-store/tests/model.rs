//! A store does what a `BTreeMap` does, also when it is closed and opened in between.

mod common;

use std::collections::BTreeMap;

use common::{on_disk, open_with};
use pickle_store::{Durability, Result, Store};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Put(u8, Vec<u8>),
    Remove(u8),
    Batch(Vec<(u8, Option<u16>)>),
    Update(u8),
    Transaction(u8, u8),
    Range(u8, u8),
    Reopen,
    Sync,
}

fn step() -> impl Strategy<Value = Step> {
    let key = || 0..12_u8;
    let value = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..20),
        // Around the size that the default engine keeps in one piece.
        1 => (16_300..16_500_usize).prop_map(|size| vec![1; size]),
        1 => Just(vec![2; 50_000]),
    ];
    let batch = prop::collection::vec((key(), prop::option::of(any::<u16>())), 0..6);
    prop_oneof![
        4 => (key(), value).prop_map(|(key, value)| Step::Put(key, value)),
        2 => key().prop_map(Step::Remove),
        2 => batch.prop_map(Step::Batch),
        2 => key().prop_map(Step::Update),
        1 => (key(), key()).prop_map(|(a, b)| Step::Transaction(a, b)),
        2 => (key(), key()).prop_map(|(a, b)| Step::Range(a, b)),
        1 => Just(Step::Reopen),
        1 => Just(Step::Sync),
    ]
}

type Model = BTreeMap<u8, Vec<u8>>;

fn run(store: &Store, step: Step, model: &mut Model) {
    let items = store.collection::<u8, Vec<u8>>("items").unwrap();
    match step {
        Step::Put(key, value) => {
            items.put(&key, &value).unwrap();
            model.insert(key, value);
        }
        Step::Remove(key) => {
            assert_eq!(items.remove(&key).unwrap(), model.remove(&key).is_some());
        }
        Step::Batch(writes) => {
            let mut batch = store.batch();
            for (key, value) in writes {
                match value {
                    Some(value) => {
                        let value = value.to_le_bytes().to_vec();
                        batch.put_in(&items, &key, &value).unwrap();
                        model.insert(key, value);
                    }
                    None => {
                        batch.remove_from(&items, &key);
                        model.remove(&key);
                    }
                }
            }
            batch.commit().unwrap();
        }
        Step::Update(key) => {
            let done = items.update(&key, |value| value.push(1)).unwrap();
            assert_eq!(done.is_some(), model.contains_key(&key));
            model.entry(key).and_modify(|value| value.push(1));
        }
        Step::Transaction(a, b) => {
            let swapped = store.transaction(|tx| {
                let mut items = tx.collection(&items);
                let (Some(x), Some(y)) = (items.get(&a)?, items.get(&b)?) else {
                    return Ok(false);
                };
                items.put(&a, &y)?;
                items.put(&b, &x).map(|()| true)
            });
            if swapped.unwrap() {
                let (x, y) = (model[&a].clone(), model[&b].clone());
                model.insert(a, y);
                model.insert(b, x);
            }
        }
        Step::Range(a, b) => {
            let (low, high) = (a.min(b), a.max(b));
            let found: Vec<_> =
                items.range(low..=high).unwrap().rev().collect::<Result<_>>().unwrap();
            let expected = model.range(low..=high).rev();
            assert_eq!(
                found,
                expected.map(|(key, value)| (*key, value.clone())).collect::<Vec<_>>()
            );
        }
        Step::Sync => store.sync().unwrap(),
        Step::Reopen => {}
    }
    let found: Model = items.iter().unwrap().collect::<Result<_>>().unwrap();
    assert_eq!(&found, model);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_store_is_a_map(steps in prop::collection::vec(step(), 1..40)) {
        let store = Store::builder("memory:").open().unwrap();
        let mut model = Model::new();
        for step in steps.clone() {
            run(&store, step, &mut model);
        }
        for engine in on_disk() {
            let folder = tempfile::tempdir().unwrap();
            let mut model = Model::new();
            let mut store = open_with(engine, folder.path(), Durability::Os).unwrap();
            for step in steps.clone() {
                if matches!(step, Step::Reopen) {
                    drop(store);
                    store = open_with(engine, folder.path(), Durability::Os).unwrap();
                }
                run(&store, step, &mut model);
            }
        }
    }
}
