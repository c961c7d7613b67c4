//! One error type, one word wide: what failed, and at which key.

use std::fmt::{self, Display};
use std::io;

/// A `Result` whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the store could not do what it was asked.
///
/// ```
/// use pickle_store::{ErrorKind, Store};
/// let store = Store::builder("memory:").open()?;
/// store.put("answer", &42_u32)?;
/// let error = store.get::<String>("answer").unwrap_err();
/// assert!(matches!(error.kind(), ErrorKind::TypeMismatch { .. }));
/// assert_eq!(error.to_string(), "the record holds u32, not str at key \"answer\"");
/// # Ok::<(), pickle_store::Error>(())
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    key: Option<String>,
}

/// What went wrong. Match on it to react; print the [`Error`] to tell a person.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The record, or the keys of the collection, are of another type.
    TypeMismatch {
        /// The type that was stored.
        stored: String,
        /// The type that was asked for.
        asked: String,
    },
    /// Bytes on disk are not what was written.
    Corrupt {
        /// What is wrong with them.
        what: String,
    },
    /// Another writer changed what this write depends on, as often as it was tried.
    Conflict,
    /// Another record has this key in a unique index.
    NotUnique {
        /// The name of the index.
        index: String,
    },
    /// A watcher was too slow, or resumes from another opening of the store: changes were missed.
    Lagged,
    /// A key, value or batch is larger than the engine takes.
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The largest size that the engine takes.
        limit: u64,
    },
    /// The store is open already, in this process or another.
    Locked {
        /// Who holds it, as far as is known.
        holder: String,
    },
    /// A file could not be read or written.
    Io(io::Error),
    /// The value could not be pickled, or not loaded.
    Pickle(pickle_core::Error),
    /// An earlier failure left the state of the disk unknown: close the store and open it again.
    Poisoned {
        /// That failure.
        what: String,
    },
    /// Made by a newer version of this crate, or not available in this build.
    Unsupported {
        /// What it is that is not supported.
        what: String,
    },
}

impl Error {
    /// An error of this kind, without a key.
    #[cold]
    pub fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner { kind, key: None }))
    }

    #[cold]
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Corrupt { what: what.into() })
    }

    #[cold]
    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported { what: what.into() })
    }

    #[cold]
    #[cfg(any(feature = "sled", feature = "redb"))]
    pub(crate) fn poisoned(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Poisoned { what: what.into() })
    }

    /// Adds the key, in readable form, unless it is known already.
    #[cold]
    pub(crate) fn at_key(mut self, key: impl Display) -> Self {
        self.0.key.get_or_insert_with(|| key.to_string());
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The key of the record, in readable form: `"alice"`, `7`, `("alice", 7)`; within a
    /// collection after its name: `users[7]`.
    pub fn key(&self) -> Option<&str> {
        self.0.key.as_deref()
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.kind.fmt(f)?;
        match &self.0.key {
            Some(key) => write!(f, " at key {key}"),
            None => Ok(()),
        }
    }
}

impl Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TypeMismatch { stored, asked } => {
                write!(f, "the record holds {stored}, not {asked}")
            }
            Self::Corrupt { what } => write!(f, "corrupt store: {what}"),
            Self::Conflict => write!(f, "another writer changed the record first"),
            Self::NotUnique { index } => {
                write!(f, "another record has this key in the unique index `{index}`")
            }
            Self::Lagged => write!(f, "changes were missed: read everything anew"),
            Self::TooLarge { size, limit } => {
                write!(f, "{size} bytes are too large: the engine takes {limit}")
            }
            Self::Locked { holder } => write!(f, "the store is open already, held by {holder}"),
            Self::Io(error) => write!(f, "{error}"),
            Self::Pickle(error) => write!(f, "{error}"),
            Self::Poisoned { what } => {
                write!(f, "the store must be opened again after a failure: {what}")
            }
            Self::Unsupported { what } => write!(f, "{what}"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("kind", &self.0.kind).field("key", &self.0.key).finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.kind {
            ErrorKind::Io(error) => Some(error),
            ErrorKind::Pickle(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for Error {
    #[cold]
    fn from(error: io::Error) -> Self {
        Self::new(ErrorKind::Io(error))
    }
}

impl From<pickle_core::Error> for Error {
    #[cold]
    fn from(error: pickle_core::Error) -> Self {
        Self::new(ErrorKind::Pickle(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: ErrorKind) -> String {
        Error::new(kind).at_key("\"k\"").to_string()
    }

    #[test]
    fn every_kind_says_what_failed_and_where() {
        let mismatch = ErrorKind::TypeMismatch { stored: "u32".into(), asked: "str".into() };
        assert_eq!(text(mismatch), "the record holds u32, not str at key \"k\"");
        let corrupt = ErrorKind::Corrupt { what: "checksum mismatch".into() };
        assert_eq!(text(corrupt), "corrupt store: checksum mismatch at key \"k\"");
        assert_eq!(
            text(ErrorKind::Conflict),
            "another writer changed the record first at key \"k\""
        );
        let large = ErrorKind::TooLarge { size: 9, limit: 8 };
        assert_eq!(text(large), "9 bytes are too large: the engine takes 8 at key \"k\"");
        let locked = Error::new(ErrorKind::Locked { holder: "process 7".into() });
        assert_eq!(locked.to_string(), "the store is open already, held by process 7");
        let poisoned = Error::new(ErrorKind::Poisoned { what: "no space".into() });
        assert_eq!(
            poisoned.to_string(),
            "the store must be opened again after a failure: no space"
        );
    }

    #[test]
    fn an_error_is_one_word_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
