//! Python's equality of keys: `1 == True == 1.0`, tuples by their parts, objects by identity.

use std::collections::HashMap;
use std::hash::Hasher as _;

use siphasher::sip128::{Hasher128 as _, SipHasher24};

use super::{Graph, Kind, Node, NodeId};
use crate::error::{Error, ErrorKind, Result};

/// Stands for a key: equal keys have equal digests, others do not, save by a chance of 2^-100.
type Digest = u128;

/// Digests of tuples and frozen sets, which contain others.
struct Digests<'g, 'de> {
    graph: &'g Graph<'de>,
    of_composites: Option<HashMap<NodeId, Option<Digest>>>,
}

impl<'de> Graph<'de> {
    /// Makes dicts and sets what Python's are: of equal keys the first stays, with the last value.
    ///
    /// # Errors
    /// When a key is one that Python cannot hash.
    pub(crate) fn settle(&mut self) -> Result<()> {
        let mut seen = HashMap::new();
        let mut composites = None;
        for index in 0..self.nodes.len() {
            let id = NodeId(index as u32);
            let (edges, step) = match self.nodes[index] {
                Node::Dict(edges) => (edges, 2),
                Node::Set(edges) | Node::FrozenSet(edges) => (edges, 1),
                _ => continue,
            };
            if edges.len == 0 {
                continue;
            }
            seen.clear();
            let mut digests = Digests { graph: self, of_composites: composites.take() };
            let parts = self.edges(edges);
            let mut kept: Vec<NodeId> = Vec::new();
            for (number, part) in parts.chunks(step).enumerate() {
                let Some(digest) = digests.of(part[0]) else {
                    return Err(unhashable(self, part[0]));
                };
                let place = *seen.entry(digest).or_insert(number);
                if place == number && kept.is_empty() {
                    continue;
                }
                if place != number && kept.is_empty() {
                    kept = parts[..number * step].to_vec();
                    // From here on places are those among what is kept.
                }
                if place == number {
                    seen.insert(digest, kept.len() / step);
                    kept.extend_from_slice(part);
                } else if step == 2 {
                    kept[place * 2 + 1] = part[1];
                }
            }
            composites = digests.of_composites;
            if !kept.is_empty() {
                let mut edges = edges;
                self.shrink(&mut edges, &kept);
                let node = match self.nodes[index] {
                    Node::Dict(_) => Node::Dict(edges),
                    Node::Set(_) => Node::Set(edges),
                    _ => Node::FrozenSet(edges),
                };
                self.replace(id, node);
            }
        }
        Ok(())
    }
}

#[cold]
fn unhashable(graph: &Graph<'_>, key: NodeId) -> Error {
    let found = graph.kind(key).name();
    let expected = "a key that Python can hash".into();
    Error::new(ErrorKind::Mismatch { expected, found: found.into() }).at(graph.offset(key))
}

impl Digests<'_, '_> {
    /// The digest of a key; nothing where Python cannot hash it.
    fn of(&mut self, id: NodeId) -> Option<Digest> {
        match self.graph.kind(id) {
            Kind::Tuple(_) | Kind::FrozenSet(_) => {
                let graph = self.graph;
                let all = self.of_composites.get_or_insert_with(|| composites(graph));
                all.get(&id).copied().flatten()
            }
            _ => simple(self.graph, id),
        }
    }
}

/// The digests of all tuples and frozen sets. What they contain was made before them.
fn composites(graph: &Graph<'_>) -> HashMap<NodeId, Option<Digest>> {
    let mut all: HashMap<NodeId, Option<Digest>> = HashMap::new();
    for index in 0..graph.len() {
        let id = NodeId(index as u32);
        let (parts, is_set) = match graph.kind(id) {
            Kind::Tuple(parts) => (parts, false),
            Kind::FrozenSet(parts) => (parts, true),
            _ => continue,
        };
        let digests: Option<Vec<Digest>> = parts
            .iter()
            .map(|part| match graph.kind(*part) {
                Kind::Tuple(_) | Kind::FrozenSet(_) => all.get(part).copied().flatten(),
                _ => simple(graph, *part),
            })
            .collect();
        let digest = digests.map(|mut digests| {
            if is_set {
                digests.sort_unstable();
                digests.dedup();
            }
            let mut hasher = SipHasher24::new();
            hasher.write_u8(if is_set { 11 } else { 10 });
            digests.iter().for_each(|digest| hasher.write_u128(*digest));
            hasher.finish128().as_u128()
        });
        all.insert(id, digest);
    }
    all
}

/// The digest of a key without parts.
fn simple(graph: &Graph<'_>, id: NodeId) -> Option<Digest> {
    let of = |tag: u8, bytes: &[u8]| {
        let mut hasher = SipHasher24::new();
        hasher.write_u8(tag);
        hasher.write(bytes);
        Some(hasher.finish128().as_u128())
    };
    match graph.kind(id) {
        Kind::None => of(1, &[]),
        Kind::Bool(value) => of(2, &i64::from(value).to_le_bytes()),
        Kind::Int(value) => of(2, &value.to_le_bytes()),
        Kind::BigInt(bytes) => of(3, bytes),
        Kind::Float(value) => match integral(value) {
            Some(Integral::Small(value)) => of(2, &value.to_le_bytes()),
            Some(Integral::Large(bytes)) => of(3, &bytes),
            // A NaN equals itself only.
            None if value.is_nan() => of(4, &id.0.to_le_bytes()),
            None => of(5, &value.to_bits().to_le_bytes()),
        },
        Kind::Str(text) => of(6, text.as_bytes()),
        Kind::Surrogates(text) => of(6, text),
        Kind::Bytes(bytes) => of(7, bytes),
        Kind::Buffer { bytes, is_readonly: true } => of(7, bytes),
        Kind::Global { module, name } => of(8, format!("{module}\n{name}").as_bytes()),
        Kind::Object(_) | Kind::Persistent(_) => of(9, &id.0.to_le_bytes()),
        _ => None,
    }
}

enum Integral {
    Small(i64),
    /// As the graph has big ints: as short as can be.
    Large(Vec<u8>),
}

/// The integer that a float is.
fn integral(value: f64) -> Option<Integral> {
    if value.fract() != 0.0 || !value.is_finite() {
        return None;
    }
    if (-(2_f64.powi(63))..2_f64.powi(63)).contains(&value) {
        return Some(Integral::Small(value as i64));
    }
    let bits = value.abs().to_bits();
    let mantissa = bits & ((1 << 52) - 1) | 1 << 52;
    let shift = (bits >> 52) as usize - 1075;
    let mut bytes = vec![0_u8; shift / 8];
    let shifted = u128::from(mantissa) << (shift % 8);
    bytes.extend_from_slice(&shifted.to_le_bytes());
    bytes.push(0);
    if value < 0.0 {
        negate(&mut bytes);
    }
    shorten(&mut bytes);
    Some(Integral::Large(bytes))
}

/// Negates a number in two's complement, in place.
pub(crate) fn negate(bytes: &mut [u8]) {
    let mut carry = true;
    for byte in bytes {
        (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
    }
}

/// Drops the bytes that only repeat the sign.
pub(crate) fn shorten(bytes: &mut Vec<u8>) {
    while let [.., before, last] = bytes[..] {
        let sign = if before & 0x80 == 0 { 0 } else { 0xff };
        if last != sign {
            break;
        }
        bytes.pop();
    }
}

impl Kind<'_> {
    /// The name of the type, as Python has it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::BigInt(_) => "int",
            Self::Float(_) => "float",
            Self::Str(_) => "str",
            Self::Surrogates(_) => "str with lone surrogates",
            Self::Bytes(_) => "bytes",
            Self::ByteArray(_) => "bytearray",
            Self::Buffer { .. } => "buffer",
            Self::List(_) => "list",
            Self::Tuple(_) => "tuple",
            Self::Set(_) => "set",
            Self::FrozenSet(_) => "frozenset",
            Self::Dict(_) => "dict",
            Self::Global { .. } => "global",
            Self::Object(_) => "object",
            Self::Persistent(_) => "persistent id",
        }
    }
}
