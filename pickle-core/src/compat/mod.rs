//! Whether what one version of a type has pickled loads as another: before it is shipped.

mod file;
mod parts;
mod rules;

use std::fmt::{self, Display};

use crate::schema::{Described, Schema};
use crate::traits::Layout;

#[doc(hidden)]
pub use file::assert_compatible;

/// Compares two versions of a type: whether pickles of `Old` load as `New`, by the rules of
/// `docs/evolution.md`, and what becomes of them.
///
/// ```
/// // Once a `Vec` of small numbers; now larger ones, and none is none.
/// let report = pickle_core::compat::<Vec<u8>, Vec<Option<u32>>>();
/// assert!(report.is_compatible());
///
/// let report = pickle_core::compat::<Vec<u32>, Vec<u8>>();
/// assert_eq!(report.to_string(), "depends: [..]: u32 became u8, which has not all its values");
/// ```
pub fn compat<Old: Layout + ?Sized, New: Layout + ?Sized>() -> Compat {
    Compat::of::<New>(&Schema::of::<Old>())
}

/// What loading pickles of one version of a type as another comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compat {
    changes: Vec<Change>,
}

/// A difference between two versions of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// Where in a value: `Order.lines[..].price`. Empty at the root.
    pub path: String,
    /// What becomes of the old version's pickles.
    pub effect: Effect,
    /// The difference.
    pub what: String,
}

/// What a difference means for pickles of the old version, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Effect {
    /// They load.
    Loads,
    /// They load, and something of what they hold is left out.
    Drops,
    /// It depends on the values whether they load.
    Depends,
    /// None loads that has the value in question.
    Breaks,
}

impl Compat {
    /// Compares a schema with a type of today: whether pickles with that schema load as `New`.
    pub fn of<New: Layout + ?Sized>(old: &Schema) -> Self {
        Self::with(old, &Described::by(New::describe))
    }

    pub(crate) fn with(old: &Schema, new: &Described) -> Self {
        Self { changes: rules::compare(old, new) }
    }

    /// Whether every pickle of the old version loads. Some may lose fields that are gone.
    pub fn is_compatible(&self) -> bool {
        self.worst() < Effect::Depends
    }

    /// The worst that happens to a pickle of the old version.
    pub fn worst(&self) -> Effect {
        self.changes.iter().map(|change| change.effect).max().unwrap_or(Effect::Loads)
    }

    /// All differences, in the order of the old version's fields.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }
}

/// A line for each difference; `no change` where there is none.
impl Display for Compat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.changes.is_empty() {
            return f.write_str("no change");
        }
        for (index, change) in self.changes.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            change.fmt(f)?;
        }
        Ok(())
    }
}

impl Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, effect, what } = self;
        match path.as_str() {
            "" => write!(f, "{effect}: {what}"),
            path => write!(f, "{effect}: {path}: {what}"),
        }
    }
}

impl Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Loads => "loads",
            Self::Drops => "drops",
            Self::Depends => "depends",
            Self::Breaks => "breaks",
        })
    }
}
