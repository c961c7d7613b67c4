//! The canonical JSON of a graph, as the corpus has it.

use std::collections::HashMap;

use pickle_core::graph::{Graph, Kind, Made, NodeId, Object};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

/// Longer texts and lists are stated by their hash.
const LONG_TEXT: usize = 2048;
const LONG_LIST: usize = 2000;
const LONG_INT: usize = 8000;

pub(crate) fn canonical(graph: &Graph<'_>) -> Json {
    let mut canon = Canon { graph, reached: HashMap::new(), ids: HashMap::new(), next: 1 };
    canon.count(graph.root());
    canon.json(graph.root())
}

struct Canon<'g, 'de> {
    graph: &'g Graph<'de>,
    /// How often each composite is reached.
    reached: HashMap<NodeId, u32>,
    ids: HashMap<NodeId, u32>,
    next: u32,
}

fn sha(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Compact, with sorted keys, in ASCII, as Python's `json` writes it.
fn dump(json: &Json) -> String {
    let mut out = String::new();
    for char in json.to_string().chars() {
        if char.is_ascii() && char != '\x7f' {
            out.push(char);
        } else {
            for unit in char.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

fn bytes(tag: &str, bytes: &[u8]) -> Json {
    if bytes.len() <= LONG_TEXT {
        return json!({ tag: hex(bytes) });
    }
    json!({ format!("{tag}_sha"): sha(bytes), "len": bytes.len() })
}

fn text(text: &str) -> Json {
    if text.len() <= LONG_TEXT {
        return json!({ "s": text });
    }
    json!({ "s_sha": sha(text.as_bytes()), "chars": text.chars().count(), "bytes": text.len() })
}

/// A number in two's complement, in decimal.
fn decimal(bytes: &[u8]) -> String {
    let is_negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
    let mut magnitude = bytes.to_vec();
    if is_negative {
        let mut carry = true;
        for byte in &mut magnitude {
            (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
        }
    }
    let mut digits: Vec<u32> = vec![0];
    for byte in magnitude.iter().rev() {
        let mut carry = u64::from(*byte);
        for digit in &mut digits {
            let value = u64::from(*digit) * 256 + carry;
            *digit = (value % 1_000_000_000) as u32;
            carry = value / 1_000_000_000;
        }
        if carry > 0 {
            digits.push(carry as u32);
        }
    }
    let mut text = if is_negative { "-".to_owned() } else { String::new() };
    text.push_str(&digits.last().unwrap().to_string());
    for digit in digits.iter().rev().skip(1) {
        text.push_str(&format!("{digit:09}"));
    }
    text
}

fn integer(text: String) -> Json {
    if text.len() < LONG_INT {
        return json!({ "i": text });
    }
    let digits = text.trim_start_matches('-').len();
    json!({ "i_sha": sha(text.as_bytes()), "digits": digits, "neg": text.starts_with('-') })
}

fn sequence(tag: &str, items: Vec<Json>) -> Json {
    if items.len() <= LONG_LIST {
        return json!({ tag: items });
    }
    let count = items.len();
    json!({ format!("{tag}_sha"): sha(dump(&Json::Array(items)).as_bytes()), "len": count })
}

impl Canon<'_, '_> {
    fn is_composite(&self, id: NodeId) -> bool {
        match self.graph.kind(id) {
            Kind::Tuple(items) => !items.is_empty(),
            Kind::List(_)
            | Kind::Set(_)
            | Kind::FrozenSet(_)
            | Kind::Dict(_)
            | Kind::ByteArray(_)
            | Kind::Object(_)
            | Kind::Persistent(_) => true,
            _ => false,
        }
    }

    fn parts(&self, id: NodeId) -> Vec<NodeId> {
        match self.graph.kind(id) {
            Kind::List(parts)
            | Kind::Tuple(parts)
            | Kind::Set(parts)
            | Kind::FrozenSet(parts)
            | Kind::Dict(parts) => parts.to_vec(),
            Kind::Persistent(id) => vec![id],
            Kind::Object(object) => {
                // Python hands arguments on in a new tuple, so that one is never shared.
                let mut parts = self.parts(object.args);
                parts.extend(object.kwargs.into_iter().flat_map(|kwargs| self.parts(kwargs)));
                if let Kind::Object(_) = self.graph.kind(object.callee) {
                    parts.push(object.callee);
                }
                for list in [object.states, object.items, object.adds, object.setitems] {
                    parts.extend_from_slice(list);
                }
                parts
            }
            _ => Vec::new(),
        }
    }

    fn count(&mut self, root: NodeId) {
        let mut stack = vec![root];
        while let Some(id) = stack.pop() {
            if self.is_composite(id) {
                let reached = self.reached.entry(id).or_default();
                *reached += 1;
                if *reached == 1 {
                    stack.extend(self.parts(id));
                }
            }
        }
    }

    fn json(&mut self, id: NodeId) -> Json {
        if !self.is_composite(id) {
            return self.body(id);
        }
        if let Some(number) = self.ids.get(&id) {
            return json!({ "ref": number });
        }
        if self.reached.get(&id).is_some_and(|reached| *reached > 1) {
            self.ids.insert(id, self.next);
            self.next += 1;
        }
        let mut body = self.body(id);
        if let Some(number) = self.ids.get(&id) {
            body["id"] = json!(number);
        }
        body
    }

    fn list(&mut self, ids: &[NodeId]) -> Vec<Json> {
        ids.iter().map(|id| self.json(*id)).collect()
    }

    fn pairs(&mut self, ids: &[NodeId]) -> Vec<Json> {
        ids.chunks(2).map(|pair| Json::Array(self.list(pair))).collect()
    }

    fn sorted(&mut self, ids: &[NodeId]) -> Vec<Json> {
        let mut items = self.list(ids);
        items.sort_by_cached_key(dump);
        items
    }

    fn body(&mut self, id: NodeId) -> Json {
        let graph = self.graph;
        match graph.kind(id) {
            Kind::None => Json::Null,
            Kind::Bool(value) => json!(value),
            Kind::Int(value) => integer(value.to_string()),
            Kind::BigInt(bytes) => integer(decimal(bytes)),
            Kind::Float(value) => json!({ "f": hex(&value.to_be_bytes()) }),
            Kind::Str(value) => text(value),
            Kind::Surrogates(value) => json!({ "s_wtf8": hex(value) }),
            Kind::Bytes(value) => bytes("b", value),
            Kind::Buffer { bytes: value, .. } => bytes("b", value),
            Kind::ByteArray(value) => bytes("ba", value),
            Kind::List(items) => sequence("list", self.list(items)),
            Kind::Tuple(items) => sequence("tuple", self.list(items)),
            Kind::Set(items) => sequence("set", self.sorted(items)),
            Kind::FrozenSet(items) => sequence("frozenset", self.sorted(items)),
            Kind::Dict(items) => sequence("dict", self.pairs(items)),
            Kind::Global { module, name } => json!({ "g": [module, name] }),
            Kind::Persistent(id) => json!({ "pid": self.json(id) }),
            Kind::Object(object) => self.object(object),
            other => panic!("a kind that is new here: {other:?}"),
        }
    }

    fn object(&mut self, object: Object<'_>) -> Json {
        let mut parts = Map::new();
        parts.insert("cls".into(), self.json(object.callee));
        parts.insert("args".into(), self.body(object.args));
        if let Some(kwargs) = object.kwargs
            && !self.parts(kwargs).is_empty()
        {
            parts.insert("kw".into(), self.body(kwargs));
        }
        for (name, list) in
            [("state", object.states), ("items", object.items), ("adds", object.adds)]
        {
            if !list.is_empty() {
                parts.insert(name.into(), Json::Array(self.list(list)));
            }
        }
        if !object.setitems.is_empty() {
            parts.insert("setitems".into(), Json::Array(self.pairs(object.setitems)));
        }
        let how = match object.made {
            Made::Call => "call",
            Made::New => "new",
        };
        json!({ how: parts })
    }
}
