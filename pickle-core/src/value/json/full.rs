//! The full form: a flat list of objects that refer to each other by number.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Edges, Extras, Graph, Node, NodeId, Object, bigint};
use crate::python::float_repr;
use crate::value::build;

use super::{hex, int_text};

/// Integers beyond ±2^53 are text: many readers of JSON have floats only.
const EXACT: i64 = 1 << 53;
/// Digits that are read, for the same reason.
const DIGITS: usize = 5000;

/// Writes the full form.
pub(super) struct Full<'g> {
    pub(super) graph: &'g Graph<'static>,
    pub(super) numbers: HashMap<NodeId, usize>,
}

impl Full<'_> {
    pub(super) fn node(&self, id: NodeId) -> Json {
        let graph = self.graph;
        match graph.node(id) {
            Node::None => Json::Null,
            Node::Bool(value) => value.into(),
            Node::Int(value) if (-EXACT..=EXACT).contains(&value) => value.into(),
            Node::Int(value) => json!({"int": value.to_string()}),
            Node::BigInt(span) => json!({"int": int_text(graph.bytes(span))}),
            Node::Float(value) => json!({"float": float_text(value)}),
            Node::Str(span) => match std::str::from_utf8(graph.bytes(span)) {
                Ok(text) => text.into(),
                Err(_) => json!({"wtf8": hex(graph.bytes(span))}),
            },
            Node::Bytes(span) => json!({"bytes": hex(graph.bytes(span))}),
            Node::ByteArray(span) => json!({"bytearray": hex(graph.bytes(span))}),
            Node::Buffer { index, readonly } => {
                json!({"buffer": {"bytes": hex(graph.buffer(index)), "readonly": readonly}})
            }
            Node::List(items) => json!({"list": self.edges(items)}),
            Node::Tuple { items, .. } => json!({"tuple": self.edges(items)}),
            Node::Set(items) => json!({"set": self.edges(items)}),
            Node::FrozenSet(items) => json!({"frozenset": self.edges(items)}),
            Node::Dict(pairs) => json!({"dict": self.pairs(pairs)}),
            Node::Global { module, name } => {
                json!({"global": [self.number(module), self.number(name)]})
            }
            Node::Call(object) => json!({"call": self.object(object)}),
            Node::New(object) => json!({"new": self.object(object)}),
            Node::PersistentId(of) => json!({"persistent_id": self.number(of)}),
        }
    }

    fn number(&self, id: NodeId) -> Json {
        self.numbers[&id].into()
    }

    fn edges(&self, edges: Edges) -> Json {
        self.graph.edges(edges).iter().map(|id| self.number(*id)).collect()
    }

    fn pairs(&self, pairs: Edges) -> Json {
        let pairs = self.graph.edges(pairs).chunks_exact(2);
        pairs.map(|pair| Json::from_iter(pair.iter().map(|id| self.number(*id)))).collect()
    }

    fn object(&self, object: Object) -> Map<String, Json> {
        let extras = self.graph.extras(object);
        let mut map = Map::new();
        map.insert("callee".into(), self.number(object.callee));
        map.insert("args".into(), self.number(object.args));
        if let Some(kwargs) = extras.kwargs {
            map.insert("kwargs".into(), self.number(kwargs));
        }
        for (name, edges) in [
            ("states", extras.states),
            ("items", extras.items),
            ("adds", extras.adds),
            ("setters", extras.setters),
        ] {
            if !edges.is_empty() {
                map.insert(name.into(), self.edges(edges));
            }
        }
        if !extras.pairs.is_empty() {
            map.insert("pairs".into(), self.pairs(extras.pairs));
        }
        map
    }
}

/// What has a tag in the full form.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Tagged {
    Int(String),
    Float(String),
    Wtf8(String),
    Bytes(String),
    Bytearray(String),
    Buffer(Bytes),
    List(Vec<u32>),
    Tuple(Vec<u32>),
    Set(Vec<u32>),
    Frozenset(Vec<u32>),
    Dict(Vec<[u32; 2]>),
    Global([u32; 2]),
    Call(Made),
    New(Made),
    PersistentId(u32),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bytes {
    bytes: String,
    readonly: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Made {
    callee: u32,
    args: u32,
    kwargs: Option<u32>,
    #[serde(default)]
    states: Vec<u32>,
    #[serde(default)]
    items: Vec<u32>,
    #[serde(default)]
    adds: Vec<u32>,
    #[serde(default)]
    pairs: Vec<[u32; 2]>,
    #[serde(default)]
    setters: Vec<u32>,
}

/// Reads the full form.
pub(super) struct Reader {
    pub(super) graph: Graph<'static>,
    pub(super) ids: Vec<NodeId>,
}

impl Reader {
    pub(super) fn fill(&mut self, id: NodeId, object: &Json) -> Result<()> {
        let node = match object {
            Json::Null => Node::None,
            Json::Bool(value) => Node::Bool(*value),
            Json::Number(number) => {
                let value = number.as_i64().map(i128::from).or(number.as_u64().map(i128::from));
                let value = value.ok_or_else(|| {
                    Error::expected("an integer").with_hint("a float is `{\"float\": \"1.5\"}`")
                })?;
                build::integer(&mut self.graph, value)
            }
            Json::String(text) => Node::Str(self.graph.own(text.as_bytes())),
            Json::Object(_) => match Tagged::deserialize(object).map_err(Error::custom)? {
                Tagged::Call(made) => return self.object(id, Node::Call, &made),
                Tagged::New(made) => return self.object(id, Node::New, &made),
                tagged => self.tagged(tagged)?,
            },
            Json::Array(_) => return Err(Error::expected("an object with a tag, found an array")),
        };
        self.graph.set(id, node);
        Ok(())
    }

    fn tagged(&mut self, tagged: Tagged) -> Result<Node> {
        Ok(match tagged {
            Tagged::Int(text) => {
                let bytes = int_bytes(&text).ok_or_else(|| Error::expected("an integer"))?;
                match bigint::small(&bytes) {
                    Some(value) => Node::Int(value),
                    None => Node::BigInt(self.graph.own(bigint::trim(&bytes))),
                }
            }
            Tagged::Float(text) => Node::Float(float(&text)?),
            Tagged::Wtf8(text) => {
                let bytes = unhex(&text)?;
                if !is_text(&bytes) {
                    return Err(Error::new(ErrorKind::InvalidUtf8));
                }
                Node::Str(self.graph.own(&bytes))
            }
            Tagged::Bytes(text) => Node::Bytes(self.graph.own(&unhex(&text)?)),
            Tagged::Bytearray(text) => Node::ByteArray(self.graph.own(&unhex(&text)?)),
            Tagged::Buffer(buffer) => {
                let index = self.graph.add_buffer(unhex(&buffer.bytes)?.into());
                Node::Buffer { index, readonly: buffer.readonly }
            }
            Tagged::List(items) => Node::List(self.link(&items)?),
            // Whether it is hashable follows once its items are there.
            Tagged::Tuple(items) => Node::Tuple { items: self.link(&items)?, hashable: false },
            Tagged::Set(items) => Node::Set(self.link(&items)?),
            Tagged::Frozenset(items) => Node::FrozenSet(self.link(&items)?),
            Tagged::Dict(pairs) => Node::Dict(self.link(pairs.as_flattened())?),
            Tagged::Global([module, name]) => {
                Node::Global { module: self.id(module)?, name: self.id(name)? }
            }
            Tagged::PersistentId(of) => Node::PersistentId(self.id(of)?),
            Tagged::Call(_) | Tagged::New(_) => return Err(Error::expected("no object")),
        })
    }

    fn object(&mut self, id: NodeId, node: fn(Object) -> Node, made: &Made) -> Result<()> {
        let object = Graph::object(self.id(made.callee)?, self.id(made.args)?);
        let extras = Extras {
            kwargs: made.kwargs.map(|kwargs| self.id(kwargs)).transpose()?,
            states: self.link(&made.states)?,
            items: self.link(&made.items)?,
            adds: self.link(&made.adds)?,
            pairs: self.link(made.pairs.as_flattened())?,
            setters: self.link(&made.setters)?,
        };
        self.graph.set(id, node(object));
        if let Some(place) = self.graph.extras_mut(id) {
            *place = extras;
        }
        Ok(())
    }

    fn id(&self, number: u32) -> Result<NodeId> {
        let id = self.ids.get(number as usize).copied();
        id.ok_or_else(|| {
            Error::corrupt(format!("a reference to object {number}, which is not there"))
        })
    }

    fn link(&mut self, numbers: &[u32]) -> Result<Edges> {
        let ids: Vec<NodeId> =
            numbers.iter().map(|number| self.id(*number)).collect::<Result<_>>()?;
        Ok(self.graph.link(&ids))
    }

    /// Sees that what is made at once holds no part of itself, on which all that walks keys
    /// relies, and which tuples may be keys.
    pub(super) fn order(&mut self) -> Result<()> {
        let mut states: HashMap<NodeId, bool> = HashMap::new();
        for index in 0..self.ids.len() {
            let mut stack = vec![(self.ids[index], false)];
            while let Some((id, is_done)) = stack.pop() {
                if is_done {
                    states.insert(id, true);
                    if let Node::Tuple { items, .. } = self.graph.node(id) {
                        let mut items_of = self.graph.edges(items).iter();
                        let hashable = items_of.all(|id| self.graph.is_hashable(*id));
                        self.graph.set(id, Node::Tuple { items, hashable });
                    }
                    continue;
                }
                match states.get(&id) {
                    Some(true) => continue,
                    Some(false) => {
                        return Err(Error::new(ErrorKind::Cycle)
                            .in_index(index)
                            .in_type("objects"));
                    }
                    None => {}
                }
                states.insert(id, false);
                stack.push((id, true));
                let parts = self.parts(id);
                stack.extend(
                    parts
                        .iter()
                        .filter(|part| states.get(part) != Some(&true))
                        .map(|part| (*part, false)),
                );
            }
        }
        Ok(())
    }

    /// What must be there before the object is.
    fn parts(&self, id: NodeId) -> Vec<NodeId> {
        match self.graph.node(id) {
            Node::Tuple { items, .. } | Node::FrozenSet(items) => self.graph.edges(items).to_vec(),
            Node::Global { module, name } => vec![module, name],
            Node::PersistentId(of) => vec![of],
            Node::Call(object) | Node::New(object) => vec![object.callee, object.args],
            _ => Vec::new(),
        }
    }

    /// Sees that references lead to the kinds that readers of a graph expect there.
    pub(super) fn check(&self, id: NodeId) -> Result<()> {
        let graph = &self.graph;
        let hashable = |edges: Edges, step| {
            let mut keys = graph.edges(edges).iter().step_by(step);
            let all = keys.all(|id| graph.is_hashable(*id));
            all.then_some(()).ok_or_else(|| Error::expected("keys and elements to be hashable"))
        };
        let is_str = |id| matches!(graph.node(id), Node::Str(_));
        match graph.node(id) {
            Node::Set(items) | Node::FrozenSet(items) => hashable(items, 1),
            Node::Dict(pairs) => hashable(pairs, 2),
            Node::Global { module, name } if !is_str(module) || !is_str(name) => {
                Err(Error::expected("text for a module and name"))
            }
            Node::Call(object) | Node::New(object) => {
                let extras = graph.extras(object);
                let is_dict = |id| matches!(graph.node(id), Node::Dict(_));
                let mut setters = graph.edges(extras.setters).iter();
                if !matches!(graph.node(object.args), Node::Tuple { .. }) {
                    Err(Error::expected("a tuple of arguments"))
                } else if !extras.kwargs.is_none_or(is_dict) {
                    Err(Error::expected("a dict of keyword arguments"))
                } else if !setters.all(|setter| self.is_setter(*setter, id)) {
                    Err(Error::expected("setters to be calls with the object and a state"))
                } else {
                    Ok(())
                }
            }
            _ => Ok(()),
        }
    }

    fn is_setter(&self, setter: NodeId, of: NodeId) -> bool {
        let Node::Call(call) = self.graph.node(setter) else { return false };
        match self.graph.node(call.args) {
            Node::Tuple { items, .. } => {
                matches!(self.graph.edges(items), [first, _] if *first == of)
            }
            _ => false,
        }
    }
}

fn unhex(text: &str) -> Result<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let byte = |pair: &[u8]| Some(digit(pair[0])? << 4 | digit(pair[1])?);
    let whole = text.len().is_multiple_of(2);
    let bytes = text.as_bytes().chunks_exact(2).map(byte).collect();
    Option::filter(bytes, |_| whole).ok_or_else(|| Error::expected("pairs of hexadecimal digits"))
}

/// Bytes of an integer in two's complement.
fn int_bytes(text: &str) -> Option<Vec<u8>> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    if let Some(digits) = digits.strip_prefix("0x").filter(|digits| !digits.is_empty()) {
        let padding = if digits.len().is_multiple_of(2) { "" } else { "0" };
        let mut bytes = unhex(&format!("{padding}{digits}")).ok()?;
        bytes.reverse();
        bytes.push(0);
        if negative {
            bigint::negate(&mut bytes);
        }
        return Some(bytes);
    }
    if digits.is_empty()
        || digits.len() > DIGITS
        || !digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let mut number = Vec::new();
    for digit in digits.bytes() {
        bigint::push_digit(&mut number, 10, u32::from(digit - b'0'));
    }
    Some(bigint::to_bytes(&number, negative))
}

fn float_text(value: f64) -> String {
    if value.is_nan() && value.to_bits() != f64::NAN.to_bits() {
        return format!("{:#018x}", value.to_bits());
    }
    float_repr(value)
}

fn float(text: &str) -> Result<f64> {
    let value = match text.strip_prefix("0x") {
        Some(bits) => u64::from_str_radix(bits, 16).ok().map(f64::from_bits),
        None if text == "nan" => Some(f64::NAN),
        None => text.parse().ok(),
    };
    value.ok_or_else(|| Error::expected("a float"))
}

/// Whether the bytes are UTF-8 but for lone surrogates of three bytes each.
fn is_text(bytes: &[u8]) -> bool {
    let mut bytes = bytes.to_vec();
    for index in 2..bytes.len() {
        if let [0xed, 0xa0..=0xbf, 0x80..=0xbf] = bytes[index - 2..=index] {
            bytes[index - 2..=index].copy_from_slice("\u{e000}".as_bytes());
        }
    }
    std::str::from_utf8(&bytes).is_ok()
}
