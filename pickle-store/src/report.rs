//! What is in a store, and what of it is damaged.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use crate::catalog::{self, Entry};
use crate::engine::{Engine, KeyRange, Order};
use crate::error::{Error, Result};

/// What [`Store::verify`](crate::Store::verify) found.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// Records that are whole.
    pub whole: u64,
    /// What is damaged.
    pub problems: Vec<Problem>,
}

/// Something that is damaged.
#[derive(Debug)]
#[non_exhaustive]
pub struct Problem {
    /// What is wrong; with the key, where it is a record.
    pub error: Error,
}

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Report {
    /// Whether nothing is damaged.
    pub fn is_ok(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Counts and sizes, from [`Store::stats`](crate::Store::stats).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Records of the store itself.
    pub objects: u64,
    /// Records of each collection, by name.
    pub collections: BTreeMap<String, u64>,
    /// Types that were ever stored.
    pub types: u64,
    /// Bytes of all keys.
    pub key_bytes: u64,
    /// Bytes of all records and of the store's own entries.
    pub value_bytes: u64,
}

pub(crate) fn verify(engine: &dyn Engine) -> Result<Report> {
    let mut report = Report::default();
    if let Err(error) = engine.verify() {
        report.problems.push(Problem { error });
    }
    for item in engine.scan(KeyRange::prefix(&[]), Order::Ascending)? {
        let (key, value) = item?;
        match catalog::check(engine, &key, &value) {
            Ok(_) => report.whole += 1,
            Err(error) => {
                let error = error.at_key(catalog::readable(&key));
                report.problems.push(Problem { error });
            }
        }
    }
    Ok(report)
}

pub(crate) fn stats(engine: &dyn Engine) -> Result<Stats> {
    let mut stats = Stats::default();
    let mut names = BTreeMap::new();
    for item in engine.scan(KeyRange::prefix(&[]), Order::Ascending)? {
        let (key, value) = item?;
        stats.key_bytes += key.len() as u64;
        stats.value_bytes += value.len() as u64;
        let entry = catalog::check(engine, &key, &value);
        match entry.map_err(|error| error.at_key(catalog::readable(&key)))? {
            Entry::Schema => stats.types += 1,
            Entry::State => {}
            Entry::Object => stats.objects += 1,
            Entry::Collection { name, prefix } => {
                stats.collections.insert(name.clone(), 0);
                names.insert(prefix, name);
            }
            Entry::InCollection { prefix } => {
                // One that was begun after the scan passed the names is left out.
                if let Some(name) = names.get(&prefix) {
                    *stats.collections.entry(name.clone()).or_default() += 1;
                }
            }
        }
    }
    Ok(stats)
}
