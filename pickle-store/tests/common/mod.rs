//! What the tests share: one store per engine.

#![allow(dead_code)] // each test takes what it needs

use std::path::Path;

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
