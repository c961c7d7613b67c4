//! Text and bytes, in place or beside the pickle.

use crate::error::Result;

use super::opcode as op;
use super::options::MemoEntries;
use super::saver::Saver;
use super::writer::latin1;

impl Saver<'_> {
    /// Text. The same text again becomes a reference to the first, as Python has it for what it
    /// interns.
    #[inline]
    pub fn str(&mut self, text: &str) {
        if self.is_remembered() {
            self.remembered_text(text);
        } else if !self.writer.short_text(text.as_bytes()) {
            self.any_text(text);
        }
    }

    #[inline(never)]
    fn any_text(&mut self, text: &str) {
        self.writer.boundary();
        self.writer.text(text.as_bytes());
    }

    /// Text that is part of the program, as names are: known again by its address.
    #[inline(always)]
    pub(super) fn name(&mut self, name: &'static str) {
        if self.is_remembered() {
            return self.remembered_name(name);
        }
        self.writer.boundary();
        self.writer.text(name.as_bytes());
    }

    /// Whether text may get a memo number.
    #[inline]
    fn is_remembered(&self) -> bool {
        self.options.memo == MemoEntries::Python || self.pending.is_some()
    }

    /// Text that gets a memo number, or has it: which one.
    fn remembered_text(&mut self, text: &str) -> u32 {
        let shared = self.begin();
        let next = self.memo_len;
        // A shared object is one of its own, though others may have the same text.
        if shared.is_some() {
            self.writer.text(text.as_bytes());
            self.put_everywhere(shared);
            return next;
        }
        match self.texts.find_or_insert(text.as_bytes(), next, &self.writer) {
            Some(memo) => {
                self.writer.get(memo);
                memo
            }
            None => {
                self.writer.new_text(text.as_bytes(), next);
                self.memo_len += 1;
                next
            }
        }
    }

    /// So many texts follow, most of them new.
    pub(super) fn expect_texts(&mut self, count: usize) {
        self.texts.expect(count);
    }

    /// Whether texts are looked up, so that it is worth knowing the next ones.
    pub(super) fn looks_ahead(&self) -> bool {
        self.options.memo == MemoEntries::Python
    }

    /// Has at hand what will be known of some texts. They wait for memory together then, and not one
    /// after the other.
    pub(super) fn look_ahead<'t>(&self, texts: impl Iterator<Item = &'t str>) {
        self.texts.look_ahead(texts);
    }

    fn remembered_name(&mut self, name: &'static str) {
        let place = place_of(name);
        match self.names[place] {
            Some((known, memo)) if std::ptr::eq(known, name) && self.pending.is_none() => {
                self.writer.boundary();
                self.writer.get(memo);
            }
            _ => {
                let memo = self.remembered_text(name);
                self.names[place] = Some((name, memo));
            }
        }
    }

    /// Text of this one object only.
    pub(super) fn plain_text(&mut self, text: &[u8]) {
        self.writer.boundary();
        self.writer.text(text);
        self.put(None);
    }

    /// A word that belongs to the format rather than to the value.
    pub(super) fn constant(&mut self, text: &str) {
        match self.options.memo {
            MemoEntries::Python => {
                self.remembered_text(text);
            }
            MemoEntries::Needed => self.plain_text(text.as_bytes()),
        }
    }

    /// Immutable bytes.
    ///
    /// # Errors
    /// When values are nested too deep: below protocol 3 bytes are a call with arguments, a
    /// `bytearray` is below protocol 5.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        let shared = self.begin();
        self.bare_bytes(bytes)?;
        self.put(shared);
        Ok(())
    }

    /// Bytes without a memo number: an opcode, or before protocol 3 a call that encodes text.
    pub(super) fn bare_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        if self.writer.protocol >= 3 {
            self.writer.bytes_object(bytes);
            return Ok(());
        }
        if bytes.is_empty() {
            return self.reduce("builtins", "bytes", 0, |_| Ok(()));
        }
        self.reduce("_codecs", "encode", 2, |saver| {
            saver.plain_text(&latin1(bytes));
            saver.constant("latin1");
            Ok(())
        })
    }

    /// A `bytearray`.
    ///
    /// # Errors
    /// When values are nested too deep: below protocol 3 bytes are a call with arguments, a
    /// `bytearray` is below protocol 5.
    pub fn bytearray(&mut self, bytes: &[u8]) -> Result<()> {
        let shared = self.begin();
        self.bare_bytearray(bytes)?;
        self.put(shared);
        Ok(())
    }

    /// A `bytearray` without a memo number: an opcode, or before protocol 5 a call.
    pub(super) fn bare_bytearray(&mut self, bytes: &[u8]) -> Result<()> {
        match self.writer.protocol {
            5.. => self.writer.bytearray(bytes),
            _ if bytes.is_empty() => return self.reduce("builtins", "bytearray", 0, |_| Ok(())),
            _ => return self.reduce("builtins", "bytearray", 1, |saver| saver.bytes(bytes)),
        }
        Ok(())
    }

    /// A buffer: beside the pickle where the caller takes buffers, else as bytes inside it
    /// ([PEP 574](https://peps.python.org/pep-0574/)).
    ///
    /// # Errors
    /// When values are nested too deep: below protocol 3 bytes are a call with arguments, a
    /// `bytearray` is below protocol 5.
    pub fn buffer(&mut self, bytes: &[u8]) -> Result<()> {
        let (Some(sink), 5..) = (&mut self.buffers, self.writer.protocol) else {
            return self.bytes(bytes);
        };
        sink(bytes);
        self.begin();
        self.writer.op(op::NEXT_BUFFER);
        self.writer.op(op::READONLY_BUFFER);
        Ok(())
    }

    /// [`buffer`](Self::buffer) of bytes that Python may change: inside the pickle a `bytearray`.
    ///
    /// # Errors
    /// None at present.
    pub fn writable_buffer(&mut self, bytes: &[u8]) -> Result<()> {
        let (Some(sink), 5..) = (&mut self.buffers, self.writer.protocol) else {
            return self.bytearray(bytes);
        };
        sink(bytes);
        self.begin();
        self.writer.op(op::NEXT_BUFFER);
        Ok(())
    }

    /// Whether [`buffer`](Self::buffer) hands bytes to the caller.
    pub fn takes_buffers(&self) -> bool {
        self.buffers.is_some() && self.writer.protocol >= 5
    }
}

/// Places for the names that were written last.
pub(super) const NAMES: usize = 64;

/// The one place where the memo number of a name may be.
#[inline]
fn place_of(name: &'static str) -> usize {
    // Names lie side by side, so that their lowest bits differ as much as any.
    let address = name.as_ptr().addr();
    (address ^ address >> 6) % NAMES
}
