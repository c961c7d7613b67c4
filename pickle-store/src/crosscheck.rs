//! Whether records agree with what was derived from them.

use crate::catalog::{self, Entry};
use crate::error::{Error, Result};
use crate::inner::Inner;
use crate::plan::{entry_key, entry_value, holder};
use crate::record::{self, Record};

/// Checks an entry of the engine against those that belong to it. It may be out of date.
pub(crate) fn entry(inner: &Inner, key: &[u8], value: &[u8], entry: &Entry) -> Result<()> {
    match entry {
        Entry::Object | Entry::InCollection { .. } => agree(inner, key, || record(inner, key)),
        Entry::Listed { index } => listed(inner, key, value, *index),
        Entry::Expiry => {
            let owner = key.get(9..).unwrap_or_default();
            agree(inner, owner, || expiry(inner, key, owner))
        }
        Entry::Schema
        | Entry::Collection { .. }
        | Entry::State
        | Entry::Earlier
        | Entry::Change => Ok(()),
    }
}

/// Runs a check that reads a record and other entries, until the record stays the same during it.
fn agree(inner: &Inner, record: &[u8], check: impl Fn() -> Result<()>) -> Result<()> {
    loop {
        let before = inner.engine().get(record)?;
        let checked = check();
        let after = inner.engine().get(record)?;
        if checked.is_ok() || before.as_deref() == after.as_deref() {
            return checked;
        }
    }
}

/// All that a record says of itself is in its place.
fn record(inner: &Inner, key: &[u8]) -> Result<()> {
    let engine = inner.engine();
    let Some(bytes) = engine.get(key)? else { return Ok(()) };
    let record = Record::decode(key, &bytes)?;
    if let Some(expires) = record.expires
        && engine.get(&catalog::expiry_key(expires, key))?.is_none()
    {
        return Err(Error::corrupt("the record ends, but nothing says when"));
    }
    let Some(space) = inner.spaces.get(catalog::space_of(key)) else { return Ok(()) };
    for entry in &record.entries() {
        let Some(index) = space.numbered(entry.index) else { continue };
        let at = entry_key(entry, key, index.unique);
        let value = entry_value(&at, entry, key, index.unique);
        if engine.get(&at)?.as_deref() != Some(value.as_slice()) {
            let name = &index.name;
            return Err(Error::corrupt(format!("the index `{name}` does not list the record")));
        }
    }
    Ok(())
}

/// The record that is said to end then says so itself.
fn expiry(inner: &Inner, at: &[u8], owner: &[u8]) -> Result<()> {
    let ends = match inner.engine().get(owner)? {
        Some(record) => record::expires(owner, &record)?,
        None => None,
    };
    let agrees = ends.is_some_and(|ends| catalog::expiry_key(ends, owner) == at);
    match agrees || inner.engine().get(at)?.is_none() {
        true => Ok(()),
        false => Err(Error::corrupt("a time to end without its record")),
    }
}

/// The record that an index lists says so itself.
fn listed(inner: &Inner, at: &[u8], value: &[u8], number: u32) -> Result<()> {
    let spaces = inner.spaces.read().clone();
    let found = spaces.iter().find_map(|(prefix, space)| {
        space.numbered(number).map(|index| (prefix, index.unique, &index.name))
    });
    let Some((prefix, unique, name)) = found else {
        if inner.engine().get(at)?.is_none() {
            return Ok(()); // dropped meanwhile
        }
        return Err(Error::corrupt("an entry of an index that is not there"));
    };
    let owner = holder(at, value, prefix, unique)?;
    agree(inner, &owner, || {
        let lists = match inner.engine().get(&owner)? {
            Some(bytes) => {
                let record = Record::decode(&owner, &bytes)?;
                record
                    .entries()
                    .iter()
                    .any(|entry| entry.index == number && entry_key(entry, &owner, unique) == at)
            }
            None => false,
        };
        match lists || inner.engine().get(at)?.as_deref() != Some(value) {
            true => Ok(()),
            false => Err(Error::corrupt(format!("the index `{name}` lists a record wrongly"))),
        }
    })
}
