//! The objects of one dump, by address; and of those before it by the same `Pickler`.

use std::any::TypeId;
use std::cell::Cell;
use std::rc::Rc;

use super::objects::{Objects, SPARE};
use super::{Family, Kept};
use crate::native::Word;
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
    is_used: bool,
}

/// A word, and about which object it is: the lower half of its address, to find out that a value has
/// changed.
#[derive(Clone, Copy)]
struct Said {
    word: Word,
    of: u32,
}

thread_local! {
    /// The memory of the last dump on this thread: fresh memory takes longer than all the rest.
    static LAST: Cell<Option<(Objects, Vec<Said>)>> = const { Cell::new(None) };
}

impl Visits {
    pub(crate) fn new(aliases: bool) -> Self {
        let (objects, words) = LAST.try_with(Cell::take).ok().flatten().unwrap_or_default();
        Self { earlier: None, objects, words, next: 0, aliases, is_used: false }
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
    pub(crate) fn visit<F: Family, T: Pickle + ?Sized>(&mut self, strong: &F::Strong<T>) -> bool {
        let address = address(&**strong);
        let of = address as u32;
        let word = match F::is_unique(strong) && !self.aliases {
            // Nothing else can refer to it.
            true => Word::Unnumbered,
            false => self.number(address, strong.type_key(), || Kept::new(F::downgrade(strong))),
        };
        self.words.push(Said { word, of });
        self.is_used = true;
        !matches!(word, Word::Known(_))
    }

    /// Notes a weak pointer to nothing.
    pub(crate) fn dangling(&mut self) {
        self.words.push(Said { word: Word::Dangling, of: 0 });
        self.is_used = true;
    }

    /// One object may be seen as two types, as an array and a slice. It is then written as two, as
    /// it is loaded as one of them.
    fn number(&mut self, address: usize, ty: TypeId, keep: impl FnOnce() -> Kept) -> Word {
        if let Some(earlier) = &self.earlier
            && let Some(number) = earlier.find(address, ty)
        {
            return Word::Known(number);
        }
        if self.objects.end() >= Word::MOST {
            // More than four billion objects: the others are not shared.
            return self.objects.find(address, ty).map_or(Word::Unnumbered, Word::Known);
        }
        self.objects.find_or_add(address, ty, keep).map_or(Word::New, Word::Known)
    }

    /// Whether anything was visited.
    pub(crate) fn is_used(&self) -> bool {
        self.is_used
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
        self.words.truncate(mark);
        is_done
    }

    /// The next word, if it was decided about this object.
    pub(crate) fn repeat<T: ?Sized>(&mut self, object: Option<&T>) -> Option<Word> {
        let Said { word, of } = *self.words.get(self.next)?;
        self.next += 1;
        (of == object.map_or(0, address) as u32).then_some(word)
    }
}

impl Drop for Visits {
    fn drop(&mut self) {
        let (mut objects, mut words) =
            (std::mem::take(&mut self.objects), std::mem::take(&mut self.words));
        objects.clear();
        words.clear();
        words.shrink_to(SPARE);
        // On a thread that ends there is no next dump.
        let _ = LAST.try_with(|last| last.set(Some((objects, words))));
    }
}

fn address<T: ?Sized>(object: &T) -> usize {
    std::ptr::from_ref(object).cast::<()>().addr()
}
