//! `Option`, `Box`, references, `Cow`.

use std::borrow::Cow;

use crate::error::Result;
use crate::graph::{Node, NodeId};
use crate::native::{
    Filled, Head, HeadMut, INLINE, Measure, Reader, Slot, Writer, Written, option_head,
};
use crate::python::Saver;
use crate::restore::{CellVisitor, Restorer};
use crate::schema::{self, SchemaBuilder, SchemaId};
use crate::traits::{Layout, Pickle, Unpickle};

impl<T: Layout> Layout for Option<T> {
    const HEAD: usize = option_head(T::HEAD);
    const FIXED: bool = T::FIXED && T::HEAD <= INLINE;
    const NULLABLE: bool = true;

    fn describe(schema: &mut SchemaBuilder) -> SchemaId {
        let item = T::describe(schema);
        schema.anonymous(schema::Node::Option(item))
    }
}

impl<T: Pickle> Pickle for Option<T> {
    const IS_PLAIN: bool = true;

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

    #[inline]
    fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
        match self {
            Some(value) if T::NULLABLE => saver.tuple(1, |saver| value.save(saver)),
            Some(value) => value.save(saver),
            None => {
                saver.none();
                Ok(())
            }
        }
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

    #[inline]
    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        match restorer.node(id) {
            Node::None => Ok(None),
            Node::Tuple { items, .. } if T::NULLABLE && items.len() == 1 => {
                let items = restorer.graph().edges(items);
                restorer.nest(id, |restorer| T::restore(items[0], restorer)).map(Some)
            }
            _ => T::restore(id, restorer).map(Some),
        }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    #[inline]
    fn shell(_: &Restorer<'_, 'de>) -> Option<Self> {
        Some(None)
    }

    #[inline]
    fn visit_cells(&self, visitor: &mut CellVisitor<'_, '_, 'de>) -> Result<()> {
        self.as_ref().map_or(Ok(()), |value| value.visit_cells(visitor))
    }
}

impl<T: Layout> Layout for Box<T> {
    // Constant, so that a type may contain itself in a box.
    const HEAD: usize = 0;
    const NULLABLE: bool = T::NULLABLE;

    fn describe(schema: &mut SchemaBuilder) -> SchemaId {
        let item = T::describe(schema);
        schema.anonymous(schema::Node::Box(item))
    }
}

impl<T: Pickle> Pickle for Box<T> {
    const IS_PLAIN: bool = true;

    #[inline(always)]
    fn measure(&self, measure: &mut Measure) -> Result<()> {
        measure.boxed(&**self)
    }

    #[inline(always)]
    fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
        writer.boxed(&**self);
        head.zero()
    }

    #[inline]
    fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
        saver.nest(|saver| (**self).save(saver))
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

    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        restorer.charge(1, size_of::<T>())?;
        restorer.nest(id, |restorer| T::restore(id, restorer)).map(Self::new)
    }

    #[inline]
    fn shell(restorer: &Restorer<'_, 'de>) -> Option<Self> {
        T::shell(restorer).map(Self::new)
    }

    #[inline]
    fn visit_cells(&self, visitor: &mut CellVisitor<'_, '_, 'de>) -> Result<()> {
        (**self).visit_cells(visitor)
    }
}

macro_rules! by_reference {
    ($([$($generics:tt)*] $type:ty => $target:ty,)*) => {$(
        impl<$($generics)*> Layout for $type {
            const HEAD: usize = <$target as Layout>::HEAD;
            const FIXED: bool = <$target as Layout>::FIXED;
            const NULLABLE: bool = <$target as Layout>::NULLABLE;

            fn describe(schema: &mut SchemaBuilder) -> SchemaId {
                let target = <$target as Layout>::describe(schema);
                schema.by_reference(target)
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
    ($([$($generics:tt)*] $type:ty, is_plain: $is_plain:literal;)*) => {$(
        impl<$($generics)*> Pickle for $type {
            const IS_PLAIN: bool = $is_plain;

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

            #[inline]
            fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
                (**self).save(saver)
            }

            #[inline]
            fn as_text(&self) -> Option<&str> {
                (**self).as_text()
            }
        }
    )*};
}

pickle_by_reference! {
    ['a, T: Pickle + ?Sized] &'a T, is_plain: true;
    ['a, T: Pickle + ?Sized] &'a mut T, is_plain: true;
    // How what is owned is borrowed, its type says.
    ['a, T: Pickle + ToOwned + ?Sized] Cow<'a, T>, is_plain: false;
}
