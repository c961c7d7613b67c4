//! What the entries of a store say of it, for one whose catalog is damaged.

use std::collections::BTreeSet;

use super::{
    CATALOG, COLLECTIONS, FORMAT, FORMAT_KEY, INDEXES, LOG, LOG_KEY, NUMBER_KEY, OBJECTS,
    VERSION_KEY, is_record, sealed, set_change_log,
};
use crate::engine::Op;
use crate::record::Record;

/// What the entries of a store say that the catalog must know.
#[derive(Default)]
pub(crate) struct Facts {
    format: bool,
    /// The highest version in use, and the highest that the catalog knows of.
    version: u64,
    known_version: u64,
    /// The numbers of collections that are in use, and of those with a name; how many are known.
    used: BTreeSet<u32>,
    named: BTreeSet<u32>,
    known_number: u64,
    /// The highest number of an index, and whether and how far changes are logged.
    index: u32,
    log_limit: Option<u64>,
    log_end: u64,
}

impl Facts {
    /// Takes an entry into account that is whole.
    pub(crate) fn add(&mut self, key: &[u8], value: &[u8]) {
        let number = || value.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        if is_record(key) {
            let version = Record::decode(key, value).map_or(0, |record| record.version.0);
            self.version = self.version.max(version);
        }
        match key {
            [COLLECTIONS, rest @ ..] => {
                self.used.extend(rest.first_chunk().map(|bytes| u32::from_be_bytes(*bytes)));
            }
            [CATALOG, b'c', ..] => {
                self.named.extend(value.first_chunk().map(|bytes| u32::from_be_bytes(*bytes)));
            }
            [INDEXES, rest @ ..] => {
                let number = rest.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
                self.index = self.index.max(number);
            }
            [LOG, number @ ..] => {
                let number = number.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
                self.log_end = self.log_end.max(number);
            }
            _ if *key == LOG_KEY => self.log_limit = Some(number()),
            _ if *key == FORMAT_KEY => self.format = true,
            _ if *key == VERSION_KEY => self.known_version = number(),
            _ if *key == NUMBER_KEY => self.known_number = number(),
            _ => {}
        }
    }

    /// Takes into account that there is an index of this number.
    pub(crate) fn add_index(&mut self, number: u32) {
        self.index = self.index.max(number);
    }

    /// The entry that begins the log of changes anew, where there was one: beyond all numbers that
    /// it gave, so that no watch resumes across a gap.
    pub(crate) fn new_log(&self) -> Option<Op> {
        let version = self.version.max(self.known_version) + 1;
        let base = (self.log_end + 1).max(version << 20);
        self.log_limit.map(|limit| set_change_log(limit, base))
    }

    /// The entries that make good what is lost, and the names that collections are given.
    pub(crate) fn missing(&self) -> (Vec<Op>, Vec<String>) {
        let (mut ops, mut names) = (Vec::new(), Vec::new());
        if !self.format {
            ops.push(sealed(&FORMAT_KEY, vec![FORMAT]));
        }
        if self.known_version < self.version {
            ops.push(sealed(&VERSION_KEY, self.version.to_le_bytes().to_vec()));
        }
        let highest = self.used.last().max(self.named.last()).max(Some(&self.index));
        let highest = highest.copied().unwrap_or(0);
        if self.known_number < highest.into() {
            ops.push(sealed(&NUMBER_KEY, u64::from(highest).to_le_bytes().to_vec()));
        }
        for number in self.used.difference(&self.named) {
            let name = format!("recovered {number}");
            let key = [&[CATALOG, b'c'], name.as_bytes()].concat();
            ops.push(sealed(&key, number.to_be_bytes().to_vec()));
            names.push(name);
        }
        (ops, names)
    }
}

/// Whether one whole entry of a key is certainly later than another.
pub(crate) fn is_later(key: &[u8], entry: &[u8], than: &[u8]) -> bool {
    let version = |bytes| Record::decode(key, bytes).ok().map(|record| record.version);
    matches!(key, [OBJECTS | COLLECTIONS, ..]) && version(entry) > version(than)
}
