//! The bytes of the native format, one file for each rule of `docs/native-format.md`.
//!
//! Files are added (`GOLDEN=add cargo test --test golden`), never regenerated.
#![forbid(unsafe_code)]

mod support;

use std::fs;
use std::path::PathBuf;
use std::rc::{Rc, Weak};

use pickle::{Pickle, Pickler, Protocol, Unpickler};
use support::samples::{Point, SAMPLES};

fn path(name: &str) -> PathBuf {
    in_folder("native-1", name)
}

fn in_folder(folder: &str, name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(folder);
    folder.join(format!("{name}.pickle"))
}

fn golden(name: &str, bytes: &[u8]) -> Vec<u8> {
    golden_at(path(name), bytes)
}

fn golden_at(path: PathBuf, bytes: &[u8]) -> Vec<u8> {
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

/// Two pickles of one pickler, the second of which refers to objects of the first.
#[test]
fn a_run_is_written_as_it_always_was_and_loads() {
    #[derive(Pickle)]
    #[pickle(class = "golden.Line")]
    struct Line {
        name: Rc<str>,
        ends: [Rc<Point>; 2],
        marked: Weak<Point>,
    }

    let end = |x, y| Rc::new(Point { x, y });
    let (name, ends): (Rc<str>, _) = ("line".into(), [end(1.0, 2.0), end(3.0, 4.0)]);
    let line = Line { name: name.clone(), marked: Rc::downgrade(&ends[1]), ends: ends.clone() };
    let other = Line { name, marked: Weak::new(), ends: [ends[1].clone(), end(5.0, 6.0)] };
    for (file, protocol) in
        [("native", Protocol::Native), ("v2", Protocol::V2), ("v5", Protocol::V5)]
    {
        let mut bytes = Vec::new();
        let mut pickler = Pickler::new(&mut bytes).protocol(protocol);
        pickler.dump(&line).unwrap();
        pickler.dump(&vec![&other, &other]).unwrap();
        let golden = golden_at(in_folder("runs-1", file), &bytes);
        assert!(golden == bytes, "{file} is written otherwise");
        let mut unpickler = Unpickler::from_slice(&golden);
        let first: Line = unpickler.load().unwrap();
        let second: Vec<Line> = unpickler.load().unwrap();
        assert_eq!((&first.name, &first.ends), (&line.name, &line.ends));
        for second in second {
            assert!(Rc::ptr_eq(&first.name, &second.name));
            assert!(Rc::ptr_eq(&first.ends[1], &second.ends[0]));
            assert_eq!((&second.ends, second.marked.upgrade()), (&other.ends, None));
        }
    }
}
