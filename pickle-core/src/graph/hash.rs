//! A hash of what a node denotes: the same on every machine, whatever the order of sets and dicts,
//! and however much is shared.

use std::hash::Hasher as _;

use siphasher::sip::SipHasher24;

use super::{Edges, Graph, Node, NodeId};

/// How often the hash of a node in a cycle takes up those of its neighbours, at most: nodes that
/// differ only farther away hash alike.
const ROUNDS: usize = 64;

/// The hash of what `root` denotes.
pub(crate) fn hash(graph: &Graph<'_>, root: NodeId) -> u64 {
    let mut walk = Walk {
        graph,
        hashes: vec![0; graph.len()],
        order: vec![0; graph.len()],
        lowest: vec![0; graph.len()],
        next: 1,
        component: Vec::new(),
    };
    walk.run(root);
    walk.hashes[root.index()]
}

/// Tarjan's walk over strongly connected components: what a node holds is hashed before it, but for
/// nodes that hold each other. ([Tarjan 1972](https://doi.org/10.1137/0201010))
struct Walk<'g, 'de> {
    graph: &'g Graph<'de>,
    hashes: Vec<u64>,
    /// When a node was met, from 1 on.
    order: Vec<u32>,
    /// The earliest node that is known to be reached from it; none when its component is done.
    lowest: Vec<u32>,
    next: u32,
    component: Vec<NodeId>,
}

const DONE: u32 = u32::MAX;

impl Walk<'_, '_> {
    /// A list takes the place of recursion.
    fn run(&mut self, root: NodeId) {
        let mut stack = vec![(root, self.enter(root), 0)];
        while let Some((id, edges, at)) = stack.last_mut() {
            let (id, at_index) = (*id, id.index());
            match edges.get(*at).copied() {
                Some(edge) => {
                    *at += 1;
                    match self.order[edge.index()] {
                        0 => {
                            let edges = self.enter(edge);
                            stack.push((edge, edges, 0));
                        }
                        order if self.lowest[edge.index()] != DONE => {
                            self.lowest[at_index] = self.lowest[at_index].min(order);
                        }
                        _ => {}
                    }
                }
                None => {
                    stack.pop();
                    let lowest = self.lowest[at_index];
                    if lowest == self.order[at_index] {
                        self.leave(id);
                    } else if let Some((owner, ..)) = stack.last() {
                        let owner = &mut self.lowest[owner.index()];
                        *owner = (*owner).min(lowest);
                    }
                }
            }
        }
    }

    fn enter(&mut self, id: NodeId) -> Vec<NodeId> {
        (self.order[id.index()], self.lowest[id.index()]) = (self.next, self.next);
        self.next += 1;
        self.component.push(id);
        let mut edges = Vec::new();
        self.graph.for_each_edge(id, |edge| edges.push(edge));
        edges
    }

    /// Hashes a component, whose first node this is.
    fn leave(&mut self, first: NodeId) {
        let start = self.component.iter().rposition(|id| *id == first).unwrap_or(0);
        let nodes = self.component.split_off(start);
        let is_cycle = nodes.len() > 1 || {
            let mut is_own = false;
            self.graph.for_each_edge(first, |edge| is_own |= edge == first);
            is_own
        };
        let rounds = if is_cycle { nodes.len().min(ROUNDS) + 1 } else { 1 };
        for _ in 0..rounds {
            let hashes: Vec<_> = nodes.iter().map(|id| self.node(*id)).collect();
            for (id, hash) in nodes.iter().zip(hashes) {
                self.hashes[id.index()] = hash;
            }
        }
        for id in nodes {
            self.lowest[id.index()] = DONE;
        }
    }

    /// The hash of a node by those of what it holds.
    fn node(&self, id: NodeId) -> u64 {
        let graph = self.graph;
        let of = |id: NodeId| self.hashes[id.index()];
        match graph.node(id) {
            Node::None => words(0, []),
            Node::Bool(value) => words(1, [value.into()]),
            Node::Int(value) => words(2, [value as u64]),
            Node::BigInt(span) => bytes(3, graph.bytes(span)),
            Node::Float(value) => words(4, [value.to_bits()]),
            Node::Str(span) => bytes(5, graph.bytes(span)),
            Node::Bytes(span) | Node::ByteArray(span) => bytes(6, graph.bytes(span)),
            Node::Buffer { index, .. } => bytes(6, graph.buffer(index)),
            Node::List(items) => self.ordered(7, items),
            Node::Tuple { items, .. } => self.ordered(8, items),
            Node::Set(items) | Node::FrozenSet(items) => {
                sorted(9, graph.edges(items).iter().map(|item| of(*item)))
            }
            Node::Dict(pairs) => self.pairs(pairs),
            Node::Global { module, name } => words(11, [of(module), of(name)]),
            Node::PersistentId(of_it) => words(12, [of(of_it)]),
            Node::Call(object) | Node::New(object) => {
                let extras = graph.extras(object);
                let added = sorted(9, graph.edges(extras.adds).iter().map(|item| of(*item)));
                words(
                    13,
                    [
                        of(object.callee),
                        of(object.args),
                        extras.kwargs.map_or(0, of),
                        self.ordered(7, extras.states),
                        self.ordered(7, extras.items),
                        added,
                        self.pairs(extras.pairs),
                    ],
                )
            }
        }
    }

    fn ordered(&self, tag: u64, items: Edges) -> u64 {
        words(tag, self.graph.edges(items).iter().map(|item| self.hashes[item.index()]))
    }

    fn pairs(&self, pairs: Edges) -> u64 {
        let pairs = self.graph.edges(pairs).chunks_exact(2);
        sorted(10, pairs.map(|pair| words(14, [0, 1].map(|at| self.hashes[pair[at].index()]))))
    }
}

fn words(tag: u64, words: impl IntoIterator<Item = u64>) -> u64 {
    let mut hasher = SipHasher24::new();
    hasher.write(&tag.to_le_bytes());
    words.into_iter().for_each(|word| hasher.write(&word.to_le_bytes()));
    hasher.finish()
}

fn sorted(tag: u64, hashes: impl Iterator<Item = u64>) -> u64 {
    let mut hashes: Vec<_> = hashes.collect();
    hashes.sort_unstable();
    words(tag, hashes)
}

fn bytes(tag: u64, bytes: &[u8]) -> u64 {
    let mut hasher = SipHasher24::new();
    hasher.write(&tag.to_le_bytes());
    hasher.write(bytes);
    hasher.finish()
}
