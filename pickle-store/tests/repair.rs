//! Of a damaged store, repair saves what is whole, and says what it could not save.

#![cfg(any(feature = "sled", feature = "redb"))]

mod common;

use std::fs;
use std::path::Path;

use common::{copy, files, folder_in_memory, on_disk, open};
use pickle_store::{ErrorKind, Repair, Result, Store};

const COUNT: u32 = 12;

fn value(number: u32) -> String {
    format!("the value of number {number}, {}", "as long as it is wide ".repeat(9))
}

/// Fills a store: in the default engine, half of it goes to a snapshot.
fn fill(store: &Store) {
    let items = store.collection::<u32, String>("items").unwrap();
    for number in 0..COUNT {
        if number == COUNT / 2 {
            items.put(&number, &"an earlier value".to_owned()).unwrap();
            items.put(&99, &"of a record that is removed".to_owned()).unwrap();
            store.compact().unwrap();
            items.remove(&99).unwrap();
        }
        items.put(&number, &value(number)).unwrap();
    }
}

/// The files of a store that was closed.
fn closed(engine: &str, folder: &Path) {
    fill(&open(engine, folder).unwrap());
}

/// The files of a store as a kill leaves them.
fn left_open(engine: &str, folder: &Path) {
    let original = folder_in_memory();
    let store = open(engine, original.path()).unwrap();
    fill(&store);
    copy(original.path(), folder);
}

fn repair(engine: &str, folder: &Path) -> Result<Repair> {
    Store::builder(&format!("{engine}:{}", folder.join("store").display())).repair()
}

/// How many of the values are there, and right; with those that are older.
fn read(engine: &str, folder: &Path, repair: &Repair) -> u32 {
    let store = open(engine, folder).unwrap();
    assert!(store.verify().unwrap().is_ok() || !repair.is_ok());
    let name = repair.renamed.first().map_or("items", String::as_str);
    let items = store.collection::<u32, String>(name).unwrap();
    let mut count = 0;
    for item in items.iter().unwrap() {
        let (key, found) = item.unwrap();
        match found == value(key) {
            true => count += 1,
            // Where its removal, or the write that replaced it, is what was damaged.
            false => assert!(
                !repair.is_ok() && (key == 99 || (key, &*found) == (COUNT / 2, "an earlier value")),
                "a wrong value at {key}: {found:?}"
            ),
        }
    }
    count
}

/// Damages one file after the other, at each of some places, in three ways.
fn damage_all(folder: &Path, name: &str, check: impl Fn(&Path, &str)) {
    let target = folder_in_memory();
    for file in files(folder) {
        let bytes = fs::read(&file).unwrap();
        let file = file.strip_prefix(folder).unwrap();
        if !file.to_str().unwrap().contains(name) {
            continue;
        }
        let step = (bytes.len() / 100).max(1);
        for at in (0..bytes.len()).step_by(step) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            let mut overwritten = bytes.clone();
            overwritten[at..bytes.len().min(at + 40)].fill(0xee);
            for (what, bytes) in
                [("flipped", &flipped[..]), ("cut", &bytes[..at]), ("overwritten", &overwritten)]
            {
                copy(folder, target.path());
                fs::write(target.path().join(file), bytes).unwrap();
                check(target.path(), &format!("{} {what} at {at}", file.display()));
            }
        }
    }
}

#[test]
fn a_whole_store_is_left_as_it_is() {
    for engine in on_disk() {
        for make in [closed, left_open] {
            let folder = folder_in_memory();
            make(engine, folder.path());
            let repaired = repair(engine, folder.path()).unwrap();
            assert!(repaired.is_ok(), "{repaired}");
            assert_eq!((repaired.saved, repaired.kept.clone()), (COUNT.into(), None));
            assert_eq!(read(engine, folder.path(), &repaired), COUNT);
        }
    }
}

#[test]
#[cfg(feature = "sled")]
fn a_closed_store_loses_nothing_to_a_damaged_journal() {
    let folder = folder_in_memory();
    closed("sled", folder.path());
    for name in ["journal-", "snapshot-"] {
        damage_all(folder.path(), name, |folder, what| {
            let repaired = repair("sled", folder).unwrap();
            assert_eq!(read("sled", folder, &repaired), COUNT, "{what}: {repaired}");
        });
    }
}

#[test]
#[cfg(feature = "sled")]
fn damage_to_a_crashed_store_costs_what_is_damaged() {
    let folder = folder_in_memory();
    left_open("sled", folder.path());
    // The index may be used to fill gaps, and here it shall not.
    fs::remove_dir_all(folder.path().join("store").join("index")).unwrap();
    for name in ["journal-", "snapshot-", "manifest"] {
        damage_all(folder.path(), name, |folder, what| {
            let repaired = repair("sled", folder).unwrap();
            let found = read("sled", folder, &repaired);
            // A journal that ends with a write is one that had no more.
            let told = !repaired.is_ok() || what.contains("journal-00000001 cut");
            assert!(found == COUNT || told, "{what}: {found} and no word of it");
            // Forty bytes are in two records at most; what is behind a cut is gone.
            assert!(found + 2 >= COUNT || what.contains("cut"), "{what}: {found}, {repaired}");
        });
    }
}

#[test]
#[cfg(feature = "sled")]
fn the_index_fills_gaps_in_the_files() {
    let folder = folder_in_memory();
    closed("sled", folder.path());
    let store = folder.path().join("store");
    fs::remove_file(store.join("manifest")).unwrap();
    fs::remove_file(store.join("snapshot-00000001")).unwrap();
    let repaired = repair("sled", folder.path()).unwrap();
    assert_eq!(read("sled", folder.path(), &repaired), COUNT, "{repaired}");
    assert_eq!(repaired.kept, Some(store.join("damaged-00000002")));
    assert_eq!(
        files(&store.join("damaged-00000002")),
        [store.join("damaged-00000002/journal-00000001")]
    );
}

#[test]
#[cfg(feature = "redb")]
fn damage_to_a_redb_file_costs_what_is_damaged() {
    let folder = folder_in_memory();
    closed("redb", folder.path());
    damage_all(folder.path(), "store", |folder, what| match repair("redb", folder) {
        Ok(repaired) => {
            let found = read("redb", folder, &repaired);
            assert!(found == COUNT || !repaired.is_ok(), "{what}: {found} and no word of it");
        }
        // Nothing was found, and all is as it was.
        Err(error) => {
            assert!(matches!(error.kind(), ErrorKind::Corrupt { .. }), "{what}: {error}");
            assert_eq!(files(folder).len(), 1);
        }
    });
}

#[test]
#[cfg(feature = "sled")]
fn a_collection_whose_name_is_lost_gets_another() {
    let folder = folder_in_memory();
    left_open("sled", folder.path());
    let store = folder.path().join("store");
    fs::remove_dir_all(store.join("index")).unwrap();
    let snapshot = store.join("snapshot-00000001");
    let mut bytes = fs::read(&snapshot).unwrap();
    let at = bytes.windows(5).position(|bytes| bytes == b"items").unwrap();
    bytes[at] = b'I';
    fs::write(&snapshot, bytes).unwrap();
    let repaired = repair("sled", folder.path()).unwrap();
    assert_eq!(repaired.renamed, ["recovered 1"]);
    assert_eq!(read("sled", folder.path(), &repaired), COUNT);
    // A new collection of the old name does not share its records.
    let store = open("sled", folder.path()).unwrap();
    assert_eq!(store.collection::<u32, String>("items").unwrap().iter().unwrap().count(), 0);
}

#[test]
fn what_is_not_there_or_open_is_not_repaired() {
    for engine in on_disk() {
        let folder = folder_in_memory();
        let error = repair(engine, folder.path()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Io(_)), "{engine}: {error}");
        let _store = open(engine, folder.path()).unwrap();
        let error = repair(engine, folder.path()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Locked { .. }), "{engine}: {error}");
    }
    let error = Store::builder("memory:").repair().unwrap_err();
    assert_eq!(error.to_string(), "a store in memory has no files to repair");
}

#[test]
#[cfg(feature = "sled")]
fn a_folder_of_something_else_is_left_alone() {
    let folder = folder_in_memory();
    let letter = folder.path().join("letter.txt");
    fs::write(&letter, "Dear reader").unwrap();
    let error = Store::repair(folder.path()).unwrap_err();
    let path = folder.path().display();
    assert_eq!(error.to_string(), format!("corrupt store: {path} holds nothing of a store"));
    assert_eq!(fs::read(letter).unwrap(), b"Dear reader");
}

#[test]
#[cfg(feature = "sled")]
fn indexes_follow_the_records_that_are_left() {
    let folder = folder_in_memory();
    let original = folder_in_memory();
    let store = open("sled", original.path()).unwrap();
    let define = |store: &Store| {
        let towns = store.define::<u32, (String, String)>("people");
        let towns = towns.index("by_town", |person: &(String, String)| person.1.clone());
        towns.open().unwrap()
    };
    let people = define(&store);
    for number in 0..COUNT {
        people.put(&number, &(format!("person {number}"), "Bern".to_owned())).unwrap();
    }
    store.compact().unwrap();
    copy(original.path(), folder.path());
    let path = folder.path().join("store");
    fs::remove_dir_all(path.join("index")).unwrap();
    let snapshot = path.join("snapshot-00000001");
    let mut bytes = fs::read(&snapshot).unwrap();
    let at = bytes.windows(8).position(|bytes| bytes == b"person 7").unwrap();
    bytes[at] = b'P';
    fs::write(&snapshot, bytes).unwrap();
    let repaired = repair("sled", folder.path()).unwrap();
    assert_eq!(repaired.saved, u64::from(COUNT) - 1, "{repaired}");
    let store = open("sled", folder.path()).unwrap();
    let report = store.verify().unwrap();
    assert!(report.is_ok(), "{:?}", report.problems);
    let people = define(&store);
    let found = people.index::<String>("by_town").unwrap().find("Bern").unwrap();
    let found: Vec<_> = found.map(|item| item.unwrap().0).collect();
    assert_eq!(found, (0..COUNT).filter(|number| *number != 7).collect::<Vec<_>>());
}
