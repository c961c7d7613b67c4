//! Containers: lists, tuples, sets and dicts.

use std::borrow::Borrow;

use crate::error::{Error, ErrorKind, Result};
use crate::traits::Pickle;

use super::batch::Batch;
use super::opcode as op;
use super::save_shared::Shared;
use super::saver::Saver;
use super::text_memo::AHEAD;
use super::writer::Writer;

impl Saver<'_> {
    /// A list; a tuple where it is a key.
    ///
    /// # Errors
    /// When an item cannot be saved.
    pub fn list<T: Pickle + ?Sized, B: Borrow<T>>(
        &mut self,
        len: usize,
        items: impl Iterator<Item = B>,
    ) -> Result<()> {
        if std::mem::take(&mut self.wants_bytes) {
            let mut bytes = Vec::with_capacity(len);
            for item in items {
                match item.borrow().as_byte() {
                    Some(byte) => bytes.push(byte),
                    None => return Err(no_bytes()),
                }
            }
            return self.bytes(&bytes);
        }
        if self.in_key {
            return self.tuple(len, |saver| save_each(saver, items));
        }
        self.plain_list(len, items)
    }

    fn plain_list<T: Pickle + ?Sized, B: Borrow<T>>(
        &mut self,
        len: usize,
        items: impl Iterator<Item = B>,
    ) -> Result<()> {
        let shared = self.begin();
        self.empty(op::EMPTY_LIST, op::LIST);
        self.put(shared);
        self.fill(Batch::list(len), items)
    }

    /// A list of floats, many at a time.
    pub(crate) fn floats<T: Pickle + Copy + Into<f64>>(&mut self, items: &[T]) -> Result<()> {
        self.numbers(items, |writer, items| writer.floats(items.iter().map(|item| (*item).into())))
    }

    /// A list of integers, many at a time: those of them that `small` turns into 64 bits.
    pub(crate) fn ints<T: Pickle>(
        &mut self,
        items: &[T],
        small: impl Fn(&T) -> Option<i64>,
    ) -> Result<()> {
        self.numbers(items, |writer, items| writer.ints(items.iter().map(&small)))
    }

    /// A list of numbers. `write` writes the first of those it gets, and tells how many.
    fn numbers<T: Pickle>(
        &mut self,
        items: &[T],
        write: impl Fn(&mut Writer, &[T]) -> usize,
    ) -> Result<()> {
        if self.wants_bytes || self.in_key || self.writer.protocol < 2 {
            return self.list::<T, &T>(items.len(), items.iter());
        }
        let shared = self.begin();
        self.writer.op(op::EMPTY_LIST);
        self.put(shared);
        let (mut batch, mut rest) = (Batch::list(items.len()), items);
        self.nest(|saver| {
            while let Some(first) = rest.first() {
                batch.before(&mut saver.writer);
                saver.writer.boundary();
                let mut count = write(&mut saver.writer, &rest[..batch.room()]);
                if count == 0 {
                    first.save(saver)?;
                    count = 1;
                }
                batch.after_many(count, &mut saver.writer);
                rest = &rest[count..];
            }
            batch.end(&mut saver.writer)
        })
    }

    /// A tuple of `len` items, which `items` saves one after the other.
    ///
    /// # Errors
    /// When an item cannot be saved.
    pub fn tuple(&mut self, len: usize, items: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let shared = self.begin();
        self.bare_tuple(len, items)?;
        match len {
            0 => self.put_shared(shared),
            _ => self.put(shared),
        }
        Ok(())
    }

    fn bare_tuple(
        &mut self,
        len: usize,
        items: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let code = match (len, self.writer.protocol) {
            (0, 1..) => {
                self.writer.op(op::EMPTY_TUPLE);
                return Ok(());
            }
            (1..=3, 2..) => [op::TUPLE1, op::TUPLE2, op::TUPLE3][len - 1],
            _ => {
                self.writer.op(op::MARK);
                op::TUPLE
            }
        };
        self.nest(items)?;
        self.writer.op(code);
        Ok(())
    }

    /// A set; a `frozenset` where it is a key.
    ///
    /// # Errors
    /// When an element cannot be saved.
    pub fn set<T: Pickle + ?Sized, B: Borrow<T>>(
        &mut self,
        len: usize,
        items: impl Iterator<Item = B>,
    ) -> Result<()> {
        let outer = std::mem::replace(&mut self.in_key, true);
        let saved = if outer { self.frozen_set(len, items) } else { self.plain_set(len, items) };
        self.in_key = outer;
        saved
    }

    fn plain_set<T: Pickle + ?Sized, B: Borrow<T>>(
        &mut self,
        len: usize,
        items: impl Iterator<Item = B>,
    ) -> Result<()> {
        let shared = self.begin();
        if self.writer.protocol < 4 {
            return self.old_set("set", len, items, shared);
        }
        self.writer.op(op::EMPTY_SET);
        self.put(shared);
        self.fill(Batch::set(len), items)
    }

    /// A `frozenset`.
    ///
    /// # Errors
    /// When an element cannot be saved.
    pub fn frozenset<T: Pickle + ?Sized, B: Borrow<T>>(
        &mut self,
        len: usize,
        items: impl Iterator<Item = B>,
    ) -> Result<()> {
        let outer = std::mem::replace(&mut self.in_key, true);
        let saved = self.frozen_set(len, items);
        self.in_key = outer;
        saved
    }

    fn frozen_set<T: Pickle + ?Sized, B: Borrow<T>>(
        &mut self,
        len: usize,
        items: impl Iterator<Item = B>,
    ) -> Result<()> {
        let shared = self.begin();
        if self.writer.protocol < 4 {
            return self.old_set("frozenset", len, items, shared);
        }
        self.writer.op(op::MARK);
        self.nest(|saver| save_each(saver, items))?;
        self.writer.op(op::FROZENSET);
        self.put(shared);
        Ok(())
    }

    /// Sets before protocol 4: a call with a list.
    fn old_set<T: Pickle + ?Sized, B: Borrow<T>>(
        &mut self,
        class: &str,
        len: usize,
        items: impl Iterator<Item = B>,
        shared: Option<Shared>,
    ) -> Result<()> {
        self.reduce("builtins", class, 1, |saver| saver.plain_list(len, items))?;
        self.put(shared);
        Ok(())
    }

    /// A dict.
    ///
    /// # Errors
    /// When a key or value cannot be saved; when it is itself a key, which Python does not allow.
    pub fn dict<'v, K: Pickle + 'v, V: Pickle + 'v>(
        &mut self,
        len: usize,
        entries: impl Iterator<Item = (&'v K, &'v V)>,
    ) -> Result<()> {
        self.begin_dict()?;
        self.fill_entries(Batch::dict(len), entries)
    }

    /// Items of the object that was begun.
    pub(super) fn fill<T: Pickle + ?Sized, B: Borrow<T>>(
        &mut self,
        mut batch: Batch,
        items: impl Iterator<Item = B>,
    ) -> Result<()> {
        self.nest(|saver| {
            for (index, item) in items.enumerate() {
                batch.before(&mut saver.writer);
                item.borrow().save(saver).map_err(|error| error.in_index(index))?;
                batch.after(&mut saver.writer);
            }
            batch.end(&mut saver.writer)
        })
    }

    /// Entries of the object that was begun.
    pub(super) fn fill_entries<'v, K: Pickle + 'v, V: Pickle + 'v>(
        &mut self,
        mut batch: Batch,
        mut entries: impl Iterator<Item = (&'v K, &'v V)>,
    ) -> Result<()> {
        self.nest(|saver| {
            let mut index = 0;
            while let Some(entry) = entries.next() {
                saver.entry(&mut batch, index, entry)?;
                index += 1;
                if index == AHEAD && saver.looks_ahead() && entry.0.as_text().is_some() {
                    saver.many_entries(&mut batch, index, entries)?;
                    break;
                }
            }
            batch.end(&mut saver.writer)
        })
    }

    /// Entries with keys of text, which are looked at some ahead of being written.
    fn many_entries<'v, K: Pickle + 'v, V: Pickle + 'v>(
        &mut self,
        batch: &mut Batch,
        mut index: usize,
        mut entries: impl Iterator<Item = (&'v K, &'v V)>,
    ) -> Result<()> {
        self.expect_texts(batch.left());
        loop {
            let some: [_; AHEAD] = std::array::from_fn(|_| entries.next());
            self.look_ahead(some.iter().flatten().filter_map(|(key, _)| key.as_text()));
            for entry in some {
                let Some(entry) = entry else { return Ok(()) };
                self.entry(batch, index, entry)?;
                index += 1;
            }
        }
    }

    #[inline(always)]
    fn entry<K: Pickle, V: Pickle>(
        &mut self,
        batch: &mut Batch,
        index: usize,
        (key, value): (&K, &V),
    ) -> Result<()> {
        batch.before(&mut self.writer);
        if let Err(error) = self.key(key).and_then(|()| value.save(self)) {
            return Err(error.in_index(index));
        }
        batch.after(&mut self.writer);
        Ok(())
    }

    /// Begins a dict whose entries the caller writes.
    #[inline]
    pub(super) fn begin_dict(&mut self) -> Result<()> {
        self.check_key(false)?;
        let shared = self.begin();
        self.empty(op::EMPTY_DICT, op::DICT);
        self.put(shared);
        Ok(())
    }

    /// Whether what is to be written may stand where it is to stand.
    #[inline]
    pub(super) fn check_key(&self, hashable: bool) -> Result<()> {
        if self.in_key && !hashable { Err(unhashable()) } else { Ok(()) }
    }

    /// A key: lists in it become tuples, sets become frozensets.
    #[inline]
    pub(crate) fn key<K: Pickle + ?Sized>(&mut self, key: &K) -> Result<()> {
        // Text is the same inside of keys and outside.
        if let Some(text) = key.as_text() {
            self.str(text);
            return Ok(());
        }
        let outer = std::mem::replace(&mut self.in_key, true);
        key.save(self)?;
        self.in_key = outer;
        Ok(())
    }

    /// Saves what an instance holds, whose hash Python takes from its identity.
    pub(super) fn outside_key(&mut self, save: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let outer = std::mem::replace(&mut self.in_key, false);
        save(self)?;
        self.in_key = outer;
        Ok(())
    }

    #[inline]
    fn empty(&mut self, binary: u8, text: u8) {
        if self.writer.protocol >= 1 {
            return self.writer.op(binary);
        }
        self.writer.op(op::MARK);
        self.writer.op(text);
    }
}

fn save_each<T: Pickle + ?Sized, B: Borrow<T>>(
    saver: &mut Saver<'_>,
    items: impl Iterator<Item = B>,
) -> Result<()> {
    for (index, item) in items.enumerate() {
        item.borrow().save(saver).map_err(|error| error.in_index(index))?;
    }
    Ok(())
}

#[cold]
fn no_bytes() -> Error {
    let what = "`#[pickle(bytes)]` is for sequences of `u8`";
    Error::new(ErrorKind::Unsupported { what: what.into() })
}

#[cold]
fn unhashable() -> Error {
    Error::new(ErrorKind::Unsupported {
        what: "what can be changed, as a dict can, cannot be a key in Python".into(),
    })
}
