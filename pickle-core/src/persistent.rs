//! [`Persistent`]: objects that live elsewhere, a database or a pool, and travel as their ids.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::graph::{self, NodeId};
use crate::hooks::HookError;
use crate::native::{Filled, Head, HeadMut, Measure, Reader, Slot, Writer, Written};
use crate::python::Saver;
use crate::restore::Restorer;
use crate::schema::{Node, SchemaBuilder, SchemaId};
use crate::traits::{Layout, Pickle, Unpickle, UnpickleOwned};

/// A handle to an object that lives elsewhere. A pickle holds the object's id, of type `I`; what the
/// object of an id is, and the id of an object, say the resolvers that
/// [`Pickler::persistent`](crate::Pickler::persistent) and
/// [`Unpickler::persistent`](crate::Unpickler::persistent) take.
///
/// In Python's protocols it is a persistent object: what `persistent_id` and `persistent_load` of
/// Python's picklers and unpicklers deal with.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Arc;
/// use pickle_core::{Persistent, Pickler, Unpickler};
///
/// struct Table { name: String, rows: Vec<u64> } // large, or a connection, or shared
///
/// let table = Arc::new(Table { name: "visits".into(), rows: vec![1; 1000] });
/// let visits: Persistent<Arc<Table>> = Persistent::new(Arc::clone(&table));
///
/// let mut pickle = Vec::new();
/// Pickler::new(&mut pickle)
///     .persistent(|table: &Arc<Table>| table.name.clone())
///     .dump(&visits)?;
///
/// let tables = HashMap::from([("visits".to_owned(), table)]);
/// let loaded = Unpickler::from_slice(&pickle)
///     .persistent(move |name: String| {
///         tables.get(&name).cloned().ok_or_else(|| format!("no table {name}"))
///     })
///     .load::<Persistent<Arc<Table>>>()?;
/// assert!(Arc::ptr_eq(&loaded, &visits) && loaded.rows.len() == 1000);
/// # Ok::<(), pickle_core::Error>(())
/// ```
pub struct Persistent<T, I = String> {
    value: T,
    id: PhantomData<fn() -> I>,
}

impl<T, I> Persistent<T, I> {
    /// A handle to such an object.
    pub fn new(value: T) -> Self {
        Self { value, id: PhantomData }
    }

    /// The object, or the handle to it.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T, I> From<T> for Persistent<T, I> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T, I> Deref for Persistent<T, I> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T, I> DerefMut for Persistent<T, I> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: Clone, I> Clone for Persistent<T, I> {
    fn clone(&self) -> Self {
        Self::new(self.value.clone())
    }
}

impl<T: PartialEq, I> PartialEq for Persistent<T, I> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq, I> Eq for Persistent<T, I> {}

impl<T: fmt::Debug, I> fmt::Debug for Persistent<T, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Persistent").field(&self.value).finish()
    }
}

/// The id of an object that lives elsewhere, as it stands in a pickle. No resolver is asked.
///
/// ```
/// use pickle_core::{PersistentId, Protocol, dumps_with, loads};
/// let bytes = dumps_with(&PersistentId(7), Protocol::V2)?;
/// assert_eq!(bytes, b"\x80\x02K\x07Q.");
/// assert_eq!(loads::<PersistentId<u32>>(&bytes)?.0, 7);
/// # Ok::<(), pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersistentId<I = String>(pub I);

/// What says which ids objects have, and which objects ids.
#[derive(Clone, Default)]
pub(crate) struct Resolvers {
    /// An [`Identify`] by the types of object and id.
    identify: HashMap<(TypeId, TypeId), Arc<dyn Any + Send + Sync>>,
    /// A [`Resolve`] by the same.
    resolve: HashMap<(TypeId, TypeId), Arc<dyn Any + Send + Sync>>,
}

type Identify<T, I> = Box<dyn Fn(&T) -> I + Send + Sync>;
type Resolve<T, I> = Box<dyn Fn(I) -> Result<T> + Send + Sync>;

fn key<T: 'static, I: 'static>() -> (TypeId, TypeId) {
    (TypeId::of::<T>(), TypeId::of::<I>())
}

impl Resolvers {
    pub(crate) fn add_identify<T: 'static, I: 'static>(
        &mut self,
        identify: impl Fn(&T) -> I + Send + Sync + 'static,
    ) {
        let identify: Identify<T, I> = Box::new(identify);
        self.identify.insert(key::<T, I>(), Arc::new(identify));
    }

    pub(crate) fn add_resolve<T: 'static, I: 'static, E: HookError>(
        &mut self,
        resolve: impl Fn(I) -> Result<T, E> + Send + Sync + 'static,
    ) {
        let resolve: Resolve<T, I> = Box::new(move |id| resolve(id).map_err(Error::custom));
        self.resolve.insert(key::<T, I>(), Arc::new(resolve));
    }

    fn id_of<T: 'static, I: 'static>(resolvers: Option<&Self>, value: &T) -> Result<I> {
        let found = resolvers.and_then(|resolvers| resolvers.identify.get(&key::<T, I>()));
        match found.and_then(|found| found.downcast_ref::<Identify<T, I>>()) {
            Some(identify) => Ok(identify(value)),
            None => Err(missing::<T, I>("Pickler")),
        }
    }

    fn object_of<T: 'static, I: 'static>(resolvers: Option<&Self>, id: I) -> Result<T> {
        let found = resolvers.and_then(|resolvers| resolvers.resolve.get(&key::<T, I>()));
        match found.and_then(|found| found.downcast_ref::<Resolve<T, I>>()) {
            Some(resolve) => resolve(id),
            None => Err(missing::<T, I>("Unpickler")),
        }
    }
}

#[cold]
fn missing<T, I>(of: &str) -> Error {
    let (object, id) = (type_name::<T>(), type_name::<I>());
    let what = format!("no resolver is given between {object} and its id, a {id}");
    Error::new(ErrorKind::Unsupported { what: what.into() })
        .with_hint(format!("`{of}::persistent` takes one"))
}

fn describe<I: Layout>(schema: &mut SchemaBuilder) -> SchemaId {
    let id = I::describe(schema);
    schema.anonymous(Node::Persistent(id))
}

/// The id that a persistent object has in a graph.
fn restore<'de, I: Unpickle<'de>>(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<I> {
    match restorer.node(id) {
        graph::Node::PersistentId(of) => restorer.nest(id, |restorer| I::restore(of, restorer)),
        _ => Err(restorer.mismatch(id, "a persistent id")),
    }
}

impl<I: Layout> Layout for PersistentId<I> {
    const HEAD: usize = 0;

    fn describe(schema: &mut SchemaBuilder) -> SchemaId {
        describe::<I>(schema)
    }
}

impl<I: Pickle> Pickle for PersistentId<I> {
    fn measure(&self, measure: &mut Measure) -> Result<()> {
        measure.state(&self.0)
    }

    fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
        writer.state();
        head.zero()
    }

    fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
        saver.persistent_object(&self.0)
    }
}

impl<'de, I: Unpickle<'de>> Unpickle<'de> for PersistentId<I> {
    fn decode<'b>(
        _: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        reader.state().map(|id| slot.write(Self(id)))
    }

    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        restore(id, restorer).map(Self)
    }
}

impl<T, I: Layout> Layout for Persistent<T, I> {
    const HEAD: usize = 0;

    fn describe(schema: &mut SchemaBuilder) -> SchemaId {
        describe::<I>(schema)
    }
}

impl<T: 'static, I: Pickle + 'static> Pickle for Persistent<T, I> {
    fn measure(&self, measure: &mut Measure) -> Result<()> {
        let id: I = Resolvers::id_of(measure.env().resolvers(), &self.value)?;
        measure.state(&id)
    }

    fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
        writer.state();
        head.zero()
    }

    fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
        let id: I = Resolvers::id_of(saver.env.resolvers(), &self.value)?;
        saver.persistent_object(&id)
    }
}

impl<'de, T: 'static, I: UnpickleOwned + 'static> Unpickle<'de> for Persistent<T, I> {
    fn decode<'b>(
        _: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        let start = reader.offset();
        let id: I = reader.state()?;
        match Resolvers::object_of(reader.env().resolvers(), id) {
            Ok(value) => Ok(slot.write(Self::new(value))),
            Err(error) => Err(error.at(start)),
        }
    }

    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        let own: I = restore(id, restorer)?;
        match Resolvers::object_of(restorer.env().resolvers(), own) {
            Ok(value) => Ok(Self::new(value)),
            Err(error) => Err(restorer.at(id, error)),
        }
    }
}
