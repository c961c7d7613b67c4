//! Objects and what they refer to, as data: what a pickle denotes before it is made into Rust values.
//!
//! A [`Graph`] is flat: nodes in one vector, their parts in another, text borrowed from the input
//! where it lies there as it is. So the deepest nesting takes no recursion to build or drop, and
//! sharing and cycles are plain: two parts with the same [`NodeId`]. A graph knows no wire format, and
//! holds names as names: nothing in it was imported, called or run.

pub(crate) mod equal;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::error::{Error, ErrorKind, Result};
use crate::protocol::Protocol;

/// A node within a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(u32);

impl NodeId {
    /// Its place among the graph's nodes.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Bytes of the input, or of the graph's own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Blob<'de> {
    Input(&'de [u8]),
    Own { start: u32, len: u32 },
}

/// Parts of a node, contiguous among the graph's edges, with room to grow.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Edges {
    start: u32,
    len: u32,
    room: u32,
}

/// A node as it is stored.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Node<'de> {
    None,
    Bool(bool),
    Int(i64),
    /// Two's complement, least significant byte first.
    BigInt(Blob<'de>),
    Float(f64),
    /// UTF-8 in which lone surrogates may be encoded too.
    Str(Blob<'de>),
    Bytes(Blob<'de>),
    ByteArray(Blob<'de>),
    /// A buffer that came beside the pickle.
    Buffer {
        bytes: Blob<'de>,
        is_readonly: bool,
    },
    List(Edges),
    Tuple(Edges),
    Set(Edges),
    FrozenSet(Edges),
    /// Keys and values in turn.
    Dict(Edges),
    Global(u32),
    Object(u32),
    Persistent(NodeId),
}

/// A class or function, by name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GlobalName<'de> {
    pub(crate) module: Blob<'de>,
    pub(crate) name: Blob<'de>,
}

/// How an object came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// By a call of the class or function.
    Call,
    /// By `__new__` alone, without `__init__`.
    New,
}

/// An object: what would be called, and what would be done to the result.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ObjectParts {
    pub(crate) made: Made,
    pub(crate) callee: NodeId,
    /// A tuple.
    pub(crate) args: NodeId,
    /// A dict.
    pub(crate) kwargs: Option<NodeId>,
    pub(crate) states: Edges,
    pub(crate) items: Edges,
    pub(crate) adds: Edges,
    /// Keys and values in turn.
    pub(crate) setitems: Edges,
}

impl ObjectParts {
    pub(crate) fn new(made: Made, callee: NodeId, args: NodeId, kwargs: Option<NodeId>) -> Self {
        let none = Edges::default();
        Self { made, callee, args, kwargs, states: none, items: none, adds: none, setitems: none }
    }
}

/// A list of an object's parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    States,
    Items,
    Adds,
    SetItems,
}

/// Objects and what they refer to.
#[derive(Clone, Debug, Default)]
pub struct Graph<'de> {
    nodes: Vec<Node<'de>>,
    /// Where in the input each node began.
    offsets: Vec<u32>,
    edges: Vec<NodeId>,
    own: Vec<u8>,
    globals: Vec<GlobalName<'de>>,
    objects: Vec<ObjectParts>,
    /// Globals by the hash of their name.
    named: HashMap<u64, Vec<NodeId>>,
    /// Whether names are those of Python 2, as protocols below 3 have them.
    pub(crate) has_old_names: bool,
    root: Option<NodeId>,
}

/// What a node is, to look at.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Kind<'a> {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An `int` of 64 bits.
    Int(i64),
    /// A larger `int`, in two's complement, least significant byte first.
    BigInt(&'a [u8]),
    /// A `float`.
    Float(f64),
    /// A `str`.
    Str(&'a str),
    /// A `str` with lone surrogates, in UTF-8 that encodes these too.
    Surrogates(&'a [u8]),
    /// A `bytes`.
    Bytes(&'a [u8]),
    /// A `bytearray`.
    ByteArray(&'a [u8]),
    /// A buffer from beside the pickle.
    Buffer {
        /// Its content.
        bytes: &'a [u8],
        /// Whether Python may not write to it.
        is_readonly: bool,
    },
    /// A `list`.
    List(&'a [NodeId]),
    /// A `tuple`.
    Tuple(&'a [NodeId]),
    /// A `set`.
    Set(&'a [NodeId]),
    /// A `frozenset`.
    FrozenSet(&'a [NodeId]),
    /// A `dict`: keys and values in turn.
    Dict(&'a [NodeId]),
    /// A class or function.
    Global {
        /// The module.
        module: &'a str,
        /// The qualified name within it.
        name: &'a str,
    },
    /// An object.
    Object(Object<'a>),
    /// An object that lives elsewhere, by its persistent id.
    Persistent(NodeId),
}

/// An object, to look at.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Object<'a> {
    /// How it came to be.
    pub made: Made,
    /// The class or function.
    pub callee: NodeId,
    /// The arguments, a tuple.
    pub args: NodeId,
    /// The named arguments, a dict.
    pub kwargs: Option<NodeId>,
    /// What `__setstate__` would get, once for each call.
    pub states: &'a [NodeId],
    /// What would be appended.
    pub items: &'a [NodeId],
    /// What would be added.
    pub adds: &'a [NodeId],
    /// Keys and values that would be set, in turn.
    pub setitems: &'a [NodeId],
}

impl<'de> Graph<'de> {
    /// The object that was pickled.
    ///
    /// # Panics
    /// On a graph under construction.
    pub fn root(&self) -> NodeId {
        self.root.expect("a finished graph has a root")
    }

    pub(crate) fn set_root(&mut self, root: NodeId) {
        self.root = Some(root);
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are no nodes.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Where in the input a node began, in bytes.
    pub fn offset(&self, id: NodeId) -> u64 {
        self.offsets[id.index()].into()
    }

    /// What a node is.
    ///
    /// # Panics
    /// With a node of another graph.
    pub fn kind(&self, id: NodeId) -> Kind<'_> {
        match self.nodes[id.index()] {
            Node::None => Kind::None,
            Node::Bool(value) => Kind::Bool(value),
            Node::Int(value) => Kind::Int(value),
            Node::BigInt(bytes) => Kind::BigInt(self.bytes(bytes)),
            Node::Float(value) => Kind::Float(value),
            Node::Str(text) => {
                let bytes = self.bytes(text);
                std::str::from_utf8(bytes).map_or(Kind::Surrogates(bytes), Kind::Str)
            }
            Node::Bytes(bytes) => Kind::Bytes(self.bytes(bytes)),
            Node::ByteArray(bytes) => Kind::ByteArray(self.bytes(bytes)),
            Node::Buffer { bytes, is_readonly } => {
                Kind::Buffer { bytes: self.bytes(bytes), is_readonly }
            }
            Node::List(edges) => Kind::List(self.edges(edges)),
            Node::Tuple(edges) => Kind::Tuple(self.edges(edges)),
            Node::Set(edges) => Kind::Set(self.edges(edges)),
            Node::FrozenSet(edges) => Kind::FrozenSet(self.edges(edges)),
            Node::Dict(edges) => Kind::Dict(self.edges(edges)),
            Node::Global(index) => {
                let GlobalName { module, name } = self.globals[index as usize];
                Kind::Global { module: self.name(module), name: self.name(name) }
            }
            Node::Object(index) => Kind::Object(self.object(index)),
            Node::Persistent(id) => Kind::Persistent(id),
        }
    }

    /// Writes the graph as a pickle of one of Python's protocols, as CPython's C pickler would write
    /// the objects.
    ///
    /// ```
    /// use pickle_core::{Protocol, Unpickler};
    /// let zero = b"(lp0\nI1\naI2\na."; // pickle.dumps([1, 2], protocol=0)
    /// let graph = Unpickler::from_slice(zero).load_graph()?;
    /// assert_eq!(graph.dumps(Protocol::V2)?, b"\x80\x02]q\0(K\x01K\x02e.");
    /// # Ok::<(), pickle_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the protocol is none of Python's, or cannot express what is in the graph.
    pub fn dumps(&self, protocol: Protocol) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        match protocol.python() {
            Some(protocol) => crate::python::save(self, protocol, &mut out)?,
            None => {
                let what = "a graph has no type for the native protocol".into();
                return Err(Error::new(ErrorKind::Unsupported { what }));
            }
        }
        Ok(out)
    }

    fn object(&self, index: u32) -> Object<'_> {
        let parts = self.objects[index as usize];
        Object {
            made: parts.made,
            callee: parts.callee,
            args: parts.args,
            kwargs: parts.kwargs,
            states: self.edges(parts.states),
            items: self.edges(parts.items),
            adds: self.edges(parts.adds),
            setitems: self.edges(parts.setitems),
        }
    }

    pub(crate) fn bytes(&self, blob: Blob<'de>) -> &[u8] {
        match blob {
            Blob::Input(bytes) => bytes,
            Blob::Own { start, len } => &self.own[start as usize..][..len as usize],
        }
    }

    /// A name, which was checked to be UTF-8 when it was made.
    fn name(&self, blob: Blob<'de>) -> &str {
        std::str::from_utf8(self.bytes(blob)).unwrap_or_default()
    }

    fn edges(&self, edges: Edges) -> &[NodeId] {
        &self.edges[edges.start as usize..][..edges.len as usize]
    }

    // -----------------------------------------------------------------------------------------
    // Building.

    pub(crate) fn node(&self, id: NodeId) -> Node<'de> {
        self.nodes[id.index()]
    }

    pub(crate) fn replace(&mut self, id: NodeId, node: Node<'de>) {
        self.nodes[id.index()] = node;
    }

    pub(crate) fn add(&mut self, node: Node<'de>, offset: usize) -> Result<NodeId> {
        let Ok(id) = u32::try_from(self.nodes.len()) else { return Err(too_many()) };
        self.nodes.push(node);
        self.offsets.push(u32::try_from(offset).unwrap_or(u32::MAX));
        Ok(NodeId(id))
    }

    /// Keeps bytes that are not in the input.
    pub(crate) fn own(&mut self, bytes: &[u8]) -> Result<Blob<'de>> {
        let (start, len) = (u32::try_from(self.own.len()), u32::try_from(bytes.len()));
        let (Ok(start), Ok(len)) = (start, len) else { return Err(too_many()) };
        if start.checked_add(len).is_none() {
            return Err(too_many());
        }
        self.own.extend_from_slice(bytes);
        Ok(Blob::Own { start, len })
    }

    /// Adds bytes behind others, in place where these are the last that were kept.
    pub(crate) fn append_own(&mut self, blob: Blob<'de>, bytes: &[u8]) -> Result<Blob<'de>> {
        if let Blob::Own { start, len } = blob
            && (start + len) as usize == self.own.len()
        {
            let Blob::Own { len: more, .. } = self.own(bytes)? else { return Err(too_many()) };
            return Ok(Blob::Own { start, len: len + more });
        }
        let all = [self.bytes(blob), bytes].concat();
        self.own(&all)
    }

    /// Parts of a node that is made at once.
    pub(crate) fn parts(&mut self, parts: &[NodeId]) -> Result<Edges> {
        let mut edges = Edges::default();
        self.extend(&mut edges, parts)?;
        Ok(edges)
    }

    /// Adds parts to a node's. Those that grow again and again move to where there is room for as
    /// many more, so that each part moves a few times at most.
    pub(crate) fn extend(&mut self, edges: &mut Edges, parts: &[NodeId]) -> Result<()> {
        let (Ok(count), Ok(end)) = (u32::try_from(parts.len()), u32::try_from(self.edges.len()))
        else {
            return Err(too_many());
        };
        let len = edges.len.checked_add(count).ok_or_else(too_many)?;
        if edges.len == 0 {
            *edges = Edges { start: end, len, room: len };
            self.edges.extend_from_slice(parts);
        } else if len <= edges.room {
            let start = (edges.start + edges.len) as usize;
            self.edges[start..start + parts.len()].copy_from_slice(parts);
        } else if edges.start + edges.room == end {
            // The last ones grow where they are.
            self.edges.truncate((edges.start + edges.len) as usize);
            self.edges.extend_from_slice(parts);
            edges.room = len;
        } else {
            let old = edges.start as usize..(edges.start + edges.len) as usize;
            let room = len.checked_mul(2).ok_or_else(too_many)?;
            self.edges.extend_from_within(old);
            self.edges.extend_from_slice(parts);
            let padding = NodeId(0);
            self.edges.resize(end as usize + room as usize, padding);
            *edges = Edges { start: end, len, room };
        }
        edges.len = len;
        if self.edges.len() > u32::MAX as usize {
            return Err(too_many());
        }
        Ok(())
    }

    /// Replaces the parts of a node by fewer.
    pub(crate) fn shrink(&mut self, edges: &mut Edges, parts: &[NodeId]) {
        let start = edges.start as usize;
        self.edges[start..start + parts.len()].copy_from_slice(parts);
        edges.len = parts.len() as u32;
    }

    /// The node of a name: one for each, as a class is one object however often it is named.
    pub(crate) fn global(&mut self, name: GlobalName<'de>, offset: usize) -> Result<NodeId> {
        let (module, own) = (self.bytes(name.module), self.bytes(name.name));
        let mut hasher = DefaultHasher::new();
        (module, own).hash(&mut hasher);
        let hash = hasher.finish();
        for &id in self.named.get(&hash).into_iter().flatten() {
            if let Node::Global(index) = self.nodes[id.index()] {
                let known = self.globals[index as usize];
                if (self.bytes(known.module), self.bytes(known.name)) == (module, own) {
                    return Ok(id);
                }
            }
        }
        let index = self.globals.len() as u32;
        self.globals.push(name);
        let id = self.add(Node::Global(index), offset)?;
        self.named.entry(hash).or_default().push(id);
        Ok(id)
    }

    /// `getattr(Global, "name")` is a name too: so protocols below 4 write those with dots.
    pub(crate) fn getattr(
        &mut self,
        callee: NodeId,
        args: NodeId,
    ) -> Result<Option<GlobalName<'de>>> {
        let (Kind::Global { module, name: "getattr" }, Kind::Tuple(&[owner, attribute])) =
            (self.kind(callee), self.kind(args))
        else {
            return Ok(None);
        };
        if !matches!(module, "builtins" | "__builtin__") {
            return Ok(None);
        }
        let (Node::Global(index), Node::Str(attribute)) = (self.node(owner), self.node(attribute))
        else {
            return Ok(None);
        };
        let GlobalName { module, name } = self.globals[index as usize];
        let joined = [self.bytes(name), b".", self.bytes(attribute)].concat();
        Ok(Some(GlobalName { module, name: self.own(&joined)? }))
    }

    /// Replaces one part of a node, counted from the end where the index is negative. False when
    /// there is none.
    pub(crate) fn set_edge(&mut self, edges: Edges, index: i64, node: NodeId) -> bool {
        let index = if index < 0 { index + i64::from(edges.len) } else { index };
        match u32::try_from(index) {
            Ok(index) if index < edges.len => {
                self.edges[(edges.start + index) as usize] = node;
                true
            }
            _ => false,
        }
    }

    pub(crate) fn add_object(&mut self, parts: ObjectParts, offset: usize) -> Result<NodeId> {
        let index = self.objects.len() as u32;
        self.objects.push(parts);
        self.add(Node::Object(index), offset)
    }

    /// Adds to one of an object's lists.
    pub(crate) fn extend_object(&mut self, index: u32, part: Part, nodes: &[NodeId]) -> Result<()> {
        let object = &self.objects[index as usize];
        let mut edges = match part {
            Part::States => object.states,
            Part::Items => object.items,
            Part::Adds => object.adds,
            Part::SetItems => object.setitems,
        };
        self.extend(&mut edges, nodes)?;
        let object = &mut self.objects[index as usize];
        match part {
            Part::States => object.states = edges,
            Part::Items => object.items = edges,
            Part::Adds => object.adds = edges,
            Part::SetItems => object.setitems = edges,
        }
        Ok(())
    }

    /// Bytes of memory in use, about.
    pub(crate) fn memory(&self) -> u64 {
        let nodes = self.nodes.len() * (size_of::<Node<'_>>() + 4);
        let tables = self.globals.len() * size_of::<GlobalName<'_>>()
            + self.objects.len() * size_of::<ObjectParts>();
        (nodes + tables + self.edges.len() * 4 + self.own.len()) as u64
    }
}

#[cold]
fn too_many() -> Error {
    Error::new(ErrorKind::Memory { limit: u32::MAX.into() })
}
