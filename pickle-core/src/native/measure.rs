//! The first pass over a value: how large its sections will be.

use std::borrow::Borrow;
use std::collections::VecDeque;

use super::context::Context;
use super::writer::Writer;
use super::{INLINE, LONG, in_stream};
use crate::env::Env;
use crate::error::{Error, ErrorKind, Result};
use crate::registry::Member;
use crate::stack;
use crate::traits::Pickle;

/// The sizes of a section's parts, added up by [`Pickle::measure`].
pub struct Measure {
    pub(super) tail: usize,
    pub(super) text: usize,
    /// Inside a block or a state, where everything stays in the section.
    nested: bool,
    /// Something was left for the stream.
    pub(super) streams: bool,
    depth: u32,
    max_depth: u32,
    pub(super) states: States,
    pub(super) context: Context,
}

/// What `getstate` returned, encoded, in the order in which the writer will need it. One word where
/// there is nothing, as in most sections.
#[derive(Default)]
pub(super) struct States(Option<Box<Queue>>);

#[derive(Default)]
struct Queue(VecDeque<Vec<u8>>);

impl States {
    pub(super) fn push(&mut self, state: Vec<u8>) {
        self.0.get_or_insert_default().0.push_back(state);
    }

    pub(super) fn next(&mut self) -> Option<Vec<u8>> {
        self.0.as_mut()?.0.pop_front()
    }

    /// Whether there never were any.
    pub(super) fn is_none(&self) -> bool {
        self.0.is_none()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|states| states.0.is_empty())
    }
}

impl Measure {
    #[inline(always)]
    pub(super) fn new(nested: bool, depth: u32, max_depth: u32, context: Context) -> Self {
        Self {
            tail: 0,
            text: 0,
            nested,
            streams: false,
            depth,
            max_depth,
            states: States::default(),
            context,
        }
    }

    /// Counts a level of nesting while `inside` measures what is there.
    #[inline(always)]
    pub(crate) fn nest(&mut self, inside: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        if self.depth >= self.max_depth {
            return Err(too_deep(self.max_depth));
        }
        self.depth += 1;
        match stack::is_due(self.depth) {
            false => inside(self)?,
            true => stack::with_room(|| inside(self))?,
        }
        self.depth -= 1;
        Ok(())
    }

    /// Adds fields that live in the tail: those of a large variant.
    #[inline(always)]
    pub(crate) fn tail(&mut self, bytes: usize) {
        self.tail += bytes;
    }

    /// Adds the fields of a variant, which take `size` bytes.
    #[inline(always)]
    pub fn variant(&mut self, size: usize) {
        if size > INLINE {
            self.tail(size);
        }
    }

    /// Adds a value whose head lives in the tail.
    #[inline(always)]
    pub fn boxed<T: Pickle + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.tail += T::HEAD;
        if T::FIXED { Ok(()) } else { self.nest(|measure| value.measure(measure)) }
    }

    #[inline(always)]
    pub(crate) fn text(&mut self, text: &str) {
        if self.is_inline(true, 1, text.len()) {
            self.text += text.len();
        }
    }

    #[inline(always)]
    pub(crate) fn seq<T: Pickle, B: Borrow<T>>(
        &mut self,
        count: usize,
        items: impl Iterator<Item = B>,
    ) -> Result<()> {
        if !self.is_inline(T::FIXED, T::HEAD, count) {
            return Ok(());
        }
        self.tail += count * T::HEAD;
        if T::FIXED {
            return Ok(());
        }
        self.nest(|measure| {
            for (index, item) in items.enumerate() {
                if let Err(error) = item.borrow().measure(measure) {
                    return Err(error.in_index(index));
                }
            }
            Ok(())
        })
    }

    /// Whether a sequence stays in the section; notes it when not.
    #[inline(always)]
    fn is_inline(&mut self, fixed: bool, head: usize, count: usize) -> bool {
        if !self.nested && in_stream(fixed, head, count) {
            self.streams = true;
            return false;
        }
        if count >= LONG as usize {
            self.tail += 8;
        }
        true
    }

    /// Encodes a state at once, since `getstate` may be called only once.
    pub(crate) fn state<S: Pickle>(&mut self, state: &S) -> Result<()> {
        let mut bytes = Vec::new();
        self.nest(|measure| {
            let (depth, max_depth) = (measure.depth, measure.max_depth);
            let context = measure.take_context();
            let mark = context.visits().map_or(0, |visits| visits.mark());
            let mut inner =
                Measure::of(true, depth, max_depth, context, |inner| state.measure(inner))?;
            let mut writer = Writer::new(true, depth, max_depth, inner.take_context());
            writer.context.rewind(mark);
            writer.section(&mut bytes, S::HEAD, inner, |writer, heads| writer.one(heads, state));
            // What the state holds was written; its objects stay known to what follows.
            if !writer.context.end(mark) {
                writer.changed();
            }
            measure.context = std::mem::take(&mut writer.context);
            writer.finish()
        })?;
        self.tail += bytes.len();
        self.states.push(bytes);
        Ok(())
    }

    /// The class of an object that is measured next.
    pub(crate) fn class(&mut self, member: &Member) -> Result<()> {
        self.context.add_class(member)
    }

    /// What the pickle may refer to.
    pub(crate) fn env(&self) -> &Env {
        self.context.env()
    }

    pub(super) fn take_context(&mut self) -> Context {
        std::mem::take(&mut self.context)
    }

    #[inline(always)]
    pub(super) fn of(
        nested: bool,
        depth: u32,
        max_depth: u32,
        context: Context,
        measure: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<Self> {
        let mut sizes = Self::new(nested, depth, max_depth, context);
        measure(&mut sizes)?;
        Ok(sizes)
    }
}

#[cold]
fn too_deep(limit: u32) -> Error {
    Error::new(ErrorKind::Depth { limit })
        .with_hint("raise `Limits::max_depth` where the stack is large enough")
}
