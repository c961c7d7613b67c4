//! Values as JSON (feature `serde_json`): in full, as a flat list of numbered objects, so that
//! neither depth nor cycles matter; or plain, as a tree for reading.

mod full;
mod plain;

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Graph, Integer, Node, bigint};

use super::Value;
use full::{Full, Reader};

/// The version of the full form.
const VERSION: u64 = 1;
/// Bytes of an integer beyond which it is in hexadecimal: digits are its square in work.
const INT_BYTES: usize = 2048;
/// Graphs have fewer nodes.
const MAX_OBJECTS: usize = u32::MAX as usize - 512;

impl Value {
    /// Everything that the value holds as JSON, with sharing and cycles;
    /// [`from_json`](Self::from_json) reads it.
    ///
    /// `objects` lists the objects, this value first, and each refers to others by their positions.
    /// `None`, bools, integers up to 2^53 and text are those of JSON. All else has a tag: `int`
    /// (decimal, or `0x..`), `float` (as Python's `repr`, or `0x..` for the bits of an unusual NaN),
    /// `wtf8` (text with lone surrogates), `bytes` and `bytearray` and `buffer` (hexadecimal), `list`,
    /// `tuple`, `set`, `frozenset`, `dict` (pairs), `global` (module, name), `call` and `new` (what an
    /// object is made of), `persistent_id`.
    ///
    /// ```
    /// use pickle_core::{Value, value};
    /// let value = value!({"a": (1.5, b"\x00\xff")});
    /// let json = value.to_json();
    /// assert_eq!(
    ///     json.to_string(),
    ///     r#"{"objects":[{"dict":[[1,2]]},"a",{"tuple":[3,4]},{"float":"1.5"},{"bytes":"00ff"}],"version":1}"#
    /// );
    /// assert_eq!(Value::from_json(&json)?, value);
    /// # Ok::<(), pickle_core::Error>(())
    /// ```
    pub fn to_json(&self) -> Json {
        let mut numbers = HashMap::new();
        let (mut order, mut stack) = (Vec::new(), vec![self.id]);
        while let Some(id) = stack.pop() {
            if numbers.contains_key(&id) {
                continue;
            }
            numbers.insert(id, order.len());
            order.push(id);
            let start = stack.len();
            self.graph.for_each_edge(id, |edge| stack.push(edge));
            stack[start..].reverse();
        }
        let full = Full { graph: &self.graph, numbers };
        let objects: Vec<Json> = order.iter().map(|id| full.node(*id)).collect();
        let mut document = Map::new();
        document.insert("version".into(), VERSION.into());
        if self.graph.has_old_names() {
            document.insert("python2_names".into(), true.into());
        }
        document.insert("objects".into(), objects.into());
        document.into()
    }

    /// The value that [`to_json`](Self::to_json) wrote.
    ///
    /// ```
    /// use pickle_core::Value;
    /// let json = serde_json::json!({"version": 1, "objects": [{"list": [0, 1]}, "a"]});
    /// assert_eq!(Value::from_json(&json)?.to_string(), "<1>[<ref 1>, 'a']");
    /// # Ok::<(), pickle_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the JSON is none of that form: an unknown tag or version, a reference to nothing, a list
    /// as a key, a tuple that holds itself.
    pub fn from_json(json: &Json) -> Result<Self> {
        let document = json.as_object().ok_or_else(|| Error::expected("a JSON object"))?;
        for key in document.keys() {
            if !["version", "python2_names", "objects"].contains(&key.as_str()) {
                return Err(Error::new(ErrorKind::UnknownField { field: key.clone() }));
            }
        }
        let version = json.get("version").and_then(Json::as_u64);
        if version != Some(VERSION) {
            return Err(Error::expected(format!("`version` to be {VERSION}")));
        }
        let objects = json.get("objects").and_then(Json::as_array);
        let objects = objects.ok_or_else(|| Error::expected("an array of `objects`"))?;
        let mut graph = Graph::new(&[]);
        match json.get("python2_names") {
            None => {}
            Some(Json::Bool(old)) => graph.set_old_names(*old),
            Some(_) => return Err(Error::expected("a bool for `python2_names`")),
        }
        if objects.is_empty() || objects.len() > MAX_OBJECTS {
            return Err(Error::expected("at least one and fewer than 2^32 of `objects`"));
        }
        // Numbered before they are filled: an object may reach itself.
        let ids = objects.iter().map(|_| graph.add(Node::None, usize::MAX)).collect();
        let mut reader = Reader { graph, ids };
        for (index, object) in objects.iter().enumerate() {
            let place = |error: Error| error.in_index(index).in_type("objects");
            reader.fill(reader.ids[index], object).map_err(place)?;
        }
        reader.order()?;
        for index in 0..objects.len() {
            let place = |error: Error| error.in_index(index).in_type("objects");
            reader.check(reader.ids[index]).map_err(place)?;
        }
        Ok(Self::of_graph(reader.graph, reader.ids[0]))
    }

    /// The value as a tree of JSON for reading, which does not say all that it holds: tuples and
    /// sets are arrays, bytes are hexadecimal, integers beyond 64 bits are text, names are
    /// `module.name`. A dict is an object if all keys are text, numbers, bools or `None`, written as
    /// by Python's `json`, and distinct as such; else an array of pairs. Objects say their class and
    /// what they are made of.
    ///
    /// ```
    /// use pickle_core::{Value, value};
    /// let point = Value::instance(&Value::global("shapes", "Point"), &value!({"x": 1}));
    /// let value = value!({"p": point, "t": (1, 2.5, null), 3: b"\xff"});
    /// assert_eq!(
    ///     value.to_json_plain()?,
    ///     serde_json::json!({"p": {"class": "shapes.Point", "state": {"x": 1}}, "t": [1, 2.5, null], "3": "ff"})
    /// );
    /// # Ok::<(), pickle_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// What has no form in JSON: an object that holds itself, a NaN or an infinity, text with lone
    /// surrogates. When values are nested more than 127 levels deep, or what they share expands to
    /// more than the default limits allow.
    pub fn to_json_plain(&self) -> Result<Json> {
        let value = self.plain()?;
        plain::write(&value)
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |digit: u8| char::from(b"0123456789abcdef"[usize::from(digit)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// An integer in decimal, or in hexadecimal if it is huge.
fn int_text(bytes: &[u8]) -> String {
    if bytes.len() <= INT_BYTES {
        return Integer::Big(bytes).to_string();
    }
    let mut magnitude = bytes.to_vec();
    let negative = bigint::is_negative(bytes);
    if negative {
        bigint::negate(&mut magnitude);
    }
    magnitude.reverse();
    let digits = hex(&magnitude);
    format!("{}0x{}", if negative { "-" } else { "" }, digits.trim_start_matches('0'))
}
