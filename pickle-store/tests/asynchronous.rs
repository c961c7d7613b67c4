//! The store from tasks of tokio.

#![cfg(feature = "tokio")]

mod common;

use std::time::Duration;

use common::{on_disk, url};
use pickle_store::asynchronous::{AsyncStore, AsyncWatch};
use pickle_store::{Error, ErrorKind, Store};

/// Runs a test on a new store of each engine.
fn on_each<F: Future<Output = ()>>(test: impl Fn(AsyncStore) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build().unwrap();
    runtime.block_on(test(AsyncStore::from(Store::builder("memory:").open().unwrap())));
    for engine in on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let url = url(engine, folder.path());
        runtime.block_on(async {
            test(AsyncStore::build(Store::builder(&url)).await.unwrap()).await;
        });
    }
}

#[test]
fn every_call_does_what_the_blocking_one_does() {
    on_each(|store| async move {
        store.put("a", 1_u8).await.unwrap();
        assert_eq!(store.get::<u8>("a").await.unwrap(), Some(1));
        let (version, _) = store.get_versioned::<u8>("a").await.unwrap().unwrap();
        assert_eq!(store.update("a", |it: &mut u8| *it + 1).await.unwrap(), Some(2));
        let error = store.put_if("a", Some(version), 3_u8).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Conflict), "{error}");
        assert!(store.contains("a").await.unwrap());
        assert!(store.remove("a").await.unwrap());
        let users = store.collection::<(u8, String), String>("users").await.unwrap();
        users.put(&(1, "x"), "ann".into()).await.unwrap();
        users.put_with_ttl(&(1, "y"), "gone".into(), Duration::ZERO).await.unwrap();
        assert_eq!(users.get(&(1, "x")).await.unwrap().as_deref(), Some("ann"));
        assert_eq!(users.get(&(1, "y")).await.unwrap(), None);
        let (version, _) = users.get_versioned(&(1, "x")).await.unwrap().unwrap();
        users.put_if(&(1, "x"), Some(version), "bob".into()).await.unwrap();
        let error = users.put_if(&(1, "x"), Some(version), "eve".into()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "another writer changed the record first at key users[(1, \"x\")]"
        );
        assert_eq!(users.update(&(1, "x"), |it| it.len()).await.unwrap(), Some(3));
        let all = users.range(.., 10).await.unwrap();
        assert_eq!(all, [((1, "x".to_owned()), "bob".to_owned())]);
        assert_eq!(
            (users.first().await.unwrap(), users.last().await.unwrap()),
            (Some(all[0].clone()), Some(all[0].clone()))
        );
        assert_eq!((users.len().await.unwrap(), users.is_empty().await.unwrap()), (1, false));
        assert!(users.contains(&(1, "x")).await.unwrap());
        let moved: Result<(), Error> = store
            .transaction({
                let users = users.blocking().clone();
                move |tx| {
                    let mut users = tx.collection(&users);
                    let value = users.get(&(1, "x"))?.unwrap();
                    users.put(&(2, "x"), &value)
                }
            })
            .await;
        moved.unwrap();
        assert!(users.remove(&(2, "x")).await.unwrap());
        store.sweep_expired().await.unwrap();
        store.sync().await.unwrap();
        store.compact().await.unwrap();
        assert_eq!(store.stats().await.unwrap().collections["users"], 1);
        assert!(store.verify().await.unwrap().is_ok());
    });
}

#[test]
fn an_index_is_asked_from_a_task() {
    on_each(|store| async move {
        let towns = store.run(|store| {
            let towns = store.define::<String, u32>("towns").index("by_people", |it| *it);
            towns.open()
        });
        let towns = pickle_store::asynchronous::AsyncCollection::from(towns.await.unwrap());
        towns.put("Bern", 134).await.unwrap();
        assert_eq!(towns.find::<u32>("by_people", 134, 9).await.unwrap(), [("Bern".into(), 134)]);
    });
}

#[test]
fn a_task_wakes_up_for_a_change_and_at_the_end() {
    on_each(|store| async move {
        let users = store.collection::<u64, u8>("users").await.unwrap();
        let mut changes = users.watch().await.unwrap();
        let watcher = tokio::spawn(async move {
            let mut seen = Vec::new();
            while let Some(change) = changes.next().await {
                seen.push(change.unwrap().key);
            }
            seen
        });
        for key in 0..50 {
            users.put(&key, 0).await.unwrap();
            tokio::task::yield_now().await;
        }
        drop((users, store));
        assert_eq!(watcher.await.unwrap(), Vec::from_iter(0..50));
    });
}

#[test]
fn a_dropped_wait_loses_no_change() {
    on_each(|store| async move {
        let users = store.collection::<u64, u8>("users").await.unwrap();
        let mut changes = users.watch().await.unwrap();
        for key in 0..5 {
            let none = tokio::time::timeout(Duration::from_millis(1), changes.next()).await;
            assert!(none.is_err());
            users.put(&key, 0).await.unwrap();
            assert_eq!(changes.next().await.unwrap().unwrap().key, key);
        }
    });
}

#[tokio::test]
async fn a_watch_of_a_task_reads_the_log_and_is_told_when_it_lags() {
    let store = Store::builder("memory:").change_log(9_000).open().unwrap();
    let users = store.collection::<u64, u8>("users").unwrap();
    let begin = store.watch().unwrap().position();
    let mut batch = store.batch();
    for key in 0..8_000 {
        batch.put_in(&users, &key, &0).unwrap();
    }
    batch.commit().unwrap();
    let mut changes = AsyncWatch::from(users.watch_from(begin).unwrap());
    for key in 0..8_000 {
        assert_eq!(changes.next().await.unwrap().unwrap().key, key);
    }
    assert_eq!(changes.position(), begin + 8_000);
    let mut changes = changes.resume_from(begin - 1);
    let lagged = changes.next().await.unwrap().unwrap_err();
    assert!(matches!(lagged.kind(), ErrorKind::Lagged));
    assert_eq!(changes.next().await.unwrap().unwrap().key, 0);
}

#[tokio::test]
async fn a_panic_in_the_work_is_the_task_s() {
    let store = AsyncStore::from(Store::builder("memory:").open().unwrap());
    let task =
        tokio::spawn(async move { store.run(|_| -> Result<(), Error> { panic!("no") }).await });
    let panic = task.await.unwrap_err().into_panic();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"no"));
}
