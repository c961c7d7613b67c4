//! The place of the value of a load.

use std::mem::MaybeUninit;

use super::decode::{Fields, Slot};
use crate::error::Result;
use crate::graph::NodeId;
use crate::native::Reader;
use crate::restore::Restorer;
use crate::target::Target;
use crate::traits::Unpickle;
use crate::type_info::TypeInfo;

/// A place that is decoded into, rather than moved into.
pub(crate) struct Loaded<T> {
    place: MaybeUninit<T>,
    is_filled: bool,
}

impl<T> Loaded<T> {
    /// An empty place.
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self { place: MaybeUninit::uninit(), is_filled: false }
    }

    /// The value.
    ///
    /// # Panics
    /// When there is none.
    #[inline(always)]
    pub(crate) fn into_value(mut self) -> T {
        assert!(self.is_filled, "a load that succeeds fills its place");
        self.is_filled = false;
        // SAFETY: there was a value, which is no longer the place's.
        unsafe { self.place.assume_init_read() }
    }

    fn empty(&mut self) {
        if std::mem::take(&mut self.is_filled) {
            // SAFETY: there was a value, which is no longer the place's.
            unsafe { self.place.assume_init_drop() }
        }
    }
}

impl<T> Drop for Loaded<T> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.is_filled {
            self.empty();
        }
    }
}

impl<'de, T: Unpickle<'de>> Target<'de> for Loaded<T> {
    fn info(&self) -> &'static TypeInfo {
        TypeInfo::of::<T>()
    }

    fn decode(&mut self, head: &'de [u8], reader: &mut Reader<'de>) -> Result<()> {
        self.empty();
        let head = Fields::new(head).head::<T>();
        // SAFETY: the place is valid for writing, and empty.
        match T::decode(head, reader, unsafe { Slot::new(self.place.as_mut_ptr()) }) {
            Ok(filled) => {
                filled.keep();
                self.is_filled = true;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn restore(&mut self, id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<()> {
        self.empty();
        match T::restore(id, restorer) {
            Ok(value) => {
                self.place.write(value);
                self.is_filled = true;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn clear(&mut self) {
        self.empty();
    }
}
