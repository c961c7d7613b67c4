//! How the items of a container are handed over: one by one or a thousand at a time.

use crate::error::{Error, ErrorKind, Result};

use super::opcode as op;
use super::writer::Writer;

/// Items per `APPENDS`, `SETITEMS` and `ADDITEMS`.
pub(super) const BATCH: usize = 1000;

/// The opcodes around the items of one container.
pub(super) struct Batch {
    total: usize,
    done: usize,
    /// Items that the open batch still takes; none where no batch is open.
    room: usize,
    alone: bool,
    single: u8,
    many: u8,
    kind: Kind,
}

/// What differs between what is filled.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// A list or dict, whose length Python knows.
    Sized,
    Set,
    /// An object that Python fills from an iterator: an item left over stands alone.
    Iterated,
}

impl Batch {
    #[inline]
    fn new(total: usize, single: u8, many: u8, kind: Kind) -> Self {
        Self { total, done: 0, room: 0, alone: false, single, many, kind }
    }

    #[inline]
    pub(super) fn list(total: usize) -> Self {
        Self::new(total, op::APPEND, op::APPENDS, Kind::Sized)
    }

    #[inline]
    pub(super) fn dict(total: usize) -> Self {
        Self::new(total, op::SETITEM, op::SETITEMS, Kind::Sized)
    }

    #[inline]
    pub(super) fn set(total: usize) -> Self {
        Self::new(total, op::ADDITEMS, op::ADDITEMS, Kind::Set)
    }

    pub(super) fn appended(total: usize) -> Self {
        Self { kind: Kind::Iterated, ..Self::list(total) }
    }

    pub(super) fn assigned(total: usize) -> Self {
        Self { kind: Kind::Iterated, ..Self::dict(total) }
    }

    /// Before an item or entry.
    #[inline]
    pub(super) fn before(&mut self, writer: &mut Writer) {
        if self.room == 0 {
            self.open(writer);
        }
    }

    #[inline]
    fn open(&mut self, writer: &mut Writer) {
        self.alone = writer.protocol == 0
            || match self.kind {
                Kind::Sized => self.total == 1,
                Kind::Set => false,
                Kind::Iterated => self.total % BATCH == 1 && self.done >= self.total - 1,
            };
        self.room = if self.alone { 1 } else { BATCH };
        if !self.alone {
            writer.op(op::MARK);
        }
    }

    /// Behind an item or entry.
    #[inline]
    pub(super) fn after(&mut self, writer: &mut Writer) {
        self.done += 1;
        self.room -= 1;
        if self.room == 0 {
            writer.op(if self.alone { self.single } else { self.many });
        }
    }

    /// How many items are left.
    pub(super) fn left(&self) -> usize {
        self.total.saturating_sub(self.done)
    }

    /// How many items the open batch takes, of those that are left.
    pub(super) fn room(&self) -> usize {
        self.room.min(self.left())
    }

    /// Behind so many items, as [`room`](Self::room) allows.
    pub(super) fn after_many(&mut self, count: usize, writer: &mut Writer) {
        self.done += count - 1;
        self.room -= count - 1;
        self.after(writer);
    }

    /// Ends the last batch; a set whose last one is full gets an empty one, as in CPython.
    ///
    /// # Errors
    /// When there were more or fewer items than announced.
    #[inline]
    pub(super) fn end(self, writer: &mut Writer) -> Result<()> {
        if self.done != self.total {
            return Err(changed());
        }
        if self.room > 0 {
            writer.op(self.many);
        } else if self.kind == Kind::Set && self.done > 0 && !self.alone {
            writer.op(op::MARK);
            writer.op(self.many);
        }
        Ok(())
    }
}

#[cold]
fn changed() -> Error {
    Error::new(ErrorKind::Changed)
}
