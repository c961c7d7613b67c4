//! Pickles written by CPython, loaded into types and compared with what each denotes, and dumped
//! again and compared byte by byte: the rows of the folder named by `PICKLE_CORPUS`, or of a sample.

#![allow(clippy::print_stdout)] // says which rows ran

#[path = "corpus/classes.rs"]
mod classes;
#[path = "corpus/json.rs"]
mod json;
#[path = "corpus/plain.rs"]
mod plain;
#[path = "corpus/rows.rs"]
mod rows;
#[path = "corpus/typed.rs"]
mod typed;

use pickle::{Limits, Pickler, Protocol, Unpickler};
use serde_json::Value;

use rows::{Row, check};
use typed::Typed;

/// Some rows are nested deep.
const LIMITS: Limits = Limits { max_depth: 500, ..Limits::DEFAULT };

fn load(row: &Row) -> Result<Typed, String> {
    let buffers = row.buffers();
    let mut unpickler = Unpickler::from_slice(&row.bytes).limits(LIMITS);
    if !buffers.is_empty() {
        unpickler = unpickler.buffers(buffers);
    }
    unpickler.load::<Typed>().map_err(|error| error.to_string())
}

fn dump(value: &Typed, protocol: Protocol) -> pickle::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    Pickler::new(&mut bytes).protocol(protocol).limits(LIMITS).dump(value)?;
    Ok(bytes)
}

/// What has no type here: classes without a counterpart, objects that refer to each other (typed
/// values are trees), and what other options load.
fn has_types(row: &Row) -> bool {
    let expect = &row.json["expect"];
    row.json.get("opts").is_none_or(|opts| opts == &serde_json::json!({}))
        && row.json.get("expect_stream").is_none()
        && row.json.get("segments").is_none()
        && !expect.is_null()
        && json::has_types(expect)
}

#[test]
fn typed_values_are_what_cpython_reads() {
    for file in ["valid.jsonl", "oob.jsonl"] {
        check(file, has_types, |row| json::equal(&json::of(&load(row)?), &row.json["expect"]));
    }
}

/// numpy turns big-endian numbers when it loads them by protocols below 5, and so do we.
const TURNED: &str = "np_big_endian";

/// Rows whose bytes differ, and should: members of enums are written by their names, because the
/// numbers of the variants in Rust need not be the values in Python; and one has bytes behind it.
const OTHERWISE: [&str; 4] = ["enum_int", "enum_nested", TURNED, "trailing_garbage"];

fn is_by_the_c_pickler(row: &Row) -> bool {
    let name = row.json["name"].as_str().unwrap_or("");
    let differs = OTHERWISE.contains(&name);
    row.json["impl"] == "c" && has_types(row) && !differs
}

#[test]
fn typed_values_have_the_bytes_of_the_c_pickler() {
    check("valid.jsonl", is_by_the_c_pickler, |row| {
        let value = load(row)?;
        let number = row.json["protocol"].as_u64().unwrap_or(9) as u8;
        let protocol = Protocol::try_from(number).map_err(|error| error.to_string())?;
        let again = dump(&value, protocol).map_err(|error| error.to_string())?;
        match again == row.bytes {
            true => Ok(()),
            false => Err(format!(
                "\n saved {}\n wants {}",
                again.escape_ascii(),
                row.bytes.escape_ascii()
            )),
        }
    });
}

#[test]
fn typed_values_survive_every_protocol() {
    let is_short = |row: &Row| row.bytes.len() < 10_000 && has_types(row);
    check("valid.jsonl", is_short, |row| {
        let value = load(row)?;
        for number in 0..=5 {
            if row.json["name"] == TURNED && number < 5 {
                continue;
            }
            let error = |error: pickle::Error| format!("protocol {number}: {error}");
            let protocol = Protocol::try_from(number).map_err(error)?;
            let bytes = dump(&value, protocol).map_err(error)?;
            let again = Unpickler::from_slice(&bytes).limits(LIMITS).load().map_err(error)?;
            if number >= 4 || !keeps_fold(&row.json["expect"]) {
                json::equal(&json::of(&again), &json::of(&value))?;
            }
        }
        Ok(())
    });
}

/// Whether the value says which of two times it is, which old protocols do not keep.
fn keeps_fold(expect: &Value) -> bool {
    expect["fold"] == 1
}
