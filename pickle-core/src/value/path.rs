//! Into a value along a path, and by the attributes of objects.

use crate::graph::{Edges, Node, NodeId};

use super::Value;

impl Value {
    /// The value at a path as [RFC 6901](https://www.rfc-editor.org/rfc/rfc6901) has it:
    /// `/items/0/price`. Each step is a key of a dict (text, or the digits of an integer), a
    /// position in a list or tuple, or an attribute of an object. `~1` stands for a slash in a key,
    /// `~0` for a tilde. The empty path is the value itself.
    ///
    /// ```
    /// use pickle_core::value;
    /// let order = value!({"items": [{"name": "tea", "price": 2.5}], 7: "seven", "a/b": true});
    /// assert_eq!(order.pointer("/items/0/price"), Some(value!(2.5)));
    /// assert_eq!(order.pointer("/7"), Some(value!("seven")));
    /// assert_eq!(order.pointer("/a~1b"), Some(value!(true)));
    /// assert_eq!(order.pointer("/items/1"), None);
    /// ```
    pub fn pointer(&self, path: &str) -> Option<Self> {
        if path.is_empty() {
            return Some(self.clone());
        }
        let mut id = self.id;
        for step in path.strip_prefix('/')?.split('/') {
            id = match step.contains('~') {
                true => self.step(id, &step.replace("~1", "/").replace("~0", "~"))?,
                false => self.step(id, step)?,
            };
        }
        Some(self.at(id))
    }

    /// The attributes of an object: keyword arguments, what was set by key, and the state that
    /// `__setstate__` gets, in this order and of equal names the last. Empty for anything else, and
    /// for a state that is no dict.
    ///
    /// ```
    /// use pickle_core::{Value, value};
    /// let point = Value::instance(&Value::global("shapes", "Point"), &value!({"x": 1}));
    /// assert_eq!(point.attributes(), [("x".to_owned(), value!(1))]);
    /// assert_eq!(point.get("x"), Some(value!(1)));
    /// ```
    pub fn attributes(&self) -> Vec<(String, Self)> {
        let mut list: Vec<(String, Self)> = Vec::new();
        let mut places = std::collections::HashMap::new();
        for pair in self.object_pairs(self.id).chunks_exact(2) {
            let Some(name) = self.graph.text(pair[0]) else { continue };
            let value = self.at(pair[1]);
            let place = *places.entry(name).or_insert(list.len());
            match list.get_mut(place) {
                Some(entry) => entry.1 = value,
                None => list.push((name.to_owned(), value)),
            }
        }
        list
    }

    /// Keys and values in turn of all that may hold attributes of an object.
    fn object_pairs(&self, id: NodeId) -> Vec<NodeId> {
        let Some(made) = self.restorer().instance(id) else {
            return Vec::new();
        };
        let mut pairs = [made.kwargs, made.pairs].concat();
        for state in made.states {
            match self.graph.node(*state) {
                Node::Dict(own) => pairs.extend(self.graph.edges(own)),
                // The state of a class with slots: a dict or `None`, and a dict.
                Node::Tuple { items, .. } if items.len() == 2 => {
                    for part in self.graph.edges(items) {
                        if let Node::Dict(own) = self.graph.node(*part) {
                            pairs.extend(self.graph.edges(own));
                        }
                    }
                }
                _ => {}
            }
        }
        pairs
    }

    /// What an object has under a name.
    pub(super) fn attribute(&self, id: NodeId, name: &str) -> Option<NodeId> {
        let pairs = self.object_pairs(id);
        let mut named = pairs.chunks_exact(2).rev();
        named.find(|pair| self.is_text(pair[0], name)).map(|pair| pair[1])
    }

    pub(super) fn is_text(&self, id: NodeId, text: &str) -> bool {
        match self.graph.node(id) {
            Node::Str(span) => self.graph.bytes(span) == text.as_bytes(),
            _ => false,
        }
    }

    fn step(&self, id: NodeId, step: &str) -> Option<NodeId> {
        let position = |items: Edges| {
            let is_plain = step == "0" || !step.starts_with(['0', '+']);
            let index: usize = step.parse().ok().filter(|_| is_plain)?;
            self.graph.edges(items).get(index).copied()
        };
        match self.graph.node(id) {
            Node::List(items) | Node::Tuple { items, .. } => position(items),
            Node::Dict(pairs) => {
                let number: Option<i64> = step.parse().ok();
                let is_key = |key| match self.graph.node(key) {
                    Node::Int(key) => number == Some(key) && step == key.to_string(),
                    _ => self.is_text(key, step),
                };
                let mut pairs = self.graph.edges(pairs).chunks_exact(2);
                pairs.find(|pair| is_key(pair[0])).map(|pair| pair[1])
            }
            Node::Call(object) | Node::New(object) => {
                let named = self.attribute(id, step);
                named.or_else(|| position(self.graph.extras(object).items))
            }
            _ => None,
        }
    }
}
