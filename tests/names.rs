//! What travels by name: objects of traits, functions, classes.
#![forbid(unsafe_code)]

#[path = "names/classes.rs"]
mod classes;
#[path = "names/evolution.rs"]
mod evolution;
#[path = "names/functions.rs"]
mod functions;
#[path = "names/hostile.rs"]
mod hostile;
#[path = "names/persistent.rs"]
mod persistent;
#[path = "names/shared.rs"]
mod shared;
