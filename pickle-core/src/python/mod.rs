//! Python's pickle format, protocols 0 to 5: a machine that reads and a saver that writes.
//!
//! Nothing named by a pickle is ever looked up or called here. The machine makes inert nodes of a
//! [`Graph`](crate::graph::Graph); what they mean is decided by those who restore values from it.

mod batch;
mod buffer;
mod earlier;
mod input;
mod machine;
mod memo;
mod names;
mod number;
mod objects;
pub mod opcode;
mod options;
mod save_calls;
mod save_graph;
mod save_items;
mod save_made;
mod save_names;
mod save_shape;
mod save_shared;
mod save_text;
mod saver;
mod series;
mod stream;
mod text;
mod text_memo;
mod types;
mod writer;

pub use buffer::Buffer;
pub(crate) use earlier::Paused;
pub use machine::Machine;
pub(crate) use names::today;
pub use options::{KOI8_R, LoadOptions, MemoEntries, SaveOptions};
pub(crate) use save_graph::save_within;
pub use save_graph::{save, save_with};
#[doc(hidden)]
pub use save_shape::FieldSaver;
pub use saver::Saver;
pub(crate) use saver::save_value;
pub(crate) use series::Series;
pub use stream::read_pickle;
pub use text::{Encoding, OnInvalid};
#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
pub(crate) use types::NANOS;
#[cfg(any(feature = "chrono", feature = "time"))]
pub(crate) use types::OffsetMoment;
pub use types::{
    BigInt, ByteArray, ByteOrder, Complex, Counter, Date, DateTime, Decimal, DefaultDict, Deque,
    Dtype, DtypeField, DtypeKind, Element, Fraction, NdArray, NdScalar, Order, OrderedDict,
    PyRange, Time, TimeDelta, TimeZone, Uuid,
};
pub(crate) use types::{Moment, unsupported};
pub(crate) use writer::{code_points, float_repr};
