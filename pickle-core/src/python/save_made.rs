//! What follows the making of an object: its state, its items, its entries.

use std::borrow::Borrow;

use crate::error::Result;
use crate::traits::Pickle;

use super::batch::Batch;
use super::opcode as op;
use super::saver::Saver;

impl Saver<'_> {
    /// The state of the object that was just made, which Python hands to its `__setstate__`.
    ///
    /// # Errors
    /// When the state cannot be saved.
    pub fn build(&mut self, state: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.outside_key(|saver| saver.nest(state))?;
        self.writer.op(op::BUILD);
        Ok(())
    }

    /// Items that Python appends to the object that was just made.
    ///
    /// # Errors
    /// When an item cannot be saved.
    pub fn append<T: Pickle + ?Sized, B: Borrow<T>>(
        &mut self,
        len: usize,
        items: impl Iterator<Item = B>,
    ) -> Result<()> {
        self.outside_key(|saver| saver.fill(Batch::appended(len), items))
    }

    /// Entries that Python sets on the object that was just made.
    ///
    /// # Errors
    /// When a key or value cannot be saved.
    pub fn set_items<'v, K: Pickle + 'v, V: Pickle + 'v>(
        &mut self,
        len: usize,
        entries: impl Iterator<Item = (&'v K, &'v V)>,
    ) -> Result<()> {
        self.outside_key(|saver| saver.fill_entries(Batch::assigned(len), entries))
    }

    /// Text that is an object of its own, as the text that a call makes: never a reference to the
    /// same text elsewhere.
    pub fn fresh_str(&mut self, text: &str) {
        self.plain_text(text.as_bytes());
    }
}
