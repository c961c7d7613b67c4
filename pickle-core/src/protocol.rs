//! The wire formats by number.

use std::fmt::{self, Display};
use std::str::FromStr;

use crate::error::{Error, ErrorKind};

/// A wire format: one of Python's six pickle protocols, or the native one.
///
/// Chosen when writing, detected when reading.
///
/// ```
/// use pickle_core::Protocol;
/// assert_eq!("native".parse::<Protocol>().unwrap(), Protocol::HIGHEST);
/// assert_eq!(Protocol::try_from(4).unwrap(), Protocol::V4);
/// assert_eq!(Protocol::V2.to_string(), "2");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// Python's original, human-readable protocol.
    V0,
    /// Python's old binary protocol.
    V1,
    /// Python 2.3 and later: new-style classes ([PEP 307](https://peps.python.org/pep-0307/)).
    V2,
    /// Python 3.0 and later: `bytes`.
    V3,
    /// Python 3.4 and later: framing, large objects ([PEP 3154](https://peps.python.org/pep-3154/)).
    V4,
    /// Python 3.8 and later: out-of-band buffers ([PEP 574](https://peps.python.org/pep-0574/)).
    V5,
    /// This framework's own: fastest, self-describing, Rust only.
    Native,
}

impl Protocol {
    /// The highest protocol there is.
    pub const HIGHEST: Self = Self::Native;
    /// What [`dumps`](crate::dumps) writes.
    pub const DEFAULT: Self = Self::Native;
    /// The highest protocol that Python reads.
    pub const PYTHON_HIGHEST: Self = Self::V5;
}

impl Default for Protocol {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl TryFrom<u8> for Protocol {
    type Error = Error;

    /// One of Python's protocols by its number.
    fn try_from(number: u8) -> Result<Self, Error> {
        Ok(match number {
            0 => Self::V0,
            1 => Self::V1,
            2 => Self::V2,
            3 => Self::V3,
            4 => Self::V4,
            5 => Self::V5,
            _ => return Err(unknown(&number.to_string())),
        })
    }
}

impl FromStr for Protocol {
    type Err = Error;

    /// `"0"` to `"5"`, or `"native"`.
    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "native" => Ok(Self::Native),
            _ => text.parse::<u8>().map_err(|_| unknown(text)).and_then(Self::try_from),
        }
    }
}

impl Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V0 => "0",
            Self::V1 => "1",
            Self::V2 => "2",
            Self::V3 => "3",
            Self::V4 => "4",
            Self::V5 => "5",
            Self::Native => "native",
        })
    }
}

#[cold]
fn unknown(name: &str) -> Error {
    Error::new(ErrorKind::Unsupported { what: format!("there is no protocol {name}").into() })
        .with_hint("0 to 5 are Python's protocols, `native` is ours")
}
