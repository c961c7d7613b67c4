//! An index whose build is killed is whole or absent, and can be built; a migration that is killed
//! goes on where it was.

use std::path::Path;
use std::time::Duration;

use pickle_derive::Pickle;
use pickle_store::{Collection, Durability, ErrorKind, Result, Store};

use crate::common::{folder_in_memory, on_disk, open, open_with};
use crate::{After, rounds, run_and_kill};

/// Several steps of a migration.
const COUNT: u64 = 700;
/// With texts so long, several steps of a build.
const LONG: usize = 1700;
const SHORT: usize = 30;

#[derive(Pickle, Clone, Debug, PartialEq)]
#[pickle(crate = pickle_core, class = "crash.Item")]
struct OldItem {
    id: u32,
    text: String,
}

#[derive(Pickle, Clone, Debug, PartialEq)]
#[pickle(crate = pickle_core, class = "crash.Item")]
struct Item {
    id: u64,
    text: String,
    #[pickle(default)]
    note: Option<String>,
}

fn fill(engine: &str, folder: &Path, width: usize) {
    let store = open_with(engine, folder, Durability::Os).unwrap();
    let items = store.collection::<u64, OldItem>("items").unwrap();
    let mut batch = store.batch();
    for id in 0..COUNT {
        let item = OldItem { id: id as u32, text: format!("{id:0width$}") };
        batch.put_in(&items, &id, &item).unwrap();
    }
    batch.commit().unwrap();
    store.sync().unwrap();
}

/// Builds the indexes of a store, again and again, until the process ends.
pub(crate) fn build(engine: &str, folder: &Path) -> Result<()> {
    let store = open(engine, folder)?;
    println!("opened");
    for number in 0_u64.. {
        define(&store, Build::Anew)?;
        println!("wrote 0 {number}");
    }
    Ok(())
}

/// Migrates a store, and says how far it is.
pub(crate) fn migrate(engine: &str, folder: &Path) -> Result<()> {
    let store = open(engine, folder)?;
    let items = store.collection::<u64, Item>("items")?;
    println!("opened");
    items.migrate(|done| println!("wrote 0 {}", done.rewritten))?;
    println!("ended");
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Build {
    Missing,
    Anew,
}

fn define(store: &Store, build: Build) -> Result<Collection<u64, Item>> {
    let items = store
        .define::<u64, Item>("items")
        .index("by_rest", |item: &Item| item.id % 10)
        .unique("by_id", |item: &Item| item.id + 1);
    match build {
        Build::Missing => items.open(),
        Build::Anew => items.rebuild().open(),
    }
}

/// Whether the indexes are there; each that is must be whole.
fn indexed(store: &Store) -> bool {
    let items = store.collection::<u64, Item>("items").unwrap();
    let found = ["by_rest", "by_id"].map(|name| match items.index::<u64>(name) {
        Ok(index) => {
            let listed: Vec<_> =
                index.iter().unwrap().map(|item| item.map(|(_, key, _)| key).unwrap()).collect();
            let mut expected: Vec<_> = (0..COUNT).collect();
            if name == "by_rest" {
                expected.sort_by_key(|id| id % 10);
            }
            assert_eq!(listed, expected, "{name}");
            true
        }
        Err(error) => {
            assert!(matches!(error.kind(), ErrorKind::Unsupported { .. }), "{error}");
            false
        }
    });
    assert_eq!(found[0], found[1], "one of two that are built together");
    found[0]
}

fn assert_sound(store: &Store) {
    let report = store.verify().unwrap();
    let problems: Vec<_> = report.problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems, Vec::<String>::new());
}

#[test]
fn an_index_whose_build_was_killed_is_whole_or_absent_and_can_be_built() {
    for engine in on_disk() {
        let mut folder = folder_in_memory();
        fill(engine, folder.path(), LONG);
        let mut absent = 0;
        for round in 0..rounds() {
            let time = Duration::from_micros((round * 7_919_077 + 311) % 90_000);
            run_and_kill("build", "-", engine, folder.path(), After::Opening(time));
            let store = open(engine, folder.path()).unwrap();
            assert_sound(&store);
            if !indexed(&store) {
                absent += 1;
            }
            // By the program that declares it next, whatever is there.
            define(&store, Build::Missing).unwrap();
            assert!(indexed(&store));
            if round % 3 != 1 {
                // Begin without an index again.
                drop(store);
                folder = folder_in_memory();
                fill(engine, folder.path(), LONG);
            }
        }
        assert!(absent > 0, "{engine}: each kill came too late");
    }
}

#[test]
fn a_migration_that_was_killed_goes_on_where_it_was() {
    for engine in on_disk() {
        let mut folder = folder_in_memory();
        fill(engine, folder.path(), SHORT);
        let (mut told, mut cut) = (0, 0);
        for round in 0..rounds() {
            let time = Duration::from_micros((round * 7_919_077 + 311) % 60_000);
            let last = run_and_kill("migrate", "-", engine, folder.path(), After::Opening(time));
            told += last.wrote[0].unwrap_or(0);
            let store = open(engine, folder.path()).unwrap();
            assert_sound(&store);
            // Read by either version, records are what they were, rewritten or not.
            let items = store.collection::<u64, Item>("items").unwrap();
            let found: Vec<_> = items.iter().unwrap().map(|item| item.unwrap().1).collect();
            let item = |id| Item { id, text: format!("{id:0SHORT$}"), note: None };
            assert!(found.into_iter().eq((0..COUNT).map(item)), "{engine}, round {round}");
            if told > 0 && told < COUNT && round % 3 == 0 {
                // Go on with the rest in another process.
                cut += 1;
                continue;
            }
            let rest = items.migrate(|_| ()).unwrap();
            assert_eq!(rest.seen, COUNT);
            assert!(rest.rewritten + told <= COUNT, "{engine}: {rest:?} after {told}");
            cut += u64::from(rest.rewritten > 0);
            assert_eq!(items.migrate(|_| ()).unwrap().rewritten, 0);
            drop((store, items));
            folder = folder_in_memory();
            fill(engine, folder.path(), SHORT);
            told = 0;
        }
        assert!(cut > 0, "{engine}: each kill came too late");
    }
}
