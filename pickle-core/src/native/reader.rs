//! Reads the sections of a native pickle.

mod sequences;

use super::classes::{self, Current};
use super::varint::Bytes;
use super::{COUNT, IN_STREAM, INLINE, LONG};
use crate::env::Env;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::raw::{Fields, Head, Place, Text, copy_text, decode_value};
use crate::registry::{ClassEntry, MemberOf};
use crate::shared::Memo;
use crate::stack;
use crate::target::Target;
use crate::traits::{Layout, Unpickle};
use crate::type_info::TypeInfo;

/// A cursor over the sections of a pickle. [`Unpickle::decode`] gets one.
pub struct Reader<'de> {
    pub(super) tail: &'de [u8],
    pub(super) text: Text<'de>,
    pub(super) stream: Bytes<'de>,
    /// Inside a block or a state, where nothing comes from the stream.
    pub(super) nested: bool,
    pub(super) depth: u32,
    pub(super) limits: Limits,
    /// Bytes that may still be allocated.
    budget: u64,
    zero_sized: u64,
    rare: Option<Box<Rare>>,
    /// Address of the pickle's first byte, for offsets in errors.
    pub(super) start: usize,
}

/// What few pickles need, apart, so that small ones do not pay for it.
#[derive(Default)]
struct Rare {
    /// The shared objects so far.
    memo: Option<Box<Memo>>,
    classes: Current,
    env: Env,
}

/// Where a sequence's elements are.
pub(super) enum Count {
    Inline(usize),
    Stream(usize),
}

impl<'de> Reader<'de> {
    /// A reader of the payload of a pickle of this type.
    #[inline(always)]
    pub(crate) fn plain(
        pickle: &'de [u8],
        payload: &'de [u8],
        limits: &Limits,
        info: &TypeInfo,
    ) -> Self {
        let mut reader = Self::new(pickle, payload, limits);
        reader.nested = info.is_shared;
        reader
    }

    /// [`plain`](Self::plain), of a pickle that may refer to what is in `env` and has such classes.
    pub(crate) fn of_type(
        pickle: &'de [u8],
        payload: &'de [u8],
        limits: &Limits,
        env: &Env,
        classes: Option<Current>,
        info: &TypeInfo,
    ) -> Self {
        let mut reader = Self::plain(pickle, payload, limits, info);
        if classes.is_some() || !env.is_default() {
            let classes = classes.unwrap_or_default();
            reader.rare = Some(Box::new(Rare { memo: None, classes, env: env.clone() }));
        }
        reader
    }

    /// [`root`](Self::root), of a pickle in a run, whose memo is left in `memo`.
    pub(crate) fn root_in_run(
        mut self,
        info: &TypeInfo,
        memo: &mut Option<Box<Memo>>,
        target: &mut dyn Target<'de>,
    ) -> Result<()> {
        self.rare.get_or_insert_default().memo = memo.take();
        let decoded = self.root(info, target);
        *memo = self.rare.and_then(|rare| rare.memo);
        decoded
    }

    /// Decodes the payload: the value whose head is all there is in the root section.
    #[inline(always)]
    pub(crate) fn root(&mut self, info: &TypeInfo, target: &mut dyn Target<'de>) -> Result<()> {
        let head = self.open_root(info.head)?;
        target.decode(head, self)?;
        self.close_root().inspect_err(|_| target.clear())?;
        if let Some(Rare { memo: Some(memo), .. }) = self.rare.as_deref_mut() {
            memo.succeed();
        }
        Ok(())
    }

    #[inline(always)]
    pub(super) fn new(pickle: &'de [u8], payload: &'de [u8], limits: &Limits) -> Self {
        Self {
            tail: &[],
            text: Text::EMPTY,
            stream: Bytes::new(payload),
            nested: false,
            depth: 0,
            limits: *limits,
            budget: limits.budget(pickle.len()),
            zero_sized: limits.max_zero_sized,
            rare: None,
            start: pickle.as_ptr() as usize,
        }
    }

    /// The class of this number, to a trait.
    pub(crate) fn class(&self, number: u32, of: MemberOf) -> Result<&ClassEntry> {
        let classes = self.rare.as_ref().map_or(&[][..], |rare| &rare.classes);
        classes::find(classes, number, of)
    }

    /// What the pickle may refer to.
    pub(crate) fn env(&self) -> &Env {
        self.rare.as_ref().map_or(Env::DEFAULT, |rare| &rare.env)
    }

    /// Accounts for an object of `size` bytes of memory before it is allocated.
    pub(crate) fn charge_object(&mut self, size: usize) -> Result<()> {
        match self.budget.checked_sub(size as u64) {
            Some(budget) => {
                self.budget = budget;
                Ok(())
            }
            None => Err(self.at(self.tail, Error::new(ErrorKind::Memory { limit: self.limit() }))),
        }
    }

    /// Starts the root section; returns its heads.
    #[inline(always)]
    pub(super) fn open_root(&mut self, heads: usize) -> Result<&'de [u8]> {
        let (heads, rest) = self.open(self.stream, heads)?;
        self.stream = rest;
        Ok(heads)
    }

    /// Ends the root section and the payload: all of it must have been used.
    #[inline(always)]
    pub(super) fn close_root(&self) -> Result<()> {
        self.close()?;
        match self.stream.left() {
            0 => Ok(()),
            count => Err(self.at(self.stream.rest(), trailing(count))),
        }
    }

    /// Starts the section at the front of `bytes`; returns its heads, and what follows the section.
    #[inline(always)]
    pub(super) fn open(
        &mut self,
        bytes: Bytes<'de>,
        heads: usize,
    ) -> Result<(&'de [u8], Bytes<'de>)> {
        // Small sections in one step.
        if let Some((&[tail @ ..0x80, text @ ..0x80], rest)) = bytes.rest().split_first_chunk()
            && let Some((heads, rest)) = rest.split_at_checked(heads)
            && let Some((tail, rest)) = rest.split_at_checked(tail.into())
            && let Some((text, rest)) = rest.split_at_checked(text.into())
        {
            self.tail = tail;
            self.text = self.check_text(text)?;
            return Ok((heads, Bytes::new(rest)));
        }
        self.open_large(bytes, heads)
    }

    #[inline(never)]
    fn open_large(
        &mut self,
        mut bytes: Bytes<'de>,
        heads: usize,
    ) -> Result<(&'de [u8], Bytes<'de>)> {
        let tail = bytes.count().map_err(|error| self.at(bytes.rest(), error))?;
        let text = bytes.count().map_err(|error| self.at(bytes.rest(), error))?;
        let mut take = |count| {
            let rest = bytes.rest();
            bytes.take(count).map_err(|error| self.at(rest, error))
        };
        let heads = take(heads)?;
        let tail = take(tail)?;
        let text = take(text)?;
        self.tail = tail;
        self.text = self.check_text(text)?;
        Ok((heads, bytes))
    }

    #[inline(always)]
    fn check_text(&self, text: &'de [u8]) -> Result<Text<'de>> {
        Text::new(text).map_err(|error| {
            let from = &text[error.valid_up_to()..];
            self.at(from, Error::new(ErrorKind::InvalidUtf8))
        })
    }

    /// Ends a section: all of it must have been used.
    #[inline(always)]
    pub(super) fn close(&self) -> Result<()> {
        if self.tail.is_empty() && self.text.is_empty() { Ok(()) } else { Err(self.unused()) }
    }

    #[cold]
    fn unused(&self) -> Error {
        match self.tail {
            [] => self.at(self.text.rest(), Error::corrupt("unused text in a section")),
            tail => self.at(tail, Error::corrupt("unused bytes in a section's tail")),
        }
    }

    /// Decodes a section inside this one, then goes on with this one.
    fn section<R>(
        &mut self,
        bytes: &mut Bytes<'de>,
        heads: usize,
        decode: impl FnOnce(&mut Self, &'de [u8]) -> Result<R>,
    ) -> Result<R> {
        let (tail, text, nested) = (self.tail, self.text, self.nested);
        let (heads, rest) = self.open_large(*bytes, heads)?;
        *bytes = rest;
        self.nested = true;
        let value = decode(self, heads)?;
        self.close()?;
        (self.tail, self.text, self.nested) = (tail, text, nested);
        Ok(value)
    }

    /// Adds where in the pickle `from` begins.
    #[cold]
    pub(crate) fn at(&self, from: &[u8], error: Error) -> Error {
        error.at((from.as_ptr() as usize).saturating_sub(self.start) as u64)
    }

    /// Where in the pickle the rest of this section's tail begins.
    pub(crate) fn offset(&self) -> u64 {
        (self.tail.as_ptr() as usize).saturating_sub(self.start) as u64
    }

    /// An error about the bytes of a head.
    #[cold]
    pub fn invalid<T: Layout + ?Sized>(&self, head: Head<'_, T>, expected: &'static str) -> Error {
        self.at(head.bytes(), Error::invalid(expected))
    }

    /// An error about a tag that the enum `owner` does not have.
    #[cold]
    pub fn unknown_variant<T: Layout + ?Sized>(
        &self,
        head: Head<'_, T>,
        tag: usize,
        owner: &'static str,
    ) -> Error {
        self.unknown_variant_at(head.bytes(), tag, owner)
    }

    fn unknown_variant_at(&self, head: &[u8], tag: usize, owner: &'static str) -> Error {
        let kind = ErrorKind::UnknownVariant { found: tag.to_string(), owner: owner.into() };
        self.at(head, Error::new(kind))
    }

    /// Counts a level of nesting while `inside` decodes what is there.
    #[inline(always)]
    pub(crate) fn nest<R>(&mut self, inside: impl FnOnce(&mut Self) -> Result<R>) -> Result<R> {
        if self.depth >= self.limits.max_depth {
            return Err(self.too_deep());
        }
        self.depth += 1;
        let value = match stack::is_due(self.depth) {
            false => inside(self)?,
            true => stack::with_room(|| inside(self))?,
        };
        self.depth -= 1;
        Ok(value)
    }

    #[cold]
    pub(super) fn too_deep(&self) -> Error {
        let error = Error::new(ErrorKind::Depth { limit: self.limits.max_depth });
        let hint = "raise `Limits::max_depth` where the data is trusted and the stack large enough";
        self.at(self.tail, error.with_hint(hint))
    }

    #[inline(always)]
    pub(super) fn take_tail(&mut self, count: usize) -> Result<&'de [u8]> {
        match self.tail.split_at_checked(count) {
            Some((bytes, rest)) => {
                self.tail = rest;
                Ok(bytes)
            }
            None => Err(self.end(count)),
        }
    }

    #[cold]
    pub(super) fn end(&self, needed: usize) -> Error {
        let left = self.tail.len() as u64;
        self.at(self.tail, Error::new(ErrorKind::UnexpectedEnd { needed: needed as u64, left }))
    }

    /// The fields in the next `size` bytes of the tail: those of a large variant.
    #[inline(always)]
    pub fn group(&mut self, size: usize) -> Result<Fields<'de>> {
        self.take_tail(size).map(Fields::new)
    }

    /// The fields of a variant, which take `size` bytes: those in the head where they are few, else
    /// in the tail.
    #[inline(always)]
    pub fn variant<'x>(&mut self, inline: Fields<'x>, size: usize) -> Result<Fields<'x>>
    where
        'de: 'x,
    {
        if size <= INLINE { Ok(inline) } else { self.group(size) }
    }

    /// Decodes a value whose head is in the tail.
    #[inline(always)]
    pub fn boxed<T: Unpickle<'de>>(&mut self) -> Result<T> {
        let head = Fields::new(self.take_tail(T::HEAD)?).head::<T>();
        if T::FIXED {
            return decode_value(head, self);
        }
        self.nest(|reader| decode_value(head, reader))
    }

    /// Decodes a value from its head: for places that are no field of a struct.
    #[inline(always)]
    pub fn value<T: Unpickle<'de>>(&mut self, head: Head<'_, T>) -> Result<T> {
        decode_value(head, self)
    }

    #[inline(always)]
    fn count<H: Layout + ?Sized>(&mut self, head: Head<'_, H>) -> Result<Count> {
        let word = u32::from_le_bytes(head.array::<COUNT>());
        if word < LONG {
            return Ok(Count::Inline(word as usize));
        }
        self.far_count(head.bytes(), word)
    }

    #[cold]
    pub(super) fn far_count(&mut self, head: &[u8], word: u32) -> Result<Count> {
        if word == IN_STREAM && !self.nested {
            let rest = self.stream.rest();
            let count = self.stream.varint().map_err(|error| self.at(rest, error))?;
            return usize::try_from(count)
                .map(Count::Stream)
                .map_err(|_| self.at(rest, Error::corrupt("a count larger than memory")));
        }
        if word == LONG {
            let count = self.take_tail(8)?;
            let count = u64::from_le_bytes(count.try_into().expect("8 bytes"));
            return usize::try_from(count)
                .map(Count::Inline)
                .map_err(|_| self.at(head, Error::corrupt("a count larger than memory")));
        }
        Err(self.at(head, Error::corrupt("no such count")))
    }

    /// Text, borrowed from the pickle.
    #[inline(always)]
    pub(crate) fn text<H: Layout + ?Sized>(&mut self, head: Head<'_, H>) -> Result<&'de str> {
        self.text_at(head.bytes(), u32::from_le_bytes(head.array::<COUNT>()))
    }

    /// The text that the word `count` in a head speaks of.
    #[inline(always)]
    pub(super) fn text_at(&mut self, head: &[u8], count: u32) -> Result<&'de str> {
        let (text, next) = match self.text.plain_piece(count) {
            Some(found) => found,
            None => self.far_text(head, count)?,
        };
        // Set where both ways meet: so the compiler keeps the place in a register from one piece
        // of text to the next, which wait for each other otherwise.
        self.text.go_on(next);
        Ok(text)
    }

    /// [`text_at`](Self::text_at) where that is not the next piece of short ASCII text; returns where
    /// the next piece begins as well. Called cold, so that the other way runs straight on.
    #[cold]
    #[inline(never)]
    fn far_text(&mut self, head: &[u8], count: u32) -> Result<(&'de str, Place)> {
        let count = match count < LONG {
            true => Count::Inline(count as usize),
            false => self.far_count(head, count)?,
        };
        match count {
            Count::Inline(count) => match self.text.piece(count) {
                Some(found) => Ok(found),
                None => Err(self.text_end(head, count)),
            },
            Count::Stream(count) => {
                let bytes = self.take_stream(count)?;
                match std::str::from_utf8(bytes) {
                    Ok(text) => Ok((text, self.text.at())),
                    Err(error) => {
                        let from = &bytes[error.valid_up_to()..];
                        Err(self.at(from, Error::new(ErrorKind::InvalidUtf8)))
                    }
                }
            }
        }
    }

    #[cold]
    fn text_end(&self, head: &[u8], needed: usize) -> Error {
        let left = self.text.rest().len() as u64;
        let kind = match needed as u64 > left {
            true => ErrorKind::UnexpectedEnd { needed: needed as u64, left },
            false => ErrorKind::InvalidUtf8,
        };
        self.at(head, Error::new(kind))
    }

    /// Text of the program's own.
    #[inline(always)]
    pub(crate) fn string<H: Layout + ?Sized>(&mut self, head: Head<'_, H>) -> Result<String> {
        self.text(head).map(copy_text)
    }

    pub(super) fn take_stream(&mut self, count: usize) -> Result<&'de [u8]> {
        let rest = self.stream.rest();
        self.stream.take(count).map_err(|error| self.at(rest, error))
    }

    /// Bytes, borrowed from the pickle.
    #[inline(always)]
    pub(crate) fn bytes<H: Layout + ?Sized>(&mut self, head: Head<'_, H>) -> Result<&'de [u8]> {
        let count = self.count(head)?;
        self.bytes_of(count)
    }

    #[inline(always)]
    pub(super) fn bytes_of(&mut self, count: Count) -> Result<&'de [u8]> {
        match count {
            Count::Inline(count) => self.take_tail(count),
            Count::Stream(count) => self.take_stream(count),
        }
    }

    #[inline]
    pub(crate) fn memo_mut(&mut self) -> &mut Memo {
        let Rare { memo, env, .. } = &mut **self.rare.get_or_insert_default();
        memo.get_or_insert_with(|| Box::new(Memo::new(env)))
    }

    #[cold]
    fn limit(&self) -> u64 {
        self.limits.max_alloc_bytes
    }

    /// Decodes a state, a section of its own in the tail.
    pub(crate) fn state<S: Unpickle<'de>>(&mut self) -> Result<S> {
        let mut bytes = Bytes::new(self.tail);
        let state = self.nest(|reader| {
            reader.section(&mut bytes, S::HEAD, |reader, heads| {
                decode_value(Fields::new(heads).head::<S>(), reader)
            })
        })?;
        self.tail = bytes.rest();
        Ok(state)
    }
}

#[cold]
fn trailing(count: u64) -> Error {
    Error::new(ErrorKind::TrailingBytes { count })
}
