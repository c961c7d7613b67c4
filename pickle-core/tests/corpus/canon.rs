//! The canonical JSON of a graph, in which the corpus states what each pickle denotes.

use std::collections::HashMap;

use pickle_core::graph::{Edges, Graph, Integer, Keys, Node, NodeId, Object};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const LONG_TEXT: usize = 2048;
const LONG_SEQUENCE: usize = 2000;

/// The canonical JSON of what is reached from `root`.
pub(crate) fn canon(graph: &Graph<'_>, root: NodeId) -> Value {
    let mut canon =
        Canon { graph, keys: Keys::default(), counts: HashMap::new(), ids: HashMap::new() };
    canon.count(root);
    canon.value(root)
}

/// Compact JSON in ASCII with sorted keys.
pub(crate) fn dump(value: &Value) -> String {
    let mut text = String::new();
    for char in value.to_string().chars() {
        if char.is_ascii() {
            text.push(char);
        } else {
            char.encode_utf16(&mut [0; 2]).iter().for_each(|u| text += &format!("\\u{u:04x}"));
        }
    }
    text
}

struct Canon<'g, 'de> {
    graph: &'g Graph<'de>,
    keys: Keys,
    counts: HashMap<NodeId, usize>,
    ids: HashMap<NodeId, usize>,
}

impl Canon<'_, '_> {
    /// Finds out which composites are reached more than once.
    fn count(&mut self, root: NodeId) {
        let mut stack = vec![root];
        while let Some(id) = stack.pop() {
            let kids = self.kids(id);
            let Some(kids) = kids else { continue };
            let count = self.counts.entry(id).or_default();
            *count += 1;
            if *count == 1 {
                stack.extend(kids);
            }
        }
    }

    /// What a composite holds; `None` for what has no identity.
    fn kids(&mut self, id: NodeId) -> Option<Vec<NodeId>> {
        let graph = self.graph;
        Some(match graph.node(id) {
            Node::List(items) => graph.edges(items).to_vec(),
            Node::Tuple { items, .. } if items.is_empty() => return None,
            Node::Tuple { items, .. } => graph.edges(items).to_vec(),
            Node::Set(items) | Node::FrozenSet(items) => graph.elements(items, &mut self.keys),
            Node::Dict(pairs) => {
                self.pairs(pairs).iter().flat_map(|pair| [pair.0, pair.1]).collect()
            }
            Node::Call(object) | Node::New(object) => self.object_kids(object),
            Node::PersistentId(id) => vec![id],
            Node::ByteArray(_) => Vec::new(),
            _ => return None,
        })
    }

    /// The arguments are handed over one by one, so their tuple has no identity.
    fn object_kids(&mut self, object: Object) -> Vec<NodeId> {
        let extras = self.graph.extras(object);
        let mut kids = self.args(object).to_vec();
        kids.push(object.callee);
        if let Some(Node::Dict(pairs)) = extras.kwargs.map(|id| self.graph.node(id)) {
            kids.extend(self.pairs(pairs).iter().flat_map(|pair| [pair.0, pair.1]));
        }
        for edges in [extras.states, extras.items, extras.adds, extras.pairs] {
            kids.extend(self.graph.edges(edges));
        }
        kids
    }

    fn args(&self, object: Object) -> Vec<NodeId> {
        match self.graph.node(object.args) {
            Node::Tuple { items, .. } => self.graph.edges(items).to_vec(),
            _ => Vec::new(),
        }
    }

    fn pairs(&mut self, pairs: Edges) -> Vec<(NodeId, NodeId)> {
        self.graph.pairs(pairs, &mut self.keys)
    }

    fn value(&mut self, id: NodeId) -> Value {
        let graph = self.graph;
        match graph.node(id) {
            Node::None => Value::Null,
            Node::Bool(value) => json!(value),
            Node::Int(_) | Node::BigInt(_) => graph.integer(id).map_or(Value::Null, integer),
            Node::Float(value) => json!({"f": format!("{:016x}", value.to_bits())}),
            Node::Str(span) => text(graph.bytes(span)),
            Node::Bytes(span) => bytes("b", graph.bytes(span)),
            Node::Buffer { index, .. } => bytes("b", graph.buffer(index)),
            Node::Global { module, name } => json!({"g": [graph.text(module), graph.text(name)]}),
            Node::Tuple { items, .. } if items.is_empty() => json!({"tuple": []}),
            node => {
                if let Some(number) = self.ids.get(&id) {
                    return json!({"ref": number});
                }
                let number = self.ids.len() + 1;
                let shared = self.counts.get(&id).is_some_and(|count| *count > 1);
                if shared {
                    self.ids.insert(id, number);
                }
                let mut value = self.composite(node);
                if shared {
                    value["id"] = json!(number);
                }
                value
            }
        }
    }

    fn composite(&mut self, node: Node) -> Value {
        let graph = self.graph;
        match node {
            Node::ByteArray(span) => bytes("ba", graph.bytes(span)),
            Node::List(items) => sequence("list", self.values(graph.edges(items))),
            Node::Tuple { items, .. } => sequence("tuple", self.values(graph.edges(items))),
            Node::Set(items) => self.set("set", items),
            Node::FrozenSet(items) => self.set("frozenset", items),
            Node::Dict(pairs) => {
                let pairs = self.pairs(pairs);
                sequence("dict", self.entries(&pairs))
            }
            Node::Call(object) => json!({"call": self.object(object)}),
            Node::New(object) => json!({"new": self.object(object)}),
            Node::PersistentId(id) => json!({"pid": self.value(id)}),
            node => panic!("{node:?} is no composite"),
        }
    }

    fn object(&mut self, object: Object) -> Value {
        let graph = self.graph;
        let extras = graph.extras(object);
        let class = self.value(object.callee);
        let args = self.args(object);
        let mut value = json!({"cls": class, "args": sequence("tuple", self.values(&args))});
        if let Some(Node::Dict(pairs)) = extras.kwargs.map(|id| graph.node(id))
            && !pairs.is_empty()
        {
            let pairs = self.pairs(pairs);
            value["kw"] = sequence("dict", self.entries(&pairs));
        }
        for (name, edges) in
            [("state", extras.states), ("items", extras.items), ("adds", extras.adds)]
        {
            if !edges.is_empty() {
                value[name] = Value::Array(self.values(graph.edges(edges)));
            }
        }
        if !extras.pairs.is_empty() {
            let edges = graph.edges(extras.pairs);
            let pairs: Vec<_> = edges.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
            value["setitems"] = Value::Array(self.entries(&pairs));
        }
        value
    }

    fn set(&mut self, name: &str, items: Edges) -> Value {
        let ids = self.graph.elements(items, &mut self.keys);
        let mut values = self.values(&ids);
        values.sort_by_cached_key(dump);
        sequence(name, values)
    }

    fn values(&mut self, ids: &[NodeId]) -> Vec<Value> {
        ids.iter().map(|id| self.value(*id)).collect()
    }

    fn entries(&mut self, pairs: &[(NodeId, NodeId)]) -> Vec<Value> {
        pairs.iter().map(|(key, value)| json!([self.value(*key), self.value(*value)])).collect()
    }
}

fn integer(value: Integer<'_>) -> Value {
    let digits = value.to_string();
    if digits.len() < 8000 {
        return json!({"i": digits});
    }
    let count = digits.trim_start_matches('-').len();
    json!({"i_sha": sha(digits.as_bytes()), "digits": count, "neg": value.is_negative()})
}

fn text(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Err(_) => json!({"s_wtf8": hex(bytes)}),
        Ok(text) if text.len() <= LONG_TEXT => json!({"s": text}),
        Ok(text) => {
            json!({"s_sha": sha(bytes), "chars": text.chars().count(), "bytes": text.len()})
        }
    }
}

fn bytes(name: &str, bytes: &[u8]) -> Value {
    if bytes.len() <= LONG_TEXT {
        return json!({ name: hex(bytes) });
    }
    json!({format!("{name}_sha"): sha(bytes), "len": bytes.len()})
}

fn sequence(name: &str, values: Vec<Value>) -> Value {
    if values.len() <= LONG_SEQUENCE {
        return json!({ name: values });
    }
    let len = values.len();
    json!({format!("{name}_sha"): sha(dump(&Value::Array(values)).as_bytes()), "len": len})
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}
