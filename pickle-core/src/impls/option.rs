//! `Option`, `Box`, references, `Cow`.

use std::borrow::Cow;

use crate::error::Result;
use crate::native::{
    Filled, Head, HeadMut, INLINE, Measure, Reader, Slot, Writer, Written, option_head,
};
use crate::schema::{Node, SchemaBuilder, SchemaId};
use crate::traits::{Layout, Pickle, Unpickle};

impl<T: Layout> Layout for Option<T> {
    const HEAD: usize = option_head(T::HEAD);
    const FIXED: bool = T::FIXED && T::HEAD <= INLINE;

    fn describe(schema: &mut SchemaBuilder) -> SchemaId {
        let item = T::describe(schema);
        schema.anonymous(Node::Option(item))
    }
}

impl<T: Pickle> Pickle for Option<T> {
    #[inline(always)]
    fn measure(&self, measure: &mut Measure) -> Result<()> {
        match self {
            Some(value) => {
                if T::HEAD > INLINE {
                    measure.tail(T::HEAD);
                }
                value.measure(measure)
            }
            None => Ok(()),
        }
    }

    #[inline(always)]
    fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
        // Finished in each branch, where the compiler knows how much is left to zero.
        let Some(value) = self else { return head.zero() };
        let mut fields = head.fields();
        fields.bytes([1]);
        if T::HEAD <= INLINE {
            fields.put(value, writer);
        } else {
            writer.boxed(value);
        }
        fields.finish()
    }
}

impl<'de, T: Unpickle<'de>> Unpickle<'de> for Option<T> {
    #[inline(always)]
    fn decode<'b>(
        head: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        let mut fields = head.fields();
        match fields.take() {
            [0] => Ok(slot.write(None)),
            [1] if T::HEAD <= INLINE => {
                reader.value(fields.head::<T>()).map(|value| slot.write(Some(value)))
            }
            [1] => {
                let mut group = reader.group(T::HEAD)?;
                reader.value(group.head::<T>()).map(|value| slot.write(Some(value)))
            }
            _ => Err(reader.invalid(head, "an option's tag, 0 or 1")),
        }
    }
}

impl<T: Layout> Layout for Box<T> {
    // Constant, so that a type may contain itself in a box.
    const HEAD: usize = 0;

    fn describe(schema: &mut SchemaBuilder) -> SchemaId {
        let item = T::describe(schema);
        schema.anonymous(Node::Box(item))
    }
}

impl<T: Pickle> Pickle for Box<T> {
    #[inline(always)]
    fn measure(&self, measure: &mut Measure) -> Result<()> {
        measure.boxed(&**self)
    }

    #[inline(always)]
    fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
        writer.boxed(&**self);
        head.zero()
    }
}

impl<'de, T: Unpickle<'de>> Unpickle<'de> for Box<T> {
    #[inline(always)]
    fn decode<'b>(
        _: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        reader.boxed().map(|value| slot.write(Self::new(value)))
    }
}

macro_rules! by_reference {
    ($([$($generics:tt)*] $type:ty => $target:ty,)*) => {$(
        impl<$($generics)*> Layout for $type {
            const HEAD: usize = <$target as Layout>::HEAD;
            const FIXED: bool = <$target as Layout>::FIXED;

            fn describe(schema: &mut SchemaBuilder) -> SchemaId {
                <$target as Layout>::describe(schema)
            }
        }
    )*};
}

by_reference! {
    ['a, T: Layout + ?Sized] &'a T => T,
    ['a, T: Layout + ?Sized] &'a mut T => T,
    ['a, T: Layout + ToOwned + ?Sized] Cow<'a, T> => T,
}

macro_rules! pickle_by_reference {
    ($([$($generics:tt)*] $type:ty,)*) => {$(
        impl<$($generics)*> Pickle for $type {
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
                head.put(&**self, writer)
            }
        }
    )*};
}

pickle_by_reference! {
    ['a, T: Pickle + ?Sized] &'a T,
    ['a, T: Pickle + ?Sized] &'a mut T,
    ['a, T: Pickle + ToOwned + ?Sized] Cow<'a, T>,
}
