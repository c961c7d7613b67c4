//! An import that is killed leaves no store that could be taken for a whole one, and the next import
//! begins anew in its place.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use pickle_store::{ErrorKind, Result, Store};

use crate::common::{on_disk, open};
use crate::{ORDER, rounds};

const STREAM: &str = "stream";
const COUNT: u64 = 6000;

/// Imports the stream in a folder into a store beside it.
pub(crate) fn run(engine: &str, folder: &Path) -> Result<Store> {
    let stream = BufReader::new(File::open(folder.join(STREAM))?);
    Store::import(stream, Store::builder(&format!("{engine}:{}", folder.join("store").display())))
}

fn original() -> Store {
    let store = Store::builder("memory:").open().unwrap();
    let people = store.define::<u64, (u64, String)>("people");
    let people = people.unique("by_half", |person| person.0).open().unwrap();
    let mut batch = store.batch();
    for number in 0..COUNT {
        batch.put_in(&people, &number, &(number * 2, "x".repeat(500))).unwrap();
    }
    batch.commit().unwrap();
    store
}

#[test]
fn an_import_that_is_killed_is_begun_anew() {
    let store = original();
    let stats = store.stats().unwrap();
    for engine in on_disk() {
        let folder = tempfile::tempdir().unwrap();
        store.export(File::create(folder.path().join(STREAM)).unwrap()).unwrap();
        let mut ended = false;
        for round in 0..rounds().min(20) {
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "child", "--nocapture"])
                .env(ORDER, format!("import - {engine} {}", folder.path().display()))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(Duration::from_millis(10 + 37 * round));
            child.kill().unwrap();
            child.wait().unwrap();
            match open(engine, folder.path()) {
                // It had not begun, or it had ended. After that, imports are refused.
                Ok(store) => match store.stats().unwrap() {
                    found if found == stats => ended = true,
                    found => assert_eq!((found.collections.len(), ended), (0, false), "{engine}"),
                },
                Err(error) => {
                    assert!(matches!(error.kind(), ErrorKind::Unsupported { .. }), "{error}");
                    assert!(!ended, "{engine}: a store became an import that did not end");
                }
            }
        }
        if !ended {
            drop(run(engine, folder.path()).unwrap());
        }
        let store = open(engine, folder.path()).unwrap();
        assert_eq!(store.stats().unwrap(), stats, "{engine}");
        assert!(store.verify().unwrap().is_ok());
    }
}

#[test]
fn a_store_moves_through_all_engines_and_is_the_same() {
    let store = original();
    let stats = store.stats().unwrap();
    let mut stream = Vec::new();
    store.export(&mut stream).unwrap();
    for engine in on_disk().into_iter().chain(["memory"]).chain(on_disk()) {
        let folder = tempfile::tempdir().unwrap();
        let url = match engine {
            "memory" => "memory:".to_owned(),
            _ => format!("{engine}:{}", folder.path().join("store").display()),
        };
        let moved = Store::import(stream.as_slice(), Store::builder(&url)).unwrap();
        assert_eq!(moved.stats().unwrap(), stats, "{engine}");
        assert!(moved.verify().unwrap().is_ok());
        let mut again = Vec::new();
        moved.export(&mut again).unwrap();
        assert!(again == stream, "{engine}: exported, it is not the same stream");
    }
}
