//! What Python's `pickle` is to Python, for Rust: derive once, dump any object, load it back.
//!
//! ```
//! use pickle::{Pickle, dumps, loads};
//!
//! #[derive(Pickle, Debug, PartialEq)]
//! struct Session {
//!     user: String,
//!     visits: Vec<u64>,
//!     #[pickle(skip)]
//!     socket: Option<u32>, // whatever must not travel: `Default` on load
//! }
//!
//! let session = Session { user: "ada".into(), visits: vec![3, 5], socket: None };
//! let bytes = dumps(&session)?;
//! assert_eq!(loads::<Session>(&bytes)?, session);
//! # Ok::<(), pickle::Error>(())
//! ```
//!
//! [`dumps`] and [`loads`] work on bytes, [`dump`] and [`load`] on files and streams, where pickles
//! may follow each other. [`Pickler`] and [`Unpickler`] have everything optional: limits, checksums,
//! whether the schema is embedded. [`store`] keeps objects by key on disk.
//!
//! A pickle describes itself: it carries the schema of its type, and a fingerprint of that. So bytes
//! of another type are an error that names both types, never a wrong value.
//!
//! # The derive
//!
//! `#[derive(Pickle)]` generates [`Pickle`] and [`Unpickle`] for structs and enums of every shape:
//! generic, recursive, borrowing (`&'a str`, `&'a [u8]`, `Cow`). Type parameters are bound where they
//! occur in pickled fields.
//!
//! | on a struct or enum | |
//! |---|---|
//! | `class = "package.module.Name"` | its qualified name; by default that of crate and type |
//! | `alias = "package.Old"` | a former name |
//! | `rename_all = "camelCase"` | renames all fields or variants (also `snake_case`, `kebab-case`, ...) |
//! | `transparent` | pickled as its only field that is not skipped |
//! | `getstate = path` | `fn(&Self) -> S`, or `-> Result<S, E>`: what is pickled instead of the fields |
//! | `setstate = path` | `fn(S) -> Self`, or `-> Result<Self, E>`: rebuilds the object |
//! | `after_load = path` | `fn(&mut Self)`, or `-> Result<(), E>`: finishes a loaded object |
//! | `bound = "T: Trait"` | replaces the inferred bounds |
//! | `pickle_only`, `unpickle_only` | generates one direction |
//! | `default` | fields that the data does not have are those of `Self::default()` |
//! | `untagged` | an enum loads also from what one of its variants holds, without its name |
//! | `deny_unknown_fields` | fields that the type does not have are an error |
//! | `python = "dict"` | the form in Python's protocols: `object`, `dict`, `tuple`, `namedtuple`, `enum`, `tagged` |
//! | `crate = path` | where this crate is, if not at `::pickle` |
//!
//! | on a variant | |
//! |---|---|
//! | `rename = "name"`, `alias = "old"` | its name, a former name |
//! | `other` | stands for variants that the enum does not have |
//!
//! | on a field | |
//! |---|---|
//! | `skip` | not pickled; `Default::default()` on load |
//! | `skip, default = expr` | not pickled; the expression on load |
//! | `default`, `default = expr` | where the data does not have the field: `Default::default()`, the expression |
//! | `rename = "name"`, `alias = "old"` | its name, a former name |
//! | `unknown` | holds the fields that the type does not have, and writes them back |
//! | `with = module` | pickled through `module::getstate` and `module::setstate`: for foreign types |
//! | `serde` | pickled through serde's traits (feature `serde`) |
//! | `bytes` | `bytes` in Python's protocols |
//!
//! # Objects that are more than their data
//!
//! ```
//! use pickle::{Pickle, dumps, loads};
//!
//! #[derive(Pickle)]
//! #[pickle(getstate = Report::state, setstate = Report::from_state)]
//! struct Report {
//!     numbers: Vec<f64>,
//!     render: Box<dyn Fn(f64) -> String>,
//! }
//!
//! impl Report {
//!     fn state(&self) -> &[f64] {
//!         &self.numbers // may borrow from the object
//!     }
//!
//!     fn from_state(numbers: Vec<f64>) -> Result<Self, String> {
//!         if numbers.is_empty() {
//!             return Err("a report has numbers".into()); // arrives as an error with its path
//!         }
//!         Ok(Self { numbers, render: Box::new(|number| format!("{number:.2}")) })
//!     }
//! }
//!
//! let report = Report { numbers: vec![0.5], render: Box::new(|_| String::new()) };
//! let loaded: Report = loads(&dumps(&report)?)?;
//! assert_eq!((loaded.render)(loaded.numbers[0]), "0.50");
//! # Ok::<(), pickle::Error>(())
//! ```
//!
//! # Bytes from strangers
//!
//! Nothing in the input runs code, overflows the stack, or allocates out of proportion; it is an
//! [`Error`] with the byte and the path. [`Limits`] bound depth and memory, by default generously,
//! with [`Limits::UNTRUSTED`] tightly.
//!
//! ```
//! use pickle::{Limits, Unpickler, dumps};
//!
//! let bytes = dumps(&vec![1_u8, 2, 3])?;
//! let mut unpickler = Unpickler::from_slice(&bytes).limits(Limits::UNTRUSTED);
//! assert_eq!(unpickler.load::<Vec<u8>>()?, [1, 2, 3]);
//! # Ok::<(), pickle::Error>(())
//! ```
//!
//! # Shared objects
//!
//! What several `Rc`s or `Arc`s point at is pickled once, and is one object again when loaded. `Weak`s
//! lead back to owners. Types stay as they are: there are no wrappers.
//!
//! ```
//! use std::rc::{Rc, Weak};
//! use pickle::{Pickle, dumps, loads};
//!
//! #[derive(Pickle)]
//! struct Parent {
//!     children: Vec<Rc<Child>>,
//! }
//!
//! #[derive(Pickle)]
//! struct Child {
//!     parent: Weak<Parent>,
//! }
//!
//! let parent = Rc::new_cyclic(|parent| {
//!     let child = || Rc::new(Child { parent: parent.clone() });
//!     Parent { children: vec![child(), child()] }
//! });
//! let loaded: Rc<Parent> = loads(&dumps(&parent)?)?;
//! assert!(Rc::ptr_eq(&loaded, &loaded.children[1].parent.upgrade().unwrap()));
//! # Ok::<(), pickle::Error>(())
//! ```
//!
//! - Strong pointers close a cycle through `Rc<RefCell<T>>`, `Arc<Mutex<T>>`, `Arc<RwLock<T>>`,
//!   `Rc<OnceCell<T>>`, `Arc<OnceLock<T>>`: the cell is shared first, locked, and filled later. Hooks
//!   that run in between find it locked, so they use `try_borrow` or `try_lock`. Elsewhere such a cycle
//!   is [`ErrorKind::Cycle`] when loaded.
//! - An object that a `Weak` leads to before its owner is pickled there. Where it holds, by strong
//!   pointers, what is not complete yet, that is a cycle as well: pickle owners first, or use cells.
//!   If no owner comes, the `Weak` points nowhere once loaded, as does one that dangled.
//! - Hooks may meet a `Weak` to an object under construction: `upgrade` gives `None`. With `panic =
//!   "abort"` nothing can point at an unfinished `Arc`, and that too is [`ErrorKind::Cycle`]; through
//!   cells it works.
//! - Shared types do not borrow (`T: 'static`) where they are loaded: one object is handed to all, and
//!   lifetimes could not be checked.
//! - What one [`Pickler`] dumps in several pickles is shared across them, and again when one
//!   [`Unpickler`] loads them all. Those of [`dump`] and [`dumps`] stand alone.
//! - [`deep_clone`] copies with all sharing, [`stable_hash`] hashes whatever can be pickled.
//!
//! # What travels by name
//!
//! | | |
//! |---|---|
//! | `Box<dyn Trait>`, `Rc`, `Arc`, `Weak` of it | [`#[pickle::class]`](class) on the trait and on each `impl` |
//! | a function | [`#[pickle::function]`](function), [`Function`] |
//! | a class or function of anybody's | [`Global`] |
//! | an object that lives elsewhere | its id: [`Persistent`], [`PersistentId`] |
//!
//! A [`Registry`] says what a name may create. [`loads`] takes [`Registry::global`], which has all
//! that the attributes stand on, in every crate of the program; bytes from strangers get one of
//! their own. Former names (`alias = "..."`) and changed classes load by the rules of evolution; an
//! unknown name is an error with the near ones, and stays a name in a [`Value`].
//!
//! ```
//! use pickle::{Registry, Unpickler, dumps};
//!
//! #[pickle::class]
//! trait Shape {}
//!
//! #[pickle::class(name = "shapes.Strip")]
//! impl Shape for u32 {}
//!
//! let bytes = dumps(&(Box::new(7_u32) as Box<dyn Shape>))?;
//! let mut allowed = Registry::empty();
//! let mut unpickler = Unpickler::from_slice(&bytes).registry(allowed.clone());
//! assert!(unpickler.load::<Box<dyn Shape>>().is_err());
//! allowed.add_class::<dyn Shape, u32>()?;
//! Unpickler::from_slice(&bytes).registry(allowed).load::<Box<dyn Shape>>()?;
//! # Ok::<(), pickle::Error>(())
//! ```
//!
//! # Python's pickles
//!
//! The same derive reads and writes Python's protocols 0 to 5. `class` names the Python class; a
//! struct loads from its instances in every form (attributes, slots, dataclasses, named tuples,
//! arguments of `__new__`) and from a plain dict. [`loads`] finds out which protocol it is.
//!
//! ```
//! use pickle::{Pickle, Protocol, dumps_with, loads};
//!
//! #[derive(Pickle, Debug, PartialEq)]
//! #[pickle(class = "shop.Item")]
//! struct Item {
//!     name: String,
//!     price: f64,
//! }
//!
//! // class Item: ...                  # in shop.py
//! // pickle.dumps(Item("tea", 2.5), protocol=2)
//! let bytes = b"\x80\x02cshop\nItem\nq\0)\x81q\x01}q\x02(X\x04\0\0\0nameq\x03X\x03\0\0\0teaq\x04\
//!     X\x05\0\0\0priceq\x05G@\x04\0\0\0\0\0\0ub.";
//! let item: Item = loads(bytes)?;
//! assert_eq!(item, Item { name: "tea".into(), price: 2.5 });
//! assert_eq!(dumps_with(&item, Protocol::V2)?, bytes);
//!
//! let error = loads::<Item>(b"}(X\x04\0\0\0nameK\x07u.").unwrap_err();
//! assert_eq!(error.to_string(), "expected str, found int at Item.name (byte 11)");
//! # Ok::<(), pickle::Error>(())
//! ```
//!
//! | in Rust | what Python gets | `python = ".."` for another form |
//! |---|---|---|
//! | a struct with named fields | an instance, the fields its attributes | `"dict"`, `"tuple"`, `"namedtuple"` |
//! | a tuple struct | an instance made by `__new__` of the fields | `"tuple"` |
//! | an enum with fields | an instance of a class nested for each variant: `Shape.Circle` | `"tagged"`: `{"Circle": ..}` |
//! | an enum without | the variant's name, a `str` | `"enum"`: a member of an `enum.Enum` |
//! | with `getstate`, `setstate` | an instance that gets the state in `__setstate__` | |
//! | `Vec`, arrays and tuples, sets, maps | `list`, `tuple`, `set`, `dict` | |
//! | `Vec<u8>`, `&[u8]`; [`Buffer`] | `bytes`, beside the pickle where wished | |
//!
//! Every form is read, whichever is written: an enum also from `{"type": "Circle", "r": 1.0}`,
//! `("Circle", 1.0)`, or the value of an `enum.Enum` (`Red = 1`; text by `alias`). Lists take tuples
//! and deques, maps `OrderedDict`, `defaultdict` and `Counter`. Pickles of Python 2 load, their old
//! names included; [`Unpickler::encoding`] decodes their strings. Bytes behind a pickle are an error
//! in [`loads`]; [`Unpickler::from_slice`] leaves them for the next load.
//!
//! [`Value`] holds whatever a pickle of Python's denotes, and writes it again, for protocols 0 to 5.
//! What the pickle names, classes and functions, stays names: nothing is imported, called or run.
//!
//! ```
//! use pickle::{Protocol, Value};
//!
//! // pickle.dumps({"a": [1, 2.0]}, protocol=2)
//! let bytes = b"\x80\x02}q\0X\x01\0\0\0aq\x01]q\x02(K\x01G@\0\0\0\0\0\0\0es.";
//! let value = Value::loads(bytes)?;
//! assert_eq!(value.to_string(), "{'a': [1, 2.0]}");
//! assert_eq!(value.dumps(Protocol::V2)?, bytes);
//! assert_eq!(value.pointer("/a/1").and_then(|item| item.as_f64()), Some(2.0));
//! # Ok::<(), pickle::Error>(())
//! ```
//!
//! Dates, decimals, numpy's arrays and the like load into types of std, into plain types in
//! [`python`], and under features into those of `chrono`, `ndarray` and others.
//! [One table](https://github.com/pickle-rs/pickle-rs/blob/main/docs/python-types.md) says what each
//! type is in Python, and what it loads from.
//!
//! ```
//! use pickle::python::{Date, NdArray};
//! use pickle::{Protocol, dumps_with, loads};
//!
//! let table = (Date::new(2020, 2, 29)?, NdArray::from_slice(&[2, 2], &[1.0, 2.0, 3.0, 4.0])?);
//! let bytes = dumps_with(&table, Protocol::V5)?; // (datetime.date, numpy.ndarray)
//! let (day, numbers): (Date, NdArray<'_>) = loads(&bytes)?;
//! assert_eq!((day.to_string(), numbers.to_vec::<f64>()?[3]), ("2020-02-29".to_owned(), 4.0));
//! # Ok::<(), pickle::Error>(())
//! ```
//!
//! [`to_value`] and [`from_value`] go between a `Value` and any derived type.
//!
//! # Features
//!
//! - `store` (on by default): [`store`], over sled.
//! - `auto-register` (on by default): [`Registry::global`] has what `#[pickle::class]` and
//!   `#[pickle::function]` stand on.
//! - `redb`: the store over redb as well.
//! - `tokio`: the store for asynchronous tasks.
//! - `tracing`: spans around what the store does.
//! - `serde`: `#[pickle(serde)]` on fields of types that have serde's traits.
//! - `serde_json`: [`Value`]s and [`Schema`]s as JSON; `json` is another name of it.
//! - `bytes`, `chrono`, `indexmap`, `jiff`, `ndarray`, `num-bigint`, `num-complex`, `num-rational`
//!   (all three: `num`), `rust_decimal`, `smallvec`, `time`, `uuid`: the types of the crate of that
//!   name; `uuid` as keys of the store, too.

#![forbid(unsafe_code)]

#[cfg(doctest)]
#[doc = include_str!("../docs/evolution.md")]
struct Evolution;

pub use pickle_core::*;
pub use pickle_derive::Pickle;

/// ```
/// use pickle::{Pickle, dumps, loads};
///
/// #[pickle::class]
/// trait Area {
///     fn area(&self) -> f64;
/// }
///
/// #[derive(Pickle)]
/// #[pickle(class = "shapes.Square")] // the name that it is registered by
/// struct Square(f64);
///
/// #[pickle::class]
/// impl Area for Square {
///     fn area(&self) -> f64 {
///         self.0 * self.0
///     }
/// }
///
/// let shapes: Vec<Box<dyn Area>> = vec![Box::new(Square(3.0))];
/// let loaded: Vec<Box<dyn Area>> = loads(&dumps(&shapes)?)?;
/// assert_eq!(loaded[0].area(), 9.0);
/// # Ok::<(), pickle::Error>(())
/// ```
pub use pickle_derive::class;

/// ```
/// use pickle::{Function, dumps, loads};
///
/// #[pickle::function(name = "geometry.circle")]
/// fn circle(radius: f64) -> f64 {
///     3.0 * radius * radius
/// }
///
/// let area: Function<fn(f64) -> f64> = Function::of::<circle>();
/// let loaded: Function<fn(f64) -> f64> = loads(&dumps(&area)?)?;
/// assert_eq!(loaded(2.0), 12.0);
/// # Ok::<(), pickle::Error>(())
/// ```
pub use pickle_derive::function;

#[cfg(feature = "store")]
#[doc(inline)]
pub use pickle_store as store;
