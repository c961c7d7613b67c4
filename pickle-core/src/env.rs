//! What a pickle may refer to outside itself: what the registry names, what resolvers find.

use std::sync::Arc;

use crate::persistent::Resolvers;
use crate::registry::Registry;

/// What the dumps and loads of one pickler or unpickler share.
#[derive(Clone, Default)]
pub(crate) struct Env {
    /// None for [`Registry::global`], so that what names nothing pays nothing.
    registry: Option<Registry>,
    resolvers: Option<Arc<Resolvers>>,
}

impl Env {
    /// As it is without anybody's doing.
    pub(crate) const NEW: Self = Self { registry: None, resolvers: None };
    pub(crate) const DEFAULT: &'static Self = &Self::NEW;

    pub(crate) fn set_registry(&mut self, registry: Registry) {
        self.registry = Some(registry);
    }

    pub(crate) fn registry(&self) -> &Registry {
        match &self.registry {
            Some(registry) => registry,
            None => Registry::shared(),
        }
    }

    pub(crate) fn resolvers(&self) -> Option<&Resolvers> {
        self.resolvers.as_deref()
    }

    pub(crate) fn resolvers_mut(&mut self) -> &mut Resolvers {
        Arc::make_mut(self.resolvers.get_or_insert_default())
    }

    /// Whether it is as it is without anybody's doing.
    pub(crate) fn is_default(&self) -> bool {
        self.registry.is_none() && self.resolvers.is_none()
    }
}

impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Env").finish_non_exhaustive()
    }
}
