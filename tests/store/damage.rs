//! Changed bytes give a typed error or the right value, never a wrong one and never a panic.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use pickle::store::engine::{
    Applied, Bytes, Engine, EngineLimits, Expect, KeyRange, Memory, Op, Order, Scan,
};
use pickle::store::{ErrorKind, Result, Store};

/// An engine whose disk can be tampered with.
#[derive(Clone, Default)]
struct Tampered {
    inner: Arc<Memory>,
    sync_fails: Arc<Mutex<bool>>,
}

impl Engine for Tampered {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        self.inner.get(key)
    }

    fn scan(&self, range: KeyRange, order: Order) -> Result<Scan<'_>> {
        self.inner.scan(range, order)
    }

    fn apply(&self, expect: &[Expect], ops: Vec<Op>) -> Result<Applied> {
        self.inner.apply(expect, ops)
    }

    fn sync(&self) -> Result<()> {
        match *self.sync_fails.lock().unwrap() {
            true => Err(std::io::Error::other("no space left on device").into()),
            false => Ok(()),
        }
    }

    fn limits(&self) -> EngineLimits {
        EngineLimits { key: 1000, value: 200 }
    }
}

impl Tampered {
    fn all(&self) -> BTreeMap<Bytes, Bytes> {
        let everything = (std::ops::Bound::Unbounded, std::ops::Bound::Unbounded);
        self.inner.scan(everything, Order::Ascending).unwrap().map(Result::unwrap).collect()
    }

    fn set(&self, key: &Bytes, value: Bytes) {
        self.inner.apply(&[], vec![Op::Put(key.clone(), value)]).unwrap();
    }
}

#[test]
fn any_changed_byte_is_found() {
    let engine = Tampered::default();
    let store = Store::with_engine(engine.clone()).unwrap();
    let value = ("text".repeat(200), vec![7_u32; 3]);
    store.put("large", &value).unwrap();
    store.put("small", &(String::new(), vec![1_u32])).unwrap();
    let load = |key: &str| store.get::<(String, Vec<u32>)>(key);
    assert_eq!(load("large").unwrap().unwrap(), value);
    for (key, right) in engine.all() {
        // The store's own facts begin with 0; they are read when it is opened.
        if key[0] == 0 {
            continue;
        }
        for index in 0..right.len() {
            for bit in 0..8 {
                let mut wrong = right.clone();
                wrong[index] ^= 1 << bit;
                engine.set(&key, wrong);
                let errors = [load("large").err(), load("small").err()];
                let error = errors.into_iter().flatten().next().expect("the change is found");
                assert!(matches!(error.kind(), ErrorKind::Corrupt { .. }), "{error}");
                assert!(matches!(error.key(), Some("\"large\"" | "\"small\"")));
            }
        }
        for length in 0..right.len() {
            engine.set(&key, right[..length].to_vec());
            assert!(load("large").is_err() || load("small").is_err());
        }
        engine.set(&key, right);
    }
    assert_eq!(load("large").unwrap().unwrap(), value);
}

#[test]
fn a_record_under_another_key_is_found() {
    let engine = Tampered::default();
    let store = Store::with_engine(engine.clone()).unwrap();
    store.put("a", &1_u8).unwrap();
    store.put("b", &2_u8).unwrap();
    let all = engine.all();
    let records: Vec<_> = all.iter().filter(|(key, _)| key[0] == 1).collect();
    let [(a, _), (_, record)] = records[..] else { panic!("two records") };
    engine.set(a, record.clone());
    let error = store.get::<u8>("a").unwrap_err();
    let text = "corrupt store: a record's checksum does not match, under key \"a\"";
    assert_eq!(error.to_string(), text);
    assert_eq!(store.get::<u8>("b").unwrap(), Some(2));
}

#[test]
fn a_failed_sync_is_not_acknowledged_and_ends_all_writing() {
    let engine = Tampered::default();
    let store = Store::with_engine(engine.clone()).unwrap();
    store.put("a", &1_u8).unwrap();
    *engine.sync_fails.lock().unwrap() = true;
    assert_eq!(store.put("a", &2_u8).unwrap_err().to_string(), "no space left on device");
    *engine.sync_fails.lock().unwrap() = false;
    let error = store.put("a", &3_u8).unwrap_err();
    let text = "nothing is written since an earlier write failed: no space left on device\n\
                hint: open the store again, and look for what is missing";
    assert_eq!(error.to_string(), text);
    assert!(store.get::<u8>("a").unwrap().is_some());
}

#[test]
fn damaged_files_of_sled_never_panic_or_give_a_wrong_value() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let value = |number: u32| (number, format!("value {number}"));
    for number in 0..50 {
        store.put(&number, &value(number)).unwrap();
    }
    drop(store);
    let db = folder.path().join("db");
    let right = std::fs::read(&db).unwrap();
    let used = right.iter().rposition(|byte| *byte != 0).unwrap();
    for round in 0..40 {
        let at = used * round / 40;
        let mut wrong = right.clone();
        wrong[at] ^= 0x10;
        if round % 4 == 3 {
            wrong.truncate(at);
        }
        let copy = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                std::fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
            }
        }
        std::fs::write(copy.path().join("db"), wrong).unwrap();
        let Ok(store) = Store::open(copy.path()) else { continue };
        for number in 0..50 {
            // What sled cannot read it may drop, and says so to nobody.
            if let Ok(Some(found)) = store.get::<(u32, String)>(&number) {
                assert_eq!(found, value(number));
            }
        }
    }
}
