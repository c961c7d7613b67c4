//! Loading one pickle, of either format.

use crate::compat::{Compat, Effect};
use crate::compress;
use crate::env::Env;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::native::classes::Current;
use crate::native::{self, Header, Place, Reader, ReadingRun, Transcoded};
use crate::python::{self, LoadOptions, Machine};
use crate::restore::{is_cycle, restore_in_run, restore_into};
use crate::schema::{Described, Schema};
use crate::target::Target;
use crate::type_info::TypeInfo;

/// Whether a pickle of `size` bytes is all there is.
#[inline]
pub(super) fn check_end(bytes: &[u8], size: usize) -> Result<()> {
    if size == bytes.len() { Ok(()) } else { Err(trailing(bytes.len() - size, size)) }
}

#[cold]
fn trailing(count: usize, at: usize) -> Error {
    let error = Error::new(ErrorKind::TrailingBytes { count: count as u64 });
    error.at(at as u64).with_hint("`Unpickler::from_slice` loads pickles in a row")
}

/// The value of the one pickle that `bytes` are.
#[inline(never)]
pub(super) fn load_only<'de>(bytes: &'de [u8], target: &mut dyn Target<'de>) -> Result<()> {
    if let Some((header, size)) = Header::split_small(bytes)
        && size == bytes.len()
        && let info = target.info()
        && header.fingerprint == info.fingerprint
        && !info.has_objects
    {
        let mut reader = Reader::plain(bytes, header.payload, &Limits::DEFAULT, info);
        return decoded(&mut reader, info, bytes, &header, &Limits::DEFAULT, Env::DEFAULT, target);
    }
    load_any(bytes, target)
}

/// [`load_only`] of what is not as small messages are.
#[inline(never)]
fn load_any<'de>(bytes: &'de [u8], target: &mut dyn Target<'de>) -> Result<()> {
    if bytes.first() == Some(&native::MAGIC) {
        let (header, size) = Header::split(bytes)?;
        check_end(bytes, size)?;
        return load_native(bytes, &header, &Limits::DEFAULT, Env::DEFAULT, None, target);
    }
    let size = split_python(bytes, LoadOptions::new(), target)?;
    check_end(bytes, size)
}

/// The value of a native pickle, which may be one of a run.
#[inline(never)]
pub(super) fn load_native<'de>(
    pickle: &'de [u8],
    header: &Header<'de>,
    limits: &Limits,
    env: &Env,
    run: Option<&mut ReadingRun>,
    target: &mut dyn Target<'de>,
) -> Result<()> {
    if let Some(place) = header.place {
        return load_in_run(pickle, header, place, limits, env, run, target);
    }
    let info = target.info();
    if let Some((payload, classes)) = decodable(header, info, env)? {
        let mut reader = Reader::of_type(pickle, payload, limits, env, classes, info);
        return decoded(&mut reader, info, pickle, header, limits, env, target);
    }
    transcoded(pickle, header, limits, env, target)
}

/// The value of a native pickle as its type decodes it; by its schema, where objects lead back to
/// such that are not complete.
#[inline(always)]
fn decoded<'de>(
    reader: &mut Reader<'de>,
    info: &TypeInfo,
    pickle: &'de [u8],
    header: &Header<'de>,
    limits: &Limits,
    env: &Env,
    target: &mut dyn Target<'de>,
) -> Result<()> {
    match reader.root(info, target) {
        Err(error) if is_cycle(&error) => transcoded(pickle, header, limits, env, target),
        decoded => decoded,
    }
}

/// The value of a native pickle by its schema.
#[cold]
fn transcoded<'de>(
    pickle: &'de [u8],
    header: &Header<'de>,
    limits: &Limits,
    env: &Env,
    target: &mut dyn Target<'de>,
) -> Result<()> {
    let info = target.info();
    let read = transcode(pickle, header, info, limits, env)?;
    restore_into(&read.graph, read.root, limits, env, target)
        .map_err(|error| explain(error, header, info))
}

/// [`load_native`] of a pickle in a run, or of one alone.
fn load_in_run<'de>(
    pickle: &'de [u8],
    header: &Header<'de>,
    place: Place,
    limits: &Limits,
    env: &Env,
    run: Option<&mut ReadingRun>,
    target: &mut dyn Target<'de>,
) -> Result<()> {
    let mut alone = ReadingRun::default();
    let run = run.unwrap_or(&mut alone);
    let (memo, before) = run.begin(place, pickle, env);
    let (info, mut memo) = (target.info(), Some(memo));
    let loaded = decodable(header, info, env).and_then(|found| {
        if let Some((payload, classes)) = found {
            let reader = Reader::of_type(pickle, payload, limits, env, classes, info);
            match reader.root_in_run(info, &mut memo, target) {
                Err(error) if is_cycle(&error) => {
                    if let Some(memo) = &mut memo {
                        memo.fail(before);
                        memo.begin(place.first(), env);
                    }
                }
                result => return result,
            }
        }
        let read = transcode(pickle, header, info, limits, env)?;
        restore_in_run(&read, limits, env, before, &mut memo, target)
            .map_err(|error| explain(error, header, info))
    });
    run.end(memo, before, loaded.is_ok());
    loaded
}

/// The payload and the classes of its objects, where all of them lie as the type lies today.
fn decodable<'de>(
    header: &Header<'de>,
    info: &TypeInfo,
    env: &Env,
) -> Result<Option<(&'de [u8], Option<Current>)>> {
    if header.fingerprint != info.fingerprint {
        return Ok(None);
    }
    if !info.has_objects {
        return Ok(Some((header.payload, None)));
    }
    let (payload, table) = native::classes::split(header.payload)?;
    Ok(native::classes::current(table, env)?.map(|classes| (payload, Some(classes))))
}

/// The value of a native pickle of another schema: of another version of the type or of its
/// objects' classes, or of one that converts to it.
#[cold]
fn transcode<'de>(
    bytes: &'de [u8],
    header: &Header<'de>,
    info: &TypeInfo,
    limits: &Limits,
    env: &Env,
) -> Result<Transcoded<'de>> {
    let own = (header.fingerprint == info.fingerprint).then(|| info.schema());
    let known = || env.schema(header.fingerprint);
    let Some(schema) = header.schema.or(own).or_else(known) else {
        return Err(another_type(header, info));
    };
    native::load_graph_by(bytes, header, schema, limits)
}

/// Says of which type the pickle is, where that explains the error.
#[cold]
fn explain(error: Error, header: &Header<'_>, info: &TypeInfo) -> Error {
    match error.kind() {
        ErrorKind::Mismatch { .. } if error.path().is_empty() && is_another(header, info) => {
            another_type(header, info)
        }
        _ => error,
    }
}

/// Loads the pickle of Python's at the front of `bytes`; returns how long that is.
#[inline(never)]
pub(super) fn split_python<'de>(
    bytes: &'de [u8],
    options: LoadOptions<'de>,
    target: &mut dyn Target<'de>,
) -> Result<usize> {
    let Some(first) = bytes.first() else {
        return Err(Error::new(ErrorKind::UnexpectedEnd { needed: 1, left: 0 }).at(0));
    };
    check_first(*first)?;
    let (limits, env) = (options.limits, options.env.clone());
    let mut machine = Machine::new(bytes, options);
    let root = machine.load()?;
    restore_into(machine.graph(), root, &limits, &env, target)?;
    Ok(machine.position())
}

/// Whether a pickle of Python's can begin with this byte.
pub(super) fn check_first(found: u8) -> Result<()> {
    match python::opcode::opcode(found) {
        Some(_) => Ok(()),
        None if found == compress::MAGIC => Err(compress::nothing_to_borrow()),
        None => Err(Error::new(ErrorKind::NotAPickle { found }).at(0)),
    }
}

/// Whether no value of the stored type would load.
#[cold]
fn is_another(header: &Header<'_>, info: &TypeInfo) -> bool {
    let Some(Ok(schema)) = header.schema.map(Schema::from_bytes) else { return true };
    if schema.type_name() == Schema::by(info.describe).type_name() {
        return false;
    }
    let report = Compat::with(&schema, &Described::by(info.describe));
    let mut changes = report.changes().iter();
    changes.any(|change| change.effect == Effect::Breaks && change.path.is_empty())
}

#[cold]
fn another_type(header: &Header<'_>, asked: &TypeInfo) -> Error {
    let asked = Schema::from_bytes(asked.schema()).map(|schema| schema.type_name());
    let stored = match header.schema.map(Schema::from_bytes) {
        Some(Ok(schema)) => schema.type_name(),
        Some(Err(error)) => return error,
        None => format!("a type with fingerprint {:016x}", header.fingerprint),
    };
    let asked = asked.unwrap_or_default();
    let hint = (stored == asked).then_some("the type has changed since the pickle was made");
    let error = Error::new(ErrorKind::TypeMismatch { stored, asked });
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}
