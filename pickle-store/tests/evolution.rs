//! Records outlive the version of the type that wrote them.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use common::{on_disk, on_each, open};
use pickle_derive::Pickle;
use pickle_store::{ErrorKind, Migration, Result, Store};

/// The types of a program, by the versions of that.
mod v1 {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Pickle)]
    #[pickle(crate = pickle_core, class = "app.User")]
    pub(crate) struct User {
        pub(crate) name: String,
        pub(crate) visits: u16,
        pub(crate) nick: String,
    }
}

mod v2 {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Pickle)]
    #[pickle(crate = pickle_core, class = "app.User")]
    pub(crate) struct User {
        #[pickle(default = 1)]
        pub(crate) level: u8,
        pub(crate) visits: u64,
        #[pickle(alias = "name")]
        pub(crate) full_name: String,
    }
}

fn old(number: u32) -> v1::User {
    v1::User { name: format!("user {number}"), visits: number as u16, nick: "x".into() }
}

fn new(number: u32) -> v2::User {
    v2::User { level: 1, visits: number.into(), full_name: format!("user {number}") }
}

fn fill(store: &Store, count: u32) {
    let users = store.collection::<u32, v1::User>("users").unwrap();
    let mut batch = store.batch();
    for number in 0..count {
        batch.put_in(&users, &number, &old(number)).unwrap();
    }
    batch.commit().unwrap();
}

#[test]
fn records_of_an_older_version_load() {
    for engine in on_disk() {
        let folder = tempfile::tempdir().unwrap();
        fill(&open(engine, folder.path()).unwrap(), 10);
        let store = open(engine, folder.path()).unwrap();
        store.put("one", &old(7)).unwrap();
        assert_eq!(store.get("one").unwrap(), Some(new(7)));
        let users = store.collection::<u32, v2::User>("users").unwrap();
        assert_eq!(users.get(&3).unwrap(), Some(new(3)));
        let all: Vec<_> = users.range(2..4).unwrap().collect::<Result<_>>().unwrap();
        assert_eq!(all, [(2, new(2)), (3, new(3))]);
        users.update(&3, |user| user.level = 9).unwrap();
        assert_eq!(users.get(&3).unwrap().unwrap().level, 9);
        let seen = store.transaction(|tx| tx.collection(&users).get(&4));
        assert_eq!(seen.unwrap(), Some(new(4)));
    }
}

#[test]
fn an_index_is_built_over_records_of_an_older_version() {
    on_each(|store| {
        fill(store, 10);
        let users = store
            .define::<u32, v2::User>("users")
            .index("by_visits", |user| user.visits)
            .open()
            .unwrap();
        let found = users.index::<u64>("by_visits").unwrap().get(&7).unwrap();
        assert_eq!(found, Some((7, new(7))));
    });
}

#[test]
fn what_does_not_convert_is_an_error_that_says_where() {
    on_each(|store| {
        store.put("a", &(1_u8, "text".to_owned())).unwrap();
        let error = store.get::<v2::User>("a").unwrap_err();
        assert_eq!(error.to_string(), "the record holds tuple[u8, str], not app.User at key \"a\"");
        store.put("b", &vec![300_u16]).unwrap();
        assert_eq!(store.get::<Vec<u64>>("b").unwrap(), Some(vec![300]));
        let error = store.get::<Vec<u8>>("b").unwrap_err();
        let ErrorKind::Pickle(reason) = error.kind() else { panic!("{error}") };
        assert!(matches!(reason.kind(), pickle_core::ErrorKind::OutOfRange { .. }));
    });
}

fn migrate(store: &Store) -> Migration {
    store.collection::<u32, v2::User>("users").unwrap().migrate(|_| ()).unwrap()
}

#[test]
fn a_migration_rewrites_what_is_old_and_nobody_notices() {
    on_each(|store| {
        fill(store, 600);
        let users = store.define::<u32, v2::User>("users").history(5).open().unwrap();
        users.put(&7, &new(70)).unwrap();
        users.put_with_ttl(&8, &new(80), Duration::from_secs(1000)).unwrap();
        let (version, _) = users.get_versioned(&5).unwrap().unwrap();
        let mut changes = users.watch().unwrap();
        let mut steps = Vec::new();
        let done = users.migrate(|progress| steps.push(progress.rewritten)).unwrap();
        assert_eq!((done.seen, done.rewritten), (600, 598));
        assert_eq!(steps, [256, 512, 598]);
        assert_eq!(migrate(store).rewritten, 0);
        assert_eq!(users.get(&599).unwrap(), Some(new(599)));
        assert!(changes.next_within(Duration::ZERO).unwrap().is_none());
        assert_eq!(users.history(&5).unwrap().count(), 0);
        assert_eq!(store.stats().unwrap().expiring, 1);
        users.put_if(&5, Some(version), &new(50)).unwrap();
        assert!(store.verify().unwrap().is_ok());
    });
}

#[test]
fn a_migration_that_was_cut_short_goes_on() {
    for engine in on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(engine, folder.path()).unwrap();
        fill(&store, 600);
        let users = store.collection::<u32, v2::User>("users").unwrap();
        let cut = catch_unwind(AssertUnwindSafe(|| users.migrate(|_| panic!("cut"))));
        assert!(cut.is_err());
        drop((users, store));
        let store = open(engine, folder.path()).unwrap();
        assert_eq!(migrate(&store).rewritten, 600 - 256);
        assert_eq!(migrate(&store).rewritten, 0);
    }
}

#[test]
fn a_migration_keeps_the_writes_of_others() {
    on_each(|store| {
        fill(store, 1000);
        let users = store.collection::<u32, v2::User>("users").unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for number in (0..1000).rev().step_by(20) {
                    users.update(&number, |user| user.level = 9).unwrap();
                }
            });
            users.migrate(|_| ()).unwrap();
        });
        let levels: u32 = users.iter().unwrap().map(|item| u32::from(item.unwrap().1.level)).sum();
        assert_eq!(levels, 950 + 50 * 9);
        assert_eq!(migrate(store).rewritten, 0);
    });
}

#[test]
fn a_migration_lists_records_by_what_they_are_now() {
    on_each(|store| {
        let old_users = store
            .define::<u32, v1::User>("users")
            .index("by_name", |user| user.name.clone())
            .open()
            .unwrap();
        old_users.put(&1, &old(1)).unwrap();
        store.collection::<u32, v2::User>("users").unwrap().migrate(|_| ()).unwrap_err();
        let users = store
            .define::<u32, v2::User>("users")
            .index("by_name", |user| user.full_name.to_uppercase())
            .open()
            .unwrap();
        assert_eq!(users.migrate(|_| ()).unwrap().rewritten, 1);
        let by_name = users.index::<String>("by_name").unwrap();
        assert_eq!(by_name.get("USER 1").unwrap(), Some((1, new(1))));
        assert_eq!(by_name.get("user 1").unwrap(), None);
        assert!(store.verify().unwrap().is_ok());
    });
}
