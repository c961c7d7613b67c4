//! Indexes agree with the records, whatever is written and however.

mod common;

use std::time::Duration;

use common::{on_disk, on_each, open};
use pickle_store::{Collection, Definition, ErrorKind, Result, Store};

/// Name, town, tags.
type Person = (String, String, Vec<String>);

fn person(name: &str, town: &str, tags: &[&str]) -> Person {
    (name.into(), town.into(), tags.iter().map(ToString::to_string).collect())
}

fn define(store: &Store) -> Definition<u64, Person> {
    store
        .define("people")
        .unique("by_name", |person: &Person| person.0.clone())
        .index("by_town", |person: &Person| person.1.clone())
        .index_each("by_tag", |person: &Person| person.2.clone())
}

fn keys<T>(items: impl Iterator<Item = Result<(u64, T)>>) -> Vec<u64> {
    items.map(|item| item.unwrap().0).collect()
}

fn in_town(people: &Collection<u64, Person>, town: &str) -> Vec<u64> {
    keys(people.index::<String>("by_town").unwrap().find(town).unwrap())
}

fn tagged(people: &Collection<u64, Person>, tag: &str) -> Vec<u64> {
    keys(people.index::<String>("by_tag").unwrap().find(tag).unwrap())
}

fn assert_sound(store: &Store) {
    let problems: Vec<_> =
        store.verify().unwrap().problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems, Vec::<String>::new());
}

#[test]
fn records_are_found_by_all_their_keys() {
    on_each(|store| {
        let people = define(store).open().unwrap();
        people.put(&1, &person("ann", "Bern", &["a", "b", "a"])).unwrap();
        people.put(&2, &person("bob", "Bern", &[])).unwrap();
        people.put(&3, &person("eve", "Ulm", &["b"])).unwrap();
        assert_eq!(in_town(&people, "Bern"), [1, 2]);
        assert_eq!((tagged(&people, "a"), tagged(&people, "b")), (vec![1], vec![1, 3]));
        assert_eq!(in_town(&people, "Ber"), [] as [u64; 0]);
        let by_name = people.index::<String>("by_name").unwrap();
        assert_eq!(by_name.get("eve").unwrap(), Some((3, person("eve", "Ulm", &["b"]))));
        let by_town = people.index::<String>("by_town").unwrap();
        let towns: Vec<_> = by_town.keys().unwrap().collect::<Result<_>>().unwrap();
        assert_eq!(towns, [("Bern".into(), 1), ("Bern".into(), 2), ("Ulm".into(), 3)]);
        assert_eq!((by_town.count("Bern").unwrap(), by_town.count("Rom").unwrap()), (2, 0));
        assert_sound(store);
    });
}

#[test]
fn ranges_of_an_index_go_both_ways_and_keep_to_their_bounds() {
    on_each(|store| {
        let words = store
            .define::<u8, (String, i32)>("words")
            .index("by_word", |value| value.0.clone())
            .index("by_both", |value| (value.0.clone(), value.1))
            .open()
            .unwrap();
        for (key, word) in ["", "a", "a\0", "ab", "b"].iter().enumerate() {
            words.put(&(key as u8), &((*word).into(), 7 - key as i32)).unwrap();
        }
        let by_word = words.index::<String>("by_word").unwrap();
        let found = |items: pickle_store::Iter<'_, (String, u8, (String, i32))>| {
            items.map(|item| item.unwrap().1).collect::<Vec<_>>()
        };
        assert_eq!(found(by_word.range("a".."b").unwrap()), [1, 2, 3]);
        assert_eq!(found(by_word.range("a"..="b").unwrap()), [1, 2, 3, 4]);
        assert_eq!(found(by_word.range(..="a").unwrap()), [0, 1]);
        assert_eq!(found(by_word.range("a\0"..).unwrap()), [2, 3, 4]);
        assert_eq!(found(by_word.prefix("a").unwrap()), [1, 2, 3]);
        let excluded = (std::ops::Bound::Excluded("a"), std::ops::Bound::Unbounded);
        assert_eq!(found(by_word.range(excluded).unwrap()), [2, 3, 4]);
        let back: Vec<_> = by_word.iter().unwrap().rev().map(|item| item.unwrap().1).collect();
        assert_eq!(back, [4, 3, 2, 1, 0]);
        let by_both = words.index::<(String, i32)>("by_both").unwrap();
        assert_eq!(by_both.prefix(&("a",)).unwrap().count(), 1);
        assert_eq!(by_both.range(("a", 0)..("ab", 5)).unwrap().count(), 3);
    });
}

#[test]
fn every_way_to_write_keeps_the_indexes() {
    on_each(|store| {
        let people = define(store).open().unwrap();
        people.put(&1, &person("ann", "Bern", &["x"])).unwrap();
        people.put(&1, &person("ann", "Ulm", &["y"])).unwrap();
        assert_eq!((in_town(&people, "Bern"), in_town(&people, "Ulm")), (vec![], vec![1]));
        people.update(&1, |person| person.1 = "Rom".into()).unwrap();
        assert_eq!((in_town(&people, "Ulm"), in_town(&people, "Rom")), (vec![], vec![1]));
        let (version, _) = people.get_versioned(&1).unwrap().unwrap();
        people.put_if(&1, Some(version), &person("ann", "Oslo", &[])).unwrap();
        assert_eq!((in_town(&people, "Rom"), in_town(&people, "Oslo")), (vec![], vec![1]));
        let mut batch = store.batch();
        batch.put_in(&people, &2, &person("bob", "Oslo", &["z"])).unwrap();
        batch.remove_from(&people, &1);
        batch.commit().unwrap();
        assert_eq!((in_town(&people, "Oslo"), tagged(&people, "z")), (vec![2], vec![2]));
        store
            .transaction(|tx| {
                let mut people = tx.collection(&people);
                people.put(&3, &person("eve", "Oslo", &[]))?;
                people.remove(&2).map(drop)
            })
            .unwrap();
        assert_eq!((in_town(&people, "Oslo"), tagged(&people, "z")), (vec![3], vec![]));
        people.remove(&3).unwrap();
        assert_eq!(store.stats().unwrap().indexes.values().sum::<u64>(), 0);
        assert_sound(store);
    });
}

#[test]
fn a_unique_key_is_taken_once() {
    on_each(|store| {
        let people = define(store).open().unwrap();
        people.put(&1, &person("ann", "Bern", &[])).unwrap();
        let error = people.put(&2, &person("ann", "Ulm", &[])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "another record has this key in the unique index `by_name` at key people[2]"
        );
        assert!(!people.contains(&2).unwrap());
        assert_eq!(in_town(&people, "Ulm"), [] as [u64; 0]);
        people.put(&1, &person("ann", "Ulm", &[])).unwrap();
        let mut batch = store.batch();
        batch.put_in(&people, &5, &person("bob", "x", &[])).unwrap();
        batch.put_in(&people, &6, &person("bob", "x", &[])).unwrap();
        assert!(matches!(batch.commit().unwrap_err().kind(), ErrorKind::NotUnique { .. }));
        assert_eq!(people.len().unwrap(), 1);
        people.update(&1, |person| person.0 = "eve".into()).unwrap();
        people.put(&2, &person("ann", "Bern", &[])).unwrap();
        assert_sound(store);
    });
}

#[test]
fn unique_keys_can_be_exchanged_in_one_batch() {
    on_each(|store| {
        let people = define(store).open().unwrap();
        people.put(&1, &person("ann", "Bern", &[])).unwrap();
        people.put(&2, &person("bob", "Bern", &[])).unwrap();
        let mut batch = store.batch();
        batch.put_in(&people, &1, &person("bob", "Bern", &[])).unwrap();
        batch.put_in(&people, &2, &person("ann", "Bern", &[])).unwrap();
        batch.commit().unwrap();
        let by_name = people.index::<String>("by_name").unwrap();
        assert_eq!(by_name.get("bob").unwrap().unwrap().0, 1);
        assert_eq!(by_name.get("ann").unwrap().unwrap().0, 2);
        let mut batch = store.batch();
        batch.remove_from(&people, &1).put_in(&people, &3, &person("bob", "Ulm", &[])).unwrap();
        batch.commit().unwrap();
        assert_eq!(by_name.get("bob").unwrap().unwrap().0, 3);
        assert_sound(store);
    });
}

#[test]
fn of_many_threads_one_gets_a_unique_key() {
    on_each(|store| {
        let people = define(store).open().unwrap();
        let won: usize = std::thread::scope(|scope| {
            let threads = (0..4_u64).map(|thread| {
                let people = people.clone();
                scope.spawn(move || {
                    (0..20)
                        .filter(|name| {
                            let key = thread * 100 + name;
                            people.put(&key, &person(&format!("{name}"), "x", &[])).is_ok()
                        })
                        .count()
                })
            });
            let threads: Vec<_> = threads.collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!((won, people.len().unwrap()), (20, 20));
        assert_sound(store);
    });
}

#[test]
fn an_index_is_built_for_what_is_there() {
    on_each(|store| {
        let plain = store.collection::<u64, Person>("people").unwrap();
        for key in 0..500 {
            plain
                .put(&key, &person(&key.to_string(), ["Bern", "Ulm"][key as usize % 2], &[]))
                .unwrap();
        }
        let (version, _) = plain.get_versioned(&7).unwrap().unwrap();
        let people = define(store).open().unwrap();
        assert_eq!(in_town(&people, "Bern").len(), 250);
        // The values are as they were.
        plain.put_if(&7, Some(version), &person("seven", "Rom", &[])).unwrap();
        assert_eq!(in_town(&people, "Rom"), [7]);
        assert_sound(store);
    });
}

#[test]
fn a_unique_index_that_does_not_fit_is_refused_and_leaves_nothing() {
    on_each(|store| {
        let plain = store.collection::<u64, Person>("people").unwrap();
        plain.put(&1, &person("ann", "Bern", &[])).unwrap();
        plain.put(&2, &person("ann", "Ulm", &[])).unwrap();
        let error = define(store).open().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::NotUnique { index } if index == "by_name"));
        plain.put(&2, &person("bob", "Ulm", &[])).unwrap();
        assert_eq!(store.stats().unwrap().indexes.len(), 0);
        assert_sound(store);
        assert_eq!(in_town(&define(store).open().unwrap(), "Ulm"), [2]);
    });
}

#[test]
fn indexes_are_there_after_reopening_and_must_be_declared_to_write() {
    for engine in on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(engine, folder.path()).unwrap();
        define(&store).open().unwrap().put(&1, &person("ann", "Bern", &[])).unwrap();
        drop(store);
        let store = open(engine, folder.path()).unwrap();
        let people = store.collection::<u64, Person>("people").unwrap();
        assert_eq!(in_town(&people, "Bern"), [1]);
        assert_eq!(
            people.put(&2, &person("bob", "Bern", &[])).unwrap_err().to_string(),
            "the collection has indexes (`by_name`, `by_town`, `by_tag`): declare them by \
             `Store::define` before writing at key people[2]"
        );
        let error = store
            .define::<u64, Person>("people")
            .index("by_town", |person| person.1.clone())
            .open()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the index `by_name` of `people` is neither declared nor dropped"
        );
        assert!(people.remove(&1).unwrap());
        assert_eq!(in_town(&people, "Bern"), [] as [u64; 0]);
        define(&store).open().unwrap();
        // Other handles know it, too.
        people.put(&2, &person("bob", "Bern", &[])).unwrap();
        assert_eq!(in_town(&people, "Bern"), [2]);
        assert_sound(&store);
    }
}

#[test]
fn an_index_can_be_dropped_and_built_anew() {
    on_each(|store| {
        let people = define(store).open().unwrap();
        people.put(&1, &person("ann", "Bern", &["x"])).unwrap();
        let define = || store.define::<u64, Person>("people");
        let people = define()
            .unique("by_name", |person| person.0.clone())
            .index("by_town", |person| person.1.to_uppercase())
            .drop_index("by_tag")
            .rebuild()
            .open()
            .unwrap();
        assert_eq!(in_town(&people, "BERN"), [1]);
        assert_eq!(in_town(&people, "Bern"), [] as [u64; 0]);
        let error = people.index::<String>("by_tag").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`people` has no index `by_tag`; it has `by_name`, `by_town`"
        );
        people.remove(&1).unwrap();
        assert_eq!(store.stats().unwrap().indexes.values().sum::<u64>(), 0);
        assert_sound(store);
    });
}

#[test]
fn an_index_of_another_kind_is_an_error_that_names_both() {
    on_each(|store| {
        let people = define(store).open().unwrap();
        assert_eq!(
            people.index::<u64>("by_name").unwrap_err().to_string(),
            "the record holds keys of type str, not keys of type u64 at key people.by_name"
        );
        let error = store
            .define::<u64, Person>("people")
            .index("by_name", |person| person.0.clone())
            .drop_index("by_town")
            .drop_index("by_tag")
            .open()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the record holds a unique index by str, not an index by str at key people.by_name"
        );
    });
}

#[test]
fn a_transaction_finds_its_own_writes_and_conflicts_with_those_of_others() {
    on_each(|store| {
        let people = define(store).open().unwrap();
        people.put(&1, &person("ann", "Bern", &[])).unwrap();
        people.put(&2, &person("bob", "Bern", &[])).unwrap();
        let mut runs = 0;
        store
            .transaction(|tx| {
                runs += 1;
                let mut within = tx.collection(&people);
                within.put(&3, &person("eve", "Bern", &[]))?;
                within.put(&2, &person("bob", "Ulm", &[]))?;
                let found = within.find::<String>("by_town", "Bern")?;
                assert_eq!(found.iter().map(|item| item.0).collect::<Vec<_>>()[..2], [1, 3]);
                if runs == 1 {
                    people.put(&9, &person("zoe", "Bern", &[]))?;
                }
                tx.put("count", &(found.len() as u64))
            })
            .unwrap();
        assert_eq!((runs, store.get::<u64>("count").unwrap()), (2, Some(3)));
        assert_sound(store);
    });
}

#[test]
fn an_expired_record_gives_its_unique_key_away() {
    on_each(|store| {
        let people = define(store).open().unwrap();
        people.put_with_ttl(&1, &person("ann", "Bern", &[]), Duration::ZERO).unwrap();
        assert_eq!(in_town(&people, "Bern"), [] as [u64; 0]);
        people.put(&2, &person("ann", "Ulm", &[])).unwrap();
        store.sweep_expired().unwrap();
        let by_name = people.index::<String>("by_name").unwrap();
        assert_eq!(by_name.get("ann").unwrap().unwrap().0, 2);
        assert_sound(store);
    });
}

#[test]
#[cfg(feature = "sled")]
fn indexes_move_with_an_exported_store() {
    on_each(|store| {
        let people = define(store).open().unwrap();
        people.put(&1, &person("ann", "Bern", &["x", "y"])).unwrap();
        people.put_with_ttl(&2, &person("bob", "Bern", &[]), Duration::from_secs(1000)).unwrap();
        let mut stream = Vec::new();
        store.export(&mut stream).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sled:{}", folder.path().join("copy").display());
        let copy = Store::import(stream.as_slice(), Store::builder(&url)).unwrap();
        let people = copy.collection::<u64, Person>("people").unwrap();
        assert_eq!((in_town(&people, "Bern"), tagged(&people, "y")), (vec![1, 2], vec![1]));
        assert_eq!(copy.stats().unwrap(), store.stats().unwrap());
        assert_sound(&copy);
        let error = define(&copy).open().unwrap().put(&3, &person("ann", "Rom", &[])).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::NotUnique { .. }));
    });
}
