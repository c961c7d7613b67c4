//! Slices, `Vec`, arrays and the pointers to them.

use std::borrow::Cow;

use crate::error::Result;
use crate::native::{COUNT, Filled, Head, HeadMut, Image, Measure, Reader, Slot, Writer, Written};
use crate::raw;
use crate::schema::{Node, SchemaBuilder, SchemaId};
use crate::traits::{Layout, Pickle, Unpickle};

impl<T: Layout> Layout for [T] {
    const HEAD: usize = COUNT;

    fn describe(schema: &mut SchemaBuilder) -> SchemaId {
        let item = T::describe(schema);
        schema.anonymous(Node::Seq(item))
    }
}

impl<T: Pickle> Pickle for [T] {
    #[inline(always)]
    fn measure(&self, measure: &mut Measure) -> Result<()> {
        measure.seq::<T, &T>(self.len(), self.iter())
    }

    #[inline(always)]
    fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
        writer.slice(head, self)
    }
}

macro_rules! owned_slices {
    ($($type:ty,)*) => {$(
        impl<T: Layout> Layout for $type {
            const HEAD: usize = COUNT;

            fn describe(schema: &mut SchemaBuilder) -> SchemaId {
                <[T]>::describe(schema)
            }
        }

        impl<T: Pickle> Pickle for $type {
            #[inline(always)]
            fn measure(&self, measure: &mut Measure) -> Result<()> {
                (**self).measure(measure)
            }

            #[inline(always)]
            fn encode<'b>(
                &self,
                head: HeadMut<'b, Self>,
                writer: &mut Writer,
            ) -> Written<'b, Self> {
                writer.slice(head, self)
            }
        }

        impl<'de, T: Unpickle<'de>> Unpickle<'de> for $type {
            #[inline(always)]
            fn decode<'b>(
                head: Head<'_, Self>,
                reader: &mut Reader<'de>,
                slot: Slot<'b, Self>,
            ) -> Result<Filled<'b, Self>> {
                reader.vec::<T, _>(head).map(|items| slot.write(items.into()))
            }
        }
    )*};
}

owned_slices! { Vec<T>, Box<[T]>, }

impl<'de: 'a, 'a> Unpickle<'de> for &'a [u8] {
    #[inline(always)]
    fn decode<'b>(
        head: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        reader.bytes(head).map(|bytes| slot.write(bytes))
    }
}

impl<'de: 'a, 'a> Unpickle<'de> for Cow<'a, [u8]> {
    #[inline(always)]
    fn decode<'b>(
        head: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        reader.bytes(head).map(|bytes| slot.write(Cow::Borrowed(bytes)))
    }
}

impl<T: Layout, const N: usize> Layout for [T; N] {
    const HEAD: usize = N * T::HEAD;
    const FIXED: bool = T::FIXED || N == 0;
    const IMAGE: Image<Self> = raw::array_image::<T, N>();

    fn describe(schema: &mut SchemaBuilder) -> SchemaId {
        let item = T::describe(schema);
        schema.anonymous(Node::Array(item, N as u64))
    }
}

impl<T: Pickle, const N: usize> Pickle for [T; N] {
    #[inline(always)]
    fn measure(&self, measure: &mut Measure) -> Result<()> {
        if T::FIXED {
            return Ok(());
        }
        for (index, item) in self.iter().enumerate() {
            if let Err(error) = item.measure(measure) {
                return Err(error.in_index(index));
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
        let mut fields = head.fields();
        for item in self {
            fields.put(item, writer);
        }
        fields.finish()
    }
}

impl<'de, T: Unpickle<'de>, const N: usize> Unpickle<'de> for [T; N] {
    #[inline(always)]
    fn decode<'b>(
        head: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        raw::decode_array(head, reader, slot)
    }
}
