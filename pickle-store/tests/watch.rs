//! Watchers see each write once, in order, or are told that they missed some.

mod common;

use std::time::Duration;

use common::{on_disk, on_each, open};
use pickle_store::{ChangeKind, ErrorKind};

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
