//! What the benchmarks share: data sets, peers, races, and the table of ratios.

#![forbid(unsafe_code)]

pub mod chart;
pub mod data;
pub mod peers;
pub mod race;
pub mod ratios;
pub mod trials;
