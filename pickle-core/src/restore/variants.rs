//! Enums: which variant it is, in whatever form the pickle names it.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Node, NodeId};
use crate::shape::{Body, Fields, Shape, Style, Variant};
use crate::traits::Unpickle;

use super::fields::{Owner, RestoredFields, Source};
use super::{Instance, Restorer};

/// Keys that name the variant inside a dict that holds its fields as well.
const TAGS: [&str; 8] = ["type", "tag", "kind", "variant", "t", "_type", "__type__", "$type"];
/// Keys that hold the fields beside such a tag.
const CONTENTS: [&str; 5] = ["content", "value", "data", "fields", "c"];

/// A variant that was recognised, and where its fields are.
struct Recognised<'g> {
    /// The number of the variant in its enum.
    index: usize,
    source: Source<'g>,
    id: NodeId,
}

impl<'g, 'de> Restorer<'g, 'de> {
    /// The pickled fields of a variant, which says itself which it is. `nodes` has room for each of
    /// any variant.
    ///
    /// # Errors
    /// When the node denotes no variant of the enum's.
    #[doc(hidden)]
    pub fn variant<'r>(
        &'r mut self,
        id: NodeId,
        shape: &'static Shape,
        nodes: &'r mut [Option<NodeId>],
    ) -> Result<RestoredFields<'r, 'g, 'de>> {
        let variant = self.recognise(id, shape)?;
        self.variant_fields(variant, shape, nodes)
    }

    /// Finds out which variant a node denotes.
    fn recognise(&self, id: NodeId, shape: &'static Shape) -> Result<Recognised<'g>> {
        let Body::Enum(variants) = &shape.body else { unreachable!("an enum has variants") };
        if let Some((_, index)) = self.member.filter(|(of, _)| *of == id) {
            return Ok(Recognised { index, source: Source::Nothing, id });
        }
        let graph = self.graph;
        let (name, source) = match graph.node(id) {
            Node::Str(_) => (Cow::Borrowed(self.text(id)?), Source::Nothing),
            Node::Int(value) => return self.by_value(id, shape, variants, value.into()),
            Node::Dict(pairs) => self.tagged(id, shape, variants, graph.edges(pairs))?,
            Node::Tuple { items, .. } | Node::List(items) => {
                self.listed(id, shape, variants, graph.edges(items))?
            }
            Node::Global { .. } => {
                let name = self.global(id).and_then(|(module, name)| named(shape, &module, &name));
                (name.ok_or_else(|| self.no_variant(id, shape))?, Source::Nothing)
            }
            Node::Call(_) | Node::New(_) => {
                let made = self.instance(id).ok_or_else(|| self.no_variant(id, shape))?;
                if is_enum(shape, &made) {
                    return self.member(id, shape, variants, &made);
                }
                match named(shape, &made.module, &made.name) {
                    Some(name) => (name, Source::Instance(Box::new(made))),
                    None => match self.entries(id) {
                        Ok(Cow::Borrowed(pairs)) => self.tagged(id, shape, variants, pairs)?,
                        _ => return Err(self.no_variant(id, shape)),
                    },
                }
            }
            _ => return Err(self.no_variant(id, shape)),
        };
        match find(variants, &name) {
            Some(index) => Ok(Recognised { index, source, id }),
            None => Err(self.unknown_variant(id, shape, variants, &name, "")),
        }
    }

    fn variant_fields<'r>(
        &'r mut self,
        variant: Recognised<'g>,
        shape: &'static Shape,
        nodes: &'r mut [Option<NodeId>],
    ) -> Result<RestoredFields<'r, 'g, 'de>> {
        let Body::Enum(variants) = &shape.body else { unreachable!("an enum has variants") };
        let own = &variants[variant.index];
        let deny_unknown = shape.deny_unknown_fields;
        let named = Some((variant.index, own));
        let owner = Owner { shape, variant: named, fields: &own.fields, deny_unknown };
        let nodes = &mut nodes[..own.fields.list.len()];
        nodes.fill(None);
        if !nodes.is_empty() || matches!(variant.source, Source::Bare { .. }) {
            self.locate(variant.id, owner, &variant.source, nodes)?;
        }
        self.fields(variant.id, owner, nodes)
    }

    /// An enum that is restored from its own forms, and from what one of its variants holds: of
    /// those that hold all that is there the first, or else of those that hold some of it.
    ///
    /// # Errors
    /// When no variant holds it, or the attempts exceed the limits.
    #[doc(hidden)]
    pub fn untagged<R>(
        &mut self,
        id: NodeId,
        shape: &'static Shape,
        nodes: &mut [Option<NodeId>],
        mut build: impl FnMut(&mut RestoredFields<'_, 'g, 'de>) -> Result<R>,
    ) -> Result<R> {
        let Body::Enum(variants) = &shape.body else { unreachable!("an enum has variants") };
        let level = self.open.len();
        let named = self.try_cells(|restorer| build(&mut restorer.variant(id, shape, nodes)?));
        if fits(&named) {
            return named;
        }
        for exactly in [true, false] {
            for index in 0..variants.len() {
                self.open.truncate(level);
                self.charge(1, 0)?;
                let source = Source::Bare { exactly };
                let variant = Recognised { index, source, id };
                let built = self.try_cells(|restorer| {
                    build(&mut restorer.variant_fields(variant, shape, nodes)?)
                });
                if fits(&built) {
                    return built;
                }
            }
        }
        self.open.truncate(level);
        let names: Vec<_> = variants.iter().take(20).map(|variant| variant.name).collect();
        let error = self.mismatch(id, format!("what a variant of {} holds", shape.class));
        Err(error.with_hint(format!("the variants are {}", names.join(", "))))
    }

    /// `{"Variant": fields}`, `{"type": "Variant", ..fields}`, `{"type": .., "content": fields}`.
    fn tagged(
        &self,
        id: NodeId,
        shape: &'static Shape,
        variants: &'static [Variant],
        pairs: &'g [NodeId],
    ) -> Result<(Cow<'g, str>, Source<'g>)> {
        if let [key, value] = *pairs
            && let Some(name) = self.graph.text(key)
            && (exactly(variants, name).is_some()
                || !TAGS.contains(&name)
                || self.graph.text(value).is_none())
        {
            return Ok((name.into(), Source::Payload(value)));
        }
        let entry = |keys: &[&str]| {
            let is_one = |id| self.graph.text(id).is_some_and(|text| keys.contains(&text));
            pairs.chunks_exact(2).find(|pair| is_one(pair[0]))
        };
        let Some([tag, name]) = entry(&TAGS) else { return Err(self.no_variant(id, shape)) };
        let Some(name) = self.graph.text(*name) else { return Err(self.no_variant(id, shape)) };
        let fields = find(variants, name).map(|index| &variants[index].fields);
        let source = match (entry(&CONTENTS), fields) {
            (Some([key, content]), Some(fields))
                if pairs.len() == 4 && self.is_all(*key, *content, fields) =>
            {
                Source::Payload(*content)
            }
            _ => Source::Entries { pairs: Cow::Borrowed(pairs), tag: Some(*tag) },
        };
        Ok((name.into(), source))
    }

    /// Whether what lies beside a tag is all fields of the variant, not the value of one of them.
    fn is_all(&self, key: NodeId, content: NodeId, fields: &Fields) -> bool {
        match fields.style {
            Style::Tuple => true,
            Style::Unit => false,
            Style::Named => {
                let is_field = self.graph.text(key).is_some_and(|name| has_field(fields, name));
                !is_field || self.names_a_field(content, fields)
            }
        }
    }

    /// Whether the node is a dict that has one of the fields.
    fn names_a_field(&self, id: NodeId, fields: &Fields) -> bool {
        let Ok(pairs) = self.entries(id) else { return false };
        let name = |key| self.graph.text(key);
        pairs.chunks_exact(2).any(|pair| name(pair[0]).is_some_and(|name| has_field(fields, name)))
    }

    /// `("Variant", field, field)`, `("Variant", fields)`.
    fn listed(
        &self,
        id: NodeId,
        shape: &'static Shape,
        variants: &'static [Variant],
        items: &'g [NodeId],
    ) -> Result<(Cow<'g, str>, Source<'g>)> {
        let [name, rest @ ..] = items else { return Err(self.no_variant(id, shape)) };
        let Some(name) = self.graph.text(*name) else { return Err(self.no_variant(id, shape)) };
        let fields = find(variants, name).map(|index| &variants[index].fields);
        let source = match (rest, fields) {
            ([], _) => Source::Nothing,
            ([one], Some(fields))
                if fields.list.len() != 1
                    || fields.style == Style::Named && self.names_a_field(*one, fields) =>
            {
                Source::Payload(*one)
            }
            _ => Source::Items(rest),
        };
        Ok((name.into(), source))
    }

    /// A member of Python's `enum.Enum`: `Color(value)`.
    fn member(
        &self,
        id: NodeId,
        shape: &'static Shape,
        variants: &'static [Variant],
        made: &Instance<'g>,
    ) -> Result<Recognised<'g>> {
        let [value] = made.args else { return Err(self.no_variant(id, shape)) };
        match self.graph.node(*value) {
            Node::Int(value) => self.by_value(id, shape, variants, value.into()),
            Node::Str(_) => {
                let name = self.text(*value)?;
                match find(variants, name) {
                    Some(index) => Ok(Recognised { index, source: Source::Nothing, id }),
                    None => {
                        let shown: String = name.chars().take(100).collect();
                        let alias = format!(
                            "; `#[pickle(alias = \"{}\")]` on a variant names its value",
                            shown.escape_debug()
                        );
                        Err(self.unknown_variant(id, shape, variants, name, &alias))
                    }
                }
            }
            _ => Err(self.no_variant(id, shape)),
        }
    }

    fn by_value(
        &self,
        id: NodeId,
        shape: &'static Shape,
        variants: &'static [Variant],
        value: i128,
    ) -> Result<Recognised<'g>> {
        let is_it = |variant: &Variant| variant.value == Some(value);
        match variants.iter().position(is_it).or_else(|| other(variants)) {
            Some(index) => Ok(Recognised { index, source: Source::Nothing, id }),
            None if variants.iter().all(|variant| variant.value.is_none()) => {
                Err(self.no_variant(id, shape).with_hint(
                    "the values of an `enum.Enum` are known where the variants have numbers: \
                     `Red = 1`",
                ))
            }
            None => {
                let combined = match combination(variants, value) {
                    Some(parts) if parts.len() > 1 => {
                        "; several flags load into a set or sequence of the enum"
                    }
                    _ => "",
                };
                Err(self.unknown_variant(id, shape, variants, &value.to_string(), combined))
            }
        }
    }

    #[cold]
    fn no_variant(&self, id: NodeId, shape: &'static Shape) -> Error {
        self.mismatch(id, format!("a variant of {}", shape.class))
    }

    #[cold]
    fn unknown_variant(
        &self,
        id: NodeId,
        shape: &'static Shape,
        variants: &'static [Variant],
        name: &str,
        advice: &str,
    ) -> Error {
        let found: String = name.chars().take(100).flat_map(char::escape_debug).collect();
        let names = || variants.iter().map(|variant| variant.name);
        // A number is near to every short name.
        let near = || crate::near::near(&found, names());
        let hint = match found.parse::<i128>().is_err().then(near).flatten() {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", names().take(20).collect::<Vec<_>>().join(", ")),
        };
        let kind = ErrorKind::UnknownVariant { found, owner: shape.class.into() };
        self.at(id, Error::new(kind).with_hint(hint + advice))
    }

    /// The members that a value of Python's `enum.Flag` combines, where the type is its enum.
    pub(crate) fn members<T: Unpickle<'de>>(&mut self, id: NodeId) -> Result<Option<Vec<T>>> {
        let Some(indexes) = T::shape().and_then(|shape| self.flags(id, shape)).transpose()? else {
            return Ok(None);
        };
        self.charge(indexes.len(), size_of::<T>())?;
        let member = |index| {
            self.member = Some((id, index));
            let restored = T::restore(id, self);
            self.member = None;
            restored
        };
        indexes.into_iter().map(member).collect::<Result<_>>().map(Some)
    }

    fn flags(&self, id: NodeId, shape: &'static Shape) -> Option<Result<Vec<usize>>> {
        let Body::Enum(variants) = &shape.body else { return None };
        let made = self.instance(id).filter(|made| is_enum(shape, made))?;
        let [value] = made.args else { return None };
        let value = self.integer(*value).ok()?.to_i128()?;
        match variants.iter().position(|variant| variant.value == Some(value)) {
            Some(index) => Some(Ok(vec![index])),
            None => {
                Some(combination(variants, value).ok_or_else(|| {
                    self.unknown_variant(id, shape, variants, &value.to_string(), "")
                }))
            }
        }
    }
}

/// The members with one bit each that together have this value, in the order of declaration.
fn combination(variants: &[Variant], value: i128) -> Option<Vec<usize>> {
    let bit = |variant: &Variant| variant.value.filter(|bit| *bit > 0 && bit.count_ones() == 1);
    let is_part = |variant| bit(variant).is_some_and(|bit| value & bit != 0);
    let parts: Vec<usize> =
        (0..variants.len()).filter(|index| is_part(&variants[*index])).collect();
    let whole = parts.iter().fold(0, |whole, index| whole | bit(&variants[*index]).unwrap_or(0));
    (whole == value).then_some(parts)
}

fn has_field(fields: &Fields, name: &str) -> bool {
    fields.list.iter().any(|field| field.name == name || field.aliases.contains(&name))
}

/// The variant of this name, or the one for names that the enum does not have.
fn find(variants: &[Variant], name: &str) -> Option<usize> {
    exactly(variants, name).or_else(|| other(variants))
}

/// The variant of this name.
fn exactly(variants: &[Variant], name: &str) -> Option<usize> {
    let is_it = |variant: &Variant| variant.name == name || variant.aliases.contains(&name);
    variants.iter().position(is_it)
}

fn other(variants: &[Variant]) -> Option<usize> {
    variants.iter().position(|variant| variant.other)
}

/// Whether a variant was built, or no other needs to be tried.
fn fits<R>(built: &Result<R>) -> bool {
    match built {
        Ok(_) => true,
        Err(error) => matches!(
            error.kind(),
            ErrorKind::Memory { .. } | ErrorKind::Depth { .. } | ErrorKind::Corrupt { .. }
        ),
    }
}

fn is_enum(shape: &Shape, made: &Instance<'_>) -> bool {
    made.has_class(shape.class) || shape.aliases.iter().any(|alias| made.has_class(alias))
}

/// The variant that a class stands for: `Shape.Circle`, `Shape_Circle`, or `Circle` in the module
/// of the enum.
fn named(shape: &Shape, module: &str, name: &str) -> Option<Cow<'static, str>> {
    let classes = std::iter::once(shape.class).chain(shape.aliases.iter().copied());
    let whole = format!("{module}.{name}");
    for class in classes {
        if let Some(rest) = whole.strip_prefix(class)
            && let Some(variant) = rest.strip_prefix(['.', '_'])
        {
            return Some(variant.to_owned().into());
        }
        let (home, _) = class.rsplit_once('.').unwrap_or(("", class));
        let Body::Enum(variants) = &shape.body else { return None };
        if home == module && variants.iter().any(|variant| variant.name == name) {
            return Some(name.to_owned().into());
        }
    }
    None
}
