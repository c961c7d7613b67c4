//! The objects of one dump, by address.

use std::any::TypeId;
use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::{Family, Kept};
use crate::native::Word;
use crate::traits::Pickle;

/// What the pointers met so far say in their heads, decided by the pass that measures and repeated
/// by the pass that encodes.
#[derive(Default)]
pub(crate) struct Visits {
    objects: HashTable<Object>,
    hasher: RandomState,
    /// Temporaries of a `getstate` may go, and others take their addresses.
    kept: Vec<Kept>,
    words: Vec<(Word, usize)>,
    /// The next of the words to be repeated.
    next: usize,
    /// Whether one pointer may be met twice, through references to it.
    aliases: bool,
}

struct Object {
    address: usize,
    ty: TypeId,
    number: u32,
}

impl Visits {
    pub(crate) fn new(aliases: bool) -> Self {
        Self { aliases, ..Self::default() }
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
        !matches!(word, Word::Known(_))
    }

    /// Notes a weak pointer to nothing.
    pub(crate) fn dangling(&mut self) {
        self.words.push((Word::Dangling, 0));
    }

    /// One object may be seen as two types, as an array and a slice. It is then written as two, as
    /// it is loaded as one of them.
    fn number(&mut self, address: usize, ty: TypeId, keep: impl FnOnce() -> Kept) -> Word {
        let hash = self.hasher.hash_one(address);
        let is_same = |object: &Object| object.address == address && object.ty == ty;
        if let Some(object) = self.objects.find(hash, is_same) {
            return Word::Known(object.number);
        }
        let number = self.kept.len() as u32;
        if number >= Word::MOST {
            // More than four billion objects: the others are not shared.
            return Word::Unnumbered;
        }
        self.kept.push(keep());
        let hasher = &self.hasher;
        let object = Object { address, ty, number };
        self.objects.insert_unique(hash, object, |object| hasher.hash_one(object.address));
        Word::New
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
