//! `range`.

use std::fmt;

use super::BigInt;
use crate::impls::prelude::*;

/// A `range` of Python's, with integers of any size and a step. `std::ops::Range` of integers is one
/// with the step 1.
///
/// ```
/// use pickle_core::python::{BigInt, PyRange};
/// let range = PyRange::new(BigInt::from(10), BigInt::from(0), BigInt::from(-3))?;
/// assert_eq!(range.to_string(), "range(10, 0, -3)");
/// # Ok::<(), pickle_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PyRange {
    start: BigInt,
    stop: BigInt,
    step: BigInt,
}

impl PyRange {
    /// From `start` in steps of `step` until `stop` is reached or passed.
    ///
    /// # Errors
    /// When the step is zero.
    pub fn new(start: BigInt, stop: BigInt, step: BigInt) -> Result<Self> {
        Self::checked(start, stop, step).map_err(Error::expected)
    }

    /// The first integer, if there is any.
    pub fn start(&self) -> &BigInt {
        &self.start
    }

    /// The integer before which it ends.
    pub fn stop(&self) -> &BigInt {
        &self.stop
    }

    /// The distance between two integers of it.
    pub fn step(&self) -> &BigInt {
        &self.step
    }

    fn checked(start: BigInt, stop: BigInt, step: BigInt) -> Result<Self, &'static str> {
        if step.is_zero() {
            Err("a range whose step is not 0")
        } else {
            Ok(Self { start, stop, step })
        }
    }
}

impl fmt::Display for PyRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "range({}, {}", self.start, self.stop)?;
        match self.step == BigInt::from(1) {
            true => f.write_str(")"),
            false => write!(f, ", {})", self.step),
        }
    }
}

std_struct! { [] PyRange, "PyRange" as "builtins.range" { start: BigInt, stop: BigInt, step: BigInt },
    dump: |range| (&range.start, &range.stop, &range.step),
    load: PyRange::checked(start, stop, step),
    save: save_range, restore: restore_range
}

fn save_range(range: &PyRange, saver: &mut Saver<'_>) -> Result<()> {
    saver.call("builtins", "range", 3, |saver| {
        range.start.save(saver)?;
        range.stop.save(saver)?;
        range.step.save(saver)
    })
}

fn restore_range(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<PyRange>> {
    let Some(made) = restorer.made_by(id, "builtins", "range") else { return Ok(None) };
    let (start, stop, step) = match *made.args {
        [stop] => (None, stop, None),
        [start, stop] => (Some(start), stop, None),
        [start, stop, step] => (Some(start), stop, Some(step)),
        _ => return Ok(None),
    };
    let mut part = |id: Option<NodeId>, default: i64| match id {
        Some(id) => BigInt::restore(id, restorer),
        None => Ok(default.into()),
    };
    let range = PyRange::new(part(start, 0)?, part(Some(stop), 0)?, part(step, 1)?);
    range.map(Some).map_err(|error| restorer.at(id, error))
}
