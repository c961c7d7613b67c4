//! Loading one pickle, of either format.

use crate::compat::{Compat, Effect};
use crate::env::Env;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::native::{self, Header, Reader};
use crate::python::{self, LoadOptions, Machine};
use crate::restore::restore_value;
use crate::schema::Schema;
use crate::traits::{Layout, Unpickle};
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

/// Loads the pickle at the front of `bytes`; returns how long it is. Asks for the options, which
/// have the same limits and environment, only where Python's pickles need them.
pub(super) fn split<'de, T: Unpickle<'de>>(
    bytes: &'de [u8],
    limits: &Limits,
    env: &Env,
    options: impl FnOnce() -> LoadOptions<'de>,
) -> Result<(T, usize)> {
    if bytes.first() != Some(&native::MAGIC) {
        return split_python(bytes, options());
    }
    let (header, size) = Header::split(bytes)?;
    Ok((load_native(&bytes[..size], &header, limits, env)?, size))
}

/// The value of a native pickle.
#[inline(always)]
pub(super) fn load_native<'de, T: Unpickle<'de>>(
    pickle: &'de [u8],
    header: &Header<'de>,
    limits: &Limits,
    env: &Env,
) -> Result<T> {
    let info = TypeInfo::of::<T>();
    if header.fingerprint != info.fingerprint {
        return restore_native(pickle, header, info, limits, env);
    }
    let (mut payload, mut classes) = (header.payload, Box::default());
    if info.has_objects {
        let (rest, table) = native::classes::split(payload)?;
        match native::classes::current(table, env)? {
            Some(current) => (payload, classes) = (rest, current),
            None => return restore_native(pickle, header, info, limits, env),
        }
    }
    Reader::payload(pickle, payload, limits, env, classes, info)
}

/// The value of a native pickle of another schema: of another version of the type or of its
/// objects' classes, or of one that converts to it.
#[cold]
fn restore_native<'de, T: Unpickle<'de>>(
    bytes: &'de [u8],
    header: &Header<'de>,
    info: &TypeInfo,
    limits: &Limits,
    env: &Env,
) -> Result<T> {
    let own = (header.fingerprint == info.fingerprint).then(|| info.schema());
    let known = || env.schema(header.fingerprint);
    let Some(schema) = header.schema.or(own).or_else(known) else {
        return Err(another_type(header, info));
    };
    let (graph, root) = native::load_graph_by(bytes, header, schema, limits)?;
    restore_value(&graph, root, limits, env).map_err(|error| match error.kind() {
        ErrorKind::Mismatch { .. } if error.path().is_empty() && is_another::<T>(header) => {
            another_type(header, info)
        }
        _ => error,
    })
}

/// [`split`] of one of Python's pickles.
#[inline(never)]
pub(super) fn split_python<'de, T: Unpickle<'de>>(
    bytes: &'de [u8],
    options: LoadOptions<'de>,
) -> Result<(T, usize)> {
    let Some(first) = bytes.first() else {
        return Err(Error::new(ErrorKind::UnexpectedEnd { needed: 1, left: 0 }).at(0));
    };
    check_first(*first)?;
    let (limits, env) = (options.limits, options.env.clone());
    let mut machine = Machine::new(bytes, options);
    let root = machine.load()?;
    let value = restore_value(machine.graph(), root, &limits, &env)?;
    Ok((value, machine.position()))
}

/// Whether a pickle of Python's can begin with this byte.
pub(super) fn check_first(found: u8) -> Result<()> {
    match python::opcode::opcode(found) {
        Some(_) => Ok(()),
        None => Err(Error::new(ErrorKind::NotAPickle { found }).at(0)),
    }
}

/// Whether no value of the stored type would load.
#[cold]
fn is_another<T: Layout>(header: &Header<'_>) -> bool {
    let Some(Ok(schema)) = header.schema.map(Schema::from_bytes) else { return true };
    if schema.type_name() == Schema::of::<T>().type_name() {
        return false;
    }
    let report = Compat::of::<T>(&schema);
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
