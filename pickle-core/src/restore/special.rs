//! What the types of Python's library are made of, as their reconstructors take it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::error::Result;
use crate::graph::{Keys, Node, NodeId};

use super::{Instance, Restorer};

impl<'g> Restorer<'g, '_> {
    /// The object, if it is of this class or made by this function.
    pub fn made_by(&self, id: NodeId, module: &str, name: &str) -> Option<Instance<'g>> {
        self.instance(id).filter(|made| made.is(module, name))
    }

    /// Bytes; or the text that Python 2 wrote for them, when it was read as Latin-1.
    pub(crate) fn raw_bytes(&self, id: NodeId) -> Result<Cow<'g, [u8]>> {
        match self.graph.node(id) {
            Node::Str(_) => self.latin1(id).map(Cow::Owned),
            _ => self.bytes(id),
        }
    }

    /// The entries of a dict as Python sees them: the last value and the first key of those that are
    /// equal.
    ///
    /// # Errors
    /// As [`entries`](Self::entries).
    pub(crate) fn distinct_entries(&self, id: NodeId) -> Result<Vec<(NodeId, NodeId)>> {
        let pairs = self.entries(id)?;
        let (mut keys, mut places) = (Keys::default(), HashMap::<_, usize>::new());
        let mut entries: Vec<(NodeId, NodeId)> = Vec::with_capacity(pairs.len() / 2);
        for pair in pairs.chunks_exact(2) {
            match places.entry(keys.of(self.graph, pair[0])) {
                Entry::Occupied(place) => entries[*place.get()].1 = pair[1],
                Entry::Vacant(place) => {
                    place.insert(entries.len());
                    entries.push((pair[0], pair[1]));
                }
            }
        }
        Ok(entries)
    }

    /// The path that a `pathlib` object was made of, part by part.
    pub(super) fn path(&self, id: NodeId) -> Option<Result<String>> {
        let made = self.instance(id)?;
        let windows = match (&*made.module, &*made.name) {
            ("pathlib" | "pathlib._local", "PosixPath" | "PurePosixPath" | "Path" | "PurePath") => {
                false
            }
            ("pathlib" | "pathlib._local", "WindowsPath" | "PureWindowsPath") => true,
            _ => return None,
        };
        let parts = made.args.iter().map(|part| self.text(*part));
        Some(parts.collect::<Result<Vec<_>>>().map(|parts| match windows {
            true => join_windows(&parts),
            false => join_posix(&parts),
        }))
    }
}

/// As `PurePosixPath(*parts)` reads: an absolute part begins anew, `.` and doubled slashes go.
fn join_posix(parts: &[&str]) -> String {
    let absolute = parts.iter().rposition(|part| part.starts_with('/'));
    let parts = &parts[absolute.unwrap_or(0)..];
    let root = match parts.first() {
        // Two slashes have a meaning of their own in POSIX, three do not.
        Some(first) if first.starts_with("//") && !first.starts_with("///") => "//",
        Some(first) if first.starts_with('/') => "/",
        _ => "",
    };
    let names = parts.iter().flat_map(|part| part.split('/'));
    let names: Vec<&str> = names.filter(|name| !matches!(*name, "" | ".")).collect();
    match root.len() + names.len() {
        0 => ".".into(),
        _ => [root, &names.join("/")].concat(),
    }
}

/// Python has taken drive and root together into the first part.
fn join_windows(parts: &[&str]) -> String {
    let Some((first, rest)) = parts.split_first() else { return ".".into() };
    let mut path = first.replace('/', "\\");
    for part in rest {
        if !path.is_empty() && !path.ends_with(['\\', ':']) {
            path.push('\\');
        }
        path.push_str(&part.replace('/', "\\"));
    }
    if path.is_empty() { ".".into() } else { path }
}

/// A number of numpy's.
pub(super) enum Scalar {
    Bool(bool),
    Int(i128),
    Float(f64),
}

impl Restorer<'_, '_> {
    /// The dtype and the bytes of a scalar of numpy's.
    pub(crate) fn scalar_parts(&self, id: NodeId) -> Option<(NodeId, NodeId)> {
        let made = self.instance(id)?;
        match (&*made.module, &*made.name, made.args) {
            ("numpy._core.multiarray" | "numpy.core.multiarray", "scalar", [dtype, data]) => {
                Some((*dtype, *data))
            }
            _ => None,
        }
    }

    /// The value of a scalar of numpy's that is a number of at most 64 bits.
    #[cold]
    pub(super) fn scalar(&self, id: NodeId) -> Option<Scalar> {
        let (dtype, data) = self.scalar_parts(id)?;
        let dtype = self.made_by(dtype, "numpy", "dtype")?;
        let state = self.items(*dtype.states.last()?).ok()?;
        let mut bytes = self.raw_bytes(data).ok()?.into_owned();
        if self.graph.text(*state.get(1)?) == Some(">") {
            bytes.reverse();
        }
        let code = self.graph.text(*dtype.args.first()?)?;
        if code.get(1..)?.parse() != Ok(bytes.len()) {
            return None;
        }
        let mut all = [0; 8];
        all.get_mut(..bytes.len())?.copy_from_slice(&bytes);
        let unsigned = u64::from_le_bytes(all);
        match (code.get(..1)?, bytes.len()) {
            ("b", 1) if unsigned < 2 => Some(Scalar::Bool(unsigned == 1)),
            ("u", 1 | 2 | 4 | 8) => Some(Scalar::Int(unsigned.into())),
            ("i", len @ (1 | 2 | 4 | 8)) => {
                let shift = 64 - 8 * len as u32;
                Some(Scalar::Int(((unsigned << shift) as i64 >> shift).into()))
            }
            ("f", 4) => Some(Scalar::Float(f32::from_bits(unsigned as u32).into())),
            ("f", 8) => Some(Scalar::Float(f64::from_bits(unsigned))),
            _ => None,
        }
    }
}
