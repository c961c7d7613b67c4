//! Numbers, `bool`, `char`: heads of their own size, little-endian.

use crate::error::{Error, ErrorKind, Result};
use crate::graph::NodeId;
use crate::native::{Filled, Head, HeadMut, Image, Measure, Reader, Slot, Writer, Written};
use crate::python::{BigInt, Saver};
use crate::raw;
use crate::restore::Restorer;
use crate::schema::{Node, Scalar, SchemaBuilder, SchemaId};
use crate::traits::{Layout, Pickle, Unpickle};

/// What numbers of a kind have in common.
macro_rules! of_kind {
    (float save) => {
        fn save_slice(items: &[Self], saver: &mut Saver<'_>) -> Result<()> {
            saver.floats(items)
        }
    };
    (float restore) => {};
    (integer save) => {
        fn save_slice(items: &[Self], saver: &mut Saver<'_>) -> Result<()> {
            saver.ints(items, |item| i64::try_from(*item).ok())
        }

        of_kind! { byte save }
    };
    (byte save) => {
        fn is_integer() -> bool {
            true
        }

        fn as_integer(&self) -> Option<BigInt> {
            Some((*self).into())
        }
    };
    ($integer:ident restore) => {
        fn of_integer(value: BigInt) -> Option<Self> {
            value.try_into().ok()
        }
    };
}

macro_rules! numbers {
    ($($type:ident $scalar:ident $image:ident [$kind:ident]
        save: |$value:ident, $saver:ident| $save:expr, restore: |$id:ident, $restorer:ident| $restore:expr
        $(, slices: { $($save_slice:tt)* } { $($restore_vec:tt)* })?;
    )*) => {$(
        impl Layout for $type {
            const HEAD: usize = size_of::<Self>();
            const FIXED: bool = true;
            const IMAGE: Image<Self> = raw::$image;

            fn describe(schema: &mut SchemaBuilder) -> SchemaId {
                schema.anonymous(Node::Scalar(Scalar::$scalar))
            }
        }

        impl Pickle for $type {
            const IS_PLAIN: bool = true;

            #[inline(always)]
            fn measure(&self, _: &mut Measure) -> Result<()> {
                Ok(())
            }

            #[inline(always)]
            fn encode<'b>(&self, head: HeadMut<'b, Self>, _: &mut Writer) -> Written<'b, Self> {
                head.write(self.to_le_bytes())
            }

            #[inline]
            fn save(&self, $saver: &mut Saver<'_>) -> Result<()> {
                let $value = *self;
                $save;
                Ok(())
            }

            $($($save_slice)*)?

            of_kind! { $kind save }
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

            #[inline]
            fn restore($id: NodeId, $restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
                $restore
            }

            $($($restore_vec)*)?

            #[inline]
            fn shell(_: &Restorer<'_, 'de>) -> Option<Self> {
                Some(Self::default())
            }

            of_kind! { $kind restore }
        }
    )*};
}

numbers! {
    u8 U8 U8 [byte]
        save: |value, saver| saver.int(value.into()),
        restore: |id, restorer| restorer.number(id, "u8 (0 to 255)"), slices: {
            fn save_slice(items: &[Self], saver: &mut Saver<'_>) -> Result<()> {
                saver.bytes(items)
            }

            fn as_byte(&self) -> Option<u8> {
                Some(*self)
            }
        } {
            fn restore_vec(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Vec<Self>> {
                restorer.byte_vec(id)
            }
        };
    u16 U16 U16 [integer]
        save: |value, saver| saver.int(value.into()),
        restore: |id, restorer| restorer.number(id, "u16 (0 to 65535)");
    u32 U32 U32 [integer]
        save: |value, saver| saver.int(value.into()),
        restore: |id, restorer| restorer.number(id, "u32 (0 to 4294967295)");
    u64 U64 U64 [integer]
        save: |value, saver| saver.uint128(value.into()),
        restore: |id, restorer| restorer.number(id, "u64 (0 to 18446744073709551615)");
    u128 U128 U128 [integer]
        save: |value, saver| saver.uint128(value),
        restore: |id, restorer| restorer.unsigned(id, "u128 (0 to 340282366920938463463374607431768211455)");
    i8 I8 I8 [integer]
        save: |value, saver| saver.int(value.into()),
        restore: |id, restorer| restorer.number(id, "i8 (-128 to 127)");
    i16 I16 I16 [integer]
        save: |value, saver| saver.int(value.into()),
        restore: |id, restorer| restorer.number(id, "i16 (-32768 to 32767)");
    i32 I32 I32 [integer]
        save: |value, saver| saver.int(value.into()),
        restore: |id, restorer| restorer.number(id, "i32 (-2147483648 to 2147483647)");
    i64 I64 I64 [integer]
        save: |value, saver| saver.int(value),
        restore: |id, restorer| restorer.number(id, "i64 (-9223372036854775808 to 9223372036854775807)");
    i128 I128 I128 [integer]
        save: |value, saver| saver.int128(value),
        restore: |id, restorer| restorer.number(id, "i128 (-170141183460469231731687303715884105728 to 170141183460469231731687303715884105727)");
    f32 F32 F32 [float]
        save: |value, saver| saver.float(value.into()),
        restore: |id, restorer| restorer.single(id);
    f64 F64 F64 [float]
        save: |value, saver| saver.float(value),
        restore: |id, restorer| restorer.float(id);
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
            const IS_PLAIN: bool = true;

            #[inline(always)]
            fn measure(&self, _: &mut Measure) -> Result<()> {
                Ok(())
            }

            #[inline(always)]
            fn encode<'b>(&self, head: HeadMut<'b, Self>, _: &mut Writer) -> Written<'b, Self> {
                head.write((*self as $wire).to_le_bytes())
            }

            #[inline]
            fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
                (*self as $wire).save(saver)
            }

            of_kind! { integer save }
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

            #[inline]
            fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
                restorer.number(id, concat!(stringify!($type), " on this machine"))
            }

            #[inline]
            fn shell(_: &Restorer<'_, 'de>) -> Option<Self> {
                Some(Self::default())
            }

            of_kind! { integer restore }
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
    const IS_PLAIN: bool = true;

    #[inline(always)]
    fn measure(&self, _: &mut Measure) -> Result<()> {
        Ok(())
    }

    #[inline(always)]
    fn encode<'b>(&self, head: HeadMut<'b, Self>, _: &mut Writer) -> Written<'b, Self> {
        head.write([u8::from(*self)])
    }

    #[inline]
    fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
        saver.bool(*self);
        Ok(())
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

    #[inline]
    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        restorer.bool(id)
    }

    #[inline]
    fn shell(_: &Restorer<'_, 'de>) -> Option<Self> {
        Some(Self::default())
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
    const IS_PLAIN: bool = true;

    #[inline(always)]
    fn measure(&self, _: &mut Measure) -> Result<()> {
        Ok(())
    }

    #[inline(always)]
    fn encode<'b>(&self, head: HeadMut<'b, Self>, _: &mut Writer) -> Written<'b, Self> {
        head.write(u32::from(*self).to_le_bytes())
    }

    fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
        saver.str(self.encode_utf8(&mut [0; 4]));
        Ok(())
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

    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        let mut chars = restorer.text(id)?.chars();
        match (chars.next(), chars.next()) {
            (Some(char), None) => Ok(char),
            _ => Err(restorer.invalid(id, "str of one character")),
        }
    }
}
