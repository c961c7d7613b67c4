//! The plain form: a tree, for reading.

use serde_json::{Map, Number, Value as Json};

use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Graph, Integer, Node, NodeId, Object};
use crate::limits::Limits;
use crate::python::float_repr;
use crate::restore::Restorer;
use crate::value::Value;

use super::{hex, int_text};

/// Levels of the plain form: `serde_json` reads no more, and drops a tree by recursion.
const LEVELS: u32 = 127;
/// What one JSON value costs in memory, near enough for a budget.
const COST: u64 = size_of::<Json>() as u64;

/// The value, in which nothing is a call that need not be one, as a tree.
pub(super) fn write(value: &Value) -> Result<Json> {
    let graph = &*value.graph;
    let limit = Limits::DEFAULT.budget(graph.input_len() + graph.footprint() as usize);
    let restorer = value.restorer();
    Plain { graph, restorer, open: Vec::new(), limit, left: limit }.node(value.id)
}

/// Writes the plain form. It recurses no more than [`LEVELS`] deep.
struct Plain<'g> {
    graph: &'g Graph<'static>,
    restorer: Restorer<'g, 'static>,
    /// The containers around.
    open: Vec<NodeId>,
    limit: u64,
    left: u64,
}

impl Plain<'_> {
    fn node(&mut self, id: NodeId) -> Result<Json> {
        let graph = self.graph;
        self.charge(COST)?;
        Ok(match graph.node(id) {
            Node::None => Json::Null,
            Node::Bool(value) => value.into(),
            Node::Int(value) => value.into(),
            Node::BigInt(span) => {
                match Integer::Big(graph.bytes(span)).to_i128().map(u64::try_from) {
                    Some(Ok(value)) => value.into(),
                    _ => self.text(int_text(graph.bytes(span)))?,
                }
            }
            Node::Float(value) => match Number::from_f64(value) {
                Some(number) => number.into(),
                None => return Err(no_form(&float_repr(value))),
            },
            Node::Str(span) => match std::str::from_utf8(graph.bytes(span)) {
                Ok(text) => self.text(text.to_owned())?,
                Err(_) => return Err(no_form("text with lone surrogates")),
            },
            Node::Bytes(span) | Node::ByteArray(span) => self.text(hex(graph.bytes(span)))?,
            Node::Buffer { index, .. } => self.text(hex(graph.buffer(index)))?,
            Node::List(items) | Node::Tuple { items, .. } => {
                self.within(id, |plain| plain.items(graph.edges(items)))?
            }
            Node::Set(items) | Node::FrozenSet(items) => {
                self.within(id, |plain| plain.items(graph.edges(items)))?
            }
            Node::Dict(pairs) => self.within(id, |plain| plain.pairs(graph.edges(pairs)))?,
            Node::Global { .. } => {
                let (module, name) =
                    self.restorer.global(id).ok_or_else(|| no_form("such a name"))?;
                self.text(format!("{module}.{name}"))?
            }
            Node::PersistentId(of) => {
                let of = self.within(id, |plain| plain.node(of));
                let step = |error: Error| error.in_field("object", "persistent_id");
                Json::from_iter([("persistent_id", of.map_err(step)?)])
            }
            Node::Call(object) | Node::New(object) => {
                self.within(id, |plain| plain.object(id, object))?
            }
        })
    }

    fn charge(&mut self, bytes: u64) -> Result<()> {
        let left = self.left.checked_sub(bytes);
        self.left = left.ok_or_else(|| Error::new(ErrorKind::Memory { limit: self.limit }))?;
        Ok(())
    }

    fn text(&mut self, text: String) -> Result<Json> {
        self.charge(text.len() as u64)?;
        Ok(text.into())
    }

    /// Counts a level.
    fn within(
        &mut self,
        id: NodeId,
        write: impl FnOnce(&mut Self) -> Result<Json>,
    ) -> Result<Json> {
        if self.open.contains(&id) {
            return Err(Error::new(ErrorKind::Cycle).with_hint(HINT));
        }
        if self.open.len() >= LEVELS as usize {
            return Err(Error::new(ErrorKind::Depth { limit: LEVELS }).with_hint(HINT));
        }
        self.open.push(id);
        let json = write(self);
        self.open.pop();
        json
    }

    fn items(&mut self, items: &[NodeId]) -> Result<Json> {
        let mut array = Vec::new();
        for (index, id) in items.iter().enumerate() {
            array.push(self.node(*id).map_err(|error| error.in_index(index))?);
        }
        Ok(array.into())
    }

    fn pairs(&mut self, pairs: &[NodeId]) -> Result<Json> {
        let keys: Option<Vec<String>> = pairs.iter().step_by(2).map(|key| self.key(*key)).collect();
        let mut map = Map::new();
        for (key, pair) in keys.iter().flatten().zip(pairs.chunks_exact(2)) {
            self.charge(COST + key.len() as u64)?;
            let step = |error: Error| error.in_field("dict", key.clone());
            map.insert(key.clone(), self.node(pair[1]).map_err(step)?);
        }
        if keys.is_some() && map.len() == pairs.len() / 2 {
            return Ok(map.into());
        }
        let mut array = Vec::new();
        for (index, pair) in pairs.chunks_exact(2).enumerate() {
            self.charge(COST)?;
            array.push(self.items(pair).map_err(|error| error.in_index(index))?);
        }
        Ok(array.into())
    }

    /// A key as Python's `json` writes it.
    fn key(&self, id: NodeId) -> Option<String> {
        match self.graph.node(id) {
            Node::Str(_) => self.graph.text(id).map(str::to_owned),
            Node::None => Some("null".into()),
            Node::Bool(value) => Some(value.to_string()),
            Node::Int(value) => Some(value.to_string()),
            Node::BigInt(span) => Some(int_text(self.graph.bytes(span))),
            Node::Float(value) if value.is_finite() => Some(float_repr(value)),
            _ => None,
        }
    }

    fn object(&mut self, id: NodeId, object: Object) -> Result<Json> {
        let (graph, extras) = (self.graph, self.graph.extras(object));
        let mut map = Map::new();
        let mut put =
            |plain: &mut Self, name: &'static str, write: &dyn Fn(&mut Self) -> Result<Json>| {
                plain.charge(COST)?;
                let json = write(plain).map_err(|error| error.in_field("object", name))?;
                map.insert(name.into(), json);
                Ok::<(), Error>(())
            };
        let tuple = |id| match graph.node(id) {
            Node::Tuple { items, .. } => graph.edges(items),
            _ => &[],
        };
        let (mut args, mut kwargs, mut states) =
            (tuple(object.args), &[][..], graph.edges(extras.states));
        if let Some(Node::Dict(pairs)) = extras.kwargs.map(|id| graph.node(id)) {
            kwargs = graph.edges(pairs);
        }
        match self.restorer.instance(id) {
            Some(made) => {
                let class = format!("{}.{}", made.module, made.name);
                (args, kwargs, states) = (made.args, made.kwargs, made.states);
                put(self, "class", &|plain| plain.text(class.clone()))?;
                if let Some(base) = made.base {
                    put(self, "value", &|plain| plain.node(base))?;
                }
            }
            None => put(self, "callee", &|plain| plain.node(object.callee))?,
        }
        for (name, items) in [
            ("args", args),
            ("items", graph.edges(extras.items)),
            ("adds", graph.edges(extras.adds)),
        ] {
            if !items.is_empty() {
                put(self, name, &|plain| plain.items(items))?;
            }
        }
        for (name, pairs) in [("kwargs", kwargs), ("pairs", graph.edges(extras.pairs))] {
            if !pairs.is_empty() {
                put(self, name, &|plain| plain.pairs(pairs))?;
            }
        }
        match states {
            [] => {}
            [state] => put(self, "state", &|plain| plain.node(*state))?,
            states => put(self, "states", &|plain| plain.items(states))?,
        }
        Ok(map.into())
    }
}

const HINT: &str = "`Value::to_json` writes every value";

#[cold]
fn no_form(what: &str) -> Error {
    Error::custom(format!("{what} has no form in JSON")).with_hint(HINT)
}
