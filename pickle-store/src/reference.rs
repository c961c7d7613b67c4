//! References: stored pointers to other stored objects.

use std::any::{Any, TypeId};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use pickle_core::UnpickleOwned;
use pickle_derive::Pickle;

use crate::catalog;
use crate::collection::Collection;
use crate::error::Result;
use crate::inner::{Inner, object_key};
use crate::key::{AnyKey, AsKey, Key, ToKey};
use crate::record::{self, Version};
use crate::store::Store;

/// A pointer to an object of type `T` in the same store, which can be stored itself. The object is
/// loaded when it is asked for.
///
/// As long as anybody holds the object, everybody gets the same one, until another value is
/// stored. So a graph of objects in a store is a graph in memory, of which no more is loaded than
/// was asked for.
///
/// ```
/// use std::sync::Arc;
/// use pickle_core::Pickle;
/// use pickle_derive::Pickle;
/// use pickle_store::{Ref, Store};
///
/// #[derive(Pickle)]
/// # #[pickle(crate = pickle_core)]
/// struct Person {
///     name: String,
///     boss: Option<Ref<Person>>,
/// }
///
/// let store = Store::builder("memory:").open()?;
/// let people = store.collection::<u32, Person>("people")?;
/// people.put(&1, &Person { name: "ann".into(), boss: None })?;
/// for id in 2..4 {
///     people.put(&id, &Person { name: "bob".into(), boss: Some(people.reference(&1)) })?;
/// }
/// let boss = |id| -> pickle_store::Result<Arc<Person>> {
///     let person = people.get(&id)?.unwrap();
///     Ok(person.boss.unwrap().get(&store)?.unwrap())
/// };
/// assert_eq!(boss(2)?.name, "ann");
/// assert!(Arc::ptr_eq(&boss(2)?, &boss(3)?));
/// # Ok::<(), pickle_store::Error>(())
/// ```
#[derive(Pickle)]
#[pickle(crate = pickle_core, class = "pickle.Ref")]
pub struct Ref<T> {
    collection: Option<String>,
    #[pickle(bytes)]
    key: Vec<u8>,
    #[pickle(skip)]
    target: PhantomData<fn() -> T>,
}

impl<T> Ref<T> {
    /// Points to a key of the store itself, whether anything is there or not.
    pub fn to(key: &(impl ToKey + ?Sized)) -> Self {
        let key = object_key(key).split_off(1);
        Self { collection: None, key, target: PhantomData }
    }

    /// The name of the collection that the object is in; none for the store itself.
    pub fn collection(&self) -> Option<&str> {
        self.collection.as_deref()
    }

    /// The key of the object, where it is one of the store itself.
    pub fn object_key(&self) -> Option<AnyKey> {
        match self.collection {
            None => AnyKey::decode(&self.key).ok(),
            Some(_) => None,
        }
    }

    /// The key of the object, where it is one of this collection.
    pub fn key_in<K: Key>(&self, collection: &Collection<K, T>) -> Option<K> {
        let ours = self.collection() == Some(collection.name());
        ours.then(|| collection.decode(&[collection.space(), &self.key].concat()).ok())?
    }
}

impl<T: UnpickleOwned + Send + Sync + 'static> Ref<T> {
    /// The object as it is in the store now; none if it is not there any more.
    ///
    /// The store is read to learn whether the object in memory is the latest. It is unpickled only
    /// where it is not.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub fn get(&self, store: &Store) -> Result<Option<Arc<T>>> {
        let inner = &store.inner;
        let Some(key) = self.place(inner)? else { return Ok(None) };
        self.load(inner, &key).map_err(|error| error.at_key(self))
    }

    fn load(&self, inner: &Inner, key: &[u8]) -> Result<Option<Arc<T>>> {
        let (Some(bytes), _) = inner.see(key)? else { return Ok(None) };
        if let Some(version) = record::version(&bytes)
            && let Some(value) = inner.cache.find(key, version)
        {
            return Ok(Some(value));
        }
        let Some((version, value)) = inner.load(key, &bytes)? else { return Ok(None) };
        Ok(Some(inner.cache.keep(key, version, bytes.len(), value)))
    }

    /// Where the object is in the engine; none if there is no such collection.
    fn place(&self, inner: &Inner) -> Result<Option<Vec<u8>>> {
        let space = match &self.collection {
            None => Some(vec![catalog::OBJECTS]),
            Some(name) => {
                inner.cache.space(name, || catalog::find_collection(inner.engine(), name))?
            }
        };
        Ok(space.map(|space| [&space[..], &self.key].concat()))
    }
}

impl<K: Key, V> Collection<K, V> {
    /// Points to a key of the collection, whether anything is there or not.
    pub fn reference(&self, key: &(impl AsKey<K> + ?Sized)) -> Ref<V> {
        let key = self.encode(key).split_off(self.space().len());
        Ref { collection: Some(self.name().to_owned()), key, target: PhantomData }
    }
}

impl<T> fmt::Display for Ref<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.collection, self.object_key()) {
            (Some(name), _) => write!(f, "{name}[{}]", self.key.escape_ascii()),
            (None, Some(key)) => f.write_str(&key.quoted()),
            (None, None) => write!(f, "{}", self.key.escape_ascii()),
        }
    }
}

impl<T> fmt::Debug for Ref<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ref({self})")
    }
}

impl<T> Clone for Ref<T> {
    fn clone(&self) -> Self {
        let (collection, key) = (self.collection.clone(), self.key.clone());
        Self { collection, key, target: PhantomData }
    }
}

impl<T> PartialEq for Ref<T> {
    fn eq(&self, other: &Self) -> bool {
        (&self.collection, &self.key) == (&other.collection, &other.key)
    }
}

impl<T> Eq for Ref<T> {}

impl<T> Hash for Ref<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.collection, &self.key).hash(state);
    }
}

/// Objects in memory that references led to.
pub(crate) struct Cache {
    objects: Mutex<Objects>,
    /// Where collections are, by name. They stay there.
    spaces: Mutex<HashMap<String, Vec<u8>>>,
}

type Object = dyn Any + Send + Sync;

/// The key in the engine, and the type that was asked for.
type Name = (Box<[u8]>, TypeId);

struct Objects {
    /// Those that somebody holds, or held when they were last looked at.
    known: HashMap<Name, (Version, Weak<Object>)>,
    /// When there are so many, those that nobody holds are forgotten.
    full: usize,
    /// The latest, held although nobody else may, with the sizes of their records.
    latest: VecDeque<(Arc<Object>, usize)>,
    bytes: usize,
    /// How many bytes of records may be held so.
    limit: usize,
}

/// Below this number of objects nobody looks for forgotten ones.
const FEW: usize = 1024;

impl Cache {
    pub(crate) fn new(limit: usize) -> Self {
        let (known, latest) = (HashMap::new(), VecDeque::new());
        let objects = Mutex::new(Objects { known, full: FEW, latest, bytes: 0, limit });
        Self { objects, spaces: Mutex::default() }
    }

    /// The object of a key, if it is in memory in this version.
    fn find<T: Send + Sync + 'static>(&self, key: &[u8], version: Version) -> Option<Arc<T>> {
        self.objects().find(&(key.into(), TypeId::of::<T>()), version)
    }

    /// Keeps an object that was loaded. Where another thread was first, its object is returned.
    fn keep<T: Send + Sync + 'static>(
        &self,
        key: &[u8],
        version: Version,
        size: usize,
        value: T,
    ) -> Arc<T> {
        let value = Arc::new(value);
        let object: Arc<Object> = Arc::clone(&value) as _;
        let name = (key.into(), TypeId::of::<T>());
        let mut objects = self.objects();
        if let Some(first) = objects.find(&name, version) {
            return first;
        }
        objects.known.insert(name, (version, Arc::downgrade(&object)));
        let gone = objects.hold(object, size);
        objects.forget();
        drop(objects);
        // Values are dropped outside the lock: their destructors are not ours.
        drop(gone);
        value
    }

    fn space(
        &self,
        name: &str,
        find: impl FnOnce() -> Result<Option<Vec<u8>>>,
    ) -> Result<Option<Vec<u8>>> {
        let mut spaces = self.spaces.lock().unwrap_or_else(|poison| poison.into_inner());
        if let Some(space) = spaces.get(name) {
            return Ok(Some(space.clone()));
        }
        let Some(space) = find()? else { return Ok(None) };
        spaces.insert(name.to_owned(), space.clone());
        Ok(Some(space))
    }

    fn objects(&self) -> MutexGuard<'_, Objects> {
        self.objects.lock().unwrap_or_else(|poison| poison.into_inner())
    }
}

impl Objects {
    fn find<T: Send + Sync + 'static>(&self, name: &Name, version: Version) -> Option<Arc<T>> {
        let (known, object) = self.known.get(name)?;
        if *known != version {
            return None;
        }
        object.upgrade()?.downcast().ok()
    }

    /// Holds an object; returns those that are held no longer.
    fn hold(&mut self, object: Arc<Object>, size: usize) -> Vec<Arc<Object>> {
        let mut gone = Vec::new();
        self.latest.push_back((object, size));
        self.bytes += size;
        while self.bytes > self.limit {
            let Some((object, size)) = self.latest.pop_front() else { break };
            self.bytes -= size;
            gone.push(object);
        }
        gone
    }

    /// Forgets objects that nobody holds, when there are many: so each costs a constant share.
    fn forget(&mut self) {
        if self.known.len() >= self.full {
            self.known.retain(|_, (_, object)| object.strong_count() > 0);
            self.full = FEW.max(2 * self.known.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_forgets_what_nobody_holds() {
        let cache = Cache::new(100);
        let mut held = Vec::new();
        for number in 0..10_000_u32 {
            let value = cache.keep(&number.to_be_bytes(), Version(1), 10, number);
            if number % 100 == 0 {
                held.push(value);
            }
        }
        let objects = cache.objects();
        assert_eq!((objects.latest.len(), objects.bytes), (10, 100));
        assert!(objects.known.len() < FEW, "{}", objects.known.len());
        drop(objects);
        for value in held {
            let found = cache.find::<u32>(&value.to_be_bytes(), Version(1)).unwrap();
            assert!(Arc::ptr_eq(&found, &value));
        }
    }
}
