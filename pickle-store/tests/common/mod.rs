//! What the tests share: one store per engine.

#![allow(dead_code)] // each test takes what it needs

use std::fs;
use std::path::{Path, PathBuf};

use pickle_store::{Durability, Store};

/// The engines of this build that keep what they are given.
pub(crate) fn on_disk() -> Vec<&'static str> {
    [("sled", cfg!(feature = "sled")), ("redb", cfg!(feature = "redb"))]
        .into_iter()
        .filter_map(|(name, built)| built.then_some(name))
        .collect()
}

/// Opens the store of an engine in a folder.
pub(crate) fn open(engine: &str, folder: &Path) -> pickle_store::Result<Store> {
    open_with(engine, folder, Durability::Sync)
}

/// As [`open`], with a durability.
pub(crate) fn open_with(
    engine: &str,
    folder: &Path,
    durability: Durability,
) -> pickle_store::Result<Store> {
    Store::builder(&url(engine, folder)).durability(durability).open()
}

/// What opens the store of an engine in a folder.
pub(crate) fn url(engine: &str, folder: &Path) -> String {
    format!("{engine}:{}", folder.join("store").display())
}

/// Runs a test on a new store of each engine.
pub(crate) fn on_each(test: impl Fn(&Store)) {
    test(&Store::builder("memory:").open().unwrap());
    for engine in on_disk() {
        let folder = tempfile::tempdir().unwrap();
        test(&open(engine, folder.path()).unwrap());
    }
}

/// The files of a folder and those below.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A copy of a folder, to damage.
pub(crate) fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(file, target).unwrap();
    }
}

/// A folder in memory, where there is one: for tests that open hundreds of stores, none of which
/// depends on what a disk does.
pub(crate) fn folder_in_memory() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    match memory.is_dir() {
        true => tempfile::tempdir_in(memory).unwrap(),
        false => tempfile::tempdir().unwrap(),
    }
}
