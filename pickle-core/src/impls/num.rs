//! Numbers, `bool`, `char`: heads of their own size, little-endian.

use crate::error::{Error, ErrorKind, Result};
use crate::native::{Filled, Head, HeadMut, Image, Measure, Reader, Slot, Writer, Written};
use crate::raw;
use crate::schema::{Node, Scalar, SchemaBuilder, SchemaId};
use crate::traits::{Layout, Pickle, Unpickle};

macro_rules! numbers {
    ($($type:ident $scalar:ident $image:ident,)*) => {$(
        impl Layout for $type {
            const HEAD: usize = size_of::<Self>();
            const FIXED: bool = true;
            const IMAGE: Image<Self> = raw::$image;

            fn describe(schema: &mut SchemaBuilder) -> SchemaId {
                schema.anonymous(Node::Scalar(Scalar::$scalar))
            }
        }

        impl Pickle for $type {
            #[inline(always)]
            fn measure(&self, _: &mut Measure) -> Result<()> {
                Ok(())
            }

            #[inline(always)]
            fn encode<'b>(&self, head: HeadMut<'b, Self>, _: &mut Writer) -> Written<'b, Self> {
                head.write(self.to_le_bytes())
            }
        }

        impl<'de> Unpickle<'de> for $type {
            #[inline(always)]
            fn decode<'b>(
                head: Head<'_, Self>,
                _: &mut Reader<'de>,
                slot: Slot<'b, Self>,
            ) -> Result<Filled<'b, Self>> {
                Ok(slot.write(Self::from_le_bytes(head.array())))
            }
        }
    )*};
}

numbers! {
    u8 U8 U8, u16 U16 U16, u32 U32 U32, u64 U64 U64, u128 U128 U128,
    i8 I8 I8, i16 I16 I16, i32 I32 I32, i64 I64 I64, i128 I128 I128,
    f32 F32 F32, f64 F64 F64,
}

/// `usize` and `isize` travel as 64 bits, so that every machine reads every pickle.
macro_rules! pointer_sized {
    ($($type:ident as $wire:ident,)*) => {$(
        impl Layout for $type {
            const HEAD: usize = <$wire as Layout>::HEAD;
            const FIXED: bool = true;

            fn describe(schema: &mut SchemaBuilder) -> SchemaId {
                $wire::describe(schema)
            }
        }

        impl Pickle for $type {
            #[inline(always)]
            fn measure(&self, _: &mut Measure) -> Result<()> {
                Ok(())
            }

            #[inline(always)]
            fn encode<'b>(&self, head: HeadMut<'b, Self>, _: &mut Writer) -> Written<'b, Self> {
                head.write((*self as $wire).to_le_bytes())
            }
        }

        impl<'de> Unpickle<'de> for $type {
            #[inline(always)]
            fn decode<'b>(
                head: Head<'_, Self>,
                _: &mut Reader<'de>,
                slot: Slot<'b, Self>,
            ) -> Result<Filled<'b, Self>> {
                let wire = $wire::from_le_bytes(head.array());
                let value = Self::try_from(wire).map_err(|_| {
                    Error::new(ErrorKind::OutOfRange {
                        value: wire.to_string(),
                        range: concat!(stringify!($type), " on this machine").into(),
                    })
                })?;
                Ok(slot.write(value))
            }
        }
    )*};
}

pointer_sized! { usize as u64, isize as i64, }

impl Layout for bool {
    const HEAD: usize = 1;
    const FIXED: bool = true;
    const IMAGE: Image<Self> = raw::BOOL;

    fn describe(schema: &mut SchemaBuilder) -> SchemaId {
        schema.anonymous(Node::Scalar(Scalar::Bool))
    }
}

impl Pickle for bool {
    #[inline(always)]
    fn measure(&self, _: &mut Measure) -> Result<()> {
        Ok(())
    }

    #[inline(always)]
    fn encode<'b>(&self, head: HeadMut<'b, Self>, _: &mut Writer) -> Written<'b, Self> {
        head.write([u8::from(*self)])
    }
}

impl<'de> Unpickle<'de> for bool {
    #[inline(always)]
    fn decode<'b>(
        head: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        match head.array() {
            [0] => Ok(slot.write(false)),
            [1] => Ok(slot.write(true)),
            _ => Err(reader.invalid(head, "a bool, 0 or 1")),
        }
    }
}

impl Layout for char {
    const HEAD: usize = 4;
    const FIXED: bool = true;
    const IMAGE: Image<Self> = raw::CHAR;

    fn describe(schema: &mut SchemaBuilder) -> SchemaId {
        schema.anonymous(Node::Scalar(Scalar::Char))
    }
}

impl Pickle for char {
    #[inline(always)]
    fn measure(&self, _: &mut Measure) -> Result<()> {
        Ok(())
    }

    #[inline(always)]
    fn encode<'b>(&self, head: HeadMut<'b, Self>, _: &mut Writer) -> Written<'b, Self> {
        head.write(u32::from(*self).to_le_bytes())
    }
}

impl<'de> Unpickle<'de> for char {
    #[inline(always)]
    fn decode<'b>(
        head: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        match Self::from_u32(u32::from_le_bytes(head.array())) {
            Some(value) => Ok(slot.write(value)),
            None => Err(reader.invalid(head, "a char, a Unicode scalar value")),
        }
    }
}
