//! `numpy.dtype`: what the elements of an array are.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// The type of a numpy array's elements, of any fixed size. See
/// [numpy's documentation](https://numpy.org/doc/stable/reference/arrays.dtypes.html).
///
/// It is read from and printed as numpy's `dtype.str`.
///
/// ```
/// use pickle_core::python::{ByteOrder, Dtype, DtypeKind};
/// let dtype: Dtype = ">f8".parse()?;
/// assert_eq!((dtype.kind(), dtype.size()), (&DtypeKind::Float, 8));
/// assert_eq!(dtype.order(), ByteOrder::Big);
/// let point = Dtype::packed([("x", "<f4".parse()?), ("y", "<f4".parse()?)]);
/// assert_eq!((point.to_string(), point.size()), ("|V8".to_owned(), 8));
/// # Ok::<(), pickle_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Dtype {
    pub(super) kind: DtypeKind,
    pub(super) size: usize,
    pub(super) order: ByteOrder,
    /// Of types that are made of bytes or of others; 1 for those that are packed.
    pub(super) align: usize,
    /// numpy's own, of structures.
    pub(super) flags: u8,
}

/// The order of the bytes of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// `<`, the least significant first.
    Little,
    /// `>`, the most significant first.
    Big,
    /// `|`: there is no order.
    None,
}

impl ByteOrder {
    /// That of this machine.
    pub const NATIVE: Self = if cfg!(target_endian = "big") { Self::Big } else { Self::Little };

    pub(super) fn code(self) -> char {
        match self {
            Self::Little => '<',
            Self::Big => '>',
            Self::None => '|',
        }
    }

    pub(super) fn of(code: &str) -> Option<Self> {
        match code {
            "<" => Some(Self::Little),
            ">" => Some(Self::Big),
            "=" => Some(Self::NATIVE),
            "|" => Some(Self::None),
            _ => None,
        }
    }
}

/// What an element is, apart from its size and byte order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DtypeKind {
    /// `b1`
    Bool,
    /// `i1` to `i8`
    Int,
    /// `u1` to `u8`
    UInt,
    /// `f2`, `f4`, `f8`, and C's `long double`
    Float,
    /// Two floats
    Complex,
    /// `S5`: bytes, with zeros behind them
    Bytes,
    /// `U5`: code points of four bytes each, with zeros behind them
    Str,
    /// `V8`: bytes of any kind
    Void,
    /// `M8[ns]`: so many units since 1970; the text is the unit, as `ns` or `25us`
    DateTime(String),
    /// `m8[ns]`: so many units; the text is the unit, as `ns` or `25us`
    TimeDelta(String),
    /// Named fields
    Struct(Vec<DtypeField>),
    /// An array in each element, of this type and shape
    Array(Box<Dtype>, Vec<usize>),
    /// Python objects, which have no bytes: no array of them can be loaded
    Object,
}

/// A field of a [`DtypeKind::Struct`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DtypeField {
    /// Its name.
    pub name: String,
    /// What it is.
    pub dtype: Dtype,
    /// Where in the structure it begins, in bytes.
    pub offset: usize,
}

/// numpy's flag of all structures: that their elements are objects of Python's.
pub(super) const STRUCT_FLAGS: u8 = 0x10;
/// numpy's flag of types whose elements are cleared before use: code points.
pub(super) const STR_FLAGS: u8 = 0x08;
/// What a structure takes over from its fields.
const INHERITED: u8 = 0x1b;
/// numpy's flags of `object`.
pub(super) const OBJECT_FLAGS: u8 = 0x3f;

impl Dtype {
    /// A structure of these fields, one right after the other.
    pub fn packed<'n>(fields: impl IntoIterator<Item = (&'n str, Self)>) -> Self {
        let (mut size, mut flags) = (0_usize, STRUCT_FLAGS);
        let fields = fields.into_iter().map(|(name, dtype)| {
            let offset = size;
            size = size.saturating_add(dtype.size);
            flags |= dtype.flags & INHERITED;
            DtypeField { name: name.to_owned(), dtype, offset }
        });
        let kind = DtypeKind::Struct(fields.collect());
        Self { kind, size, order: ByteOrder::None, align: 1, flags }
    }

    /// What the elements are.
    pub fn kind(&self) -> &DtypeKind {
        &self.kind
    }

    /// Bytes of each element.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The order of the bytes of a number.
    pub fn order(&self) -> ByteOrder {
        self.order
    }

    /// The kind and size, as the constructor of `numpy.dtype` takes them: `f8`.
    pub(super) fn code(&self) -> String {
        let size = self.size;
        match &self.kind {
            DtypeKind::Bool => format!("b{size}"),
            DtypeKind::Int => format!("i{size}"),
            DtypeKind::UInt => format!("u{size}"),
            DtypeKind::Float => format!("f{size}"),
            DtypeKind::Complex => format!("c{size}"),
            DtypeKind::Bytes => format!("S{size}"),
            DtypeKind::Str => format!("U{}", size / 4),
            DtypeKind::DateTime(_) => format!("M{size}"),
            DtypeKind::TimeDelta(_) => format!("m{size}"),
            DtypeKind::Object => format!("O{size}"),
            DtypeKind::Void | DtypeKind::Struct(_) | DtypeKind::Array(..) => format!("V{size}"),
        }
    }

    /// Bytes of the parts of an element that each have a byte order of their own.
    pub(super) fn part(&self) -> usize {
        match self.kind {
            DtypeKind::Complex => self.size / 2,
            DtypeKind::Str => 4,
            _ => self.size,
        }
    }

    /// Whether any part is a time, which Python's buffers do not know.
    pub(super) fn has_times(&self) -> bool {
        match &self.kind {
            DtypeKind::DateTime(_) | DtypeKind::TimeDelta(_) => true,
            DtypeKind::Struct(fields) => fields.iter().any(|field| field.dtype.has_times()),
            DtypeKind::Array(base, _) => base.has_times(),
            _ => false,
        }
    }

    /// Whether any part is a Python object.
    pub(super) fn has_objects(&self) -> bool {
        match &self.kind {
            DtypeKind::Object => true,
            DtypeKind::Struct(fields) => fields.iter().any(|field| field.dtype.has_objects()),
            DtypeKind::Array(base, _) => base.has_objects(),
            _ => false,
        }
    }

    /// The type of this kind and size, with the byte order where there is one.
    pub(super) fn simple(kind: DtypeKind, size: usize, order: ByteOrder) -> Option<Self> {
        let fits = match kind {
            DtypeKind::Bool => size == 1,
            DtypeKind::Int | DtypeKind::UInt => matches!(size, 1 | 2 | 4 | 8),
            DtypeKind::Float => matches!(size, 2 | 4 | 8 | 12 | 16),
            DtypeKind::Complex => matches!(size, 4 | 8 | 16 | 24 | 32),
            DtypeKind::DateTime(_) | DtypeKind::TimeDelta(_) => size == 8,
            DtypeKind::Str => size.is_multiple_of(4),
            _ => true,
        };
        let bytes = matches!(kind, DtypeKind::Bytes | DtypeKind::Void | DtypeKind::Object);
        let order = if bytes || size == 1 { ByteOrder::None } else { order };
        let missing = order == ByteOrder::None && !bytes && size > 1;
        let order = if missing { ByteOrder::NATIVE } else { order };
        let flags = match kind {
            DtypeKind::Object => OBJECT_FLAGS,
            DtypeKind::Str => STR_FLAGS,
            _ => 0,
        };
        let align = if kind == DtypeKind::Str { 4 } else { 1 };
        fits.then_some(Self { kind, size, order, align, flags })
    }

    /// The kind and size of numpy's code for them: `f8`, without a byte order.
    pub(super) fn of_code(code: &str, order: ByteOrder) -> Option<Self> {
        let mut chars = code.chars();
        let letter = chars.next()?;
        let (digits, unit) = match chars.as_str().split_once('[') {
            Some((digits, unit)) => (digits, unit.strip_suffix(']')?),
            None => (chars.as_str(), ""),
        };
        let size: usize =
            digits.parse().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))?;
        let kind = match letter {
            'b' => DtypeKind::Bool,
            'i' => DtypeKind::Int,
            'u' => DtypeKind::UInt,
            'f' => DtypeKind::Float,
            'c' => DtypeKind::Complex,
            'S' => DtypeKind::Bytes,
            'U' => return Self::simple(DtypeKind::Str, size.checked_mul(4)?, order),
            'V' => DtypeKind::Void,
            'O' => DtypeKind::Object,
            'M' => DtypeKind::DateTime(unit.to_owned()),
            'm' => DtypeKind::TimeDelta(unit.to_owned()),
            _ => return None,
        };
        let has_unit = matches!(letter, 'M' | 'm') && is_unit(unit);
        if !has_unit && !unit.is_empty() {
            return None;
        }
        Self::simple(kind, size, order)
    }
}

/// A unit of time with a count before it, if it is not 1.
fn is_unit(text: &str) -> bool {
    const UNITS: [&str; 13] =
        ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"];
    let unit = text.trim_start_matches(|char: char| char.is_ascii_digit());
    let count = &text[..text.len() - unit.len()];
    UNITS.contains(&unit) && (count.is_empty() || count.parse::<i32>().is_ok_and(|count| count > 0))
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind == DtypeKind::Object {
            return f.write_str("|O");
        }
        write!(f, "{}{}", self.order.code(), self.code())?;
        match &self.kind {
            DtypeKind::DateTime(unit) | DtypeKind::TimeDelta(unit) if !unit.is_empty() => {
                write!(f, "[{unit}]")
            }
            _ => Ok(()),
        }
    }
}

/// A simple type, as `<f8`; without a byte order in that of this machine.
impl FromStr for Dtype {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (order, code) = match text.get(..1).map(|first| (ByteOrder::of(first), &text[1..])) {
            Some((Some(order), code)) => (order, code),
            _ => (ByteOrder::NATIVE, text),
        };
        let found = match code {
            "O" => Dtype::simple(DtypeKind::Object, 8, ByteOrder::None),
            _ => Dtype::of_code(code, order),
        };
        found.ok_or_else(|| Error::expected("a numpy dtype, as `<f8`, `|S5` or `<M8[ns]`"))
    }
}
