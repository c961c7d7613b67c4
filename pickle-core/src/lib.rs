//! The codecs behind `pickle-rs`. Depend on that crate, which re-exports this one.
//!
//! In reading order: [`traits`] says what a type must do; `shape` and [`mod@schema`] describe types;
//! `native` holds the native codec over the memory tricks of `raw`; `impls` teaches it the types of
//! std; `pickler` is what users call. [`graph`] holds objects apart from any type and format;
//! [`python`] reads and writes them as Python does; [`Value`] is one of them to work with.

#![warn(clippy::print_stdout)] // libraries do not print

pub mod bridge;
pub mod compat;
mod compress;
mod env;
mod error;
pub mod graph;
pub mod hooks;
mod impls;
mod limits;
pub mod native;
mod near;
mod persistent;
mod pickler;
mod protocol;
pub mod python;
mod raw;
pub mod registry;
pub mod restore;
pub mod schema;
pub mod shape;
#[doc(hidden)]
pub mod shared;
mod stack;
mod target;
pub mod traits;
mod type_info;
mod value;
mod whole;

#[cfg(feature = "auto-register")]
#[doc(hidden)]
pub use inventory as __inventory;

pub use compat::compat;
pub use compress::{Compression, decompress};
pub use error::{Error, ErrorKind, Result};
pub use limits::Limits;
pub use native::SchemaMode;
pub use persistent::{Persistent, PersistentId};
pub use pickler::{
    Pickler, Slice, Stream, Unpickler, dump, dump_with, dumps, dumps_into, dumps_with, load, loads,
};
pub use protocol::Protocol;
pub use python::{Buffer, Saver};
pub use registry::{Function, Global, Registry};
pub use restore::{CellVisitor, Restorer};
pub use schema::{Schema, schema};
pub use traits::{Layout, Pickle, Unpickle, UnpickleOwned};
pub use value::{Index, Kind, ObjectRef, Value, from_value, to_value};
pub use whole::{deep_clone, stable_hash};
