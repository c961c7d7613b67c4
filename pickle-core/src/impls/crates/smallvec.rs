//! `smallvec`: a list in Python, `bytes` if it is of `u8`.

use smallvec::{Array, SmallVec};

use crate::impls::prelude::*;

impl<A: Array> Layout for SmallVec<A>
where
    A::Item: Layout,
{
    const HEAD: usize = <[A::Item]>::HEAD;

    fn describe(schema: &mut SchemaBuilder) -> SchemaId {
        <[A::Item]>::describe(schema)
    }
}

impl<A: Array> Pickle for SmallVec<A>
where
    A::Item: Pickle,
{
    fn measure(&self, measure: &mut Measure) -> Result<()> {
        self.as_slice().measure(measure)
    }

    fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
        writer.slice(head, self.as_slice())
    }

    fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
        self.as_slice().save(saver)
    }
}

impl<'de, A: Array> Unpickle<'de> for SmallVec<A>
where
    A::Item: Unpickle<'de>,
{
    fn decode<'b>(
        head: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        reader.vec::<A::Item, _>(head).map(|items| slot.write(of_vec(items)))
    }

    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        A::Item::restore_vec(id, restorer).map(of_vec)
    }
}

/// Few items move to where no allocation is needed.
fn of_vec<A: Array>(items: Vec<A::Item>) -> SmallVec<A> {
    match items.len() <= A::size() {
        true => items.into_iter().collect(),
        false => SmallVec::from_vec(items),
    }
}
