//! A process that is killed loses nothing that it was told is stored, and tears no batch.

#![cfg(unix)] // where a kill is a kill

mod common;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{on_disk, open, open_with};
use pickle_store::{Durability, Result};

/// Set in the child: the engine and the folder.
const CHILD: &str = "PICKLE_STORE_CRASH_CHILD";
const ROUNDS: u64 = 10;
const THREADS: u64 = 3;

/// What the child does until it is killed: batches of two records that belong together, each
/// reported when it was acknowledged.
fn write_for_ever(engine: &str, folder: &Path, durability: Durability) {
    let store = open_with(engine, folder, durability).unwrap();
    let items = store.collection::<(u64, u64), (u64, Vec<u8>)>("items").unwrap();
    let twins = store.collection::<(u64, u64), u64>("twins").unwrap();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (store, items, twins) = (&store, &items, &twins);
            scope.spawn(move || {
                let next = items.prefix(&(thread,)).unwrap().next_back();
                let next = next.map_or(0, |last| last.unwrap().0.1 + 1);
                for number in next.. {
                    // Every so often a large one.
                    let size = if number % 10 == 9 { 100_000 } else { 100 };
                    let value = (number, vec![number as u8; size]);
                    let mut batch = store.batch();
                    batch.put_in(items, &(thread, number), &value).unwrap();
                    batch.put_in(twins, &(thread, number), &number).unwrap();
                    batch.commit().unwrap();
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "stored {thread} {number}").unwrap();
                    out.flush().unwrap();
                }
            });
        }
    });
}

#[test]
fn child() {
    let Ok(order) = std::env::var(CHILD) else { return };
    let (engine, folder) = order.split_once(':').unwrap();
    let durability = match engine {
        "sled" => Durability::Os,
        _ => Durability::Sync,
    };
    write_for_ever(engine, Path::new(folder), durability);
}

/// Runs a child and kills it after a while; returns the last number that each thread reported.
fn run_and_kill(engine: &str, folder: &Path, after: Duration) -> [Option<u64>; THREADS as usize] {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD, format!("{engine}:{}", folder.display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let killer = std::thread::spawn(move || {
        std::thread::sleep(after);
        child.kill().unwrap();
        child.wait().unwrap();
    });
    let mut last = [None; THREADS as usize];
    for line in output.lines().map_while(Result::ok) {
        // The last line may be cut, which only makes the claim weaker.
        let mut words = line.split(' ');
        let (Some("stored"), Some(thread), Some(number)) =
            (words.next(), words.next(), words.next())
        else {
            continue;
        };
        let thread: usize = thread.parse().unwrap();
        last[thread] = Some(number.parse::<u64>().unwrap());
    }
    killer.join().unwrap();
    last
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    for engine in on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let mut total = 0;
        for round in 0..ROUNDS {
            // From in the middle of opening to some hundred batches.
            let after = Duration::from_millis(5 + (round * 7919) % 120);
            let last = run_and_kill(engine, folder.path(), after);
            let store = open(engine, folder.path()).unwrap();
            let items = store.collection::<(u64, u64), (u64, Vec<u8>)>("items").unwrap();
            let twins = store.collection::<(u64, u64), u64>("twins").unwrap();
            for (thread, last) in (0..).zip(last) {
                let found: Vec<_> =
                    items.prefix(&(thread,)).unwrap().collect::<Result<_>>().unwrap();
                let pairs: Vec<_> =
                    twins.prefix(&(thread,)).unwrap().collect::<Result<_>>().unwrap();
                assert!(last.is_none_or(|last| found.len() as u64 > last), "{engine}: lost");
                assert_eq!(found.len(), pairs.len(), "{engine}: a torn batch");
                for (number, (key, value)) in (0..).zip(&found) {
                    assert_eq!((*key, value.0), ((thread, number), number));
                    assert!(value.1.iter().all(|byte| *byte == number as u8));
                }
                total += last.map_or(0, |_| 1);
            }
        }
        assert!(total > 0, "{engine}: no child came as far as to store anything");
    }
}
