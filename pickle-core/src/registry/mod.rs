//! [`Registry`]: what may be created by name.
//!
//! A pickle names the class of a trait object, or a function; which type or function that is, the
//! registry says, and nothing else does. `#[pickle::class]` and `#[pickle::function]` describe what
//! they stand on; with the feature `auto-register`, on by default, they also put it into
//! [`Registry::global`].

mod class;
mod function;
mod global;
mod object;
mod shared;
mod submit;

use std::any::TypeId;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

pub use class::{Class, ClassEntry, Implements, Maker, Object, Otherwise, Probe, Registered};
pub use function::{Function, Named};
pub use global::Global;
#[doc(hidden)]
pub use object::{HEAD, decode_box, describe, encode, is_tagged, measure, restore_box, save};
pub(crate) use object::{Member, MemberOf};
#[doc(hidden)]
pub use shared::{dangling, decode_shared, find, find_weak, restore_shared, restore_weak};
#[doc(hidden)]
pub use submit::Submission;

use function::FunctionEntry;

use crate::error::{Error, ErrorKind, Result};

/// What may be created by name: the classes of trait objects, and functions.
///
/// An explicit value, cheap to clone. [`loads`](crate::loads) and [`dumps`](crate::dumps) use
/// [`Registry::global`]; [`Pickler::registry`](crate::Pickler::registry) and
/// [`Unpickler::registry`](crate::Unpickler::registry) take another one, as bytes from strangers
/// should: the pickle then creates nothing that is not in it.
///
/// ```
/// use pickle_core::Registry;
/// let registry = Registry::empty();
/// assert!(registry.is_empty());
/// ```
#[derive(Clone, Default)]
pub struct Registry {
    names: Arc<Names>,
}

#[derive(Clone, Default)]
struct Names {
    /// By the type of the trait's objects.
    traits: HashMap<TypeId, Classes>,
    /// Which trait a name in a pickle stands for.
    by_name: HashMap<&'static str, TypeId>,
    functions: HashMap<String, FunctionSlot>,
    conflicts: Vec<Conflict>,
}

/// The classes of one trait.
#[derive(Clone, Default)]
struct Classes {
    by_name: HashMap<Cow<'static, str>, Slot>,
    by_type: HashMap<TypeId, Arc<ClassEntry>>,
    /// By the names of their instances in Python, where they are registered by others.
    by_instance: HashMap<&'static str, Slot>,
}

#[derive(Clone)]
struct Slot {
    entry: Arc<ClassEntry>,
    /// Another type of the same name.
    rival: Option<&'static str>,
}

#[derive(Clone)]
struct FunctionSlot {
    entry: Arc<FunctionEntry>,
    rival: Option<Arc<FunctionEntry>>,
}

/// Two types or functions that claim one name.
#[derive(Clone)]
struct Conflict {
    name: String,
    first: String,
    second: String,
}

impl Conflict {
    #[cold]
    fn error(&self) -> Error {
        let Self { name, first, second } = self.clone();
        Error::new(ErrorKind::DuplicateName { name, first, second })
            .with_hint("`name = \"...\"` in the attribute of one gives it a name of its own")
    }
}

impl Registry {
    /// A registry of nothing: for bytes from strangers, who then can name nothing.
    pub fn empty() -> Self {
        Self::default()
    }

    /// All that `#[pickle::class]` and `#[pickle::function]` stand on, in every crate of the program
    /// (feature `auto-register`; without it, nothing).
    ///
    /// Two types that claim one name are both kept out; whoever uses the name gets the error, and
    /// [`conflicts`](Self::conflicts) lists them.
    pub fn global() -> Self {
        Self::shared().clone()
    }

    pub(crate) fn shared() -> &'static Self {
        static GLOBAL: OnceLock<Registry> = OnceLock::new();
        GLOBAL.get_or_init(|| {
            let mut registry = Self::empty();
            for submission in submit::all() {
                // Remembered among the conflicts.
                let _ = submission.register(&mut registry);
            }
            registry
        })
    }

    /// Adds a class of a trait's objects, by the name that its `#[pickle::class]` gives.
    ///
    /// # Errors
    /// When another type has the name already; the registry remembers that, and refuses the name.
    pub fn add_class<O: ?Sized + Class, C: Registered<O>>(&mut self) -> Result<()> {
        self.add_entry(C::entry())
    }

    /// Adds an instance of a generic class, by a name of its own.
    ///
    /// # Errors
    /// As [`add_class`](Self::add_class).
    pub fn add_class_as<O, C>(&mut self, name: impl Into<Cow<'static, str>>) -> Result<()>
    where
        O: ?Sized + Implements<C>,
        C: crate::Pickle + crate::UnpickleOwned + 'static,
    {
        self.add_entry(ClassEntry::new::<O, C>(name.into(), &[]))
    }

    /// Adds a function, by the name that its `#[pickle::function]` gives.
    ///
    /// # Errors
    /// When another function has the name already; the registry remembers that, and refuses the name.
    pub fn add_function<F: Named>(&mut self) -> Result<()> {
        self.add_shared_function(&Arc::new(FunctionEntry::new::<F>()))
    }

    /// Adds all that another registry has.
    ///
    /// # Errors
    /// When a name means something else in each; the rest is added.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        let mut merged = Ok(());
        for classes in other.names.traits.values() {
            let mut entries: Vec<_> = classes.by_type.values().collect();
            entries.sort_by(|a, b| a.name().cmp(b.name()));
            for entry in entries {
                let added = self.add_shared(Arc::clone(entry));
                merged = merged.and(added);
            }
        }
        for slot in other.names.functions.values() {
            for entry in std::iter::once(&slot.entry).chain(&slot.rival) {
                let added = self.add_shared_function(entry);
                merged = merged.and(added);
            }
        }
        merged
    }

    /// Whether nothing is registered.
    pub fn is_empty(&self) -> bool {
        self.names.traits.is_empty() && self.names.functions.is_empty()
    }

    /// The errors about names that two types or functions claim.
    pub fn conflicts(&self) -> impl Iterator<Item = Error> {
        self.names.conflicts.iter().map(Conflict::error)
    }

    /// The names of the classes of a trait, in order, former names left out.
    pub fn class_names<O: ?Sized + Class>(&self) -> Vec<&str> {
        let classes = self.names.traits.get(&TypeId::of::<O::Base>());
        let entries = classes.into_iter().flat_map(|classes| classes.by_type.values());
        let mut names: Vec<_> = entries.map(|entry| entry.name()).collect();
        names.sort_unstable();
        names
    }

    #[doc(hidden)]
    pub fn add_entry(&mut self, entry: ClassEntry) -> Result<()> {
        self.add_shared(Arc::new(entry))
    }

    fn add_shared(&mut self, entry: Arc<ClassEntry>) -> Result<()> {
        let names = Arc::make_mut(&mut self.names);
        let added = names.add(entry);
        if let Err(conflict) = &added {
            names.conflicts.push(conflict.clone());
        }
        added.map_err(|conflict| conflict.error())
    }

    fn add_shared_function(&mut self, entry: &Arc<FunctionEntry>) -> Result<()> {
        let names = Arc::make_mut(&mut self.names);
        let own = entry.global.to_string();
        let mut added = Ok(());
        for name in std::iter::once(own.as_str()).chain(entry.aliases.iter().copied()) {
            let slot = names.functions.entry(name.to_owned());
            let slot =
                slot.or_insert_with(|| FunctionSlot { entry: Arc::clone(entry), rival: None });
            if !slot.entry.is(entry) {
                slot.rival = Some(Arc::clone(entry));
                let (first, second) = (slot.entry.shown(), entry.shown());
                let conflict = Conflict { name: name.to_owned(), first, second };
                added = added.and(Err(conflict.error()));
                names.conflicts.push(conflict);
            }
        }
        added
    }

    fn function_named(&self, name: &str) -> Option<Result<&FunctionEntry>> {
        let slot = self.names.functions.get(name)?;
        Some(match &slot.rival {
            None => Ok(&slot.entry),
            Some(rival) => {
                let (first, second) = (slot.entry.shown(), rival.shown());
                Err(Conflict { name: name.to_owned(), first, second }.error())
            }
        })
    }

    /// The names of the functions, in order, former names among them.
    pub fn function_names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.names.functions.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// The class that a type is to a trait.
    pub(crate) fn class_of(&self, base: TypeId, concrete: TypeId) -> Option<&Arc<ClassEntry>> {
        self.names.traits.get(&base)?.by_type.get(&concrete)
    }

    /// The class of this name, to the trait of that name.
    pub(crate) fn class_in(&self, namespace: &str, name: &str) -> Option<&Arc<ClassEntry>> {
        let classes = self.names.traits.get(self.names.by_name.get(namespace)?)?;
        classes.by_name.get(name).filter(|slot| slot.rival.is_none()).map(|slot| &slot.entry)
    }

    /// The classes of a trait.
    pub(crate) fn classes(&self, base: TypeId) -> impl Iterator<Item = &ClassEntry> {
        let classes = self.names.traits.get(&base).into_iter();
        classes.flat_map(|classes| classes.by_type.values()).map(|class| &**class)
    }

    /// The class of this name, or of the class that is named so in Python.
    pub(crate) fn class_named(&self, base: TypeId, name: &str) -> Option<Result<&Arc<ClassEntry>>> {
        let classes = self.names.traits.get(&base)?;
        let slot = classes.by_name.get(name).or_else(|| classes.by_instance.get(name))?;
        Some(match slot.rival {
            None => Ok(&slot.entry),
            Some(rival) => Err(conflict(name, &slot.entry, rival).error()),
        })
    }

    /// The error about a name that is not registered to a trait.
    #[cold]
    pub(crate) fn unknown_class(&self, base: TypeId, namespace: &str, name: &str) -> Error {
        let names = self.names.traits.get(&base).map(|classes| {
            let mut names: Vec<_> = classes.by_name.keys().map(|name| &**name).collect();
            names.sort_unstable();
            names
        });
        unknown(name, format!("a `{}`", shown(namespace)), &names.unwrap_or_default())
    }
}

/// The error about a name that is not registered, with those that may have been meant.
#[cold]
fn unknown(name: &str, what: String, known: &[&str]) -> Error {
    let hint = match crate::near::near(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => format!("nothing is registered as {what}"),
        None => {
            let some = known.iter().take(20).copied().collect::<Vec<_>>().join(", ");
            let dots = if known.len() > 20 { ", ..." } else { "" };
            format!("there are {some}{dots}")
        }
    };
    let kind = ErrorKind::UnknownName { name: shown(name), what: what.into() };
    Error::new(kind).with_hint(hint)
}

/// A name for an error: cut, and with nothing in it that a terminal would act upon.
pub(crate) fn shown(name: &str) -> String {
    crate::restore::shown_name(name)
}

fn conflict(name: &str, entry: &ClassEntry, rival: &str) -> Conflict {
    Conflict {
        name: name.to_owned(),
        first: entry.type_name().to_owned(),
        second: rival.to_owned(),
    }
}

impl Names {
    fn add(&mut self, entry: Arc<ClassEntry>) -> Result<(), Conflict> {
        let (base, namespace) = entry.namespace();
        let mut added = Ok(());
        if let Some(other) = self.by_name.insert(namespace, base)
            && other != base
        {
            self.by_name.insert(namespace, other);
            added = Err(Conflict {
                name: namespace.to_owned(),
                first: "a trait".into(),
                second: "another trait".into(),
            });
        }
        let classes = self.traits.entry(base).or_default();
        if let Some(known) = classes.by_type.get(&entry.concrete())
            && known.name() != entry.name()
        {
            let name = entry.type_name().to_owned();
            let names = (known.name().to_owned(), entry.name().to_owned());
            return Err(Conflict { name, first: names.0, second: names.1 });
        }
        for name in entry.names() {
            let slot = classes.by_name.entry(name.clone());
            let slot = slot.or_insert_with(|| Slot { entry: Arc::clone(&entry), rival: None });
            if slot.entry.concrete() != entry.concrete() {
                slot.rival = Some(entry.type_name());
                added = added.and(Err(conflict(name, &slot.entry, entry.type_name())));
            }
        }
        for name in entry.instance_names() {
            let slot = classes.by_instance.entry(name);
            let slot = slot.or_insert_with(|| Slot { entry: Arc::clone(&entry), rival: None });
            if slot.entry.concrete() != entry.concrete() {
                // Only whoever asks for it by this name needs to know.
                slot.rival = Some(entry.type_name());
            }
        }
        classes.by_type.insert(entry.concrete(), entry);
        added
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        let mut traits: Vec<_> = self.names.by_name.iter().collect();
        traits.sort_unstable();
        for (name, base) in traits {
            let classes = self.names.traits.get(base).map(|classes| {
                let mut names: Vec<_> =
                    classes.by_type.values().map(|entry| entry.name()).collect();
                names.sort_unstable();
                names
            });
            map.entry(name, &classes.unwrap_or_default());
        }
        if !self.names.functions.is_empty() {
            map.entry(&"functions", &self.function_names());
        }
        map.finish()
    }
}
