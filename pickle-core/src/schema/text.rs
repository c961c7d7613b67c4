//! Schemas for people: the name of a type, and the whole of it.

use std::fmt::{self, Display, Write as _};

use super::{EnumNode, FieldNodes, Node, Schema, SchemaId, StructNode};
use crate::shape::Style;

/// Levels of nesting and parts of one name that are shown: a schema from a stranger may nest
/// without end.
const LEVELS: usize = 16;
const PARTS: u32 = 64;

/// The type, and below it every struct, enum and state that it consists of.
///
/// ```
/// use std::time::Duration;
/// let schema = pickle_core::schema::<Vec<Option<Duration>>>();
/// assert_eq!(
///     schema.to_string(),
///     "list[optional[std.Duration]]\n\
///      \n\
///      struct std.Duration {\n    secs: u64,\n    nanos: u32,\n}"
/// );
/// ```
impl Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        let is_definition = |node: &Node| match node {
            Node::Struct(_) | Node::Enum(_) => true,
            Node::State { class, .. } => !class.is_empty(),
            _ => false,
        };
        if !is_definition(self.root()) {
            f.write_str(&self.type_name())?;
            between = "\n\n";
        }
        for node in self.nodes.iter().filter(|node| is_definition(node)) {
            f.write_str(between)?;
            self.fmt_definition(node, f)?;
            between = "\n\n";
        }
        Ok(())
    }
}

impl Schema {
    /// The name of the type, as Python's annotations would have it; structs and enums by their
    /// qualified name. Three dots stand for a type within itself, and for what would be too long.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// let schema = pickle_core::schema::<BTreeMap<String, Vec<u32>>>();
    /// assert_eq!(schema.type_name(), "dict[str, list[u32]]");
    /// ```
    pub fn type_name(&self) -> String {
        self.name_of(self.root)
    }

    /// The name of one of the types.
    pub(crate) fn name_of(&self, id: SchemaId) -> String {
        let mut name = Name { schema: self, text: String::new(), left: PARTS, open: Vec::new() };
        name.part(id);
        name.text
    }

    fn fmt_definition(&self, node: &Node, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match node {
            Node::Struct(StructNode { class, fields }) => {
                write!(f, "struct {}", shown(class))?;
                self.fmt_fields(fields, "\n    ", ",\n", f)
            }
            Node::Enum(EnumNode { class, variants }) => {
                writeln!(f, "enum {} {{", shown(class))?;
                for (name, fields) in variants {
                    write!(f, "    {}", shown(name))?;
                    self.fmt_fields(fields, " ", " ", f)?;
                    f.write_str(",\n")?;
                }
                f.write_str("}")
            }
            Node::State { class, state } => {
                write!(f, "state {} = {}", shown(class), self.name_of(*state))
            }
            _ => Ok(()),
        }
    }

    /// Fields as Rust writes them; named ones with `before` each and `after` the last.
    fn fmt_fields(
        &self,
        fields: &FieldNodes,
        before: &str,
        after: &str,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        let list = &fields.list;
        match fields.style {
            Style::Unit => Ok(()),
            Style::Tuple => {
                f.write_str("(")?;
                for (index, (_, id)) in list.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    write!(f, "{comma}{}", self.name_of(*id))?;
                }
                f.write_str(")")
            }
            Style::Named if list.is_empty() => f.write_str(" {}"),
            Style::Named => {
                f.write_str(" {")?;
                for (index, (name, id)) in list.iter().enumerate() {
                    let comma = if index > 0 { "," } else { "" };
                    write!(f, "{comma}{before}{}: {}", shown(name), self.name_of(*id))?;
                }
                write!(f, "{after}}}")
            }
        }
    }
}

/// The name of a type as it grows.
struct Name<'s> {
    schema: &'s Schema,
    text: String,
    /// Parts that are still shown.
    left: u32,
    /// The types that this one is part of.
    open: Vec<SchemaId>,
}

impl Name<'_> {
    fn part(&mut self, id: SchemaId) {
        if self.open.len() > LEVELS || self.left == 0 || self.open.contains(&id) {
            self.text.push_str("...");
            return;
        }
        self.left -= 1;
        self.open.push(id);
        match self.schema.node(id) {
            Node::Scalar(scalar) => self.text.push_str(scalar.name()),
            Node::Str => self.text.push_str("str"),
            Node::Bytes => self.text.push_str("bytes"),
            Node::Option(item) => self.nested("optional", &[*item]),
            Node::Box(item) => self.nested("box", &[*item]),
            Node::Shared(item) => self.nested("shared", &[*item]),
            Node::Weak(item) => self.nested("weak", &[*item]),
            Node::Seq(item) => self.nested("list", &[*item]),
            Node::Set(item) => self.nested("set", &[*item]),
            Node::Map(key, value) => self.nested("dict", &[*key, *value]),
            Node::Array(item, length) => {
                self.nested("array", &[*item]);
                // Writing into a String cannot fail.
                let _ = write!(self.text, " of {length}");
            }
            Node::Tuple(items) => self.nested("tuple", items),
            Node::State { class, state } if class.is_empty() => {
                self.nested("state", &[*state]);
            }
            Node::Struct(StructNode { class, .. })
            | Node::Enum(EnumNode { class, .. })
            | Node::State { class, .. } => self.text.push_str(&shown(class)),
            Node::Object(name) => {
                self.text.push_str("dyn ");
                self.text.push_str(&shown(name));
            }
            Node::Persistent(id) => self.nested("persistent", &[*id]),
            Node::Global => self.text.push_str("global"),
            Node::Open => self.text.push('?'),
        }
        self.open.pop();
    }

    fn nested(&mut self, name: &str, items: &[SchemaId]) {
        self.text.push_str(name);
        self.text.push('[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.text.push_str(", ");
            }
            self.part(*item);
            if self.left == 0 {
                break;
            }
        }
        self.text.push(']');
    }
}

/// A name from a schema, without what a terminal would act upon.
fn shown(name: &str) -> String {
    name.chars()
        .flat_map(|char| {
            let plain = (!char.is_control()).then_some(char);
            let escaped = char.is_control().then(|| char.escape_default());
            plain.into_iter().chain(escaped.into_iter().flatten())
        })
        .collect()
}
