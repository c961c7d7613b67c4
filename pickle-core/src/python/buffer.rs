//! Bytes that may travel beside a pickle.

use std::borrow::Cow;
use std::ops::Deref;

use crate::error::Result;
use crate::graph::NodeId;
use crate::native::{Filled, Head, HeadMut, Measure, Reader, Slot, Writer, Written};
use crate::restore::Restorer;
use crate::schema::{SchemaBuilder, SchemaId};
use crate::traits::{Layout, Pickle, Unpickle};

use super::Saver;

/// Bytes that travel beside the pickle where the pickler is told to hand out buffers, as Python's
/// `pickle.PickleBuffer` ([PEP 574](https://peps.python.org/pep-0574/)); else `bytes` inside it.
///
/// Loaded, it borrows from the pickle, or from the buffers that were lent to the unpickler. See
/// [`Pickler::buffers`](crate::Pickler::buffers).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Buffer<'a>(Cow<'a, [u8]>);

impl Buffer<'_> {
    /// The bytes, for good.
    pub fn into_owned(self) -> Vec<u8> {
        self.0.into_owned()
    }
}

impl Deref for Buffer<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Buffer<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Cow::Owned(bytes))
    }
}

impl<'a> From<&'a [u8]> for Buffer<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self(Cow::Borrowed(bytes))
    }
}

impl Layout for Buffer<'_> {
    const HEAD: usize = <[u8]>::HEAD;

    fn describe(schema: &mut SchemaBuilder) -> SchemaId {
        <[u8]>::describe(schema)
    }
}

impl Pickle for Buffer<'_> {
    fn measure(&self, measure: &mut Measure) -> Result<()> {
        self.0.measure(measure)
    }

    fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
        writer.slice(head, &self.0)
    }

    fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
        saver.buffer(&self.0)
    }
}

impl<'de: 'a, 'a> Unpickle<'de> for Buffer<'a> {
    fn decode<'b>(
        head: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        reader.bytes(head).map(|bytes| slot.write(Self(Cow::Borrowed(bytes))))
    }

    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        restorer.cow_bytes(id).map(Self)
    }
}
