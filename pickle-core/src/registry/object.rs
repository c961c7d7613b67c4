//! Trait objects in both codecs: what the impls that `#[pickle::class]` writes call.

use std::any::TypeId;

use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Node, NodeId};
use crate::native::{Head, HeadMut, Measure, Reader, Writer, Written};
use crate::python::Saver;
use crate::restore::Restorer;
use crate::schema::{self, SchemaBuilder, SchemaId};
use crate::traits::Layout;

use super::{Class, ClassEntry, Registry};

/// The head of an object: the number of its class in the pickle.
pub const HEAD: usize = 4;

/// A type as one of a trait's: what finds its class in a registry.
#[derive(Clone, Copy)]
pub(crate) struct Member {
    pub(crate) base: TypeId,
    pub(crate) concrete: TypeId,
    namespace: &'static str,
    type_name: &'static str,
}

/// The trait that an object to be loaded is of.
#[derive(Clone, Copy)]
pub(crate) struct MemberOf {
    pub(crate) base: TypeId,
    pub(crate) namespace: &'static str,
}

impl MemberOf {
    fn new<O: ?Sized + Class>() -> Self {
        Self { base: TypeId::of::<O::Base>(), namespace: O::NAMESPACE }
    }
}

impl Member {
    fn of<O: ?Sized + Class>(object: &O) -> Self {
        Self {
            base: TypeId::of::<O::Base>(),
            concrete: object.__pickle_type(),
            namespace: O::NAMESPACE,
            type_name: object.__pickle_type_name(),
        }
    }

    /// Its class.
    pub(crate) fn find<'r>(
        &self,
        registry: &'r Registry,
    ) -> Result<&'r std::sync::Arc<ClassEntry>> {
        registry.class_of(self.base, self.concrete).ok_or_else(|| self.missing())
    }

    #[cold]
    fn missing(&self) -> Error {
        let what = format!("a `{}`", self.namespace).into();
        Error::new(ErrorKind::UnknownName { name: self.type_name.into(), what }).with_hint(
            "`#[pickle::class]` on its `impl` registers a type, on a type alias an instance of a \
             generic one; without the feature `auto-register`, `Registry::add_class` does",
        )
    }
}

/// The schema of an object: the trait alone.
pub fn describe<O: ?Sized + Class>(schema: &mut SchemaBuilder) -> SchemaId {
    schema.anonymous(schema::Node::Object(O::NAMESPACE.to_owned()))
}

/// `Pickle::measure` of an object.
pub fn measure<O: ?Sized + Class>(object: &O, measure: &mut Measure) -> Result<()> {
    measure.class(&Member::of(object))?;
    object.__pickle_measure(measure)
}

/// `Pickle::encode` of an object.
pub fn encode<'b, O: ?Sized + Class, H: Layout + ?Sized>(
    object: &O,
    head: HeadMut<'b, H>,
    writer: &mut Writer,
) -> Written<'b, H> {
    let written = head.write(writer.class(&Member::of(object)).to_le_bytes());
    object.__pickle_encode(writer);
    written
}

/// `Unpickle::decode` of an object in a box.
pub fn decode_box<O: ?Sized + Class, H: Layout + ?Sized>(
    head: Head<'_, H>,
    reader: &mut Reader<'_>,
) -> Result<Box<O>> {
    let maker = decoder::<O, H, _>(head, reader, ClassEntry::maker::<O>)?;
    (maker.decode_box)(reader)
}

/// How the object is made whose number is in this head.
pub(super) fn decoder<O: ?Sized + Class, H: Layout + ?Sized, M>(
    head: Head<'_, H>,
    reader: &Reader<'_>,
    maker: impl FnOnce(&ClassEntry) -> Option<M>,
) -> Result<M> {
    let number = u32::from_le_bytes(head.array());
    let entry = reader
        .class(number, MemberOf::new::<O>())
        .map_err(|error| reader.at(head.bytes(), error))?;
    maker(entry).ok_or_else(|| reader.at(head.bytes(), cannot_be::<O>(entry)))
}

#[cold]
fn cannot_be<O: ?Sized>(entry: &ClassEntry) -> Error {
    let what = format!("{} is no `{}`", entry.type_name(), std::any::type_name::<O>());
    Error::new(ErrorKind::Unsupported { what: what.into() })
        .with_hint("it is not registered with the same `Send` and `Sync`")
}

/// In Python an instance of the class; and where that does not tell which class it is registered as,
/// a dict of that name.
pub fn save<O: ?Sized + Class>(object: &O, saver: &mut Saver<'_>) -> Result<()> {
    let entry = std::sync::Arc::clone(Member::of(object).find(saver.env.registry())?);
    if entry.is_told_by_class() {
        return saver.nest(|saver| object.__pickle_save(saver));
    }
    saver.tagged_by(entry.name(), |saver| object.__pickle_save(saver))
}

/// `Pickle::is_tagged` of an object.
pub fn is_tagged<O: ?Sized + Class>(object: &O, registry: &Registry) -> bool {
    Member::of(object).find(registry).is_ok_and(|entry| !entry.is_told_by_class())
}

/// `Unpickle::restore` of an object in a box.
pub fn restore_box<O: ?Sized + Class>(
    id: NodeId,
    restorer: &mut Restorer<'_, '_>,
) -> Result<Box<O>> {
    let (maker, inner) = restorer_of::<O, _>(id, restorer, ClassEntry::maker::<O>)?;
    inside(id, inner, restorer, maker.restore_box)
}

/// Restores what the object is made of, which may be the object itself.
pub(super) fn inside<'g, 'de, R>(
    id: NodeId,
    inner: NodeId,
    restorer: &mut Restorer<'g, 'de>,
    restore: impl FnOnce(NodeId, &mut Restorer<'g, 'de>) -> Result<R>,
) -> Result<R> {
    match inner == id {
        true => restorer.identified(id, |restorer| restore(inner, restorer)),
        false => restorer.nest(id, |restorer| restore(inner, restorer)),
    }
}

/// How the object is made that a node denotes, and which node denotes what it is made of.
pub(super) fn restorer_of<O: ?Sized + Class, M>(
    id: NodeId,
    restorer: &Restorer<'_, '_>,
    maker: impl FnOnce(&ClassEntry) -> Option<M>,
) -> Result<(M, NodeId)> {
    let (entry, inner) = find(id, restorer, MemberOf::new::<O>())?;
    match maker(entry) {
        Some(maker) => Ok((maker, inner)),
        None => Err(restorer.at(id, cannot_be::<O>(entry))),
    }
}

fn find<'r>(
    id: NodeId,
    restorer: &'r Restorer<'_, '_>,
    of: MemberOf,
) -> Result<(&'r ClassEntry, NodeId)> {
    let graph = restorer.graph();
    let registry = restorer.env().registry();
    let (name, inner) = match graph.node(id) {
        Node::Dict(pairs) => match *graph.edges(pairs) {
            [key, value] if graph.text(key).is_some() => {
                (graph.text(key).unwrap_or_default().to_owned(), value)
            }
            _ => return Err(mismatch(id, restorer, of)),
        },
        Node::Global { .. } => match restorer.global(id) {
            Some((module, name)) => (format!("{module}.{name}"), id),
            None => return Err(mismatch(id, restorer, of)),
        },
        _ => match restorer.instance(id) {
            Some(made) => (format!("{}.{}", made.module, made.name), id),
            None => return Err(mismatch(id, restorer, of)),
        },
    };
    let mut found = registry.class_named(of.base, &name);
    if found.is_none() && inner == id {
        // A variant is a class within that of its enum.
        found = name.rsplit_once('.').and_then(|(owner, _)| registry.class_named(of.base, owner));
    }
    match found {
        Some(Ok(entry)) => Ok((entry, inner)),
        Some(Err(error)) => Err(restorer.at(id, error)),
        None => Err(restorer.at(id, registry.unknown_class(of.base, of.namespace, &name))),
    }
}

#[cold]
fn mismatch(id: NodeId, restorer: &Restorer<'_, '_>, of: MemberOf) -> Error {
    restorer.mismatch(id, format!("a `{}`", of.namespace))
}

/// Pickles the objects of a trait: one expansion for each of `dyn Trait`, `dyn Trait + Send`...
#[doc(hidden)]
#[macro_export]
macro_rules! __class_object {
    ($object:ty, [$($bounds:tt)*], $base:ty, $namespace:literal) => {
        impl $crate::registry::Class for $object {
            type Base = $base;
            const NAMESPACE: &'static ::core::primitive::str = $namespace;
        }

        impl<__C: $($bounds)* + 'static> $crate::registry::Implements<__C> for $object {
            fn boxed(value: ::std::boxed::Box<__C>) -> ::std::boxed::Box<Self> {
                value
            }

            fn rc(value: ::std::rc::Rc<__C>) -> ::std::rc::Rc<Self> {
                value
            }

            fn rc_weak(value: ::std::rc::Weak<__C>) -> ::std::rc::Weak<Self> {
                value
            }

            fn arc(value: ::std::sync::Arc<__C>) -> ::std::sync::Arc<Self> {
                value
            }

            fn arc_weak(value: ::std::sync::Weak<__C>) -> ::std::sync::Weak<Self> {
                value
            }
        }

        impl $crate::Layout for $object {
            const HEAD: ::core::primitive::usize = $crate::registry::HEAD;

            fn describe(schema: &mut $crate::schema::SchemaBuilder) -> $crate::schema::SchemaId {
                $crate::registry::describe::<Self>(schema)
            }
        }

        impl $crate::Pickle for $object {
            fn measure(&self, measure: &mut $crate::native::Measure) -> $crate::Result<()> {
                $crate::registry::measure(self, measure)
            }

            fn encode<'__b>(
                &self,
                head: $crate::native::HeadMut<'__b, Self>,
                writer: &mut $crate::native::Writer,
            ) -> $crate::native::Written<'__b, Self> {
                $crate::registry::encode(self, head, writer)
            }

            fn save(&self, saver: &mut $crate::Saver<'_>) -> $crate::Result<()> {
                $crate::registry::save(self, saver)
            }

            fn is_tagged(&self, registry: &$crate::Registry) -> ::core::primitive::bool {
                $crate::registry::is_tagged(self, registry)
            }

            fn type_key(&self) -> ::core::any::TypeId {
                $crate::registry::Object::__pickle_type(self)
            }
        }

        impl<'__de> $crate::shared::Shareable<'__de> for $object {
            fn decode_shared<__F: $crate::shared::Family>(
                reader: &mut $crate::native::Reader<'__de>,
                slot: ::core::option::Option<$crate::shared::SlotId>,
            ) -> $crate::Result<__F::Strong<Self>> {
                $crate::registry::decode_shared::<__F, Self>(reader, slot)
            }

            fn restore_shared<__F: $crate::shared::Family>(
                id: $crate::graph::NodeId,
                restorer: &mut $crate::Restorer<'_, '__de>,
            ) -> $crate::Result<__F::Strong<Self>> {
                $crate::registry::restore_shared::<__F, Self>(id, restorer)
            }

            fn restore_weak<__F: $crate::shared::Family>(
                id: $crate::graph::NodeId,
                restorer: &mut $crate::Restorer<'_, '__de>,
            ) -> $crate::Result<__F::Weak<Self>> {
                $crate::registry::restore_weak::<__F, Self>(id, restorer)
            }

            fn find<__F: $crate::shared::Family>(
                held: &$crate::shared::Held,
                registry: &$crate::Registry,
            ) -> ::core::option::Option<__F::Strong<Self>> {
                $crate::registry::find::<__F, Self>(held, registry)
            }

            fn find_weak<__F: $crate::shared::Family>(
                held: &$crate::shared::Held,
                registry: &$crate::Registry,
            ) -> ::core::option::Option<__F::Weak<Self>> {
                $crate::registry::find_weak::<__F, Self>(held, registry)
            }

            fn dangling<__F: $crate::shared::Family>(
                registry: &$crate::Registry,
            ) -> ::core::option::Option<__F::Weak<Self>> {
                $crate::registry::dangling::<__F, Self>(registry)
            }
        }

        impl $crate::Layout for ::std::boxed::Box<$object> {
            const HEAD: ::core::primitive::usize = $crate::registry::HEAD;

            fn describe(schema: &mut $crate::schema::SchemaBuilder) -> $crate::schema::SchemaId {
                $crate::registry::describe::<$object>(schema)
            }
        }

        impl $crate::Pickle for ::std::boxed::Box<$object> {
            fn measure(&self, measure: &mut $crate::native::Measure) -> $crate::Result<()> {
                $crate::registry::measure(&**self, measure)
            }

            fn encode<'__b>(
                &self,
                head: $crate::native::HeadMut<'__b, Self>,
                writer: &mut $crate::native::Writer,
            ) -> $crate::native::Written<'__b, Self> {
                $crate::registry::encode(&**self, head, writer)
            }

            fn save(&self, saver: &mut $crate::Saver<'_>) -> $crate::Result<()> {
                $crate::registry::save(&**self, saver)
            }
        }

        impl<'__de> $crate::Unpickle<'__de> for ::std::boxed::Box<$object> {
            fn decode<'__b>(
                head: $crate::native::Head<'_, Self>,
                reader: &mut $crate::native::Reader<'__de>,
                slot: $crate::native::Slot<'__b, Self>,
            ) -> $crate::Result<$crate::native::Filled<'__b, Self>> {
                $crate::registry::decode_box(head, reader).map(|value| slot.write(value))
            }

            fn restore(
                id: $crate::graph::NodeId,
                restorer: &mut $crate::Restorer<'_, '__de>,
            ) -> $crate::Result<Self> {
                $crate::registry::restore_box(id, restorer)
            }
        }
    };
}
