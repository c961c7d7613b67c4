//! A process that is killed loses nothing that it was told is stored, and tears no batch, no
//! index, no import and no migration.
//!
//! `kill.sh ROUNDS` runs it for longer. `power.py` uses the same writer and the same checks under
//! power cuts.

#![cfg(unix)] // where a kill is a kill

#[path = "../common/mod.rs"]
mod common;
mod import;
mod rewrite;
mod work;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use common::on_disk;
use work::Mode;

/// Set in a child: `write MODE ENGINE FOLDER`, `check` of the same, or `import`, `build` or
/// `migrate` with `- ENGINE FOLDER`.
const ORDER: &str = "PICKLE_STORE_CRASH";
/// How many rounds of each kind, if not `ROUNDS`.
const COUNT: &str = "PICKLE_STORE_ROUNDS";
const ROUNDS: u64 = 10;

/// Does what [`ORDER`] says; a test of nothing where there is no order.
#[test]
fn child() {
    let Ok(order) = std::env::var(ORDER) else { return };
    let words: Vec<_> = order.splitn(4, ' ').collect();
    let [what, mode, engine, folder] = words[..] else { panic!("an order of four words") };
    match what {
        "import" => return drop(import::run(engine, Path::new(folder)).unwrap()),
        "build" => return rewrite::build(engine, Path::new(folder)).unwrap(),
        "migrate" => return rewrite::migrate(engine, Path::new(folder)).unwrap(),
        _ => {}
    }
    let mode: Mode = mode.parse().unwrap();
    match what {
        "write" => work::write(mode, engine, Path::new(folder)),
        "check" => match work::check(engine, Path::new(folder), mode.threads()) {
            Ok(steps) => println!("found {steps:?}"),
            Err(what) => panic!("{what}"),
        },
        _ => panic!("write, check, import, build or migrate"),
    }
}

/// The last steps that a child reported, by thread.
#[derive(Debug)]
struct Told {
    wrote: Vec<Option<u64>>,
    synced: Vec<Option<u64>>,
}

/// When a child is killed.
#[derive(Clone, Copy, Debug)]
enum After {
    Start(Duration),
    Opening(Duration),
}

/// Runs a child and kills it after a while.
fn run_and_kill(what: &str, mode: &str, engine: &str, folder: &Path, after: After) -> Told {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(ORDER, format!("{what} {mode} {engine} {}", folder.display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let (opened, is_open) = mpsc::channel();
    let killer = std::thread::spawn(move || {
        match after {
            After::Start(time) => std::thread::sleep(time),
            After::Opening(time) => {
                // It may have died instead, and then there is nothing to wait for.
                let _ = is_open.recv();
                std::thread::sleep(time);
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
    });
    let mut told = Told { wrote: vec![None; 3], synced: vec![None; 3] };
    // The last line may be cut, which only makes the claim weaker.
    for line in output.split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8(line).unwrap();
        let words: Vec<_> = line.split(' ').collect();
        let list = match words[0] {
            "wrote" => &mut told.wrote,
            "synced" => &mut told.synced,
            "opened" => {
                let _ = opened.send(());
                continue;
            }
            _ => continue,
        };
        let [_, thread, number] = words[..] else { continue };
        let (thread, number): (usize, u64) = (thread.parse().unwrap(), number.parse().unwrap());
        list[thread] = list[thread].max(Some(number));
    }
    drop(opened);
    killer.join().unwrap();
    told
}

pub(crate) fn rounds() -> u64 {
    std::env::var(COUNT).map_or(ROUNDS, |count| count.parse().unwrap())
}

/// Kills writers over one store, again and again.
fn survive(engine: &str, modes: &[&str]) {
    let mut folder = tempfile::tempdir().unwrap();
    let mut steps = 0;
    for (round, mode) in (0..rounds()).zip(modes.iter().cycle()) {
        // From in the middle of opening to some hundred steps.
        let time = Duration::from_micros((round * 7_919_077 + 31) % 130_000);
        let after = match round % 5 {
            4 => {
                // In the middle of beginning a store, as near as can be.
                folder = tempfile::tempdir().unwrap();
                After::Start(time / 6)
            }
            1 => After::Start(time / 3),
            _ => After::Opening(time),
        };
        let told = run_and_kill("write", mode, engine, folder.path(), after);
        let kind: Mode = mode.parse().unwrap();
        let what = format!("{engine}, round {round}, {mode}, killed {after:?}");
        let found = match work::check(engine, folder.path(), 3) {
            Ok(found) => found,
            Err(error) => panic!("{what}: {error}"),
        };
        // What the system has, a kill does not take. redb gives it to the system when it syncs.
        let promised = match (engine, kind) {
            ("redb", Mode::Every | Mode::Window(_) | Mode::Never) => &told.synced,
            _ => &told.wrote,
        };
        for (found, promised) in found.iter().zip(promised) {
            assert!(found >= promised, "{what}: lost: {found:?} of {told:?}");
        }
        steps += told.wrote.iter().flatten().count();
    }
    assert!(steps > 0, "{engine}: no child came as far as to store anything");
}

#[test]
fn what_was_written_survives_a_kill() {
    for engine in on_disk() {
        survive(engine, &["sync", "never", "sync", "every", "20"]);
    }
}
