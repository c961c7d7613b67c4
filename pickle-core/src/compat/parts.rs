//! What the rules compare: fields, items, ranges of numbers.

use crate::schema::{EnumNode, FieldNodes, Node, Scalar, Schema, SchemaId};
use crate::shape::{Field, Shape, Style, Variant};

/// The fields that data must come to fit.
pub(super) struct Target<'a> {
    /// The step to the owner: the name of a struct, a dot and that of a variant.
    pub(super) name: &'a str,
    pub(super) shape: Option<&'static Shape>,
    pub(super) fields: &'a FieldNodes,
    /// What the derive knows of the fields.
    pub(super) own: Option<&'static [Field]>,
}

impl Target<'_> {
    /// The field of this name, or of this former name.
    pub(super) fn named(&self, name: &str) -> Option<usize> {
        let by_name = self.fields.list.iter().position(|(own, _)| own == name);
        by_name.or_else(|| self.own?.iter().position(|field| field.aliases.contains(&name)))
    }

    /// The field at this position; where positions are aliases, the one that has it.
    pub(super) fn numbered(&self, index: usize) -> Option<usize> {
        let is_number = |name: &&str| name.bytes().all(|byte| byte.is_ascii_digit());
        let own = self.own.unwrap_or_default();
        if own.iter().any(|field| field.aliases.iter().any(is_number)) {
            return self.named(&index.to_string());
        }
        Some(index).filter(|index| *index < self.fields.list.len())
    }
}

/// Levels of nesting that are compared: schemas may come from a stranger.
pub(super) const LEVELS: u32 = 200;

/// What a sequence of any kind holds.
#[derive(Clone, Copy)]
pub(super) enum Items<'a> {
    /// Items of one type; how many, where that is fixed.
    Each(SchemaId, Option<u64>),
    /// Items of their own types.
    Own(&'a [SchemaId]),
}

impl Items<'_> {
    pub(super) fn len(self) -> Option<u64> {
        match self {
            Self::Each(_, len) => len,
            Self::Own(items) => Some(items.len() as u64),
        }
    }
}

pub(super) fn items(node: &Node) -> Option<Items<'_>> {
    match node {
        Node::Seq(item) | Node::Set(item) => Some(Items::Each(*item, None)),
        Node::Array(item, len) => Some(Items::Each(*item, Some(*len))),
        Node::Tuple(items) => Some(Items::Own(items)),
        _ => None,
    }
}

/// The type itself: pointers and the state of a field take no part in a value's form.
pub(super) fn seen_through(schema: &Schema, mut id: SchemaId) -> SchemaId {
    // A box may hold itself in the schema of a stranger.
    for _ in 0..LEVELS {
        match schema.node(id) {
            Node::Box(item) | Node::Shared(item) => id = *item,
            Node::State { class, state } if class.is_empty() => id = *state,
            _ => break,
        }
    }
    id
}

/// The variant of a name: today's or a former one.
pub(super) fn variant<'a>(
    new: &'a EnumNode,
    own: Option<&'static [Variant]>,
    name: &str,
) -> Option<(usize, &'a (String, FieldNodes))> {
    let by_name = new.variants.iter().position(|(own, _)| own == name);
    let index =
        by_name.or_else(|| own?.iter().position(|variant| variant.aliases.contains(&name)))?;
    Some((index, &new.variants[index]))
}

/// Whether a class is that of a type of today, by its name or a former one.
pub(super) fn is_named(shape: &Shape, class: &str) -> bool {
    shape.class == class || shape.aliases.contains(&class)
}

pub(super) fn is_fieldless(node: &EnumNode) -> bool {
    node.variants.iter().all(|(_, fields)| fields.style == Style::Unit && fields.list.is_empty())
}

/// The own name in a qualified one.
pub(super) fn last(class: &str) -> &str {
    class.rsplit_once('.').map_or(class, |(_, name)| name)
}

/// The smallest and the largest value of an integer type; what is larger than `i128` counts as that.
pub(super) fn range(scalar: Scalar) -> Option<(i128, i128)> {
    Some(match scalar {
        Scalar::U8 => (0, u8::MAX.into()),
        Scalar::U16 => (0, u16::MAX.into()),
        Scalar::U32 => (0, u32::MAX.into()),
        Scalar::U64 => (0, u64::MAX.into()),
        Scalar::U128 => (0, i128::MAX),
        Scalar::I8 => (i8::MIN.into(), i8::MAX.into()),
        Scalar::I16 => (i16::MIN.into(), i16::MAX.into()),
        Scalar::I32 => (i32::MIN.into(), i32::MAX.into()),
        Scalar::I64 => (i64::MIN.into(), i64::MAX.into()),
        Scalar::I128 => (i128::MIN, i128::MAX - 1),
        _ => return None,
    })
}

pub(super) fn range_of(schema: &Schema, id: SchemaId) -> Option<(i128, i128)> {
    match schema.node(id) {
        Node::Scalar(scalar) => range(*scalar),
        _ => None,
    }
}

/// Whether a float of so many bits has all integers of a range.
pub(super) fn exact(range: (i128, i128), bits: u32) -> bool {
    range.0 >= -(1 << bits) && range.1 <= 1 << bits
}
