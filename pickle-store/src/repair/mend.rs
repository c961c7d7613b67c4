//! The part of a repair that is the same for all engines.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::Repair;
use crate::catalog;
use crate::catalog::facts::Facts;
use crate::engine::{Engine, KeyRange, Op, Order};
use crate::error::{Error, Result};
use crate::rebuild::rebuild;
use crate::record;
use crate::report::Problem;
use crate::space::Spaces;

/// Records removed by one write.
const BATCH: usize = 1000;

/// Makes the entries of an engine agree: removes the damaged ones, and makes good what the catalog
/// has lost.
pub(crate) fn mend(
    engine: &dyn Engine,
    problems: Vec<Error>,
    kept: Option<PathBuf>,
) -> Result<Repair> {
    let mut problems: Vec<_> = problems.into_iter().map(|error| Problem { error }).collect();
    let mut facts = Facts::default();
    let mut damaged = Vec::new();
    let mut unknown = BTreeSet::new();
    let mut saved = 0;
    for item in engine.scan(KeyRange::prefix(&[]), Order::Ascending)? {
        let (key, value) = item?;
        let at = |error: Error| Problem { error: error.at_key(catalog::readable(&key)) };
        if let Err(error) = record::unseal(&key, &value) {
            // What is derived from records is built anew.
            if !key.first().is_some_and(|first| catalog::DERIVED.contains(first)) {
                problems.push(at(error));
            }
            damaged.push(Op::Remove { key: key.to_vec() });
            continue;
        }
        facts.add(&key, &value);
        if !catalog::is_record(&key) {
            continue;
        }
        saved += 1;
        if let Err(error) = catalog::check(engine, &key, &value) {
            // Whoever knows the type can load it: one word for all records of a lost schema.
            if unknown.insert(error.to_string()) {
                problems.push(at(error));
            }
        }
    }
    for ops in damaged.chunks(BATCH) {
        let _ = engine.apply(&[], ops)?;
    }
    let spaces = Spaces::open(engine)?;
    for index in spaces.read().values().flat_map(|space| &space.declared.indexes) {
        facts.add_index(index.number);
    }
    let (mut ops, renamed) = facts.missing();
    let changed = !problems.is_empty() || !damaged.is_empty();
    if changed {
        // What follows from records, some of which are gone, and perhaps others older.
        catalog::clear(engine, &[catalog::LOG])?;
        ops.extend(facts.new_log());
    }
    if !ops.is_empty() {
        let _ = engine.apply(&[], &ops)?;
    }
    if changed {
        rebuild(engine)?;
    }
    engine.sync()?;
    Ok(Repair { saved, problems, renamed, kept })
}
