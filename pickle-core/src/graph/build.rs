//! How a graph grows. Ranges that outgrow their room move to the pool's end and double it.

use std::borrow::Cow;

use super::{Edges, Extras, Graph, Keys, Node, NodeId, Object, Span};

/// No [`Extras`] yet.
const PLAIN: u32 = u32::MAX;

impl<'de> Graph<'de> {
    /// An empty graph whose text and bytes may lie in `input`.
    pub(crate) fn new(input: &'de [u8]) -> Self {
        let mut graph = Self { input: Cow::Borrowed(input), ..Self::default() };
        graph.nodes.push(Node::None);
        graph.offsets.push(u32::MAX);
        graph
    }

    /// The same graph, with a copy of what it borrows.
    pub(crate) fn into_owned(self) -> Graph<'static> {
        let own = |buffer: Cow<'_, [u8]>| Cow::Owned(buffer.into_owned());
        Graph {
            input: Cow::Owned(self.input.into_owned()),
            owned: self.owned,
            buffers: self.buffers.into_iter().map(own).collect(),
            nodes: self.nodes,
            offsets: self.offsets,
            edges: self.edges,
            extras: self.extras,
            old_names: self.old_names,
            earlier: self.earlier,
        }
    }

    /// The same graph over another input, which has the same text and bytes at the same places.
    pub(crate) fn with_input<'a>(self, input: &'a [u8]) -> Graph<'a>
    where
        'de: 'a,
    {
        let mut graph: Graph<'a> = self;
        graph.input = Cow::Borrowed(input);
        graph
    }

    /// The same graph, until it has its input again.
    pub(crate) fn without_input(mut self) -> Graph<'static> {
        self.input = Cow::Borrowed(&[]);
        self.into_owned()
    }

    /// Leaves each dict and set with distinct keys, as Python has them.
    pub(crate) fn distinct(&mut self) {
        let mut keys = Keys::default();
        for index in 0..self.nodes.len() as u32 {
            let id = NodeId(index);
            match self.node(id) {
                Node::Dict(old) if !self.are_distinct(self.edges(old).iter().step_by(2)) => {
                    let pairs = self.pairs(old, &mut keys);
                    if 2 * pairs.len() < old.len() {
                        let flat: Vec<_> = pairs.iter().flat_map(|pair| [pair.0, pair.1]).collect();
                        let edges = self.relink_all(old, &flat);
                        self.set(id, Node::Dict(edges));
                    }
                }
                Node::Set(old) | Node::FrozenSet(old)
                    if !self.are_distinct(self.edges(old).iter()) =>
                {
                    let items = self.elements(old, &mut keys);
                    if items.len() < old.len() {
                        let edges = self.relink_all(old, &items);
                        let is_set = matches!(self.node(id), Node::Set(_));
                        self.set(
                            id,
                            if is_set { Node::Set(edges) } else { Node::FrozenSet(edges) },
                        );
                    }
                }
                _ => {}
            }
        }
    }

    /// Replaces what a range holds by fewer nodes.
    fn relink_all(&mut self, edges: Edges, ids: &[NodeId]) -> Edges {
        let start = edges.range().start;
        self.edges[start..start + ids.len()].copy_from_slice(ids);
        Edges::new(start as u32, ids.len() as u32, edges.room() as u32)
    }

    /// Adds a node. The caller keeps their number below `u32::MAX`.
    pub(crate) fn add(&mut self, node: Node, offset: usize) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(node);
        self.offsets.push(u32::try_from(offset).unwrap_or(u32::MAX));
        id
    }

    /// Lets a node stand for an object of an earlier pickle. It is like nothing that a type is
    /// restored from.
    pub(crate) fn set_earlier(&mut self, id: NodeId, number: u32) {
        self.set(id, Node::PersistentId(id));
        self.earlier.insert(id, number);
    }

    /// The node among those of this graph: an item of `bytes`, which none stores, is added.
    pub(crate) fn stored(&mut self, id: NodeId) -> NodeId {
        match self.nodes.get(id.index()) {
            Some(_) => id,
            None => self.add(self.node(id), usize::MAX),
        }
    }

    /// Whether the next [`add`](Self::add) allocates.
    pub(crate) fn is_full(&self) -> bool {
        self.nodes.len() == self.nodes.capacity()
    }

    pub(crate) fn set_old_names(&mut self, old: bool) {
        self.old_names = old;
    }

    /// How long the pool of edges is.
    pub(crate) fn edge_count(&self) -> usize {
        self.edges.len()
    }

    /// The bytes of memory that this graph holds, near enough for a budget.
    pub(crate) fn footprint(&self) -> u64 {
        let nodes = self.nodes.len() * (size_of::<Node>() + size_of::<u32>());
        let edges = self.edges.len() * size_of::<NodeId>();
        (nodes + edges + self.owned.len() + self.extras.len() * size_of::<Extras>()) as u64
    }

    pub(crate) fn set(&mut self, id: NodeId, node: Node) {
        self.nodes[id.index()] = node;
    }

    /// Copies bytes into the pool.
    pub(crate) fn own(&mut self, bytes: &[u8]) -> Span {
        let start = self.owned.len();
        self.owned.extend_from_slice(bytes);
        Span::owned(start..self.owned.len())
    }

    /// Bytes that lie in the input or not.
    pub(crate) fn intern(&mut self, bytes: Cow<'de, [u8]>, at: usize) -> Span {
        match bytes {
            Cow::Borrowed(bytes) => Span::borrowed(at..at + bytes.len()),
            Cow::Owned(bytes) => self.own(&bytes),
        }
    }

    pub(crate) fn add_buffer(&mut self, buffer: Cow<'de, [u8]>) -> u32 {
        self.buffers.push(buffer);
        self.buffers.len() as u32 - 1
    }

    /// A new range of these nodes.
    pub(crate) fn link(&mut self, ids: &[NodeId]) -> Edges {
        let start = self.edges.len() as u32;
        self.edges.extend_from_slice(ids);
        Edges::new(start, ids.len() as u32, ids.len() as u32)
    }

    /// The range with `ids` behind it.
    pub(crate) fn extend(&mut self, edges: Edges, ids: &[NodeId]) -> Edges {
        if edges.is_empty() && edges.room() == 0 {
            return self.link(ids);
        }
        let (range, len) = (edges.range(), edges.len() + ids.len());
        if len <= edges.room() {
            self.edges[range.end..range.end + ids.len()].copy_from_slice(ids);
            return Edges::new(range.start as u32, len as u32, edges.room() as u32);
        }
        if range.start + edges.room() == self.edges.len() {
            self.edges.truncate(range.end);
            self.edges.extend_from_slice(ids);
            return Edges::new(range.start as u32, len as u32, len as u32);
        }
        let (start, room) = (self.edges.len(), len.max(2 * edges.room()).max(4));
        self.edges.extend_from_within(range);
        self.edges.extend_from_slice(ids);
        // The rest is never read: a range ends at its length.
        self.edges.resize(start + room, NodeId(0));
        Edges::new(start as u32, len as u32, room as u32)
    }

    /// Replaces one node of a range.
    pub(crate) fn relink(&mut self, edges: Edges, index: usize, id: NodeId) {
        let range = edges.range();
        self.edges[range][index] = id;
    }

    pub(crate) fn object(callee: NodeId, args: NodeId) -> Object {
        Object { callee, args, extra: PLAIN }
    }

    /// The extras of an object node, made at their first use.
    pub(crate) fn extras_mut(&mut self, id: NodeId) -> Option<&mut Extras> {
        let (Node::Call(object) | Node::New(object)) = &mut self.nodes[id.index()] else {
            return None;
        };
        if object.extra == PLAIN {
            object.extra = self.extras.len() as u32;
            self.extras.push(Extras::default());
        }
        self.extras.get_mut(object.extra as usize)
    }

    /// Whether the node may be a key of a dict or an element of a set.
    pub(crate) fn is_hashable(&self, id: NodeId) -> bool {
        match self.node(id) {
            Node::List(_) | Node::Dict(_) | Node::Set(_) | Node::ByteArray(_) => false,
            Node::Tuple { hashable, .. } => hashable,
            _ => true,
        }
    }

    pub(crate) fn add_tuple(&mut self, ids: &[NodeId], offset: usize) -> NodeId {
        let hashable = ids.iter().all(|id| self.is_hashable(*id));
        let items = self.link(ids);
        self.add(Node::Tuple { items, hashable }, offset)
    }
}
