//! The native codec: header, writer, reader. `docs/native-format.md` is its specification.

pub(crate) mod classes;
mod context;
mod dump;
mod header;
mod measure;
mod plan;
mod plans;
mod reader;
mod run;
mod shared;
mod streaming;
mod transcode;
mod unmeasured;
pub(crate) mod varint;
mod writer;

pub use crate::raw::{Cursor, Fields, FieldsMut, Filled, Head, HeadMut, Image, Slot, Written};
#[doc(hidden)]
pub use crate::raw::{FieldImage, KindOf, Part, Partial, Parts, at_most, parts};
pub(crate) use dump::{DumpOptions, Source, dump, dump_in_run};
pub use header::SchemaMode;
pub(crate) use header::{Header, MAGIC, append, append_varint, read_pickle};
pub use measure::Measure;
pub use reader::Reader;
pub(crate) use run::{Place, ReadingRun, WritingRun};
pub(crate) use shared::{WORD, Word, earlier, no_class, unfinished};
pub(crate) use transcode::{Transcoded, load_graph, load_graph_by};
pub use writer::Writer;

/// A sequence whose elements have tails or text, and which is not inside a block itself, is
/// framed in blocks when it has more elements than this. A block holds at most as many.
pub(crate) const BLOCK: usize = 64;

/// Heads, text and bytes of one value that take at least as much are written to the stream
/// rather than to their section.
pub(crate) const LARGE: usize = 16 << 10;

/// The count in the head of a sequence says: in the stream.
pub(crate) const IN_STREAM: u32 = 0x8000_0000;

/// The count in the head of a sequence says: a longer one precedes the elements in the tail.
pub(crate) const LONG: u32 = 0x7fff_ffff;

/// Size of the head of anything with a count.
pub(crate) const COUNT: usize = 4;

/// Payloads of options and variants with larger heads than this live in the tail.
pub const INLINE: usize = 16;

/// The head of an option: a tag, and the payload where it is small.
pub const fn option_head(payload: usize) -> usize {
    if payload <= INLINE { 1 + payload } else { 1 }
}

/// The head of an enum: a tag, and room for the largest of the small payloads.
#[doc(hidden)]
pub const fn enum_head(payloads: &[usize]) -> usize {
    let (mut room, mut index) = (0, 0);
    while index < payloads.len() {
        let payload = payloads[index];
        if payload <= INLINE && payload > room {
            room = payload;
        }
        index += 1;
    }
    tag_size(payloads.len()) + room
}

/// Bytes of an enum's tag.
#[doc(hidden)]
pub const fn tag_size(variants: usize) -> usize {
    if variants <= 256 { 1 } else { 2 }
}

/// Whether a sequence goes to the stream, when it is outside all blocks.
pub(crate) const fn in_stream(fixed: bool, head: usize, count: usize) -> bool {
    if fixed { count.saturating_mul(head) >= LARGE } else { count > BLOCK }
}
