//! Pickle for Rust.
#![forbid(unsafe_code)]

pub use pickle_core::*;
pub use pickle_derive::Pickle;

#[cfg(feature = "store")]
#[doc(inline)]
pub use pickle_store as store;
