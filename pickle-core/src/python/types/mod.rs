//! Plain types for values of Python's that std has no type for.
//!
//! They hold a value, check it, and print it as Python's `str` does. To calculate with them, convert
//! them, or load into a type of the crates that the features `chrono`, `jiff`, `time`,
//! `rust_decimal`, `num-bigint` and so on are named after.

mod array;
mod bigint;
mod calendar;
mod complex;
mod containers;
mod date;
mod decimal;
mod delta;
mod dtype;
mod dtype_codec;
mod element;
mod fraction;
mod moment;
mod range;
mod time;
mod uuid;
mod zone;

pub use array::{NdArray, NdScalar, Order};
pub use bigint::BigInt;

pub use complex::Complex;
pub use containers::{ByteArray, Counter, DefaultDict, Deque, OrderedDict};
pub use date::Date;
pub use decimal::Decimal;
pub use delta::TimeDelta;
pub use dtype::{ByteOrder, Dtype, DtypeField, DtypeKind};
pub use element::Element;
pub use fraction::Fraction;
#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
pub(crate) use moment::NANOS;
#[cfg(any(feature = "chrono", feature = "time"))]
pub(crate) use moment::OffsetMoment;
pub(crate) use moment::{Moment, unsupported};
pub use range::PyRange;
pub use time::{DateTime, Time};
pub use uuid::Uuid;
pub use zone::TimeZone;
