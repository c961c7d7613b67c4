//! What every dump and load of a type needs, computed once per type.

use std::any::TypeId;
use std::cell::Cell;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{OnceLock, RwLock};

use crate::schema::{Schema, fingerprint};
use crate::traits::Layout;

/// The schema of a type as its pickles carry it.
pub(crate) struct TypeInfo {
    pub(crate) fingerprint: u64,
    /// The schema's bytes.
    pub(crate) schema: Box<[u8]>,
    /// Whether values may hold objects of traits.
    pub(crate) has_objects: bool,
}

type Entry = Option<(TypeId, &'static TypeInfo)>;

/// Types that one thread remembers without asking the others. A power of two.
const REMEMBERED: usize = 16;

thread_local! {
    static RECENT: [Cell<Entry>; REMEMBERED] = const { [const { Cell::new(None) }; REMEMBERED] };
}

impl TypeInfo {
    /// The facts of a type. Small messages need them quickly: a locked map alone takes longer than
    /// encoding a struct of three fields.
    #[inline]
    pub(crate) fn of<T: Layout + ?Sized>() -> &'static Self {
        let key = typeid::of::<T>();
        RECENT.with(|recent| {
            let place = &recent[place(key)];
            match place.get() {
                Some((known, info)) if known == key => info,
                _ => {
                    let info = Self::shared(key, Schema::of::<T>);
                    place.set(Some((key, info)));
                    info
                }
            }
        })
    }

    #[cold]
    fn shared(key: TypeId, schema: impl FnOnce() -> Schema) -> &'static Self {
        static ALL: OnceLock<RwLock<HashMap<TypeId, &'static TypeInfo>>> = OnceLock::new();
        let all = ALL.get_or_init(Default::default);
        if let Some(info) = all.read().unwrap_or_else(|poison| poison.into_inner()).get(&key) {
            return info;
        }
        // Outside the lock: describing a type may run code of the user's.
        let schema = schema();
        let has_objects = schema.has_objects();
        let schema = schema.to_bytes().into_boxed_slice();
        let info = Self { fingerprint: fingerprint(&schema), schema, has_objects };
        let mut all = all.write().unwrap_or_else(|poison| poison.into_inner());
        // As many as there are types in the program, so they may stay.
        all.entry(key).or_insert_with(|| Box::leak(Box::new(info)))
    }
}

/// A `TypeId` is a hash already; a few bits of it will do.
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
