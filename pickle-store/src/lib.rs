//! Pickled objects by key, in an embedded database.
//!
//! ```
//! use pickle_store::Store;
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("data");
//! let store = Store::open(&path)?;
//! store.put("alice", &("Alice".to_owned(), 30_u32))?;
//! let alice: Option<(String, u32)> = store.get("alice")?;
//! assert_eq!(alice, Some(("Alice".to_owned(), 30)));
//!
//! let visits = store.collection::<u64, u32>("visits")?;
//! visits.put(&7, &1)?;
//! visits.update(&7, |count| *count += 1)?;
//! assert_eq!(visits.range(3..9)?.collect::<Result<Vec<_>, _>>()?, [(7, 2)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What else there is
//!
//! | | |
//! |---|---|
//! | find by other keys, one of them unique | [`Store::define`], [`Indexed`], [`Index`] |
//! | change a value, again where another writer was first; write by version | [`Store::update`], [`Store::put_if`]; [`Collection`] has them, too |
//! | several writes together; several reads and writes as at one moment | [`Store::batch`]; [`Store::transaction`] |
//! | values that end by themselves | [`Collection::put_with_ttl`], [`Store::sweep_expired`] |
//! | earlier versions of a value | [`Definition::history`], [`Collection::history`] |
//! | see what others write, also after the store was closed | [`Collection::watch`], [`Builder::change_log`] |
//! | objects that point to objects | [`Ref`] |
//! | structs as keys | `#[derive(`[`Key`](derive@Key)`)]` |
//! | types that change | they load as they are declared now; [`Collection::migrate`] rewrites what is old |
//! | move or copy a store, also from engine to engine | [`Store::export`], [`Store::import`] |
//! | damage | [`Store::verify`], [`Store::repair`] |
//!
//! # What is kept, and when
//!
//! Under [`Durability::Sync`], the default, a write that returned is on disk. Batches and
//! transactions are whole or absent. Reads see what was written, also while it is on its way to
//! the disk.
//!
//! | failure | what happens |
//! |---|---|
//! | the process is killed | nothing that returned is lost; the next open rebuilds the index |
//! | power is cut | as [`Durability`] says; the store opens, with whole batches up to some write |
//! | `fsync` fails | the write fails, and the store refuses all work until it is opened again |
//! | the disk is full | the write fails, and nothing of it remains |
//! | a record is damaged | [`ErrorKind::Corrupt`] with its key, when it is read |
//! | a file of the store is damaged or gone | [`ErrorKind::Corrupt`], never an empty store |
//! | sled fails or panics | [`ErrorKind::Poisoned`]; the next open rebuilds the index |
//! | it is opened twice | [`ErrorKind::Locked`] |
//!
//! [`Store::verify`] finds damage before it is read; [`Store::repair`] makes a store again of what
//! is whole, and says what is not.
//!
//! Two limits of this: bytes damaged in the very last write of a store that was not closed look
//! like a write that was cut short, and it is dropped as one. And panics inside sled can only be
//! caught where panics unwind, the default.
//!
//! # Features
//!
//! - `sled` (on by default), `redb`: the engines.
//! - `tokio`: `asynchronous`, the store for asynchronous tasks.
//! - `tracing`: spans of that crate, under the target `pickle_store`, around opening, writes,
//!   transactions, scans of everything and the building of indexes; single reads at level `TRACE`.
//! - `uuid`: UUIDs as keys.
//! - `zstd`, `lz4`: [`Builder::compression`], and reading what it wrote.
//!
//! The files, and why they survive, are in `docs/store-format.md`.

#![forbid(unsafe_code)]

#[cfg(feature = "tokio")]
pub mod asynchronous;
mod batch;
mod builder;
mod catalog;
mod changes;
mod collection;
mod conditional;
mod crosscheck;
mod define;
pub mod engine;
mod error;
mod expiry;
mod export;
mod history;
mod index;
mod inner;
mod iter;
mod key;
mod migrate;
mod plan;
mod rebuild;
mod record;
mod reference;
mod repair;
mod report;
mod space;
mod store;
mod trace;
mod transaction;
mod watch;

pub use batch::Batch;
pub use builder::Builder;
pub use collection::Collection;
pub use define::{Definition, Indexed, Indexes};
pub use engine::{Durability, Isolation};
pub use error::{Error, ErrorKind, Result};
pub use index::Index;
pub use iter::Iter;
pub use key::{AnyKey, AsKey, Key, KeyBounds, KeyDecoder, KeyEncoder, KeyPrefix, ToKey};
pub use migrate::Migration;
/// Makes a struct an ordered key; see the trait [`Key`](trait@Key).
pub use pickle_derive::Key;
pub use record::Version;
pub use reference::Ref;
pub use repair::Repair;
pub use report::{Problem, Report, Stats};
pub use store::Store;
pub use transaction::{Transaction, TransactionCollection};
pub use watch::{Change, ChangeKind, RecordKey, Watch};
