//! Key spaces: what is declared of the store's own keys and of each collection. Indexes, history,
//! and whether records there may expire.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

use pickle_core::{Pickler, Unpickler};
use pickle_derive::Pickle;

use crate::catalog;
use crate::engine::{Engine, Op};
use crate::error::Result;

/// What is declared of the records that share a prefix.
#[derive(Clone, Default)]
pub(crate) struct Space {
    pub(crate) declared: Declared,
    /// Changes with the indexes: a record encoded under another number lists other entries.
    pub(crate) generation: u64,
    /// The functions behind the indexes, `Extractors<V>`, once this process declared them.
    pub(crate) extractors: Option<Arc<dyn Any + Send + Sync>>,
}

/// What of it is kept in the catalog.
#[derive(Clone, Debug, Default, PartialEq, Eq, Pickle)]
#[pickle(crate = pickle_core, class = "pickle.store.Space")]
pub(crate) struct Declared {
    /// Whether a record was ever given a time to live.
    pub(crate) expires: bool,
    /// How many earlier versions of each key are kept.
    pub(crate) history: u32,
    pub(crate) indexes: Vec<IndexInfo>,
}

/// An index in the catalog.
#[derive(Clone, Debug, PartialEq, Eq, Pickle)]
#[pickle(crate = pickle_core, class = "pickle.store.Index")]
pub(crate) struct IndexInfo {
    pub(crate) number: u32,
    pub(crate) name: String,
    /// The type of its keys, in words.
    pub(crate) kind: String,
    pub(crate) unique: bool,
    /// Whether all records are in it. An index that is not does not count and is begun anew.
    pub(crate) ready: bool,
}

impl Space {
    pub(crate) fn index(&self, name: &str) -> Option<&IndexInfo> {
        self.declared.indexes.iter().find(|index| index.name == name)
    }

    /// The names of the indexes, for messages.
    pub(crate) fn index_names(&self) -> String {
        let names: Vec<_> =
            self.declared.indexes.iter().map(|index| format!("`{}`", index.name)).collect();
        names.join(", ")
    }

    /// The index of a number; none for one that was dropped, which records may still list.
    pub(crate) fn numbered(&self, number: u32) -> Option<&IndexInfo> {
        self.declared.indexes.iter().find(|index| index.number == number)
    }
}

/// The key spaces of a store that have anything declared.
pub(crate) struct Spaces(RwLock<Map>);

pub(crate) type Map = HashMap<Box<[u8]>, Arc<Space>>;

impl Spaces {
    /// Reads what is declared. What a killed declaration left is cleared away.
    pub(crate) fn open(engine: &dyn Engine) -> Result<Self> {
        let mut map = Map::new();
        for (prefix, bytes) in catalog::declarations(engine)? {
            let mut declared: Declared = Unpickler::from_slice(&bytes).load()?;
            let (ready, unready) = declared.indexes.into_iter().partition(|index| index.ready);
            declared.indexes = ready;
            let unready: Vec<IndexInfo> = unready;
            if !unready.is_empty() {
                for index in &unready {
                    catalog::clear(engine, &catalog::index_prefix(index.number))?;
                }
                let _ = engine.apply(&[], &[declare(&prefix, &declared)?])?;
            }
            map.insert(prefix.into(), Arc::new(Space { declared, ..Space::default() }));
        }
        Ok(Self(RwLock::new(map)))
    }

    /// Held by each write from its plan to its commit.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Map> {
        // The map is changed by single calls that do not panic halfway.
        self.0.read().unwrap_or_else(|poison| poison.into_inner())
    }

    /// Held while a declaration changes, so that no write is between plan and commit.
    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Map> {
        self.0.write().unwrap_or_else(|poison| poison.into_inner())
    }

    /// What is declared of the keys with this prefix.
    pub(crate) fn get(&self, prefix: &[u8]) -> Option<Arc<Space>> {
        let map = self.read();
        // Most stores declare nothing, and then there is nothing to look up.
        if map.is_empty() { None } else { map.get(prefix).cloned() }
    }
}

/// The write that keeps a declaration.
pub(crate) fn declare(prefix: &[u8], declared: &Declared) -> Result<Op> {
    let mut bytes = Vec::new();
    Pickler::new(&mut bytes).dump(declared)?;
    Ok(catalog::declaration(prefix, bytes))
}
