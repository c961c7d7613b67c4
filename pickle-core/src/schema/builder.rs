//! The walk over a type that makes its schema.

use std::any::TypeId;
use std::collections::{HashMap, HashSet};

use super::nameless::{self, Met, Transparent};
use super::{Describe, Described, EnumNode, FieldNodes, Node, Schema, SchemaId, StructNode};
use crate::shape::{Body, Shape};

/// Collects the types reachable from one type, each once.
///
/// Types without a name are shared by content, named ones by identity, numbered as they are met:
/// the same type always gives the same schema.
#[derive(Default)]
pub struct SchemaBuilder {
    nodes: Vec<Node>,
    /// What the derive knows of each type, where it is derived.
    shapes: Vec<Option<&'static Shape>>,
    /// Whether states are described as they are loaded, which may be more than what is pickled.
    loads: bool,
    named: HashMap<TypeId, SchemaId>,
    anonymous: HashMap<Node, SchemaId>,
    transparent: Transparent,
    /// Whether references to anything but text and bytes were described.
    aliases: bool,
}

impl SchemaBuilder {
    /// Describes targets of loading.
    pub(super) fn of_targets() -> Self {
        Self { loads: true, ..Self::default() }
    }

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
        match self.known(typeid::of::<T>()) {
            Ok(id) => id,
            Err(id) => {
                self.nodes[id.0 as usize] = describe(self);
                id
            }
        }
    }

    /// The number of a type that was met before, or the one that it has from now on.
    fn known(&mut self, key: TypeId) -> Result<SchemaId, SchemaId> {
        if let Some(id) = self.named.get(&key) {
            return Ok(*id);
        }
        let id = self.reserve();
        self.named.insert(key, id);
        Err(id)
    }

    /// A derived type. `parts` describe the pickled fields, those of all variants in a row.
    #[doc(hidden)]
    #[inline]
    pub fn shaped<T: ?Sized>(
        &mut self,
        shape: &'static Shape,
        parts: &[fn(&mut Self) -> SchemaId],
    ) -> SchemaId {
        self.shaped_as(typeid::of::<T>(), shape, parts)
    }

    fn shaped_as(&mut self, key: TypeId, shape: &'static Shape, parts: &[Describe]) -> SchemaId {
        let id = match self.known(key) {
            Ok(id) => return id,
            Err(id) => id,
        };
        let parts: Vec<SchemaId> = parts.iter().map(|describe| describe(self)).collect();
        let mut parts = parts.as_slice();
        let class = shape.class.to_owned();
        self.nodes[id.0 as usize] = match &shape.body {
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
        };
        self.shapes[id.0 as usize] = Some(shape);
        id
    }

    /// A derived type that is pickled as its field, and leaves no trace of its own but where it is
    /// described as a target of loading.
    #[doc(hidden)]
    pub fn transparent<T: ?Sized>(
        &mut self,
        shape: &'static Shape,
        field: impl FnOnce(&mut Self) -> SchemaId,
    ) -> SchemaId {
        if !self.loads {
            return self.through(typeid::of::<T>(), field);
        }
        let id = self.named::<T>(|schema| {
            let state = field(schema);
            Node::State { class: String::new(), state }
        });
        self.shapes[id.0 as usize] = Some(shape);
        id
    }

    /// A type that is described as what it consists of, which may be itself again.
    pub(super) fn through(
        &mut self,
        key: TypeId,
        field: impl FnOnce(&mut Self) -> SchemaId,
    ) -> SchemaId {
        match self.transparent.meet(key, self.named.len()) {
            Met::Known(id) => return id,
            Met::Itself => {
                let id = self.reserve();
                self.transparent.leads_back(key, id);
                return id;
            }
            Met::New => {}
        }
        let id = field(self);
        if let Some(back) = self.transparent.leave(key, id)
            && back == id
        {
            // Nothing but itself, so there are no values.
            self.nodes[id.0 as usize] = Node::Box(id);
        }
        id
    }

    /// A derived type that is pickled as its state.
    #[doc(hidden)]
    pub fn state<T: ?Sized>(
        &mut self,
        shape: &'static Shape,
        state: impl FnOnce(&mut Self) -> SchemaId,
    ) -> SchemaId {
        let id = self.named::<T>(|schema| {
            let state = state(schema);
            Node::State { class: shape.class.to_owned(), state }
        });
        self.shapes[id.0 as usize] = Some(shape);
        id
    }

    /// Whether states are described as they are loaded.
    pub(crate) fn loads(&self) -> bool {
        self.loads
    }

    /// A field that is pickled as its state. It has no name of its own.
    #[doc(hidden)]
    pub fn field_state(&mut self, state: SchemaId) -> SchemaId {
        self.anonymous(Node::State { class: String::new(), state })
    }

    /// Notes that a type is held by reference: two of them may lead to the same.
    pub(crate) fn by_reference(&mut self, id: SchemaId) -> SchemaId {
        let is_leaf =
            matches!(self.nodes[id.0 as usize], Node::Str | Node::Bytes | Node::Scalar(_));
        self.aliases |= !is_leaf;
        id
    }

    pub(crate) fn has_aliases(&self) -> bool {
        self.aliases
    }

    pub(crate) fn finish(self, root: SchemaId) -> Schema {
        if !self.transparent.is_recursive() {
            return Schema { nodes: self.nodes, root };
        }
        nameless::fold(&self.nodes, root, &self.named_ids(), &self.transparent)
    }

    pub(super) fn named_ids(&self) -> HashSet<SchemaId> {
        self.named.values().copied().collect()
    }

    pub(super) fn finish_described(self, root: SchemaId) -> Described {
        Described { schema: Schema { nodes: self.nodes, root }, shapes: self.shapes }
    }

    fn reserve(&mut self) -> SchemaId {
        let id = SchemaId(u32::try_from(self.nodes.len()).expect("fewer than 2^32 types"));
        self.nodes.push(Node::Open);
        self.shapes.push(None);
        id
    }
}
