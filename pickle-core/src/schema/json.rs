//! Schemas as JSON, for programs that are not in Rust (feature `serde_json`).

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use super::{EnumNode, FieldNodes, Node, Scalar, Schema, SchemaId, StructNode};
use crate::error::{Error, Result};
use crate::shape::Style;

/// A schema as a document: its types by number, and which of them is meant.
#[derive(Serialize, Deserialize)]
struct Document {
    /// In hexadecimal: not every reader of JSON has integers of 64 bits.
    fingerprint: String,
    root: u32,
    types: Vec<Type>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum Type {
    Scalar { name: String },
    Str,
    Bytes,
    Optional { item: u32 },
    Box { item: u32 },
    Shared { item: u32 },
    Weak { item: u32 },
    List { item: u32 },
    Set { item: u32 },
    Dict { key: u32, value: u32 },
    Array { item: u32, length: u64 },
    Tuple { items: Vec<u32> },
    Struct { class: String, style: FieldStyle, fields: Vec<Field> },
    Enum { class: String, variants: Vec<Variant> },
    State { class: String, state: u32 },
    Object { class: String },
    Global,
    Persistent { id: u32 },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Variant {
    name: String,
    style: FieldStyle,
    fields: Vec<Field>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Field {
    name: String,
    #[serde(rename = "type")]
    ty: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FieldStyle {
    Named,
    Tuple,
    Unit,
}

impl Schema {
    /// The schema as a JSON document (feature `serde_json`).
    ///
    /// ```
    /// use pickle_core::Schema;
    /// let json = pickle_core::schema::<Vec<u32>>().to_json();
    /// let types = r#"{"kind":"scalar","name":"u32"},{"kind":"list","item":0}"#;
    /// let fingerprint = r#""fingerprint":"b85a98b27213013b""#;
    /// assert_eq!(json, format!(r#"{{{fingerprint},"root":1,"types":[{types}]}}"#));
    /// assert_eq!(Schema::from_json(&json)?, pickle_core::schema::<Vec<u32>>());
    /// # Ok::<(), pickle_core::Error>(())
    /// ```
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a schema from a JSON document (feature `serde_json`).
    ///
    /// # Errors
    /// When the document is no schema, or one of another fingerprint than it says.
    pub fn from_json(json: &str) -> Result<Self> {
        serde_json::from_str(json).map_err(Error::custom)
    }
}

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let types = self.nodes.iter().map(Type::of).collect::<Option<_>>();
        let types = types.ok_or_else(|| ser::Error::custom("the schema is not finished"))?;
        let fingerprint = format!("{:016x}", self.fingerprint());
        Document { fingerprint, root: self.root.0, types }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Schema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let document = Document::deserialize(deserializer)?;
        let nodes = document.types.into_iter().map(Type::node).collect::<Result<_, _>>();
        let schema =
            Self { nodes: nodes.map_err(de::Error::custom)?, root: SchemaId(document.root) };
        // The bytes are the one place where numbers of types are checked.
        let schema = Self::from_bytes(&schema.to_bytes()).map_err(de::Error::custom)?;
        if format!("{:016x}", schema.fingerprint()) != document.fingerprint {
            return Err(de::Error::custom("the schema and its fingerprint do not belong together"));
        }
        Ok(schema)
    }
}

impl Type {
    fn of(node: &Node) -> Option<Self> {
        Some(match node {
            Node::Scalar(scalar) => Self::Scalar { name: scalar.name().to_owned() },
            Node::Str => Self::Str,
            Node::Bytes => Self::Bytes,
            Node::Option(item) => Self::Optional { item: item.0 },
            Node::Box(item) => Self::Box { item: item.0 },
            Node::Shared(item) => Self::Shared { item: item.0 },
            Node::Weak(item) => Self::Weak { item: item.0 },
            Node::Seq(item) => Self::List { item: item.0 },
            Node::Set(item) => Self::Set { item: item.0 },
            Node::Map(key, value) => Self::Dict { key: key.0, value: value.0 },
            Node::Array(item, length) => Self::Array { item: item.0, length: *length },
            Node::Tuple(items) => Self::Tuple { items: items.iter().map(|id| id.0).collect() },
            Node::Struct(StructNode { class, fields }) => {
                let (style, fields) = Field::all(fields);
                Self::Struct { class: class.clone(), style, fields }
            }
            Node::Enum(EnumNode { class, variants }) => {
                let variants = variants.iter().map(|(name, fields)| {
                    let (style, fields) = Field::all(fields);
                    Variant { name: name.clone(), style, fields }
                });
                Self::Enum { class: class.clone(), variants: variants.collect() }
            }
            Node::State { class, state } => Self::State { class: class.clone(), state: state.0 },
            Node::Object(name) => Self::Object { class: name.clone() },
            Node::Global => Self::Global,
            Node::Persistent(id) => Self::Persistent { id: id.0 },
            Node::Open => return None,
        })
    }

    fn node(self) -> Result<Node, &'static str> {
        Ok(match self {
            Self::Scalar { name } => {
                let scalar = Scalar::ALL.into_iter().find(|scalar| scalar.name() == name);
                Node::Scalar(scalar.ok_or("a scalar that the format does not have")?)
            }
            Self::Str => Node::Str,
            Self::Bytes => Node::Bytes,
            Self::Optional { item } => Node::Option(SchemaId(item)),
            Self::Box { item } => Node::Box(SchemaId(item)),
            Self::Shared { item } => Node::Shared(SchemaId(item)),
            Self::Weak { item } => Node::Weak(SchemaId(item)),
            Self::List { item } => Node::Seq(SchemaId(item)),
            Self::Set { item } => Node::Set(SchemaId(item)),
            Self::Dict { key, value } => Node::Map(SchemaId(key), SchemaId(value)),
            Self::Array { item, length } => Node::Array(SchemaId(item), length),
            Self::Tuple { items } => Node::Tuple(items.into_iter().map(SchemaId).collect()),
            Self::Struct { class, style, fields } => {
                Node::Struct(StructNode { class, fields: Field::nodes(&style, fields) })
            }
            Self::Enum { class, variants } => {
                let variants = variants
                    .into_iter()
                    .map(|variant| (variant.name, Field::nodes(&variant.style, variant.fields)));
                Node::Enum(EnumNode { class, variants: variants.collect() })
            }
            Self::State { class, state } => Node::State { class, state: SchemaId(state) },
            Self::Global => Node::Global,
            Self::Persistent { id } => Node::Persistent(SchemaId(id)),
            Self::Object { class } => Node::Object(class),
        })
    }
}

impl Field {
    fn all(fields: &FieldNodes) -> (FieldStyle, Vec<Self>) {
        let style = match fields.style {
            Style::Named => FieldStyle::Named,
            Style::Tuple => FieldStyle::Tuple,
            Style::Unit => FieldStyle::Unit,
        };
        let list = fields.list.iter().map(|(name, id)| Self { name: name.clone(), ty: id.0 });
        (style, list.collect())
    }

    fn nodes(style: &FieldStyle, fields: Vec<Self>) -> FieldNodes {
        let style = match style {
            FieldStyle::Named => Style::Named,
            FieldStyle::Tuple => Style::Tuple,
            FieldStyle::Unit => Style::Unit,
        };
        let list = fields.into_iter().map(|field| (field.name, SchemaId(field.ty)));
        FieldNodes { style, list: list.collect() }
    }
}
