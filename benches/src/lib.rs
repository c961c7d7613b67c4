//! What the benchmarks share: data sets, peers, and the table of ratios.

#![forbid(unsafe_code)]

pub mod data;
pub mod peers;
pub mod ratios;
