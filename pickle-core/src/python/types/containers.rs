//! The containers of `collections`, and `bytearray`: for those who write them back as they were.
//! Into std's collections they load as well.

use std::collections::VecDeque;

use crate::impls::prelude::*;

/// Bytes that Python sees as a `bytearray`. `Vec<u8>` is `bytes`, and reads both.
///
/// ```
/// use pickle_core::{Protocol, dumps_with, python::ByteArray};
/// assert!(dumps_with(&ByteArray(vec![1]), Protocol::V5)?.ends_with(b"\x96\x01\0\0\0\0\0\0\0\x01\x94."));
/// # Ok::<(), pickle_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteArray(pub Vec<u8>);

impl Layout for ByteArray {
    const HEAD: usize = <Vec<u8>>::HEAD;

    fn describe(schema: &mut SchemaBuilder) -> SchemaId {
        <Vec<u8>>::describe(schema)
    }
}

impl Pickle for ByteArray {
    fn measure(&self, measure: &mut Measure) -> Result<()> {
        self.0.measure(measure)
    }

    fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
        head.put(&self.0, writer)
    }

    fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
        saver.bytearray(&self.0)
    }
}

impl<'de> Unpickle<'de> for ByteArray {
    fn decode<'b>(
        head: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        reader.value::<Vec<u8>>(head.cast()).map(|bytes| slot.write(Self(bytes)))
    }

    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        restorer.byte_vec(id).map(Self)
    }
}

/// A `collections.deque`, which may have a length that it never exceeds. Without one it loads into
/// `VecDeque` and any list as well.
///
/// ```
/// use pickle_core::python::Deque;
/// let last = Deque::bounded([1, 2, 3].into(), 3)?;
/// assert_eq!(last.max_len(), Some(3));
/// assert!(Deque::bounded([1, 2, 3].into(), 2).is_err());
/// # Ok::<(), pickle_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Deque<T> {
    items: VecDeque<T>,
    max_len: Option<u64>,
}

impl<T> Deque<T> {
    /// A deque without bounds.
    pub fn new(items: VecDeque<T>) -> Self {
        Self { items, max_len: None }
    }

    /// A deque of at most `max_len` items.
    ///
    /// # Errors
    /// When there are more.
    pub fn bounded(items: VecDeque<T>, max_len: u64) -> Result<Self> {
        Self::checked(items, Some(max_len)).map_err(Error::expected)
    }

    /// The items.
    pub fn items(&self) -> &VecDeque<T> {
        &self.items
    }

    /// The items, for good.
    pub fn into_items(self) -> VecDeque<T> {
        self.items
    }

    /// The length that it never exceeds, if there is one.
    pub fn max_len(&self) -> Option<u64> {
        self.max_len
    }

    fn checked(items: VecDeque<T>, max_len: Option<u64>) -> Result<Self, &'static str> {
        match max_len {
            Some(max) if max > i64::MAX as u64 => Err("a maxlen of 63 bits"),
            Some(max) if items.len() as u64 > max => Err("a deque within its maxlen"),
            _ => Ok(Self { items, max_len }),
        }
    }
}

std_struct! { [T] Deque<T>,
    "Deque" as "collections.deque" { items: VecDeque<T>, max_len: Option<u64> } where T: Sized,
    dump: |deque| (&deque.items, deque.max_len),
    load: Deque::checked(items, max_len),
    save: save_deque, restore: restore_deque
}

fn save_deque<T: Pickle>(deque: &Deque<T>, saver: &mut Saver<'_>) -> Result<()> {
    let len = 2 * usize::from(deque.max_len.is_some());
    saver.call("collections", "deque", len, |saver| match deque.max_len {
        Some(max) => {
            saver.tuple(0, |_| Ok(()))?;
            saver.uint128(max.into());
            Ok(())
        }
        None => Ok(()),
    })?;
    saver.append::<T, &T>(deque.items.len(), deque.items.iter())
}

/// A bounded deque drops from its front what exceeds the bound.
fn restore_deque<'de, T: Unpickle<'de>>(
    id: NodeId,
    restorer: &mut Restorer<'_, 'de>,
) -> Result<Option<Deque<T>>> {
    let Some(made) = restorer.made_by(id, "collections", "deque") else {
        return Ok(match restorer.node(id) {
            crate::graph::Node::List(_) => Some(Deque::new(restorer.list(id)?.into())),
            _ => None,
        });
    };
    let max_len = match *made.args {
        [] | [_] => None,
        [_, max] => match restorer.node(max) {
            crate::graph::Node::None => None,
            _ => Some(restorer.number::<i64>(max, "a maxlen")?),
        },
        _ => return Ok(None),
    };
    let max_len = match max_len.map(u64::try_from) {
        None => None,
        Some(Ok(max)) => Some(max),
        Some(Err(_)) => return Err(restorer.invalid(id, "a deque with a maxlen of 0 or more")),
    };
    let mut items: VecDeque<T> = restorer.list(id)?.into();
    if let Some(max) = max_len {
        let excess = (items.len() as u64).saturating_sub(max);
        items.drain(..excess as usize);
    }
    Ok(Some(Deque { items, max_len }))
}

/// Entries in the order in which Python has them: `Vec<(K, V)>` with a class.
macro_rules! entries {
    ($($(#[$doc:meta])* $type:ident: |$value:ident, $saver:ident| $save:expr,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $type<K, V>(pub Vec<(K, V)>);

        impl<K: Layout, V: Layout> Layout for $type<K, V> {
            const HEAD: usize = crate::native::COUNT;

            fn describe(schema: &mut SchemaBuilder) -> SchemaId {
                let (key, value) = (K::describe(schema), V::describe(schema));
                schema.anonymous(Node::Map(key, value))
            }
        }

        impl<K: Pickle, V: Pickle> Pickle for $type<K, V> {
            fn measure(&self, measure: &mut Measure) -> Result<()> {
                self.0.measure(measure)
            }

            fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
                writer.slice(head, &self.0)
            }

            fn save(&self, $saver: &mut Saver<'_>) -> Result<()> {
                let $value = self;
                $save
            }
        }

        impl<'de, K: Unpickle<'de>, V: Unpickle<'de>> Unpickle<'de> for $type<K, V> {
            fn decode<'b>(
                head: Head<'_, Self>,
                reader: &mut Reader<'de>,
                slot: Slot<'b, Self>,
            ) -> Result<Filled<'b, Self>> {
                reader.vec::<(K, V), _>(head).map(|entries| slot.write(Self(entries)))
            }

            /// Any dict.
            fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
                let pairs = restorer.distinct_entries(id)?;
                restorer.charge(pairs.len(), size_of::<(K, V)>())?;
                let mut entries = Vec::with_capacity(pairs.len());
                restorer.nest(id, |restorer| {
                    for (index, (key, value)) in pairs.into_iter().enumerate() {
                        let key = K::restore(key, restorer);
                        let entry = key.and_then(|key| Ok((key, V::restore(value, restorer)?)));
                        entries.push(entry.map_err(|error| error.in_index(index))?);
                    }
                    Ok(())
                })?;
                Ok(Self(entries))
            }
        }

        impl<K, V> FromIterator<(K, V)> for $type<K, V> {
            fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
                Self(entries.into_iter().collect())
            }
        }

        impl<K, V> $type<K, V> {
            fn pairs(&self) -> impl Iterator<Item = (&K, &V)> {
                self.0.iter().map(|(key, value)| (key, value))
            }
        }
    )*};
}

entries! {
    /// A `collections.OrderedDict`: its entries in order. Loads from any dict.
    ///
    /// ```
    /// use pickle_core::{Protocol, dumps_with, loads, python::OrderedDict};
    /// let dict = OrderedDict(vec![("b", 1), ("a", 2)]);
    /// let pickle = dumps_with(&dict, Protocol::V2)?;
    /// assert_eq!(loads::<OrderedDict<&str, i32>>(&pickle)?, dict);
    /// # Ok::<(), pickle_core::Error>(())
    /// ```
    OrderedDict: |value, saver| {
        saver.call("collections", "OrderedDict", 0, |_| Ok(()))?;
        saver.set_items(value.0.len(), value.pairs())
    },
    /// A `collections.defaultdict` without a factory: its entries in order. Loads from any dict; a
    /// factory is not kept, because nothing that a pickle names is called.
    ///
    /// ```
    /// use pickle_core::{Protocol, dumps_with, loads, python::DefaultDict};
    /// let dict = DefaultDict(vec![("a", 1)]);
    /// let pickle = dumps_with(&dict, Protocol::V2)?;
    /// assert_eq!(loads::<DefaultDict<&str, i32>>(&pickle)?, dict);
    /// # Ok::<(), pickle_core::Error>(())
    /// ```
    DefaultDict: |value, saver| {
        saver.call("collections", "defaultdict", 0, |_| Ok(()))?;
        saver.set_items(value.0.len(), value.pairs())
    },
    /// A `collections.Counter`: what was counted, and how often. Loads from any dict.
    ///
    /// ```
    /// use pickle_core::{Protocol, dumps_with, loads, python::Counter};
    /// let counts = Counter(vec![("a", 2)]);
    /// let pickle = dumps_with(&counts, Protocol::V2)?;
    /// assert_eq!(loads::<Counter<&str, i32>>(&pickle)?, counts);
    /// # Ok::<(), pickle_core::Error>(())
    /// ```
    Counter: |value, saver| saver.call("collections", "Counter", 1, |saver| {
        saver.dict(value.0.len(), value.pairs())
    }),
}
