//! Pickles written by CPython, with what each denotes: the folder named by `PICKLE_CORPUS`, or a
//! small sample of it.

#![allow(clippy::print_stdout)] // says which corpus ran

mod canon;

use std::io::Write as _;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use canon::{canon, dump};
use pickle_core::Protocol;
use pickle_core::python::opcode::{self, Argument};
use pickle_core::python::{Encoding, KOI8_R, LoadOptions, Machine, OnInvalid, save};
use serde::Deserialize as _;
use serde_json::Value;

#[test]
fn valid_pickles_denote_what_cpython_reads() {
    check("valid.jsonl", |row| {
        let bytes = bytes(row);
        if let Some(stream) = row["expect_stream"].as_array() {
            return check_stream(row, &bytes, stream);
        }
        let found = load(row, &bytes)?;
        match row.get("graph") {
            Some(graph) => equal(&found, graph),
            None => Ok(()),
        }
    });
}

#[test]
fn out_of_band_buffers_take_their_place() {
    check("oob.jsonl", |row| equal(&load(row, &bytes(row))?, &row["graph"]));
}

#[test]
fn what_cpython_refuses_is_refused() {
    check("must_fail.jsonl", |row| match load(row, &bytes(row)) {
        Ok(found) if row["layer"] == "machine" => Err(format!("loaded as {found}")),
        Ok(found) => equal(&found, &row["graph"]),
        Err(error) if row["layer"] == "machine" => {
            drop(error);
            Ok(())
        }
        Err(error) => Err(error),
    });
}

#[test]
fn malicious_pickles_are_inert_or_refused() {
    check("malicious.jsonl", |row| {
        let bytes = bytes(row);
        if row["kind"] == "gadget" {
            return match (row.get("graph"), load(row, &bytes)) {
                (Some(graph), found) => equal(&found?, graph),
                (None, Ok(found)) => Err(format!("loaded as {found}")),
                (None, Err(_)) => Ok(()),
            };
        }
        let start = std::time::Instant::now();
        let loaded = Machine::new(&bytes, LoadOptions::new()).load();
        let want = row["want"].as_str().unwrap_or("");
        if want.starts_with("error") && loaded.is_ok() {
            return Err("loaded".into());
        }
        if start.elapsed().as_secs() >= 1 { Err("too slow".into()) } else { Ok(()) }
    });
}

#[test]
fn mutated_pickles_have_the_verdicts_of_cpython() {
    check("fuzz.jsonl", |row| {
        if row["agree"] == false {
            return Ok(());
        }
        match (row["ok"].as_bool(), load(row, &bytes(row))) {
            (Some(true), found) => equal(&found?, &row["graph"]),
            (_, Ok(found)) => Err(format!("loaded as {found}, CPython: {}", row["cpython_error"])),
            (_, Err(_)) => Ok(()),
        }
    });
}

/// What the C pickler wrote, loaded and saved again, is the same bytes wherever the graph says all
/// that the pickle does; and saved by any protocol it is the same graph.
#[test]
fn saved_again_the_bytes_are_those_of_the_c_pickler() {
    check("valid.jsonl", |row| {
        let bytes = bytes(row);
        if row.get("expect_stream").is_some() || row.get("segments").is_some() {
            return Ok(());
        }
        let mut machine = Machine::new(&bytes, options(row));
        let root = machine.load().map_err(|error| error.to_string())?;
        let save = |number: u8| {
            let protocol = Protocol::try_from(number).map_err(|error| error.to_string())?;
            save(machine.graph(), root, protocol).map_err(|error| error.to_string())
        };
        if row["impl"] == "c" && is_plain(row) {
            let again = save(row["protocol"].as_u64().unwrap_or(0) as u8)?;
            if again != bytes {
                return Err(format!(
                    "\n saved {}\n wants {}",
                    again.escape_ascii(),
                    bytes.escape_ascii()
                ));
            }
        }
        for number in 0..=5 {
            let again = match save(number) {
                Ok(again) => again,
                Err(error) if number == 0 && row["cat"] == "persid" => {
                    drop(error);
                    continue;
                }
                Err(error) => return Err(format!("protocol {number}: {error}")),
            };
            let newest = newest_opcode(&again);
            if newest > number {
                return Err(format!("an opcode of protocol {newest} in protocol {number}"));
            }
            let mut machine = Machine::new(&again, LoadOptions::new());
            let error = |error| format!("protocol {number}: {error}");
            let root = machine.load().map_err(|e| error(e.to_string()))?;
            if number == row["protocol"].as_u64().unwrap_or(9) as u8
                && row["impl"] == "c"
                && is_plain(row)
            {
                equal(&canon(machine.graph(), root), &row["graph"]).map_err(error)?;
            }
        }
        Ok(())
    });
}

/// With `PICKLE_REWRITTEN=FILE`, writes what was read by each protocol, for a CPython to compare:
/// `check.py rust FILE` beside the corpus.
#[test]
fn what_is_read_can_be_written_for_cpython_to_compare() {
    let Some(path) = std::env::var_os("PICKLE_REWRITTEN") else {
        return println!("PICKLE_REWRITTEN names no file: nothing is written for CPython");
    };
    let file = std::fs::File::create(path).expect("a file");
    let file = std::sync::Mutex::new(std::io::BufWriter::new(file));
    check("valid.jsonl", move |row| {
        if row.get("expect").is_none() || row.get("segments").is_some() {
            return Ok(());
        }
        let bytes = bytes(row);
        let mut machine = Machine::new(&bytes, options(row));
        let root = machine.load().map_err(|error| error.to_string())?;
        for number in 0..=5 {
            let protocol = Protocol::try_from(number).map_err(|error| error.to_string())?;
            let Ok(again) = save(machine.graph(), root, protocol) else { continue };
            let row = serde_json::json!({
                "name": row["name"], "protocol": number, "b64": STANDARD.encode(again),
            });
            let mut file = file.lock().map_err(|error| error.to_string())?;
            writeln!(file, "{row}").map_err(|error| error.to_string())?;
        }
        Ok(())
    });
}

/// The highest protocol of any opcode.
fn newest_opcode(pickle: &[u8]) -> u8 {
    let (mut at, mut newest) = (0, 0);
    while let Some(code) = pickle.get(at) {
        let opcode = opcode::opcode(*code).expect("an opcode");
        newest = newest.max(opcode.protocol);
        at += 1;
        let line =
            |at: usize| pickle[at..].iter().position(|byte| *byte == b'\n').expect("a line") + 1;
        at += match opcode.argument {
            Argument::None => 0,
            Argument::Fixed(size) => size.into(),
            Argument::Counted(size) => {
                let mut count = [0; 8];
                count[..size.into()].copy_from_slice(&pickle[at..at + usize::from(size)]);
                usize::from(size) + u64::from_le_bytes(count) as usize
            }
            Argument::Line => line(at),
            Argument::LinePair => line(at) + line(at + line(at)),
        };
    }
    newest
}

/// Whether the graph says all that the pickle does.
fn is_plain(row: &Value) -> bool {
    // A bound method that looks like a nested name, an opcode too new for its protocol, names that
    // were deliberately not mapped, and bytes behind the pickle.
    let name = row["name"].as_str().unwrap_or("");
    let too_new = name == "class_reduce6" && row["protocol"].as_u64() < Some(2);
    !too_new
        && !matches!(name, "classmethod" | "trailing_garbage")
        && row["dump_opts"]["fix_imports"] != false
}

/// Runs one claim on each row of a file; all failures are reported together.
fn check(file: &str, claim: impl Fn(&Value) -> Result<(), String> + Send + 'static) {
    let sample = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus-sample");
    let folder = std::env::var_os("PICKLE_CORPUS").map_or(sample, PathBuf::from);
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path).expect("the corpus can be read");
    // The canonical JSON of deeply nested values is made and compared by recursion.
    let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(move || {
        let rows: Vec<Value> = text.lines().map(parse).collect();
        let failures: Vec<String> = rows
            .iter()
            .filter_map(|row| {
                Some(format!("{} {}: {}", row["name"], row["protocol"], claim(row).err()?))
            })
            .collect();
        (rows.len(), failures)
    });
    let (count, failures) = thread.expect("a thread starts").join().expect("no claim panics");
    println!("{}: {count} rows, {} failures", path.display(), failures.len());
    let shown: Vec<String> =
        failures.iter().take(20).map(|text| text.chars().take(600).collect()).collect();
    assert!(failures.is_empty(), "{} of {count}:\n{}", failures.len(), shown.join("\n"));
}

fn parse(line: &str) -> Value {
    let mut deserializer = serde_json::Deserializer::from_str(line);
    deserializer.disable_recursion_limit();
    Value::deserialize(&mut deserializer).expect("a row is JSON")
}

fn bytes(row: &Value) -> Vec<u8> {
    if let Some(text) = row["b64"].as_str() {
        return STANDARD.decode(text).expect("base64");
    }
    let mut bytes = Vec::new();
    for segment in row["segments"].as_array().expect("segments") {
        let hex = segment["hex"].as_str().expect("hex");
        let part: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex"))
            .collect();
        bytes.extend(part.repeat(segment["times"].as_u64().expect("times") as usize));
    }
    bytes
}

fn options(row: &Value) -> LoadOptions<'static> {
    let mut options = LoadOptions::new()
        .extension(1, "h2_types", "Ext1")
        .extension(0x1234, "h2_types", "Ext2")
        .extension(0x1234_5678, "h2_types", "Ext4");
    if let Some(buffers) = row["buffers"].as_array() {
        let decode = |text: &Value| STANDARD.decode(text.as_str().expect("text")).expect("base64");
        options = options.buffers(buffers.iter().map(decode));
    }
    options = match row["opts"]["encoding"].as_str() {
        Some("latin1") => options.encoding(Encoding::Latin1),
        Some("utf-8") => options.encoding(Encoding::Utf8),
        Some("bytes") => options.encoding(Encoding::Bytes),
        Some("koi8-r") => options.encoding(Encoding::Table(&KOI8_R)),
        _ => options,
    };
    match row["opts"]["errors"].as_str() {
        Some("replace") => options.on_invalid(OnInvalid::Replace),
        _ => options,
    }
}

fn load(row: &Value, bytes: &[u8]) -> Result<Value, String> {
    let mut machine = Machine::new(bytes, options(row));
    let root = machine.load().map_err(|error| error.to_string())?;
    // Nesting of a million levels has no canonical JSON here.
    if row.get("segments").is_some() {
        return Ok(Value::Null);
    }
    Ok(canon(machine.graph(), root))
}

fn check_stream(row: &Value, bytes: &[u8], expected: &[Value]) -> Result<(), String> {
    let mut machine = Machine::new(bytes, options(row));
    let keeps_memo = row["name"] == "stream_one_pickler_memo_kept";
    for expected in expected {
        let root = machine.load().map_err(|error| error.to_string())?;
        equal(&canon(machine.graph(), root), expected)?;
        if !keeps_memo {
            machine.forget();
        }
    }
    if machine.position() == bytes.len() { Ok(()) } else { Err("bytes are left".into()) }
}

fn equal(found: &Value, expected: &Value) -> Result<(), String> {
    let (found, expected) = (dump(found), dump(expected));
    if found == expected { Ok(()) } else { Err(format!("\n found {found}\n wants {expected}")) }
}
