//! The rules of `docs/evolution.md`, applied to types instead of values. What `restore` does with
//! a value is foretold here, so a change of the one is a change of the other.

use std::collections::HashSet;

use super::parts::{
    Items, LEVELS, Target, exact, is_fieldless, is_named, items, last, range, range_of,
    seen_through, variant,
};
use super::{Change, Effect};
use crate::schema::{Described, EnumNode, FieldNodes, Node, Scalar, Schema, SchemaId, StructNode};
use crate::shape::{Body, Style, UNKNOWN};

/// All differences between a schema and a type of today.
pub(super) fn compare(old: &Schema, new: &Described) -> Vec<Change> {
    let mut comparison = Comparison {
        old,
        new,
        seen: HashSet::new(),
        path: Vec::new(),
        level: 0,
        left: PAIRS,
        changes: Vec::new(),
    };
    comparison.types(old.root_id(), new.schema.root_id());
    comparison.changes
}

struct Comparison<'a> {
    old: &'a Schema,
    new: &'a Described,
    /// Pairs of types that were compared, or are being compared further out.
    seen: HashSet<(SchemaId, SchemaId)>,
    path: Vec<String>,
    level: u32,
    /// Comparisons that may still be made.
    left: u32,
    changes: Vec<Change>,
}

/// Pairs of types that are compared: variants without names multiply them, and schemas may come from
/// a stranger.
const PAIRS: u32 = 1 << 16;

impl<'a> Comparison<'a> {
    fn types(&mut self, old: SchemaId, new: SchemaId) {
        let (old, new) = self.without_newtype(seen_through(self.old, old), new);
        if self.level == LEVELS || self.left == 0 || !self.seen.insert((old, new)) {
            return;
        }
        self.left -= 1;
        self.level += 1;
        self.distinct(old, new);
        self.level -= 1;
    }

    fn distinct(&mut self, old: SchemaId, new: SchemaId) {
        match (self.old.node(old), self.new.schema.node(new)) {
            (Node::Option(from), Node::Option(to)) => self.types(*from, *to),
            (Node::Scalar(Scalar::Unit), Node::Option(_)) => {}
            (_, Node::Option(to)) => self.types(old, *to),
            (Node::Option(from), _) => {
                self.change(Effect::Depends, "is no longer optional: none does not load");
                self.types(*from, new);
            }
            (Node::Scalar(from), Node::Scalar(to)) => self.scalars(*from, *to),
            (Node::Scalar(Scalar::Char) | Node::Str, Node::Str) | (Node::Bytes, Node::Bytes) => {}
            (Node::Str, Node::Scalar(Scalar::Char)) => {
                self.change(Effect::Depends, "str became char, which is one character");
            }
            // Paths are bytes here, and text in Python.
            (Node::Str, Node::Bytes) => {}
            (Node::Bytes, _) => self.bytes(old, new),
            (_, Node::Bytes) if self.is_bytes(old) => {}
            (Node::Map(key, value), Node::Map(to_key, to_value)) => {
                self.inside("{key}", |all| all.types(*key, *to_key));
                self.inside("[..]", |all| all.types(*value, *to_value));
            }
            (Node::Struct(from), Node::Struct(to)) => self.structs(from, to, new),
            (Node::Map(..), Node::Struct(_)) => {
                self.change(Effect::Depends, "a dict became a struct, whose fields it must have");
            }
            (Node::Enum(from), Node::Enum(to)) => self.enums(from, to, new),
            (Node::Enum(from), Node::Str) if is_fieldless(from) => {}
            (_, Node::Enum(to)) if self.is_bare(old, new) => self.untagged(old, to, new),
            (Node::Str, Node::Enum(to)) => {
                self.change(Effect::Depends, format!("str became a name of {}", to.class));
            }
            (Node::Global, Node::Global) => {}
            (Node::Weak(from), Node::Weak(to)) => self.types(*from, *to),
            (Node::Object(from), Node::Object(to)) if from == to => {}
            (Node::Persistent(from), Node::Persistent(to)) => self.types(*from, *to),
            (Node::State { class, state }, Node::State { state: to, .. }) => {
                if self.is_class(class, new) {
                    self.types(*state, *to);
                }
            }
            (Node::Struct(from), Node::State { state: to, .. }) => {
                if self.is_class(&from.class, new) {
                    self.state_of_fields(&from.fields, *to);
                }
            }
            (Node::State { class, state }, Node::Struct(to)) => {
                if self.is_class(class, new) {
                    self.fields_of_state(*state, to);
                }
            }
            _ => self.sequences(old, new),
        }
    }

    /// The types inside newtypes of today that are transparent, and were none once.
    fn without_newtype(&self, mut old: SchemaId, mut new: SchemaId) -> (SchemaId, SchemaId) {
        for _ in 0..LEVELS {
            let inner = match self.new.schema.node(new) {
                Node::Box(item) | Node::Shared(item) => *item,
                Node::State { class, state } if class.is_empty() => *state,
                _ => break,
            };
            if let (Some(shape), Node::Struct(from)) = (self.new.shape(new), self.old.node(old))
                && is_named(shape, &from.class)
                && let [(_, field)] = from.fields.list.as_slice()
            {
                old = seen_through(self.old, *field);
            }
            new = inner;
        }
        (old, new)
    }

    /// Whether a type can come to be an enum only by what its values hold, without their names.
    fn is_bare(&self, old: SchemaId, new: SchemaId) -> bool {
        let Some(shape) = self.new.shape(new).filter(|shape| shape.untagged) else { return false };
        match self.old.node(old) {
            Node::Enum(from) => !is_named(shape, &from.class),
            _ => true,
        }
    }

    /// What was no enum, or another one: a variant of today must hold it.
    fn untagged(&mut self, old: SchemaId, new: &EnumNode, id: SchemaId) {
        let mut best: Option<(Effect, &str)> = None;
        for (name, fields) in &new.variants {
            let mut attempt = Comparison {
                old: self.old,
                new: self.new,
                seen: self.seen.clone(),
                path: Vec::new(),
                level: self.level,
                left: self.left,
                changes: Vec::new(),
            };
            attempt.bare(old, name, fields, id);
            self.left = attempt.left;
            let effect = attempt.changes.iter().map(|change| change.effect).max();
            let effect = effect.unwrap_or(Effect::Loads);
            if best.is_none_or(|(known, _)| effect < known) {
                best = Some((effect, name));
            }
        }
        let from = self.old.name_of(old);
        match best {
            Some((effect, name)) if effect < Effect::Breaks => {
                self.change(effect, format!("{from} became variant {name} of {}", new.class));
            }
            _ => self.change(Effect::Breaks, format!("no variant of {} holds {from}", new.class)),
        }
    }

    /// A value as what one variant holds.
    fn bare(&mut self, old: SchemaId, name: &str, fields: &FieldNodes, id: SchemaId) {
        let shape = self.new.shape(id);
        let own = shape.and_then(|shape| match shape.body {
            Body::Enum(variants) => variants.iter().find(|variant| variant.name == name),
            _ => None,
        });
        let own = own.map(|variant| variant.fields.list);
        let to = Target { name, shape, fields, own };
        match (fields.style, fields.list.as_slice(), self.old.node(old)) {
            (Style::Unit, _, Node::Scalar(Scalar::Unit)) => {}
            (Style::Tuple, [(_, field)], _) => self.types(old, *field),
            (Style::Named, _, Node::Map(..)) => {
                self.change(Effect::Depends, "a dict became fields, which it must have");
            }
            (Style::Named | Style::Tuple, _, from) => match items(from) {
                Some(Items::Own(items)) if items.len() == fields.list.len() => {
                    let list = items.iter().enumerate().map(|(index, id)| (index.to_string(), *id));
                    let from = FieldNodes { style: Style::Tuple, list: list.collect() };
                    self.fields(&from, &to);
                }
                _ => self.change(Effect::Breaks, "holds something else"),
            },
            _ => self.change(Effect::Breaks, "holds something else"),
        }
    }

    fn scalars(&mut self, old: Scalar, new: Scalar) {
        if old == new {
            return;
        }
        let (effect, why) = match (range(old), range(new)) {
            (Some(from), Some(to)) if to.0 <= from.0 && from.1 <= to.1 => (Effect::Loads, ""),
            (Some(_), Some(_)) => (Effect::Depends, ", which has not all its values"),
            (Some(from), None) if new == Scalar::F64 => match exact(from, 53) {
                true => (Effect::Loads, ""),
                false => (Effect::Depends, ", which has not all its values"),
            },
            (Some(from), None) if new == Scalar::F32 => match exact(from, 24) {
                true => (Effect::Loads, ""),
                false => (Effect::Depends, ", to which it is rounded"),
            },
            _ if (old, new) == (Scalar::F32, Scalar::F64) => (Effect::Loads, ""),
            _ if (old, new) == (Scalar::F64, Scalar::F32) => {
                (Effect::Depends, ", to which it is rounded; what is too large does not load")
            }
            _ => (Effect::Breaks, ""),
        };
        self.change(effect, format!("{} became {}{why}", old.name(), new.name()));
    }

    /// Bytes that became something else: a sequence of their numbers.
    fn bytes(&mut self, old: SchemaId, new: SchemaId) {
        match self.new.schema.node(new) {
            Node::Seq(item) | Node::Array(item, _) | Node::Set(item)
                if range_of(&self.new.schema, *item).is_some_and(|to| to.0 <= 0 && 255 <= to.1) => {
            }
            _ => self.breaks(old, new),
        }
    }

    fn is_bytes(&self, id: SchemaId) -> bool {
        match self.old.node(id) {
            Node::Seq(item) | Node::Array(item, _) => {
                matches!(self.old.node(*item), Node::Scalar(Scalar::U8))
            }
            _ => false,
        }
    }

    /// Sequences, sets, arrays and tuples, one for another; and what is none.
    fn sequences(&mut self, old: SchemaId, new: SchemaId) {
        let (from, to) = (items(self.old.node(old)), items(self.new.schema.node(new)));
        let (Some(from), Some(to)) = (from, to) else {
            if let (Some(from), Node::Struct(to)) = (from, self.new.schema.node(new)) {
                return self.items_of_struct(from, to, new);
            }
            return self.breaks(old, new);
        };
        match (from.len(), to.len()) {
            (Some(from), Some(to)) if from != to => {
                return self.change(Effect::Breaks, format!("{from} items became {to}"));
            }
            (None, Some(to)) => {
                self.change(Effect::Depends, format!("any number of items became {to}"));
            }
            _ => {}
        }
        match (from, to) {
            (Items::Each(from, _), Items::Each(to, _)) => {
                self.inside("[..]", |all| all.types(from, to));
            }
            (Items::Own(from), Items::Each(to, _)) => {
                for (index, from) in from.iter().enumerate() {
                    self.inside(format!("[{index}]"), |all| all.types(*from, to));
                }
            }
            (Items::Each(from, _), Items::Own(to)) => {
                for (index, to) in to.iter().enumerate() {
                    self.inside(format!("[{index}]"), |all| all.types(from, *to));
                }
            }
            (Items::Own(from), Items::Own(to)) => {
                for (index, (from, to)) in from.iter().zip(to).enumerate() {
                    self.inside(format!("[{index}]"), |all| all.types(*from, *to));
                }
            }
        }
    }

    fn structs(&mut self, old: &StructNode, new: &StructNode, id: SchemaId) {
        if !self.is_class(&old.class, id) {
            return;
        }
        let shape = self.new.shape(id);
        let own = shape.and_then(|shape| match &shape.body {
            Body::Struct(fields) => Some(fields.list),
            _ => None,
        });
        let name = last(&new.class);
        let to = Target { name, shape, fields: &new.fields, own };
        self.fields(&old.fields, &to);
    }

    fn enums(&mut self, old: &EnumNode, new: &EnumNode, id: SchemaId) {
        // A name alone says nothing of its enum.
        if !is_fieldless(old) && !self.is_class(&old.class, id) {
            return;
        }
        let shape = self.new.shape(id);
        let own = shape.and_then(|shape| match shape.body {
            Body::Enum(variants) => Some(variants),
            _ => None,
        });
        for (name, fields) in &old.variants {
            let class = last(&new.class);
            match variant(new, own, name) {
                Some((index, to)) => {
                    if to.0 != *name {
                        let what = format!("variant {name} became {}", to.0);
                        self.change(Effect::Loads, what);
                    }
                    let own = own.map(|own| own[index].fields.list);
                    let to = Target { name: &format!(".{}", to.0), shape, fields: &to.1, own };
                    self.inside(class, |all| all.fields(fields, &to));
                }
                None => match own.and_then(|own| own.iter().find(|variant| variant.other)) {
                    Some(other) => {
                        let what =
                            format!("variant {name} is gone, {} is there for it", other.name);
                        self.change(Effect::Drops, what);
                    }
                    None => {
                        let what = format!("variant {name} is gone: its values do not load");
                        self.change(Effect::Depends, what);
                    }
                },
            }
        }
    }

    /// The fields of a struct or variant.
    fn fields(&mut self, old: &FieldNodes, new: &Target<'_>) {
        let mut found = vec![false; new.fields.list.len()];
        for (index, (name, from)) in old.list.iter().enumerate() {
            // What the old version did not have either.
            if name == UNKNOWN {
                continue;
            }
            let place = match old.style {
                Style::Named => new.named(name),
                _ => new.numbered(index),
            };
            let step = format!(".{name}");
            let Some(place) = place else {
                self.inside(new.name, |all| all.inside(step, |all| all.gone(new)));
                continue;
            };
            found[place] = true;
            let (to_name, to) = &new.fields.list[place];
            self.inside(new.name, |all| {
                all.inside(step, |all| {
                    if to_name != name {
                        all.change(Effect::Loads, format!("became {to_name}"));
                    }
                    all.types(*from, *to);
                });
            });
        }
        for (index, found) in found.into_iter().enumerate() {
            if !found {
                let step = format!(".{}", new.fields.list[index].0);
                self.inside(new.name, |all| all.inside(step, |all| all.added(new, index)));
            }
        }
    }

    fn gone(&mut self, new: &Target<'_>) {
        if new.shape.is_some_and(|shape| shape.deny_unknown_fields) {
            self.change(Effect::Breaks, "is gone, and unknown fields are refused");
        } else if new.fields.list.iter().any(|(name, _)| name == UNKNOWN) {
            self.change(Effect::Loads, "is kept as an unknown field");
        } else {
            self.change(Effect::Drops, "is gone");
        }
    }

    fn added(&mut self, new: &Target<'_>, index: usize) {
        let (name, ty) = &new.fields.list[index];
        if name == UNKNOWN {
            return;
        }
        let is_optional = matches!(self.new.schema.node(*ty), Node::Option(_));
        if new.own.is_some_and(|own| own[index].default) {
            self.change(Effect::Loads, "is new, and takes its default");
        } else if is_optional {
            self.change(Effect::Loads, "is new, and none");
        } else {
            self.change(Effect::Breaks, "is new and has no default");
        }
    }

    /// A tuple or sequence that became a struct.
    fn items_of_struct(&mut self, old: Items<'_>, new: &StructNode, id: SchemaId) {
        let list = match old {
            Items::Own(items) => items.to_vec(),
            Items::Each(item, Some(length)) if length <= 64 => vec![item; length as usize],
            Items::Each(..) => {
                let what = "a sequence became a struct, which takes its first items";
                return self.change(Effect::Depends, what);
            }
        };
        let list = list.into_iter().enumerate().map(|(index, id)| (index.to_string(), id));
        let fields = FieldNodes { style: Style::Tuple, list: list.collect() };
        // Whatever class the struct is of, a tuple says nothing of it.
        let old = StructNode { class: new.class.clone(), fields };
        self.structs(&old, new, id);
    }

    /// Fields that a `setstate` takes now, as a dict.
    fn state_of_fields(&mut self, old: &FieldNodes, new: SchemaId) {
        let new = seen_through(&self.new.schema, new);
        match self.new.schema.node(new) {
            Node::Struct(to) if old.style == Style::Named => {
                let from = StructNode { class: to.class.clone(), fields: old.clone() };
                self.structs(&from, to, new);
            }
            Node::Map(key, value) if old.style == Style::Named => {
                if matches!(self.new.schema.node(*key), Node::Str) {
                    for (name, id) in &old.list {
                        self.inside(format!("[{name}]"), |all| all.types(*id, *value));
                    }
                } else {
                    self.change(Effect::Breaks, "fields became a state whose keys are no text");
                }
            }
            Node::Tuple(to) if old.style == Style::Tuple && old.list.len() == to.len() => {
                for (index, ((_, from), to)) in old.list.iter().zip(to).enumerate() {
                    self.inside(format!("[{index}]"), |all| all.types(*from, *to));
                }
            }
            _ => {
                let to = self.new.schema.name_of(new);
                self.change(Effect::Breaks, format!("fields became the state {to}"));
            }
        }
    }

    /// A state that must now give fields.
    fn fields_of_state(&mut self, old: SchemaId, new: &StructNode) {
        let old = seen_through(self.old, old);
        match self.old.node(old) {
            Node::Map(..) => {
                self.change(Effect::Depends, "a dict as state became fields, which it must have");
            }
            Node::Seq(_) | Node::Scalar(Scalar::Unit) => {
                self.change(Effect::Depends, "a state became fields");
            }
            _ => {
                let from = self.old.name_of(old);
                self.change(
                    Effect::Breaks,
                    format!("the state {from} became fields of {}", new.class),
                );
            }
        }
    }

    /// Whether a type of today is of the class, by its name or an alias; notes it.
    fn is_class(&mut self, old: &str, new: SchemaId) -> bool {
        let class = match self.new.schema.node(new) {
            Node::Struct(node) => &node.class,
            Node::Enum(node) => &node.class,
            Node::State { class, .. } => class,
            _ => return false,
        };
        if class == old {
            return true;
        }
        if self.new.shape(new).is_some_and(|shape| shape.aliases.contains(&old)) {
            self.change(Effect::Loads, format!("{old} became {class}"));
            return true;
        }
        let what = format!("{old} became {class}, which does not have it as an alias");
        self.change(Effect::Breaks, what);
        false
    }

    fn breaks(&mut self, old: SchemaId, new: SchemaId) {
        let (from, to) = (self.old.name_of(old), self.new.schema.name_of(new));
        self.change(Effect::Breaks, format!("{from} became {to}"));
    }

    fn inside(&mut self, step: impl Into<String>, compare: impl FnOnce(&mut Self)) {
        self.path.push(step.into());
        compare(self);
        self.path.pop();
    }

    fn change(&mut self, effect: Effect, what: impl Into<String>) {
        let mut path = String::new();
        for step in &self.path {
            // The name of the outermost type alone leads to its fields.
            let is_name = !step.starts_with(['.', '[', '{']);
            if path.is_empty() || !is_name {
                path.push_str(step);
            }
        }
        self.changes.push(Change { path, effect, what: what.into() });
    }
}
