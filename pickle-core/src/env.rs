//! What a pickle may refer to outside itself: what the registry names, what resolvers find.

use std::collections::HashMap;
use std::sync::Arc;

use crate::persistent::Resolvers;
use crate::registry::Registry;
use crate::schema::{Schema, fingerprint};

/// What the dumps and loads of one pickler or unpickler share.
#[derive(Clone, Default)]
pub(crate) struct Env {
    /// None for [`Registry::global`], so that what names nothing pays nothing.
    registry: Option<Registry>,
    resolvers: Option<Arc<Resolvers>>,
    /// Schemas as they stand in pickles, by fingerprint, for pickles without one.
    schemas: Option<Arc<HashMap<u64, Box<[u8]>>>>,
}

impl Env {
    /// As it is without anybody's doing.
    pub(crate) const NEW: Self = Self { registry: None, resolvers: None, schemas: None };
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

    pub(crate) fn add_schema(&mut self, schema: &Schema) {
        let bytes = schema.to_bytes().into_boxed_slice();
        Arc::make_mut(self.schemas.get_or_insert_default()).insert(fingerprint(&bytes), bytes);
    }

    /// The schema of a fingerprint, if it was handed in.
    pub(crate) fn schema(&self, fingerprint: u64) -> Option<&[u8]> {
        self.schemas.as_ref()?.get(&fingerprint).map(|schema| &**schema)
    }

    /// Whether it is as it is without anybody's doing.
    #[inline(always)]
    pub(crate) fn is_default(&self) -> bool {
        self.registry.is_none() && self.resolvers.is_none() && self.schemas.is_none()
    }
}

impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Env").finish_non_exhaustive()
    }
}
