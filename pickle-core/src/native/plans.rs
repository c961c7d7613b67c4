//! Plans by the schema they were made from, so that many records of one old type cost one plan.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::classes::{self, Stated};
use super::plan::Plan;
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Schema, fingerprint};

/// Plans that are remembered, and the largest schema of one of them. Old versions of a program's
/// types are few; strangers may send any number.
const PLANS: usize = 64;
const LARGEST: usize = 64 << 10;

/// Bytes of memory that schema and plan take for each type, and for each byte of the rest, at most.
const TYPE: u64 = 200;
const BYTE: u64 = 40;

struct Known {
    schema: Box<[u8]>,
    plan: Arc<Plan>,
}

/// The plan for a schema as it stands in a pickle or store, with the fingerprint beside it; and the
/// payload without the table of classes that ends it where it holds objects.
///
/// # Errors
/// When the bytes are no schema, or one of another fingerprint, or too many for the budget; when the
/// payload ends with no table where it should.
pub(crate) fn plan<'p>(
    schema: &[u8],
    stated: u64,
    payload: &'p [u8],
    budget: u64,
) -> Result<(Arc<Plan>, &'p [u8])> {
    let plan = known(schema, stated, schema, budget, &[])?;
    if !plan.has_objects {
        return Ok((plan, payload));
    }
    let (rest, table) = classes::split(payload)?;
    let classes = classes::read(table)?;
    let all = [schema, table].concat();
    let mut left = budget;
    for class in &classes {
        let own = class.schema.unwrap_or_default();
        if !own.is_empty() && fingerprint(own) != class.fingerprint {
            return Err(Error::corrupt(
                "the schema and fingerprint of a class do not belong together",
            ));
        }
        left = left.saturating_sub(cost(own)?);
    }
    if left == 0 {
        return Err(Error::new(ErrorKind::Memory { limit: budget }));
    }
    Ok((known(&all, fingerprint(&all), schema, left, &classes)?, rest))
}

/// The plan for a schema of the program's own, in which there are no trait objects.
pub(crate) fn own(schema: &[u8], fingerprint: u64) -> Result<Arc<Plan>> {
    known(schema, fingerprint, schema, u64::MAX, &[])
}

/// What a schema and its plan take of memory, at most.
fn cost(schema: &[u8]) -> Result<u64> {
    let types = if schema.is_empty() { 0 } else { Schema::count_in(schema)? };
    let bytes = schema.len() as u64;
    Ok(types.saturating_mul(TYPE).saturating_add(bytes.saturating_mul(BYTE)).max(1))
}

/// The plan for what `all` describes: a schema, and classes behind it.
fn known(
    all: &[u8],
    stated: u64,
    schema: &[u8],
    budget: u64,
    classes: &[Stated<'_>],
) -> Result<Arc<Plan>> {
    static PLANNED: RwLock<Option<HashMap<u64, Known>>> = RwLock::new(None);
    let known = PLANNED.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = known.as_ref().and_then(|known| known.get(&stated))
        && *known.schema == *all
    {
        return Ok(Arc::clone(&known.plan));
    }
    drop(known);
    if fingerprint(all) != stated {
        return Err(Error::corrupt("the schema and its fingerprint do not belong together"));
    }
    if cost(schema)? > budget {
        return Err(Error::new(ErrorKind::Memory { limit: budget }));
    }
    let plan = Arc::new(Plan::new(Schema::from_bytes(schema)?, classes)?);
    if all.len() <= LARGEST {
        let mut known = PLANNED.write().unwrap_or_else(PoisonError::into_inner);
        let known = known.get_or_insert_default();
        if known.len() >= PLANS {
            known.clear();
        }
        known.insert(stated, Known { schema: all.into(), plan: Arc::clone(&plan) });
    }
    Ok(plan)
}
