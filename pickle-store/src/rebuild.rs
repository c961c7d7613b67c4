//! What can be derived from the records: entries of indexes, and the times at which records end.
//! It is built anew where records were moved or saved.

use std::collections::{BTreeSet, HashMap};

use crate::catalog;
use crate::engine::{Engine, Op, Order};
use crate::error::Result;
use crate::plan::{entry_key, entry_value, sealed};
use crate::record::Record;
use crate::space::{Declared, Spaces, declare};

/// Bytes of keys and values written at once.
const BATCH: usize = 1 << 20;

/// Replaces all that is derived. Damaged records are passed over: whatever was derived from them
/// goes. Of records that have one key in a unique index, one gets it.
pub(crate) fn rebuild(engine: &dyn Engine) -> Result<()> {
    for prefix in catalog::DERIVED {
        catalog::clear(engine, &[prefix])?;
    }
    let spaces = Spaces::open(engine)?;
    let spaces = spaces.read();
    let indexes: HashMap<u32, bool> = spaces
        .values()
        .flat_map(|space| &space.declared.indexes)
        .map(|index| (index.number, index.unique))
        .collect();
    let mut undeclared = BTreeSet::new();
    let (mut ops, mut size) = (Vec::new(), 0);
    for item in engine.scan(catalog::records(), Order::Ascending)? {
        let (key, bytes) = item?;
        let Ok(record) = Record::decode(&key, &bytes) else { continue };
        let mut put = |at: Vec<u8>, value: Vec<u8>| {
            size += at.len() + value.len();
            ops.push(Op::Put { key: at, value });
        };
        if let Some(expires) = record.expires {
            let space = catalog::space_of(&key);
            if !spaces.get(space).is_some_and(|space| space.declared.expires) {
                undeclared.insert(space.to_vec());
            }
            let at = catalog::expiry_key(expires, &key);
            let value = sealed(&at, &[]);
            put(at, value);
        }
        for entry in &record.entries() {
            let Some(unique) = indexes.get(&entry.index) else { continue };
            let at = entry_key(entry, &key, *unique);
            let value = entry_value(&at, entry, &key, *unique);
            put(at, value);
        }
        if size > BATCH {
            size = 0;
            let _ = engine.apply(&[], &std::mem::take(&mut ops))?;
        }
    }
    for prefix in undeclared {
        // The declaration was lost, but not what it was for.
        let mut declared =
            spaces.get(&*prefix).map_or_else(Declared::default, |space| space.declared.clone());
        declared.expires = true;
        ops.push(declare(&prefix, &declared)?);
    }
    let _ = engine.apply(&[], &ops)?;
    Ok(())
}
