//! What `#[derive(Pickle)]` makes of every kind of type.

// Some names are those that the expansion could use.
#![allow(non_camel_case_types, non_snake_case)]

#[path = "derive/attributes.rs"]
mod attributes;
#[path = "derive/generics.rs"]
mod generics;
#[path = "derive/hooks.rs"]
mod hooks;
#[path = "derive/hygiene.rs"]
mod hygiene;
#[path = "derive/nameless.rs"]
mod nameless;
#[path = "derive/shapes.rs"]
mod shapes;
#[path = "derive/sizes.rs"]
mod sizes;

use std::fmt::Debug;

use pickle::{Pickle, UnpickleOwned, dumps, loads};

/// Dumps, loads, and compares.
fn round_trip<T: Pickle + UnpickleOwned + PartialEq + Debug>(value: T) {
    let bytes = dumps(&value).expect("it can be pickled");
    assert_eq!(loads::<T>(&bytes).expect("what was dumped can be loaded"), value);
}
