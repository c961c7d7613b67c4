//! Objects that are shared: identity, cycles, and what goes wrong in a file from a stranger.

#[path = "graphs/cells.rs"]
mod cells;
#[path = "graphs/depth.rs"]
mod depth;
#[path = "graphs/hostile.rs"]
mod hostile;
#[path = "graphs/identity.rs"]
mod identity;
#[path = "graphs/in_python.rs"]
mod in_python;
#[path = "graphs/leading_back.rs"]
mod leading_back;
#[path = "graphs/one_pass.rs"]
mod one_pass;
#[path = "graphs/several.rs"]
mod several;
#[path = "graphs/weak.rs"]
mod weak;
#[path = "graphs/whole.rs"]
mod whole;

use pickle::{Pickle, Protocol, UnpickleOwned, dumps_with, loads};

/// Every protocol there is.
const PROTOCOLS: [Protocol; 7] = [
    Protocol::V0,
    Protocol::V1,
    Protocol::V2,
    Protocol::V3,
    Protocol::V4,
    Protocol::V5,
    Protocol::Native,
];

/// Shows the value as each protocol brings it back.
fn each<T: Pickle + UnpickleOwned>(value: &T, check: impl Fn(Protocol, T)) {
    for protocol in PROTOCOLS {
        let bytes = dumps_with(value, protocol).unwrap();
        let loaded = loads(&bytes).unwrap_or_else(|error| panic!("protocol {protocol}: {error}"));
        check(protocol, loaded);
    }
}
