//! Shared pointers in the native codec: what their heads say, and the order of visits.
//!
//! The first visit of an object writes it, later ones its number. Objects are numbered on entry, by
//! the writer as by the reader: what an object holds may refer to it. The pass that measures decides
//! what each head says, and the pass that encodes repeats that, so the two cannot disagree.

use super::{Measure, Reader, Writer};
use crate::error::{Error, ErrorKind, Result};
use crate::raw::{Head, HeadMut, Written};
use crate::shared::{Family, Memo, Missing, Shareable, SlotId, Visits};
use crate::traits::{Layout, Pickle};

/// Size of the head of a shared or weak pointer.
pub(crate) const WORD: usize = 4;

/// What the head of a pointer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// The object follows in the tail, and has the next number.
    New,
    /// The object is that of this number, counted from 0.
    Known(u32),
    /// The object follows in the tail, and nothing else refers to it.
    Unnumbered,
    /// There is no object.
    Dangling,
}

impl Word {
    /// So many objects have a number.
    pub(crate) const MOST: u32 = u32::MAX - 2;

    #[inline(always)]
    pub(crate) fn read(bytes: [u8; WORD]) -> Self {
        match u32::from_le_bytes(bytes) {
            0 => Self::New,
            u32::MAX => Self::Dangling,
            0xffff_fffe => Self::Unnumbered,
            number => Self::Known(number - 1),
        }
    }

    #[inline(always)]
    pub(crate) fn bytes(self) -> [u8; WORD] {
        let word = match self {
            Self::New => 0,
            Self::Known(number) => number + 1,
            Self::Unnumbered => 0xffff_fffe,
            Self::Dangling => u32::MAX,
        };
        word.to_le_bytes()
    }

    /// Whether the object of a pointer follows, by the bytes of its word.
    #[inline(always)]
    pub(crate) fn brings_object(bytes: [u8; WORD]) -> bool {
        bytes == Self::New.bytes() || bytes == Self::Unnumbered.bytes()
    }
}

#[cold]
fn undescribed() -> Error {
    let what = "a type that holds `Rc` or `Arc` describes itself without them";
    Error::new(ErrorKind::Unsupported { what: what.into() })
        .with_hint("`Layout::describe` must describe every part of the type")
}

impl Measure {
    /// Adds a shared object where it is met first.
    #[inline]
    pub(crate) fn shared<F: Family, T: Pickle + ?Sized>(
        &mut self,
        strong: &F::Strong<T>,
    ) -> Result<()> {
        match self.visits()?.visit::<F, T>(strong) {
            true => self.boxed(&**strong),
            false => Ok(()),
        }
    }

    /// [`shared`](Self::shared) of a weak pointer.
    pub(crate) fn weak<F: Family, T: Pickle + ?Sized>(&mut self, weak: &F::Weak<T>) -> Result<()> {
        match F::upgrade(weak) {
            Some(strong) => self.shared::<F, T>(&strong),
            None => {
                self.visits()?.dangling();
                Ok(())
            }
        }
    }

    #[inline(always)]
    fn visits(&mut self) -> Result<&mut Visits> {
        self.context.visits_mut().ok_or_else(undescribed)
    }
}

impl Writer {
    /// Encodes a pointer, and its object where that is met first.
    #[inline]
    pub(crate) fn shared<'b, H: Layout + ?Sized, F: Family, T: Pickle + ?Sized>(
        &mut self,
        head: HeadMut<'b, H>,
        strong: &F::Strong<T>,
    ) -> Written<'b, H> {
        let visits = self.context.visits_mut();
        let word = visits.and_then(|visits| visits.word::<F, T>(strong));
        let Some(word) = word else {
            self.changed();
            return head.write([0; WORD]);
        };
        // The head first, so that nothing is kept across what follows.
        let written = head.write(word);
        if Word::brings_object(word) {
            self.boxed(&**strong);
        }
        written
    }

    /// [`shared`](Self::shared) of a weak pointer.
    pub(crate) fn weak<'b, H: Layout + ?Sized, F: Family, T: Pickle + ?Sized>(
        &mut self,
        head: HeadMut<'b, H>,
        weak: &F::Weak<T>,
    ) -> Written<'b, H> {
        if let Some(strong) = F::upgrade(weak) {
            return self.shared::<H, F, T>(head, &strong);
        }
        let visits = self.context.visits_mut();
        if !visits.is_some_and(|visits| visits.is_dangling()) {
            self.changed();
        }
        head.write(Word::Dangling.bytes())
    }
}

impl<'de> Reader<'de> {
    /// The object that a pointer refers to.
    #[inline]
    pub(crate) fn shared<F: Family, T: Shareable<'de> + ?Sized, H: Layout + ?Sized>(
        &mut self,
        head: Head<'_, H>,
    ) -> Result<F::Strong<T>> {
        match Word::read(head.array()) {
            Word::Unnumbered => T::decode_shared::<F>(self, None),
            Word::New => {
                let slot = self.memo_mut().reserve();
                T::decode_shared::<F>(self, Some(slot))
            }
            Word::Known(number) => self.known(head, |memo, slot| memo.strong::<F, T>(slot), number),
            Word::Dangling => Err(self.invalid(head, "a pointer to an object")),
        }
    }

    /// [`shared`](Self::shared) of a weak pointer. The memo keeps an object that is met here first.
    pub(crate) fn weak<F: Family, T: Shareable<'de> + ?Sized, H: Layout + ?Sized>(
        &mut self,
        head: Head<'_, H>,
    ) -> Result<F::Weak<T>> {
        match Word::read(head.array()) {
            Word::Dangling => T::dangling::<F>(self.env().registry())
                .ok_or_else(|| self.at(head.bytes(), no_class())),
            Word::Known(number) => self.known(head, |memo, slot| memo.weak::<F, T>(slot), number),
            Word::New | Word::Unnumbered => {
                self.shared::<F, T, H>(head).map(|strong| F::downgrade(&strong))
            }
        }
    }

    fn known<P, H: Layout + ?Sized>(
        &mut self,
        head: Head<'_, H>,
        find: impl FnOnce(&Memo, SlotId) -> Result<P, Missing>,
        number: u32,
    ) -> Result<P> {
        let memo = self.memo_mut();
        let found = memo.slot(number).and_then(|slot| find(memo, slot));
        found.map_err(|missing| self.at(head.bytes(), missing.into()))
    }
}

impl From<Missing> for Error {
    #[cold]
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::Unknown => Self::corrupt("there is no shared object of this number"),
            Missing::OfAnotherType => Self::corrupt("a shared object is of another type"),
            Missing::Unfinished => unfinished(),
            Missing::Earlier => earlier(),
        }
    }
}

/// An object of an earlier pickle is not known.
#[cold]
pub(crate) fn earlier() -> Error {
    let error = Error::new(ErrorKind::Earlier);
    error.with_hint("load all pickles of a `Pickler` by one `Unpickler`, from the first on")
}

/// A weak pointer to nothing is one to nothing of some type.
#[cold]
pub(crate) fn no_class() -> Error {
    let what = "a dead `Weak` of a trait's objects, of which the registry has no class".into();
    Error::new(ErrorKind::Unsupported { what })
}

/// An object that cannot be pointed at before it is complete holds itself.
#[cold]
pub(crate) fn unfinished() -> Error {
    Error::new(ErrorKind::Cycle)
        .with_hint("hold what refers back to its owner in `Weak`, or the owner in `Rc<RefCell<_>>`")
}
