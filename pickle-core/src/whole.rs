//! What can be done with a value as a whole once it can be pickled.

use crate::env::Env;
use crate::error::Result;
use crate::graph::hash;
use crate::limits::Limits;
use crate::native::{self, SchemaMode};
use crate::pickler::{Pickler, Unpickler};
use crate::traits::{Pickle, UnpickleOwned};

/// Copies a value with all it points at. What is shared in it is shared in the copy, and nothing is
/// shared between the two; types need no `Clone`.
///
/// Hooks run as when a pickle is made and loaded, skipped fields have their defaults.
///
/// ```
/// use std::rc::Rc;
/// let text: Rc<str> = "shared".into();
/// let copy = pickle_core::deep_clone(&[text.clone(), text.clone()])?;
/// assert!(Rc::ptr_eq(&copy[0], &copy[1]));
/// assert!(!Rc::ptr_eq(&copy[0], &text));
/// # Ok::<(), pickle_core::Error>(())
/// ```
///
/// # Errors
/// As [`dumps`](crate::dumps) and [`loads`](crate::loads).
pub fn deep_clone<T: Pickle + UnpickleOwned>(value: &T) -> Result<T> {
    let mut pickle = Vec::new();
    Pickler::new(&mut pickle).schema(SchemaMode::Omit).keep_memo(false).dump(value)?;
    let memory = Limits { max_alloc_ratio: u32::MAX, max_zero_sized: u64::MAX, ..Limits::DEFAULT };
    Unpickler::from_slice(&pickle).limits(memory).load()
}

/// A hash of all that is pickled of a value: the same for equal data on every machine and in every
/// run. SipHash-2-4 with a key of zeros over what the value denotes.
///
/// Sets and maps hash alike whatever the order of their elements, shared objects as their copies
/// would. Names of types, fields and variants are part of the hash, so it changes when they do; the
/// widths of integers are not. Floats go by their bits: `0.0` and `-0.0` differ. A hash is no
/// signature: for bytes from strangers use one that resists them.
///
/// ```
/// use std::collections::HashSet;
/// use pickle_core::stable_hash;
/// let (one, other) = (HashSet::from([1, 2, 3]), HashSet::from([3, 2, 1]));
/// assert_eq!(stable_hash(&one)?, stable_hash(&other)?);
/// assert_eq!(stable_hash("text")?, 0xaf65_d462_7a4b_de13); // for ever
/// # Ok::<(), pickle_core::Error>(())
/// ```
///
/// # Errors
/// As [`dumps`](crate::dumps).
pub fn stable_hash<T: Pickle + ?Sized>(value: &T) -> Result<u64> {
    let pickle = crate::dumps(value)?;
    let memory = Limits { max_alloc_ratio: u32::MAX, max_zero_sized: u64::MAX, ..Limits::DEFAULT };
    let (graph, root, _) = native::load_graph(&pickle, &memory, Env::DEFAULT)?;
    Ok(hash(&graph, root))
}
