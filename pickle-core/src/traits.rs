//! The three traits of the framework. `#[derive(Pickle)]` writes them all.

use std::any::TypeId;

use crate::error::Result;
use crate::graph::NodeId;
use crate::native::{
    Cursor, FieldImage, Fields, Filled, Head, HeadMut, Image, KindOf, Measure, Parts, Reader, Slot,
    Writer, Written,
};
use crate::python::{BigInt, FieldSaver, Saver};
use crate::registry::Registry;
use crate::restore::{CellVisitor, Restorer};
use crate::schema::{SchemaBuilder, SchemaId};
use crate::shape::{Field, Shape};
use crate::shared::{self, Family, Loading, SlotId};

/// How a type lies in a native pickle.
///
/// Each type has a *head* of constant size. What does not fit there, the elements of a `Vec` or
/// the characters of a `String`, goes to the *tail* and *text* of the section it is in; see
/// `docs/native-format.md`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be pickled",
    label = "no `Pickle` for this type",
    note = "add `#[derive(Pickle)]` to the type, `#[pickle::class]` to the trait of a `dyn` one, or `#[pickle(skip)]` to the field"
)]
pub trait Layout {
    /// Size of the head in bytes.
    ///
    /// Must not depend on itself: a recursive type passes through a `Box`, `Vec` or map, whose
    /// heads have a size of their own.
    const HEAD: usize;

    /// Whether values have a head only, no tail and no text.
    const FIXED: bool = false;

    /// The proof that the memory of this type is its head.
    const IMAGE: Image<Self> = Image::NONE;

    /// The fields that [`IMAGE`](Self::IMAGE) is made of.
    #[doc(hidden)]
    const FIELDS: &'static [FieldImage] = &[];

    /// Whether a value may be `None` in Python, so that an `Option` of this type needs a tuple of
    /// one item to tell `Some(None)` from `None`.
    const NULLABLE: bool = false;

    /// What the derive knows about this type.
    #[doc(hidden)]
    fn shape() -> Option<&'static Shape> {
        None
    }

    /// Describes this type for the schema of a pickle.
    fn describe(schema: &mut SchemaBuilder) -> SchemaId;
}

/// A type whose values can be pickled.
///
/// Derive it; the derive generates [`Unpickle`] as well.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be pickled",
    label = "no `Pickle` for this type",
    note = "add `#[derive(Pickle)]` to the type, `#[pickle::class]` to the trait of a `dyn` one, or `#[pickle(skip)]` to the field"
)]
pub trait Pickle: Layout {
    /// Adds the sizes of the tail and the text that [`encode`](Self::encode) will need.
    ///
    /// # Errors
    /// When the value cannot be pickled: nested too deep, behind a poisoned lock, refused by a hook.
    fn measure(&self, measure: &mut Measure) -> Result<()>;

    /// Writes the head, and the rest through `writer`.
    fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self>;

    /// Writes the value by one of Python's protocols.
    ///
    /// # Errors
    /// As [`measure`](Self::measure); and when the protocol cannot express the value.
    fn save(&self, saver: &mut Saver<'_>) -> Result<()>;

    /// [`save`](Self::save) of a slice: a list, but for bytes.
    #[doc(hidden)]
    fn save_slice(items: &[Self], saver: &mut Saver<'_>) -> Result<()>
    where
        Self: Sized,
    {
        saver.list::<Self, &Self>(items.len(), items.iter())
    }

    /// Whether `encode` refuses itself what `measure` refuses, and neither runs code that is not
    /// known here: then values can be written without being measured. It says nothing of the parts.
    #[doc(hidden)]
    const IS_PLAIN: bool = false;

    /// The type of the object, where the object stands behind a pointer that many share.
    #[doc(hidden)]
    fn type_key(&self) -> TypeId {
        typeid::of::<Self>()
    }

    /// Whether Python gets the object in a dict that names its class.
    #[doc(hidden)]
    fn is_tagged(&self, _registry: &Registry) -> bool {
        false
    }

    /// The value as an element of `bytes`.
    #[doc(hidden)]
    fn as_byte(&self) -> Option<u8> {
        None
    }

    /// The value as text, where it is written as such.
    #[doc(hidden)]
    #[inline]
    fn as_text(&self) -> Option<&str> {
        None
    }

    /// Whether values are integers, which Python has ranges of.
    #[doc(hidden)]
    fn is_integer() -> bool
    where
        Self: Sized,
    {
        false
    }

    /// The value as an integer of any size.
    #[doc(hidden)]
    fn as_integer(&self) -> Option<BigInt> {
        None
    }

    /// [`measure`](Self::measure) of a field.
    #[doc(hidden)]
    #[inline(always)]
    fn measure_next(&self, measure: &mut Measure) -> Result<()> {
        if Self::FIXED { Ok(()) } else { self.measure(measure) }
    }

    /// [`save`](Self::save) of a field.
    #[doc(hidden)]
    #[inline(always)]
    fn save_next(&self, field: &'static Field, fields: &mut FieldSaver<'_, '_>) -> Result<()> {
        fields.put_by(field, self, Self::save)
    }

    /// [`encode`](Self::encode) of a field, into the next of its struct's heads.
    #[doc(hidden)]
    #[inline(always)]
    fn encode_next(&self, fields: &mut Cursor<'_>, writer: &mut Writer) {
        fields.put(self, writer);
    }
}

/// A type whose values can be loaded from a pickle; they may borrow from it for `'de`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be loaded from a pickle",
    label = "no `Unpickle` for this type",
    note = "add `#[derive(Pickle)]` to the type, `#[pickle::class]` to the trait of a `dyn` one, or `#[pickle(skip)]` to the field"
)]
pub trait Unpickle<'de>: Layout + Sized {
    /// Reads the head, and the rest through `reader`, into the slot.
    fn decode<'b>(
        head: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>>;

    /// The fields that a value is made of, where it is a derived struct.
    #[doc(hidden)]
    const PARTS: Option<Parts<'de, Self>> = None;

    /// Builds the value that a node of a graph denotes: an object of Python's, or one that another
    /// version of this type was pickled from.
    ///
    /// # Errors
    /// When the node denotes no value of this type, or the limits are exceeded.
    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self>;

    /// [`restore`](Self::restore) of a sequence of values.
    #[doc(hidden)]
    fn restore_vec(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Vec<Self>> {
        restorer.list(id)
    }

    /// The value of an integer, where values are integers and it is one of them.
    #[doc(hidden)]
    fn of_integer(_: BigInt) -> Option<Self> {
        None
    }

    /// Builds a value into an object that is shared, such that what it holds can refer to it.
    #[doc(hidden)]
    #[inline]
    fn build_shared<F: Family, C: Loading>(
        slot: SlotId,
        context: &mut C,
        build: impl FnOnce(&mut C) -> Result<Self>,
    ) -> Result<F::Strong<Self>>
    where
        Self: 'static,
    {
        shared::build::<F, Self, C>(slot, context, build)
    }

    /// What stands for a value that comes later, where the type has such.
    #[doc(hidden)]
    #[inline]
    fn shell(restorer: &Restorer<'_, 'de>) -> Option<Self> {
        match Self::PARTS {
            Some(parts) => parts.shell(restorer),
            None => None,
        }
    }

    /// Visits the cells of a value, in the order in which [`restore`](Self::restore) meets them.
    /// None where it meets them in no order of the value's, or not itself.
    #[doc(hidden)]
    #[inline]
    fn visit_cells(&self, visitor: &mut CellVisitor<'_, '_, 'de>) -> Result<()> {
        match Self::PARTS {
            Some(parts) => parts.visit_cells(self, visitor),
            None => Ok(()),
        }
    }

    /// The value of a field that the pickle does not have, where the type has one of its own.
    #[doc(hidden)]
    fn absent() -> Option<Self> {
        None
    }

    /// [`decode`](Self::decode) of a field, from the next of its struct's heads.
    #[doc(hidden)]
    #[inline(always)]
    fn decode_next<'b>(
        fields: &mut Fields<'_>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        Self::decode(fields.head(), reader, slot)
    }

    /// [`decode_next`](Self::decode_next) by value: for a field that is no place yet.
    #[doc(hidden)]
    #[inline(always)]
    fn value_next(fields: &mut Fields<'_>, reader: &mut Reader<'de>) -> Result<Self> {
        reader.value(fields.head())
    }

    /// What is done with a field of this type.
    #[doc(hidden)]
    const KIND: KindOf<'de, Self> = KindOf::OWN;
}

/// A type that can be loaded from a pickle without borrowing from it.
pub trait UnpickleOwned: for<'de> Unpickle<'de> {}

impl<T: for<'de> Unpickle<'de>> UnpickleOwned for T {}
