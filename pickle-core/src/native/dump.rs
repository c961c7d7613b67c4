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

/// Appends a value's pickle to `out`. On an error `out` holds more than it did.
pub(crate) fn dump<T: Pickle + ?Sized>(
    value: &T,
    out: &mut Vec<u8>,
    options: DumpOptions,
    max_depth: u32,
    env: &Env,
) -> Result<()> {
    dump_as(value, out, options, max_depth, env, TypeInfo::of::<T>())
}

/// [`dump`] of a value of a type that is known.
#[inline(always)]
pub(crate) fn dump_as<T: Pickle + ?Sized>(
    value: &T,
    out: &mut Vec<u8>,
    options: DumpOptions,
    max_depth: u32,
    env: &Env,
    info: &TypeInfo,
) -> Result<()> {
    let start = out.len();
    if info.is_plain.load(Ordering::Relaxed)
        && unmeasured::dump(out, T::HEAD, options, max_depth, env, info, &mut |writer, heads| {
            writer.root(heads, value);
        })
    {
        if options.checksum {
            header::put_checksum(out, start);
        }
        return Ok(());
    }
    // What is in the stream is measured late; the order of shared objects is known at once.
    let nested = info.is_shared;
    let context = Context::new(env, info);
    let mut sizes = Measure::of(nested, 0, max_depth, context, |measure| value.measure(measure))?;
    let mut context = sizes.take_context();
    context.rewind(0);
    if sizes.streams {
        with_stream(value, out, info, options, sizes, max_depth, context)?;
    } else if info.has_objects {
        with_classes(value, out, info, options, sizes, max_depth, context)?;
    } else {
        let size = section_size(T::HEAD, &sizes);
        header::put(out, info, options, Some(size));
        let mut writer = Writer::new(nested, 0, max_depth, context);
        writer.section(out, T::HEAD, sizes, |writer, heads| writer.one(heads, value));
        // What was short when it was measured may have grown beyond a section since.
        if !(writer.stream.is_empty() && writer.context.end(0)) {
            writer.changed();
        }
        writer.finish()?;
    }
    if options.checksum {
        header::put_checksum(out, start);
    }
    Ok(())
}

/// One section, and the classes of the objects in it.
#[inline(never)]
fn with_classes<T: Pickle + ?Sized>(
    value: &T,
    out: &mut Vec<u8>,
    info: &TypeInfo,
    options: DumpOptions,
    sizes: Measure,
    max_depth: u32,
    context: Context,
) -> Result<()> {
    let mut classes = Vec::new();
    context.put_classes(options.schema, &mut classes);
    header::put(out, info, options, Some(section_size(T::HEAD, &sizes) + classes.len()));
    let mut writer = Writer::new(info.is_shared, 0, max_depth, context);
    writer.section(out, T::HEAD, sizes, |writer, heads| writer.root(heads, value));
    if !(writer.stream.is_empty() && writer.context.end(0)) {
        writer.changed();
    }
    out.extend_from_slice(&classes);
    writer.finish()
}

/// [`dump`] of one of a run's pickles; returns its objects, for the run to know when the pickle was
/// written. What has no shared objects is none of a run's.
pub(crate) fn dump_in_run<T: Pickle + ?Sized>(
    value: &T,
    out: &mut Vec<u8>,
    options: DumpOptions,
    max_depth: u32,
    env: &Env,
    run: &WritingRun,
) -> Result<Option<Visits>> {
    let info = TypeInfo::of::<T>();
    if !info.is_shared {
        return dump(value, out, options, max_depth, env).map(|()| None);
    }
    let start = out.len();
    let context = Context::in_run(env, run.visits());
    let mut sizes = Measure::of(true, 0, max_depth, context, |measure| value.measure(measure))?;
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
    let size = place.len() + section_size(T::HEAD, &sizes) + classes.len();
    header::put(out, info, DumpOptions { in_run, ..options }, Some(size));
    out.extend_from_slice(&place);
    let mut writer = Writer::new(true, 0, max_depth, context);
    writer.section(out, T::HEAD, sizes, |writer, heads| writer.root(heads, value));
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

/// The root section comes first and is finished last: its place is kept open.
#[inline(never)]
fn with_stream<T: Pickle + ?Sized>(
    value: &T,
    out: &mut Vec<u8>,
    info: &TypeInfo,
    options: DumpOptions,
    sizes: Measure,
    max_depth: u32,
    context: Context,
) -> Result<()> {
    let length = header::put(out, info, options, None);
    let start = out.len();
    let size = section_size(T::HEAD, &sizes);
    out.resize(start + size, 0);
    let mut root = Vec::with_capacity(size);
    let mut writer = Writer::new(false, 0, max_depth, context);
    writer.stream = std::mem::take(out);
    writer.section(&mut root, T::HEAD, sizes, |writer, heads| writer.root(heads, value));
    *out = std::mem::take(&mut writer.stream);
    if info.has_objects {
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
