//! How `#[pickle::class]` and `#[pickle::function]` reach [`Registry::global`].

use super::Registry;
use crate::error::Result;

/// Registers one thing.
pub struct Submission(pub fn(&mut Registry) -> Result<()>);

impl Submission {
    pub(super) fn register(&self, registry: &mut Registry) -> Result<()> {
        (self.0)(registry)
    }
}

#[cfg(feature = "auto-register")]
mod auto {
    use super::Submission;

    inventory::collect!(Submission);

    pub(in super::super) fn all() -> impl Iterator<Item = &'static Submission> {
        inventory::iter::<Submission>.into_iter()
    }
}

#[cfg(not(feature = "auto-register"))]
mod auto {
    use super::Submission;

    pub(in super::super) fn all() -> impl Iterator<Item = &'static Submission> {
        std::iter::empty()
    }
}

pub(super) use auto::all;

/// Hands a `fn(&mut Registry) -> Result<()>` to [`Registry::global`].
#[cfg(feature = "auto-register")]
#[doc(hidden)]
#[macro_export]
macro_rules! __submit {
    ($register:expr) => {
        $crate::__inventory::submit! { $crate::registry::Submission($register) }
    };
}

/// Nothing, without the feature `auto-register`.
#[cfg(not(feature = "auto-register"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __submit {
    ($register:expr) => {
        const _: fn(&mut $crate::Registry) -> $crate::Result<()> = $register;
    };
}
