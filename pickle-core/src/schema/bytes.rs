//! A schema as it stands in pickles.

use super::{EnumNode, FieldNodes, Node, Scalar, Schema, SchemaId, StructNode};
use crate::native::varint;
use crate::shape::Style;

impl Schema {
    /// The schema as it stands in pickles.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        varint::put(&mut out, self.root.0.into());
        varint::put(&mut out, self.nodes.len() as u64);
        for node in &self.nodes {
            put_node(&mut out, node);
        }
        out
    }

    /// Reads a schema as it stands in pickles.
    ///
    /// # Errors
    /// When the bytes are no schema.
    pub fn from_bytes(bytes: &[u8]) -> crate::Result<Self> {
        read::schema(bytes)
    }

    /// How many types the bytes of a schema announce.
    pub(crate) fn count_in(bytes: &[u8]) -> crate::Result<u64> {
        let mut bytes = varint::Bytes::new(bytes);
        bytes.varint()?;
        bytes.varint()
    }
}

const STR: u8 = 32;
const BYTES: u8 = 33;
const OPTION: u8 = 34;
const BOX: u8 = 35;
const SEQ: u8 = 36;
const SET: u8 = 37;
const MAP: u8 = 38;
const ARRAY: u8 = 39;
const TUPLE: u8 = 40;
const STRUCT: u8 = 41;
const ENUM: u8 = 42;
const STATE: u8 = 43;
const SHARED: u8 = 44;
const WEAK: u8 = 45;
const OBJECT: u8 = 46;
const GLOBAL: u8 = 47;
const PERSISTENT: u8 = 48;

fn put_node(out: &mut Vec<u8>, node: &Node) {
    match node {
        Node::Scalar(scalar) => out.push(*scalar as u8),
        Node::Str => out.push(STR),
        Node::Bytes => out.push(BYTES),
        Node::Option(item) => put_tagged(out, OPTION, &[*item]),
        Node::Box(item) => put_tagged(out, BOX, &[*item]),
        Node::Shared(item) => put_tagged(out, SHARED, &[*item]),
        Node::Weak(item) => put_tagged(out, WEAK, &[*item]),
        Node::Seq(item) => put_tagged(out, SEQ, &[*item]),
        Node::Set(item) => put_tagged(out, SET, &[*item]),
        Node::Map(key, value) => put_tagged(out, MAP, &[*key, *value]),
        Node::Array(item, length) => {
            put_tagged(out, ARRAY, &[*item]);
            varint::put(out, *length);
        }
        Node::Tuple(items) => {
            out.push(TUPLE);
            varint::put(out, items.len() as u64);
            items.iter().for_each(|item| varint::put(out, item.0.into()));
        }
        Node::Struct(node) => {
            out.push(STRUCT);
            put_text(out, &node.class);
            put_fields(out, &node.fields);
        }
        Node::Enum(node) => {
            out.push(ENUM);
            put_text(out, &node.class);
            varint::put(out, node.variants.len() as u64);
            for (name, fields) in &node.variants {
                put_text(out, name);
                put_fields(out, fields);
            }
        }
        Node::State { class, state } => {
            out.push(STATE);
            put_text(out, class);
            varint::put(out, state.0.into());
        }
        Node::Object(name) => {
            out.push(OBJECT);
            put_text(out, name);
        }
        Node::Persistent(id) => put_tagged(out, PERSISTENT, &[*id]),
        Node::Global => out.push(GLOBAL),
        Node::Open => unreachable!("a finished schema has no open nodes"),
    }
}

fn put_tagged(out: &mut Vec<u8>, tag: u8, items: &[SchemaId]) {
    out.push(tag);
    items.iter().for_each(|item| varint::put(out, item.0.into()));
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    varint::put(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn put_fields(out: &mut Vec<u8>, fields: &FieldNodes) {
    out.push(fields.style as u8);
    varint::put(out, fields.list.len() as u64);
    for (name, id) in &fields.list {
        if fields.style == Style::Named {
            put_text(out, name);
        }
        varint::put(out, id.0.into());
    }
}

mod read {
    use super::*;
    use crate::error::{Error, Result};
    use crate::native::varint::Bytes;

    pub(super) fn schema(bytes: &[u8]) -> Result<Schema> {
        let mut bytes = Bytes::new(bytes);
        let root = bytes.varint()?;
        let count = bytes.varint()?;
        // Each node takes a byte at least.
        if count > bytes.left() || root >= count {
            return Err(Error::corrupt("the schema's root is outside it"));
        }
        let mut nodes = Vec::new();
        for _ in 0..count {
            nodes.push(node(&mut bytes, count)?);
        }
        if bytes.left() != 0 {
            return Err(Error::corrupt("bytes follow the schema"));
        }
        Ok(Schema { nodes, root: SchemaId(root as u32) })
    }

    fn node(bytes: &mut Bytes<'_>, count: u64) -> Result<Node> {
        Ok(match bytes.byte()? {
            tag if tag <= Scalar::F64 as u8 => Node::Scalar(Scalar::ALL[usize::from(tag)]),
            STR => Node::Str,
            BYTES => Node::Bytes,
            OPTION => Node::Option(id(bytes, count)?),
            BOX => Node::Box(id(bytes, count)?),
            SHARED => Node::Shared(id(bytes, count)?),
            WEAK => Node::Weak(id(bytes, count)?),
            SEQ => Node::Seq(id(bytes, count)?),
            SET => Node::Set(id(bytes, count)?),
            MAP => Node::Map(id(bytes, count)?, id(bytes, count)?),
            ARRAY => Node::Array(id(bytes, count)?, bytes.varint()?),
            TUPLE => {
                let length = bytes.count()?;
                Node::Tuple((0..length).map(|_| id(bytes, count)).collect::<Result<_>>()?)
            }
            STRUCT => {
                Node::Struct(StructNode { class: text(bytes)?, fields: fields(bytes, count)? })
            }
            ENUM => {
                let class = text(bytes)?;
                let length = bytes.count()?;
                let variants = (0..length)
                    .map(|_| Ok((text(bytes)?, fields(bytes, count)?)))
                    .collect::<Result<_>>()?;
                Node::Enum(EnumNode { class, variants })
            }
            STATE => Node::State { class: text(bytes)?, state: id(bytes, count)? },
            PERSISTENT => Node::Persistent(id(bytes, count)?),
            GLOBAL => Node::Global,
            OBJECT => Node::Object(text(bytes)?),
            _ => return Err(Error::corrupt("unknown kind of type in the schema")),
        })
    }

    fn id(bytes: &mut Bytes<'_>, count: u64) -> Result<SchemaId> {
        match bytes.varint()? {
            id if id < count => Ok(SchemaId(id as u32)),
            _ => Err(Error::corrupt("a type outside the schema")),
        }
    }

    fn text(bytes: &mut Bytes<'_>) -> Result<String> {
        let length = bytes.count()?;
        let text = std::str::from_utf8(bytes.take(length)?);
        text.map(str::to_owned).map_err(|_| Error::corrupt("a name in the schema is not UTF-8"))
    }

    fn fields(bytes: &mut Bytes<'_>, count: u64) -> Result<FieldNodes> {
        let style = match bytes.byte()? {
            0 => Style::Named,
            1 => Style::Tuple,
            2 => Style::Unit,
            _ => return Err(Error::corrupt("unknown style of fields in the schema")),
        };
        let length = bytes.count()?;
        let list = (0..length)
            .map(|index| {
                let name = match style {
                    Style::Named => text(bytes)?,
                    _ => index.to_string(),
                };
                Ok((name, id(bytes, count)?))
            })
            .collect::<Result<_>>()?;
        Ok(FieldNodes { style, list })
    }
}
