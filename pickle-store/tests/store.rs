//! What every store does, on every engine.

mod common;

use common::{folder_in_memory, on_disk, on_each, open};
use pickle_store::{AnyKey, Durability, Error, ErrorKind, Isolation, Result, Store};

fn collect<T>(items: impl Iterator<Item = Result<T>>) -> Vec<T> {
    items.collect::<Result<_>>().unwrap()
}

#[test]
fn values_come_back_by_keys_of_every_kind() {
    on_each(|store| {
        let name = String::from("name");
        store.put("text", &1_u8).unwrap();
        store.put(&name, &2_u8).unwrap();
        store.put(&7_u64, &3_u8).unwrap();
        store.put(&("a", 1, true), &4_u8).unwrap();
        store.put(&[1_u8; 16], &5_u8).unwrap();
        store.put("", &6_u8).unwrap();
        let get = |value: Result<Option<u8>>| value.unwrap().unwrap();
        assert_eq!(get(store.get("text")), 1);
        assert_eq!(get(store.get("name")), 2);
        assert_eq!(get(store.get(&7)), 3);
        assert_eq!(get(store.get(&(String::from("a"), 1_u8, true))), 4);
        assert_eq!(get(store.get(&[1_u8; 16])), 5);
        assert_eq!(get(store.get("")), 6);
        assert_eq!(store.get::<u8>("absent").unwrap(), None);
        assert_eq!(store.len().unwrap(), 6);
    });
}

#[test]
fn a_value_is_replaced_and_removed() {
    on_each(|store| {
        assert!(store.is_empty().unwrap());
        store.put("a", &1_u8).unwrap();
        store.put("a", &String::from("other")).unwrap();
        assert_eq!(store.get::<String>("a").unwrap().unwrap(), "other");
        assert!(store.remove("a").unwrap());
        assert!(!store.remove("a").unwrap());
        assert!(!store.contains("a").unwrap());
        assert!(store.is_empty().unwrap());
    });
}

#[test]
fn iterators_meet_in_the_middle() {
    on_each(|store| {
        let numbers = store.collection::<i32, String>("numbers").unwrap();
        for number in -300..300 {
            numbers.put(&number, &number.to_string()).unwrap();
        }
        let mut items = numbers.range(-250..=250).unwrap();
        let (mut low, mut high) = (Vec::new(), Vec::new());
        for _ in 0..100 {
            low.push(items.next().unwrap().unwrap().0);
            high.push(items.next_back().unwrap().unwrap().0);
        }
        low.extend(items.map(|item| item.unwrap().0));
        high.reverse();
        low.extend(high);
        assert_eq!(low, Vec::from_iter(-250..=250));
        assert_eq!(numbers.first().unwrap().unwrap(), (-300, "-300".to_owned()));
        assert_eq!(numbers.last().unwrap().unwrap(), (299, "299".to_owned()));
        assert_eq!(numbers.len().unwrap(), 600);
        assert_eq!(numbers.range(5..5).unwrap().count(), 0);
        assert_eq!(numbers.range(298..).unwrap().count(), 2);
        assert_eq!(numbers.range(..-298).unwrap().count(), 2);
    });
}

#[test]
#[allow(clippy::reversed_empty_ranges)] // that is the claim
fn a_reversed_range_is_empty() {
    on_each(|store| {
        let numbers = store.collection::<u8, ()>("numbers").unwrap();
        numbers.put(&5, &()).unwrap();
        assert_eq!(numbers.range(9..3).unwrap().count(), 0);
    });
}

#[test]
fn collections_do_not_see_each_other() {
    on_each(|store| {
        let a = store.collection::<String, u8>("a").unwrap();
        let b = store.collection::<String, u8>("b").unwrap();
        a.put("x", &1).unwrap();
        b.put("x", &2).unwrap();
        store.put("x", &3_u8).unwrap();
        assert_eq!(collect(a.iter().unwrap()), [("x".to_owned(), 1)]);
        assert_eq!(collect(b.iter().unwrap()), [("x".to_owned(), 2)]);
        assert_eq!(collect(store.iter::<u8>().unwrap()), [(AnyKey::Str("x".into()), 3)]);
        assert!(a.remove("x").unwrap());
        assert!(a.is_empty().unwrap());
        assert_eq!(b.len().unwrap(), 1);
    });
}

#[test]
fn tuples_have_prefixes() {
    on_each(|store| {
        let log = store.collection::<(String, u32), u8>("log").unwrap();
        for key in [("a", 1), ("a", 2), ("a\0", 1), ("ab", 1)] {
            log.put(&key, &0).unwrap();
        }
        let keys = |prefix: &str| collect(log.prefix(&(prefix,)).unwrap()).len();
        assert_eq!((keys("a"), keys("a\0"), keys("ab"), keys("")), (2, 1, 1, 0));
    });
}

#[test]
fn another_type_is_an_error_that_names_both() {
    on_each(|store| {
        store.put("a", &vec![1_u32]).unwrap();
        assert_eq!(
            store.get::<String>("a").unwrap_err().to_string(),
            "the record holds list[u32], not str at key \"a\""
        );
        store.collection::<u64, u8>("users").unwrap().put(&7, &1).unwrap();
        let users = store.collection::<u64, (u8, u8)>("users").unwrap();
        assert_eq!(
            users.get(&7).unwrap_err().to_string(),
            "the record holds u8, not tuple[u8, u8] at key users[7]"
        );
        assert_eq!(
            store.collection::<String, u8>("users").unwrap_err().to_string(),
            "the record holds keys of type u64, not keys of type str at key users"
        );
    });
}

#[test]
fn a_batch_happens_whole_and_its_last_word_counts() {
    on_each(|store| {
        let numbers = store.collection::<u8, u8>("numbers").unwrap();
        store.put("gone", &0_u8).unwrap();
        let mut batch = store.batch();
        batch.put("a", &1_u8).unwrap().put("a", &2_u8).unwrap();
        batch.put("b", &1_u8).unwrap().remove("b").remove("gone");
        batch.put_in(&numbers, &1, &10).unwrap().remove_from(&numbers, &2);
        assert!(!store.contains("a").unwrap());
        batch.commit().unwrap();
        assert_eq!(store.get::<u8>("a").unwrap(), Some(2));
        assert!(!store.contains("b").unwrap() && !store.contains("gone").unwrap());
        assert_eq!(numbers.get(&1).unwrap(), Some(10));
    });
}

#[test]
fn a_transaction_that_fails_leaves_nothing() {
    on_each(|store| {
        store.put("a", &1_u8).unwrap();
        let result: Result<(), Box<dyn std::error::Error>> = store.transaction(|tx| {
            tx.put("a", &2_u8)?;
            assert_eq!(tx.get::<u8>("a")?, Some(2));
            tx.remove("a")?;
            assert!(!tx.contains("a")?);
            Err("no".into())
        });
        assert_eq!(result.unwrap_err().to_string(), "no");
        assert_eq!(store.get::<u8>("a").unwrap(), Some(1));
    });
}

#[test]
fn a_transaction_sees_its_own_writes_in_ranges() {
    on_each(|store| {
        let numbers = store.collection::<u8, u8>("numbers").unwrap();
        numbers.put(&1, &1).unwrap();
        numbers.put(&2, &2).unwrap();
        let seen = store.transaction(|tx| {
            let mut numbers = tx.collection(&numbers);
            numbers.put(&3, &3)?;
            numbers.remove(&1)?;
            numbers.range(0..9)
        });
        assert_eq!(seen.unwrap(), [(2, 2), (3, 3)]);
    });
}

#[test]
fn a_transaction_reads_by_prefix() {
    on_each(|store| {
        let names = store.collection::<(u8, String), u8>("names").unwrap();
        names.put(&(1, "a"), &10).unwrap();
        names.put(&(2, "a"), &20).unwrap();
        let seen = store.transaction(|tx| {
            let mut names = tx.collection(&names);
            names.put(&(1, "b"), &11)?;
            names.prefix(&(1,))
        });
        assert_eq!(seen.unwrap(), [((1, "a".to_owned()), 10), ((1, "b".to_owned()), 11)]);
    });
}

#[test]
fn write_skew_and_phantoms_are_conflicts() {
    on_each(|store| {
        let on_call = store.collection::<u8, bool>("on call").unwrap();
        on_call.put(&1, &true).unwrap();
        let mut runs = 0;
        store
            .transaction(|tx| {
                runs += 1;
                let count = tx.collection(&on_call).range(..)?.len();
                if runs == 1 {
                    // Somebody else adds a key to the range that was read.
                    on_call.put(&2, &true)?;
                }
                tx.put("count", &(count as u64))
            })
            .unwrap();
        assert_eq!((runs, store.get::<u64>("count").unwrap()), (2, Some(2)));
    });
}

#[test]
fn money_moves_between_threads_and_none_is_lost() {
    on_each(|store| {
        let accounts = store.collection::<u8, i64>("accounts").unwrap();
        for account in 0..4 {
            accounts.put(&account, &100).unwrap();
        }
        std::thread::scope(|scope| {
            for thread in 0..4_u8 {
                let (store, accounts) = (store.clone(), accounts.clone());
                scope.spawn(move || {
                    for step in 0..25_u8 {
                        let (from, to) = ((thread + step) % 4, (thread + 2 * step + 1) % 4);
                        if from == to {
                            continue;
                        }
                        store
                            .transaction(|tx| {
                                let mut accounts = tx.collection(&accounts);
                                let a = accounts.get(&from)?.unwrap();
                                let b = accounts.get(&to)?.unwrap();
                                accounts.put(&from, &(a - 1))?;
                                accounts.put(&to, &(b + 1))
                            })
                            .unwrap();
                    }
                });
            }
        });
        let total: i64 = accounts.iter().unwrap().map(|item| item.unwrap().1).sum();
        assert_eq!(total, 400);
    });
}

#[test]
fn updates_of_many_threads_all_count() {
    on_each(|store| {
        let counts = store.collection::<u8, u64>("counts").unwrap();
        counts.put(&0, &0).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        counts.update(&0, |count| *count += 1).unwrap().unwrap();
                    }
                });
            }
        });
        assert_eq!(counts.get(&0).unwrap(), Some(200));
        assert_eq!(counts.update(&1, |count| *count += 1).unwrap(), None);
    });
}

#[test]
fn an_old_version_is_a_conflict() {
    on_each(|store| {
        let values = store.collection::<String, u8>("values").unwrap();
        let first = values.put_if("k", None, &1).unwrap();
        assert!(matches!(values.put_if("k", None, &2).unwrap_err().kind(), ErrorKind::Conflict));
        let second = values.put_if("k", Some(first), &2).unwrap();
        assert!(second > first);
        assert_eq!(
            values.put_if("k", Some(first), &3).unwrap_err().to_string(),
            "another writer changed the record first at key values[\"k\"]"
        );
        values.remove("k").unwrap();
        values.put("k", &1).unwrap();
        // The same value again is not the same version.
        assert!(values.put_if("k", Some(second), &9).is_err());
    });
}

#[test]
fn updates_and_versions_hold_for_the_keys_of_the_store_itself() {
    on_each(|store| {
        let first = store.put_if(&("count", 1), None, &0_u64).unwrap();
        assert_eq!(store.get_versioned(&("count", 1)).unwrap(), Some((first, 0_u64)));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        store
                            .update(&("count", 1), |count: &mut u64| *count += 1)
                            .unwrap()
                            .unwrap();
                    }
                });
            }
        });
        let (last, count) = store.get_versioned::<u64>(&("count", 1)).unwrap().unwrap();
        assert!(last > first);
        assert_eq!(count, 200);
        for (expected, what) in [(None, "absent"), (Some(first), "old")] {
            assert_eq!(
                store.put_if(&("count", 1), expected, &0_u64).unwrap_err().to_string(),
                "another writer changed the record first at key (\"count\", 1)",
                "{what}"
            );
        }
        assert_eq!(store.update("nothing", |count: &mut u64| *count += 1).unwrap(), None);
        assert_eq!(store.get_versioned::<u64>("nothing").unwrap(), None);
        let error = store.update(&("count", 1), |text: &mut String| text.clear()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::TypeMismatch { .. }), "{error}");
    });
}

#[test]
fn a_store_larger_than_its_cache_is_read_from_its_files() {
    for engine in on_disk() {
        for cache in [0, 1 << 20] {
            let folder = folder_in_memory();
            let open = || {
                let builder = Store::builder(&common::url(engine, folder.path()));
                builder.durability(Durability::Os).cache(cache).open().unwrap()
            };
            let text = |id: u64| format!("{id:01000}");
            let store = open();
            let texts = store.collection::<u64, String>("texts").unwrap();
            let mut batch = store.batch();
            for id in 0..3000 {
                batch.put_in(&texts, &id, &text(id)).unwrap();
            }
            batch.commit().unwrap();
            assert!(
                collect(texts.iter().unwrap()).into_iter().eq((0..3000).map(|id| (id, text(id))))
            );
            drop((store, texts, batch));
            let texts = open().collection::<u64, String>("texts").unwrap();
            assert!(
                collect(texts.iter().unwrap()).into_iter().eq((0..3000).map(|id| (id, text(id))))
            );
        }
    }
}

#[test]
fn everything_is_there_after_closing() {
    for engine in on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(engine, folder.path()).unwrap();
        let users = store.collection::<u64, String>("users").unwrap();
        users.put(&1, &"ann".to_owned()).unwrap();
        store.put("big", &vec![7_u8; 100_000]).unwrap();
        let (version, _) = users.get_versioned(&1).unwrap().unwrap();
        drop((store, users));
        let store = open(engine, folder.path()).unwrap();
        let users = store.collection::<u64, String>("users").unwrap();
        assert_eq!(users.get(&1).unwrap().unwrap(), "ann");
        assert_eq!(store.get::<Vec<u8>>("big").unwrap().unwrap(), vec![7; 100_000]);
        users.put(&1, &"bob".to_owned()).unwrap();
        assert!(users.get_versioned(&1).unwrap().unwrap().0 > version);
    }
}

#[test]
fn a_store_is_open_once() {
    for engine in on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(engine, folder.path()).unwrap();
        let error = open(engine, folder.path()).err().unwrap();
        assert!(matches!(error.kind(), ErrorKind::Locked { .. }), "{error}");
        drop(store);
        open(engine, folder.path()).unwrap();
    }
}

#[test]
#[cfg(all(unix, feature = "sled"))]
fn the_holder_of_the_lock_is_named() {
    for engine in on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let _store = open(engine, folder.path()).unwrap();
        let text = open(engine, folder.path()).err().unwrap().to_string();
        // Of a file of redb, only Linux tells who holds it.
        let known = engine == "sled" || cfg!(target_os = "linux");
        let holder = match known {
            true => format!("process {}", std::process::id()),
            false => "this or another process".to_owned(),
        };
        assert_eq!(text, format!("the store is open already, held by {holder}"));
    }
}

#[test]
fn a_value_of_100_megabytes_passes() {
    let large: Vec<u8> = b"48 bytes, and a piece of the index is not a multiple".repeat(2_185_000);
    assert!(large.len() > 100 << 20);
    for engine in on_disk() {
        let folder = folder_in_memory();
        let store = open(engine, folder.path()).unwrap();
        store.put("large", &large).unwrap();
        drop(store);
        let store = open(engine, folder.path()).unwrap();
        assert!(store.get::<Vec<u8>>("large").unwrap().unwrap() == large, "{engine}");
        store.put("large", &1_u8).unwrap();
        assert_eq!(store.get::<u8>("large").unwrap(), Some(1));
    }
}

#[test]
fn keys_may_be_empty_and_long() {
    on_each(|store| {
        let large = vec![7_u8; 64 << 10];
        for key in [&[], &[0; 64 << 10][..], &[0xff; 64 << 10], &large, &large[1..]] {
            store.put(key, &(key.len() as u64)).unwrap();
            assert_eq!(store.get::<u64>(key).unwrap(), Some(key.len() as u64));
        }
        assert_eq!(store.len().unwrap(), 5);
        let long = store.collection::<String, u64>("long").unwrap();
        for length in [0, 1, 64 << 10] {
            long.put(&*"k".repeat(length), &(length as u64)).unwrap();
        }
        let found: Vec<_> = long.iter().unwrap().map(|item| item.unwrap().1).collect();
        assert_eq!(found, [0, 1, 64 << 10]);
    });
}

#[test]
#[cfg(feature = "sled")]
fn a_key_beyond_the_limit_is_refused() {
    let store = Store::temporary().unwrap();
    let key = "k".repeat(2 << 20);
    let error = store.put(key.as_str(), &0_u8).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TooLarge { limit: 0x10_0000, .. }));
    assert!(!store.contains(key.as_str()).unwrap());
}

#[test]
fn an_unknown_engine_is_named() {
    let error: Error = Store::builder("mysql:x").open().err().unwrap();
    assert_eq!(
        error.to_string(),
        "no engine for \"mysql:x\": expected `sled:path`, `redb:path` or `memory:`"
    );
}

#[test]
fn iterators_keep_the_promise_of_their_engine() {
    on_each(|store| {
        let numbers = store.collection::<u32, u32>("numbers").unwrap();
        let mut batch = store.batch();
        (0..1000).step_by(2).for_each(|key| {
            batch.put_in(&numbers, &key, &0).unwrap();
        });
        batch.commit().unwrap();
        let mut items = numbers.iter().unwrap();
        let mut seen = vec![items.next().unwrap().unwrap()];
        let mut batch = store.batch();
        for key in 500..600 {
            batch.put_in(&numbers, &key, &1).unwrap().remove_from(&numbers, &(key + 200));
        }
        batch.commit().unwrap();
        seen.extend(items.map(|item| item.unwrap()));
        assert!(seen.is_sorted_by(|a, b| a.0 < b.0));
        match store.isolation() {
            Isolation::Snapshot => {
                assert_eq!(seen, (0..1000).step_by(2).map(|key| (key, 0)).collect::<Vec<_>>());
            }
            _ => {
                // What was there all the time.
                let untouched = (0..1000).step_by(2).filter(|key| !(500..800).contains(key));
                let found = seen.iter().map(|item| item.0).filter(|key| !(500..800).contains(key));
                assert_eq!(found.collect::<Vec<_>>(), untouched.collect::<Vec<_>>());
            }
        }
    });
}
