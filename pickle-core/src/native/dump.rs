//! A whole pickle: the header, the root section, the stream.

use std::sync::atomic::Ordering;

use super::context::Context;
use super::header::{self, SchemaMode};
use super::measure::Measure;
use super::run::WritingRun;
use super::writer::Writer;
use super::{unmeasured, varint};
use crate::env::Env;
use crate::error::Result;
use crate::raw::Region;
use crate::shared::Visits;
use crate::traits::Pickle;
use crate::type_info::TypeInfo;

/// What writing a native pickle may be told.
#[derive(Clone, Copy)]
pub(crate) struct DumpOptions {
    pub(crate) schema: SchemaMode,
    pub(crate) checksum: bool,
    /// Whether the header says that the pickle is one of a run.
    pub(super) in_run: bool,
}

impl DumpOptions {
    pub(crate) const DEFAULT: Self =
        Self { schema: SchemaMode::Embed, checksum: false, in_run: false };
}

/// A value to dump, of whatever type: so what drives dumps is compiled once, not for each type.
pub(crate) struct Source<'v> {
    value: &'v dyn Encode,
    info: &'static TypeInfo,
}

trait Encode {
    fn measure(&self, measure: &mut Measure) -> Result<()>;
    fn encode(&self, writer: &mut Writer, heads: &mut Region);
}

impl<T: Pickle + ?Sized> Encode for &T {
    fn measure(&self, measure: &mut Measure) -> Result<()> {
        T::measure(self, measure)
    }

    fn encode(&self, writer: &mut Writer, heads: &mut Region) {
        writer.one::<T>(heads, self);
    }
}

impl<'v> Source<'v> {
    #[inline]
    pub(crate) fn new<T: Pickle + ?Sized>(value: &'v &T) -> Self {
        Self { value, info: TypeInfo::of::<T>() }
    }

    /// Whether it may hold shared pointers.
    pub(crate) fn is_shared(&self) -> bool {
        self.info.is_shared
    }

    /// Appends the value as a section.
    #[inline(always)]
    fn section(&self, writer: &mut Writer, buffer: &mut Vec<u8>, sizes: Measure) {
        writer.section(buffer, self.info.head, sizes, |writer, heads| {
            self.value.encode(writer, heads)
        });
    }
}

/// What a buffer held before a pickle: it is left with that, on an error and on a panic of the user's
/// code, unless the pickle is complete.
struct Rollback<'o> {
    out: &'o mut Vec<u8>,
    start: usize,
    is_complete: bool,
}

impl<'o> Rollback<'o> {
    #[inline(always)]
    fn new(out: &'o mut Vec<u8>) -> Self {
        Self { start: out.len(), out, is_complete: false }
    }
}

impl Drop for Rollback<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if !self.is_complete {
            self.out.truncate(self.start);
        }
    }
}

/// Appends a value's pickle to `out`. On an error `out` is as it was.
pub(crate) fn dump(
    source: &Source<'_>,
    out: &mut Vec<u8>,
    options: DumpOptions,
    max_depth: u32,
    env: &Env,
) -> Result<()> {
    let mut rollback = Rollback::new(out);
    let dumped = append(source, rollback.out, options, max_depth, env);
    rollback.is_complete = dumped.is_ok();
    dumped
}

/// [`dump`]; on an error `out` holds more than it did.
#[inline(always)]
fn append(
    source: &Source<'_>,
    out: &mut Vec<u8>,
    options: DumpOptions,
    max_depth: u32,
    env: &Env,
) -> Result<()> {
    let (start, info) = (out.len(), source.info);
    let mut encode = |writer: &mut Writer, heads: &mut Region| source.value.encode(writer, heads);
    if info.is_shared
        && info.is_plain.load(Ordering::Relaxed)
        && unmeasured::dump(out, options, max_depth, env, info, &mut encode)
    {
        if options.checksum {
            header::put_checksum(out, start);
        }
        return Ok(());
    }
    // What is in the stream is measured late; the order of shared objects is known at once.
    let nested = info.is_shared;
    let mut sizes = Measure::new(nested, 0, max_depth, Context::new(env, info));
    source.value.measure(&mut sizes)?;
    if sizes.streams || !sizes.context.is_empty() {
        let mut context = sizes.take_context();
        context.rewind(0);
        match sizes.streams {
            true => with_stream(source, out, options, sizes, max_depth, context)?,
            false => with_classes(source, out, options, sizes, max_depth, context)?,
        }
    } else {
        let size = section_size(info.head, &sizes);
        header::put(out, info, options, Some(size));
        let writer = Writer::new(false, 0, max_depth, Context::default());
        writer.root(out, info.head, sizes, encode)?;
    }
    if options.checksum {
        header::put_checksum(out, start);
    }
    Ok(())
}

/// One section, and the classes of the objects in it.
#[inline(never)]
fn with_classes(
    source: &Source<'_>,
    out: &mut Vec<u8>,
    options: DumpOptions,
    sizes: Measure,
    max_depth: u32,
    context: Context,
) -> Result<()> {
    let mut classes = Vec::new();
    if source.info.has_objects {
        context.put_classes(options.schema, &mut classes);
    }
    let size = section_size(source.info.head, &sizes) + classes.len();
    header::put(out, source.info, options, Some(size));
    let mut writer = Writer::new(source.info.is_shared, 0, max_depth, context);
    source.section(&mut writer, out, sizes);
    if !(writer.stream.is_empty() && writer.context.end(0)) {
        writer.changed();
    }
    out.extend_from_slice(&classes);
    writer.finish()
}

/// [`dump`] of one of a run's pickles; returns its objects, for the run to know when the pickle was
/// written. What has no shared objects is none of a run's.
pub(crate) fn dump_in_run(
    source: &Source<'_>,
    out: &mut Vec<u8>,
    options: DumpOptions,
    max_depth: u32,
    env: &Env,
    run: &WritingRun,
) -> Result<Option<Visits>> {
    if !source.info.is_shared {
        return dump(source, out, options, max_depth, env).map(|()| None);
    }
    let mut rollback = Rollback::new(out);
    let dumped = append_in_run(source, rollback.out, options, max_depth, env, run);
    rollback.is_complete = dumped.is_ok();
    dumped
}

/// [`dump_in_run`]; on an error `out` holds more than it did.
fn append_in_run(
    source: &Source<'_>,
    out: &mut Vec<u8>,
    options: DumpOptions,
    max_depth: u32,
    env: &Env,
    run: &WritingRun,
) -> Result<Option<Visits>> {
    let (start, info) = (out.len(), source.info);
    let context = Context::in_run(env, run.visits());
    let mut sizes = Measure::new(true, 0, max_depth, context);
    source.value.measure(&mut sizes)?;
    let mut context = sizes.take_context();
    context.rewind(0);
    let in_run = context.is_used();
    let (mut place, mut classes) = (Vec::new(), Vec::new());
    if in_run {
        run.place().put(&mut place);
    }
    if info.has_objects {
        context.put_classes(options.schema, &mut classes);
    }
    let size = place.len() + section_size(info.head, &sizes) + classes.len();
    header::put(out, info, DumpOptions { in_run, ..options }, Some(size));
    out.extend_from_slice(&place);
    let mut writer = Writer::new(true, 0, max_depth, context);
    source.section(&mut writer, out, sizes);
    if !writer.context.end(0) {
        writer.changed();
    }
    out.extend_from_slice(&classes);
    writer.finish()?;
    if options.checksum {
        header::put_checksum(out, start);
    }
    Ok(if in_run { writer.context.take_visits() } else { None })
}

/// A buffer while it is a writer's stream. It is given back also when the user's code panics.
struct Lent<'w, 'o> {
    writer: &'w mut Writer,
    out: &'o mut Vec<u8>,
}

impl<'w, 'o> Lent<'w, 'o> {
    fn new(out: &'o mut Vec<u8>, writer: &'w mut Writer) -> Self {
        writer.stream = std::mem::take(out);
        Self { writer, out }
    }
}

impl Drop for Lent<'_, '_> {
    fn drop(&mut self) {
        *self.out = std::mem::take(&mut self.writer.stream);
    }
}

/// The root section comes first and is finished last: its place is kept open.
#[inline(never)]
fn with_stream(
    source: &Source<'_>,
    out: &mut Vec<u8>,
    options: DumpOptions,
    sizes: Measure,
    max_depth: u32,
    context: Context,
) -> Result<()> {
    let length = header::put(out, source.info, options, None);
    let start = out.len();
    let size = section_size(source.info.head, &sizes);
    out.resize(start + size, 0);
    let mut root = Vec::with_capacity(size);
    let mut writer = Writer::new(false, 0, max_depth, context);
    writer.one_pass = source.info.is_plain.load(Ordering::Relaxed);
    let lent = Lent::new(out, &mut writer);
    source.section(lent.writer, &mut root, sizes);
    drop(lent);
    source.info.is_plain.fetch_and(writer.one_pass, Ordering::Relaxed);
    if source.info.has_objects {
        writer.context.put_classes(options.schema, out);
    }
    writer.finish()?;
    out[start..start + size].copy_from_slice(&root);
    let payload = (out.len() - start) as u64;
    out[length..length + 8].copy_from_slice(&payload.to_le_bytes());
    Ok(())
}

#[inline(always)]
fn section_size(heads: usize, sizes: &Measure) -> usize {
    let counts = match (sizes.tail, sizes.text) {
        (..0x80, ..0x80) => 2,
        (tail, text) => varint::size(tail as u64) + varint::size(text as u64),
    };
    counts + heads + sizes.tail + sizes.text
}
