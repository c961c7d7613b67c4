//! The object store.
#![forbid(unsafe_code)]
