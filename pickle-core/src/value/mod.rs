//! [`Value`]: whatever a pickle denotes, without a type for it.

mod build;
mod display;
mod equal;
#[cfg(feature = "serde_json")]
mod json;
mod path;
mod plain;
mod typed;

use std::io::Read;
use std::sync::Arc;

use crate::compress::{self, Frame};
use crate::env::Env;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Edges, Graph, Integer, Node, NodeId};
use crate::limits::Limits;
use crate::native;
use crate::protocol::Protocol;
use crate::python::{self, LoadOptions, Machine, SaveOptions};
use crate::restore::Restorer;

pub(crate) use typed::CLASS;
pub use typed::{from_value, to_value};

/// Any value that a pickle can denote. Shared and recursive structure survives in it.
///
/// A value is a cheap handle: a place in a graph of objects that all clones share. Nothing it does
/// recurses, so depth costs no stack, and nothing that a pickle names is ever run: classes and
/// functions are names, instances say how they would be made.
///
/// ```
/// use pickle_core::Value;
/// let value = Value::loads(b"\x80\x04}\x94(\x8c\x01a\x94]\x94(K\x01K\x02e\x8c\x01b\x94Nu.")?;
/// assert_eq!(value.to_string(), "{'a': [1, 2], 'b': None}");
/// assert_eq!(value.get("a").and_then(|list| list.get(1)?.as_i64()), Some(2));
/// # Ok::<(), pickle_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Value {
    graph: Arc<Graph<'static>>,
    id: NodeId,
}

/// What kind of object a [`Value`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Python's `None`.
    None,
    /// `True` or `False`.
    Bool,
    /// An integer of any size.
    Int,
    /// A float.
    Float,
    /// Text.
    Str,
    /// Immutable bytes.
    Bytes,
    /// Mutable bytes.
    ByteArray,
    /// An out-of-band buffer.
    Buffer,
    /// A list.
    List,
    /// A tuple.
    Tuple,
    /// A set.
    Set,
    /// An immutable set.
    FrozenSet,
    /// A dict.
    Dict,
    /// A function or class by name.
    Global,
    /// An object made by a call or by `__new__`.
    Object,
    /// An object outside of the pickle.
    PersistentId,
}

/// How an object of kind [`Kind::Object`] is made.
#[derive(Clone, Debug)]
pub struct ObjectRef {
    /// The class or function, usually a [`Kind::Global`].
    pub callee: Value,
    /// Whether `__new__` alone makes it, without a constructor.
    pub is_new: bool,
    /// The positional arguments.
    pub args: Vec<Value>,
    /// The keyword arguments.
    pub kwargs: Vec<(Value, Value)>,
    /// The states set afterwards; nearly always at most one.
    pub states: Vec<Value>,
    /// Items appended.
    pub items: Vec<Value>,
    /// Elements added.
    pub adds: Vec<Value>,
    /// Keys and values set.
    pub pairs: Vec<(Value, Value)>,
}

impl Value {
    /// Loads a pickle of any protocol, with Python's defaults. A native one must carry its schema,
    /// as it does unless that was omitted; it gives what the same object is in Python's.
    ///
    /// ```
    /// use pickle_core::{Value, dumps, value};
    /// let bytes = dumps(&vec![Some(1_u8), None])?;
    /// assert_eq!(Value::loads(&bytes)?, value!([1, null]));
    /// # Ok::<(), pickle_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the bytes are no pickle, bytes follow it, or it exceeds the default limits.
    pub fn loads(bytes: &[u8]) -> Result<Self> {
        Self::loads_with(bytes, LoadOptions::new())
    }

    /// Loads a pickle of any protocol: with buffers, extension codes, an encoding.
    ///
    /// ```
    /// use pickle_core::Value;
    /// use pickle_core::python::{Encoding, LoadOptions};
    /// let value = Value::loads_with(b"U\x01\xe9.", LoadOptions::new().encoding(Encoding::Latin1))?;
    /// assert_eq!(value.as_str(), Some("é"));
    /// # Ok::<(), pickle_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`loads`](Self::loads).
    pub fn loads_with(bytes: &[u8], mut options: LoadOptions<'_>) -> Result<Self> {
        let pickle;
        let bytes = match bytes.first() {
            Some(&compress::MAGIC) => {
                let (frame, size) = Frame::split(bytes)?;
                check_end(bytes, size)?;
                (pickle, options.limits) = frame.pickle(&options.limits)?;
                &pickle
            }
            _ => bytes,
        };
        let (graph, id, size) = match bytes.first() {
            Some(&native::MAGIC) => native::load_graph(bytes, &options.limits, &options.env)?,
            _ => {
                let mut machine = Machine::new(bytes, options);
                let id = machine.load()?;
                let size = machine.position();
                (machine.into_graph(), id, size)
            }
        };
        check_end(bytes, size)?;
        Ok(Self::of_graph(graph, id))
    }

    /// A node of a graph with all that it reaches.
    pub fn of_graph(mut graph: Graph<'_>, id: NodeId) -> Self {
        let id = graph.stored(id);
        graph.distinct();
        Self { graph: Arc::new(graph.into_owned()), id }
    }

    /// Pickles the value by one of Python's protocols, as CPython's C pickler does.
    ///
    /// ```
    /// use pickle_core::{Protocol, value};
    /// assert_eq!(value!([1, null]).dumps(Protocol::V2)?, b"\x80\x02]q\x00(K\x01Ne.");
    /// # Ok::<(), pickle_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the protocol is not one of Python's or cannot express a name.
    pub fn dumps(&self, protocol: Protocol) -> Result<Vec<u8>> {
        python::save(&self.graph, self.id, protocol)
    }

    /// Pickles the value with everything optional.
    ///
    /// # Errors
    /// As [`dumps`](Self::dumps).
    pub fn dumps_with(&self, options: &SaveOptions) -> Result<Vec<u8>> {
        python::save_with(&self.graph, self.id, options)
    }

    /// Loads the next pickle of any protocol from a reader, and reads nothing more.
    ///
    /// ```
    /// use pickle_core::Value;
    /// let mut two = &b"K\x01.X\x01\x00\x00\x00a."[..];
    /// assert_eq!(Value::load(&mut two)?.as_i64(), Some(1));
    /// assert_eq!(Value::load(&mut two)?.as_str(), Some("a"));
    /// # Ok::<(), pickle_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`loads`](Self::loads); and when reading fails or ends early.
    pub fn load(reader: &mut (impl Read + ?Sized)) -> Result<Self> {
        let mut first = Vec::new();
        Read::take(&mut *reader, 1).read_to_end(&mut first)?;
        let mut bytes = Vec::new();
        match first.first() {
            Some(&native::MAGIC) => native::read_pickle(&mut &mut *reader, &mut bytes)?,
            Some(&compress::MAGIC) => compress::read_frame(&mut &mut *reader, &mut bytes)?,
            _ => python::read_pickle(&mut first.as_slice().chain(reader), &mut bytes)?,
        }
        Self::loads(&bytes)
    }

    /// The graph in which this value lies.
    pub fn graph(&self) -> &Graph<'static> {
        &self.graph
    }

    /// Its node in the graph: two values are one object if they have the same node of one graph.
    pub fn node_id(&self) -> NodeId {
        self.id
    }

    /// Whether both are the same object, as Python's `is` tells.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.graph, &other.graph) && self.id == other.id
    }

    /// What kind of object it is.
    pub fn kind(&self) -> Kind {
        match self.node() {
            Node::None => Kind::None,
            Node::Bool(_) => Kind::Bool,
            Node::Int(_) | Node::BigInt(_) => Kind::Int,
            Node::Float(_) => Kind::Float,
            Node::Str(_) => Kind::Str,
            Node::Bytes(_) => Kind::Bytes,
            Node::ByteArray(_) => Kind::ByteArray,
            Node::Buffer { .. } => Kind::Buffer,
            Node::List(_) => Kind::List,
            Node::Tuple { .. } => Kind::Tuple,
            Node::Set(_) => Kind::Set,
            Node::FrozenSet(_) => Kind::FrozenSet,
            Node::Dict(_) => Kind::Dict,
            Node::Global { .. } => Kind::Global,
            Node::Call(_) | Node::New(_) => Kind::Object,
            Node::PersistentId(_) => Kind::PersistentId,
        }
    }

    /// Whether it is `None`.
    pub fn is_none(&self) -> bool {
        matches!(self.node(), Node::None)
    }

    /// A `bool`.
    pub fn as_bool(&self) -> Option<bool> {
        match self.node() {
            Node::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// An integer that fits in 64 bits.
    pub fn as_i64(&self) -> Option<i64> {
        match self.node() {
            Node::Int(value) => Some(value),
            _ => None,
        }
    }

    /// An integer that is not negative and fits in 64 bits.
    pub fn as_u64(&self) -> Option<u64> {
        u64::try_from(self.as_integer()?.to_i128()?).ok()
    }

    /// An integer of any size. A `bool` is none.
    pub fn as_integer(&self) -> Option<Integer<'_>> {
        match self.node() {
            Node::Bool(_) => None,
            _ => self.graph.integer(self.id),
        }
    }

    /// A float.
    pub fn as_f64(&self) -> Option<f64> {
        match self.node() {
            Node::Float(value) => Some(value),
            _ => None,
        }
    }

    /// The real and imaginary part of a complex number.
    pub fn as_complex(&self) -> Option<(f64, f64)> {
        let restorer = self.restorer();
        let made = restorer.instance(self.id).filter(|made| made.is("builtins", "complex"))?;
        match made.args {
            [real, imaginary] => {
                Some((restorer.float(*real).ok()?, restorer.float(*imaginary).ok()?))
            }
            _ => None,
        }
    }

    /// Text without lone surrogates.
    pub fn as_str(&self) -> Option<&str> {
        self.graph.text(self.id)
    }

    /// The bytes of `bytes`, a `bytearray` or a buffer; of text, its UTF-8, in which lone
    /// surrogates take three bytes each.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self.node() {
            Node::Str(span) | Node::Bytes(span) | Node::ByteArray(span) => {
                Some(self.graph.bytes(span))
            }
            Node::Buffer { index, .. } => Some(self.graph.buffer(index)),
            _ => None,
        }
    }

    /// The module and qualified name of a class or function.
    pub fn as_global(&self) -> Option<(&str, &str)> {
        match self.node() {
            Node::Global { module, name } => {
                Some((self.graph.text(module)?, self.graph.text(name)?))
            }
            _ => None,
        }
    }

    /// What identifies an object outside of the pickle.
    pub fn as_persistent_id(&self) -> Option<Self> {
        match self.node() {
            Node::PersistentId(id) => Some(self.at(id)),
            _ => None,
        }
    }

    /// How an object is made.
    pub fn as_object(&self) -> Option<ObjectRef> {
        let (Node::Call(object) | Node::New(object)) = self.node() else { return None };
        let extras = self.graph.extras(object);
        let args = self.at(object.args);
        let kwargs = extras.kwargs.map_or_else(Vec::new, |id| self.at(id).entries().collect());
        let values = |edges| self.edges(edges).collect();
        let pairs = self.graph.edges(extras.pairs).chunks_exact(2);
        Some(ObjectRef {
            callee: self.at(object.callee),
            is_new: matches!(self.node(), Node::New(_)),
            args: args.items().collect(),
            kwargs,
            states: values(extras.states),
            items: values(extras.items),
            adds: values(extras.adds),
            pairs: pairs.map(|pair| (self.at(pair[0]), self.at(pair[1]))).collect(),
        })
    }

    /// How many items, entries or elements it holds; 0 for what holds none.
    pub fn len(&self) -> usize {
        match self.node() {
            Node::Dict(pairs) => pairs.len() / 2,
            node => sequence(node).map_or(0, Edges::len),
        }
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The items of a list or tuple, the elements of a set, the keys of a dict.
    pub fn items(&self) -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator + '_ {
        let (edges, step) = match self.node() {
            Node::Dict(pairs) => (pairs, 2),
            node => (sequence(node).unwrap_or_default(), 1),
        };
        self.graph.edges(edges).chunks_exact(step).map(|item| self.at(item[0]))
    }

    /// The entries of a dict.
    pub fn entries(
        &self,
    ) -> impl DoubleEndedIterator<Item = (Self, Self)> + ExactSizeIterator + '_ {
        let pairs = match self.node() {
            Node::Dict(pairs) => pairs,
            _ => Edges::default(),
        };
        let pairs = self.graph.edges(pairs).chunks_exact(2);
        pairs.map(|pair| (self.at(pair[0]), self.at(pair[1])))
    }

    /// The item at a position of a list or tuple, the value of a key in a dict, or the attribute of
    /// an object. [`pointer`](Self::pointer) takes several steps at once.
    ///
    /// ```
    /// use pickle_core::value;
    /// let value = value!({"a": [1, 2]});
    /// assert_eq!(value.get("a").and_then(|list| list.get(0)), Some(value!(1)));
    /// assert_eq!(value.get("b"), None);
    /// ```
    pub fn get(&self, index: impl Index) -> Option<Self> {
        index.find(self)
    }

    /// What gives meaning to names of Python's own.
    fn restorer(&self) -> Restorer<'_, 'static> {
        Restorer::new(&self.graph, &Limits::DEFAULT, Env::DEFAULT)
    }

    fn node(&self) -> Node {
        self.graph.node(self.id)
    }

    fn at(&self, id: NodeId) -> Self {
        Self { graph: Arc::clone(&self.graph), id }
    }

    fn edges(&self, edges: Edges) -> impl Iterator<Item = Self> + '_ {
        self.graph.edges(edges).iter().map(|id| self.at(*id))
    }
}

/// Whether a pickle of `size` bytes is all there is.
fn check_end(bytes: &[u8], size: usize) -> Result<()> {
    if size == bytes.len() {
        return Ok(());
    }
    let count = (bytes.len() - size) as u64;
    Err(Error::new(ErrorKind::TrailingBytes { count }).at(size as u64))
}

fn sequence(node: Node) -> Option<Edges> {
    match node {
        Node::List(items) | Node::Tuple { items, .. } => Some(items),
        Node::Set(items) | Node::FrozenSet(items) => Some(items),
        _ => None,
    }
}

/// What [`Value::get`] takes: a position, a text key, any key.
pub trait Index {
    /// The value there.
    fn find(self, value: &Value) -> Option<Value>;
}

impl Index for usize {
    fn find(self, value: &Value) -> Option<Value> {
        match value.node() {
            Node::List(items) | Node::Tuple { items, .. } => {
                value.graph.edges(items).get(self).map(|id| value.at(*id))
            }
            _ => None,
        }
    }
}

impl Index for &str {
    fn find(self, value: &Value) -> Option<Value> {
        let Node::Dict(pairs) = value.node() else {
            return value.attribute(value.id, self).map(|id| value.at(id));
        };
        let mut pairs = value.graph.edges(pairs).chunks_exact(2);
        pairs.find(|pair| value.is_text(pair[0], self)).map(|pair| value.at(pair[1]))
    }
}

impl Index for &Value {
    fn find(self, value: &Value) -> Option<Value> {
        value.entries().find(|(key, _)| key == self).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests;
