//! Slices, `Vec`, arrays and the pointers to them.

use std::borrow::Cow;

use crate::error::Result;
use crate::graph::NodeId;
use crate::native::{COUNT, Filled, Head, HeadMut, Image, Measure, Reader, Slot, Writer, Written};
use crate::python::Saver;
use crate::raw;
use crate::restore::{CellVisitor, Restorer};
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
    const IS_PLAIN: bool = true;

    #[inline(always)]
    fn measure(&self, measure: &mut Measure) -> Result<()> {
        measure.seq::<T, &T>(self.len(), self.iter())
    }

    #[inline(always)]
    fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
        writer.slice(head, self)
    }

    fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
        T::save_slice(self, saver)
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
            const IS_PLAIN: bool = true;

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

            fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
                T::save_slice(self, saver)
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

            fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
                T::restore_vec(id, restorer).map(Into::into)
            }

            #[inline]
            fn shell(_: &Restorer<'_, 'de>) -> Option<Self> {
                Some(Self::default())
            }

            #[inline]
            fn visit_cells(&self, visitor: &mut CellVisitor<'_, '_, 'de>) -> Result<()> {
                self.iter().try_for_each(|item| item.visit_cells(visitor))
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

    #[inline]
    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        restorer.borrowed_bytes(id)
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

    #[inline]
    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        restorer.cow_bytes(id)
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
    const IS_PLAIN: bool = true;

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

    fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
        if self.first().is_some_and(|item| item.as_byte().is_some()) {
            return T::save_slice(self, saver);
        }
        saver.tuple(N, |saver| {
            for (index, item) in self.iter().enumerate() {
                item.save(saver).map_err(|error| error.in_index(index))?;
            }
            Ok(())
        })
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

    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        let items = T::restore_vec(id, restorer)?;
        let len = items.len();
        items.try_into().map_err(|_| {
            restorer.invalid(id, format!("{N} items")).with_hint(format!("there are {len}"))
        })
    }

    fn shell(restorer: &Restorer<'_, 'de>) -> Option<Self> {
        let shells: Option<Vec<T>> = (0..N).map(|_| T::shell(restorer)).collect();
        shells?.try_into().ok()
    }

    #[inline]
    fn visit_cells(&self, visitor: &mut CellVisitor<'_, '_, 'de>) -> Result<()> {
        self.iter().try_for_each(|item| item.visit_cells(visitor))
    }
}
