//! `indexmap`: `dict` and `set` in Python. The order of a dict is that of its keys.

use std::hash::{BuildHasher, Hash};

use indexmap::{IndexMap, IndexSet};

use crate::impls::collections::{hashed, maps, sets};
use crate::impls::prelude::*;
use crate::native::COUNT;

maps! { [S] IndexMap<K, V, S>, }

sets! { [S] IndexSet<T, S>, }

impl<'de, K, V, S> Unpickle<'de> for IndexMap<K, V, S>
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
}

impl<'de, T, S> Unpickle<'de> for IndexSet<T, S>
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
        let insert = |set: &mut Self, item| {
            set.insert(item);
        };
        restorer.each((id, &items), hashed::<T>(), &mut set, Self::reserve, insert)?;
        Ok(set)
    }
}
