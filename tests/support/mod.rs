//! What several tests share.

// Each test uses its part.
#![allow(dead_code, unreachable_pub)]

pub mod network;
pub mod objects;
pub mod samples;
mod wide;
