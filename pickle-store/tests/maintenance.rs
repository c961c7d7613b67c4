//! Export, import, verify, stats, compact.

#![cfg(feature = "sled")] // stores are moved into the default engine

mod common;

use common::on_each;
use pickle_store::engine::{Applied, Engine, EngineLimits, Expect, KeyRange, Op, Order, Scan};
use pickle_store::{ErrorKind, Result, Store};

fn fill(store: &Store) {
    let users = store.collection::<u64, (String, u32)>("users").unwrap();
    for number in 0..100 {
        users.put(&number, &(format!("user {number}"), 7)).unwrap();
    }
    store.put("large", &vec![3_u8; 2 << 20]).unwrap();
}

#[test]
fn a_store_moves_from_any_engine_to_another() {
    on_each(|store| {
        fill(store);
        let mut stream = Vec::new();
        store.export(&mut stream).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy");
        let copy =
            Store::import(stream.as_slice(), Store::builder(&format!("sled:{}", path.display())));
        let copy = copy.unwrap();
        assert_eq!(copy.stats().unwrap(), store.stats().unwrap());
        assert_eq!(copy.get::<Vec<u8>>("large").unwrap().unwrap(), vec![3; 2 << 20]);
        let users = copy.collection::<u64, (String, u32)>("users").unwrap();
        assert_eq!(users.get(&42).unwrap().unwrap().0, "user 42");
        // New records have new versions.
        let (old, _) = users.get_versioned(&1).unwrap().unwrap();
        users.put(&1, &("other".to_owned(), 1)).unwrap();
        assert!(users.get_versioned(&1).unwrap().unwrap().0 > old);
    });
}

#[test]
fn a_damaged_stream_is_refused_and_can_be_replaced() {
    let store = Store::builder("memory:").open().unwrap();
    fill(&store);
    let mut stream = Vec::new();
    store.export(&mut stream).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sled:{}", folder.path().join("copy").display());
    for cut in [0, 7, 8, 11, 100, stream.len() / 2, stream.len() - 1] {
        let error = Store::import(&stream[..cut], Store::builder(&url)).err().unwrap();
        assert_eq!(error.to_string(), "corrupt store: the stream ends early");
        assert!(matches!(
            Store::builder(&url).open().err().unwrap().kind(),
            ErrorKind::Unsupported { .. }
        ));
    }
    let mut damaged = stream.clone();
    damaged[1000] ^= 1;
    let error = Store::import(damaged.as_slice(), Store::builder(&url)).err().unwrap();
    assert_eq!(error.to_string(), "corrupt store: block 0 of the stream is damaged");
    Store::import(stream.as_slice(), Store::builder(&url)).unwrap();
    let error = Store::import(stream.as_slice(), Store::builder(&url)).err().unwrap();
    assert_eq!(error.to_string(), "a store can be imported into an empty place only");
}

#[test]
fn stats_count_what_is_there() {
    on_each(|store| {
        fill(store);
        let stats = store.stats().unwrap();
        assert_eq!((stats.objects, stats.types), (1, 2));
        assert_eq!(stats.collections.get("users"), Some(&100));
        assert!(stats.value_bytes > 2 << 20);
    });
}

#[test]
fn compacting_changes_nothing() {
    on_each(|store| {
        fill(store);
        let before = store.stats().unwrap();
        store.compact().unwrap();
        store.compact().unwrap();
        assert_eq!(store.stats().unwrap(), before);
        assert!(store.verify().unwrap().is_ok());
    });
}

/// An engine that flips a bit in each record of the key `1`.
struct Rotten(std::sync::Mutex<std::collections::BTreeMap<Vec<u8>, Vec<u8>>>);

impl Engine for Rotten {
    fn get(&self, key: &[u8]) -> Result<Option<pickle_store::engine::Bytes>> {
        let map = self.0.lock().unwrap();
        Ok(map.get(key).map(|value| {
            let mut value = value.clone();
            if key.first() == Some(&1) {
                value[11] ^= 1;
            }
            value.into()
        }))
    }

    fn scan(&self, range: KeyRange, _: Order) -> Result<Scan<'_>> {
        let keys: Vec<_> = self
            .0
            .lock()
            .unwrap()
            .range((range.start, range.end))
            .map(|item| item.0.clone())
            .collect();
        Ok(Box::new(keys.into_iter().map(|key| {
            let value = self.get(&key)?.unwrap();
            Ok((key.into(), value))
        })))
    }

    fn apply(&self, _: &[Expect], ops: &[Op]) -> Result<Applied> {
        let mut map = self.0.lock().unwrap();
        for op in ops {
            map.insert(op.key().to_vec(), op.value().unwrap_or_default().to_vec());
        }
        Ok(Applied::Committed)
    }

    fn sync(&self) -> Result<()> {
        Ok(())
    }

    fn limits(&self) -> EngineLimits {
        EngineLimits { key: 1 << 20, batch: 1 << 30 }
    }
}

#[test]
fn verify_names_the_damaged_record() {
    let store = Store::with_engine(Rotten(Default::default())).unwrap();
    store.put("bad", &1_u64).unwrap();
    assert_eq!(
        store.get::<u64>("bad").unwrap_err().to_string(),
        "corrupt store: checksum mismatch at key \"bad\""
    );
    let report = store.verify().unwrap();
    let problems: Vec<_> = report.problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems, ["corrupt store: checksum mismatch at key \"bad\""]);
}

#[test]
fn an_export_is_of_one_moment_while_others_write() {
    on_each(|store| {
        let accounts = store
            .define::<u32, (u32, i64)>("accounts")
            .unique("by_owner", |account| account.0)
            .open()
            .unwrap();
        let mut batch = store.batch();
        for key in 0..2000 {
            batch.put_in(&accounts, &key, &(key, 100)).unwrap();
        }
        batch.commit().unwrap();
        let stop = std::sync::atomic::AtomicBool::new(false);
        let (stream, moves) = std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let mut moves = 0_u32;
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    // From one end to the other, and the owners change places.
                    let (a, b) = (moves % 1000, 1999 - moves % 1000);
                    let moved: Result<()> = store.transaction(|tx| {
                        let mut accounts = tx.collection(&accounts);
                        let (x, y) = (accounts.get(&a)?.unwrap(), accounts.get(&b)?.unwrap());
                        accounts.put(&a, &(y.0, x.1 - 1))?;
                        accounts.put(&b, &(x.0, y.1 + 1))
                    });
                    moved.unwrap();
                    moves += 1;
                }
                moves
            });
            let mut stream = Vec::new();
            store.export(&mut stream).unwrap();
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
            (stream, writer.join().unwrap())
        });
        let copy = Store::import(stream.as_slice(), Store::builder("memory:")).unwrap();
        let copied = copy.collection::<u32, (u32, i64)>("accounts").unwrap();
        let total: i64 = copied.iter().unwrap().map(|item| item.unwrap().1.1).sum();
        assert_eq!(total, 200_000, "{moves}");
        let by_owner = copied.index::<u32>("by_owner").unwrap();
        assert_eq!(by_owner.keys().unwrap().count(), 2000);
        assert!(copy.verify().unwrap().is_ok());
    });
}

#[test]
fn a_stream_of_the_first_version_is_imported() {
    let store = Store::builder("memory:").open().unwrap();
    fill(&store);
    let mut stream = Vec::new();
    store.export(&mut stream).unwrap();
    stream[7] = 1;
    let copy = Store::import(stream.as_slice(), Store::builder("memory:")).unwrap();
    assert_eq!(copy.stats().unwrap(), store.stats().unwrap());
    stream[7] = 3;
    let error = Store::import(stream.as_slice(), Store::builder("memory:")).err().unwrap();
    assert_eq!(error.to_string(), "an exported store of a newer version");
}
