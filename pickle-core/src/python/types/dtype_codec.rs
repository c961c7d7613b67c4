//! How a `numpy.dtype` is pickled.

use std::borrow::Cow;
use std::collections::HashMap;

use super::dtype::{ByteOrder, Dtype, DtypeField, DtypeKind, STRUCT_FLAGS};
use crate::graph;
use crate::impls::prelude::*;

/// numpy's flag of a dtype whose elements are of the class `numpy.record`. None of its own: it is
/// kept beside those.
const RECORD: u8 = 0x80;
/// numpy's flag of structures with gaps as in C, beyond a byte there.
const ALIGNED: i64 = 0x80;

std_struct! { [] DtypeField, "DtypeField" as "numpy.dtype.field" { name: String, dtype: Dtype, offset: u64 },
    dump: |field| (&field.name, &field.dtype, field.offset as u64),
    load: match usize::try_from(offset) {
        Ok(offset) => Ok(DtypeField { name, dtype, offset }),
        Err(_) => Err("an offset on this machine"),
    }
}

// The code of what has neither fields nor a base says it all.
std_struct! { [] Dtype,
    "Dtype" as "numpy.dtype" {
        code: String, fields: Option<Vec<DtypeField>>, base: Option<Box<Dtype>>, shape: Vec<u64>,
        align: u64, flags: u8
    },
    dump: |dtype| (
        dtype.to_string(), fields_of(dtype), base_of(dtype).0, base_of(dtype).1,
        dtype.align as u64, dtype.flags
    ),
    load: assemble(&code, fields, base, &shape, align, flags),
    save: save_dtype, restore: restore_dtype
}

fn fields_of(dtype: &Dtype) -> Option<&Vec<DtypeField>> {
    match &dtype.kind {
        DtypeKind::Struct(fields) => Some(fields),
        _ => None,
    }
}

#[allow(clippy::borrowed_box)] // as it is loaded
fn base_of(dtype: &Dtype) -> (Option<&Box<Dtype>>, Vec<u64>) {
    match &dtype.kind {
        DtypeKind::Array(base, shape) => {
            (Some(base), shape.iter().map(|len| *len as u64).collect())
        }
        _ => (None, Vec::new()),
    }
}

const DTYPE: &str = "a dtype of numpy whose parts fit into it";

fn assemble(
    code: &str,
    fields: Option<Vec<DtypeField>>,
    base: Option<Box<Dtype>>,
    shape: &[u64],
    align: u64,
    flags: u8,
) -> Result<Dtype, &'static str> {
    let mut dtype: Dtype = code.parse().map_err(|_| DTYPE)?;
    dtype.align = usize::try_from(align).map_err(|_| DTYPE)?;
    dtype.flags = flags;
    let shape: Option<Vec<usize>> = shape.iter().map(|len| usize::try_from(*len).ok()).collect();
    compose(dtype, fields, base.zip(shape)).ok_or(DTYPE)
}

/// A `V` type with what it is made of, if that fits.
fn compose(
    mut dtype: Dtype,
    fields: Option<Vec<DtypeField>>,
    base: Option<(Box<Dtype>, Vec<usize>)>,
) -> Option<Dtype> {
    if fields.is_none() && base.is_none() {
        return Some(dtype);
    }
    if dtype.kind != DtypeKind::Void {
        return None;
    }
    match (fields, base) {
        (Some(fields), None) => {
            let fits = |field: &DtypeField| {
                field.offset.checked_add(field.dtype.size).is_some_and(|end| end <= dtype.size)
            };
            if !fields.iter().all(fits) {
                return None;
            }
            dtype.kind = DtypeKind::Struct(fields);
        }
        (None, Some((base, shape))) => {
            let count = shape.iter().try_fold(1_usize, |count, len| count.checked_mul(*len))?;
            if count.checked_mul(base.size) != Some(dtype.size) {
                return None;
            }
            dtype.kind = DtypeKind::Array(base, shape);
        }
        _ => return None,
    }
    Some(dtype)
}

fn save_dtype(dtype: &Dtype, saver: &mut Saver<'_>) -> Result<()> {
    saver.call("numpy", "dtype", 3, |saver| {
        match matches!(dtype.kind, DtypeKind::Struct(_)) && dtype.flags & RECORD != 0 {
            true => saver.global("numpy", "record")?,
            false => saver.fresh_str(&dtype.code()),
        }
        saver.bool(false);
        saver.bool(true);
        Ok(())
    })?;
    saver.build(|saver| save_state(dtype, saver))
}

/// Version, byte order, base, names, fields, size, alignment, flags; and the unit of times.
fn save_state(dtype: &Dtype, saver: &mut Saver<'_>) -> Result<()> {
    let unit = match &dtype.kind {
        DtypeKind::DateTime(unit) | DtypeKind::TimeDelta(unit) => Some(unit),
        _ => None,
    };
    saver.tuple(8 + usize::from(unit.is_some()), |saver| {
        saver.int(3 + i64::from(unit.is_some()));
        saver.str(dtype.order.code().encode_utf8(&mut [0; 4]));
        save_parts(dtype, saver)?;
        let sized = matches!(
            dtype.kind,
            DtypeKind::Bytes
                | DtypeKind::Str
                | DtypeKind::Void
                | DtypeKind::Struct(_)
                | DtypeKind::Array(..)
        );
        saver.int(if sized { dtype.size as i64 } else { -1 });
        saver.int(if sized { dtype.align as i64 } else { -1 });
        saver.int(match dtype.kind {
            DtypeKind::Struct(_) if dtype.align > 1 => i64::from(dtype.flags & !RECORD) | ALIGNED,
            _ => (dtype.flags & !RECORD).into(),
        });
        match unit {
            Some(unit) => save_unit(unit, saver),
            None => Ok(()),
        }
    })
}

fn save_parts(dtype: &Dtype, saver: &mut Saver<'_>) -> Result<()> {
    match &dtype.kind {
        DtypeKind::Array(base, shape) => {
            saver.tuple(2, |saver| {
                base.save(saver)?;
                save_shape(shape, saver)
            })?;
            saver.none();
            saver.none();
        }
        DtypeKind::Struct(fields) => {
            saver.none();
            saver.tuple(fields.len(), |saver| {
                fields.iter().for_each(|field| saver.str(&field.name));
                Ok(())
            })?;
            let parts: Vec<(&Dtype, u64)> =
                fields.iter().map(|field| (&field.dtype, field.offset as u64)).collect();
            let names = fields.iter().map(|field| &field.name);
            saver.dict(fields.len(), names.zip(&parts))?;
        }
        _ => (0..3).for_each(|_| saver.none()),
    }
    Ok(())
}

pub(super) fn save_shape(shape: &[usize], saver: &mut Saver<'_>) -> Result<()> {
    saver.tuple(shape.len(), |saver| {
        shape.iter().for_each(|len| saver.uint128(*len as u128));
        Ok(())
    })
}

/// Metadata, of which there is none, and the unit: its name, its count, what divides it, events.
fn save_unit(unit: &str, saver: &mut Saver<'_>) -> Result<()> {
    let name = unit.trim_start_matches(|char: char| char.is_ascii_digit());
    let count: i64 = unit[..unit.len() - name.len()].parse().unwrap_or(1);
    saver.tuple(2, |saver| {
        saver.none();
        saver.tuple(4, |saver| {
            saver.bytes(if name.is_empty() { b"generic" } else { name.as_bytes() })?;
            [count, 1, 1].into_iter().for_each(|number| saver.int(number));
            Ok(())
        })
    })
}

fn restore_dtype(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<Dtype>> {
    let Some(made) = restorer.made_by(id, "numpy", "dtype") else { return Ok(None) };
    let Some(first) = made.args.first() else { return Ok(None) };
    restorer.charge(1, size_of::<Dtype>())?;
    let dtype = restorer.nest(id, |restorer| {
        let state = match made.states.last() {
            Some(state) => restorer.items(*state)?,
            None => Cow::Borrowed(&[][..]),
        };
        restore_parts(*first, &state, restorer)
    })?;
    dtype.map(Some).ok_or_else(|| restorer.invalid(id, DTYPE))
}

fn restore_parts(
    first: NodeId,
    state: &[NodeId],
    restorer: &mut Restorer<'_, '_>,
) -> Result<Option<Dtype>> {
    let (order, base, names, fields, size, align, rest) = match *state {
        [] => {
            let code = restorer.text(first)?;
            return Ok(code.parse().ok());
        }
        [_, order, base, names, fields, size, align, ref rest @ ..] => {
            (order, base, names, fields, size, align, rest)
        }
        _ => return Ok(None),
    };
    let Some(order) = ByteOrder::of(restorer.text(order)?) else { return Ok(None) };
    let (size, align) =
        (restorer.number::<i64>(size, "a size")?, restorer.number::<i64>(align, "an alignment")?);
    let record = restorer.global(first).is_some_and(|(_, name)| name == "record");
    let code = match record {
        true => format!("V{}", size.max(0)),
        false => restorer.text(first)?.trim_start_matches(['<', '>', '|', '=']).to_owned(),
    };
    let Some(mut dtype) = Dtype::of_code(&code, order) else { return Ok(None) };
    match (&mut dtype.kind, rest) {
        (DtypeKind::DateTime(unit) | DtypeKind::TimeDelta(unit), [_, metadata]) => {
            let Some(found) = restore_unit(*metadata, restorer)? else { return Ok(None) };
            *unit = found;
        }
        (DtypeKind::Bytes | DtypeKind::Str | DtypeKind::Void, _) => {
            let found = (usize::try_from(size), usize::try_from(align));
            let (Ok(size), Ok(align)) = found else { return Ok(None) };
            (dtype.size, dtype.align) = (size, align);
        }
        _ => {}
    }
    let base = match restorer.node(base) {
        graph::Node::None => None,
        _ => Some(<(Box<Dtype>, Vec<usize>)>::restore(base, restorer)?),
    };
    let fields = match restorer.node(names) {
        graph::Node::None => None,
        _ => {
            dtype.flags = STRUCT_FLAGS;
            Some(restore_fields(names, fields, restorer)?)
        }
    };
    if let Some(flags) = rest.first() {
        dtype.flags = (restorer.number::<i64>(*flags, "flags")? & 0x7f) as u8;
    }
    if record {
        dtype.flags |= RECORD;
    }
    Ok(compose(dtype, fields, base))
}

/// The fields by name, in the order of the names. A title may follow the offset.
fn restore_fields(
    names: NodeId,
    fields: NodeId,
    restorer: &mut Restorer<'_, '_>,
) -> Result<Vec<DtypeField>> {
    let names: Vec<String> = restorer.list(names)?;
    let pairs = restorer.entries(fields)?;
    restorer.charge(names.len(), size_of::<DtypeField>())?;
    let mut list = Vec::with_capacity(names.len());
    let by_name: HashMap<&str, NodeId> = pairs
        .chunks_exact(2)
        .filter_map(|pair| Some((restorer.graph().text(pair[0])?, pair[1])))
        .collect();
    for name in names {
        let Some(value) = by_name.get(&*name) else {
            return Err(restorer.invalid(fields, "a field for each name"));
        };
        let [dtype, offset, ..] = *restorer.items(*value)? else {
            return Err(restorer.invalid(*value, "a dtype and an offset"));
        };
        let dtype = Dtype::restore(dtype, restorer)?;
        let offset = restorer.number(offset, "an offset")?;
        list.push(DtypeField { name, dtype, offset });
    }
    Ok(list)
}

fn restore_unit(metadata: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<String>> {
    let [_, unit] = *restorer.items(metadata)? else { return Ok(None) };
    let [name, count, ..] = *restorer.items(unit)? else { return Ok(None) };
    let name = String::from_utf8(restorer.raw_bytes(name)?.into_owned()).unwrap_or_default();
    let count: i32 = restorer.number(count, "a count of units")?;
    let unit = match count {
        _ if name == "generic" => String::new(),
        1 => name,
        _ => format!("{count}{name}"),
    };
    let code = if unit.is_empty() { "M8".to_owned() } else { format!("M8[{unit}]") };
    Ok(Dtype::of_code(&code, ByteOrder::Little).map(|_| unit))
}
