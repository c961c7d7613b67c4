//! The schema of a type: what its native pickles consist of, as data.

mod builder;
mod bytes;
#[cfg(feature = "serde_json")]
mod json;
mod nameless;
mod text;

use std::hash::Hasher as _;

use siphasher::sip::SipHasher24;

use crate::shape::{Fields, Shape, Style};
use crate::traits::Layout;

pub use builder::SchemaBuilder;

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
    /// A value that several pointers may share: `Rc`, `Arc`.
    Shared(SchemaId),
    /// A pointer to such a value that does not keep it, or to none: `Weak`.
    Weak(SchemaId),
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
    /// An object of a trait, by the trait's name. Its class is named where it is pickled.
    Object(String),
    /// A class or function by name.
    Global,
    /// An object that lives elsewhere, by its id.
    Persistent(SchemaId),
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

/// What describes a type: its [`Layout::describe`].
pub(crate) type Describe = fn(&mut SchemaBuilder) -> SchemaId;

/// The schema of a type: what its native pickles consist of, as data.
///
/// ```
/// let schema = pickle_core::schema::<Vec<Option<u32>>>();
/// assert_eq!(schema.type_name(), "list[optional[u32]]");
/// assert_eq!(schema.fingerprint(), 0x43c6_78d1_501b_0231); // for ever
/// ```
pub fn schema<T: Layout + ?Sized>() -> Schema {
    Schema::of::<T>()
}

/// The schema of one type: the type itself and all it consists of.
///
/// Its `Display` shows all of it, [`type_name`](Self::type_name) the type alone.
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
    /// assert_eq!(schema.type_name(), "list[optional[u32]]");
    /// ```
    pub fn of<T: Layout + ?Sized>() -> Self {
        Self::by(T::describe)
    }

    /// The schema of the type that `describe` describes.
    pub(crate) fn by(describe: Describe) -> Self {
        let mut builder = SchemaBuilder::default();
        let root = describe(&mut builder);
        builder.finish(root)
    }

    /// Whether values may hold shared pointers.
    pub(crate) fn is_shared(&self) -> bool {
        let is_shared =
            |node: &Node| matches!(node, Node::Shared(_) | Node::Weak(_) | Node::Object(_));
        self.nodes.iter().any(is_shared)
    }

    /// Whether values are all that is pickled: no states that hooks return, nothing that is elsewhere.
    pub(crate) fn is_whole(&self) -> bool {
        !self.nodes.iter().any(|node| {
            matches!(
                node,
                Node::State { .. } | Node::Object(_) | Node::Global | Node::Persistent(_)
            )
        })
    }

    /// Whether some pointer may lead back to the root's type; what objects of traits hold is not
    /// known.
    pub(crate) fn points_at_root(&self) -> bool {
        self.nodes.iter().any(|node| match node {
            Node::Shared(id) | Node::Weak(id) => *id == self.root,
            Node::Object(_) => true,
            _ => false,
        })
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

    /// Whether values may hold objects of traits.
    pub(crate) fn has_objects(&self) -> bool {
        self.nodes.iter().any(|node| matches!(node, Node::Object(_)))
    }

    /// Whether values may hold dynamic ones.
    pub(crate) fn has_values(&self) -> bool {
        let is_value =
            |node: &Node| matches!(node, Node::State { class, .. } if class == crate::value::CLASS);
        self.nodes.iter().any(is_value)
    }

    /// Adds the types of another schema; returns its root.
    pub(crate) fn append(&mut self, other: &Self) -> SchemaId {
        let first = self.nodes.len() as u32;
        let shifted = |id: SchemaId| SchemaId(id.0 + first);
        self.nodes.extend(other.nodes.iter().map(|node| node.with_ids(shifted)));
        SchemaId(other.root.0 + first)
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
}

impl Node {
    /// The same with other numbers of types, asked for in order.
    fn with_ids(&self, mut id: impl FnMut(SchemaId) -> SchemaId) -> Self {
        fn fields(own: &FieldNodes, id: &mut impl FnMut(SchemaId) -> SchemaId) -> FieldNodes {
            let list = own.list.iter().map(|(name, own)| (name.clone(), id(*own))).collect();
            FieldNodes { style: own.style, list }
        }
        let id = &mut id;
        match self {
            Self::Option(item) => Self::Option(id(*item)),
            Self::Box(item) => Self::Box(id(*item)),
            Self::Persistent(item) => Self::Persistent(id(*item)),
            Self::Shared(item) => Self::Shared(id(*item)),
            Self::Weak(item) => Self::Weak(id(*item)),
            Self::Seq(item) => Self::Seq(id(*item)),
            Self::Set(item) => Self::Set(id(*item)),
            Self::Map(key, value) => Self::Map(id(*key), id(*value)),
            Self::Array(item, length) => Self::Array(id(*item), *length),
            Self::Tuple(items) => Self::Tuple(items.iter().map(|item| id(*item)).collect()),
            Self::Struct(StructNode { class, fields: own }) => {
                Self::Struct(StructNode { class: class.clone(), fields: fields(own, id) })
            }
            Self::Enum(EnumNode { class, variants }) => {
                let variants = variants.iter().map(|(name, own)| (name.clone(), fields(own, id)));
                Self::Enum(EnumNode { class: class.clone(), variants: variants.collect() })
            }
            Self::State { class, state } => Self::State { class: class.clone(), state: id(*state) },
            Self::Scalar(_)
            | Self::Str
            | Self::Bytes
            | Self::Object(_)
            | Self::Global
            | Self::Open => self.clone(),
        }
    }
}

/// A type as a target of loading: its schema, with states as they are loaded, and what the derive
/// knows besides.
pub(crate) struct Described {
    pub(crate) schema: Schema,
    shapes: Vec<Option<&'static Shape>>,
}

impl Described {
    pub(crate) fn by(describe: Describe) -> Self {
        let mut builder = SchemaBuilder::of_targets();
        let root = describe(&mut builder);
        builder.finish_described(root)
    }

    /// Names, aliases and defaults of a derived type.
    pub(crate) fn shape(&self, id: SchemaId) -> Option<&'static Shape> {
        self.shapes[id.0 as usize]
    }
}

/// The hash of a schema's bytes.
pub(crate) fn fingerprint(bytes: &[u8]) -> u64 {
    let mut hasher = SipHasher24::new();
    hasher.write(bytes);
    hasher.finish()
}

impl Scalar {
    /// All of them, by number.
    pub(crate) const ALL: [Self; 15] = [
        Self::Unit,
        Self::Bool,
        Self::Char,
        Self::U8,
        Self::U16,
        Self::U32,
        Self::U64,
        Self::U128,
        Self::I8,
        Self::I16,
        Self::I32,
        Self::I64,
        Self::I128,
        Self::F32,
        Self::F64,
    ];

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
