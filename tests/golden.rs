//! The bytes of the native format, one file for each rule of `docs/native-format.md`.
//!
//! Files are added (`GOLDEN=add cargo test --test golden`), never regenerated.
#![forbid(unsafe_code)]

mod support;

use std::fs;
use std::path::PathBuf;

use support::samples::SAMPLES;

fn path(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/native-1");
    folder.join(format!("{name}.pickle"))
}

fn golden(name: &str, bytes: &[u8]) -> Vec<u8> {
    let path = path(name);
    if !path.exists() && std::env::var_os("GOLDEN").is_some_and(|value| value == "add") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
    }
    fs::read(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; `GOLDEN=add` adds what is missing", path.display())
    })
}

#[test]
fn what_is_written_is_as_it_always_was() {
    for sample in SAMPLES {
        let bytes = (sample.dump)();
        assert!(golden(sample.name, &bytes) == bytes, "{} is written otherwise", sample.name);
    }
}

#[test]
fn what_was_written_loads() {
    for sample in SAMPLES {
        let bytes = golden(sample.name, &(sample.dump)());
        assert!((sample.load)(&bytes).unwrap(), "{} loads as another value", sample.name);
    }
}

#[test]
fn every_golden_file_is_tested() {
    let files = fs::read_dir(path("x").parent().unwrap()).unwrap();
    for file in files {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(
            SAMPLES.iter().any(|sample| format!("{}.pickle", sample.name) == name),
            "{name} belongs to no sample"
        );
    }
}
