//! Reads a native payload by its writer's schema into a graph, as Python's machine reads opcodes:
//! for a type that has changed since, or for no type at all.
//!
//! A list of frames takes the place of recursion. What costs memory is charged before it is made.

mod make;
mod read;
mod trace;

use super::BLOCK;
use super::header::Header;
use super::plan::{ClassId, Group, NameId, Plan, TypeId};
use super::plans;
use super::reader::Reader;
use super::shared::earlier;
use crate::env::Env;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Graph, Node, NodeId};
use crate::limits::Limits;
use crate::raw::Text;
use crate::restore::restore_value;
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
            Ok(root) => restore_value(&transcoder.graph, root, &limits, self.env()),
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
}

/// The front of a head, which the plan has measured.
fn array<const N: usize>(head: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&head[..N]);
    array
}
