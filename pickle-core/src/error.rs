//! One error type, one word wide: what failed, where in the bytes, where in the value, what to do.

use std::borrow::Cow;
use std::fmt::{self, Display, Write as _};

/// A `Result` whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Text = Cow<'static, str>;

/// Why pickling or unpickling failed.
///
/// The first line of its `Display` stands alone: what went wrong, the path to the value, and the
/// byte where it was found. A second line gives a hint where facts support one.
///
/// ```
/// let error = pickle_core::loads::<Vec<bool>>(b"\x80\x02](\x88K\x07e.").unwrap_err();
/// assert_eq!(error.to_string(), "expected bool, found int at [1] (byte 5)");
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    /// Innermost step first: steps are pushed only as the error travels out.
    path: Vec<Step>,
    offset: Option<u64>,
    hint: Option<String>,
}

/// What went wrong. Match on it to react; print the [`Error`] to tell a person.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// One kind of value was needed and another was there.
    Mismatch {
        /// What the type being loaded needs.
        expected: Text,
        /// What the pickle holds.
        found: Text,
    },
    /// A number does not fit the type it is loaded into.
    OutOfRange {
        /// The number, as text.
        value: String,
        /// The type and its range.
        range: Text,
    },
    /// The input ends in the middle of a value.
    UnexpectedEnd {
        /// Bytes that the next item needs.
        needed: u64,
        /// Bytes that are left.
        left: u64,
    },
    /// The value is complete and bytes follow it.
    TrailingBytes {
        /// How many bytes follow.
        count: u64,
    },
    /// Bytes that no valid value has: a tag, a `bool`, a `char`, a zero in a `NonZero`.
    Invalid {
        /// What the type allows.
        expected: Text,
    },
    /// Text that is not UTF-8.
    InvalidUtf8,
    /// A tag names no variant of the enum.
    UnknownVariant {
        /// The variant, by name or number.
        found: String,
        /// The enum.
        owner: Text,
    },
    /// A field is absent and has no default.
    MissingField {
        /// The field.
        field: Text,
    },
    /// A field that the type does not have, under `deny_unknown_fields`.
    UnknownField {
        /// The field.
        field: String,
    },
    /// The pickle holds a value of another type.
    TypeMismatch {
        /// The type that was pickled.
        stored: String,
        /// The type that was asked for.
        asked: String,
    },
    /// The first byte begins no known pickle.
    NotAPickle {
        /// That byte.
        found: u8,
    },
    /// Made by a newer version of this crate, or a protocol that cannot be read or written here.
    Unsupported {
        /// What it is that is not supported.
        what: Text,
    },
    /// A name that the registry does not have.
    UnknownName {
        /// The name, cut and escaped.
        name: String,
        /// What it would have to be: a class of some trait, a function.
        what: Text,
    },
    /// Two types or functions are registered by one name.
    DuplicateName {
        /// The name.
        name: String,
        /// What it stands for.
        first: String,
        /// What else it stands for.
        second: String,
    },
    /// A checksum does not match its bytes.
    Checksum,
    /// The bytes break a rule of the format.
    Corrupt {
        /// The rule.
        what: Text,
    },
    /// Values are nested deeper than [`Limits::max_depth`](crate::Limits::max_depth).
    Depth {
        /// The limit.
        limit: u32,
    },
    /// An object holds itself in a way that cannot be built or written.
    Cycle,
    /// The pickle refers to an object of an earlier pickle of the same
    /// [`Pickler`](crate::Pickler), which was not loaded by the same
    /// [`Unpickler`](crate::Unpickler).
    Earlier,
    /// Loading would take more memory than the [`Limits`](crate::Limits) allow.
    Memory {
        /// The limit in bytes.
        limit: u64,
    },
    /// The value changed while it was being pickled (a `Mutex` or an atomic written by another
    /// thread, a `getstate` whose result varies).
    Changed,
    /// A lock was poisoned, or a cell was mutably borrowed, when its value was to be pickled.
    Locked {
        /// The container.
        what: Text,
    },
    /// A hook of the user's type refused: `getstate`, `setstate`, `after_load`.
    Custom(Box<dyn std::error::Error + Send + Sync>),
    /// Reading or writing the stream failed.
    Io(std::io::Error),
}

/// One step of the path from the root to the value that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Field {
        owner: Text,
        field: Text,
    },
    Index(usize),
    /// A type itself, as the root of a path.
    Type(Text),
}

impl Error {
    /// An error of this kind, its place still unknown.
    #[cold]
    pub fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner { kind, path: Vec::new(), offset: None, hint: None }))
    }

    /// An error with a message of the caller's own, for hand-written hooks.
    ///
    /// ```
    /// let error = pickle_core::Error::custom("a price is never negative");
    /// assert_eq!(error.to_string(), "a price is never negative");
    /// ```
    #[cold]
    pub fn custom(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(ErrorKind::Custom(error.into()))
    }

    #[cold]
    pub(crate) fn invalid(expected: impl Into<Text>) -> Self {
        Self::new(ErrorKind::Invalid { expected: expected.into() })
    }

    /// A value that no type of this kind has.
    #[cold]
    pub(crate) fn expected(what: impl Display) -> Self {
        Self::custom(format!("expected {what}"))
    }

    #[cold]
    pub(crate) fn corrupt(what: impl Into<Text>) -> Self {
        Self::new(ErrorKind::Corrupt { what: what.into() })
    }

    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Where in the value, from the root: `Order.items[3].price`. Empty at the root.
    pub fn path(&self) -> String {
        let mut text = String::new();
        for (depth, step) in self.0.path.iter().rev().enumerate() {
            // Writing into a String cannot fail.
            let _ = match step {
                Step::Field { owner, field } if depth == 0 => write!(text, "{owner}.{field}"),
                Step::Field { field, .. } => write!(text, ".{field}"),
                Step::Type(name) if depth == 0 => write!(text, "{name}"),
                Step::Type(_) => Ok(()),
                Step::Index(index) => write!(text, "[{index}]"),
            };
        }
        text
    }

    /// The byte of the input where the problem was found, counted from 0 at the pickle's start.
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }

    /// What to do about it, where facts support an advice.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Adds the byte offset unless a more precise one is known already.
    #[cold]
    pub(crate) fn at(mut self, offset: u64) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    /// Moves the byte offset, which was counted within a part of the input, by where that begins.
    #[cold]
    pub(crate) fn shifted(mut self, start: u64) -> Self {
        self.0.offset = self.0.offset.map(|offset| offset + start);
        self
    }

    /// Adds a hint unless there is one.
    #[cold]
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint.get_or_insert_with(|| hint.into());
        self
    }

    /// Adds the step from `owner` to its field, as the error travels out.
    #[cold]
    #[doc(hidden)]
    pub fn in_field(mut self, owner: impl Into<Text>, field: impl Into<Text>) -> Self {
        self.0.path.push(Step::Field { owner: owner.into(), field: field.into() });
        self
    }

    /// Says in which type the error was found, where no field is to be named.
    #[cold]
    pub(crate) fn in_type(mut self, name: impl Into<Text>) -> Self {
        self.0.path.push(Step::Type(name.into()));
        self
    }

    /// Adds the step into an element of a sequence, as the error travels out.
    #[cold]
    #[doc(hidden)]
    pub fn in_index(mut self, index: usize) -> Self {
        self.0.path.push(Step::Index(index));
        self
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.kind.fmt(f)?;
        let path = self.path();
        if !path.is_empty() {
            write!(f, " at {path}")?;
        }
        if let Some(offset) = self.0.offset {
            write!(f, " (byte {offset})")?;
        }
        match &self.0.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mismatch { expected, found } => write!(f, "expected {expected}, found {found}"),
            Self::OutOfRange { value, range } => write!(f, "{value} is out of range for {range}"),
            Self::UnexpectedEnd { needed, left } => {
                write!(f, "unexpected end of input: {needed} more bytes needed, {left} left")
            }
            Self::TrailingBytes { count } => write!(f, "{count} bytes follow the value"),
            Self::Invalid { expected } => write!(f, "invalid bytes, expected {expected}"),
            Self::InvalidUtf8 => write!(f, "text is not valid UTF-8"),
            Self::UnknownVariant { found, owner } => write!(f, "{owner} has no variant {found}"),
            Self::MissingField { field } => write!(f, "missing field `{field}`"),
            Self::UnknownField { field } => write!(f, "unknown field `{field}`"),
            Self::TypeMismatch { stored, asked } => {
                write!(f, "this pickle holds {stored}, not {asked}")
            }
            Self::NotAPickle { found } => {
                write!(f, "not a pickle: no protocol begins with byte {found:#04x}")
            }
            Self::Unsupported { what } => write!(f, "{what}"),
            Self::UnknownName { name, what } => write!(f, "`{name}` is not registered as {what}"),
            Self::DuplicateName { name, first, second } => {
                write!(f, "`{name}` stands for both {first} and {second}")
            }
            Self::Checksum => write!(f, "checksum mismatch: the bytes were changed"),
            Self::Corrupt { what } => write!(f, "corrupt pickle: {what}"),
            Self::Depth { limit } => write!(f, "values are nested deeper than {limit} levels"),
            Self::Cycle => write!(f, "an object holds itself"),
            Self::Earlier => write!(f, "the pickle refers to an object of an earlier pickle"),
            Self::Memory { limit } => write!(f, "loading needs more than {limit} bytes of memory"),
            Self::Changed => write!(f, "the value changed while it was being pickled"),
            Self::Locked { what } => write!(f, "{what} cannot be pickled now"),
            Self::Custom(error) => write!(f, "{error}"),
            Self::Io(error) => write!(f, "{error}"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("path", &self.path())
            .field("offset", &self.0.offset)
            .field("hint", &self.0.hint)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.kind {
            ErrorKind::Custom(error) => Some(error.as_ref()),
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
