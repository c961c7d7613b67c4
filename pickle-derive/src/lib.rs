//! `#[derive(Pickle)]`.
#![forbid(unsafe_code)]
