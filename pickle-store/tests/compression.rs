//! Compressed records: smaller, read by every build that can, and refused with words by others.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{copy, folder_in_memory, on_disk, url};
use pickle_core::Compression;
use pickle_derive::Pickle;
use pickle_store::{Result, Store};

#[derive(Pickle, Clone, Debug, PartialEq)]
#[pickle(crate = pickle_core, class = "compressed.Page")]
struct Page {
    number: u32,
    text: String,
}

fn page(number: u32) -> Page {
    Page { number, text: format!("line {number}, again. ").repeat(20) }
}

const COUNT: u32 = 50;

const BOTH: [(&str, Compression, bool); 2] = [
    ("zstd", Compression::Zstd(3), cfg!(feature = "zstd")),
    ("lz4", Compression::Lz4, cfg!(feature = "lz4")),
];

/// Those of this build.
fn built() -> impl Iterator<Item = (&'static str, Compression)> {
    BOTH.into_iter()
        .filter(|(_, _, built)| *built)
        .map(|(name, compression, _)| (name, compression))
}

fn fill(store: &Store) {
    let pages = store.collection::<u32, Page>("pages").unwrap();
    for number in 0..COUNT {
        pages.put(&number, &page(number)).unwrap();
    }
    store.put("short", &7_u8).unwrap();
    store.put("page", &page(999)).unwrap();
}

fn check(store: &Store) {
    let pages = store.collection::<u32, Page>("pages").unwrap();
    let found: Vec<_> = pages.iter().unwrap().collect::<Result<_>>().unwrap();
    assert!(found.into_iter().eq((0..COUNT).map(|number| (number, page(number)))));
    assert_eq!(store.get("short").unwrap(), Some(7_u8));
    assert_eq!(store.get("page").unwrap(), Some(page(999)));
    assert_sound(store);
}

fn assert_sound(store: &Store) {
    let report = store.verify().unwrap();
    let problems: Vec<_> = report.problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems, Vec::<String>::new());
}

/// Where the stores of each algorithm are that were made once.
fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden-compressed").join(name)
}

#[test]
fn compressed_records_are_smaller_and_load_whatever_the_next_opening_says() {
    let plain = Store::builder("memory:").open().unwrap();
    fill(&plain);
    let plain_bytes = plain.stats().unwrap().value_bytes;
    for (name, compression) in built() {
        for engine in on_disk() {
            let folder = folder_in_memory();
            let url = url(engine, folder.path());
            let store = Store::builder(&url).compression(compression).open().unwrap();
            fill(&store);
            check(&store);
            let bytes = store.stats().unwrap().value_bytes;
            assert!(bytes * 3 < plain_bytes, "{name}: {bytes} of {plain_bytes}");
            drop(store);
            let store = Store::builder(&url).open().unwrap();
            check(&store);
            // What is written now is not compressed, and both load side by side.
            let pages = store.collection::<u32, Page>("pages").unwrap();
            pages.put(&3, &page(3)).unwrap();
            assert!(store.stats().unwrap().value_bytes > bytes);
            check(&store);
        }
    }
}

#[test]
fn a_record_that_does_not_become_smaller_stays_as_it_is() {
    for (_, compression) in built() {
        let plain = Store::builder("memory:").open().unwrap();
        let store = Store::builder("memory:").compression(compression).open().unwrap();
        for store in [&plain, &store] {
            store.put("short", "nothing in it comes twice").unwrap();
            store.put("bomb", &vec![0_u64; 1 << 20]).unwrap();
        }
        if matches!(compression, Compression::Zstd(_)) {
            assert_eq!(store.stats().unwrap(), plain.stats().unwrap());
        }
        assert_eq!(store.get("bomb").unwrap(), Some(vec![0_u64; 1 << 20]));
        assert_eq!(store.get::<String>("short").unwrap().unwrap(), "nothing in it comes twice");
    }
}

#[test]
fn indexes_times_to_live_history_and_updates_take_compressed_records() {
    for (_, compression) in built() {
        let store = Store::builder("memory:").compression(compression).open().unwrap();
        fill(&store);
        let bytes = store.stats().unwrap().value_bytes;
        let pages =
            store.define::<u32, Page>("pages").index("by_ten", |page: &Page| page.number / 10);
        let pages = pages.history(2).open().unwrap();
        // Listed in an index, a record is still compressed.
        assert!(store.stats().unwrap().value_bytes < bytes + u64::from(COUNT) * 64);
        check(&store);
        pages.update(&7, |page| page.text.push('!')).unwrap();
        pages.put_with_ttl(&99, &page(99), Duration::from_secs(3600)).unwrap();
        let tens = pages.index::<u32>("by_ten").unwrap();
        assert_eq!(tens.find(&0).unwrap().count(), 10);
        assert_eq!(tens.get(&9).unwrap().unwrap().1, page(99));
        assert_eq!(pages.history(&7).unwrap().next().unwrap().unwrap().1, page(7));
        assert_sound(&store);
    }
}

#[test]
fn compressed_records_of_an_older_type_load_and_migrate() {
    #[derive(Pickle, Debug, PartialEq)]
    #[pickle(crate = pickle_core, class = "compressed.Page")]
    struct NewPage {
        number: u64,
        text: String,
        #[pickle(default)]
        title: Option<String>,
    }
    for (_, compression) in built() {
        let store = Store::builder("memory:").compression(compression).open().unwrap();
        fill(&store);
        let pages = store.collection::<u32, NewPage>("pages").unwrap();
        let new = |number| NewPage { number, text: page(number as u32).text, title: None };
        assert_eq!(pages.get(&7).unwrap(), Some(new(7)));
        assert_eq!(pages.migrate(|_| ()).unwrap().rewritten, u64::from(COUNT));
        assert_eq!(pages.migrate(|_| ()).unwrap().rewritten, 0);
        assert_eq!(pages.get(&7).unwrap(), Some(new(7)));
        assert_sound(&store);
    }
}

#[test]
fn an_export_holds_compressed_records_for_any_engine() {
    for (_, compression) in built() {
        let store = Store::builder("memory:").compression(compression).open().unwrap();
        fill(&store);
        let mut stream = Vec::new();
        store.export(&mut stream).unwrap();
        let copy = Store::import(stream.as_slice(), Store::builder("memory:")).unwrap();
        assert_eq!(copy.stats().unwrap(), store.stats().unwrap());
        check(&copy);
    }
}

/// `GOLDEN=add` adds the stores that are missing. They are never written anew.
#[test]
fn stores_that_were_compressed_once_are_opened() {
    for (name, compression) in built() {
        let golden = golden(name);
        if std::env::var_os("GOLDEN").is_some_and(|value| value == "add") && !golden.exists() {
            let url = format!("sled:{}", golden.join("sled").display());
            let store = Store::builder(&url).compression(compression).open().unwrap();
            fill(&store);
            store.export(fs::File::create(golden.join("stream")).unwrap()).unwrap();
            drop(store);
            fs::remove_dir_all(golden.join("sled/index")).unwrap();
            fs::remove_file(golden.join("sled/lock")).unwrap();
        }
        let stream = fs::read(golden.join("stream")).unwrap();
        check(&Store::import(stream.as_slice(), Store::builder("memory:")).unwrap());
        if cfg!(feature = "sled") {
            let folder = folder_in_memory();
            copy(&golden.join("sled"), folder.path());
            check(&Store::open(folder.path()).unwrap());
        }
    }
}

#[test]
fn a_build_without_the_algorithm_says_so_and_still_moves_and_verifies() {
    for (name, compression, built) in BOTH {
        if built {
            continue;
        }
        let store = Store::builder("memory:").compression(compression).open().unwrap();
        let error = store.put("page", &page(1)).unwrap_err().to_string();
        assert!(error.contains(&format!("compression by {name}")), "{error}");
        assert!(error.contains("enable the feature of that name"), "{error}");
        let stream = fs::read(golden(name).join("stream")).unwrap();
        let store = Store::import(stream.as_slice(), Store::builder("memory:")).unwrap();
        assert_sound(&store);
        let mut again = Vec::new();
        store.export(&mut again).unwrap();
        assert!(again == stream);
        let error = store.get::<Page>("page").unwrap_err().to_string();
        assert!(error.contains(&format!("compression by {name}")), "{error}");
        assert_eq!(store.get("short").unwrap(), Some(7_u8));
        assert!(store.remove("page").unwrap());
    }
}
