//! The schema of a type: what its native pickles consist of, as data.

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt::{self, Display};
use std::hash::Hasher as _;

use siphasher::sip::SipHasher24;

use crate::native::varint;
use crate::shape::{Body, Fields, Shape, Style};
use crate::traits::Layout;

/// A type within a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SchemaId(pub(crate) u32);

/// What a type consists of. The numbers of scalars are those of the native format.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Node {
    /// A type of fixed size without parts.
    Scalar(Scalar),
    /// Text.
    Str,
    /// Bytes.
    Bytes,
    /// A value or none.
    Option(SchemaId),
    /// A value behind a pointer.
    Box(SchemaId),
    /// Any number of values in order.
    Seq(SchemaId),
    /// Any number of distinct values.
    Set(SchemaId),
    /// Any number of keys with their values.
    Map(SchemaId, SchemaId),
    /// A fixed number of values of one type.
    Array(SchemaId, u64),
    /// A fixed number of values, each of its own type.
    Tuple(Vec<SchemaId>),
    /// A named type with fields.
    Struct(StructNode),
    /// A named type with variants.
    Enum(EnumNode),
    /// A named type pickled as the state that its `getstate` returns.
    State {
        /// The type's qualified name.
        class: String,
        /// The state.
        state: SchemaId,
    },
    /// A type still being described; never in a finished schema.
    Open,
}

/// A type of fixed size without parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Scalar {
    Unit = 0,
    Bool = 1,
    Char = 2,
    U8 = 3,
    U16 = 4,
    U32 = 5,
    U64 = 6,
    U128 = 7,
    I8 = 8,
    I16 = 9,
    I32 = 10,
    I64 = 11,
    I128 = 12,
    F32 = 13,
    F64 = 14,
}

/// A struct in a schema.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StructNode {
    /// Qualified name.
    pub class: String,
    /// The pickled fields.
    pub fields: FieldNodes,
}

/// An enum in a schema.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EnumNode {
    /// Qualified name.
    pub class: String,
    /// Name and fields of each variant, in order.
    pub variants: Vec<(String, FieldNodes)>,
}

/// The fields of a struct or variant in a schema.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldNodes {
    /// How they are written.
    pub style: Style,
    /// Name and type of each field, in order.
    pub list: Vec<(String, SchemaId)>,
}

impl FieldNodes {
    /// Names from the table, types from the front of `parts`.
    fn new(fields: &Fields, parts: &mut &[SchemaId]) -> Self {
        let (own, rest) = parts.split_at(fields.list.len());
        *parts = rest;
        let names = fields.list.iter().map(|field| field.name.to_owned());
        Self { style: fields.style, list: names.zip(own.iter().copied()).collect() }
    }
}

/// Collects the types reachable from one type, each once.
///
/// Types without a name are shared by content, named ones by identity, numbered as they are met:
/// the same type always gives the same schema.
#[derive(Default)]
pub struct SchemaBuilder {
    nodes: Vec<Node>,
    named: HashMap<TypeId, SchemaId>,
    anonymous: HashMap<Node, SchemaId>,
}

impl SchemaBuilder {
    /// A type that consists of others and has no name of its own.
    pub fn anonymous(&mut self, node: Node) -> SchemaId {
        if let Some(id) = self.anonymous.get(&node) {
            return *id;
        }
        let id = self.reserve();
        self.nodes[id.0 as usize] = node.clone();
        self.anonymous.insert(node, id);
        id
    }

    /// A type with a name. It may be recursive: `describe` runs once, and meets itself as an id.
    pub fn named<T: ?Sized>(&mut self, describe: impl FnOnce(&mut Self) -> Node) -> SchemaId {
        let key = typeid::of::<T>();
        if let Some(id) = self.named.get(&key) {
            return *id;
        }
        let id = self.reserve();
        self.named.insert(key, id);
        self.nodes[id.0 as usize] = describe(self);
        id
    }

    /// A derived type. `parts` describes the pickled fields, those of all variants in a row.
    #[doc(hidden)]
    pub fn shaped<T: ?Sized, const N: usize>(
        &mut self,
        shape: &'static Shape,
        parts: impl FnOnce(&mut Self) -> [SchemaId; N],
    ) -> SchemaId {
        self.named::<T>(|schema| {
            let parts = parts(schema);
            let mut parts = parts.as_slice();
            let class = shape.class.to_owned();
            match &shape.body {
                Body::Struct(fields) => {
                    Node::Struct(StructNode { class, fields: FieldNodes::new(fields, &mut parts) })
                }
                Body::Enum(variants) => {
                    let variants = variants.iter().map(|variant| {
                        (variant.name.to_owned(), FieldNodes::new(&variant.fields, &mut parts))
                    });
                    Node::Enum(EnumNode { class, variants: variants.collect() })
                }
                Body::State | Body::Transparent => unreachable!("described by their contents"),
            }
        })
    }

    /// A derived type that is pickled as its state.
    #[doc(hidden)]
    pub fn state<T: ?Sized>(
        &mut self,
        shape: &'static Shape,
        state: impl FnOnce(&mut Self) -> SchemaId,
    ) -> SchemaId {
        self.named::<T>(|schema| {
            let state = state(schema);
            Node::State { class: shape.class.to_owned(), state }
        })
    }

    /// A field that is pickled as its state. It has no name of its own.
    #[doc(hidden)]
    pub fn field_state(&mut self, state: SchemaId) -> SchemaId {
        self.anonymous(Node::State { class: String::new(), state })
    }

    fn reserve(&mut self) -> SchemaId {
        let id = SchemaId(u32::try_from(self.nodes.len()).expect("fewer than 2^32 types"));
        self.nodes.push(Node::Open);
        id
    }
}

/// The schema of one type: the type itself and all it consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    nodes: Vec<Node>,
    root: SchemaId,
}

impl Schema {
    /// The schema of a type.
    ///
    /// ```
    /// let schema = pickle_core::Schema::of::<Vec<Option<u32>>>();
    /// assert_eq!(schema.to_string(), "list[optional[u32]]");
    /// ```
    pub fn of<T: Layout + ?Sized>() -> Self {
        let mut builder = SchemaBuilder::default();
        let root = T::describe(&mut builder);
        Self { nodes: builder.nodes, root }
    }

    /// The type that this is the schema of.
    pub fn root(&self) -> &Node {
        self.node(self.root)
    }

    /// A type by its id within this schema.
    ///
    /// # Panics
    /// With an id of another schema.
    pub fn node(&self, id: SchemaId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// How many types the bytes of a schema announce.
    pub(crate) fn count_in(bytes: &[u8]) -> crate::Result<u64> {
        let mut bytes = varint::Bytes::new(bytes);
        bytes.varint()?;
        bytes.varint()
    }

    pub(crate) fn root_id(&self) -> SchemaId {
        self.root
    }

    /// All types, in order.
    pub(crate) fn ids(&self) -> impl ExactSizeIterator<Item = SchemaId> + use<> {
        (0..self.nodes.len() as u32).map(SchemaId)
    }

    /// A hash of the schema: equal for equal schemas, and stable for ever.
    ///
    /// SipHash-2-4 with a key of zeros over the schema's bytes.
    pub fn fingerprint(&self) -> u64 {
        fingerprint(&self.to_bytes())
    }

    /// The fingerprint of the schema that a native pickle was written with.
    ///
    /// ```
    /// use pickle_core::{Schema, dumps};
    /// let bytes = dumps(&7_u32)?;
    /// assert_eq!(Schema::fingerprint_in(&bytes)?, Schema::of::<u32>().fingerprint());
    /// # Ok::<(), pickle_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the bytes do not begin with a native pickle.
    pub fn fingerprint_in(pickle: &[u8]) -> crate::Result<u64> {
        crate::native::Header::split(pickle).map(|(header, _)| header.fingerprint)
    }

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
}

/// The hash of a schema's bytes.
pub(crate) fn fingerprint(bytes: &[u8]) -> u64 {
    let mut hasher = SipHasher24::new();
    hasher.write(bytes);
    hasher.finish()
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

fn put_node(out: &mut Vec<u8>, node: &Node) {
    match node {
        Node::Scalar(scalar) => out.push(*scalar as u8),
        Node::Str => out.push(STR),
        Node::Bytes => out.push(BYTES),
        Node::Option(item) => put_tagged(out, OPTION, &[*item]),
        Node::Box(item) => put_tagged(out, BOX, &[*item]),
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
            tag if tag <= Scalar::F64 as u8 => Node::Scalar(SCALARS[usize::from(tag)]),
            STR => Node::Str,
            BYTES => Node::Bytes,
            OPTION => Node::Option(id(bytes, count)?),
            BOX => Node::Box(id(bytes, count)?),
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

    const SCALARS: [Scalar; 15] = [
        Scalar::Unit,
        Scalar::Bool,
        Scalar::Char,
        Scalar::U8,
        Scalar::U16,
        Scalar::U32,
        Scalar::U64,
        Scalar::U128,
        Scalar::I8,
        Scalar::I16,
        Scalar::I32,
        Scalar::I64,
        Scalar::I128,
        Scalar::F32,
        Scalar::F64,
    ];
}

impl Display for Schema {
    /// The root type, named as Python's annotations would: `dict[str, list[u32]]`. Structs and
    /// enums by their qualified name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_node(self.root, f, 0)
    }
}

impl Schema {
    fn fmt_node(&self, id: SchemaId, f: &mut fmt::Formatter<'_>, depth: u32) -> fmt::Result {
        // A schema from a stranger may nest without end.
        if depth > 16 {
            return f.write_str("...");
        }
        let nested = |f: &mut fmt::Formatter<'_>, name: &str, items: &[SchemaId]| {
            write!(f, "{name}[")?;
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    f.write_str(", ")?;
                }
                self.fmt_node(*item, f, depth + 1)?;
            }
            f.write_str("]")
        };
        match self.node(id) {
            Node::Scalar(scalar) => f.write_str(scalar.name()),
            Node::Str => f.write_str("str"),
            Node::Bytes => f.write_str("bytes"),
            Node::Option(item) => nested(f, "optional", &[*item]),
            Node::Box(item) => nested(f, "box", &[*item]),
            Node::Seq(item) => nested(f, "list", &[*item]),
            Node::Set(item) => nested(f, "set", &[*item]),
            Node::Map(key, value) => nested(f, "dict", &[*key, *value]),
            Node::Array(item, length) => {
                nested(f, "array", &[*item])?;
                write!(f, " of {length}")
            }
            Node::Tuple(items) => nested(f, "tuple", items.get(..8).unwrap_or(items)),
            Node::Struct(StructNode { class, .. }) | Node::Enum(EnumNode { class, .. }) => {
                f.write_str(class)
            }
            Node::State { class, state } if class.is_empty() => nested(f, "state", &[*state]),
            Node::State { class, .. } => f.write_str(class),
            Node::Open => f.write_str("?"),
        }
    }
}

impl Scalar {
    /// Bytes of a value.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::Unit => 0,
            Self::Bool | Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::Char | Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
            Self::U128 | Self::I128 => 16,
        }
    }

    /// The name in Rust.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unit => "()",
            Self::Bool => "bool",
            Self::Char => "char",
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::U128 => "u128",
            Self::I8 => "i8",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::I128 => "i128",
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }
}
