//! Pickle for Rust.
#![forbid(unsafe_code)]

pub use pickle_core::*;
pub use pickle_derive::Pickle;
