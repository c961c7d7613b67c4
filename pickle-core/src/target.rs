//! What a load fills, of whatever type: so what drives loads is compiled once, not for each type.

use crate::error::Result;
use crate::graph::NodeId;
use crate::native::{Fields, Reader};
use crate::restore::Restorer;
use crate::traits::Unpickle;
use crate::type_info::TypeInfo;

/// A place for the value of a load. A load that succeeds has filled it.
pub(crate) trait Target<'de> {
    /// What is known of the type of the value.
    fn info(&self) -> &'static TypeInfo;

    /// Fills the place by [`Unpickle::decode`], from a head of [`TypeInfo::head`] bytes.
    fn decode(&mut self, head: &'de [u8], reader: &mut Reader<'de>) -> Result<()>;

    /// Fills the place by [`Unpickle::restore`].
    fn restore(&mut self, id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<()>;

    /// Drops the value of a load that failed after all: before its memo does, which takes cycles
    /// apart that nobody else may hold.
    fn clear(&mut self);
}

impl<'de, T: Unpickle<'de>> Target<'de> for Option<T> {
    fn info(&self) -> &'static TypeInfo {
        TypeInfo::of::<T>()
    }

    fn decode(&mut self, head: &'de [u8], reader: &mut Reader<'de>) -> Result<()> {
        *self = Some(reader.value(Fields::new(head).head::<T>())?);
        Ok(())
    }

    fn restore(&mut self, id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<()> {
        *self = Some(T::restore(id, restorer)?);
        Ok(())
    }

    fn clear(&mut self) {
        *self = None;
    }
}

/// The value that `load` fills a place with.
#[inline]
pub(crate) fn value_of<'de, T: Unpickle<'de>>(
    load: impl FnOnce(&mut dyn Target<'de>) -> Result<()>,
) -> Result<T> {
    let mut place = None;
    match (load(&mut place), place) {
        (Ok(()), Some(value)) => Ok(value),
        (Ok(()), None) => unreachable!("a load that succeeds fills its place"),
        (Err(error), _) => Err(error),
    }
}
