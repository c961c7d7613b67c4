//! What `#[pickle::class]` says about a trait, and about a type that implements it.

use std::any::{Any, TypeId};
use std::borrow::Cow;
use std::marker::PhantomData;
use std::rc::{self, Rc};
use std::sync::{self, Arc};

use crate::error::Result;
use crate::graph::NodeId;
use crate::native::{Measure, Reader, Writer};
use crate::python::Saver;
use crate::restore::Restorer;
use crate::shape::{Body, PythonShape, Shape};
use crate::shared::{ArcFamily, Family, RcFamily};
use crate::traits::{Pickle, UnpickleOwned};
use crate::type_info::TypeInfo;

use super::shared::SharedMaker;

/// What a trait under `#[pickle::class]` asks of those that implement it: that they can be pickled.
/// It is implemented for all that can.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be pickled",
    label = "implements a trait of `#[pickle::class]`",
    note = "add `#[derive(Pickle)]` to the type"
)]
#[doc(hidden)]
pub trait Object {
    fn __pickle_type(&self) -> TypeId;
    fn __pickle_type_name(&self) -> &'static str;
    fn __pickle_measure(&self, measure: &mut Measure) -> Result<()>;
    fn __pickle_encode(&self, writer: &mut Writer);
    fn __pickle_save(&self, saver: &mut Saver<'_>) -> Result<()>;
}

#[diagnostic::do_not_recommend]
impl<T: Pickle> Object for T {
    fn __pickle_type(&self) -> TypeId {
        typeid::of::<T>()
    }

    fn __pickle_type_name(&self) -> &'static str {
        std::any::type_name::<T>()
    }

    fn __pickle_measure(&self, measure: &mut Measure) -> Result<()> {
        measure.boxed(self)
    }

    fn __pickle_encode(&self, writer: &mut Writer) {
        writer.boxed(self);
    }

    fn __pickle_save(&self, saver: &mut Saver<'_>) -> Result<()> {
        self.save(saver)
    }
}

/// The objects of a trait under `#[pickle::class]`: `dyn Trait`, and with `Send` and `Sync`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no trait object that can be pickled",
    note = "add `#[pickle::class]` to the trait"
)]
pub trait Class: Object + 'static {
    /// `dyn Trait`: the same for all of these.
    #[doc(hidden)]
    type Base: ?Sized + 'static;

    /// The name of the trait in pickles.
    const NAMESPACE: &'static str;
}

/// Which types an object may be of; how it is made of one.
#[doc(hidden)]
pub trait Implements<C>: Class {
    fn boxed(value: Box<C>) -> Box<Self>;
    fn rc(value: Rc<C>) -> Rc<Self>;
    fn rc_weak(value: rc::Weak<C>) -> rc::Weak<Self>;
    fn arc(value: Arc<C>) -> Arc<Self>;
    fn arc_weak(value: sync::Weak<C>) -> sync::Weak<Self>;
}

/// A type whose `impl` of a trait has `#[pickle::class]`, by the objects of that trait.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not registered by its `impl` of this trait",
    label = "no `#[pickle::class]` that registers it",
    note = "add `#[pickle::class]` to the `impl`; an instance of a generic type is registered by \
            `Registry::add_class_as`, or by `#[pickle::class(dyn Trait)]` on a type alias"
)]
pub trait Registered<O: ?Sized> {
    #[doc(hidden)]
    fn entry() -> ClassEntry;
}

/// A type that a trait's objects may be of, by name.
#[doc(hidden)]
pub struct ClassEntry {
    base: TypeId,
    namespace: &'static str,
    name: Cow<'static, str>,
    names: Vec<Cow<'static, str>>,
    concrete: TypeId,
    type_name: &'static str,
    shape: Option<&'static Shape>,
    info: fn() -> &'static TypeInfo,
    /// A [`Maker`] and [`SharedMaker`]s for each of `dyn Trait`, `dyn Trait + Send`...
    makers: Vec<Box<dyn Any + Send + Sync>>,
}

/// How objects are made of what a pickle holds.
#[doc(hidden)]
pub struct Maker<O: ?Sized> {
    pub(super) decode_box: fn(&mut Reader<'_>) -> Result<Box<O>>,
    pub(super) restore_box: fn(NodeId, &mut Restorer<'_, '_>) -> Result<Box<O>>,
}

impl<O: ?Sized> Clone for Maker<O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<O: ?Sized> Copy for Maker<O> {}

impl<O: ?Sized> Maker<O> {
    fn of<C: UnpickleOwned>() -> Self
    where
        O: Implements<C>,
    {
        Self { decode_box: decode_box::<O, C>, restore_box: restore_box::<O, C> }
    }
}

fn decode_box<O: ?Sized + Implements<C>, C: UnpickleOwned>(
    reader: &mut Reader<'_>,
) -> Result<Box<O>> {
    reader.charge_object(size_of::<C>())?;
    reader.boxed::<C>().map(|value| O::boxed(Box::new(value)))
}

fn restore_box<O: ?Sized + Implements<C>, C: UnpickleOwned>(
    id: NodeId,
    restorer: &mut Restorer<'_, '_>,
) -> Result<Box<O>> {
    Box::<C>::restore_owned(id, restorer).map(O::boxed)
}

/// [`Unpickle::restore`](crate::Unpickle::restore) of a box, whatever the pickle's lifetime.
trait RestoreOwned: Sized {
    fn restore_owned(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Self>;
}

impl<C: UnpickleOwned> RestoreOwned for Box<C> {
    fn restore_owned(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Self> {
        crate::traits::Unpickle::restore(id, restorer)
    }
}

impl ClassEntry {
    /// A type that has this name to a trait, and had those.
    pub fn new<O, C>(name: Cow<'static, str>, aliases: &[&'static str]) -> Self
    where
        O: ?Sized + Implements<C>,
        C: Pickle + UnpickleOwned + 'static,
    {
        let shape = C::shape();
        let mut names = vec![name.clone()];
        names.extend(aliases.iter().map(|alias| Cow::Borrowed(*alias)));
        let mut entry = Self {
            base: TypeId::of::<O::Base>(),
            namespace: O::NAMESPACE,
            name,
            names,
            concrete: TypeId::of::<C>(),
            type_name: std::any::type_name::<C>(),
            shape,
            info: TypeInfo::of::<C>,
            makers: Vec::new(),
        };
        entry.add_maker::<O, C>();
        entry
    }

    /// [`new`](Self::new), by the name of the type's own where none is given.
    pub fn derived<O, C>(
        name: Option<&'static str>,
        default: String,
        aliases: &[&'static str],
    ) -> Self
    where
        O: ?Sized + Implements<C>,
        C: Pickle + UnpickleOwned + 'static,
    {
        let name = match (name, C::shape()) {
            (Some(name), _) => Cow::Borrowed(name),
            (None, Some(shape)) if !matches!(shape.body, Body::Transparent) => {
                Cow::Borrowed(shape.class)
            }
            (None, _) => Cow::Owned(default),
        };
        Self::new::<O, C>(name, aliases)
    }

    fn add_maker<O: ?Sized + Implements<C>, C: UnpickleOwned + 'static>(&mut self) {
        self.makers.push(Box::new(Maker::<O>::of::<C>()));
        self.makers.push(Box::new(SharedMaker::<RcFamily, O>::of::<C>()));
        self.makers.push(Box::new(SharedMaker::<ArcFamily, O>::of::<C>()));
    }

    pub(super) fn shared_maker<F: Family, O: ?Sized + 'static>(&self) -> Option<SharedMaker<F, O>> {
        self.makers.iter().find_map(|maker| maker.downcast_ref::<SharedMaker<F, O>>()).copied()
    }

    pub(super) fn maker<O: ?Sized + 'static>(&self) -> Option<Maker<O>> {
        self.makers.iter().find_map(|maker| maker.downcast_ref::<Maker<O>>()).copied()
    }

    pub(crate) fn namespace(&self) -> (TypeId, &'static str) {
        (self.base, self.namespace)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The name, and former ones.
    pub(super) fn names(&self) -> &[Cow<'static, str>] {
        &self.names
    }

    /// The names of the type's instances, where they are others.
    pub(super) fn instance_names(&self) -> impl Iterator<Item = &'static str> + use<> {
        let names = self.shape.map(|shape| (shape.class, shape.aliases));
        names
            .into_iter()
            .flat_map(|(name, aliases)| std::iter::once(name).chain(aliases.iter().copied()))
    }

    pub(crate) fn concrete(&self) -> TypeId {
        self.concrete
    }

    /// The type, as Rust names it.
    pub(crate) fn type_name(&self) -> &'static str {
        self.type_name
    }

    pub(crate) fn info(&self) -> &'static TypeInfo {
        (self.info)()
    }

    /// Whether an object of Python's says by its class that it is this one.
    pub(super) fn is_told_by_class(&self) -> bool {
        let Some(shape) = self.shape.filter(|shape| shape.class == self.name) else { return false };
        let is_other = matches!(
            (&shape.body, shape.python),
            (Body::Struct(_), PythonShape::Dict | PythonShape::Tuple)
                | (Body::Enum(_), PythonShape::Name | PythonShape::Tagged)
                | (Body::Transparent, _)
        );
        !is_other
    }
}

/// Whether a type is among those that an object may be of, found out where both are known: an
/// inherent method comes before that of [`Otherwise`].
#[doc(hidden)]
pub struct Probe<O: ?Sized, C>(PhantomData<(*const O, C)>);

impl<O: ?Sized, C> Probe<O, C> {
    pub const NEW: Self = Self(PhantomData);
}

impl<O: ?Sized + Implements<C>, C: UnpickleOwned + 'static> Probe<O, C> {
    pub fn add_to(&self, entry: &mut ClassEntry) {
        entry.add_maker::<O, C>();
    }
}

#[doc(hidden)]
pub trait Otherwise {
    fn add_to(&self, _: &mut ClassEntry) {}
}

impl<O: ?Sized, C> Otherwise for Probe<O, C> {}
