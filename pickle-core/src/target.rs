//! What a load fills, of whatever type: so what drives loads is compiled once, not for each type.

use crate::error::Result;
use crate::graph::NodeId;
use crate::native::Reader;
use crate::restore::Restorer;
use crate::schema::Describe;
use crate::traits::{Layout, Unpickle};
use crate::type_info::TypeInfo;

/// A place for the value of a load. A load that succeeds has filled it.
pub(crate) trait Target<'de> {
    /// The type of the value.
    fn ty(&self) -> TargetType;

    /// Fills the place by [`Unpickle::decode`], from the root section of a pickle.
    fn decode(&mut self, reader: &mut Reader<'de>) -> Result<()>;

    /// Fills the place by [`Unpickle::restore`].
    fn restore(&mut self, id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<()>;
}

/// The type that a load is for.
#[derive(Clone, Copy)]
pub(crate) struct TargetType {
    pub(crate) info: &'static TypeInfo,
    pub(crate) describe: Describe,
}

impl<'de, T: Unpickle<'de>> Target<'de> for Option<T> {
    fn ty(&self) -> TargetType {
        TargetType { info: TypeInfo::of::<T>(), describe: <T as Layout>::describe }
    }

    fn decode(&mut self, reader: &mut Reader<'de>) -> Result<()> {
        *self = Some(reader.root()?);
        Ok(())
    }

    fn restore(&mut self, id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<()> {
        *self = Some(T::restore(id, restorer)?);
        Ok(())
    }
}

/// The value that `load` fills a place with.
#[inline]
pub(crate) fn value_of<'de, T: Unpickle<'de>, R>(
    load: impl FnOnce(&mut dyn Target<'de>) -> Result<R>,
) -> Result<(T, R)> {
    let mut place = None;
    let result = load(&mut place)?;
    Ok((place.expect("a load that succeeds fills its place"), result))
}
