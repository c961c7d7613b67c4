//! Structs: which node is which field's, whatever form the pickle has.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Node, NodeId};
use crate::hooks::Rebuilt;
use crate::native::parts;
use crate::raw::{Built, Unbuilt};
use crate::shape::{Body, Field, Fields, Shape, Style, Variant};
use crate::traits::Unpickle;
use crate::value::Value;

use super::{Instance, Restorer};

/// Where the fields of a struct or variant are found.
#[derive(Clone, Debug)]
pub(super) enum Source<'g> {
    /// No fields are there.
    Nothing,
    /// By name: keys and values in turn. The key that names the variant is none of them.
    Entries { pairs: Cow<'g, [NodeId]>, tag: Option<NodeId> },
    /// By position.
    Items(&'g [NodeId]),
    /// By what made the instance and was done to it.
    Instance(Box<Instance<'g>>),
    /// The value of a tagged variant.
    Payload(NodeId),
    /// The value of a variant without its name; whether it must have nothing more.
    Bare { exactly: bool },
}

/// Who is being restored.
#[derive(Clone, Copy)]
pub(super) struct Owner {
    pub(super) shape: &'static Shape,
    /// The number and the names of the variant.
    pub(super) variant: Option<(usize, &'static Variant)>,
    pub(super) fields: &'static Fields,
    /// Whether fields that are not there are an error.
    pub(super) deny_unknown: bool,
}

impl Owner {
    fn in_field(self, error: Error, index: usize) -> Error {
        let field = self.fields.list[index].name;
        match self.variant {
            Some((_, variant)) => {
                error.in_field(variant.name, field).in_field(self.shape.name, variant.name)
            }
            None => error.in_field(self.shape.name, field),
        }
    }
}

/// Hands out the pickled fields of a struct or variant, in order.
#[doc(hidden)]
pub struct RestoredFields<'r, 'g, 'de> {
    restorer: &'r mut Restorer<'g, 'de>,
    id: NodeId,
    owner: Owner,
    nodes: &'r [Option<NodeId>],
    index: usize,
}

impl<'g, 'de> Restorer<'g, 'de> {
    /// The pickled fields of a struct. `nodes` has room for each.
    ///
    /// # Errors
    /// When the node denotes no such struct.
    #[doc(hidden)]
    pub fn structure<'r>(
        &'r mut self,
        id: NodeId,
        shape: &'static Shape,
        nodes: &'r mut [Option<NodeId>],
    ) -> Result<RestoredFields<'r, 'g, 'de>> {
        let Body::Struct(fields) = &shape.body else { unreachable!("a struct has fields") };
        let deny_unknown = shape.deny_unknown_fields;
        let owner = Owner { shape, variant: None, fields, deny_unknown };
        self.locate_struct(id, owner, nodes)?;
        self.fields(id, owner, nodes)
    }

    /// A struct of which the derive made a table.
    ///
    /// # Errors
    /// When the node denotes no such struct, or a field cannot be restored.
    #[doc(hidden)]
    pub fn whole_struct<T: Unpickle<'de>>(
        &mut self,
        id: NodeId,
        shape: &'static Shape,
    ) -> Result<T> {
        parts::<T>().restore(id, shape, self)
    }

    /// Restores the parts of a struct.
    pub(crate) fn restore_parts<'b>(
        &mut self,
        id: NodeId,
        shape: &'static Shape,
        unbuilt: Unbuilt<'b, 'de>,
    ) -> Result<Built<'b>> {
        const FEW: usize = 32;
        let (mut few, mut many) = ([None; FEW], Vec::new());
        let nodes = match unbuilt.len() {
            count @ ..=FEW => &mut few[..count],
            count => {
                many.resize(count, None);
                &mut many[..]
            }
        };
        unbuilt.restore(&mut self.structure(id, shape, nodes)?)
    }

    pub(super) fn fields<'r>(
        &'r mut self,
        id: NodeId,
        owner: Owner,
        nodes: &'r [Option<NodeId>],
    ) -> Result<RestoredFields<'r, 'g, 'de>> {
        // No level of nesting: what recurses passes through a container, which counts one.
        self.charge(1, 0)?;
        Ok(RestoredFields { restorer: self, id, owner, nodes, index: 0 })
    }

    /// What a transparent type is restored from: the node itself; or, of an object from when the
    /// type was not transparent yet, its only field.
    #[doc(hidden)]
    pub fn transparent(&self, id: NodeId, shape: &'static Shape) -> NodeId {
        let (Node::Call(_) | Node::New(_)) = self.graph.node(id) else { return id };
        let made = self.instance(id).filter(|made| self.is_class(id, made, shape));
        let Some(made) = made else { return id };
        match (made.args, made.states) {
            ([field], []) => *field,
            ([], [state]) => match self.graph.node(*state) {
                Node::Dict(pairs) if pairs.len() == 2 => self.graph.edges(pairs)[1],
                _ => id,
            },
            _ => id,
        }
    }

    /// The state of a type with hooks: what Python would hand to `__setstate__`. An instance
    /// without a state has `None`, or its arguments.
    ///
    /// # Errors
    /// When the node is no instance of the class.
    #[doc(hidden)]
    pub fn state(&self, id: NodeId, shape: &'static Shape) -> Result<NodeId> {
        let instance = self.instance(id).filter(|made| self.is_class(id, made, shape));
        let instance = instance.ok_or_else(|| self.not_of_class(id, shape))?;
        let (Node::Call(object) | Node::New(object)) = self.graph.node(id) else {
            return Err(self.not_of_class(id, shape));
        };
        let arguments = (!instance.args.is_empty()).then_some(object.args);
        let state = instance.states.last().copied().or(instance.base).or(arguments);
        Ok(state.unwrap_or(crate::graph::NONE))
    }

    /// Whether the object is of the struct's class, by today's name or a former one, or as a registry
    /// has it.
    fn is_class(&self, id: NodeId, made: &Instance<'_>, shape: &Shape) -> bool {
        made.has_class(shape.class)
            || shape.aliases.iter().any(|alias| made.has_class(alias))
            || self.identified == Some(id)
    }

    fn locate_struct(&self, id: NodeId, owner: Owner, found: &mut [Option<NodeId>]) -> Result<()> {
        let graph = self.graph;
        match graph.node(id) {
            Node::Dict(pairs) => self.locate_named(owner, graph.edges(pairs), None, found),
            Node::Tuple { items, .. } | Node::List(items) => {
                self.locate_items(id, owner, graph.edges(items), found)
            }
            Node::Call(_) | Node::New(_) => match self.instance(id) {
                Some(made) if self.is_class(id, &made, owner.shape) => {
                    self.locate_instance(id, owner, &made, found)
                }
                _ => match self.entries(id) {
                    Ok(pairs) => self.locate_named(owner, &pairs, None, found),
                    Err(_) => Err(self.not_of_class(id, owner.shape)),
                },
            },
            _ => Err(self.not_of_class(id, owner.shape)),
        }
    }

    pub(super) fn locate(
        &self,
        id: NodeId,
        owner: Owner,
        source: &Source<'g>,
        found: &mut [Option<NodeId>],
    ) -> Result<()> {
        match source {
            Source::Nothing => Ok(()),
            Source::Entries { pairs, tag } => self.locate_named(owner, pairs, *tag, found),
            Source::Items(items) => self.locate_items(id, owner, items, found),
            Source::Instance(made) => self.locate_instance(id, owner, made, found),
            Source::Bare { exactly } => {
                let deny_unknown = owner.deny_unknown || *exactly;
                self.locate_bare(id, Owner { deny_unknown, ..owner }, found)
            }
            Source::Payload(payload) => match (owner.fields.style, owner.fields.list.len()) {
                (Style::Unit, _) => Ok(()),
                (Style::Tuple, 1) => {
                    found[0] = Some(*payload);
                    Ok(())
                }
                (style, count) => match (self.entries(*payload), self.items(*payload)) {
                    (Ok(pairs), _) => self.locate_named(owner, &pairs, None, found),
                    (_, Ok(items)) => self.locate_items(id, owner, &items, found),
                    // It had a field without a name before.
                    _ if style == Style::Named && count == 1 => {
                        found[0] = Some(*payload);
                        Ok(())
                    }
                    _ => Err(self.mismatch(*payload, "the variant's fields, in a dict or list")),
                },
            },
        }
    }

    /// The fields of a variant that has no name: one field is the value itself.
    fn locate_bare(&self, id: NodeId, owner: Owner, found: &mut [Option<NodeId>]) -> Result<()> {
        match (owner.fields.style, found) {
            (Style::Unit, _) => self.none(id),
            (Style::Tuple, [found]) => {
                *found = Some(id);
                Ok(())
            }
            (Style::Named, found) if self.entries(id).is_ok() => {
                self.locate_named(owner, &self.entries(id)?, None, found)
            }
            (_, found) => {
                let items = self.items(id)?;
                match owner.deny_unknown && items.len() != found.len() {
                    true => Err(self.mismatch(id, format!("{} items", found.len()))),
                    false => self.locate_items(id, owner, &items, found),
                }
            }
        }
    }

    fn locate_instance(
        &self,
        id: NodeId,
        owner: Owner,
        made: &Instance<'g>,
        found: &mut [Option<NodeId>],
    ) -> Result<()> {
        match made.base {
            Some(base) => self.locate_items(id, owner, self.tuple_items(base), found)?,
            None => self.locate_items(id, owner, made.args, found)?,
        }
        for pairs in [made.kwargs, made.pairs] {
            self.locate_named(owner, pairs, None, found)?;
        }
        for state in made.states {
            self.locate_state(*state, owner, found)?;
        }
        Ok(())
    }

    /// A state dict; a pair of one and the slots; or the fields of a dataclass with slots.
    fn locate_state(
        &self,
        state: NodeId,
        owner: Owner,
        found: &mut [Option<NodeId>],
    ) -> Result<()> {
        let graph = self.graph;
        match graph.node(state) {
            Node::None => return Ok(()),
            Node::Dict(pairs) => return self.locate_named(owner, graph.edges(pairs), None, found),
            Node::List(items) => {
                return self.locate_items(state, owner, graph.edges(items), found);
            }
            Node::Tuple { items, .. } => {
                if let [dict, slots] = graph.edges(items) {
                    let mut both = true;
                    for part in [dict, slots] {
                        match graph.node(*part) {
                            Node::None => {}
                            Node::Dict(pairs) => {
                                self.locate_named(owner, graph.edges(pairs), None, found)?;
                            }
                            _ => both = false,
                        }
                    }
                    if both {
                        return Ok(());
                    }
                }
            }
            _ => {}
        }
        Err(self.mismatch(state, format!("a state dict of {}", owner.shape.class)).with_hint(
            "a class with a `__getstate__` of its own needs `#[pickle(getstate, setstate)]`",
        ))
    }

    fn locate_named(
        &self,
        owner: Owner,
        pairs: &[NodeId],
        tag: Option<NodeId>,
        found: &mut [Option<NodeId>],
    ) -> Result<()> {
        let mut next = 0;
        for pair in pairs.chunks_exact(2) {
            let (key, value) = (pair[0], pair[1]);
            let name = match self.graph.node(key) {
                // Bytes are names of Python 2 that were not to be decoded.
                Node::Str(span) | Node::Bytes(span) => self.graph.bytes(span),
                _ => &[],
            };
            match position(owner.fields.list, name, next) {
                Some(index) => {
                    found[index] = Some(value);
                    next = index + 1;
                }
                None if Some(key) == tag => {}
                None if owner.deny_unknown => return Err(self.unknown(owner, key)),
                None => {}
            }
        }
        Ok(())
    }

    fn locate_items(
        &self,
        id: NodeId,
        owner: Owner,
        items: &[NodeId],
        found: &mut [Option<NodeId>],
    ) -> Result<()> {
        let fields = owner.fields.list;
        let numbered = fields.iter().any(|field| field.aliases.iter().any(|name| is_index(name)));
        for (index, item) in items.iter().enumerate() {
            let place = match numbered {
                false => Some(index).filter(|index| *index < fields.len()),
                true => position(fields, index.to_string().as_bytes(), index),
            };
            match place {
                Some(place) => found[place] = Some(*item),
                None if owner.deny_unknown => {
                    let field = index.to_string();
                    return Err(self.at(id, Error::new(ErrorKind::UnknownField { field })));
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Names and values that the type has no fields for.
    fn unknown_entries(&self, id: NodeId, owner: Owner) -> Vec<(NodeId, NodeId)> {
        let graph = self.graph;
        let mut unknown = Vec::new();
        let mut collect = |pairs: &[NodeId]| {
            let pairs = pairs.chunks_exact(2).filter(|pair| {
                let name = graph.text(pair[0]);
                name.is_some_and(|name| position(owner.fields.list, name.as_bytes(), 0).is_none())
            });
            unknown.extend(pairs.map(|pair| (pair[0], pair[1])));
        };
        match (graph.node(id), self.instance(id)) {
            (Node::Dict(pairs), _) => collect(graph.edges(pairs)),
            (_, Some(made)) if self.is_class(id, &made, owner.shape) => {
                [made.kwargs, made.pairs].into_iter().for_each(&mut collect);
                for state in made.states {
                    match graph.node(*state) {
                        Node::Dict(pairs) => collect(graph.edges(pairs)),
                        // A state dict and slots.
                        Node::Tuple { items, .. } => {
                            for part in graph.edges(items) {
                                if let Node::Dict(pairs) = graph.node(*part) {
                                    collect(graph.edges(pairs));
                                }
                            }
                        }
                        _ => {}
                    }
                }
            }
            _ => {
                if let Ok(pairs) = self.entries(id) {
                    collect(&pairs);
                }
            }
        }
        unknown
    }

    #[cold]
    fn unknown(&self, owner: Owner, key: NodeId) -> Error {
        let field = match self.graph.text(key) {
            Some(name) => name.chars().take(100).flat_map(char::escape_debug).collect(),
            None => self.describe(key),
        };
        let near = crate::near::near(&field, owner.fields.list.iter().map(|field| field.name));
        let hint = near.map(|near| format!("did you mean `{near}`?"));
        let error = self.at(key, Error::new(ErrorKind::UnknownField { field }));
        let error = match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        };
        error.in_type(owner.shape.name)
    }

    #[cold]
    pub(super) fn not_of_class(&self, id: NodeId, shape: &'static Shape) -> Error {
        let error = self.mismatch(id, shape.class);
        match self.instance(id) {
            Some(made) => {
                let class = super::object::shown(&made.module, &made.name);
                error.with_hint(format!(
                    "`{class}` is not registered for this type: `#[pickle(class = \"{class}\")]` \
                     or `alias` would name it"
                ))
            }
            None => error,
        }
    }
}

/// The field of this name, most likely the next one.
#[inline]
fn position(fields: &[Field], name: &[u8], next: usize) -> Option<usize> {
    if fields.get(next).is_some_and(|field| field.name.as_bytes() == name) {
        return Some(next);
    }
    let by_name = fields.iter().position(|field| field.name.as_bytes() == name);
    by_name.or_else(|| {
        let is_alias = |field: &Field| field.aliases.iter().any(|alias| alias.as_bytes() == name);
        fields.iter().position(is_alias)
    })
}

fn is_index(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_digit())
}

impl<'g, 'de> RestoredFields<'_, 'g, 'de> {
    /// The number of the variant whose fields these are, in its enum.
    pub fn variant(&self) -> usize {
        self.owner.variant.map_or(0, |(number, _)| number)
    }

    /// The next field.
    ///
    /// # Errors
    /// When the field is missing and its type has no value for that, or cannot be restored.
    #[inline]
    pub fn take<T: Unpickle<'de>>(&mut self) -> Result<T> {
        match self.next() {
            Some(node) => match T::restore(node, self.restorer) {
                Ok(value) => Ok(value),
                Err(error) => Err(self.in_field(error)),
            },
            // Values of such types have no cells.
            None => T::absent().ok_or_else(|| self.missing()),
        }
    }

    /// The next field, or a default where it is missing.
    ///
    /// # Errors
    /// When the field cannot be restored.
    pub fn take_or<T: Unpickle<'de>>(&mut self, default: impl FnOnce() -> T) -> Result<T> {
        match self.nodes[self.index] {
            Some(_) => self.take(),
            None => {
                self.index += 1;
                let value = default();
                self.restorer.count_cells(&mut |visitor| value.visit_cells(visitor));
                Ok(value)
            }
        }
    }

    /// The next field, which a hook makes of its state.
    ///
    /// # Errors
    /// When it is missing, the state cannot be restored, or the hook refuses.
    pub fn take_state<T, S: Unpickle<'de>, R: Rebuilt<T>>(
        &mut self,
        setstate: impl FnOnce(S) -> R,
    ) -> Result<T> {
        let Some(node) = self.next() else { return Err(self.missing()) };
        let state = self.restorer.apart(|restorer| S::restore(node, restorer));
        let value = state.and_then(|state| {
            setstate(state).rebuilt().map_err(|error| self.restorer.at(node, error))
        });
        value.map_err(|error| self.in_field(error))
    }

    /// [`take_state`](Self::take_state), or the default where the field is missing.
    ///
    /// # Errors
    /// When the state cannot be restored, or the hook refuses.
    pub fn take_state_or<T, S: Unpickle<'de>, R: Rebuilt<T>>(
        &mut self,
        setstate: impl FnOnce(S) -> R,
        default: impl FnOnce() -> T,
    ) -> Result<T> {
        match self.nodes[self.index] {
            Some(_) => self.take_state(setstate),
            None => {
                self.index += 1;
                Ok(default())
            }
        }
    }

    /// The next field, which takes what the type does not have.
    ///
    /// # Errors
    /// When the limits are exceeded.
    pub fn take_unknown<T: FromIterator<(String, Value)>>(&mut self) -> Result<T> {
        self.next();
        let entries = self.restorer.unknown_entries(self.id, self.owner);
        let kept = entries.into_iter().map(|(key, value)| {
            Ok((self.restorer.string(key)?, Value::restore(value, self.restorer)?))
        });
        kept.collect::<Result<T>>().map_err(|error| self.in_field(error))
    }

    /// The node of the next field, where it is there.
    #[inline]
    fn next(&mut self) -> Option<NodeId> {
        self.index += 1;
        self.nodes[self.index - 1]
    }

    /// Adds the steps into the field that was taken last.
    #[cold]
    #[inline(never)]
    fn in_field(&self, error: Error) -> Error {
        self.owner.in_field(error, self.index - 1)
    }

    /// The error that the field which was to be taken is not there.
    #[cold]
    #[inline(never)]
    fn missing(&self) -> Error {
        let field = self.owner.fields.list[self.index - 1].name.into();
        let error = self.restorer.at(self.id, Error::new(ErrorKind::MissingField { field }));
        let owner = self.owner.variant.map_or(self.owner.shape.name, |(_, variant)| variant.name);
        error.in_type(owner).with_hint("`#[pickle(default)]` on the field would fill it")
    }
}
