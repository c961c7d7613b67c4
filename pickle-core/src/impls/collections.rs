//! Collections other than `Vec`. Sets and maps with an element twice are refused.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::hash::{BuildHasher, Hash};

use crate::error::Result;
use crate::graph::NodeId;
use crate::native::{COUNT, Filled, Head, HeadMut, Measure, Reader, Slot, Writer, Written};
use crate::python::Saver;
use crate::restore::{CellVisitor, Restorer};
use crate::schema::{Node, SchemaBuilder, SchemaId};
use crate::traits::{Layout, Pickle, Unpickle};

/// Laid out as slices are.
macro_rules! sequences {
    ($($type:ty,)*) => {$(
        impl<T: Layout> Layout for $type {
            const HEAD: usize = <[T]>::HEAD;

            fn describe(schema: &mut SchemaBuilder) -> SchemaId {
                <[T]>::describe(schema)
            }
        }
    )*};
}

sequences! { VecDeque<T>, LinkedList<T>, BinaryHeap<T>, }

impl<T: Pickle> Pickle for VecDeque<T> {
    const IS_PLAIN: bool = true;

    fn measure(&self, measure: &mut Measure) -> Result<()> {
        measure.seq::<T, &T>(self.len(), self.iter())
    }

    fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
        match self.as_slices() {
            (all, []) => writer.slice(head, all),
            _ => writer.seq::<Self, T, &T>(head, self.len(), self.iter()),
        }
    }

    fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
        saver.list::<T, &T>(self.len(), self.iter())
    }
}

impl<'de, T: Unpickle<'de>> Unpickle<'de> for VecDeque<T> {
    fn decode<'b>(
        head: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        reader.vec::<T, _>(head).map(|items| slot.write(items.into()))
    }

    #[inline]
    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        restorer.list(id).map(Self::from)
    }

    #[inline]
    fn shell(_: &Restorer<'_, 'de>) -> Option<Self> {
        Some(Self::default())
    }

    #[inline]
    fn visit_cells(&self, visitor: &mut CellVisitor<'_, '_, 'de>) -> Result<()> {
        self.iter().try_for_each(|item| item.visit_cells(visitor))
    }
}

impl<T: Pickle> Pickle for LinkedList<T> {
    const IS_PLAIN: bool = true;

    fn measure(&self, measure: &mut Measure) -> Result<()> {
        measure.seq::<T, &T>(self.len(), self.iter())
    }

    fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
        writer.seq::<Self, T, &T>(head, self.len(), self.iter())
    }

    fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
        saver.list::<T, &T>(self.len(), self.iter())
    }
}

impl<'de, T: Unpickle<'de>> Unpickle<'de> for LinkedList<T> {
    fn decode<'b>(
        head: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        let mut list = Self::new();
        reader.items::<T, _, _>(head, node::<T>(), &mut list, |_, _| {}, Self::push_back)?;
        Ok(slot.write(list))
    }

    #[inline]
    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        let items = restorer.items(id)?;
        let mut list = Self::new();
        restorer.each((id, &items), node::<T>(), &mut list, |_, _| {}, Self::push_back)?;
        Ok(list)
    }

    #[inline]
    fn shell(_: &Restorer<'_, 'de>) -> Option<Self> {
        Some(Self::default())
    }
}

impl<T: Pickle> Pickle for BinaryHeap<T> {
    const IS_PLAIN: bool = true;

    fn measure(&self, measure: &mut Measure) -> Result<()> {
        self.as_slice().measure(measure)
    }

    fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
        writer.slice(head, self.as_slice())
    }

    fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
        saver.list::<T, &T>(self.len(), self.iter())
    }
}

impl<'de, T: Unpickle<'de> + Ord> Unpickle<'de> for BinaryHeap<T> {
    fn decode<'b>(
        head: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        reader.vec::<T, _>(head).map(|items| slot.write(items.into()))
    }

    #[inline]
    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        restorer.apart(|restorer| restorer.list(id)).map(Self::from)
    }

    #[inline]
    fn shell(_: &Restorer<'_, 'de>) -> Option<Self> {
        Some(Self::default())
    }
}

macro_rules! sets {
    ($([$($state:ident)?] $type:ty,)*) => {$(
        impl<T: Layout $(, $state)?> Layout for $type {
            const HEAD: usize = COUNT;

            fn describe(schema: &mut SchemaBuilder) -> SchemaId {
                let item = T::describe(schema);
                schema.anonymous(Node::Set(item))
            }
        }

        impl<T: Pickle $(, $state)?> Pickle for $type {
            const IS_PLAIN: bool = true;

            fn measure(&self, measure: &mut Measure) -> Result<()> {
                measure.seq::<T, &T>(self.len(), self.iter())
            }

            fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
                writer.seq::<Self, T, &T>(head, self.len(), self.iter())
            }

            fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
                saver.set::<T, &T>(self.len(), self.iter())
            }
        }
    )*};
}

sets! { [S] HashSet<T, S>, [] BTreeSet<T>, }

macro_rules! maps {
    ($([$($state:ident)?] $type:ty,)*) => {$(
        impl<K: Layout, V: Layout $(, $state)?> Layout for $type {
            const HEAD: usize = COUNT;

            fn describe(schema: &mut SchemaBuilder) -> SchemaId {
                let (key, value) = (K::describe(schema), V::describe(schema));
                schema.anonymous(Node::Map(key, value))
            }
        }

        impl<K: Pickle, V: Pickle $(, $state)?> Pickle for $type {
            const IS_PLAIN: bool = true;

            fn measure(&self, measure: &mut Measure) -> Result<()> {
                measure.seq::<(&K, &V), (&K, &V)>(self.len(), self.iter())
            }

            fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
                writer.seq::<Self, (&K, &V), (&K, &V)>(head, self.len(), self.iter())
            }

            fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
                saver.dict::<K, V>(self.len(), self.iter())
            }
        }
    )*};
}

maps! { [S] HashMap<K, V, S>, [] BTreeMap<K, V>, }

#[cfg(feature = "indexmap")]
pub(super) use {maps, sets};

/// Bytes of a linked list for each item.
const fn node<T>() -> usize {
    size_of::<T>() + 2 * size_of::<*const T>()
}

/// Bytes of a hash table for each entry: a table just past a doubling has 16 places for 7 entries,
/// each with a tag, and the smallest tables have some bytes more.
pub(crate) const fn hashed<T>() -> usize {
    3 * (size_of::<T>() + 1) + 32
}

impl<'de, T, S> Unpickle<'de> for HashSet<T, S>
where
    T: Unpickle<'de> + Eq + Hash,
    S: BuildHasher + Default,
{
    fn decode<'b>(
        head: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        let mut set = Self::default();
        reader.distinct::<T, _, _>(head, hashed::<T>(), &mut set, Self::reserve, Self::insert)?;
        Ok(slot.write(set))
    }

    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        let items = match restorer.elements(id) {
            Ok(items) => items,
            Err(error) => {
                return restorer.members(id)?.map(Self::from_iter).ok_or(error);
            }
        };
        let mut set = Self::default();
        // As Python: of equal elements the first stays.
        let insert = |set: &mut Self, item| {
            set.insert(item);
        };
        restorer.each((id, &items), hashed::<T>(), &mut set, Self::reserve, insert)?;
        Ok(set)
    }

    #[inline]
    fn shell(_: &Restorer<'_, 'de>) -> Option<Self> {
        Some(Self::default())
    }
}

impl<'de, K, V, S> Unpickle<'de> for HashMap<K, V, S>
where
    K: Unpickle<'de> + Eq + Hash,
    V: Unpickle<'de>,
    S: BuildHasher + Default,
{
    fn decode<'b>(
        head: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        let mut map = Self::default();
        let insert = |map: &mut Self, (key, value)| map.insert(key, value).is_none();
        let footprint = hashed::<(K, V)>();
        reader.distinct::<(K, V), _, _>(head, footprint, &mut map, Self::reserve, insert)?;
        Ok(slot.write(map))
    }

    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        let mut map = Self::default();
        let insert = |map: &mut Self, key, value| drop(map.insert(key, value));
        restorer.each_entry(id, hashed::<(K, V)>(), &mut map, Self::reserve, insert)?;
        Ok(map)
    }

    #[inline]
    fn shell(_: &Restorer<'_, 'de>) -> Option<Self> {
        Some(Self::default())
    }
}

impl<'de, T: Unpickle<'de> + Ord> Unpickle<'de> for BTreeSet<T> {
    fn decode<'b>(
        head: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        // Built at once from what is sorted already, which is what was dumped.
        let items = reader.vec::<T, _>(head)?;
        let count = items.len();
        let set = Self::from_iter(items);
        if set.len() == count { Ok(slot.write(set)) } else { Err(reader.duplicate(head)) }
    }

    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        let items = match restorer.elements(id) {
            Ok(items) => items,
            Err(error) => {
                return restorer.members(id)?.map(Self::from_iter).ok_or(error);
            }
        };
        let mut set = Self::new();
        // As Python: of equal elements the first stays.
        let insert = |set: &mut Self, item| {
            set.insert(item);
        };
        let footprint = 2 * size_of::<T>() + 16;
        restorer.each((id, &items), footprint, &mut set, |_, _| {}, insert)?;
        Ok(set)
    }

    #[inline]
    fn shell(_: &Restorer<'_, 'de>) -> Option<Self> {
        Some(Self::default())
    }
}

impl<'de, K: Unpickle<'de> + Ord, V: Unpickle<'de>> Unpickle<'de> for BTreeMap<K, V> {
    fn decode<'b>(
        head: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        let items = reader.vec::<(K, V), _>(head)?;
        let count = items.len();
        let map = Self::from_iter(items);
        if map.len() == count { Ok(slot.write(map)) } else { Err(reader.duplicate(head)) }
    }

    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        let mut map = Self::new();
        let footprint = 2 * size_of::<(K, V)>() + 16;
        let insert = |map: &mut Self, key, value| drop(map.insert(key, value));
        restorer.each_entry(id, footprint, &mut map, |_, _| {}, insert)?;
        Ok(map)
    }

    #[inline]
    fn shell(_: &Restorer<'_, 'de>) -> Option<Self> {
        Some(Self::default())
    }
}
