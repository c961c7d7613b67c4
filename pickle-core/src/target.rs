//! What a load fills, of whatever type: so what drives loads is compiled once, not for each type.

use crate::error::Result;
use crate::graph::NodeId;
use crate::native::Reader;
use crate::raw::Loaded;
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

/// The value that `load` fills a place with.
#[inline]
pub(crate) fn value_of<'de, T: Unpickle<'de>>(
    load: impl FnOnce(&mut dyn Target<'de>) -> Result<()>,
) -> Result<T> {
    let mut loaded = Loaded::new();
    match load(&mut loaded) {
        Ok(()) => Ok(loaded.into_value()),
        Err(error) => Err(error),
    }
}
