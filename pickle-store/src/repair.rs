//! Repair: of a damaged store, what can be read.

use std::fmt::{self, Display};
use std::path::PathBuf;

use crate::report::Problem;

#[cfg(any(feature = "sled", feature = "redb"))]
pub(crate) mod mend;

/// What became of a store that was [repaired](crate::Store::repair).
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Repair {
    /// Records that are in the store now.
    pub saved: u64,
    /// What could not be saved, and what may be older than it was.
    pub problems: Vec<Problem>,
    /// Collections whose names were lost, by the names that they have now. Any type of keys may be
    /// asked for.
    pub renamed: Vec<String>,
    /// Where the damaged files are now, if there were any.
    pub kept: Option<PathBuf>,
}

impl Repair {
    /// Whether nothing was damaged.
    pub fn is_ok(&self) -> bool {
        self.problems.is_empty() && self.renamed.is_empty()
    }
}

impl Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} records are in the store", self.saved)?;
        for problem in &self.problems {
            write!(f, "\n{problem}")?;
        }
        for name in &self.renamed {
            write!(f, "\na collection lost its name, and is now {name:?}")?;
        }
        match &self.kept {
            Some(kept) => write!(f, "\nthe damaged files are in {}", kept.display()),
            None => Ok(()),
        }
    }
}
