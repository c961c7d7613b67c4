//! The table of the classes of a pickle's objects, which ends the payload of a type that holds any.

use std::sync::Arc;

use super::varint::{self, Bytes};
use crate::env::Env;
use crate::error::{Error, ErrorKind, Result};
use crate::registry::{ClassEntry, MemberOf};

/// Appends a class to a table.
pub(super) fn put(out: &mut Vec<u8>, of: &str, name: &str, fingerprint: u64, schema: &[u8]) {
    for text in [of, name] {
        varint::put(out, text.len() as u64);
        out.extend_from_slice(text.as_bytes());
    }
    out.extend_from_slice(&fingerprint.to_le_bytes());
    varint::put(out, schema.len() as u64);
    out.extend_from_slice(schema);
}

/// A class as a pickle states it.
pub(crate) struct Stated<'de> {
    /// The trait.
    pub(crate) namespace: &'de str,
    pub(crate) name: &'de str,
    pub(crate) fingerprint: u64,
    /// Absent where the schemas of classes were omitted.
    pub(crate) schema: Option<&'de [u8]>,
}

/// Splits the table off the end of a payload.
pub(crate) fn split(payload: &[u8]) -> Result<(&[u8], &[u8])> {
    let wrong = || Error::corrupt("the table of classes is longer than the payload");
    let (rest, size) = payload.split_last_chunk::<4>().ok_or_else(wrong)?;
    let size = u32::from_le_bytes(*size) as usize;
    let at = rest.len().checked_sub(size).ok_or_else(wrong)?;
    Ok(rest.split_at(at))
}

/// Reads a table of classes. Memory grows with what is there, not with what is announced.
pub(crate) fn read(table: &[u8]) -> Result<Vec<Stated<'_>>> {
    let mut bytes = Bytes::new(table);
    let count = bytes.varint()?;
    if count > bytes.left() {
        return Err(Error::corrupt("more classes than the table has bytes"));
    }
    let mut classes = Vec::new();
    for _ in 0..count {
        classes.push(read_class(&mut bytes)?);
    }
    match bytes.left() {
        0 => Ok(classes),
        _ => Err(Error::corrupt("bytes follow the table of classes")),
    }
}

fn read_class<'de>(bytes: &mut Bytes<'de>) -> Result<Stated<'de>> {
    let mut text = || {
        let length = bytes.count()?;
        let text = std::str::from_utf8(bytes.take(length)?);
        text.map_err(|_| Error::corrupt("the name of a class is not UTF-8"))
    };
    let (namespace, name) = (text()?, text()?);
    let fingerprint = u64::from_le_bytes(bytes.take(8)?.try_into().expect("8 bytes"));
    let length = bytes.count()?;
    let schema = bytes.take(length)?;
    let schema = (!schema.is_empty()).then_some(schema);
    Ok(Stated { namespace, name, fingerprint, schema })
}

/// The classes that the numbers in the heads of objects stand for.
pub(crate) type Current = Box<[Arc<ClassEntry>]>;

/// The classes of a table as the registry has them, if it has them all as they were written; none if
/// one has changed or is not known, so that the pickle must be read by its schemas.
///
/// # Errors
/// When a class has changed or is not known, and the pickle has no schema of it.
pub(crate) fn current(table: &[u8], env: &Env) -> Result<Option<Current>> {
    let registry = env.registry();
    let mut classes = Vec::new();
    for stated in read(table)? {
        let class = registry.class_in(stated.namespace, stated.name);
        match class.filter(|class| class.info().fingerprint == stated.fingerprint) {
            Some(class) => classes.push(Arc::clone(class)),
            None if stated.schema.is_some() => return Ok(None),
            None => return Err(changed(&stated, class)),
        }
    }
    Ok(Some(classes.into()))
}

#[cold]
fn changed(stated: &Stated<'_>, class: Option<&Arc<ClassEntry>>) -> Error {
    let name = crate::registry::shown(stated.name);
    let Some(class) = class else {
        let what = format!("a `{}`", crate::registry::shown(stated.namespace)).into();
        return Error::new(ErrorKind::UnknownName { name, what });
    };
    let stored = format!("{name} with fingerprint {:016x}", stated.fingerprint);
    let asked = format!("{name} with fingerprint {:016x}", class.info().fingerprint);
    Error::new(ErrorKind::TypeMismatch { stored, asked })
        .with_hint("the class has changed, and the pickle was written without its schema")
}

/// The class of this number, to a trait.
pub(super) fn find(classes: &[Arc<ClassEntry>], number: u32, of: MemberOf) -> Result<&ClassEntry> {
    let class = classes.get(number as usize);
    let class =
        class.ok_or_else(|| Error::corrupt("an object of a class that is not in the table"))?;
    if class.namespace().0 != of.base {
        return Err(another_trait(class.name(), class.namespace().1, of.namespace));
    }
    Ok(class)
}

#[cold]
pub(super) fn another_trait(name: &str, found: &str, expected: &str) -> Error {
    let shown = crate::registry::shown;
    Error::new(ErrorKind::Mismatch {
        expected: format!("a `{}`", shown(expected)).into(),
        found: format!("{}, a `{}`", shown(name), shown(found)).into(),
    })
}
