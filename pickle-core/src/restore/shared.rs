//! Shared objects: one for each node and type, however many pointers lead there.

use std::any::TypeId;

use crate::error::Result;
use crate::graph::{Node, NodeId};
use crate::native::{no_class, unfinished};
use crate::shared::{Family, Memo, Missing, Shareable, SlotId};

use super::Restorer;

impl<'g, 'de> Restorer<'g, 'de> {
    /// The object that a node denotes: the one known already, or that which `build` builds into
    /// the slot.
    pub(crate) fn shared<F: Family, T: Shareable<'de> + ?Sized>(
        &mut self,
        id: NodeId,
        build: impl FnOnce(SlotId, &mut Self) -> Result<F::Strong<T>>,
    ) -> Result<F::Strong<T>> {
        let key = (id, TypeId::of::<F::Strong<T>>());
        if let Some(slot) = self.shared.get(&key) {
            return self.memo.strong::<F, T>(*slot).map_err(|missing| match missing {
                Missing::Unfinished => self.at(id, unfinished()),
                Missing::Unknown | Missing::OfAnotherType => self.mismatch(id, "a shared object"),
            });
        }
        let slot = self.memo.reserve();
        self.shared.insert(key, slot);
        build(slot, self)
    }

    /// A weak pointer to the object that a node denotes. The memo keeps an object that is met here
    /// first.
    pub(crate) fn weak<F: Family, T: Shareable<'de> + ?Sized>(
        &mut self,
        id: NodeId,
    ) -> Result<F::Weak<T>> {
        if let Some(slot) = self.shared.get(&(id, TypeId::of::<F::Strong<T>>())) {
            return match self.memo.weak::<F, T>(*slot) {
                Ok(weak) => Ok(weak),
                Err(_) => Err(self.at(id, unfinished())),
            };
        }
        if let Node::None = self.graph.node(id) {
            let dangling = T::dangling::<F>(self.env.registry());
            return dangling.ok_or_else(|| self.at(id, no_class()));
        }
        T::restore_shared::<F>(id, self).map(|strong| F::downgrade(&strong))
    }

    #[inline]
    pub(crate) fn memo_mut(&mut self) -> &mut Memo {
        &mut self.memo
    }
}
