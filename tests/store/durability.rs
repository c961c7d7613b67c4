//! What survives the end of a process, and who may open a store.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use pickle::store::{Collection, ErrorKind, Store};

/// Set for the process that is killed: the folder it writes to.
const CHILD: &str = "PICKLE_STORE_CRASH_CHILD";

#[test]
fn a_store_that_is_open_cannot_be_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let error = Store::open(folder.path()).map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "the store is open already, in this process");
    drop(store.clone());
    assert!(Store::open(folder.path()).is_err());
    drop(store);
    assert!(Store::open(folder.path()).is_ok());
}

/// Writes pairs in batches until it is killed, and says which are acknowledged.
fn write_until_killed(folder: &str) -> ! {
    let store = Store::open(folder).unwrap();
    let left: Collection<u64, u64> = store.collection("left").unwrap();
    let right: Collection<u64, String> = store.collection("right").unwrap();
    let next = left.last().unwrap().map_or(0, |(number, _)| number + 1);
    for number in next.. {
        let text = "v".repeat(number as usize % 3000);
        let batch = store.batch().put_in(&left, &number, &(number * 7)).unwrap();
        batch.put_in(&right, &number, &text).unwrap().commit().unwrap();
        eprintln!("{number}");
    }
    unreachable!("there are more numbers than time")
}

#[test]
fn what_was_acknowledged_survives_a_kill_and_no_batch_is_torn() {
    if let Ok(folder) = std::env::var(CHILD) {
        write_until_killed(&folder);
    }
    let folder = tempfile::tempdir().unwrap();
    for round in 0..10_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "durability::what_was_acknowledged_survives_a_kill_and_no_batch_is_torn",
            ])
            .arg("--nocapture")
            .env(CHILD, folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let killer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(60 + 37 * round));
            child.kill().unwrap();
            child.wait().unwrap();
        });
        let numbers = lines.map_while(Result::ok).filter_map(|line| line.parse::<u64>().ok());
        let acknowledged = numbers.last();
        killer.join().unwrap();

        let store = Store::open(folder.path()).unwrap();
        let left: Collection<u64, u64> = store.collection("left").unwrap();
        let right: Collection<u64, String> = store.collection("right").unwrap();
        let all: Vec<_> = left.iter().unwrap().map(Result::unwrap).collect();
        assert!(all.iter().enumerate().all(|(n, entry)| *entry == (n as u64, n as u64 * 7)));
        assert!(acknowledged.is_none_or(|last| all.len() as u64 > last), "round {round}");
        let texts: Vec<_> = right.iter().unwrap().map(Result::unwrap).collect();
        assert_eq!(texts.len(), all.len(), "a batch is torn in round {round}");
        assert!(texts.iter().all(|(number, text)| text.len() as u64 == number % 3000));
    }
}

#[test]
fn a_database_that_came_up_empty_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    store.put("a", &1_u8).unwrap();
    drop(store);
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            std::fs::remove_dir_all(path).unwrap();
        } else if !name.starts_with("pickle-store") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let error = Store::open(folder.path()).map(|_| ()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Corrupt { .. }));
    assert_eq!(error.to_string(), "corrupt store: the database came up empty, and was not");
}

#[test]
fn a_store_of_a_newer_format_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    drop(Store::open(folder.path()).unwrap());
    std::fs::write(folder.path().join("pickle-store"), "pickle-store 2, engine sled\n").unwrap();
    let error = Store::open(folder.path()).map(|_| ()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Unsupported { .. }), "{error}");
}
