//! Damaged and missing files give an error or the right values: no panic, no wrong value, and no
//! empty store in place of a damaged one.

#![cfg(feature = "sled")] // most of it is about the files of the default engine

mod common;

use std::fs;
use std::path::Path;

use common::{copy, files, folder_in_memory, open};
use pickle_store::{ErrorKind, Result, Store};

const COUNT: u32 = 6;

fn value(number: u32) -> String {
    format!("value {number}")
}

fn fill(store: &Store) {
    let items = store.collection::<u32, String>("items").unwrap();
    for number in 0..COUNT {
        items.put(&number, &value(number)).unwrap();
    }
}

/// Reads all of a store; how many values there are.
fn read(engine: &str, folder: &Path) -> Result<u32> {
    let store = open(engine, folder)?;
    let items = store.collection::<u32, String>("items")?;
    let mut count = 0;
    for item in items.iter()? {
        let (key, found) = item?;
        assert_eq!(found, value(key), "a wrong value");
        count += 1;
    }
    for number in 0..COUNT {
        items.get(&number)?;
    }
    Ok(count)
}

/// A store as a kill leaves it: its files, copied while it is open.
fn left_open(engine: &str, folder: &Path) {
    let original = folder_in_memory();
    let store = open(engine, original.path()).unwrap();
    fill(&store);
    copy(original.path(), folder);
}

fn closed(engine: &str, folder: &Path) {
    fill(&open(engine, folder).unwrap());
}

/// Flips a bit of each byte of our own files, and of some bytes of sled's.
fn flip_all(folder: &Path, check: impl Fn(&Path, usize, Result<u32>)) {
    let damaged = folder_in_memory();
    for file in files(folder) {
        if file.ends_with("lock") {
            continue;
        }
        let bytes = fs::read(&file).unwrap();
        let ours = file.parent().unwrap().ends_with("store");
        // sled's file is mostly padding.
        let step = if ours { 1 } else { (bytes.len() / 100).max(1) | 1 };
        for at in (0..bytes.len()).step_by(step) {
            copy(folder, damaged.path());
            let mut bytes = bytes.clone();
            bytes[at] ^= 1 << (at % 8);
            let name = file.strip_prefix(folder).unwrap();
            fs::write(damaged.path().join(name), bytes).unwrap();
            check(name, at, read("sled", damaged.path()));
        }
    }
}

#[test]
fn a_flipped_bit_in_a_closed_store_is_found_or_harmless() {
    let folder = folder_in_memory();
    closed("sled", folder.path());
    flip_all(folder.path(), |file, at, found| match found {
        Ok(count) => assert_eq!(count, COUNT, "values are gone: {} byte {at}", file.display()),
        Err(error) => assert!(
            matches!(error.kind(), ErrorKind::Corrupt { .. } | ErrorKind::Poisoned { .. }),
            "{error}"
        ),
    });
}

#[test]
fn a_flipped_bit_in_a_crashed_store_costs_the_last_write_at_most() {
    let folder = folder_in_memory();
    left_open("sled", folder.path());
    flip_all(folder.path(), |file, at, found| match found {
        // Damage in the last write looks like a write that was cut short.
        Ok(count) => assert!(count + 1 >= COUNT, "{} byte {at}: {count}", file.display()),
        Err(error) => assert!(matches!(error.kind(), ErrorKind::Corrupt { .. }), "{error}"),
    });
}

#[test]
fn a_journal_cut_anywhere_holds_what_was_before_the_cut() {
    let folder = folder_in_memory();
    left_open("sled", folder.path());
    let journal = Path::new("store").join("journal-00000000");
    let bytes = fs::read(folder.path().join(&journal)).unwrap();
    let damaged = folder_in_memory();
    let mut before = 0;
    for length in 28..=bytes.len() {
        copy(folder.path(), damaged.path());
        fs::write(damaged.path().join(&journal), &bytes[..length]).unwrap();
        let count = read("sled", damaged.path()).unwrap();
        assert!(count >= before);
        before = count;
    }
    assert_eq!(before, COUNT);
}

#[test]
fn a_cut_file_of_a_closed_store_is_found_or_harmless() {
    let folder = folder_in_memory();
    closed("sled", folder.path());
    let damaged = folder_in_memory();
    for file in files(folder.path()) {
        let bytes = fs::read(&file).unwrap();
        let name = file.strip_prefix(folder.path()).unwrap();
        for length in (0..bytes.len()).step_by((bytes.len() / 60).max(1)) {
            copy(folder.path(), damaged.path());
            fs::write(damaged.path().join(name), &bytes[..length]).unwrap();
            match read("sled", damaged.path()) {
                Ok(count) => assert_eq!(count, COUNT, "{} cut at {length}", name.display()),
                Err(error) => assert!(
                    matches!(error.kind(), ErrorKind::Corrupt { .. } | ErrorKind::Poisoned { .. }),
                    "{error}"
                ),
            }
        }
    }
}

#[test]
fn a_missing_file_is_an_error_or_harmless() {
    let folder = folder_in_memory();
    let damaged = folder_in_memory();
    closed("sled", folder.path());
    for file in files(folder.path()) {
        let name = file.strip_prefix(folder.path()).unwrap();
        copy(folder.path(), damaged.path());
        fs::remove_file(damaged.path().join(name)).unwrap();
        match read("sled", damaged.path()) {
            Ok(count) => assert_eq!(count, COUNT, "{}", name.display()),
            Err(error) => assert!(matches!(error.kind(), ErrorKind::Corrupt { .. }), "{error}"),
        }
    }
}

#[test]
fn the_index_is_rebuilt_when_it_is_gone() {
    let folder = folder_in_memory();
    closed("sled", folder.path());
    fs::remove_dir_all(folder.path().join("store").join("index")).unwrap();
    assert_eq!(read("sled", folder.path()).unwrap(), COUNT);
}

#[test]
fn verify_reads_the_journal_that_a_closed_store_does_not_need() {
    let folder = folder_in_memory();
    closed("sled", folder.path());
    let path = folder.path().join("store").join("journal-00000000");
    let mut bytes = fs::read(&path).unwrap();
    bytes[28 + 40] ^= 1;
    fs::write(&path, bytes).unwrap();
    let store = open("sled", folder.path()).unwrap();
    let report = store.verify().unwrap();
    let problems: Vec<_> = report.problems.iter().map(ToString::to_string).collect();
    let expected = format!("corrupt store: a damaged write in {} at byte 28", path.display());
    assert_eq!(problems, [expected]);
    // A snapshot of what is whole puts an end to it.
    store.compact().unwrap();
    assert!(store.verify().unwrap().is_ok());
}

#[test]
fn a_folder_of_something_else_is_left_alone() {
    let folder = folder_in_memory();
    fs::write(folder.path().join("letter.txt"), "Dear reader").unwrap();
    let error = Store::open(folder.path()).err().unwrap();
    assert_eq!(
        error.to_string(),
        format!(
            "corrupt store: {} has no manifest, and letter.txt is not a part of a new store",
            folder.path().display()
        )
    );
}

#[test]
#[cfg(feature = "redb")]
fn damage_to_a_redb_file_is_found_or_harmless() {
    let folder = folder_in_memory();
    closed("redb", folder.path());
    let bytes = fs::read(folder.path().join("store")).unwrap();
    let target = folder_in_memory();
    let check = |damaged: &[u8], what: &str| {
        fs::write(target.path().join("store"), damaged).unwrap();
        match read("redb", target.path()) {
            Ok(count) => assert_eq!(count, COUNT, "{what}"),
            // A flipped number of a format is that of another format.
            Err(error) => assert!(
                matches!(error.kind(), ErrorKind::Corrupt { .. } | ErrorKind::Unsupported { .. }),
                "{what}: {error}"
            ),
        }
    };
    // All of the two headers: redb goes back to the other where the latest is damaged, and both
    // lead to what was there when the store was closed.
    let headers = 0..320;
    let interesting = (320..bytes.len()).filter(|at| bytes[*at] != 0 || at % 1997 == 0);
    for at in headers.chain(interesting.step_by(11)) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        check(&damaged, &format!("flipped at {at}"));
    }
    for length in (0..bytes.len()).step_by((bytes.len() / 200) | 1) {
        check(&bytes[..length], &format!("cut at {length}"));
    }
}
