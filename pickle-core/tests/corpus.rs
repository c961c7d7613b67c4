//! Pickles written by real CPythons, and broken and malicious ones: each is read as CPython's own
//! machine reads it, or refused where that refuses.
//!
//! `PICKLE_CORPUS` names the folder; without it the sample in `tests/corpus` is read.

#[path = "corpus/canonical.rs"]
mod canonical;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use base64::Engine as _;
use pickle_core::python::{Encoding, OnError};
use pickle_core::{Protocol, Unpickler};
use serde_json::Value as Json;

use canonical::canonical;

fn folder() -> PathBuf {
    let sample = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    std::env::var_os("PICKLE_CORPUS").map_or_else(sample, PathBuf::from)
}

/// The rows of a file. On a stack for deep ones: those who compare recurse, the machine does not.
fn for_rows(file: &'static str, check: fn(&Json) -> Result<(), String>) {
    let deep = std::thread::Builder::new().stack_size(512 << 20);
    let run = deep.spawn(move || {
        let path = folder().join(file);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| {
            panic!("{}: {error}", path.display());
        });
        let (mut count, mut wrong) = (0, Vec::new());
        for line in text.lines() {
            let mut deserializer = serde_json::Deserializer::from_str(line);
            deserializer.disable_recursion_limit();
            let row: Json = serde::Deserialize::deserialize(&mut deserializer).unwrap();
            count += 1;
            if let Err(message) = check(&row) {
                wrong.push(format!("{} (protocol {}): {message}", row["name"], row["protocol"]));
            }
        }
        println!("{}: {count} rows, {} wrong", path.display(), wrong.len());
        assert!(wrong.is_empty(), "{} of {count} wrong:\n{}", wrong.len(), wrong.join("\n"));
    });
    run.unwrap().join().unwrap();
}

fn from_base64(json: &Json) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(json.as_str().unwrap()).unwrap()
}

fn bytes(row: &Json) -> Vec<u8> {
    if !row["b64"].is_null() {
        return from_base64(&row["b64"]);
    }
    let segments = row["segments"].as_array().unwrap().iter();
    let segments = segments.map(|segment| {
        let hex = segment["hex"].as_str().unwrap();
        let bytes = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16));
        let bytes: Vec<u8> = bytes.collect::<Result<_, _>>().unwrap();
        bytes.repeat(segment["times"].as_u64().unwrap() as usize)
    });
    segments.collect::<Vec<_>>().concat()
}

/// The graph of a row; nothing where the row asks for an encoding that is not built in.
fn read(row: &Json) -> Option<Result<Json, pickle_core::Error>> {
    let bytes = bytes(row);
    let buffers: Vec<Vec<u8>> =
        row["buffers"].as_array().into_iter().flatten().map(from_base64).collect();
    let buffers: Vec<&[u8]> = buffers.iter().map(Vec::as_slice).collect();
    let mut unpickler = Unpickler::from_slice(&bytes);
    if let Some(encoding) = row["opts"]["encoding"].as_str() {
        let encoding = match encoding {
            "ASCII" => Encoding::Ascii,
            "latin1" => Encoding::Latin1,
            "utf-8" => Encoding::Utf8,
            "bytes" => Encoding::Bytes,
            _ => return None,
        };
        let errors = match row["opts"]["errors"].as_str() {
            Some("replace") => OnError::Replace,
            Some("ignore") => OnError::Ignore,
            _ => OnError::Strict,
        };
        unpickler = unpickler.encoding(encoding, errors);
    }
    if !buffers.is_empty() {
        unpickler = unpickler.buffers(&buffers);
    }
    Some(unpickler.load_graph().map(|graph| canonical(&graph)))
}

fn equals(row: &Json) -> Result<(), String> {
    let (Some(read), Some(expected)) = (read(row), row.get("graph")) else { return Ok(()) };
    match read {
        Ok(graph) if graph == *expected => Ok(()),
        Ok(graph) => Err(format!("{} instead of {}", cut(&graph), cut(expected))),
        Err(error) => Err(format!("{error} instead of {}", cut(expected))),
    }
}

fn cut(json: &Json) -> String {
    json.to_string().chars().take(300).collect()
}

fn refused(row: &Json) -> Result<(), String> {
    match read(row) {
        Some(Ok(graph)) => Err(format!("is accepted as {}", cut(&graph))),
        _ => Ok(()),
    }
}

#[test]
fn valid_pickles_are_read_as_cpython_reads_them() {
    for_rows("valid.jsonl", |row| match row.get("expect_depth") {
        None => equals(row),
        Some(_) => {
            let bytes = bytes(row);
            let read = Unpickler::from_slice(&bytes).load_graph();
            read.map(|_| ()).map_err(|error| error.to_string())
        }
    });
}

/// Whether a graph has values only, no names: CPython has no other way to write these.
fn is_plain(graph: &Json) -> bool {
    let text = graph.to_string();
    !text.contains("\"cls\"") && !text.contains("{\"g\"")
}

/// What CPython's C pickler wrote, read and written again: the same bytes for plain values, the same
/// graph for objects, which may have come about in several ways.
#[test]
fn graphs_are_written_as_cpython_writes_them() {
    for_rows("valid.jsonl", |row| {
        let told = ["opts", "expect_stream", "expect_depth"];
        if row["impl"] != "c" || told.iter().any(|key| row.get(*key).is_some()) {
            return Ok(());
        }
        let bytes = bytes(row);
        let protocol = Protocol::try_from(row["protocol"].as_u64().unwrap() as u8).unwrap();
        let mut unpickler = Unpickler::from_slice(&bytes);
        let graph = unpickler.load_graph().map_err(|error| error.to_string())?;
        // What follows the pickle is no part of it.
        let pickle = &bytes[..bytes.len() - unpickler.rest().len()];
        let written = graph.dumps(protocol).map_err(|error| error.to_string())?;
        if written == pickle {
            return Ok(());
        }
        let json = canonical(&graph);
        let again =
            Unpickler::from_slice(&written).load_graph().map_err(|error| error.to_string())?;
        if !is_plain(&json) && canonical(&again) == json {
            return Ok(());
        }
        let (written, pickle) = (written.escape_ascii(), pickle.escape_ascii());
        Err(format!("{written} instead of {pickle}").chars().take(900).collect())
    });
}

#[test]
fn buffers_beside_the_pickle_are_found() {
    for_rows("oob.jsonl", equals);
}

#[test]
fn what_cpython_refuses_is_refused() {
    for_rows("must_fail.jsonl", |row| match row["layer"].as_str() {
        Some("machine") => refused(row),
        _ => equals(row),
    });
}

#[test]
fn malicious_pickles_are_inert_or_refused_and_take_no_time() {
    for_rows("malicious.jsonl", |row| {
        let start = Instant::now();
        if row.get("segments").is_none() {
            equals(row)?;
        } else {
            // What it holds does not matter here, only that the answer comes soon.
            let bytes = bytes(row);
            let _ = Unpickler::from_slice(&bytes).load_graph();
        }
        match start.elapsed() {
            elapsed if elapsed < Duration::from_secs(20) => Ok(()),
            elapsed => Err(format!("takes {elapsed:?}")),
        }
    });
}

#[test]
fn damaged_pickles_get_cpythons_verdict() {
    for_rows("fuzz.jsonl", |row| match (row["agree"].as_bool(), row["ok"].as_bool()) {
        (Some(true), Some(true)) => equals(row),
        (Some(true), Some(false)) => refused(row),
        _ => Ok(()),
    });
}
