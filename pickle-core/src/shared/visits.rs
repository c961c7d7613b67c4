//! The objects of one dump, by address; and of those before it by the same `Pickler`.

use std::cell::Cell;
use std::rc::Rc;

use super::objects::{Objects, SPARE};
use super::{Family, Kept};
use crate::native::{WORD, Word};
use crate::traits::Pickle;

/// What the pointers met so far say in their heads, decided by the pass that measures and repeated
/// by the pass that encodes.
pub(crate) struct Visits {
    /// Those of earlier pickles, which may be referred to.
    earlier: Option<Rc<Objects>>,
    objects: Objects,
    words: Vec<Said>,
    /// The next of the words to be repeated.
    next: usize,
    /// Whether one pointer may be met twice: through references to it, or in a later pickle.
    aliases: bool,
    /// Whether the pass that encodes is the only one, and decides.
    is_only: bool,
    /// Memory of use to a writer.
    spare: Vec<u8>,
    /// Whether words are forgotten already.
    is_used: bool,
}

/// A word, and about which object it is: the lower half of its address, to find out that a value has
/// changed.
#[derive(Clone, Copy)]
struct Said {
    word: [u8; WORD],
    of: u32,
}

type Memory = (Objects, Vec<Said>, Vec<u8>);

thread_local! {
    /// The memory of the last dump on this thread: fresh memory takes longer than all the rest.
    static LAST: Cell<Option<Memory>> = const { Cell::new(None) };
}

impl Visits {
    pub(crate) fn new(aliases: bool) -> Self {
        let last = LAST.try_with(Cell::take).ok().flatten();
        let (objects, words, spare) = last.unwrap_or_default();
        Self {
            earlier: None,
            objects,
            words,
            next: 0,
            aliases,
            is_only: false,
            spare,
            is_used: false,
        }
    }

    /// Those of a pickle that is written without being measured.
    ///
    /// Nothing is kept: no code runs that is not known here, and nothing is met under locks or
    /// through pointers that others may let go of. So all objects live as long as the value, which
    /// is borrowed.
    pub(crate) fn unmeasured(aliases: bool) -> Self {
        let mut visits = Self::new(aliases);
        visits.is_only = true;
        visits
    }

    /// Those of a pickle that may refer to objects of earlier ones, and later ones to its own.
    pub(crate) fn after(earlier: &Rc<Objects>) -> Self {
        let mut visits = Self::new(true);
        visits.objects.set_first(earlier.end());
        visits.earlier = Some(Rc::clone(earlier));
        visits
    }

    /// The pickle was written: its objects are known to later ones.
    pub(crate) fn succeed(mut self, earlier: &mut Rc<Objects>) {
        self.earlier = None;
        if let Some(earlier) = Rc::get_mut(earlier) {
            earlier.append(std::mem::take(&mut self.objects));
        }
    }

    /// Decides about a pointer; whether its object is written with it.
    #[inline(always)]
    pub(crate) fn visit<F: Family, T: Pickle + ?Sized>(&mut self, strong: &F::Strong<T>) -> bool {
        let keep = || Some(Kept::new(F::downgrade(strong)));
        let word = match self.earlier::<F, T>(strong) {
            Some(number) => Word::Known(number).bytes(),
            None => self.decide::<F, T>(strong, keep),
        };
        self.words.push(Said { word, of: address(&**strong) as u32 });
        Word::brings_object(word)
    }

    /// The number of an object of an earlier pickle.
    #[inline(always)]
    fn earlier<F: Family, T: Pickle + ?Sized>(&self, strong: &F::Strong<T>) -> Option<u32> {
        self.earlier.as_ref()?.find(address(&**strong), strong.type_key())
    }

    /// One object may be seen as two types, as an array and a slice. It is then written as two, as
    /// it is loaded as one of them.
    #[inline(always)]
    fn decide<F: Family, T: Pickle + ?Sized>(
        &mut self,
        strong: &F::Strong<T>,
        keep: impl FnOnce() -> Option<Kept>,
    ) -> [u8; WORD] {
        match F::is_unique(strong) && !self.aliases {
            // Nothing else can refer to it.
            true => Word::Unnumbered.bytes(),
            false => self.objects.word(address(&**strong), strong.type_key(), keep),
        }
    }

    /// Notes a weak pointer to nothing.
    pub(crate) fn dangling(&mut self) {
        self.words.push(Said { word: Word::Dangling.bytes(), of: NOWHERE });
    }

    /// Whether anything was visited.
    pub(crate) fn is_used(&self) -> bool {
        self.is_used || !self.words.is_empty()
    }

    /// Where the words begin that are decided from now on.
    pub(crate) fn mark(&self) -> usize {
        self.words.len()
    }

    /// Begins to repeat the words from a mark on.
    pub(crate) fn rewind(&mut self, mark: usize) {
        self.next = mark;
    }

    /// Forgets the words from a mark on; whether all of them were repeated. The objects stay known.
    pub(crate) fn end(&mut self, mark: usize) -> bool {
        let is_done = self.next == self.words.len();
        self.is_used |= self.words.len() > mark;
        self.words.truncate(mark);
        is_done
    }

    /// What the head of a pointer says, if it was decided about this object.
    #[inline(always)]
    pub(crate) fn word<F: Family, T: Pickle + ?Sized>(
        &mut self,
        strong: &F::Strong<T>,
    ) -> Option<[u8; WORD]> {
        match self.is_only {
            true => Some(self.decide::<F, T>(strong, || None)),
            false => self.repeat(address(&**strong) as u32),
        }
    }

    /// Whether the next word is that of a weak pointer to nothing.
    pub(crate) fn is_dangling(&mut self) -> bool {
        self.is_only || self.repeat(NOWHERE) == Some(Word::Dangling.bytes())
    }

    /// The next word, if it was decided about the object of this address.
    #[inline(never)]
    fn repeat(&mut self, address: u32) -> Option<[u8; WORD]> {
        let Said { word, of } = *self.words.get(self.next)?;
        self.next += 1;
        (of == address).then_some(word)
    }

    /// Memory of a writer before.
    pub(crate) fn take_spare(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.spare)
    }

    /// Keeps memory for a later writer, where it is not much.
    pub(crate) fn keep_spare(&mut self, mut spare: Vec<u8>) {
        spare.clear();
        if spare.capacity() <= size_of::<Said>() * SPARE {
            self.spare = spare;
        }
    }
}

/// Half the address of no object.
const NOWHERE: u32 = 1;

impl Drop for Visits {
    fn drop(&mut self) {
        let (mut objects, mut words) =
            (std::mem::take(&mut self.objects), std::mem::take(&mut self.words));
        let spare = self.take_spare();
        objects.clear();
        words.clear();
        words.shrink_to(SPARE);
        // On a thread that ends there is no next dump.
        let _ = LAST.try_with(|last| last.set(Some((objects, words, spare))));
    }
}

fn address<T: ?Sized>(object: &T) -> usize {
    std::ptr::from_ref(object).cast::<()>().addr()
}
