//! Data of another version of a type loads by the rules of `docs/evolution.md`: each rule on its
//! own, natively and through Python's protocols, and foretold by `compat`.
#![forbid(unsafe_code)]

#[path = "evolution/collections.rs"]
mod collections;
#[path = "evolution/fields.rs"]
mod fields;
#[path = "evolution/golden.rs"]
mod golden;
#[path = "evolution/nested.rs"]
mod nested;
#[path = "evolution/numbers.rs"]
mod numbers;
#[path = "evolution/states.rs"]
mod states;
#[path = "evolution/unknown.rs"]
mod unknown;
#[path = "evolution/variants.rs"]
mod variants;

use std::fmt::Debug;

use pickle::compat::Effect;
use pickle::{Pickle, Protocol, Unpickle, UnpickleOwned, compat, dumps, dumps_with, loads};

/// Loads what `old` is pickled as, in every protocol, as the type of `new`: alone and in a list.
/// `effect` is what `compat` says of the two types.
#[track_caller]
fn evolves<Old, New>(old: Old, new: New, effect: Effect)
where
    Old: Pickle,
    New: UnpickleOwned + PartialEq + Debug,
{
    for (protocol, pickle) in pickles(&old) {
        assert_eq!(loads::<New>(&pickle).unwrap(), new, "protocol {protocol}");
    }
    for (protocol, pickle) in pickles(&[&old]) {
        let list = loads::<Vec<New>>(&pickle).unwrap();
        assert!(matches!(list.as_slice(), [one] if *one == new), "protocol {protocol}: {list:?}");
    }
    let report = compat::<Old, New>();
    assert_eq!(report.worst(), effect, "{report}");
}

/// The error of loading `old` as `New`, natively; other protocols give one as well.
#[track_caller]
fn refused<Old, New>(old: Old, effect: Effect) -> String
where
    Old: Pickle,
    New: for<'de> Unpickle<'de> + Debug,
{
    for (protocol, pickle) in pickles(&old) {
        let loaded = loads::<New>(&pickle);
        assert!(loaded.is_err(), "protocol {protocol}: {loaded:?}");
    }
    let report = compat::<Old, New>();
    assert_eq!(report.worst(), effect, "{report}");
    loads::<New>(&dumps(&old).unwrap()).unwrap_err().to_string()
}

fn pickles<T: Pickle>(value: &T) -> Vec<(Protocol, Vec<u8>)> {
    let protocols = [Protocol::Native, Protocol::V0, Protocol::V2, Protocol::V4, Protocol::V5];
    protocols.map(|protocol| (protocol, dumps_with(value, protocol).unwrap())).into()
}
