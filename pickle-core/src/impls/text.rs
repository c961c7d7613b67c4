//! Text and what is spelled as text.

use std::borrow::Cow;

use crate::error::Result;
use crate::graph::NodeId;
use crate::native::{COUNT, Filled, Head, HeadMut, Measure, Reader, Slot, Writer, Written};
use crate::python::Saver;
use crate::restore::Restorer;
use crate::schema::{Node, SchemaBuilder, SchemaId};
use crate::traits::{Layout, Pickle, Unpickle};

macro_rules! text {
    ($($type:ty,)*) => {$(
        impl Layout for $type {
            const HEAD: usize = COUNT;

            fn describe(schema: &mut SchemaBuilder) -> SchemaId {
                schema.anonymous(Node::Str)
            }
        }

        impl Pickle for $type {
            const IS_PLAIN: bool = true;

            #[inline(always)]
            fn measure(&self, measure: &mut Measure) -> Result<()> {
                measure.text(self);
                Ok(())
            }

            #[inline(always)]
            fn encode<'b>(
                &self,
                head: HeadMut<'b, Self>,
                writer: &mut Writer,
            ) -> Written<'b, Self> {
                writer.text(head, self)
            }

            #[inline]
            fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
                saver.str(self);
                Ok(())
            }

            #[inline]
            fn as_text(&self) -> Option<&str> {
                Some(self)
            }
        }
    )*};
}

text! { str, String, Box<str>, }

impl<'de> Unpickle<'de> for String {
    #[inline(always)]
    fn decode<'b>(
        head: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        reader.string(head).map(|text| slot.write(text))
    }

    #[inline]
    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        restorer.string(id)
    }

    #[inline]
    fn shell(_: &Restorer<'_, 'de>) -> Option<Self> {
        Some(Self::default())
    }
}

impl<'de> Unpickle<'de> for Box<str> {
    #[inline(always)]
    fn decode<'b>(
        head: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        reader.text(head).map(|text| slot.write(text.into()))
    }

    #[inline]
    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        restorer.string(id).map(Into::into)
    }
}

impl<'de: 'a, 'a> Unpickle<'de> for &'a str {
    #[inline(always)]
    fn decode<'b>(
        head: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        reader.text(head).map(|text| slot.write(text))
    }

    #[inline]
    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        restorer.borrowed_text(id)
    }
}

impl<'de: 'a, 'a> Unpickle<'de> for Cow<'a, str> {
    #[inline(always)]
    fn decode<'b>(
        head: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        reader.text(head).map(|text| slot.write(Cow::Borrowed(text)))
    }

    #[inline]
    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        restorer.cow_text(id)
    }
}
