//! Plans by the schema they were made from, so that many records of one old type cost one plan.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

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

/// The plan for a schema as it stands in a pickle or store, with the fingerprint beside it.
///
/// # Errors
/// When the bytes are no schema, or one of another fingerprint, or too many for the budget.
pub(crate) fn plan(schema: &[u8], stated: u64, budget: u64) -> Result<Arc<Plan>> {
    static PLANNED: RwLock<Option<HashMap<u64, Known>>> = RwLock::new(None);
    let known = PLANNED.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = known.as_ref().and_then(|known| known.get(&stated))
        && *known.schema == *schema
    {
        return Ok(Arc::clone(&known.plan));
    }
    drop(known);
    if fingerprint(schema) != stated {
        return Err(Error::corrupt("the schema and its fingerprint do not belong together"));
    }
    let (types, bytes) = (Schema::count_in(schema)?, schema.len() as u64);
    if types.saturating_mul(TYPE).saturating_add(bytes.saturating_mul(BYTE)) > budget {
        return Err(Error::new(ErrorKind::Memory { limit: budget }));
    }
    let plan = Arc::new(Plan::new(&Schema::from_bytes(schema)?)?);
    if schema.len() <= LARGEST {
        let mut known = PLANNED.write().unwrap_or_else(PoisonError::into_inner);
        let known = known.get_or_insert_default();
        if known.len() >= PLANS {
            known.clear();
        }
        known.insert(stated, Known { schema: schema.into(), plan: Arc::clone(&plan) });
    }
    Ok(plan)
}
