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

/// Whether what is loaded is all that the pickle says: members of enums are written by their names,
/// because the numbers of the variants in Rust need not be the values in Python; paths are text;
/// factories are not kept; the cache of a `ZoneInfo` is not asked for by a method of it; and
/// there are several ways to write an array, of which numpy chooses by how it lies in memory.
fn is_written_in_one_way(row: &Row, again: &[u8]) -> bool {
    let expect = row.json["expect"].to_string();
    let is_array = expect.contains("\"ndarray\"");
    let by_buffer = |pickle: &[u8]| pickle.windows(11).any(|name| name == b"_frombuffer");
    let is_turned = is_array && row.bytes.contains(&b'>');
    let otherwise = is_array && by_buffer(again) != by_buffer(&row.bytes);
    let in_order_k = is_array && row.bytes.windows(2).any(|text| text == b"\x01K");
    let has_factory = expect.contains("\"factory\":{");
    let unlike = ["\"zoneinfo\"", "\"enum\"", "\"path\""].iter().any(|kind| expect.contains(kind));
    let trailing = row.json["name"] == "trailing_garbage";
    !(has_factory || unlike || is_turned || otherwise || in_order_k || trailing)
}

fn is_by_the_c_pickler(row: &Row) -> bool {
    row.json["impl"] == "c" && has_types(row)
}

#[test]
fn typed_values_have_the_bytes_of_the_c_pickler() {
    check("valid.jsonl", is_by_the_c_pickler, |row| {
        let value = load(row)?;
        let number = row.json["protocol"].as_u64().unwrap_or(9) as u8;
        let protocol = Protocol::try_from(number).map_err(|error| error.to_string())?;
        let again = dump(&value, protocol).map_err(|error| error.to_string())?;
        match again == row.bytes || !is_written_in_one_way(row, &again) {
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
    // Paths are text for Python, and numpy turns big-endian numbers as it loads them by some.
    let is_kept = |row: &Row| {
        let expect = row.json["expect"].to_string();
        !expect.contains("\"path\"") && !expect.contains("\"dtype\":\">")
    };
    let wanted = |row: &Row| row.bytes.len() < 10_000 && has_types(row) && is_kept(row);
    check("valid.jsonl", wanted, |row| {
        let value = load(row)?;
        for number in 0..=5 {
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

/// Whatever a changed byte makes of a pickle, it is an error or a value, and loading it ends.
#[test]
fn mutated_pickles_are_errors_or_values() {
    let is_short = |row: &Row| row.bytes.len() < 400 && has_types(row);
    check("valid.jsonl", is_short, |row| {
        let mut bytes = row.bytes.clone();
        for at in (row.bytes.len() % 5..bytes.len()).step_by(5) {
            for change in [0x01, 0x08, 0x80, 0xff] {
                bytes[at] ^= change;
                let mut unpickler = Unpickler::from_slice(&bytes).limits(LIMITS);
                if let Ok(value) = unpickler.load::<Typed>() {
                    json::of(&value); // it holds together
                }
                bytes[at] ^= change;
            }
        }
        load(row).map(drop)
    });
}
