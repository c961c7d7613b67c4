//! Python's pickle, protocols 0 to 5: a machine that reads opcodes into a
//! [`Graph`](crate::graph::Graph), and a saver that writes one.
//!
//! Sources: the comments of CPython's `pickletools`, PEP 307, PEP 3154, PEP 574, and `_pickle.c`, whose
//! verdict on damaged input is ours.

mod machine;
mod names;
pub(crate) mod opcode;
mod saver;
mod text;

pub(crate) use machine::{Machine, Options};
pub(crate) use saver::save;
pub use text::{Encoding, OnError};

/// Modules and names of extension codes, as Python's `copyreg.add_extension` registers them.
pub type Extensions = std::collections::HashMap<u32, (String, String)>;
