//! Nodes of what was read, and what they cost.

use super::super::plan::{Class, ClassId, Group, NameId};
use super::{Make, NODE, Transcoder};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Extras, Graph, Node, NodeId, Span};
use crate::python::{LoadOptions, Machine};
use crate::shape::Style;

impl<'p, 'de> Transcoder<'p, 'de> {
    pub(super) fn make(&mut self, what: Make<'p>, first: usize, offset: usize) -> Result<()> {
        let ids = &self.values[first..];
        // Ranges count in u32; a field takes two edges.
        if self.graph.edge_count() + 2 * ids.len() + 1 > (u32::MAX / 2) as usize {
            return Err(Error::corrupt("objects hold more than 2^31 others"));
        }
        let id = match what {
            Make::List => {
                let items = self.graph.link(ids);
                self.add(Node::List(items), offset)?
            }
            Make::Set => {
                let items = self.graph.link(ids);
                self.add(Node::Set(items), offset)?
            }
            Make::Dict => {
                let pairs = self.graph.link(ids);
                self.add(Node::Dict(pairs), offset)?
            }
            Make::Tuple | Make::Some => {
                let hashable = ids.iter().all(|id| self.graph.is_hashable(*id));
                let items = self.graph.link(ids);
                self.add(Node::Tuple { items, hashable }, offset)?
            }
            Make::Object(group) if group.style == Style::Named => {
                let state = self.fields(group, first, offset)?;
                self.object(group.class, Some(state), None, offset)?
            }
            Make::Object(group) => {
                let args = match ids {
                    [] => None,
                    _ => {
                        let hashable = ids.iter().all(|id| self.graph.is_hashable(*id));
                        let items = self.graph.link(ids);
                        Some(self.add(Node::Tuple { items, hashable }, offset)?)
                    }
                };
                self.object(group.class, None, args, offset)?
            }
            Make::Persistent => {
                let id = ids.first().copied().unwrap_or(crate::graph::NONE);
                self.add(Node::PersistentId(id), offset)?
            }
            Make::Named(name) => {
                let value = ids.first().copied().unwrap_or(crate::graph::NONE);
                let name = self.name(name)?;
                let pairs = self.graph.link(&[name, value]);
                self.add(Node::Dict(pairs), offset)?
            }
            Make::Shared(id) => {
                self.graph.set(id, self.graph.node(ids[0]));
                id
            }
            Make::State(class) if self.plan.is_value(class) => {
                let state = ids.first().copied().unwrap_or(crate::graph::NONE);
                self.dynamic(state)?
            }
            Make::State(class) => {
                let state = ids.first().copied();
                self.object(class, state, None, offset)?
            }
        };
        self.values.truncate(first);
        self.values.push(id);
        Ok(())
    }

    /// The dict of a struct's fields, whose values are those from `first` on.
    pub(super) fn fields(&mut self, group: &Group, first: usize, offset: usize) -> Result<NodeId> {
        self.charge(group.names.len() * size_of::<NodeId>())?;
        let mut pairs = Vec::with_capacity(2 * group.names.len());
        let rest = group.rest.map(|index| (index, self.graph.node(self.values[first + index])));
        if let Some((_, Node::Dict(kept))) = rest {
            self.charge(kept.len() * size_of::<NodeId>())?;
            pairs.extend_from_slice(self.graph.edges(kept));
        }
        for (index, name) in group.names.iter().enumerate() {
            if !matches!(rest, Some((kept, Node::Dict(_))) if kept == index) {
                pairs.extend([self.name(*name)?, self.values[first + index]]);
            }
        }
        let pairs = self.graph.link(&pairs);
        self.add(Node::Dict(pairs), offset)
    }

    /// A dynamic value, which lies there as one of Python's pickles.
    pub(super) fn dynamic(&mut self, state: NodeId) -> Result<NodeId> {
        let pickle = match self.graph.node(state) {
            Node::Bytes(span) => self.graph.borrowed(span),
            _ => None,
        };
        let Some(pickle) = pickle else {
            return Err(Error::corrupt("a dynamic value is no pickle"));
        };
        let start = self.offset(pickle);
        let before = self.graph.footprint();
        let options = LoadOptions::new().limits(self.reader.limits);
        let graph = std::mem::take(&mut self.graph);
        let (graph, root) = Machine::within(graph, start..start + pickle.len(), options)?;
        self.graph = graph;
        let used = self.graph.footprint().saturating_sub(before);
        self.charge(usize::try_from(used).unwrap_or(usize::MAX))?;
        Ok(root)
    }

    pub(super) fn object(
        &mut self,
        class: ClassId,
        state: Option<NodeId>,
        args: Option<NodeId>,
        offset: usize,
    ) -> Result<NodeId> {
        let callee = self.class(class)?;
        let args = match (args, self.empty) {
            (Some(args), _) | (None, Some(args)) => args,
            (None, None) => {
                let items = self.graph.link(&[]);
                let empty = self.add(Node::Tuple { items, hashable: true }, usize::MAX)?;
                *self.empty.insert(empty)
            }
        };
        let id = self.add(Node::New(Graph::object(callee, args)), offset)?;
        if let Some(state) = state {
            self.charge(size_of::<Extras>())?;
            let states = self.graph.link(&[state]);
            if let Some(extras) = self.graph.extras_mut(id) {
                extras.states = states;
            }
        }
        Ok(id)
    }

    pub(super) fn class_of(&self, id: ClassId) -> Class {
        self.plan.classes[id.0 as usize]
    }

    /// The class of this number, once for all its objects.
    pub(super) fn class(&mut self, id: ClassId) -> Result<NodeId> {
        if let Some(node) = self.classes[id.0 as usize] {
            return Ok(node);
        }
        let class = self.class_of(id);
        let module = self.name(class.module)?;
        let name = match class.variant {
            None => self.name(class.name)?,
            Some(variant) => {
                let plan = self.plan;
                let span = self.own(plan.name(class.name).as_bytes())?;
                let dot = self.own(b".")?;
                let end = self.own(plan.name(variant).as_bytes())?;
                let whole = Span::owned(span.range().start..dot.range().end + end.len());
                self.add(Node::Str(whole), usize::MAX)?
            }
        };
        let node = self.add(Node::Global { module, name }, usize::MAX)?;
        Ok(*self.classes[id.0 as usize].insert(node))
    }

    /// The text of this number, once for all that use it.
    pub(super) fn name(&mut self, id: NameId) -> Result<NodeId> {
        if let Some(node) = self.names[id.0 as usize] {
            return Ok(node);
        }
        let plan = self.plan;
        let span = self.own(plan.name(id).as_bytes())?;
        let node = self.add(Node::Str(span), usize::MAX)?;
        Ok(*self.names[id.0 as usize].insert(node))
    }

    pub(super) fn push(&mut self, node: Node, head: &'de [u8]) -> Result<()> {
        let offset = self.offset(head);
        let id = self.add(node, offset)?;
        self.values.push(id);
        Ok(())
    }

    pub(super) fn add(&mut self, node: Node, offset: usize) -> Result<NodeId> {
        let limit = self.reader.limits.max_nodes.min(u64::from(u32::MAX / 4));
        if self.graph.len() as u64 >= limit {
            return Err(Error::corrupt(format!("there are more than {limit} objects")));
        }
        self.charge(NODE)?;
        Ok(self.graph.add(node, offset))
    }

    /// A copy of bytes that the input does not have.
    pub(super) fn own(&mut self, bytes: &[u8]) -> Result<Span> {
        self.charge(bytes.len())?;
        Ok(self.graph.own(bytes))
    }

    pub(super) fn charge(&mut self, bytes: usize) -> Result<()> {
        self.used = self.used.saturating_add(bytes as u64);
        if self.used > self.budget { Err(self.out_of_memory()) } else { Ok(()) }
    }

    /// Refuses at once what so many nodes would exceed.
    pub(super) fn will_add(&self, nodes: usize) -> Result<()> {
        let bytes = (nodes as u64).saturating_mul(NODE as u64);
        if self.used.saturating_add(bytes) > self.budget {
            Err(self.out_of_memory())
        } else {
            Ok(())
        }
    }

    #[cold]
    pub(super) fn out_of_memory(&self) -> Error {
        Error::new(ErrorKind::Memory { limit: self.budget })
    }

    #[cold]
    pub(super) fn invalid(&self, head: &[u8], expected: &'static str) -> Error {
        self.reader.at(head, Error::invalid(expected))
    }

    /// Where a part of the pickle begins.
    pub(super) fn offset(&self, part: &[u8]) -> usize {
        (part.as_ptr() as usize).saturating_sub(self.reader.start)
    }

    pub(super) fn span(&self, part: &[u8]) -> Span {
        let start = self.offset(part);
        Span::borrowed(start..start + part.len())
    }
}
