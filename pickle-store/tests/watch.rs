//! Watchers see each write once, in order, or are told that they missed some.

mod common;

use std::time::Duration;

use common::{on_disk, on_each, open, url};
use pickle_store::{ChangeKind, ErrorKind, Result, Store, Watch};

const SOON: Duration = Duration::from_secs(5);
const NOW: Duration = Duration::ZERO;

#[test]
fn changes_come_in_the_order_of_the_writes() {
    on_each(|store| {
        let users = store.collection::<u64, u8>("users").unwrap();
        let other = store.collection::<u64, u8>("other").unwrap();
        users.put(&1, &0).unwrap();
        let mut changes = users.watch().unwrap();
        let mut objects = store.watch().unwrap();
        users.put(&2, &0).unwrap();
        other.put(&9, &0).unwrap();
        store.put("object", &0_u8).unwrap();
        users.remove(&1).unwrap();
        users.remove(&1).unwrap();
        store.batch().put_in(&users, &3, &0).unwrap().remove_from(&users, &2).commit().unwrap();
        let mut seen = Vec::new();
        while let Some(change) = changes.next_within(NOW).unwrap() {
            seen.push((change.key, change.kind));
        }
        use ChangeKind::{Put, Removed};
        assert_eq!(seen, [(2, Put), (1, Removed), (3, Put), (2, Removed)]);
        assert!(objects.next_within(NOW).unwrap().unwrap().key == "object");
        assert!(objects.next_within(NOW).unwrap().is_none());
    });
}

#[test]
fn a_watch_goes_on_where_another_ended() {
    on_each(|store| {
        let users = store.collection::<u64, u8>("users").unwrap();
        let mut changes = users.watch().unwrap();
        (0..5).for_each(|key| users.put(&key, &0).unwrap());
        let second = changes.by_ref().nth(1).unwrap().unwrap();
        drop(changes);
        let rest = users.watch_from(second.sequence).unwrap().take(3);
        assert_eq!(rest.map(|change| change.unwrap().key).collect::<Vec<_>>(), [2, 3, 4]);
    });
}

#[test]
fn a_slow_watcher_is_told_that_it_lags() {
    on_each(|store| {
        let users = store.collection::<u64, u8>("users").unwrap();
        let mut changes = users.watch().unwrap();
        let mut batch = store.batch();
        for key in 0..10_000 {
            batch.put_in(&users, &key, &0).unwrap();
        }
        batch.commit().unwrap();
        let error = changes.next_within(NOW).unwrap_err();
        assert_eq!(error.to_string(), "changes were missed: read everything anew");
        assert!(changes.next_within(NOW).unwrap().unwrap().key > 5000);
    });
}

#[test]
fn a_watch_of_an_earlier_opening_lags() {
    for engine in on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(engine, folder.path()).unwrap();
        let mut changes = store.watch().unwrap();
        store.put("a", &1_u8).unwrap();
        let change = changes.next_within(SOON).unwrap().unwrap();
        drop(store);
        // What there was is seen; then the watch ends with the store.
        assert!(changes.next().is_none());
        let store = open(engine, folder.path()).unwrap();
        let mut changes = store.watch_from(change.sequence).unwrap();
        assert!(matches!(changes.next_within(NOW).unwrap_err().kind(), ErrorKind::Lagged));
    }
}

#[test]
fn a_watcher_on_another_thread_wakes_up() {
    on_each(|store| {
        let users = store.collection::<u64, u8>("users").unwrap();
        let mut changes = users.watch().unwrap();
        std::thread::scope(|scope| {
            let watcher = scope.spawn(move || changes.next_within(SOON).unwrap().unwrap().key);
            std::thread::sleep(Duration::from_millis(20));
            users.put(&4, &0).unwrap();
            assert_eq!(watcher.join().unwrap(), 4);
        });
    });
}

fn logged(engine: &str, folder: &std::path::Path, changes: u64) -> Store {
    Store::builder(&url(engine, folder)).change_log(changes).open().unwrap()
}

fn drain<K>(changes: &mut Watch<K>) -> Result<Vec<K>> {
    std::iter::from_fn(|| changes.next_within(NOW).transpose())
        .map(|change| change.map(|change| change.key))
        .collect()
}

#[test]
fn a_key_and_a_prefix_are_watched_alone() {
    on_each(|store| {
        let names = store.collection::<String, u8>("names").unwrap();
        let pairs = store.collection::<(u32, String), u8>("pairs").unwrap();
        let (mut key, mut prefix) =
            (names.watch_key("ab").unwrap(), names.watch_prefix("ab").unwrap());
        let mut pair = pairs.watch_prefix(&(7,)).unwrap();
        let mut object = store.watch_key("ab").unwrap();
        for name in ["a", "ab", "abc", "b"] {
            names.put(name, &0).unwrap();
            store.put(name, &0_u8).unwrap();
        }
        pairs.put(&(7, "x"), &0).unwrap();
        pairs.put(&(8, "x"), &0).unwrap();
        assert_eq!(drain(&mut key).unwrap(), ["ab"]);
        assert_eq!(drain(&mut prefix).unwrap(), ["ab", "abc"]);
        assert_eq!(drain(&mut pair).unwrap(), [(7, "x".to_owned())]);
        assert_eq!(drain(&mut object).unwrap().len(), 1);
    });
}

#[test]
fn a_store_is_watched_with_all_its_collections() {
    on_each(|store| {
        let users = store.define::<u64, u8>("users").index("by_value", |it| *it).open().unwrap();
        let other = store.collection::<String, u8>("other").unwrap();
        let mut all = store.watch_all().unwrap();
        users.put(&7, &0).unwrap();
        store.put("object", &0_u8).unwrap();
        other.put("x", &0).unwrap();
        let keys = drain(&mut all).unwrap();
        // Entries of indexes and schemas are no records.
        assert_eq!(keys.len(), 3);
        assert_eq!((keys[0].within(&users), keys[0].within(&other)), (Some(7), None));
        assert!(keys[1].object().unwrap() == "object" && keys[0].object().is_none());
        assert_eq!(keys[2].within(&other).as_deref(), Some("x"));
    });
}

#[test]
fn a_logged_watch_goes_on_after_reopening() {
    for engine in on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let store = logged(engine, folder.path(), 1000);
        let users = store.collection::<u64, u8>("users").unwrap();
        let mut changes = users.watch().unwrap();
        (0..5).for_each(|key| users.put(&key, &0).unwrap());
        let second = changes.by_ref().nth(1).unwrap().unwrap();
        drop((store, users));
        // Without a word the log goes on.
        let store = open(engine, folder.path()).unwrap();
        let users = store.collection::<u64, u8>("users").unwrap();
        let mut changes = users.watch_from(second.sequence).unwrap();
        users.remove(&0).unwrap();
        assert_eq!(drain(&mut changes).unwrap(), [2, 3, 4, 0]);
        users.put(&9, &0).unwrap();
        assert_eq!(drain(&mut changes).unwrap(), [9]);
        assert!(store.verify().unwrap().is_ok());
        assert_eq!(store.stats().unwrap().changes, 7);
    }
}

#[test]
fn the_log_keeps_as_many_changes_as_asked() {
    for engine in on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let store = logged(engine, folder.path(), 10);
        let users = store.collection::<u64, u8>("users").unwrap();
        let begin = users.watch().unwrap().position();
        (0..25).for_each(|key| users.put(&key, &0).unwrap());
        let mut batch = store.batch();
        for key in 25..40 {
            batch.put_in(&users, &key, &0).unwrap();
        }
        batch.commit().unwrap();
        assert_eq!(store.stats().unwrap().changes, 10);
        drop((store, users, batch));
        let store = logged(engine, folder.path(), 5);
        let users = store.collection::<u64, u8>("users").unwrap();
        let mut changes = users.watch_from(begin).unwrap();
        assert!(matches!(changes.next_within(NOW).unwrap_err().kind(), ErrorKind::Lagged));
        assert_eq!(drain(&mut changes).unwrap(), [35, 36, 37, 38, 39]);
        drop((store, users));
        let store = logged(engine, folder.path(), 0);
        assert_eq!(store.stats().unwrap().changes, 0);
        let mut changes = store.watch_from(begin).unwrap();
        assert!(matches!(changes.next_within(NOW).unwrap_err().kind(), ErrorKind::Lagged));
    }
}

#[test]
fn a_slow_watcher_reads_the_log_before_it_lags() {
    let store = Store::builder("memory:").change_log(20_000).open().unwrap();
    let users = store.collection::<u64, u8>("users").unwrap();
    let mut changes = users.watch().unwrap();
    let mut batch = store.batch();
    for key in 0..10_000 {
        batch.put_in(&users, &key, &0).unwrap();
    }
    batch.commit().unwrap();
    users.put(&10_000, &0).unwrap();
    assert_eq!(drain(&mut changes).unwrap(), Vec::from_iter(0..=10_000));
}
