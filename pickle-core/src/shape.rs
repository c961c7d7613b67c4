//! The static tables that the derive fills: names, aliases, and how Python sees the type.

use crate::error::Error;

/// What the derive knows about a type without its generics.
#[derive(Debug)]
pub struct Shape {
    /// The type's own name, for paths in errors.
    pub name: &'static str,
    /// The qualified name in pickles and in Python.
    pub class: &'static str,
    /// The module of [`class`](Self::class) in Python.
    pub module: &'static str,
    /// What follows the module: `Outer.Inner` for a nested class.
    pub qualname: &'static str,
    /// Former qualified names.
    pub aliases: &'static [&'static str],
    /// The form that Python's protocols are written in.
    pub python: PythonShape,
    /// Whether an enum is also restored from what one of its variants holds, without its name.
    pub untagged: bool,
    /// Whether a field that the type does not have is an error.
    pub deny_unknown_fields: bool,
    /// The fields or variants.
    pub body: Body,
}

/// The form of a type in Python's protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PythonShape {
    /// An instance of the class with a state dict.
    Object,
    /// A plain dict.
    Dict,
    /// A plain tuple.
    Tuple,
    /// An instance of a `collections.namedtuple`.
    NamedTuple,
    /// A member of an `enum.Enum`, or for a fieldless enum its name as `str`.
    Enum,
    /// A fieldless enum as its name: the default for such.
    Name,
    /// `{"Variant": ..}`, as serde's formats have it.
    Tagged,
}

/// What a type consists of.
#[derive(Debug)]
pub enum Body {
    /// A struct.
    Struct(Fields),
    /// An enum.
    Enum(&'static [Variant]),
    /// A type pickled as the result of its `getstate`.
    State,
    /// A type pickled as its only field.
    Transparent,
}

/// How fields are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    /// `{ a: A }`
    Named,
    /// `(A)`
    Tuple,
    /// Nothing.
    Unit,
}

/// The pickled fields of a struct or variant, in order. Skipped ones are not among them.
#[derive(Debug)]
pub struct Fields {
    /// How they are written.
    pub style: Style,
    /// The fields.
    pub list: &'static [Field],
}

/// The name in native schemas of the field that holds what the type does not have. No other field
/// has it.
pub const UNKNOWN: &str = "**";

/// A pickled field.
#[derive(Debug)]
pub struct Field {
    /// The name in pickles; the index as text in tuple structs.
    pub name: &'static str,
    /// Former names.
    pub aliases: &'static [&'static str],
    /// Whether a missing field takes a default.
    pub default: bool,
    /// Whether Python sees `bytes` where it would see a list.
    pub bytes: bool,
}

/// A variant of an enum.
#[derive(Debug)]
pub struct Variant {
    /// The name in pickles.
    pub name: &'static str,
    /// Former names.
    pub aliases: &'static [&'static str],
    /// Whether this one catches names that the enum does not have.
    pub other: bool,
    /// The number that the declaration gives to the variant, in an enum without fields that gives
    /// any: the value of a member of Python's `enum.Enum`.
    pub value: Option<i128>,
    /// The fields.
    pub fields: Fields,
}

impl Shape {
    /// Field `index` of this struct.
    #[inline(always)]
    pub const fn field(&'static self, index: usize) -> &'static Field {
        match &self.body {
            Body::Struct(fields) => &fields.list[index],
            _ => panic!("a struct has fields"),
        }
    }

    /// Field `index` of this enum's variant.
    #[inline(always)]
    pub const fn variant_field(&'static self, variant: usize, index: usize) -> &'static Field {
        match &self.body {
            Body::Enum(variants) => &variants[variant].fields.list[index],
            _ => panic!("an enum has variants"),
        }
    }

    /// Adds the step into field `index` of this struct.
    #[cold]
    pub fn in_field(&'static self, error: Error, index: usize) -> Error {
        match &self.body {
            Body::Struct(fields) => error.in_field(self.name, fields.list[index].name),
            _ => error,
        }
    }

    /// Adds the steps into field `index` of this enum's variant.
    #[cold]
    pub fn in_variant(&'static self, error: Error, variant: usize, index: usize) -> Error {
        let Body::Enum(variants) = &self.body else { return error };
        let variant = &variants[variant];
        let error = error.in_field(variant.name, variant.fields.list[index].name);
        error.in_field(self.name, variant.name)
    }
}
