//! Derived types in Python's protocols: what is written, and every form that is read.

#[path = "python/written.rs"]
mod written;
