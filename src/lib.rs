//! Pickle for Rust.
#![forbid(unsafe_code)]

pub use pickle_core::*;
