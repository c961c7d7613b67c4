//! The store beside a `BTreeMap`: whatever is done to both, they hold the same.

use std::collections::BTreeMap;

use pickle::store::{Collection, Store};
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Put(u16, Vec<String>),
    PutLarge(u16, usize),
    Remove(u16),
    Update(u16),
    Batch(Vec<(u16, Option<u8>)>),
    Range(u16, u16),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let key = || 0..40_u16;
    prop_oneof![
        6 => (key(), vec(".{0,9}", 0..4)).prop_map(|(key, value)| Step::Put(key, value)),
        1 => (key(), 20_000..200_000_usize).prop_map(|(key, size)| Step::PutLarge(key, size)),
        3 => key().prop_map(Step::Remove),
        2 => key().prop_map(Step::Update),
        2 => vec((key(), any::<Option<u8>>()), 0..9).prop_map(Step::Batch),
        2 => (key(), key()).prop_map(|(start, end)| Step::Range(start, end)),
        1 => Just(Step::Reopen),
    ]
}

type Value = Vec<String>;

/// Runs the steps on both; `reopen` gives the store anew.
fn run(steps: Vec<Step>, mut store: Store, reopen: impl Fn(Store) -> Store) {
    let mut model = BTreeMap::<u16, Value>::new();
    let mut values: Collection<u16, Value> = store.collection("values").unwrap();
    for step in steps {
        match step {
            Step::Put(key, value) => {
                values.put(&key, &value).unwrap();
                model.insert(key, value);
            }
            Step::PutLarge(key, size) => {
                let value = vec!["x".repeat(size)];
                values.put(&key, &value).unwrap();
                model.insert(key, value);
            }
            Step::Remove(key) => {
                assert_eq!(values.remove(&key).unwrap(), model.remove(&key).is_some());
            }
            Step::Update(key) => {
                let updated = values.update(&key, |value| value.push("more".into())).unwrap();
                let expected = model.get_mut(&key).map(|value| {
                    value.push("more".into());
                    value.clone()
                });
                assert_eq!(updated, expected);
            }
            Step::Batch(changes) => {
                let mut batch = store.batch();
                for (key, value) in changes {
                    match value.map(|value| vec![value.to_string()]) {
                        Some(value) => {
                            batch = batch.put_in(&values, &key, &value).unwrap();
                            model.insert(key, value);
                        }
                        None => {
                            batch = batch.remove_in(&values, &key);
                            model.remove(&key);
                        }
                    }
                }
                batch.commit().unwrap();
            }
            Step::Range(start, end) => {
                let found: Vec<_> = values.range(start..end).unwrap().map(Result::unwrap).collect();
                let expected = model.iter().filter(|(key, _)| (start..end).contains(key));
                assert!(found.iter().map(|(key, value)| (key, value)).eq(expected));
            }
            Step::Reopen => {
                drop(values);
                store = reopen(store);
                values = store.collection("values").unwrap();
            }
        }
        assert_eq!(values.len().unwrap(), model.len());
    }
    let all: BTreeMap<u16, Value> = values.iter().unwrap().map(Result::unwrap).collect();
    assert_eq!(all, model);
    for key in 0..40 {
        assert_eq!(values.get(&key).unwrap().as_ref(), model.get(&key));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn sled_holds_what_a_map_holds(steps in vec(step(), 1..60)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        run(steps, Store::open(&path).unwrap(), |store| {
            drop(store);
            Store::open(&path).unwrap()
        });
    }

    #[test]
    fn memory_holds_what_a_map_holds(steps in vec(step(), 1..60)) {
        run(steps, Store::memory().unwrap(), |store| store);
    }
}
