//! What every dump and load of a type needs, computed once per type.

use std::any::TypeId;
use std::cell::Cell;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{OnceLock, RwLock};

use crate::native::varint;
use crate::schema::{Describe, Schema, SchemaBuilder, fingerprint};
use crate::traits::Layout;

/// The schema of a type as its pickles carry it.
pub(crate) struct TypeInfo {
    pub(crate) fingerprint: u64,
    /// [`Layout::HEAD`].
    pub(crate) head: usize,
    /// [`Layout::describe`].
    pub(crate) describe: Describe,
    /// As headers have it: the fingerprint, and the length and the bytes of the schema.
    pub(crate) said: Box<[u8]>,
    /// Where in `said` the schema begins.
    schema: usize,
    /// Whether values may hold objects of traits.
    pub(crate) has_objects: bool,
    /// Whether values may hold shared pointers.
    pub(crate) is_shared: bool,
    /// Whether what is loaded of one pickle may be needed for a later one of the same pickler.
    pub(crate) keeps_memo: bool,
    /// Whether an object may hold pointers to its like, or to what is not known here.
    pub(crate) is_recursive: bool,
    /// Whether one pointer may be met twice, through references to it.
    pub(crate) has_aliases: bool,
    /// Whether values can be written without being measured: no hooks and types were met that hinder
    /// it.
    pub(crate) is_plain: AtomicBool,
    /// Bytes ahead of the heads in the last such pickle.
    pub(crate) ahead: AtomicUsize,
}

type Entry = Option<(TypeId, &'static TypeInfo)>;

/// Types that one thread remembers without asking the others. A power of two.
const REMEMBERED: usize = 16;

thread_local! {
    static RECENT: [Cell<Entry>; REMEMBERED] = const { [const { Cell::new(None) }; REMEMBERED] };
}

impl TypeInfo {
    /// The schema's bytes.
    pub(crate) fn schema(&self) -> &[u8] {
        &self.said[self.schema..]
    }

    /// The facts of a type. Small messages need them quickly: a locked map alone takes longer than
    /// encoding a struct of three fields.
    #[inline(always)]
    pub(crate) fn of<T: Layout + ?Sized>() -> &'static Self {
        Self::known(typeid::of::<T>(), T::HEAD, T::describe)
    }

    /// [`of`](Self::of) a type that is not known here.
    #[inline]
    fn known(key: TypeId, head: usize, describe: Describe) -> &'static Self {
        RECENT.with(|recent| {
            let place = &recent[place(key)];
            match place.get() {
                Some((known, info)) if known == key => info,
                _ => {
                    let info = Self::shared(key, head, describe);
                    place.set(Some((key, info)));
                    info
                }
            }
        })
    }

    #[cold]
    fn shared(key: TypeId, head: usize, describe: Describe) -> &'static Self {
        static ALL: OnceLock<RwLock<HashMap<TypeId, &'static TypeInfo>>> = OnceLock::new();
        let all = ALL.get_or_init(Default::default);
        if let Some(info) = all.read().unwrap_or_else(|poison| poison.into_inner()).get(&key) {
            return info;
        }
        // Outside the lock: describing a type may run code of the user's.
        let info = Self::by(head, describe);
        let mut all = all.write().unwrap_or_else(|poison| poison.into_inner());
        // As many as there are types in the program, so they may stay.
        all.entry(key).or_insert_with(|| Box::leak(Box::new(info)))
    }
}

impl TypeInfo {
    fn by(head: usize, describe: Describe) -> Self {
        let mut builder = SchemaBuilder::default();
        let root = describe(&mut builder);
        let has_aliases = builder.has_aliases();
        let schema = builder.finish(root);
        let bytes = schema.to_bytes();
        let fingerprint = fingerprint(&bytes);
        let mut said = fingerprint.to_le_bytes().to_vec();
        varint::put(&mut said, bytes.len() as u64);
        let start = said.len();
        said.extend_from_slice(&bytes);
        Self {
            fingerprint,
            head,
            describe,
            said: said.into(),
            schema: start,
            has_objects: schema.has_objects(),
            is_shared: schema.is_shared(),
            keeps_memo: schema.is_shared() || schema.has_values(),
            is_recursive: schema.points_at_root(),
            has_aliases: has_aliases || schema.has_objects(),
            is_plain: AtomicBool::new(schema.is_whole()),
            ahead: AtomicUsize::new(0),
        }
    }
}

/// A `TypeId` is a hash already; a few bits of it will do.
#[inline(always)]
fn place(key: TypeId) -> usize {
    struct Bits(u64);
    impl Hasher for Bits {
        fn write(&mut self, bytes: &[u8]) {
            for byte in bytes {
                self.0 = self.0 << 8 | u64::from(*byte);
            }
        }

        fn write_u64(&mut self, value: u64) {
            self.0 = value;
        }

        fn finish(&self) -> u64 {
            self.0
        }
    }
    let mut bits = Bits(0);
    key.hash(&mut bits);
    bits.finish() as usize % REMEMBERED
}

impl TypeInfo {
    /// Whether every pickle of the one type loads as the other.
    pub(crate) fn loads_as<Old: Layout, New: Layout>() -> bool {
        static KNOWN: RwLock<Option<HashMap<(TypeId, TypeId), bool>>> = RwLock::new(None);
        let key = (typeid::of::<Old>(), typeid::of::<New>());
        let known = KNOWN.read().unwrap_or_else(|poison| poison.into_inner());
        if let Some(known) = known.as_ref().and_then(|known| known.get(&key)) {
            return *known;
        }
        drop(known);
        // Classes of trait objects and shared objects are numbered in the pickle, not in the state.
        let is_shared = Schema::of::<Old>().is_shared();
        let is_compatible = !is_shared && crate::compat::<Old, New>().is_compatible();
        let mut known = KNOWN.write().unwrap_or_else(|poison| poison.into_inner());
        known.get_or_insert_default().insert(key, is_compatible);
        is_compatible
    }
}
