//! Structs and enums of std, which a derive cannot reach.

use crate::schema::{FieldNodes, SchemaId};
use crate::shape::{Body, Field, Fields, PythonShape, Shape, Style, Variant};

/// The table of a struct of std, which is a plain dict in Python.
pub(crate) const fn struct_shape(
    name: &'static str,
    class: &'static str,
    list: &'static [Field],
) -> Shape {
    let body = Body::Struct(Fields { style: Style::Named, list });
    shape(name, class, PythonShape::Dict, body)
}

/// The table of an enum of std, which is tagged in Python: `{"Ok": 1}`.
pub(crate) const fn enum_shape(
    name: &'static str,
    class: &'static str,
    variants: &'static [Variant],
) -> Shape {
    shape(name, class, PythonShape::Tagged, Body::Enum(variants))
}

const fn shape(name: &'static str, class: &'static str, python: PythonShape, body: Body) -> Shape {
    Shape {
        name,
        class,
        aliases: &[],
        module: "std",
        qualname: name,
        python,
        untagged: false,
        deny_unknown_fields: false,
        body,
    }
}

pub(crate) const fn field(name: &'static str) -> Field {
    Field { name, aliases: &[], default: false, bytes: false }
}

/// The name of the only field, whatever it is called in the source.
pub(crate) const fn zeroth(_: &'static str) -> &'static str {
    "0"
}

/// A variant with one field or none.
pub(crate) const fn variant(name: &'static str, list: &'static [Field]) -> Variant {
    let style = if list.is_empty() { Style::Unit } else { Style::Tuple };
    let fields = Fields { style, list };
    Variant { name, aliases: &[], other: false, value: None, fields }
}

/// The fields of a struct of std, for its schema.
pub(crate) fn named<const N: usize>(fields: [(&str, SchemaId); N]) -> FieldNodes {
    let list = fields.into_iter().map(|(name, id)| (name.to_owned(), id)).collect();
    FieldNodes { style: Style::Named, list }
}

/// The field of a variant of std, if it has one, for its schema.
pub(crate) fn payload<const N: usize>(fields: [SchemaId; N]) -> FieldNodes {
    let style = if N == 0 { Style::Unit } else { Style::Tuple };
    let list = fields.into_iter().enumerate().map(|(index, id)| (index.to_string(), id)).collect();
    FieldNodes { style, list }
}

/// The name of a type's class in schemas.
macro_rules! class_name {
    ($class:literal) => {
        concat!("std.", $class)
    };
    ($class:literal $full:literal) => {
        $full
    };
}

/// A struct that is pickled as the named fields, for which `dump` makes borrowed or owned values, and
/// that `load` makes from them, or says what it expects.
///
/// In Python's protocols it is a dict of them, or what `save` writes; and `restore`, which returns
/// `None` for what is no form of Python's own, reads.
macro_rules! std_struct {
    // Python's own form, if the type has one, or else the dict.
    (@save [$save:expr] $value:ident $saver:ident $dict:block) => { $save($value, $saver) };
    (@save [] $value:ident $saver:ident $dict:block) => { $dict };
    ([$($generics:tt)*] $type:ty, $class:literal $(as $full:literal)? { $($field:ident: $wire:ty),* }
        $(where $bounded:ty: $bound:path)?,
        dump: |$value:ident| ($($part:expr),*), load: $load:expr
        $(, save: $save:expr, restore: $restore:expr)?
    ) => {
        impl<$($generics)*> Layout for $type $(where $bounded: Layout)? {
            const HEAD: usize = 0 $(+ <$wire as Layout>::HEAD)*;
            const FIXED: bool = true $(&& <$wire as Layout>::FIXED)*;

            fn describe(schema: &mut SchemaBuilder) -> SchemaId {
                schema.named::<Self>(|_schema| {
                    let fields = composite::named([
                        $((stringify!($field), <$wire as Layout>::describe(_schema))),*
                    ]);
                    Node::Struct(StructNode { class: composite::class_name!($class $($full)?).into(), fields })
                })
            }
        }

        impl<$($generics)*> Pickle for $type $(where $bounded: Pickle + $bound)? {
            const IS_PLAIN: bool = true;

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

            fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
                let $value = self;
                composite::std_struct!(@save [$($save)?] $value saver {
                    static SHAPE: Shape = composite::struct_shape(
                        $class,
                        composite::class_name!($class $($full)?),
                        &[$(composite::field(stringify!($field))),*],
                    );
                    saver.structure(&SHAPE, |_fields| {
                        $(_fields.put(&$part)?;)*
                        Ok(())
                    })
                })
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

            fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
                $(if let Some(value) = $restore(id, restorer)? {
                    return Ok(value);
                })?
                static SHAPE: Shape = composite::struct_shape(
                    $class,
                    composite::class_name!($class $($full)?),
                    &[$(composite::field(stringify!($field))),*],
                );
                const FIELDS: usize = { let fields: &[&str] = &[$(stringify!($field)),*]; fields.len() };
                let mut nodes = [None; FIELDS];
                let mut _fields = restorer.structure(id, &SHAPE, &mut nodes)?;
                $(let $field: $wire = _fields.take()?;)*
                let loaded = $load;
                loaded.map_err(|expected: &'static str| restorer.invalid(id, expected))
            }
        }
    };
}

/// An enum whose variants have one field or none.
macro_rules! std_enum {
    ([$($parameter:ident),*] $type:ty, $class:literal {
        $($number:literal $variant:ident $(($field:ident: $payload:ty))?),*
    } $(, save: $save:expr, restore: $restore:expr)?) => {
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
            const IS_PLAIN: bool = true;

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

            fn save(&self, _saver: &mut Saver<'_>) -> Result<()> {
                let value = self;
                composite::std_struct!(@save [$($save)?] value _saver {
                    #[allow(dead_code)] // of an enum without variants
                    static SHAPE: Shape = composite::enum_shape($class, concat!("std.", $class), &[$(
                        composite::variant(
                            stringify!($variant),
                            &[$(composite::field(composite::zeroth(stringify!($field))))?],
                        )
                    ),*]);
                    match *value {
                        $(Self::$variant $((ref $field))? => {
                            _saver.variant(&SHAPE, $number, |_fields| {
                                $(_fields.put($field)?;)?
                                Ok(())
                            })
                        })*
                    }
                })
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

            fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
                $(if let Some(value) = $restore(id, restorer)? {
                    return Ok(value);
                })?
                static SHAPE: Shape = composite::enum_shape($class, concat!("std.", $class), &[$(
                    composite::variant(
                        stringify!($variant),
                        &[$(composite::field(composite::zeroth(stringify!($field))))?],
                    )
                ),*]);
                let mut nodes = [None; 1];
                let mut _fields = restorer.variant(id, &SHAPE, &mut nodes)?;
                match _fields.variant() {
                    $($number => {
                        $(let $field = _fields.take()?;)?
                        Ok(Self::$variant $(($field))?)
                    })*
                    index => unreachable!("{} has no variant {index}", $class),
                }
            }
        }
    };
}

pub(crate) use {class_name, std_enum, std_struct};

/// A value that was made to be pickled, and has no impl of its own.
#[cfg(any(feature = "chrono", feature = "time"))]
pub(crate) struct Owned<T>(pub(crate) T);

#[cfg(any(feature = "chrono", feature = "time"))]
impl<T> std::ops::Deref for Owned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// A type that is pickled as if it were what it holds.
macro_rules! std_wrapper {
    ([$($generics:tt)*] $type:ty as $inner:ty $(where $bounded:ty: $bound:path)?,
        $(is_plain: $is_plain:literal,)?
        dump: |$value:ident| $dump:expr, load: |$loaded:ident| $load:expr
        $(, build: $build:ident, set: |$cell:ident, $contents:ident| $set:expr, inside: $inside:expr)?
    ) => {
        impl<$($generics)*> Layout for $type $(where $bounded: Layout)? {
            const HEAD: usize = <$inner as Layout>::HEAD;
            const FIXED: bool = <$inner as Layout>::FIXED;
            const NULLABLE: bool = <$inner as Layout>::NULLABLE;

            fn describe(schema: &mut SchemaBuilder) -> SchemaId {
                <$inner as Layout>::describe(schema)
            }
        }

        impl<$($generics)*> Pickle for $type $(where $bounded: Pickle + $bound)? {
            const IS_PLAIN: bool = true $(&& $is_plain)?;

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

            fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
                let $value = self;
                ($dump)?.save(saver)
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

            fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
                $(if let Some($contents) = restorer.shell_of::<$inner>(id) {
                    let $loaded = $contents;
                    let loaded: Result<Self, &'static str> = $load;
                    return loaded.map_err(|expected| restorer.invalid(id, expected));
                })?
                let $loaded = <$inner as Unpickle<'de>>::restore(id, restorer)?;
                let loaded: Result<Self, &'static str> = $load;
                loaded.map_err(|expected| restorer.invalid(id, expected))
            }

            $(
                fn build_shared<F: $crate::shared::Family, C: $crate::shared::Loading>(
                    slot: $crate::shared::SlotId,
                    context: &mut C,
                    build: impl FnOnce(&mut C) -> Result<Self>,
                ) -> Result<F::Strong<Self>>
                where
                    Self: 'static,
                {
                    $crate::shared::$build::<F, Self, C>(slot, context, build)
                }

                fn shell(restorer: &Restorer<'_, 'de>) -> Option<Self> {
                    let $loaded = <$inner as Unpickle<'de>>::shell(restorer)?;
                    let loaded: Result<Self, &'static str> = $load;
                    loaded.ok()
                }

                fn visit_cells(&self, visitor: &mut CellVisitor<'_, '_, 'de>) -> Result<()> {
                    let $cell = self;
                    let set = |$contents: $inner| $set;
                    visitor.cell::<$inner>(set, |visitor| match $inside {
                        Some(inside) => inside.visit_cells(visitor),
                        None => Ok(()),
                    })
                }
            )?
        }
    };
}

pub(crate) use std_wrapper;
