//! `uuid.UUID`.

use std::fmt;
use std::str::FromStr;

use crate::graph;
use crate::impls::prelude::*;
use crate::shape::{Body, Fields, PythonShape, Style};

/// A UUID, as Python's [`uuid.UUID`](https://docs.python.org/3/library/uuid.html).
///
/// ```
/// use pickle_core::python::Uuid;
/// let id: Uuid = "12345678-1234-5678-1234-567812345678".parse()?;
/// assert_eq!(id.as_bytes()[..2], [0x12, 0x34]);
/// assert_eq!(id.to_string(), "12345678-1234-5678-1234-567812345678");
/// # Ok::<(), pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid([u8; 16]);

impl Uuid {
    /// The UUID of these bytes, in the order in which it is written.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, in the order in which they are written.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// 32 hexadecimal digits, with hyphens between them or without.
impl FromStr for Uuid {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let digits: String = text.chars().filter(|char| *char != '-').collect();
        let is_hex = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        match u128::from_str_radix(&digits, 16) {
            Ok(value) if is_hex => Ok(Self(value.to_be_bytes())),
            _ => Err(Error::expected("a UUID of 32 hexadecimal digits")),
        }
    }
}

std_struct! { [] Uuid, "Uuid" as "uuid.UUID" { bytes: [u8; 16] },
    dump: |value| (value.0),
    load: Ok(Uuid(bytes)),
    save: save_uuid, restore: restore_uuid
}

/// What `UUID.__getstate__` returns: the number. That it is unknown how safely it was made is not
/// said.
static STATE: Shape = Shape {
    untagged: false,
    name: "UUID",
    class: "uuid.UUID",
    aliases: &[],
    module: "uuid",
    qualname: "UUID",
    python: PythonShape::Object,
    deny_unknown_fields: false,
    body: Body::Struct(Fields { style: Style::Named, list: &[composite::field("int")] }),
};

fn save_uuid(value: &Uuid, saver: &mut Saver<'_>) -> Result<()> {
    saver.structure(&STATE, |fields| fields.put(&u128::from_be_bytes(value.0)))
}

fn restore_uuid(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<Uuid>> {
    let Some(made) = restorer.made_by(id, "uuid", "UUID") else { return Ok(None) };
    let state = made.states.last().map(|state| restorer.node(*state));
    let Some(graph::Node::Dict(pairs)) = state else { return Ok(None) };
    let pairs = restorer.graph().edges(pairs);
    let number = pairs.chunks_exact(2).rfind(|pair| restorer.graph().text(pair[0]) == Some("int"));
    let Some(number) = number else { return Ok(None) };
    let number = restorer.unsigned(number[1], "a UUID of 128 bits")?;
    Ok(Some(Uuid(number.to_be_bytes())))
}
