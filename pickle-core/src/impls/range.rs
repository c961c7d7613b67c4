//! Ranges, `Bound`, and the small enums of std. `Range` and `RangeInclusive` of integers are Python's
//! `range`.

use std::cmp::Ordering;
use std::convert::Infallible;
use std::marker::PhantomData;
use std::ops::{
    Bound, ControlFlow, Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive,
};

use super::composite::{self, std_enum, std_struct};
use crate::error::{Error, Result};
use crate::graph::NodeId;
use crate::native::{
    Filled, Head, HeadMut, INLINE, Measure, Reader, Slot, Writer, Written, enum_head,
};
use crate::python::{BigInt, Saver};
use crate::restore::Restorer;
use crate::schema::{EnumNode, Node, Scalar, SchemaBuilder, SchemaId, StructNode};
use crate::shape::Shape;
use crate::traits::{Layout, Pickle, Unpickle};

std_struct! { [T] Range<T>, "Range" { start: T, end: T } where T: Sized,
    dump: |range| (&range.start, &range.end), load: Ok(Range { start, end }),
    save: save_range, restore: restore_range
}

static RANGE: Shape = composite::struct_shape(
    "Range",
    "std.Range",
    &[composite::field("start"), composite::field("end")],
);

/// Of integers, Python's `range`; of others a dict, as Python has none.
fn save_range<T: Pickle>(range: &Range<T>, saver: &mut Saver<'_>) -> Result<()> {
    if T::is_integer() {
        return saver.call("builtins", "range", 3, |saver| {
            range.start.save(saver)?;
            range.end.save(saver)?;
            saver.int(1);
            Ok(())
        });
    }
    saver.structure(&RANGE, |fields| {
        fields.put(&range.start)?;
        fields.put(&range.end)
    })
}

fn restore_range<'de, T: Unpickle<'de>>(
    id: NodeId,
    restorer: &mut Restorer<'_, 'de>,
) -> Result<Option<Range<T>>> {
    let Some((start, stop)) = bounds(id, restorer)? else { return Ok(None) };
    Ok(Some(T::restore(start, restorer)?..T::restore(stop, restorer)?))
}

/// Start and stop of a `range` of Python's whose step is 1.
fn bounds(id: NodeId, restorer: &Restorer<'_, '_>) -> Result<Option<(NodeId, NodeId)>> {
    let Some(made) = restorer.made_by(id, "builtins", "range") else { return Ok(None) };
    match *made.args {
        [start, stop] => Ok(Some((start, stop))),
        [start, stop, step] => match restorer.integer(step)?.to_i128() {
            Some(1) => Ok(Some((start, stop))),
            _ => Err(restorer
                .invalid(id, "a range with a step of 1")
                .with_hint("`pickle::python::PyRange` has steps")),
        },
        _ => Ok(None),
    }
}

std_struct! { [T] RangeFrom<T>, "RangeFrom" { start: T } where T: Sized,
dump: |range| (&range.start), load: Ok(RangeFrom { start }) }

std_struct! { [T] RangeTo<T>, "RangeTo" { end: T } where T: Sized,
dump: |range| (&range.end), load: Ok(RangeTo { end }) }

std_struct! { [T] RangeToInclusive<T>, "RangeToInclusive" { end: T } where T: Sized,
dump: |range| (&range.end), load: Ok(RangeToInclusive { end }) }

std_struct! { [] RangeFull, "RangeFull" {}, dump: |_range| (), load: Ok(RangeFull) }

impl<T: Layout> Layout for RangeInclusive<T> {
    const HEAD: usize = 2 * T::HEAD;
    const FIXED: bool = T::FIXED;

    fn describe(schema: &mut SchemaBuilder) -> SchemaId {
        schema.named::<Self>(|schema| {
            let bound = T::describe(schema);
            let fields = composite::named([("start", bound), ("end", bound)]);
            Node::Struct(StructNode { class: "std.RangeInclusive".into(), fields })
        })
    }
}

impl<T: Pickle + PartialOrd> Pickle for RangeInclusive<T> {
    fn measure(&self, measure: &mut Measure) -> Result<()> {
        self.start().measure(measure)?;
        self.end().measure(measure)
    }

    fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
        // A range iterated to its end still shows both bounds, and would come back whole.
        if self.is_empty() && self.start() <= self.end() {
            writer.fail(iterated());
        }
        let mut fields = head.fields();
        fields.put(self.start(), writer);
        fields.put(self.end(), writer);
        fields.finish()
    }

    fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
        if self.is_empty() && self.start() <= self.end() {
            return Err(iterated());
        }
        if let Some(end) = self.end().as_integer() {
            return saver.call("builtins", "range", 3, |saver| {
                self.start().save(saver)?;
                end.step(true).save(saver)?;
                saver.int(1);
                Ok(())
            });
        }
        saver.structure(&INCLUSIVE, |fields| {
            fields.put(self.start())?;
            fields.put(self.end())
        })
    }
}

#[cold]
fn iterated() -> Error {
    let error = Error::custom("a RangeInclusive that was iterated to its end");
    error.with_hint("pickle it before it is iterated, or pickle a `Range`")
}

static INCLUSIVE: Shape = composite::struct_shape(
    "RangeInclusive",
    "std.RangeInclusive",
    &[composite::field("start"), composite::field("end")],
);

impl<'de, T: Unpickle<'de>> Unpickle<'de> for RangeInclusive<T> {
    fn decode<'b>(
        head: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        let mut fields = head.fields();
        let mut bound = |name| {
            reader.value::<T>(fields.head()).map_err(|error| error.in_field("RangeInclusive", name))
        };
        let (start, end) = (bound("start")?, bound("end")?);
        Ok(slot.write(start..=end))
    }

    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        if let Some((start, stop)) = bounds(id, restorer)? {
            let start = T::restore(start, restorer)?;
            let last = BigInt::restore(stop, restorer)?.step(false);
            return match T::of_integer(last) {
                Some(end) => Ok(start..=end),
                None => Err(restorer.out_of_range(stop, std::any::type_name::<Self>())),
            };
        }
        let mut nodes = [None; 2];
        let mut fields = restorer.structure(id, &INCLUSIVE, &mut nodes)?;
        Ok(fields.take()?..=fields.take()?)
    }
}

std_enum! { [T] Bound<T>, "Bound" { 0 Included(value: T), 1 Excluded(value: T), 2 Unbounded } }

std_enum! { [T, E] std::result::Result<T, E>, "Result" { 0 Ok(value: T), 1 Err(value: E) } }

std_enum! { [B, C] ControlFlow<B, C>, "ControlFlow" { 0 Continue(value: C), 1 Break(value: B) } }

std_enum! { [] Ordering, "Ordering" { 0 Less, 1 Equal, 2 Greater } }

std_enum! { [] Infallible, "Infallible" {} }

impl<T: ?Sized> Layout for PhantomData<T> {
    const HEAD: usize = 0;
    const FIXED: bool = true;
    const NULLABLE: bool = true;

    fn describe(schema: &mut SchemaBuilder) -> SchemaId {
        schema.anonymous(Node::Scalar(Scalar::Unit))
    }
}

impl<T: ?Sized> Pickle for PhantomData<T> {
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

impl<'de, T: ?Sized> Unpickle<'de> for PhantomData<T> {
    #[inline(always)]
    fn decode<'b>(
        _: Head<'_, Self>,
        _: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        Ok(slot.write(Self))
    }

    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        restorer.none(id).map(|()| Self)
    }

    fn absent() -> Option<Self> {
        Some(Self)
    }
}
