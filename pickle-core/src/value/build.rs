//! Values made in Rust.

use std::collections::HashMap;
use std::sync::Arc;

use crate::graph::{Edges, Graph, Node, NodeId, Object, bigint};

use super::Value;

impl Value {
    /// Python's `None`.
    pub fn none() -> Self {
        Self::scalar(|_| Node::None)
    }

    /// A `bytes` object.
    pub fn bytes(bytes: &[u8]) -> Self {
        Self::scalar(|graph| Node::Bytes(graph.own(bytes)))
    }

    /// A `bytearray`.
    pub fn bytearray(bytes: &[u8]) -> Self {
        Self::scalar(|graph| Node::ByteArray(graph.own(bytes)))
    }

    /// A list. Items that are one object stay one.
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::sequence(items, |_, items| Node::List(items))
    }

    /// A tuple.
    pub fn tuple(items: impl IntoIterator<Item = Self>) -> Self {
        Self::sequence(items, |graph, items| {
            let hashable = graph.edges(items).iter().all(|id| graph.is_hashable(*id));
            Node::Tuple { items, hashable }
        })
    }

    /// A set. Equal elements count once.
    ///
    /// # Panics
    /// When an element is a list, dict, set or bytearray, as in Python.
    pub fn set(items: impl IntoIterator<Item = Self>) -> Self {
        Self::sequence(items, |graph, items| {
            check_keys(graph, graph.edges(items).iter());
            Node::Set(items)
        })
    }

    /// A `frozenset`.
    ///
    /// # Panics
    /// As [`set`](Self::set).
    pub fn frozenset(items: impl IntoIterator<Item = Self>) -> Self {
        Self::sequence(items, |graph, items| {
            check_keys(graph, graph.edges(items).iter());
            Node::FrozenSet(items)
        })
    }

    /// A dict. Of equal keys the first stays, with the last value.
    ///
    /// # Panics
    /// When a key is a list, dict, set or bytearray, as in Python.
    pub fn dict(entries: impl IntoIterator<Item = (Self, Self)>) -> Self {
        let items = entries.into_iter().flat_map(|(key, value)| [key, value]);
        Self::sequence(items, |graph, pairs| {
            check_keys(graph, graph.edges(pairs).iter().step_by(2));
            Node::Dict(pairs)
        })
    }

    /// A function or class by name.
    pub fn global(module: &str, name: &str) -> Self {
        Self::scalar(|graph| {
            let [module, name] = [module, name].map(|text| {
                let span = graph.own(text.as_bytes());
                graph.add(Node::Str(span), usize::MAX)
            });
            Node::Global { module, name }
        })
    }

    /// An instance that the class's `__new__` makes of no arguments, and then takes this state.
    ///
    /// ```
    /// use pickle_core::{Protocol, Value, value};
    /// let point = Value::instance(&Value::global("shapes", "Point"), &value!({"x": 1}));
    /// assert_eq!(point.to_string(), "shapes.Point.__new__() <- {'x': 1}");
    /// ```
    pub fn instance(class: &Self, state: &Self) -> Self {
        let mut import = Import::default();
        let [class, state] = [class, state].map(|value| import.value(value));
        let graph = &mut import.graph;
        let args = graph.add_tuple(&[], usize::MAX);
        let id = graph.add(Node::New(Graph::object(class, args)), usize::MAX);
        let states = graph.link(&[state]);
        if let Some(extras) = graph.extras_mut(id) {
            extras.states = states;
        }
        Self::of_graph(import.graph, id)
    }

    /// What a call of a function or class makes. Nothing is called here, nor when it is loaded in
    /// Rust; Python calls it.
    ///
    /// ```
    /// use pickle_core::{Value, value};
    /// let today = Value::call(&Value::global("datetime", "date"), [value!(2026), value!(1), value!(2)]);
    /// assert_eq!(today.to_string(), "datetime.date(2026, 1, 2)");
    /// ```
    pub fn call(callee: &Self, args: impl IntoIterator<Item = Self>) -> Self {
        let mut import = Import::default();
        let callee = import.value(callee);
        let args: Vec<NodeId> = args.into_iter().map(|arg| import.value(&arg)).collect();
        let graph = &mut import.graph;
        let args = graph.add_tuple(&args, usize::MAX);
        let id = graph.add(Node::Call(Graph::object(callee, args)), usize::MAX);
        Self::of_graph(import.graph, id)
    }

    /// A complex number, which Python pickles as a call of `complex`.
    ///
    /// ```
    /// use pickle_core::Value;
    /// let value = Value::complex(4.0, 6.0);
    /// assert_eq!(value.to_string(), "builtins.complex(4.0, 6.0)");
    /// assert_eq!(value.as_complex(), Some((4.0, 6.0)));
    /// ```
    pub fn complex(real: f64, imaginary: f64) -> Self {
        let class = Self::global("builtins", "complex");
        Self::call(&class, [real, imaginary].map(Self::from))
    }

    /// An object outside of the pickle: what a `persistent_id` of Python's returned for it.
    ///
    /// ```
    /// use pickle_core::{Value, value};
    /// assert_eq!(Value::persistent(&value!(7)).as_persistent_id(), Some(value!(7)));
    /// ```
    pub fn persistent(id: &Self) -> Self {
        let mut import = Import::default();
        let of = import.value(id);
        let id = import.graph.add(Node::PersistentId(of), usize::MAX);
        Self::of_graph(import.graph, id)
    }

    /// The same value in a graph that holds nothing else.
    pub(super) fn alone(&self) -> Self {
        let mut import = Import::default();
        let id = import.value(self);
        Self { graph: Arc::new(import.graph), id }
    }

    fn scalar(node: impl FnOnce(&mut Graph<'static>) -> Node) -> Self {
        let mut graph = Graph::new(&[]);
        let node = node(&mut graph);
        let id = graph.add(node, usize::MAX);
        Self { graph: Arc::new(graph), id }
    }

    fn sequence(
        items: impl IntoIterator<Item = Self>,
        node: impl FnOnce(&Graph<'static>, Edges) -> Node,
    ) -> Self {
        let mut import = Import::default();
        let ids: Vec<NodeId> = items.into_iter().map(|item| import.value(&item)).collect();
        let mut graph = import.graph;
        let edges = graph.link(&ids);
        let node = node(&graph, edges);
        let id = graph.add(node, usize::MAX);
        Self::of_graph(graph, id)
    }
}

fn check_keys<'a>(graph: &Graph<'_>, mut ids: impl Iterator<Item = &'a NodeId>) {
    assert!(ids.all(|id| graph.is_hashable(*id)), "a key or element must be hashable");
}

/// Copies values of several graphs into one. What was shared within a graph stays shared.
pub(super) struct Import {
    graph: Graph<'static>,
    /// Keeps the graphs alive, so that no address below is used again.
    sources: Vec<Arc<Graph<'static>>>,
    known: HashMap<(usize, NodeId), NodeId>,
}

impl Default for Import {
    fn default() -> Self {
        Self { graph: Graph::new(&[]), sources: Vec::new(), known: HashMap::new() }
    }
}

impl Import {
    fn value(&mut self, value: &Value) -> NodeId {
        let source = Arc::clone(&value.graph);
        let (id, _) = self.node(&source, Arc::as_ptr(&source).addr(), value.id);
        self.sources.push(source);
        id
    }

    pub(super) fn into_graph(self) -> Graph<'static> {
        self.graph
    }

    /// Copies what is reached from a node of the graph at `address`; the root, and how many nodes
    /// were new.
    pub(super) fn node(
        &mut self,
        source: &Graph<'_>,
        address: usize,
        root: NodeId,
    ) -> (NodeId, usize) {
        if source.has_old_names() {
            self.graph.set_old_names(true);
        }
        // Numbered before they are filled: a node may reach itself.
        let (mut found, mut stack) = (Vec::new(), vec![root]);
        while let Some(id) = stack.pop() {
            if self.known.contains_key(&(address, id)) {
                continue;
            }
            self.known.insert((address, id), self.graph.add(Node::None, usize::MAX));
            found.push(id);
            source.for_each_edge(id, |edge| stack.push(edge));
        }
        for id in &found {
            self.fill(source, address, *id);
        }
        (self.known[&(address, root)], found.len())
    }

    fn fill(&mut self, source: &Graph<'_>, address: usize, old: NodeId) {
        let id = self.known[&(address, old)];
        let new = |known: &HashMap<_, NodeId>, old| known[&(address, old)];
        let node = match source.node(old) {
            Node::BigInt(span) => Node::BigInt(self.graph.own(source.bytes(span))),
            Node::Str(span) => Node::Str(self.graph.own(source.bytes(span))),
            Node::Bytes(span) => Node::Bytes(self.graph.own(source.bytes(span))),
            Node::ByteArray(span) => Node::ByteArray(self.graph.own(source.bytes(span))),
            Node::Buffer { index, readonly } => {
                let buffer = source.buffer(index).to_vec().into();
                Node::Buffer { index: self.graph.add_buffer(buffer), readonly }
            }
            Node::List(items) => Node::List(self.link(source, address, items)),
            Node::Tuple { items, hashable } => {
                Node::Tuple { items: self.link(source, address, items), hashable }
            }
            Node::Set(items) => Node::Set(self.link(source, address, items)),
            Node::FrozenSet(items) => Node::FrozenSet(self.link(source, address, items)),
            Node::Dict(pairs) => Node::Dict(self.link(source, address, pairs)),
            Node::Global { module, name } => {
                Node::Global { module: new(&self.known, module), name: new(&self.known, name) }
            }
            Node::PersistentId(of) => Node::PersistentId(new(&self.known, of)),
            node @ (Node::Call(object) | Node::New(object)) => {
                return self.object(source, address, id, node, object);
            }
            node => node,
        };
        self.graph.set(id, node);
    }

    fn object(
        &mut self,
        source: &Graph<'_>,
        address: usize,
        id: NodeId,
        node: Node,
        object: Object,
    ) {
        let new = |old| self.known[&(address, old)];
        let made = Graph::object(new(object.callee), new(object.args));
        let mut extras = source.extras(object);
        extras.kwargs = extras.kwargs.map(new);
        let is_call = matches!(node, Node::Call(_));
        self.graph.set(id, if is_call { Node::Call(made) } else { Node::New(made) });
        let mut plain = extras.kwargs.is_none();
        for edges in [
            &mut extras.states,
            &mut extras.items,
            &mut extras.adds,
            &mut extras.pairs,
            &mut extras.setters,
        ] {
            plain &= edges.is_empty();
            *edges = self.link(source, address, *edges);
        }
        if let (false, Some(place)) = (plain, self.graph.extras_mut(id)) {
            *place = extras;
        }
    }

    fn link(&mut self, source: &Graph<'_>, address: usize, edges: Edges) -> Edges {
        let ids: Vec<_> =
            source.edges(edges).iter().map(|id| self.known[&(address, *id)]).collect();
        self.graph.link(&ids)
    }
}

macro_rules! from_integers {
    ($($int:ident)*) => {$(
        impl From<$int> for Value {
            fn from(value: $int) -> Self {
                Self::scalar(|graph| integer(graph, i128::from(value)))
            }
        }
    )*};
}

from_integers!(i8 i16 i32 i64 i128 u8 u16 u32 u64);

pub(super) fn integer(graph: &mut Graph<'static>, value: i128) -> Node {
    let bytes = value.to_le_bytes();
    match bigint::small(&bytes) {
        Some(value) => Node::Int(value),
        None => Node::BigInt(graph.own(bigint::trim(&bytes))),
    }
}

impl From<()> for Value {
    fn from((): ()) -> Self {
        Self::none()
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::scalar(|_| Node::Bool(value))
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::scalar(|_| Node::Float(value))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::scalar(|graph| Node::Str(graph.own(text.as_bytes())))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::bytes(bytes)
    }
}

impl<const N: usize> From<&[u8; N]> for Value {
    fn from(bytes: &[u8; N]) -> Self {
        Self::bytes(bytes)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or_else(Self::none, Into::into)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Self::list(items.into_iter().map(Into::into))
    }
}

impl FromIterator<Self> for Value {
    fn from_iter<I: IntoIterator<Item = Self>>(items: I) -> Self {
        Self::list(items)
    }
}

/// Writes a [`Value`](crate::Value) much as Python would: `null` for `None`, lists, tuples in
/// parentheses, dicts in braces, and any expression that converts.
///
/// ```
/// use pickle_core::value;
/// let name = "b";
/// let value = value!({"a": [1, 2.5, true], name: ("x", null), 3: b"bytes"});
/// assert_eq!(value.to_string(), "{'a': [1, 2.5, True], 'b': ('x', None), 3: b'bytes'}");
/// assert_eq!(value!((1,)).to_string(), "(1,)");
/// ```
#[macro_export]
macro_rules! value {
    (null) => { $crate::Value::none() };
    ([]) => { $crate::Value::list([]) };
    ({}) => { $crate::Value::dict([]) };
    (()) => { $crate::Value::tuple([]) };
    ([ $($item:tt)+ ]) => { $crate::Value::list($crate::value!(@items [] [] $($item)+)) };
    (( $($item:tt)+ )) => { $crate::value!(@tuple [] [] $($item)+) };
    ({ $($entry:tt)+ }) => { $crate::Value::dict($crate::value!(@entries [] [] $($entry)+)) };

    // Items: finished ones, the tokens of the present one, the rest.
    (@items [$($done:expr,)*] []) => { [$($done,)*] };
    (@items [$($done:expr,)*] [$($now:tt)+]) => { [$($done,)* $crate::value!($($now)+)] };
    (@items [$($done:expr,)*] [$($now:tt)+] , $($rest:tt)*) => {
        $crate::value!(@items [$($done,)* $crate::value!($($now)+),] [] $($rest)*)
    };
    (@items [$($done:expr,)*] [$($now:tt)*] $next:tt $($rest:tt)*) => {
        $crate::value!(@items [$($done,)*] [$($now)* $next] $($rest)*)
    };

    // Parentheses around one expression without a comma are only parentheses.
    (@tuple [] [$($now:tt)+]) => { $crate::value!($($now)+) };
    (@tuple [] [$($now:tt)+] , $($rest:tt)*) => {
        $crate::Value::tuple($crate::value!(@items [$crate::value!($($now)+),] [] $($rest)*))
    };
    (@tuple [] [$($now:tt)*] $next:tt $($rest:tt)*) => {
        $crate::value!(@tuple [] [$($now)* $next] $($rest)*)
    };

    // Entries: as items, with a key before each colon.
    (@entries [$($done:expr,)*] []) => { [$($done,)*] };
    (@entries [$($done:expr,)*] [$($key:tt)+] : $($rest:tt)+) => {
        $crate::value!(@entry [$($done,)*] ($crate::value!($($key)+)) [] $($rest)+)
    };
    (@entries [$($done:expr,)*] [$($key:tt)*] $next:tt $($rest:tt)*) => {
        $crate::value!(@entries [$($done,)*] [$($key)* $next] $($rest)*)
    };
    (@entry [$($done:expr,)*] ($key:expr) [$($now:tt)+]) => {
        [$($done,)* ($key, $crate::value!($($now)+))]
    };
    (@entry [$($done:expr,)*] ($key:expr) [$($now:tt)+] , $($rest:tt)*) => {
        $crate::value!(@entries [$($done,)* ($key, $crate::value!($($now)+)),] [] $($rest)*)
    };
    (@entry [$($done:expr,)*] ($key:expr) [$($now:tt)*] $next:tt $($rest:tt)*) => {
        $crate::value!(@entry [$($done,)*] ($key) [$($now)* $next] $($rest)*)
    };

    ($value:expr) => { $crate::Value::from($value) };
}
