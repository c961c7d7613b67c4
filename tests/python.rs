//! Derived types in Python's protocols: what is written, and every form that is read.

#[path = "python/enums.rs"]
mod enums;
#[path = "python/golden.rs"]
mod golden;
#[path = "python/std_types.rs"]
mod std_types;
#[path = "python/structs.rs"]
mod structs;
#[path = "python/wide.rs"]
mod wide;
#[path = "python/written.rs"]
mod written;
