//! Ranges, `Bound`, and the small enums of std.

use std::cmp::Ordering;
use std::convert::Infallible;
use std::marker::PhantomData;
use std::ops::{
    Bound, ControlFlow, Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive,
};

use super::composite::{self, std_enum, std_struct};
use crate::error::{Error, Result};
use crate::native::{
    Filled, Head, HeadMut, INLINE, Measure, Reader, Slot, Writer, Written, enum_head,
};
use crate::schema::{EnumNode, Node, Scalar, SchemaBuilder, SchemaId, StructNode};
use crate::traits::{Layout, Pickle, Unpickle};

std_struct! { [T] Range<T>, "Range" { start: T, end: T } where T: Sized,
dump: |range| (&range.start, &range.end), load: Ok(Range { start, end }) }

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
            let error = Error::custom("a RangeInclusive that was iterated to its end");
            writer.fail(error.with_hint("pickle it before it is iterated, or pickle a `Range`"));
        }
        let mut fields = head.fields();
        fields.put(self.start(), writer);
        fields.put(self.end(), writer);
        fields.finish()
    }
}

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
}

std_enum! { [T] Bound<T>, "Bound" { 0 Included(value: T), 1 Excluded(value: T), 2 Unbounded } }

std_enum! { [T, E] std::result::Result<T, E>, "Result" { 0 Ok(value: T), 1 Err(value: E) } }

std_enum! { [B, C] ControlFlow<B, C>, "ControlFlow" { 0 Continue(value: C), 1 Break(value: B) } }

std_enum! { [] Ordering, "Ordering" { 0 Less, 1 Equal, 2 Greater } }

std_enum! { [] Infallible, "Infallible" {} }

impl<T: ?Sized> Layout for PhantomData<T> {
    const HEAD: usize = 0;
    const FIXED: bool = true;

    fn describe(schema: &mut SchemaBuilder) -> SchemaId {
        schema.anonymous(Node::Scalar(Scalar::Unit))
    }
}

impl<T: ?Sized> Pickle for PhantomData<T> {
    #[inline(always)]
    fn measure(&self, _: &mut Measure) -> Result<()> {
        Ok(())
    }

    #[inline(always)]
    fn encode<'b>(&self, head: HeadMut<'b, Self>, _: &mut Writer) -> Written<'b, Self> {
        head.zero()
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
}
