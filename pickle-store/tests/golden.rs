//! Stores of each format that ever was, as they were written then, are opened and hold the same.
//!
//! `PICKLE_STORE_GOLDEN=folder cargo test -p pickle-store --features redb --test golden` writes the
//! files of the format of now into a folder that must not be there yet. They are added when the
//! format changes, and never written anew.

#![cfg(all(feature = "sled", feature = "redb"))]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use common::{copy, files, folder_in_memory};
use pickle_derive::Pickle;
use pickle_store::{AnyKey, Collection, Ref, Result, Store};

#[derive(Pickle, Clone, Debug, PartialEq)]
#[pickle(crate = pickle_core, class = "golden.Person")]
struct Person {
    name: String,
    town: String,
    friend: Option<Ref<Person>>,
}

/// All stores are of this time.
const NOW: Duration = Duration::from_secs(1_800_000_000);
const HOUR: Duration = Duration::from_secs(3600);

fn open_at(url: &str) -> Result<Store> {
    Store::builder(url).clock(|| UNIX_EPOCH + NOW).change_log(8).open()
}

fn people(store: &Store) -> Collection<u64, Person> {
    let people = store.define::<u64, Person>("people");
    let people = people.unique("by_name", |person: &Person| person.name.clone());
    let people = people.index("by_town", |person: &Person| person.town.clone());
    people.history(2).open().unwrap()
}

fn person(name: &str, town: &str, friend: Option<Ref<Person>>) -> Person {
    Person { name: name.into(), town: town.into(), friend }
}

fn large() -> Vec<u32> {
    (0..5000).collect()
}

/// What a store holds, in two parts: a default engine takes a snapshot in between.
fn fill(store: &Store) {
    let people = people(store);
    people.put(&1, &person("Ann", "Bern", None)).unwrap();
    people.put(&2, &person("Bob", "Ulm", Some(people.reference(&1)))).unwrap();
    store.put("large", &large()).unwrap();
    store.put(&("tuple", 7), &vec![Some(1.5), None]).unwrap();
    store.put(&-5_i64, &"negative".to_owned()).unwrap();
    store.put("removed", &1_u8).unwrap();
    store.compact().unwrap();
    store.remove("removed").unwrap();
    people.put(&1, &person("Ann", "Ulm", None)).unwrap();
    store.put_with_ttl("token", &"for an hour".to_owned(), HOUR).unwrap();
    let pairs = store.collection::<(u8, String), (bool, char)>("pairs").unwrap();
    let mut batch = store.batch();
    for (number, name) in [(1, "b"), (1, "a"), (0, "c")] {
        batch.put_in(&pairs, &(number, name.to_owned()), &(number == 1, 'ü')).unwrap();
    }
    batch.commit().unwrap();
}

fn check(store: &Store) {
    let report = store.verify().unwrap();
    assert!(report.is_ok(), "{:?}", report.problems);
    let people = people(store);
    let bob = person("Bob", "Ulm", Some(people.reference(&1)));
    let ann = person("Ann", "Ulm", None);
    let found: Vec<_> = people.iter().unwrap().collect::<Result<_>>().unwrap();
    assert_eq!(found, [(1, ann.clone()), (2, bob.clone())]);
    assert_eq!(*bob.friend.unwrap().get(store).unwrap().unwrap(), ann);
    let by_town = people.index::<String>("by_town").unwrap().find("Ulm").unwrap();
    assert_eq!(by_town.map(|item| item.unwrap().0).collect::<Vec<_>>(), [1, 2]);
    let by_name = people.index::<String>("by_name").unwrap();
    assert_eq!(by_name.get("Bob").unwrap().unwrap().0, 2);
    let earlier: Vec<_> = people.history(&1).unwrap().map(|item| item.unwrap().1.town).collect();
    assert_eq!(earlier, ["Bern"]);
    assert_eq!(store.get::<Vec<u32>>("large").unwrap(), Some(large()));
    assert_eq!(store.get(&("tuple", 7)).unwrap(), Some(vec![Some(1.5), None]));
    assert_eq!(store.get::<String>(&-5_i64).unwrap(), Some("negative".into()));
    assert_eq!(store.get::<String>("token").unwrap(), Some("for an hour".into()));
    let keys: Vec<AnyKey> = store.keys().unwrap().collect::<Result<_>>().unwrap();
    let keys: Vec<_> = keys.iter().map(ToString::to_string).collect();
    assert_eq!(keys, ["-5", "large", "token", "(\"tuple\", 7)"]);
    let pairs = store.collection::<(u8, String), (bool, char)>("pairs").unwrap();
    let found: Vec<_> = pairs.iter().unwrap().collect::<Result<_>>().unwrap();
    let expected = [(0, "c", false), (1, "a", true), (1, "b", true)];
    assert_eq!(found, expected.map(|(number, name, is_1)| ((number, name.into()), (is_1, 'ü'))));
}

/// And what was written goes on from there.
fn check_and_use(store: &Store) {
    check(store);
    let people = people(store);
    people.put(&3, &person("Eve", "Ulm", None)).unwrap();
    let error = people.put(&4, &person("Eve", "Rom", None)).unwrap_err();
    assert!(error.to_string().contains("by_name"), "{error}");
    store.put("new", &1_u8).unwrap();
    assert!(store.verify().unwrap().is_ok());
}

fn golden() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut stores: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    stores.sort();
    assert!(!stores.is_empty());
    stores
}

#[test]
fn stores_of_the_default_engine_are_opened() {
    for store in golden() {
        for name in ["sled-closed", "sled-crashed"] {
            let folder = folder_in_memory();
            copy(&store.join(name), folder.path());
            let url = format!("sled:{}", folder.path().display());
            check_and_use(&open_at(&url).unwrap());
            check(&{
                copy(&store.join(name), folder.path());
                assert!(Store::builder(&url).repair().unwrap().problems.len() <= 1);
                open_at(&url).unwrap()
            });
        }
    }
}

#[test]
fn stores_of_redb_are_opened() {
    for store in golden() {
        let folder = folder_in_memory();
        let file = folder.path().join("store");
        fs::write(&file, unpack(&fs::read(store.join("redb-blocks")).unwrap())).unwrap();
        check_and_use(&open_at(&format!("redb:{}", file.display())).unwrap());
    }
}

#[test]
fn exported_stores_are_imported() {
    for store in golden() {
        let stream = fs::read(store.join("stream")).unwrap();
        let into = Store::builder("memory:").clock(|| UNIX_EPOCH + NOW);
        check_and_use(&Store::import(stream.as_slice(), into).unwrap());
    }
}

/// Writes the files of now, if the environment names a place for them.
#[test]
fn the_format_of_now_is_as_the_golden_one() {
    let folder = tempfile::tempdir().unwrap();
    let new = match std::env::var_os("PICKLE_STORE_GOLDEN") {
        Some(folder) => PathBuf::from(folder),
        None => folder.path().join("new"),
    };
    fs::create_dir(&new).unwrap();
    let closed = new.join("sled-closed");
    let url = format!("sled:{}", closed.display());
    let store = open_at(&url).unwrap();
    fill(&store);
    check(&store);
    copy(&closed, &new.join("sled-crashed"));
    store.export(fs::File::create(new.join("stream")).unwrap()).unwrap();
    drop(store);
    // A write that was cut short.
    let journal = new.join("sled-crashed/journal-00000001");
    let mut bytes = fs::read(&journal).unwrap();
    bytes.extend_from_slice(&[200, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    fs::write(journal, bytes).unwrap();
    for name in ["sled-closed", "sled-crashed"] {
        // sled's files can be built from the others, and are a hundred times as large.
        fs::remove_dir_all(new.join(name).join("index")).unwrap();
        fs::remove_file(new.join(name).join("lock")).unwrap();
    }
    let file = new.join("redb");
    fill(&open_at(&format!("redb:{}", file.display())).unwrap());
    let bytes = fs::read(&file).unwrap();
    fs::remove_file(file).unwrap();
    assert_eq!(unpack(&pack(&bytes)), bytes);
    fs::write(new.join("redb-blocks"), pack(&bytes)).unwrap();
    // What this version writes must be what the latest golden store holds.
    if std::env::var_os("PICKLE_STORE_GOLDEN").is_none() {
        let latest = golden().pop().unwrap();
        for file in files(&new).iter().filter(|file| !file.ends_with("redb-blocks")) {
            let name = file.strip_prefix(&new).unwrap();
            let expected = fs::read(latest.join(name)).unwrap();
            assert!(fs::read(file).unwrap() == expected, "{} has changed", name.display());
        }
    }
}

const BLOCK: usize = 512;

/// A file that is mostly zeros: its size, and the blocks that are not, each behind its number.
fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut out = (bytes.len() as u64).to_le_bytes().to_vec();
    for (number, block) in (0_u32..).zip(bytes.chunks(BLOCK)) {
        if block.iter().any(|byte| *byte != 0) {
            out.extend_from_slice(&number.to_le_bytes());
            out.extend_from_slice(block);
        }
    }
    out
}

fn unpack(packed: &[u8]) -> Vec<u8> {
    let (size, blocks) = packed.split_first_chunk().unwrap();
    let mut bytes = vec![0; u64::from_le_bytes(*size) as usize];
    for block in blocks.chunks(4 + BLOCK) {
        let (number, block) = block.split_first_chunk().unwrap();
        let at = u32::from_le_bytes(*number) as usize * BLOCK;
        bytes[at..at + block.len()].copy_from_slice(block);
    }
    bytes
}
