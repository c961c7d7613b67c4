//! Values end when their time is over, whoever looks.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use common::{on_disk, url};
use pickle_store::{ChangeKind, ErrorKind, Result, Store};

/// Seconds that the test sets.
#[derive(Clone, Default)]
struct Clock(Arc<AtomicU64>);

impl Clock {
    fn set(&self, seconds: u64) {
        self.0.store(seconds, Ordering::Relaxed);
    }

    fn open(&self, url: &str) -> Store {
        let seconds = Arc::clone(&self.0);
        let now =
            move || SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.load(Ordering::Relaxed));
        Store::builder(url).clock(now).open().unwrap()
    }
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Runs a test on a new store of each engine, whose time begins at 0.
fn on_each(test: impl Fn(&Store, &Clock)) {
    let clock = Clock::default();
    test(&clock.open("memory:"), &clock);
    for engine in on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::default();
        test(&clock.open(&url(engine, folder.path())), &clock);
    }
}

fn assert_sound(store: &Store) {
    let problems: Vec<_> =
        store.verify().unwrap().problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems, Vec::<String>::new());
}

#[test]
fn no_read_sees_a_value_past_its_time() {
    on_each(|store, clock| {
        let codes = store.collection::<u8, u32>("codes").unwrap();
        codes.put(&1, &10).unwrap();
        codes.put_with_ttl(&2, &20, secs(5)).unwrap();
        codes.put_with_ttl(&3, &30, secs(9)).unwrap();
        let all = || codes.iter().unwrap().collect::<Result<Vec<_>>>().unwrap();
        clock.set(4);
        assert_eq!(all(), [(1, 10), (2, 20), (3, 30)]);
        clock.set(5);
        assert_eq!(all(), [(1, 10), (3, 30)]);
        assert_eq!((codes.get(&2).unwrap(), codes.contains(&2).unwrap()), (None, false));
        assert_eq!(codes.keys().unwrap().collect::<Result<Vec<_>>>().unwrap(), [1, 3]);
        assert_eq!(codes.len().unwrap(), 2);
        clock.set(9);
        assert_eq!(codes.last().unwrap(), Some((1, 10)));
        assert!(!codes.remove(&3).unwrap());
        assert_eq!(codes.update(&2, |code| *code += 1).unwrap(), None);
        let seen = store.transaction(|tx| {
            let mut codes = tx.collection(&codes);
            Ok::<_, pickle_store::Error>((codes.get(&2)?, codes.contains(&2)?, codes.range(..)?))
        });
        assert_eq!(seen.unwrap(), (None, false, vec![(1, 10)]));
        assert_sound(store);
    });
}

#[test]
fn an_update_keeps_the_time_and_a_put_ends_it() {
    on_each(|store, clock| {
        let codes = store.collection::<u8, u32>("codes").unwrap();
        codes.put_with_ttl(&1, &1, secs(5)).unwrap();
        codes.put_with_ttl(&2, &2, secs(5)).unwrap();
        codes.put_with_ttl(&3, &3, secs(5)).unwrap();
        codes.update(&1, |code| *code = 11).unwrap();
        codes.put(&2, &22).unwrap();
        codes.put_with_ttl(&3, &33, secs(50)).unwrap();
        clock.set(5);
        let all = codes.iter().unwrap().collect::<Result<Vec<_>>>().unwrap();
        assert_eq!(all, [(2, 22), (3, 33)]);
        assert_eq!(store.stats().unwrap().expiring, 2);
        assert_sound(store);
    });
}

#[test]
fn an_update_keeps_the_time_at_which_a_key_of_the_store_itself_ends() {
    on_each(|store, clock| {
        store.put_with_ttl("code", &1_u8, secs(5)).unwrap();
        store.update("code", |code: &mut u8| *code = 2).unwrap().unwrap();
        clock.set(4);
        assert_eq!(store.get("code").unwrap(), Some(2_u8));
        clock.set(5);
        assert_eq!(store.update("code", |code: &mut u8| *code = 3).unwrap(), None);
        store.put_if("code", None, &4_u8).unwrap();
        assert_eq!(store.get("code").unwrap(), Some(4_u8));
        assert_sound(store);
    });
}

#[test]
fn batches_and_transactions_put_values_that_end() {
    on_each(|store, clock| {
        let codes = store.collection::<u8, u32>("codes").unwrap();
        let mut batch = store.batch();
        batch.put_with_ttl("object", &1_u8, secs(5)).unwrap();
        batch.put_in_with_ttl(&codes, &1, &1, secs(5)).unwrap().put_in(&codes, &2, &2).unwrap();
        batch.commit().unwrap();
        let written: Result<()> = store.transaction(|tx| {
            tx.put_with_ttl("other", &1_u8, secs(5))?;
            tx.collection(&codes).put_with_ttl(&3, &3, secs(5))
        });
        written.unwrap();
        assert_eq!((store.len().unwrap(), codes.len().unwrap()), (2, 3));
        clock.set(5);
        assert_eq!((store.len().unwrap(), codes.len().unwrap()), (0, 1));
        assert_sound(store);
    });
}

#[test]
fn what_ended_counts_as_absent_for_put_if() {
    on_each(|store, clock| {
        let codes = store.collection::<u8, u32>("codes").unwrap();
        codes.put_with_ttl(&1, &1, secs(5)).unwrap();
        let (version, _) = codes.get_versioned(&1).unwrap().unwrap();
        let conflict =
            |result: Result<_>| matches!(result.unwrap_err().kind(), ErrorKind::Conflict);
        assert!(conflict(codes.put_if(&1, None, &2)));
        clock.set(5);
        assert!(conflict(codes.put_if(&1, Some(version), &2)));
        codes.put_if(&1, None, &2).unwrap();
        assert_eq!(codes.get(&1).unwrap(), Some(2));
    });
}

#[test]
fn a_sweep_removes_what_ended_and_nothing_else() {
    on_each(|store, clock| {
        let codes = store.collection::<u32, u32>("codes").unwrap();
        let mut changes = codes.watch().unwrap();
        for key in 0..600 {
            codes.put_with_ttl(&key, &key, secs(u64::from(key) + 1)).unwrap();
        }
        store.put_with_ttl("object", &1_u8, secs(2)).unwrap();
        assert_eq!(store.sweep_expired().unwrap(), 0);
        clock.set(500);
        assert_eq!(store.sweep_expired().unwrap(), 501);
        assert_eq!(store.stats().unwrap().collections["codes"], 100);
        assert_eq!((codes.len().unwrap(), store.contains("object").unwrap()), (100, false));
        let mut removed = 0;
        while let Some(change) = changes.next_within(Duration::ZERO).unwrap() {
            removed += u32::from(change.kind == ChangeKind::Removed);
        }
        assert_eq!(removed, 500);
        assert_sound(store);
    });
}

#[test]
fn what_ended_does_not_pile_up_where_nobody_sweeps() {
    on_each(|store, clock| {
        let codes = store.collection::<u64, u8>("codes").unwrap();
        for second in 0..300 {
            clock.set(second);
            codes.put_with_ttl(&second, &0, secs(10)).unwrap();
        }
        assert_eq!((codes.len().unwrap(), store.stats().unwrap().expiring), (10, 10));
    });
}

#[test]
fn times_survive_reopening_and_moving() {
    for engine in on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::default();
        let store = clock.open(&url(engine, folder.path()));
        store.put_with_ttl("a", &1_u8, secs(5)).unwrap();
        store.put_with_ttl("b", &2_u8, secs(9)).unwrap();
        drop(store);
        let store = clock.open(&url(engine, folder.path()));
        let mut stream = Vec::new();
        store.export(&mut stream).unwrap();
        let seconds = Arc::clone(&clock.0);
        let now = move || SystemTime::UNIX_EPOCH + secs(seconds.load(Ordering::Relaxed));
        let copy = Store::import(stream.as_slice(), Store::builder("memory:").clock(now)).unwrap();
        clock.set(6);
        for store in [&store, &copy] {
            assert_eq!(store.get::<u8>("a").unwrap(), None);
            assert_eq!(store.get::<u8>("b").unwrap(), Some(2));
            assert_eq!(store.sweep_expired().unwrap(), 1);
            assert_sound(store);
        }
    }
}

#[test]
fn earlier_versions_are_kept_as_far_as_asked() {
    on_each(|store, _| {
        let pages = store.define::<String, u32>("pages").history(3).open().unwrap();
        for number in 0..6 {
            pages.put("a", &number).unwrap();
        }
        pages.put("a\0", &99).unwrap();
        let values = |key: &str| {
            let earlier = pages.history(key).unwrap();
            earlier.map(|item| item.unwrap().1).collect::<Vec<_>>()
        };
        assert_eq!((values("a"), values("a\0"), values("")), (vec![4, 3, 2], vec![], vec![]));
        pages.update("a", |number| *number = 10).unwrap();
        store.batch().remove_from(&pages, "a").commit().unwrap();
        assert_eq!(values("a"), [10, 5, 4]);
        // What ends leaves none.
        pages.put_with_ttl("b", &1, secs(100)).unwrap();
        pages.put("b", &2).unwrap();
        assert_eq!(values("b"), [] as [u32; 0]);
        assert_eq!(store.stats().unwrap().earlier, 3);
        store.define::<String, u32>("pages").history(1).open().unwrap();
        pages.put("a", &7).unwrap();
        pages.put("a", &8).unwrap();
        assert_eq!(values("a"), [7]);
        store.define::<String, u32>("pages").history(0).open().unwrap();
        assert_eq!((values("a"), store.stats().unwrap().earlier), (vec![], 0));
        assert_sound(store);
    });
}
