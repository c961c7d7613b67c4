//! Sequences: all in their section, or block by block; what they may take of memory.

use super::{Count, Reader};
use crate::error::{Error, ErrorKind, Result};
use crate::native::BLOCK;
use crate::raw::{Head, decode_each, decode_into_vec};
use crate::traits::{Layout, Unpickle};

impl<'de> Reader<'de> {
    /// The elements of a sequence, as a `Vec`.
    #[inline(always)]
    pub(crate) fn vec<T: Unpickle<'de>, H: Layout + ?Sized>(
        &mut self,
        head: Head<'_, H>,
    ) -> Result<Vec<T>> {
        // Short ones of numbers are worth being inlined. Others are large, and the same in each struct
        // with such a field.
        if T::FIXED { self.read_vec(head) } else { self.vec_of_parts(head) }
    }

    #[inline(never)]
    fn vec_of_parts<T: Unpickle<'de>, H: Layout + ?Sized>(
        &mut self,
        head: Head<'_, H>,
    ) -> Result<Vec<T>> {
        self.read_vec(head)
    }

    #[inline(always)]
    fn read_vec<T: Unpickle<'de>, H: Layout + ?Sized>(
        &mut self,
        head: Head<'_, H>,
    ) -> Result<Vec<T>> {
        let mut items = Vec::new();
        self.parts::<T, H, _>(
            head,
            size_of::<T>(),
            |reader, items: &mut Vec<T>, _, count, heads| {
                decode_into_vec(items, count, heads, reader)
            },
            |items, count| *items = Vec::with_capacity(count),
            &mut items,
        )?;
        Ok(items)
    }

    /// Hands each element of a sequence to `push`, after a word with `reserve`. Each takes
    /// `footprint` bytes of memory.
    #[inline(always)]
    pub(crate) fn items<T: Unpickle<'de>, H: Layout + ?Sized, C>(
        &mut self,
        head: Head<'_, H>,
        footprint: usize,
        collection: &mut C,
        reserve: impl FnOnce(&mut C, usize),
        mut push: impl FnMut(&mut C, T),
    ) -> Result<()> {
        self.parts::<T, H, _>(
            head,
            footprint,
            |reader, collection: &mut C, first, count, heads| {
                decode_each(first, count, heads, reader, |item| push(collection, item))
            },
            reserve,
            collection,
        )
    }

    /// [`items`](Self::items) of a set or map. When `insert` says that an element was there already,
    /// that is an error: no set or map was dumped like this.
    #[inline(always)]
    pub(crate) fn distinct<T: Unpickle<'de>, H: Layout + ?Sized, C>(
        &mut self,
        head: Head<'_, H>,
        footprint: usize,
        collection: &mut C,
        reserve: impl FnOnce(&mut C, usize),
        mut insert: impl FnMut(&mut C, T) -> bool,
    ) -> Result<()> {
        let mut is_distinct = true;
        self.items(head, footprint, collection, reserve, |collection, item| {
            is_distinct &= insert(collection, item);
        })?;
        if is_distinct { Ok(()) } else { Err(self.duplicate(head)) }
    }

    /// The error about a set or map with an element twice.
    #[cold]
    pub(crate) fn duplicate<H: Layout + ?Sized>(&self, head: Head<'_, H>) -> Error {
        self.at(head.bytes(), Error::corrupt("a set or map has the same key twice"))
    }

    /// Walks a sequence by contiguous heads: all of it in the section, or block by block.
    #[inline(always)]
    fn parts<T: Unpickle<'de>, H: Layout + ?Sized, C>(
        &mut self,
        head: Head<'_, H>,
        footprint: usize,
        mut part: impl FnMut(&mut Self, &mut C, usize, usize, &'de [u8]) -> Result<()>,
        reserve: impl FnOnce(&mut C, usize),
        collection: &mut C,
    ) -> Result<()> {
        match self.count(head)? {
            Count::Inline(0) => Ok(()),
            Count::Inline(count) => {
                let heads = self.heads::<T>(head.bytes(), count, footprint)?;
                reserve(collection, count);
                if T::FIXED {
                    return part(self, collection, 0, count, heads);
                }
                self.nest(|reader| part(reader, collection, 0, count, heads))
            }
            Count::Stream(count) => {
                self.stream_parts::<T, C>(count, footprint, part, reserve, collection)
            }
        }
    }

    /// Walks a sequence in the stream: all of it where its elements are fixed, or block by block.
    #[inline(never)]
    fn stream_parts<T: Unpickle<'de>, C>(
        &mut self,
        count: usize,
        footprint: usize,
        mut part: impl FnMut(&mut Self, &mut C, usize, usize, &'de [u8]) -> Result<()>,
        reserve: impl FnOnce(&mut C, usize),
        collection: &mut C,
    ) -> Result<()> {
        let size = count.saturating_mul(T::HEAD);
        if T::FIXED {
            self.charge::<T>(count, footprint, self.stream.rest())?;
            let heads = self.take_stream(size)?;
            reserve(collection, count);
            return part(self, collection, 0, count, heads);
        }
        if size as u64 > self.stream.left() {
            return Err(self.end(size));
        }
        self.charge::<T>(count, footprint, self.stream.rest())?;
        reserve(collection, count);
        self.nest(|reader| {
            let mut done = 0;
            while done < count {
                let size = (count - done).min(BLOCK);
                let mut stream = reader.stream;
                reader.section(&mut stream, size * T::HEAD, |reader, heads| {
                    part(reader, collection, done, size, heads)
                })?;
                reader.stream = stream;
                done += size;
            }
            Ok(())
        })
    }

    /// The heads of a sequence in the tail, their memory accounted for.
    #[inline(always)]
    fn heads<T: Layout>(
        &mut self,
        head: &[u8],
        count: usize,
        footprint: usize,
    ) -> Result<&'de [u8]> {
        let Some(size) = count.checked_mul(T::HEAD) else { return Err(self.end(usize::MAX)) };
        let heads = self.take_tail(size)?;
        self.charge::<T>(count, footprint, head)?;
        Ok(heads)
    }

    /// Accounts for `count` elements of `footprint` bytes of memory before it is allocated.
    #[inline(always)]
    fn charge<T: Layout>(&mut self, count: usize, footprint: usize, from: &[u8]) -> Result<()> {
        if T::HEAD == 0 {
            self.charge_zero_sized(count, from)?;
        }
        let bytes = (count as u64).saturating_mul(footprint as u64);
        match self.budget.checked_sub(bytes) {
            Some(budget) => {
                self.budget = budget;
                Ok(())
            }
            None => Err(self.at(from, Error::new(ErrorKind::Memory { limit: self.limit() }))),
        }
    }

    /// Elements without a head are bounded by nothing in the input but this limit.
    pub(in crate::native) fn charge_zero_sized(&mut self, count: usize, from: &[u8]) -> Result<()> {
        match self.zero_sized.checked_sub(count as u64) {
            Some(left) => {
                self.zero_sized = left;
                Ok(())
            }
            None => {
                let limit = self.limits.max_zero_sized;
                let what = format!("more than {limit} elements that take no bytes");
                let hint = "raise `Limits::max_zero_sized` where the data is trusted";
                Err(self.at(from, Error::corrupt(what).with_hint(hint)))
            }
        }
    }
}
