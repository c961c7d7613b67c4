//! The objects of one dump, by address; and of those before it by the same `Pickler`.

use std::any::TypeId;
use std::hash::BuildHasher as _;
use std::rc::Rc;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::{Family, Kept};
use crate::native::Word;
use crate::traits::Pickle;

/// What the pointers met so far say in their heads, decided by the pass that measures and repeated
/// by the pass that encodes.
#[derive(Default)]
pub(crate) struct Visits {
    /// Those of earlier pickles, which may be referred to.
    earlier: Option<Rc<Objects>>,
    objects: Objects,
    words: Vec<(Word, usize)>,
    /// The next of the words to be repeated.
    next: usize,
    /// Whether one pointer may be met twice: through references to it, or in a later pickle.
    aliases: bool,
    is_used: bool,
}

/// Objects by address, with their numbers.
#[derive(Default)]
pub(crate) struct Objects {
    table: HashTable<Object>,
    hasher: RandomState,
    /// Temporaries of a `getstate` may go, and others take their addresses.
    kept: Vec<Kept>,
    /// The number of the first.
    first: u32,
}

struct Object {
    address: usize,
    ty: TypeId,
    number: u32,
}

impl Objects {
    fn find(&self, address: usize, ty: TypeId) -> Option<u32> {
        let is_same = |object: &Object| object.address == address && object.ty == ty;
        Some(self.table.find(self.hasher.hash_one(address), is_same)?.number)
    }

    fn insert(&mut self, object: Object) {
        let hasher = &self.hasher;
        let hash = hasher.hash_one(object.address);
        self.table.insert_unique(hash, object, |object| hasher.hash_one(object.address));
    }

    /// The number that the next object gets.
    pub(crate) fn end(&self) -> u32 {
        self.first + self.kept.len() as u32
    }

    /// Takes in what a later pickle has numbered.
    fn append(&mut self, mut later: Self) {
        if self.kept.is_empty() {
            // Most often there is one large pickle.
            *self = Self { first: self.first, ..later };
            return;
        }
        self.kept.append(&mut later.kept);
        later.table.drain().for_each(|object| self.insert(object));
    }
}

impl Visits {
    pub(crate) fn new(aliases: bool) -> Self {
        Self { aliases, ..Self::default() }
    }

    /// Those of a pickle that may refer to objects of earlier ones, and later ones to its own.
    pub(crate) fn after(earlier: &Rc<Objects>) -> Self {
        let objects = Objects { first: earlier.end(), ..Objects::default() };
        Self { earlier: Some(Rc::clone(earlier)), objects, aliases: true, ..Self::default() }
    }

    /// The pickle was written: its objects are known to later ones.
    pub(crate) fn succeed(self, earlier: &mut Rc<Objects>) {
        let Self { earlier: before, objects, .. } = self;
        drop(before);
        if let Some(earlier) = Rc::get_mut(earlier) {
            earlier.append(objects);
        }
    }

    /// Decides about a pointer; whether its object is written with it.
    pub(crate) fn visit<F: Family, T: Pickle + ?Sized>(&mut self, strong: &F::Strong<T>) -> bool {
        let address = address(&**strong);
        let word = match F::is_unique(strong) && !self.aliases {
            // Nothing else can refer to it.
            true => Word::Unnumbered,
            false => self.number(address, strong.type_key(), || Kept::new(F::downgrade(strong))),
        };
        self.words.push((word, address));
        self.is_used = true;
        !matches!(word, Word::Known(_))
    }

    /// Notes a weak pointer to nothing.
    pub(crate) fn dangling(&mut self) {
        self.words.push((Word::Dangling, 0));
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
        if let Some(number) = self.objects.find(address, ty) {
            return Word::Known(number);
        }
        let number = self.objects.end();
        if number >= Word::MOST {
            // More than four billion objects: the others are not shared.
            return Word::Unnumbered;
        }
        self.objects.kept.push(keep());
        self.objects.insert(Object { address, ty, number });
        Word::New
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
        let (word, of) = *self.words.get(self.next)?;
        self.next += 1;
        (of == object.map_or(0, address)).then_some(word)
    }
}

fn address<T: ?Sized>(object: &T) -> usize {
    std::ptr::from_ref(object).cast::<()>().addr()
}
