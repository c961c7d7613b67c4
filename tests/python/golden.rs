//! Pickles that Pythons wrote: `golden.py` says of what.

use std::fmt::Debug;

use pickle::{UnpickleOwned, loads};

/// The pickles of an object, each with who wrote it: the version of Python and the protocol.
pub(crate) fn pickles(name: &str) -> Vec<(String, Vec<u8>)> {
    let lines = include_str!("pickles.txt").lines().map(|line| line.split(' '));
    let own = lines.filter_map(|mut words| {
        let mut next = || words.next().expect("four words in a line");
        let (object, version, protocol, hex) = (next(), next(), next(), next());
        (object == name).then(|| (format!("Python {version}, protocol {protocol}"), unhex(hex)))
    });
    let own: Vec<_> = own.collect();
    assert!(!own.is_empty(), "no Python wrote {name}");
    own
}

fn unhex(hex: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("a byte in hexadecimal digits");
    (0..hex.len()).step_by(2).map(byte).collect()
}

/// Whoever wrote the object, and by whatever protocol: it loads as `expected`.
pub(crate) fn assert_loads<T: UnpickleOwned + PartialEq + Debug>(name: &str, expected: &T) {
    for (writer, pickle) in pickles(name) {
        match loads::<T>(&pickle) {
            Ok(found) => assert_eq!(&found, expected, "{name} by {writer}"),
            Err(error) => panic!("{name} by {writer}: {error}"),
        }
    }
}

/// The text of the error with which the object does not load as a `T`, by Python 3.11 and
/// protocol 4.
pub(crate) fn refused<T: UnpickleOwned + Debug>(name: &str) -> String {
    let all = pickles(name);
    let own = all.iter().find(|(writer, _)| writer == "Python 3.11, protocol 4");
    loads::<T>(&own.expect("written").1).expect_err("must not load").to_string()
}
