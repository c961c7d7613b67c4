//! What the parts of one pickle have in common while it is written: the classes of its objects, and
//! which of them are shared.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::Arc;

use super::varint;
use super::{SchemaMode, classes};
use crate::env::Env;
use crate::error::Result;
use crate::registry::{ClassEntry, Member};
use crate::shared::Visits;
use crate::type_info::TypeInfo;

/// Shared by a measure and a writer and those within them: it goes from one to the next. Nothing is
/// allocated for pickles that have no objects.
#[derive(Default)]
pub(crate) struct Context {
    inner: Option<Box<Inner>>,
}

#[derive(Default)]
struct Inner {
    env: Env,
    classes: Vec<Arc<ClassEntry>>,
    numbers: HashMap<(TypeId, TypeId), u32, foldhash::fast::FixedState>,
    /// The shared objects met, where the type may have such.
    visits: Option<Visits>,
}

impl Context {
    #[inline(always)]
    pub(super) fn new(env: &Env, info: &TypeInfo) -> Self {
        if env.is_default() && !info.is_shared {
            return Self { inner: None };
        }
        Self::with(env, info.is_shared.then(|| Visits::new(info.has_aliases)))
    }

    /// That of a pickle that is written without being measured.
    pub(super) fn unmeasured(env: &Env, info: &TypeInfo) -> Self {
        Self::with(env, Some(Visits::unmeasured(info.has_aliases)))
    }

    /// That of a pickle in a run.
    pub(super) fn in_run(env: &Env, visits: Visits) -> Self {
        Self::with(env, Some(visits))
    }

    #[inline(never)]
    fn with(env: &Env, visits: Option<Visits>) -> Self {
        Self { inner: Some(Box::new(Inner { env: env.clone(), visits, ..Inner::default() })) }
    }

    /// Whether the pickle has nothing that would be found here.
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.inner.is_none()
    }

    #[inline]
    pub(super) fn visits(&self) -> Option<&Visits> {
        self.inner.as_ref()?.visits.as_ref()
    }

    #[inline]
    pub(super) fn visits_mut(&mut self) -> Option<&mut Visits> {
        self.inner.as_mut()?.visits.as_mut()
    }

    pub(super) fn take_visits(&mut self) -> Option<Visits> {
        self.inner.as_mut()?.visits.take()
    }

    /// Begins to repeat what was decided about shared objects from a mark on.
    #[inline(always)]
    pub(super) fn rewind(&mut self, mark: usize) {
        if let Some(visits) = self.visits_mut() {
            visits.rewind(mark);
        }
    }

    /// Whether shared objects were met, or pointers to nothing.
    pub(super) fn is_used(&self) -> bool {
        self.visits().is_some_and(Visits::is_used)
    }

    /// Whether all of that was repeated.
    #[inline(always)]
    pub(super) fn end(&mut self, mark: usize) -> bool {
        self.visits_mut().is_none_or(|visits| visits.end(mark))
    }

    pub(super) fn env(&self) -> &Env {
        self.inner.as_ref().map_or(Env::DEFAULT, |inner| &inner.env)
    }

    /// Gives the class of an object a number, unless it has one.
    pub(super) fn add_class(&mut self, member: &Member) -> Result<()> {
        let inner = self.inner.get_or_insert_default();
        let key = (member.base, member.concrete);
        if !inner.numbers.contains_key(&key) {
            let class = member.find(inner.env.registry())?;
            inner.numbers.insert(key, inner.classes.len() as u32);
            inner.classes.push(Arc::clone(class));
        }
        Ok(())
    }

    /// The number of a class.
    pub(super) fn class(&self, member: &Member) -> Option<u32> {
        let inner = self.inner.as_ref()?;
        inner.numbers.get(&(member.base, member.concrete)).copied()
    }

    /// Appends the table of classes, as `docs/native-format.md` has it.
    pub(super) fn put_classes(&self, mode: SchemaMode, out: &mut Vec<u8>) {
        let start = out.len();
        let classes = self.inner.as_ref().map_or(&[][..], |inner| &inner.classes);
        varint::put(out, classes.len() as u64);
        for class in classes {
            let info = class.info();
            let schema = if mode == SchemaMode::Omit { &[][..] } else { info.schema() };
            classes::put(out, class.namespace().1, class.name(), info.fingerprint, schema);
        }
        let size = (out.len() - start) as u32;
        out.extend_from_slice(&size.to_le_bytes());
    }
}
