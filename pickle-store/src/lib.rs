//! Keeps pickled objects by key in an embedded database. Depend on `pickle-rs`, which re-exports this
//! crate as `pickle::store`.
//!
//! ```
//! use pickle_store::{Collection, Store};
//!
//! let store = Store::temporary()?;
//! store.put("motto", "keep what you are given")?;
//! assert_eq!(store.get::<String>("motto")?.as_deref(), Some("keep what you are given"));
//!
//! let ages: Collection<String, u8> = store.collection("ages")?;
//! ages.put("ann", &31)?;
//! ages.put("bob", &47)?;
//! let oldest_first = ages.iter()?.rev().collect::<Result<Vec<_>, _>>()?;
//! assert_eq!(oldest_first, [("bob".into(), 47), ("ann".into(), 31)]);
//! # Ok::<(), pickle_store::Error>(())
//! ```
//!
//! # What survives
//!
//! When a method that writes returns, its changes are on disk. The default engine is sled 0.34, whose
//! own `flush` only starts the writing: in simulated losses of power most of what it had acknowledged
//! was gone. So after each commit the store flushes sled and then has the operating system write
//! sled's file and its folder (`fsync`); commits of several threads share one. If that fails, nothing
//! more is written until the store is opened again, since the operating system may have dropped what
//! it could not write.
//!
//! | what happens | what is found afterwards |
//! |---|---|
//! | the process ends or is killed | everything acknowledged; of a batch all or nothing |
//! | the power fails | the same, as far as the disk keeps what it reported as written |
//! | sled opens empty after damage | [`ErrorKind::Corrupt`] on opening, never an empty store |
//! | bytes on disk change | [`ErrorKind::Corrupt`] with the key, never a wrong value |
//! | the store is open already | [`ErrorKind::Locked`] with the holder |
//!
//! `docs/store-format.md` in the repository describes what is stored.

#![forbid(unsafe_code)]
#![warn(clippy::print_stdout)] // libraries do not print

mod batch;
mod collection;
mod commit;
pub mod engine;
mod error;
mod folder;
mod iter;
mod key;
mod record;
mod space;
mod store;

pub use batch::Batch;
pub use collection::Collection;
pub use error::{Error, ErrorKind, Result};
pub use iter::{Entries, Keys};
pub use key::{Key, LoadKey};
pub use store::Store;
