//! Shared objects: one for each node and type, however many pointers lead there.

use std::any::TypeId;
use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::env::Env;
use crate::error::{Error, Result};
use crate::graph::{Graph, Node, NodeId};
use crate::limits::Limits;
use crate::native::{Transcoded, no_class, unfinished};
use crate::shared::{Family, Mark, Memo, Missing, Shareable, SlotId};
use crate::target::Target;

use super::Restorer;

/// The shared objects so far, and their slots: a node may be one object of each of several types.
#[derive(Default)]
pub(crate) struct Objects {
    memo: Memo,
    slots: HashMap<(NodeId, TypeId), SlotId, RandomState>,
}

impl Objects {
    pub(super) fn new(env: &Env) -> Self {
        Self { memo: Memo::new(env), slots: HashMap::default() }
    }

    /// Forgets all objects.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Forgets the objects since a mark.
    pub(super) fn roll_back(&mut self, before: Mark) {
        self.memo.fail(before);
        self.slots.retain(|_, slot| slot.is_before(before));
    }

    pub(super) fn mark(&self) -> Mark {
        self.memo.mark()
    }

    fn get(&self, id: NodeId, ty: TypeId) -> Option<SlotId> {
        self.slots.get(&(id, ty)).copied()
    }
}

/// Restores the value that `root` denotes in a graph that grows from load to load. `objects` are
/// those of the loads so far.
pub(crate) fn restore_after<'de>(
    graph: &Graph<'de>,
    root: NodeId,
    limits: &Limits,
    env: &Env,
    objects: &mut Objects,
    target: &mut dyn Target<'de>,
) -> Result<()> {
    let mut restorer = Restorer::new(graph, limits, env);
    restorer.objects = std::mem::take(objects);
    let before = restorer.objects.memo.begin(0, env);
    let restored = restorer.whole(root, target);
    *objects = std::mem::take(&mut restorer.objects);
    match restored.is_ok() {
        true => objects.memo.succeed(),
        false => {
            objects.roll_back(before);
        }
    }
    restored
}

/// Restores the value of a native pickle in a run, whose memo is `memo`.
pub(crate) fn restore_in_run<'de>(
    read: &Transcoded<'de>,
    limits: &Limits,
    env: &Env,
    before: Mark,
    memo: &mut Option<Box<Memo>>,
    target: &mut dyn Target<'de>,
) -> Result<()> {
    let mut restorer = Restorer::new(&read.graph, limits, env);
    if let Some(memo) = memo.take() {
        restorer.objects.memo = *memo;
    }
    let restored = restorer.whole(read.root, target);
    let Objects { memo: loaded, slots } = &mut restorer.objects;
    if restored.is_ok() {
        loaded.succeed();
        let by_node: HashMap<_, _> = slots.iter().map(|((id, _), slot)| (*id, *slot)).collect();
        loaded.arrange(before, read.shared.iter().map(|id| by_node.get(id).copied()));
    }
    *memo = Some(Box::new(std::mem::take(loaded)));
    restored
}

impl<'g, 'de> Restorer<'g, 'de> {
    /// The object that a node denotes: the one known already, or that which `build` builds into
    /// the slot.
    pub(crate) fn shared<F: Family, T: Shareable<'de> + ?Sized>(
        &mut self,
        id: NodeId,
        build: impl FnOnce(SlotId, &mut Self) -> Result<F::Strong<T>>,
    ) -> Result<F::Strong<T>> {
        if let Some(found) = self.earlier(id, Memo::strong::<F, T>) {
            return found;
        }
        let ty = TypeId::of::<F::Strong<T>>();
        if let Some(slot) = self.objects.get(id, ty) {
            return self.objects.memo.strong::<F, T>(slot).map_err(|missing| match missing {
                Missing::Unfinished => self.met_unfinished((id, ty)),
                _ => self.mismatch(id, "a shared object"),
            });
        }
        let build = |restorer: &mut Self| {
            let slot = restorer.objects.memo.reserve();
            restorer.objects.slots.insert((id, ty), slot);
            build(slot, restorer)
        };
        match self.postponed {
            None => build(self),
            Some(_) => self.reordered((id, ty), build, |restorer| {
                let slot = restorer.objects.get(id, ty)?;
                restorer.objects.memo.strong::<F, T>(slot).ok()
            }),
        }
    }

    /// A weak pointer to the object that a node denotes. The memo keeps an object that is met here
    /// first.
    pub(crate) fn weak<F: Family, T: Shareable<'de> + ?Sized>(
        &mut self,
        id: NodeId,
    ) -> Result<F::Weak<T>> {
        if let Some(found) = self.earlier(id, Memo::weak::<F, T>) {
            return found;
        }
        if let Some(slot) = self.objects.get(id, TypeId::of::<F::Strong<T>>()) {
            return match self.objects.memo.weak::<F, T>(slot) {
                Ok(weak) => Ok(weak),
                Err(_) => Err(self.at(id, unfinished())),
            };
        }
        if let Node::None = self.graph.node(id) {
            let dangling = T::dangling::<F>(self.env.registry());
            return dangling.ok_or_else(|| self.at(id, no_class()));
        }
        let strong = T::restore_shared::<F>(id, self);
        if strong.is_err() {
            self.left_weak(move |restorer| T::restore_shared::<F>(id, restorer).map(drop));
        }
        strong.map(|strong| F::downgrade(&strong))
    }

    /// What a node denotes that stands for an object of an earlier pickle, as `find` finds it.
    pub(crate) fn earlier<P>(
        &self,
        id: NodeId,
        find: impl FnOnce(&Memo, SlotId) -> Result<P, Missing>,
    ) -> Option<Result<P>> {
        let memo = &self.objects.memo;
        let found = memo.slot(self.graph.earlier(id)?).and_then(|slot| find(memo, slot));
        Some(found.map_err(|missing| match missing {
            // It was not loaded as a shared object, or not at all.
            Missing::Unknown | Missing::Unfinished => self.at(id, crate::native::earlier()),
            missing => self.at(id, Error::from(missing)),
        }))
    }

    #[inline]
    pub(crate) fn memo_mut(&mut self) -> &mut Memo {
        &mut self.objects.memo
    }
}
