//! Why the store refused, with the key.

use std::fmt::{self, Display};

/// A `Result` whose error is the store's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation on the store failed. Where it was about one object, the first line of its
/// `Display` ends with the key.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    key: Option<String>,
}

/// What went wrong. Match on it to react; print the [`Error`] to tell a person.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The object is of another type than the one asked for.
    TypeMismatch {
        /// The type that was stored.
        stored: String,
        /// The type that was asked for.
        asked: String,
    },
    /// What is on disk is not what was written.
    Corrupt {
        /// What was found.
        what: String,
    },
    /// The key is of another type than the one asked for.
    KeyType {
        /// The type that was asked for.
        asked: &'static str,
    },
    /// Others changed the object each time that it was updated.
    Conflict,
    /// A key longer than the engine can hold.
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// The engine's limit in bytes.
        limit: usize,
    },
    /// Another process, or another handle of this one, has the store open.
    Locked {
        /// Who, as far as is known.
        holder: String,
    },
    /// An earlier write did not reach the disk for sure, so nothing is written any more.
    Poisoned {
        /// What happened then.
        cause: String,
    },
    /// The store's files are of a newer version, or the engine is not built in.
    Unsupported {
        /// What it is that is not supported.
        what: String,
    },
    /// The object could not be pickled or loaded.
    Pickle(pickle_core::Error),
    /// Reading or writing files failed.
    Io(std::io::Error),
}

impl Error {
    #[cold]
    pub(crate) fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner { kind, key: None }))
    }

    #[cold]
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Corrupt { what: what.into() })
    }

    /// Adds the key that the error is about, unless there is one.
    #[cold]
    pub(crate) fn of_key(mut self, key: &[u8]) -> Self {
        self.0.key.get_or_insert_with(|| crate::key::display(key));
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The key of the object that the error is about, as text: `"alice"`, `users[7]`.
    pub fn key(&self) -> Option<&str> {
        self.0.key.as_deref()
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.0.key.as_deref();
        let text = self.0.kind.to_string();
        let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
        f.write_str(first)?;
        if let Some(key) = key {
            write!(f, ", under key {key}")?;
        }
        if !rest.is_empty() {
            write!(f, "\n{rest}")?;
        }
        Ok(())
    }
}

impl Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TypeMismatch { stored, asked } => {
                write!(f, "the stored object is of type {stored}, not {asked}")
            }
            Self::Corrupt { what } => write!(f, "corrupt store: {what}"),
            Self::KeyType { asked } => write!(f, "this key is no {asked}"),
            Self::Conflict => write!(f, "others changed the object again and again"),
            Self::TooLarge { size, limit } => {
                write!(f, "a key of {size} bytes, where {limit} are possible")
            }
            Self::Locked { holder } => write!(f, "the store is open already, in {holder}"),
            Self::Poisoned { cause } => {
                writeln!(f, "nothing is written since an earlier write failed: {cause}")?;
                write!(f, "hint: open the store again, and look for what is missing")
            }
            Self::Unsupported { what } => f.write_str(what),
            Self::Pickle(error) => error.fmt(f),
            Self::Io(error) => error.fmt(f),
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
            ErrorKind::Pickle(error) => Some(error),
            ErrorKind::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<std::io::Error> for Error {
    #[cold]
    fn from(error: std::io::Error) -> Self {
        Self::new(ErrorKind::Io(error))
    }
}

impl From<pickle_core::Error> for Error {
    #[cold]
    fn from(error: pickle_core::Error) -> Self {
        Self::new(ErrorKind::Pickle(error))
    }
}
