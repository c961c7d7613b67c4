//! What is in a store, and what of it is damaged.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use crate::catalog::{self, Entry};
use crate::crosscheck;
use crate::engine::{KeyRange, Order};
use crate::error::{Error, Result};
use crate::inner::Inner;

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
    /// Entries of each index, by the names of collection and index: `users.by_email`.
    pub indexes: BTreeMap<String, u64>,
    /// Records that will end, or have ended and were not swept yet.
    pub expiring: u64,
    /// Earlier versions that are kept.
    pub earlier: u64,
    /// Changes in the log, for watches that resume.
    pub changes: u64,
    /// Types that were ever stored.
    pub types: u64,
    /// Bytes of all keys.
    pub key_bytes: u64,
    /// Bytes of all records and of the store's own entries.
    pub value_bytes: u64,
}

pub(crate) fn verify(inner: &Inner) -> Result<Report> {
    let engine = inner.engine();
    let problems = engine.verify()?.into_iter().map(|error| Problem { error }).collect();
    let mut report = Report { whole: 0, problems };
    let items = match engine.scan(KeyRange::prefix(&[]), Order::Ascending) {
        Ok(items) => items,
        // It was found out, and the engine gives no more.
        Err(_) if !report.problems.is_empty() => return Ok(report),
        Err(error) => return Err(error),
    };
    for item in items {
        let checked = item.and_then(|(key, value)| {
            let checked = catalog::check(engine, &key, &value);
            let checked = checked.and_then(|entry| crosscheck::entry(inner, &key, &value, &entry));
            checked.map_err(|error| error.at_key(catalog::readable(&key)))
        });
        match checked {
            Ok(()) => report.whole += 1,
            Err(error) => report.problems.push(Problem { error }),
        }
    }
    Ok(report)
}

pub(crate) fn stats(inner: &Inner) -> Result<Stats> {
    let engine = inner.engine();
    let mut stats = Stats::default();
    let (mut names, mut indexes) = (BTreeMap::new(), BTreeMap::new());
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
                if let Some(space) = inner.spaces.get(&prefix) {
                    for index in &space.declared.indexes {
                        let name = format!("{name}.{}", index.name);
                        stats.indexes.insert(name.clone(), 0);
                        indexes.insert(index.number, name);
                    }
                }
                names.insert(prefix, name);
            }
            // One that was begun after the scan passed the names is left out.
            Entry::InCollection { prefix } => count(&mut stats.collections, names.get(&prefix)),
            Entry::Listed { index } => count(&mut stats.indexes, indexes.get(&index)),
            Entry::Expiry => stats.expiring += 1,
            Entry::Earlier => stats.earlier += 1,
            Entry::Change => stats.changes += 1,
        }
    }
    Ok(stats)
}

fn count(counts: &mut BTreeMap<String, u64>, name: Option<&String>) {
    if let Some(name) = name {
        *counts.entry(name.clone()).or_default() += 1;
    }
}
