//! Trait objects behind `Rc`, `Arc` and `Weak`: one object, whether seen as its type or as an object
//! of a trait.

use std::any::TypeId;

use crate::error::Result;
use crate::graph::{Node, NodeId};
use crate::native::{Reader, no_class};
use crate::restore::Restorer;
use crate::shared::{Family, Held, Shareable, SlotId};
use crate::traits::UnpickleOwned;

use super::Registry;
use super::class::{Class, ClassEntry, Implements};
use super::object::{self, HEAD};

type Decode<P> = fn(&mut Reader<'_>, Option<SlotId>) -> Result<P>;
type Restore<P> = fn(NodeId, &mut Restorer<'_, '_>) -> Result<P>;
type Find<P> = fn(&Held, &Registry) -> Option<P>;

/// How shared objects are made of what a pickle holds, and seen as those of a trait.
pub(super) struct SharedMaker<F: Family, O: ?Sized> {
    decode: Decode<F::Strong<O>>,
    restore: Restore<F::Strong<O>>,
    restore_weak: Restore<F::Weak<O>>,
    find: Find<F::Strong<O>>,
    find_weak: Find<F::Weak<O>>,
    dangling: fn() -> F::Weak<O>,
}

impl<F: Family, O: ?Sized> Clone for SharedMaker<F, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: Family, O: ?Sized> Copy for SharedMaker<F, O> {}

impl<F: Family, O: ?Sized> SharedMaker<F, O> {
    pub(super) fn of<C: UnpickleOwned + 'static>() -> Self
    where
        O: Implements<C>,
    {
        Self {
            decode: |reader, slot| C::decode_shared::<F>(reader, slot).map(strong::<F, C, O>),
            restore: |id, restorer| C::restore_shared::<F>(id, restorer).map(strong::<F, C, O>),
            restore_weak: |id, restorer| C::restore_weak::<F>(id, restorer).map(weak::<F, C, O>),
            find: |held, registry| C::find::<F>(held, registry).map(strong::<F, C, O>),
            find_weak: |held, registry| C::find_weak::<F>(held, registry).map(weak::<F, C, O>),
            dangling: || weak::<F, C, O>(F::dangling()),
        }
    }
}

fn strong<F: Family, C, O: ?Sized + Implements<C>>(strong: F::Strong<C>) -> F::Strong<O> {
    F::coerce(strong, O::rc, O::arc)
}

fn weak<F: Family, C, O: ?Sized + Implements<C>>(weak: F::Weak<C>) -> F::Weak<O> {
    F::coerce_weak(weak, O::rc_weak, O::arc_weak)
}

/// `Shareable::decode_shared` of an object.
pub fn decode_shared<'de, F: Family, O: ?Sized + Class + Shareable<'de>>(
    reader: &mut Reader<'de>,
    slot: Option<SlotId>,
) -> Result<F::Strong<O>> {
    let head = reader.group(HEAD)?.head::<O>();
    let maker = object::decoder::<O, O, _>(head, reader, ClassEntry::shared_maker::<F, O>)?;
    (maker.decode)(reader, slot)
}

/// `Shareable::restore_shared` of an object.
pub fn restore_shared<F: Family, O: ?Sized + Class>(
    id: NodeId,
    restorer: &mut Restorer<'_, '_>,
) -> Result<F::Strong<O>> {
    let registry = restorer.env().registry();
    let find = |held: &Held| find::<F, O>(held, registry);
    if let Some(found) = restorer.earlier(id, |memo, slot| memo.found(slot, find)) {
        return found;
    }
    let (maker, inner) =
        object::restorer_of::<O, _>(id, restorer, ClassEntry::shared_maker::<F, O>)?;
    object::inside(id, inner, restorer, maker.restore)
}

/// `Shareable::restore_weak` of an object.
pub fn restore_weak<F: Family, O: ?Sized + Class>(
    id: NodeId,
    restorer: &mut Restorer<'_, '_>,
) -> Result<F::Weak<O>> {
    let registry = restorer.env().registry();
    let find = |held: &Held| find_weak::<F, O>(held, registry);
    if let Some(found) = restorer.earlier(id, |memo, slot| memo.found(slot, find)) {
        return found;
    }
    if let Node::None = restorer.node(id) {
        let dangling = dangling::<F, O>(restorer.env().registry());
        return dangling.ok_or_else(|| restorer.at(id, no_class()));
    }
    let (maker, inner) =
        object::restorer_of::<O, _>(id, restorer, ClassEntry::shared_maker::<F, O>)?;
    object::inside(id, inner, restorer, maker.restore_weak)
}

/// `Shareable::find` of an object.
pub fn find<F: Family, O: ?Sized + Class>(
    held: &Held,
    registry: &Registry,
) -> Option<F::Strong<O>> {
    let class = registry.class_of(TypeId::of::<O::Base>(), held.type_id())?;
    (class.shared_maker::<F, O>()?.find)(held, registry)
}

/// `Shareable::find_weak` of an object.
pub fn find_weak<F: Family, O: ?Sized + Class>(
    held: &Held,
    registry: &Registry,
) -> Option<F::Weak<O>> {
    let class = registry.class_of(TypeId::of::<O::Base>(), held.type_id())?;
    (class.shared_maker::<F, O>()?.find_weak)(held, registry)
}

/// `Shareable::dangling` of an object.
pub fn dangling<F: Family, O: ?Sized + Class>(registry: &Registry) -> Option<F::Weak<O>> {
    let mut classes = registry.classes(TypeId::of::<O::Base>());
    classes.find_map(|class| Some((class.shared_maker::<F, O>()?.dangling)()))
}
