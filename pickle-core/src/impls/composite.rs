//! Structs and enums of std, which a derive cannot reach.

use crate::schema::{FieldNodes, SchemaId};
use crate::shape::Style;

/// The fields of a struct of std, for its schema.
pub(super) fn named<const N: usize>(fields: [(&str, SchemaId); N]) -> FieldNodes {
    let list = fields.into_iter().map(|(name, id)| (name.to_owned(), id)).collect();
    FieldNodes { style: Style::Named, list }
}

/// The field of a variant of std, if it has one, for its schema.
pub(super) fn payload<const N: usize>(fields: [SchemaId; N]) -> FieldNodes {
    let style = if N == 0 { Style::Unit } else { Style::Tuple };
    let list = fields.into_iter().enumerate().map(|(index, id)| (index.to_string(), id)).collect();
    FieldNodes { style, list }
}

/// A struct that is pickled as the named fields, for which `dump` makes borrowed or owned values, and
/// that `load` makes from them, or says what it expects.
macro_rules! std_struct {
    ([$($generics:tt)*] $type:ty, $class:literal { $($field:ident: $wire:ty),* }
        $(where $bounded:ty: $bound:path)?,
        dump: |$value:ident| ($($part:expr),*), load: $load:expr
    ) => {
        impl<$($generics)*> Layout for $type $(where $bounded: Layout)? {
            const HEAD: usize = 0 $(+ <$wire as Layout>::HEAD)*;
            const FIXED: bool = true $(&& <$wire as Layout>::FIXED)*;

            fn describe(schema: &mut SchemaBuilder) -> SchemaId {
                schema.named::<Self>(|_schema| {
                    let fields = composite::named([
                        $((stringify!($field), <$wire as Layout>::describe(_schema))),*
                    ]);
                    Node::Struct(StructNode { class: concat!("std.", $class).into(), fields })
                })
            }
        }

        impl<$($generics)*> Pickle for $type $(where $bounded: Pickle + $bound)? {
            #[inline]
            fn measure(&self, _measure: &mut Measure) -> Result<()> {
                let $value = self;
                $(
                    if !<$wire as Layout>::FIXED {
                        ($part).measure(_measure)
                            .map_err(|error| error.in_field($class, stringify!($field)))?;
                    }
                )*
                Ok(())
            }

            #[inline]
            fn encode<'b>(&self, head: HeadMut<'b, Self>, _writer: &mut Writer) -> Written<'b, Self> {
                let $value = self;
                #[allow(unused_mut)]
                let mut fields = head.fields();
                $(fields.put(&$part, _writer);)*
                fields.finish()
            }
        }

        impl<'de, $($generics)*> Unpickle<'de> for $type $(where $bounded: Unpickle<'de>)? {
            #[inline]
            fn decode<'b>(
                head: Head<'_, Self>,
                reader: &mut Reader<'de>,
                slot: Slot<'b, Self>,
            ) -> Result<Filled<'b, Self>> {
                let mut _fields = head.fields();
                $(
                    let $field: $wire = reader.value(_fields.head())
                        .map_err(|error| error.in_field($class, stringify!($field)))?;
                )*
                match $load {
                    Ok(value) => Ok(slot.write(value)),
                    Err(expected) => {
                        let expected: &'static str = expected;
                        Err(reader.invalid(head, expected))
                    }
                }
            }
        }
    };
}

/// An enum whose variants have one field or none.
macro_rules! std_enum {
    ([$($parameter:ident),*] $type:ty, $class:literal {
        $($number:literal $variant:ident $(($field:ident: $payload:ty))?),*
    }) => {
        impl<$($parameter: Layout),*> Layout for $type {
            const HEAD: usize = enum_head(&[$(0 $(+ <$payload as Layout>::HEAD)?),*]);
            const FIXED: bool = true $($(
                && <$payload as Layout>::FIXED && <$payload as Layout>::HEAD <= INLINE
            )?)*;

            fn describe(schema: &mut SchemaBuilder) -> SchemaId {
                schema.named::<Self>(|_schema| {
                    let variants = vec![$((
                        stringify!($variant).to_owned(),
                        composite::payload([$(<$payload as Layout>::describe(_schema))?]),
                    )),*];
                    Node::Enum(EnumNode { class: concat!("std.", $class).into(), variants })
                })
            }
        }

        impl<$($parameter: Pickle),*> Pickle for $type {
            #[inline]
            fn measure(&self, _measure: &mut Measure) -> Result<()> {
                match *self {
                    $(Self::$variant $((ref $field))? => {
                        $(
                            _measure.variant(<$payload as Layout>::HEAD);
                            $field.measure(_measure)
                                .map_err(|error| error.in_field($class, stringify!($variant)))?;
                        )?
                        Ok(())
                    })*
                }
            }

            #[inline]
            fn encode<'b>(&self, head: HeadMut<'b, Self>, _writer: &mut Writer) -> Written<'b, Self> {
                #[allow(unused_mut, unused_variables)]
                let mut fields = head.fields();
                match *self {
                    $(Self::$variant $((ref $field))? => {
                        fields.bytes([$number]);
                        $(fields.variant(<$payload as Layout>::HEAD, _writer, |fields, writer| {
                            fields.put($field, writer);
                        });)?
                        fields.finish()
                    })*
                }
            }
        }

        impl<'de, $($parameter: Unpickle<'de>),*> Unpickle<'de> for $type {
            #[inline]
            fn decode<'b>(
                head: Head<'_, Self>,
                reader: &mut Reader<'de>,
                _slot: Slot<'b, Self>,
            ) -> Result<Filled<'b, Self>> {
                let mut fields = head.fields();
                match fields.take() {
                    $([$number] => {
                        $(
                            let mut fields = reader.variant(fields, <$payload as Layout>::HEAD)?;
                            let $field = reader.value::<$payload>(fields.head())
                                .map_err(|error| error.in_field($class, stringify!($variant)))?;
                        )?
                        Ok(_slot.write(Self::$variant $(($field))?))
                    })*
                    [tag] => Err(reader.unknown_variant(head, tag.into(), $class)),
                }
            }
        }
    };
}

pub(super) use {std_enum, std_struct};

/// A type that is pickled as if it were what it holds.
macro_rules! std_wrapper {
    ([$($generics:tt)*] $type:ty as $inner:ty $(where $bounded:ty: $bound:path)?,
        dump: |$value:ident| $dump:expr, load: |$loaded:ident| $load:expr
    ) => {
        impl<$($generics)*> Layout for $type $(where $bounded: Layout)? {
            const HEAD: usize = <$inner as Layout>::HEAD;
            const FIXED: bool = <$inner as Layout>::FIXED;

            fn describe(schema: &mut SchemaBuilder) -> SchemaId {
                <$inner as Layout>::describe(schema)
            }
        }

        impl<$($generics)*> Pickle for $type $(where $bounded: Pickle + $bound)? {
            #[inline]
            fn measure(&self, measure: &mut Measure) -> Result<()> {
                if <$inner as Layout>::FIXED {
                    return Ok(());
                }
                let $value = self;
                match $dump {
                    Ok(inner) => inner.measure(measure),
                    Err(error) => Err(error),
                }
            }

            #[inline]
            fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
                let $value = self;
                match $dump {
                    Ok(inner) => head.put(&*inner, writer),
                    Err(error) => {
                        writer.fail(error);
                        head.zero()
                    }
                }
            }
        }

        impl<'de, $($generics)*> Unpickle<'de> for $type $(where $bounded: Unpickle<'de>)? {
            #[inline]
            fn decode<'b>(
                head: Head<'_, Self>,
                reader: &mut Reader<'de>,
                slot: Slot<'b, Self>,
            ) -> Result<Filled<'b, Self>> {
                let $loaded = reader.value::<$inner>(head.cast())?;
                match $load {
                    Ok(value) => Ok(slot.write(value)),
                    Err(expected) => {
                        let expected: &'static str = expected;
                        Err(reader.invalid(head, expected))
                    }
                }
            }
        }
    };
}

pub(super) use std_wrapper;
