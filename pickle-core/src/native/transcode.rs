//! Reads a native payload by its writer's schema into a graph, as Python's machine reads opcodes:
//! for a type that has changed since, or for no type at all.
//!
//! A list of frames takes the place of recursion. What costs memory is charged before it is made.

use super::classes::another_trait;
use super::header::Header;
use super::plan::{Class, ClassId, Group, Kind, NameId, Plan, TypeId};
use super::plans;
use super::reader::{Count, Reader};
use super::shared::{Word, earlier};
use super::varint::Bytes;
use super::{BLOCK, COUNT, INLINE, LONG};
use crate::env::Env;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::bigint;
use crate::graph::{Edges, Extras, Graph, Node, NodeId, Span};
use crate::limits::Limits;
use crate::python::{LoadOptions, Machine};
use crate::raw::Text;
use crate::restore::restore_value;
use crate::schema::Scalar;
use crate::shape::Style;
use crate::traits::{Layout, Unpickle};
use crate::type_info::TypeInfo;

/// Loads the native pickle at the front of `bytes` into a graph; returns that, the root, and how
/// long the pickle is.
///
/// # Errors
/// When the pickle has no schema; and when it is not valid.
pub(crate) fn load_graph<'de>(
    bytes: &'de [u8],
    limits: &Limits,
    env: &Env,
) -> Result<(Graph<'de>, NodeId, usize)> {
    let (header, size) = Header::split(bytes)?;
    let known = || env.schema(header.fingerprint);
    let Some(schema) = header.schema.or_else(known) else {
        return Err(no_schema(header.fingerprint));
    };
    let read = load_graph_by(&bytes[..size], &header, schema, limits)?;
    if read.graph.has_earlier() {
        return Err(earlier());
    }
    Ok((read.graph, read.root, size))
}

/// A pickle's value as a graph.
pub(crate) struct Transcoded<'de> {
    pub(crate) graph: Graph<'de>,
    pub(crate) root: NodeId,
    /// The shared objects, in the order of their numbers.
    pub(crate) shared: Vec<NodeId>,
}

/// [`load_graph`] of a pickle whose schema may be known from elsewhere.
///
/// # Errors
/// When the pickle is not valid.
pub(crate) fn load_graph_by<'de>(
    pickle: &'de [u8],
    header: &Header<'de>,
    schema: &[u8],
    limits: &Limits,
) -> Result<Transcoded<'de>> {
    let budget = limits.budget(pickle.len());
    let (plan, payload) = plans::plan(schema, header.fingerprint, header.payload, budget)?;
    let first = header.place.map_or(0, |place| place.first);
    transcode(&plan, pickle, payload, limits, first)
}

#[cold]
fn no_schema(fingerprint: u64) -> Error {
    let what = format!("this pickle has only the fingerprint {fingerprint:016x} of its schema");
    let error = Error::new(ErrorKind::Unsupported { what: what.into() });
    error.with_hint("load it as the type it was made of")
}

/// The value in the payload of a pickle, as a graph over the pickle's bytes. Its shared objects are
/// numbered from `first` on.
pub(crate) fn transcode<'de>(
    plan: &Plan,
    pickle: &'de [u8],
    payload: &'de [u8],
    limits: &Limits,
    first: u32,
) -> Result<Transcoded<'de>> {
    let mut transcoder = Transcoder::new(plan, pickle, payload, limits);
    transcoder.first = first;
    let read = transcoder.root().and_then(|root| {
        transcoder.reader.close_root()?;
        Ok(root)
    });
    match read {
        Ok(root) => {
            let Transcoder { graph, shared, .. } = transcoder;
            Ok(Transcoded { graph, root, shared })
        }
        Err(error) => Err(transcoder.trace(error)),
    }
}

impl<'de> Reader<'de> {
    /// Decodes a state that lies as `S` into another type, which loads all that `S` can be.
    pub(crate) fn state_as<S: Layout, T: Unpickle<'de>>(&mut self) -> Result<T> {
        let info = TypeInfo::of::<S>();
        let plan = plans::own(info.schema(), info.fingerprint)?;
        let Some(max_depth) = self.limits.max_depth.checked_sub(self.depth + 1) else {
            return Err(self.too_deep());
        };
        let limits = Limits { max_depth, ..self.limits };
        let (tail, start) = (self.tail, self.offset());
        let mut transcoder = Transcoder::new(&plan, tail, tail, &limits);
        transcoder.reader.nested = true;
        let read = transcoder.root().and_then(|root| {
            transcoder.reader.close()?;
            Ok(root)
        });
        let value = match read {
            Ok(root) => restore_value(&transcoder.graph, root, &limits, &self.env),
            Err(error) => Err(transcoder.trace(error)),
        };
        self.tail = transcoder.reader.stream.rest();
        value.map_err(|error| error.shifted(start))
    }
}

/// Bytes of memory for a node, where it began, and the edge to it, which is first a value to be
/// linked.
const NODE: usize = size_of::<Node>() + size_of::<u32>() + 2 * size_of::<NodeId>();

struct Transcoder<'p, 'de> {
    plan: &'p Plan,
    graph: Graph<'de>,
    reader: Reader<'de>,
    frames: Vec<Frame<'p, 'de>>,
    /// What was read and is not part of anything yet.
    values: Vec<NodeId>,
    /// The shared objects so far, by their numbers.
    shared: Vec<NodeId>,
    /// The number of the first of them. Lower ones are those of earlier pickles.
    first: u32,
    names: Vec<Option<NodeId>>,
    classes: Vec<Option<NodeId>>,
    /// The tuple of nothing.
    empty: Option<NodeId>,
    used: u64,
    budget: u64,
}

/// What is still to be done, the next last.
enum Frame<'p, 'de> {
    /// Values whose heads lie side by side: `rounds` times those of `parts`.
    Heads { parts: &'p [TypeId], part: usize, round: usize, rounds: usize, heads: &'de [u8] },
    /// Blocks of the stream, up to so many rounds.
    Blocks { parts: &'p [TypeId], round: usize, rounds: usize },
    /// The end of a section inside another, which goes on with its own tail and text.
    Section { tail: &'de [u8], text: Text<'de>, nested: bool },
    /// The end of a level of nesting.
    Level,
    /// One value of those from `first` on.
    Make { what: Make<'p>, first: usize, offset: usize },
}

#[derive(Clone, Copy)]
enum Make<'p> {
    List,
    Tuple,
    Set,
    Dict,
    /// The mark around what would look like none.
    Some,
    Object(&'p Group),
    State(ClassId),
    /// The dict of a name around what would not tell which class it is.
    Named(NameId),
    /// An object elsewhere, of its id.
    Persistent,
    /// The shared object that this node was reserved for.
    Shared(NodeId),
}

impl<'p, 'de> Transcoder<'p, 'de> {
    fn new(plan: &'p Plan, pickle: &'de [u8], payload: &'de [u8], limits: &Limits) -> Self {
        Self {
            plan,
            graph: Graph::new(pickle),
            reader: Reader::new(pickle, payload, limits),
            frames: Vec::new(),
            values: Vec::new(),
            shared: Vec::new(),
            first: 0,
            names: vec![None; plan.names.len()],
            classes: vec![None; plan.classes.len()],
            empty: None,
            used: 0,
            // What grows by doubling takes twice of what it holds.
            budget: limits.budget(pickle.len()).min(limits.max_alloc_bytes / 2),
        }
    }

    /// Reads the section at the front of the payload, and what of it is in the stream.
    fn root(&mut self) -> Result<NodeId> {
        let root = self.plan.root();
        self.reader.nested |= self.plan.is_shared;
        let heads = self.reader.open_root(self.plan.head(root))?;
        self.value(root, heads)?;
        while let Some(frame) = self.frames.last_mut() {
            match frame {
                Frame::Heads { round, rounds, .. } if round == rounds => {
                    self.frames.pop();
                }
                Frame::Heads { parts, part, round, heads, .. } => {
                    let id = parts[*part];
                    // The plan measured the heads.
                    let (head, rest) = heads.split_at(self.plan.head(id));
                    *heads = rest;
                    *part += 1;
                    if *part == parts.len() {
                        (*part, *round) = (0, *round + 1);
                    }
                    self.value(id, head)?;
                }
                Frame::Blocks { round, rounds, .. } if round == rounds => {
                    self.frames.pop();
                }
                Frame::Blocks { parts, round, rounds } => {
                    let (parts, first) = (*parts, *round);
                    *round += (*rounds - first).min(BLOCK);
                    let end = *round;
                    self.block(parts, first, end)?;
                }
                Frame::Section { tail, text, nested } => {
                    let outer = (*tail, *text, *nested);
                    self.reader.close()?;
                    (self.reader.tail, self.reader.text, self.reader.nested) = outer;
                    self.frames.pop();
                }
                Frame::Level => {
                    self.reader.depth -= 1;
                    self.frames.pop();
                }
                Frame::Make { what, first, offset } => {
                    let (what, first, offset) = (*what, *first, *offset);
                    self.make(what, first, offset)?;
                    self.frames.pop();
                }
            }
        }
        // One value has no frame left that would take it.
        Ok(self.values[0])
    }

    /// Reads a value, or pushes the frames that will.
    fn value(&mut self, id: TypeId, head: &'de [u8]) -> Result<()> {
        let planned = self.plan.of(id);
        match &planned.kind {
            Kind::Scalar(scalar) => self.scalar(*scalar, head),
            Kind::Str => {
                let count = u32::from_le_bytes(array::<COUNT>(head));
                let text = self.reader.text_at(head, count)?;
                let span = self.span(text.as_bytes());
                self.push(Node::Str(span), head)
            }
            Kind::Bytes => {
                let count = self.count(head)?;
                let bytes = self.reader.bytes_of(count)?;
                let span = self.span(bytes);
                self.push(Node::Bytes(span), head)
            }
            Kind::ByteArray(length) => {
                let span = self.span(&head[..*length]);
                self.push(Node::Bytes(span), head)
            }
            Kind::Option(item) => self.option(item, head),
            Kind::Box(item) => self.boxed(item),
            Kind::Shared(item) => self.shared(item, head, false),
            Kind::Weak(item) => self.shared(item, head, true),
            Kind::Seq(item) => self.sequence(Make::List, item, head),
            Kind::Set(item) => self.sequence(Make::Set, item, head),
            Kind::Map(entry) => self.sequence(Make::Dict, entry, head),
            Kind::Array(item, length) => {
                self.will_add(*length)?;
                self.then(Make::Tuple, head)?;
                self.heads(item, 0, *length, head)
            }
            Kind::Tuple(items) => {
                self.then(Make::Tuple, head)?;
                self.heads(items, 0, 1, head)
            }
            Kind::Struct(group) => {
                self.then(Make::Object(group), head)?;
                self.heads(&group.parts, 0, 1, head)
            }
            Kind::Enum { tag, variants, is_fieldless } => {
                self.variant(*tag, variants, *is_fieldless, head)
            }
            Kind::State { class, state } => self.state(class.map(Make::State), state, head),
            Kind::Persistent(id) => self.state(Some(Make::Persistent), id, head),
            Kind::Global => {
                let (module, name) = head.split_at(COUNT);
                let (module, name) = (self.text(module)?, self.text(name)?);
                self.push(Node::Global { module, name }, head)
            }
            Kind::Object(namespace) => self.object_of(*namespace, head),
        }
    }

    /// A value whose head is in the tail.
    fn boxed(&mut self, item: &'p [TypeId; 1]) -> Result<()> {
        let facts = self.plan.of(item[0]).facts;
        let head = self.reader.take_tail(facts.head)?;
        if !facts.is_fixed {
            self.nest()?;
        }
        self.heads(item, 0, 1, head)
    }

    /// A shared object: one node, whichever of its pointers is read.
    fn shared(&mut self, item: &'p [TypeId; 1], head: &'de [u8], is_weak: bool) -> Result<()> {
        match Word::read(array(head)) {
            Word::Dangling if is_weak => self.push(Node::None, head),
            Word::Dangling => Err(self.invalid(head, "a pointer to an object")),
            Word::Unnumbered => self.boxed(item),
            Word::New => {
                // What it holds may lead back to it. Until it is there, it may be no key.
                let id = self.add(Node::List(Edges::default()), self.offset(head))?;
                self.charge(2 * size_of::<NodeId>())?;
                self.shared.push(id);
                self.then(Make::Shared(id), head)?;
                self.boxed(item)
            }
            Word::Known(number) => {
                let id = match number.checked_sub(self.first) {
                    None => self.earlier(number, head)?,
                    Some(own) => match self.shared.get(own as usize) {
                        Some(id) => *id,
                        None => return Err(self.invalid(head, "the number of a shared object")),
                    },
                };
                self.charge(2 * size_of::<NodeId>())?;
                self.values.push(id);
                Ok(())
            }
        }
    }

    fn earlier(&mut self, number: u32, head: &'de [u8]) -> Result<NodeId> {
        // The table beside the graph takes twice what it holds.
        self.charge(4 * size_of::<NodeId>())?;
        let id = self.add(Node::None, self.offset(head))?;
        self.graph.set_earlier(id, number);
        Ok(id)
    }

    fn scalar(&mut self, scalar: Scalar, head: &'de [u8]) -> Result<()> {
        let node = match scalar {
            Scalar::Unit => Node::None,
            Scalar::Bool => match head {
                [0] => Node::Bool(false),
                [1] => Node::Bool(true),
                _ => return Err(self.invalid(head, "a bool, 0 or 1")),
            },
            Scalar::Char => match char::from_u32(u32::from_le_bytes(array(head))) {
                Some(char) => Node::Str(self.own(char.encode_utf8(&mut [0; 4]).as_bytes())?),
                None => return Err(self.invalid(head, "a char, a Unicode scalar value")),
            },
            Scalar::U8 => Node::Int(head[0].into()),
            Scalar::U16 => Node::Int(u16::from_le_bytes(array(head)).into()),
            Scalar::U32 => Node::Int(u32::from_le_bytes(array(head)).into()),
            Scalar::I8 => Node::Int(i8::from_le_bytes(array(head)).into()),
            Scalar::I16 => Node::Int(i16::from_le_bytes(array(head)).into()),
            Scalar::I32 => Node::Int(i32::from_le_bytes(array(head)).into()),
            Scalar::I64 => Node::Int(i64::from_le_bytes(array(head))),
            Scalar::U64 | Scalar::U128 => {
                let mut wide = [0; 17];
                wide[..head.len()].copy_from_slice(head);
                self.integer(&wide)?
            }
            Scalar::I128 => self.integer(head)?,
            Scalar::F32 => Node::Float(f32::from_le_bytes(array(head)).into()),
            Scalar::F64 => Node::Float(f64::from_le_bytes(array(head))),
        };
        self.push(node, head)
    }

    /// A text that is part of something.
    fn text(&mut self, head: &'de [u8]) -> Result<NodeId> {
        let count = u32::from_le_bytes(array::<COUNT>(head));
        let text = self.reader.text_at(head, count)?;
        let (span, offset) = (self.span(text.as_bytes()), self.offset(head));
        self.add(Node::Str(span), offset)
    }

    /// An integer from its bytes in two's complement.
    fn integer(&mut self, bytes: &[u8]) -> Result<Node> {
        match bigint::small(bytes) {
            Some(small) => Ok(Node::Int(small)),
            None => self.own(bigint::trim(bytes)).map(Node::BigInt),
        }
    }

    fn option(&mut self, item: &'p [TypeId; 1], head: &'de [u8]) -> Result<()> {
        let facts = self.plan.of(item[0]).facts;
        match head[0] {
            0 => self.push(Node::None, head),
            1 => {
                let inner = match facts.head <= INLINE {
                    true => &head[1..],
                    false => self.reader.take_tail(facts.head)?,
                };
                if facts.is_nullable {
                    self.then(Make::Some, head)?;
                }
                self.heads(item, 0, 1, inner)
            }
            _ => Err(self.invalid(head, "an option's tag, 0 or 1")),
        }
    }

    fn variant(
        &mut self,
        tag: usize,
        variants: &'p [Group],
        is_fieldless: bool,
        head: &'de [u8],
    ) -> Result<()> {
        let (number, payload) = head.split_at(tag);
        let number = number.iter().rev().fold(0, |all, byte| all << 8 | usize::from(*byte));
        let Some(variant) = variants.get(number) else {
            return Err(self.unknown_variant(variants, number, head));
        };
        if is_fieldless {
            let name = self.name(variant.name)?;
            self.charge(2 * size_of::<NodeId>())?;
            self.values.push(name);
            return Ok(());
        }
        let heads = match variant.size <= INLINE {
            true => payload,
            false => self.reader.take_tail(variant.size)?,
        };
        self.then(Make::Object(variant), head)?;
        self.heads(&variant.parts, 0, 1, heads)
    }

    #[cold]
    fn unknown_variant(&self, variants: &[Group], number: usize, head: &[u8]) -> Error {
        let owner = match variants.first() {
            Some(variant) => self.plan.name(self.class_of(variant.class).name).to_owned(),
            None => "an enum without variants".to_owned(),
        };
        let kind = ErrorKind::UnknownVariant { found: number.to_string(), owner: owner.into() };
        self.reader.at(head, Error::new(kind))
    }

    /// A state: a section of its own in the tail.
    fn state(
        &mut self,
        make: Option<Make<'p>>,
        state: &'p [TypeId; 1],
        head: &'de [u8],
    ) -> Result<()> {
        if let Some(make) = make {
            self.then(make, head)?;
        }
        self.nest()?;
        let (text, nested) = (self.reader.text, self.reader.nested);
        let tail = Bytes::new(self.reader.tail);
        let (heads, rest) = self.reader.open(tail, self.plan.head(state[0]))?;
        self.reader.nested = true;
        self.push_frame(Frame::Section { tail: rest.rest(), text, nested })?;
        self.heads(state, 0, 1, heads)
    }

    /// An object: the number of its class, and its value in the tail.
    fn object_of(&mut self, namespace: NameId, head: &'de [u8]) -> Result<()> {
        let plan = self.plan;
        let number = u32::from_le_bytes(array(head)) as usize;
        let Some(class) = plan.objects.get(number) else {
            let error = Error::corrupt("an object of a class that is not in the table");
            return Err(self.reader.at(head, error));
        };
        if class.namespace != namespace {
            let name = |id| plan.name(id);
            let (found, expected) = (name(class.namespace), name(namespace));
            let error = another_trait(name(class.name), found, expected);
            return Err(self.reader.at(head, error));
        }
        let inner = self.reader.take_tail(plan.head(class.root[0]))?;
        if !class.is_told {
            self.then(Make::Named(class.name), head)?;
        }
        self.nest()?;
        self.heads(&class.root, 0, 1, inner)
    }

    fn sequence(&mut self, make: Make<'p>, parts: &'p [TypeId], head: &'de [u8]) -> Result<()> {
        let facts = parts.iter().map(|id| self.plan.of(*id).facts);
        let (size, is_fixed) = facts.fold((0_usize, true), |(size, is_fixed), part| {
            (size.saturating_add(part.head), is_fixed && part.is_fixed)
        });
        let count = self.count(head)?;
        self.then(make, head)?;
        let (Count::Inline(items) | Count::Stream(items)) = count;
        if size == 0 {
            self.reader.charge_zero_sized(items, head)?;
        }
        let bytes = items.saturating_mul(size);
        let heads = match count {
            Count::Inline(_) => self.reader.take_tail(bytes)?,
            Count::Stream(_) if is_fixed => self.reader.take_stream(bytes)?,
            Count::Stream(_) => {
                if bytes as u64 > self.reader.stream.left() {
                    return Err(self.reader.end(bytes));
                }
                self.will_add(items.saturating_mul(parts.len()))?;
                self.nest()?;
                return self.push_frame(Frame::Blocks { parts, round: 0, rounds: items });
            }
        };
        self.will_add(items.saturating_mul(parts.len()))?;
        if !is_fixed && items > 0 {
            self.nest()?;
        }
        self.heads(parts, 0, items, heads)
    }

    /// Opens the next block of a sequence in the stream: the items from `first` to `end`.
    fn block(&mut self, parts: &'p [TypeId], first: usize, end: usize) -> Result<()> {
        let size = parts.iter().map(|id| self.plan.head(*id)).fold(0, usize::saturating_add);
        let (tail, text, nested) = (self.reader.tail, self.reader.text, self.reader.nested);
        let heads = self.reader.open_root(size.saturating_mul(end - first))?;
        self.reader.nested = true;
        self.push_frame(Frame::Section { tail, text, nested })?;
        self.heads(parts, first, end, heads)
    }

    fn count(&mut self, head: &'de [u8]) -> Result<Count> {
        let word = u32::from_le_bytes(array::<COUNT>(head));
        if word < LONG {
            Ok(Count::Inline(word as usize))
        } else {
            self.reader.far_count(head, word)
        }
    }

    /// Counts a level of nesting until the frames above are done.
    fn nest(&mut self) -> Result<()> {
        if self.reader.depth >= self.reader.limits.max_depth {
            return Err(self.reader.too_deep());
        }
        self.reader.depth += 1;
        self.push_frame(Frame::Level)
    }

    /// Reads the values of these heads next.
    fn heads(
        &mut self,
        parts: &'p [TypeId],
        round: usize,
        rounds: usize,
        heads: &'de [u8],
    ) -> Result<()> {
        if parts.is_empty() || rounds == round {
            return Ok(());
        }
        self.push_frame(Frame::Heads { parts, part: 0, round, rounds, heads })
    }

    /// Makes one value of those that the frames above will read.
    fn then(&mut self, what: Make<'p>, head: &'de [u8]) -> Result<()> {
        let (first, offset) = (self.values.len(), self.offset(head));
        self.push_frame(Frame::Make { what, first, offset })
    }

    fn push_frame(&mut self, frame: Frame<'p, 'de>) -> Result<()> {
        let frames = (self.frames.len() + 1) * size_of::<Frame<'_, '_>>();
        if self.used.saturating_add(frames as u64) > self.budget {
            return Err(self.out_of_memory());
        }
        self.frames.push(frame);
        Ok(())
    }

    fn make(&mut self, what: Make<'p>, first: usize, offset: usize) -> Result<()> {
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
    fn fields(&mut self, group: &Group, first: usize, offset: usize) -> Result<NodeId> {
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
    fn dynamic(&mut self, state: NodeId) -> Result<NodeId> {
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

    fn object(
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

    fn class_of(&self, id: ClassId) -> Class {
        self.plan.classes[id.0 as usize]
    }

    /// The class of this number, once for all its objects.
    fn class(&mut self, id: ClassId) -> Result<NodeId> {
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
    fn name(&mut self, id: NameId) -> Result<NodeId> {
        if let Some(node) = self.names[id.0 as usize] {
            return Ok(node);
        }
        let plan = self.plan;
        let span = self.own(plan.name(id).as_bytes())?;
        let node = self.add(Node::Str(span), usize::MAX)?;
        Ok(*self.names[id.0 as usize].insert(node))
    }

    fn push(&mut self, node: Node, head: &'de [u8]) -> Result<()> {
        let offset = self.offset(head);
        let id = self.add(node, offset)?;
        self.values.push(id);
        Ok(())
    }

    fn add(&mut self, node: Node, offset: usize) -> Result<NodeId> {
        let limit = self.reader.limits.max_nodes.min(u64::from(u32::MAX / 4));
        if self.graph.len() as u64 >= limit {
            return Err(Error::corrupt(format!("there are more than {limit} objects")));
        }
        self.charge(NODE)?;
        Ok(self.graph.add(node, offset))
    }

    /// A copy of bytes that the input does not have.
    fn own(&mut self, bytes: &[u8]) -> Result<Span> {
        self.charge(bytes.len())?;
        Ok(self.graph.own(bytes))
    }

    fn charge(&mut self, bytes: usize) -> Result<()> {
        self.used = self.used.saturating_add(bytes as u64);
        if self.used > self.budget { Err(self.out_of_memory()) } else { Ok(()) }
    }

    /// Refuses at once what so many nodes would exceed.
    fn will_add(&self, nodes: usize) -> Result<()> {
        let bytes = (nodes as u64).saturating_mul(NODE as u64);
        if self.used.saturating_add(bytes) > self.budget {
            Err(self.out_of_memory())
        } else {
            Ok(())
        }
    }

    #[cold]
    fn out_of_memory(&self) -> Error {
        Error::new(ErrorKind::Memory { limit: self.budget })
    }

    #[cold]
    fn invalid(&self, head: &[u8], expected: &'static str) -> Error {
        self.reader.at(head, Error::invalid(expected))
    }

    /// Where a part of the pickle begins.
    fn offset(&self, part: &[u8]) -> usize {
        (part.as_ptr() as usize).saturating_sub(self.reader.start)
    }

    fn span(&self, part: &[u8]) -> Span {
        let start = self.offset(part);
        Span::borrowed(start..start + part.len())
    }

    /// Adds the path to the value at which reading failed.
    #[cold]
    fn trace(&self, mut error: Error) -> Error {
        let mut place = None;
        for frame in self.frames.iter().rev() {
            match frame {
                // The step was taken before the value was read.
                Frame::Heads { parts, part: 0, round, .. } => {
                    place = Some((round.saturating_sub(1), parts.len() - 1, parts.len()));
                }
                Frame::Heads { parts, part, round, .. } => {
                    place = Some((*round, part - 1, parts.len()));
                }
                Frame::Make { what, .. } => {
                    if let Some((round, part, parts)) = place.take() {
                        error = self.step(error, *what, round, part, parts);
                    }
                }
                Frame::Blocks { .. } | Frame::Section { .. } | Frame::Level => {}
            }
        }
        error
    }

    #[cold]
    fn step(&self, error: Error, what: Make<'_>, round: usize, part: usize, parts: usize) -> Error {
        match what {
            Make::List | Make::Set | Make::Dict => error.in_index(round),
            Make::Tuple => error.in_index(if parts > 1 { part } else { round }),
            Make::Some | Make::State(_) | Make::Named(_) | Make::Persistent | Make::Shared(_) => {
                error
            }
            Make::Object(group) => {
                let owner = self.plan.name(group.name).to_owned();
                let field = match group.names.get(part) {
                    Some(name) => self.plan.name(*name).to_owned(),
                    None => part.to_string(),
                };
                let error = error.in_field(owner, field);
                let class = self.class_of(group.class);
                match class.variant {
                    None => error,
                    Some(variant) => error.in_field(
                        self.plan.name(class.name).to_owned(),
                        self.plan.name(variant).to_owned(),
                    ),
                }
            }
        }
    }
}

/// The front of a head, which the plan has measured.
fn array<const N: usize>(head: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&head[..N]);
    array
}
