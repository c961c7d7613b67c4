//! The rows of a file, and one claim on each.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize as _;
use serde_json::Value;

pub(crate) struct Row {
    pub(crate) json: Value,
    pub(crate) bytes: Vec<u8>,
}

impl Row {
    fn parse(line: &str) -> Self {
        let mut deserializer = serde_json::Deserializer::from_str(line);
        deserializer.disable_recursion_limit();
        let json = Value::deserialize(&mut deserializer).expect("a row is JSON");
        let bytes = json["b64"].as_str().map_or_else(Vec::new, decode);
        Self { json, bytes }
    }

    /// The buffers beside the pickle.
    pub(crate) fn buffers(&self) -> Vec<Vec<u8>> {
        let buffers = self.json["buffers"].as_array().into_iter().flatten();
        buffers.map(|text| decode(text.as_str().expect("text"))).collect()
    }
}

fn decode(text: &str) -> Vec<u8> {
    STANDARD.decode(text).expect("base64")
}

fn folder() -> PathBuf {
    match std::env::var_os("PICKLE_CORPUS") {
        Some(folder) => folder.into(),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("pickle-core/tests/corpus-sample"),
    }
}

/// The rows of a file that are of interest.
pub(crate) fn rows(file: &str, wanted: impl Fn(&Row) -> bool) -> Vec<Row> {
    let path = folder().join(file);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let all: Vec<Row> = text.lines().map(Row::parse).collect();
    let count = all.len();
    let rows: Vec<Row> = all.into_iter().filter(wanted).collect();
    println!("{}: {} of {count} rows", path.display(), rows.len());
    rows
}

/// Runs one claim on each row that is of interest; all failures are reported together.
pub(crate) fn check(
    file: &str,
    wanted: impl Fn(&Row) -> bool,
    claim: impl Fn(&Row) -> Result<(), String>,
) {
    let rows = rows(file, wanted);
    assert!(!rows.is_empty(), "no row of {file} is of interest");
    let failures: Vec<String> = rows
        .iter()
        .filter_map(|row| {
            let (name, protocol) = (&row.json["name"], &row.json["protocol"]);
            Some(format!("{name} {protocol}: {}", claim(row).err()?))
        })
        .collect();
    let shown: Vec<String> =
        failures.iter().take(300).map(|text| text.chars().take(900).collect()).collect();
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), rows.len(), shown.join("\n"));
}
