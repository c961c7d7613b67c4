//! What a schema says about the bytes of a payload: the sizes of heads, and where a value's parts
//! lie. Computed once per schema; the schema may come from a stranger.

use std::collections::HashMap;

use super::classes::Stated;
use super::shared::WORD;
use super::{COUNT, INLINE, tag_size};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{FieldNodes, Node, Scalar, Schema, SchemaId};
use crate::shape::{Style, UNKNOWN};
use crate::value::CLASS as VALUE;

/// A schema prepared for reading values without their type.
pub(crate) struct Plan {
    types: Box<[Planned]>,
    root: TypeId,
    /// Whether values may hold shared pointers: then nothing goes to the stream.
    pub(super) is_shared: bool,
    /// All names of fields and variants, and the parts of those of classes, each once.
    pub(super) names: Box<[Box<str>]>,
    pub(super) classes: Box<[Class]>,
    /// The class of dynamic values.
    value_class: Option<ClassId>,
    /// Whether the payload ends with a table of classes.
    pub(super) has_objects: bool,
    /// The classes of that table, by number.
    pub(super) objects: Box<[ObjectPlan]>,
}

/// A class of objects.
pub(super) struct ObjectPlan {
    /// The trait.
    pub(super) namespace: NameId,
    pub(super) name: NameId,
    pub(super) root: [TypeId; 1],
    /// Whether what is made of it tells that it is of this class.
    pub(super) is_told: bool,
}

/// The name of a class.
#[derive(Clone, Copy)]
pub(super) struct Class {
    pub(super) module: NameId,
    pub(super) name: NameId,
    /// The class inside it, for a variant. Joined where it is needed: an enum's name times its
    /// variants may be much more than the schema.
    pub(super) variant: Option<NameId>,
}

/// A type of the plan: the same number as in the schema.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct TypeId(u32);

/// A name of the plan.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct NameId(pub(super) u32);

/// A class of the plan.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct ClassId(pub(super) u32);

pub(super) struct Planned {
    pub(super) kind: Kind,
    pub(super) facts: Facts,
}

/// What holds for all values of a type.
#[derive(Clone, Copy, Default)]
pub(super) struct Facts {
    /// Size of the head. A size beyond memory is the largest number: no input holds it.
    pub(super) head: usize,
    /// Whether there is neither tail nor text.
    pub(super) is_fixed: bool,
    /// Whether a value may be Python's `None`, so that `Some` of it needs a mark.
    pub(super) is_nullable: bool,
}

/// How a value is read.
pub(super) enum Kind {
    Scalar(Scalar),
    Str,
    /// Bytes and sequences of them.
    Bytes,
    /// An array of bytes.
    ByteArray(usize),
    Option([TypeId; 1]),
    Box([TypeId; 1]),
    Shared([TypeId; 1]),
    Weak([TypeId; 1]),
    /// The one part of each item.
    Seq([TypeId; 1]),
    Set([TypeId; 1]),
    Map([TypeId; 2]),
    Array([TypeId; 1], usize),
    Tuple(Box<[TypeId]>),
    Struct(Group),
    Enum {
        tag: usize,
        variants: Box<[Group]>,
        /// Whether no variant has fields: values are names.
        is_fieldless: bool,
    },
    State {
        /// Absent for the state of a field.
        class: Option<ClassId>,
        state: [TypeId; 1],
    },
    /// An object of a trait.
    Object(NameId),
    Global,
    /// An object elsewhere, by its id.
    Persistent([TypeId; 1]),
}

/// The fields of a struct or variant.
pub(super) struct Group {
    pub(super) class: ClassId,
    /// The variant's own name, or that of the class.
    pub(super) name: NameId,
    pub(super) style: Style,
    /// Names of the fields, where they have some.
    pub(super) names: Box<[NameId]>,
    /// The field that holds what the writer's type did not have.
    pub(super) rest: Option<usize>,
    pub(super) parts: Box<[TypeId]>,
    /// Size of the heads.
    pub(super) size: usize,
}

impl Plan {
    /// Plans how to read what was written with a schema, and objects of these classes in it.
    ///
    /// # Errors
    /// When a type contains itself and nothing lies between; when a class has no schema.
    pub(crate) fn new(mut schema: Schema, stated: &[Stated<'_>]) -> Result<Self> {
        let has_objects = schema.has_objects();
        let mut roots = Vec::new();
        for class in stated {
            let own = class.schema.ok_or_else(|| no_schema(class))?;
            roots.push(schema.append(&Schema::from_bytes(own)?));
        }
        let schema = &schema;
        let mut facts = heads(schema)?;
        nullable(schema, &mut facts)?;
        let mut names = Names::default();
        let kinds: Vec<_> = schema.ids().map(|id| kind(schema, id, &facts, &mut names)).collect();
        let objects = stated.iter().zip(roots).map(|(class, root)| ObjectPlan {
            namespace: names.name(class.namespace),
            name: names.name(class.name),
            root: [planned(root)],
            is_told: is_told(schema.node(root), class.name),
        });
        let objects = objects.collect();
        let types = kinds.into_iter().zip(facts).map(|(kind, facts)| Planned { kind, facts });
        Ok(Self {
            types: types.collect(),
            root: planned(schema.root_id()),
            is_shared: schema.is_shared(),
            value_class: names.value_class,
            names: names.texts.into(),
            classes: names.classes.into(),
            has_objects,
            objects,
        })
    }

    /// Whether objects of this class are dynamic values.
    pub(super) fn is_value(&self, class: ClassId) -> bool {
        self.value_class == Some(class)
    }

    pub(super) fn root(&self) -> TypeId {
        self.root
    }

    pub(super) fn of(&self, id: TypeId) -> &Planned {
        &self.types[id.0 as usize]
    }

    pub(super) fn head(&self, id: TypeId) -> usize {
        self.of(id).facts.head
    }

    pub(super) fn name(&self, id: NameId) -> &str {
        &self.names[id.0 as usize]
    }
}

/// Whether what is made of such a type is an object of this class.
fn is_told(node: &Node, name: &str) -> bool {
    match node {
        Node::Struct(node) => node.class == name,
        Node::State { class, .. } => class == name,
        Node::Enum(node) => {
            let is_unit = |fields: &FieldNodes| fields.style == Style::Unit;
            node.class == name && !node.variants.iter().all(|(_, fields)| is_unit(fields))
        }
        _ => false,
    }
}

#[cold]
fn no_schema(class: &Stated<'_>) -> Error {
    let (name, fingerprint) = (crate::registry::shown(class.name), class.fingerprint);
    let what = format!("this pickle has only the fingerprint {fingerprint:016x} of {name}");
    let error = Error::new(ErrorKind::Unsupported { what: what.into() });
    error.with_hint("load it where the class is registered as it was")
}

fn planned(id: SchemaId) -> TypeId {
    TypeId(id.0)
}

/// How far the walk over one type has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    New,
    Open,
    Done,
}

/// Heads of all types. A list takes the place of recursion: the schema may be deep.
fn heads(schema: &Schema) -> Result<Vec<Facts>> {
    enum Visit {
        Enter(SchemaId),
        Leave(SchemaId),
    }
    let mut facts = vec![Facts::default(); schema.ids().len()];
    let mut progress = vec![Progress::New; facts.len()];
    let mut stack: Vec<_> = schema.ids().map(Visit::Enter).collect();
    while let Some(visit) = stack.pop() {
        match visit {
            Visit::Enter(id) => match progress[id.0 as usize] {
                Progress::New => {
                    progress[id.0 as usize] = Progress::Open;
                    stack.push(Visit::Leave(id));
                    for_each_inline(schema.node(id), |part| stack.push(Visit::Enter(part)));
                }
                Progress::Open => return Err(endless()),
                Progress::Done => {}
            },
            Visit::Leave(id) => {
                facts[id.0 as usize] = head(schema.node(id), &facts);
                progress[id.0 as usize] = Progress::Done;
            }
        }
    }
    Ok(facts)
}

#[cold]
fn endless() -> Error {
    Error::corrupt("a type of the schema contains itself")
}

/// Shows the types whose heads are part of this one's.
fn for_each_inline(node: &Node, mut show: impl FnMut(SchemaId)) {
    let mut fields = |fields: &FieldNodes| fields.list.iter().for_each(|(_, id)| show(*id));
    match node {
        Node::Struct(node) => fields(&node.fields),
        Node::Enum(node) => node.variants.iter().for_each(|(_, own)| fields(own)),
        Node::Tuple(items) => items.iter().for_each(|id| show(*id)),
        Node::Option(item) | Node::Array(item, _) => show(*item),
        _ => {}
    }
}

/// Head of a type whose parts are known.
fn head(node: &Node, facts: &[Facts]) -> Facts {
    let of = |id: &SchemaId| facts[id.0 as usize];
    let with = |head, is_fixed| Facts { head, is_fixed, is_nullable: false };
    let all = |parts: &mut dyn Iterator<Item = SchemaId>| {
        parts.fold(with(0, true), |all, id| {
            let part = of(&id);
            with(all.head.saturating_add(part.head), all.is_fixed && part.is_fixed)
        })
    };
    match node {
        Node::Scalar(scalar) => with(scalar.size(), true),
        Node::Str | Node::Bytes | Node::Seq(_) | Node::Set(_) | Node::Map(..) => with(COUNT, false),
        Node::Global => with(2 * COUNT, false),
        Node::Object(_) => with(crate::registry::HEAD, false),
        Node::Shared(_) | Node::Weak(_) => with(WORD, false),
        Node::Box(_) | Node::State { .. } | Node::Persistent(_) | Node::Open => with(0, false),
        Node::Option(item) => {
            let item = of(item);
            let is_small = item.head <= INLINE;
            with(1 + if is_small { item.head } else { 0 }, is_small && item.is_fixed)
        }
        Node::Array(item, length) => {
            let item = of(item);
            let length = usize::try_from(*length).unwrap_or(usize::MAX);
            with(item.head.saturating_mul(length), item.is_fixed || length == 0)
        }
        Node::Tuple(items) => all(&mut items.iter().copied()),
        Node::Struct(node) => all(&mut node.fields.list.iter().map(|(_, id)| *id)),
        Node::Enum(node) => {
            let tag = with(tag_size(node.variants.len()), true);
            node.variants.iter().fold(tag, |facts, (_, fields)| {
                let payload = all(&mut fields.list.iter().map(|(_, id)| *id));
                let is_small = payload.head <= INLINE;
                let room = if is_small { payload.head } else { 0 };
                let head = facts.head.max(tag.head + room);
                with(head, facts.is_fixed && is_small && payload.is_fixed)
            })
        }
    }
}

/// Finds the types whose values may be `None`, and boxes that hold nothing but boxes.
fn nullable(schema: &Schema, facts: &mut [Facts]) -> Result<()> {
    let mut progress = vec![Progress::New; facts.len()];
    let mut path = Vec::new();
    for start in schema.ids() {
        let mut id = start;
        // What a box holds takes its place.
        let is_nullable = loop {
            match progress[id.0 as usize] {
                Progress::New => {}
                Progress::Open => return Err(endless()),
                Progress::Done => break facts[id.0 as usize].is_nullable,
            }
            progress[id.0 as usize] = Progress::Open;
            path.push(id);
            match schema.node(id) {
                Node::Box(item) | Node::Shared(item) => id = *item,
                Node::State { class, state } if class.is_empty() => id = *state,
                node => {
                    let is_none = Node::Scalar(Scalar::Unit);
                    let is_value = matches!(node, Node::State { class, .. } if class == VALUE);
                    let is_optional = matches!(node, Node::Option(_) | Node::Weak(_));
                    break *node == is_none || is_optional || is_value;
                }
            }
        };
        for id in path.drain(..) {
            facts[id.0 as usize].is_nullable = is_nullable;
            progress[id.0 as usize] = Progress::Done;
        }
    }
    Ok(())
}

#[derive(Default)]
struct Names {
    value_class: Option<ClassId>,
    texts: Vec<Box<str>>,
    known: HashMap<Box<str>, NameId>,
    classes: Vec<Class>,
}

impl Names {
    fn name(&mut self, text: &str) -> NameId {
        if let Some(id) = self.known.get(text) {
            return *id;
        }
        let id = NameId(self.texts.len() as u32);
        self.texts.push(text.into());
        self.known.insert(text.into(), id);
        id
    }

    /// A class by its qualified name, whose module ends at the last dot.
    fn class(&mut self, class: &str) -> Class {
        let (module, name) = class.rsplit_once('.').unwrap_or(("", class));
        Class { module: self.name(module), name: self.name(name), variant: None }
    }

    fn add(&mut self, class: Class) -> ClassId {
        self.classes.push(class);
        ClassId(self.classes.len() as u32 - 1)
    }

    fn group(&mut self, class: Class, fields: &FieldNodes, size: usize) -> Group {
        let name = class.variant.unwrap_or(class.name);
        let class = self.add(class);
        let names = match fields.style {
            Style::Named => fields.list.iter().map(|(name, _)| self.name(name)).collect(),
            Style::Tuple | Style::Unit => Box::default(),
        };
        let parts = fields.list.iter().map(|(_, id)| planned(*id)).collect();
        let is_rest = |(name, _): &(String, SchemaId)| name == UNKNOWN;
        let rest = match fields.style {
            Style::Named => fields.list.iter().position(is_rest),
            Style::Tuple | Style::Unit => None,
        };
        Group { class, name, style: fields.style, names, rest, parts, size }
    }
}

fn kind(schema: &Schema, id: SchemaId, facts: &[Facts], names: &mut Names) -> Kind {
    let is_byte = |id: &SchemaId| matches!(schema.node(*id), Node::Scalar(Scalar::U8));
    let size = |fields: &FieldNodes| {
        let heads = fields.list.iter().map(|(_, id)| facts[id.0 as usize].head);
        heads.fold(0, usize::saturating_add)
    };
    match schema.node(id) {
        Node::Scalar(scalar) => Kind::Scalar(*scalar),
        Node::Str => Kind::Str,
        Node::Bytes => Kind::Bytes,
        Node::Seq(item) if is_byte(item) => Kind::Bytes,
        Node::Array(item, _) if is_byte(item) => Kind::ByteArray(facts[id.0 as usize].head),
        Node::Option(item) => Kind::Option([planned(*item)]),
        Node::Box(item) => Kind::Box([planned(*item)]),
        Node::Shared(item) => Kind::Shared([planned(*item)]),
        Node::Weak(item) => Kind::Weak([planned(*item)]),
        Node::Seq(item) => Kind::Seq([planned(*item)]),
        Node::Set(item) => Kind::Set([planned(*item)]),
        Node::Map(key, value) => Kind::Map([planned(*key), planned(*value)]),
        Node::Array(item, length) => {
            Kind::Array([planned(*item)], usize::try_from(*length).unwrap_or(usize::MAX))
        }
        Node::Tuple(items) => Kind::Tuple(items.iter().map(|id| planned(*id)).collect()),
        Node::Struct(node) => {
            let class = names.class(&node.class);
            Kind::Struct(names.group(class, &node.fields, size(&node.fields)))
        }
        Node::Enum(node) => {
            let class = names.class(&node.class);
            let variants = node.variants.iter().map(|(name, fields)| {
                let class = Class { variant: Some(names.name(name)), ..class };
                names.group(class, fields, size(fields))
            });
            let variants: Box<[_]> = variants.collect();
            let is_fieldless = (variants.iter())
                .all(|variant| variant.style == Style::Unit && variant.parts.is_empty());
            Kind::Enum { tag: tag_size(variants.len()), variants, is_fieldless }
        }
        Node::State { class, state } => {
            let class = (!class.is_empty()).then(|| {
                let is_value = class == VALUE;
                let class = names.class(class);
                let id = names.add(class);
                if is_value {
                    names.value_class = Some(id);
                }
                id
            });
            Kind::State { class, state: [planned(*state)] }
        }
        Node::Global => Kind::Global,
        Node::Persistent(id) => Kind::Persistent([planned(*id)]),
        Node::Object(name) => Kind::Object(names.name(name)),
        Node::Open => unreachable!("a finished schema has no open nodes"),
    }
}
