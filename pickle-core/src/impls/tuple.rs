//! Tuples up to 16, and `()`.

use crate::error::{Error, Result};
use crate::graph::NodeId;
use crate::native::{Filled, Head, HeadMut, Measure, Parts, Reader, Slot, Writer, Written};
use crate::python::Saver;
use crate::restore::Restorer;
use crate::schema::{Node, Scalar, SchemaBuilder, SchemaId};
use crate::traits::{Layout, Pickle, Unpickle};

impl Layout for () {
    const HEAD: usize = 0;
    const FIXED: bool = true;
    const NULLABLE: bool = true;

    fn describe(schema: &mut SchemaBuilder) -> SchemaId {
        schema.anonymous(Node::Scalar(Scalar::Unit))
    }
}

impl Pickle for () {
    const IS_PLAIN: bool = true;

    #[inline(always)]
    fn measure(&self, _: &mut Measure) -> Result<()> {
        Ok(())
    }

    #[inline(always)]
    fn encode<'b>(&self, head: HeadMut<'b, Self>, _: &mut Writer) -> Written<'b, Self> {
        head.zero()
    }

    fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
        saver.none();
        Ok(())
    }
}

impl<'de> Unpickle<'de> for () {
    #[inline(always)]
    fn decode<'b>(
        _: Head<'_, Self>,
        _: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        Ok(slot.write(()))
    }

    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        restorer.none(id)
    }

    #[inline]
    fn shell(_: &Restorer<'_, 'de>) -> Option<Self> {
        Some(())
    }
}

macro_rules! tuples {
    ($([$($index:tt $type:ident $local:ident)*])*) => {$(
        impl<$($type: Layout),*> Layout for ($($type,)*) {
            const HEAD: usize = 0 $(+ $type::HEAD)*;
            const FIXED: bool = true $(&& $type::FIXED)*;
            crate::__image_struct!($($index: $type,)*);

            fn describe(schema: &mut SchemaBuilder) -> SchemaId {
                let items = vec![$($type::describe(schema)),*];
                schema.anonymous(Node::Tuple(items))
            }
        }

        impl<$($type: Pickle),*> Pickle for ($($type,)*) {
            const IS_PLAIN: bool = true;

            #[inline(always)]
            fn measure(&self, measure: &mut Measure) -> Result<()> {
                $(if !$type::FIXED {
                    self.$index.measure(measure).map_err(|error| in_item(error, $index))?;
                })*
                Ok(())
            }

            #[inline(always)]
            fn encode<'b>(
                &self,
                head: HeadMut<'b, Self>,
                writer: &mut Writer,
            ) -> Written<'b, Self> {
                let mut fields = head.fields();
                $(fields.put(&self.$index, writer);)*
                fields.finish()
            }

            fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
                saver.tuple([$($index),*].len(), |saver| {
                    $(self.$index.save(saver).map_err(|error| in_item(error, $index))?;)*
                    Ok(())
                })
            }
        }

        impl<'de, $($type: Unpickle<'de>),*> Unpickle<'de> for ($($type,)*) {
            #[inline(always)]
            fn decode<'b>(
                head: Head<'_, Self>,
                reader: &mut Reader<'de>,
                slot: Slot<'b, Self>,
            ) -> Result<Filled<'b, Self>> {
                // SAFETY: `PARTS` below has the same fields.
                crate::__decode_struct!(unsafe head, slot, {
                    $($index: |heads, place| $type::decode_next(heads, reader, place);)*
                }, |error, index| in_item(error, index))
            }

            const PARTS: Option<Parts<'de, Self>> =
                Some(crate::__parts!(tuple Self, 'de, { $($index: $type, of $type::KIND;)* }));

            fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
                let items = restorer.exactly(id, [$($index),*].len())?;
                restorer.nest(id, |restorer| Ok(($(
                    $type::restore(items[$index], restorer)
                        .map_err(|error| in_item(error, $index))?,
                )*)))
            }
        }
    )*};
}

#[cold]
fn in_item(error: Error, index: usize) -> Error {
    error.in_index(index)
}

tuples! {
    [0 A a]
    [0 A a 1 B b]
    [0 A a 1 B b 2 C c]
    [0 A a 1 B b 2 C c 3 D d]
    [0 A a 1 B b 2 C c 3 D d 4 E e]
    [0 A a 1 B b 2 C c 3 D d 4 E e 5 F f]
    [0 A a 1 B b 2 C c 3 D d 4 E e 5 F f 6 G g]
    [0 A a 1 B b 2 C c 3 D d 4 E e 5 F f 6 G g 7 H h]
    [0 A a 1 B b 2 C c 3 D d 4 E e 5 F f 6 G g 7 H h 8 I i]
    [0 A a 1 B b 2 C c 3 D d 4 E e 5 F f 6 G g 7 H h 8 I i 9 J j]
    [0 A a 1 B b 2 C c 3 D d 4 E e 5 F f 6 G g 7 H h 8 I i 9 J j 10 K k]
    [0 A a 1 B b 2 C c 3 D d 4 E e 5 F f 6 G g 7 H h 8 I i 9 J j 10 K k 11 L l]
    [0 A a 1 B b 2 C c 3 D d 4 E e 5 F f 6 G g 7 H h 8 I i 9 J j 10 K k 11 L l 12 M m]
    [0 A a 1 B b 2 C c 3 D d 4 E e 5 F f 6 G g 7 H h 8 I i 9 J j 10 K k 11 L l 12 M m 13 N n]
    [0 A a 1 B b 2 C c 3 D d 4 E e 5 F f 6 G g 7 H h 8 I i 9 J j 10 K k 11 L l 12 M m 13 N n 14 O o]
    [0 A a 1 B b 2 C c 3 D d 4 E e 5 F f 6 G g 7 H h 8 I i 9 J j 10 K k 11 L l
        12 M m 13 N n 14 O o 15 P p]
}
