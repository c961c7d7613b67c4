//! What Python's built-in functions would make of their arguments, where a pickle calls them only
//! because its protocol has no opcode for the result.

use crate::error::Result;
use crate::graph::{Graph, Node, NodeId};
use crate::restore::{Instance, Restorer};

use super::Value;

impl Value {
    /// The same value with each call that makes `bytes`, a `bytearray`, a `set` or a `frozenset` as
    /// what it makes: protocols below 3, 4 and 5 have no other way to write these. All else stays.
    ///
    /// ```
    /// use pickle_core::{Protocol, Value, value};
    /// let set = Value::set([value!(1)]);
    /// let loaded = Value::loads(&set.dumps(Protocol::V2)?)?;
    /// assert_eq!(loaded.to_string(), "__builtin__.set([1])");
    /// assert_eq!(loaded.plain()?, set);
    /// # Ok::<(), pickle_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// When arguments that many calls share expand to more than the default limits allow.
    pub fn plain(&self) -> Result<Self> {
        let whole = self.alone();
        let mut graph = Graph::clone(&whole.graph);
        let mut restorer = whole.restorer();
        for id in whole.graph.ids() {
            if let Some(made) = restorer.instance(id)
                && let Some(node) = made_by_call(id, &made, &mut restorer, &mut graph)?
            {
                graph.set(id, node);
            }
        }
        Ok(Self::of_graph(graph, whole.id))
    }
}

/// What the call makes, added to the graph.
fn made_by_call(
    id: NodeId,
    made: &Instance<'_>,
    restorer: &mut Restorer<'_, '_>,
    graph: &mut Graph<'static>,
) -> Result<Option<Node>> {
    let is_only_called = made.states.is_empty() && made.items.is_empty() && made.pairs.is_empty();
    if !is_only_called || made.base.is_some() {
        return Ok(None);
    }
    Ok(match (&*made.module, &*made.name) {
        ("_codecs", "encode") | ("builtins", "bytes" | "bytearray") => {
            let Ok(bytes) = restorer.bytes(id) else { return Ok(None) };
            restorer.charge(1, bytes.len())?;
            let span = graph.own(&bytes);
            Some(if made.name == "bytearray" { Node::ByteArray(span) } else { Node::Bytes(span) })
        }
        ("builtins", "set" | "frozenset") => {
            let Ok(elements) = restorer.elements(id) else { return Ok(None) };
            if !elements.iter().all(|element| graph.is_hashable(*element)) {
                return Ok(None);
            }
            restorer.charge(elements.len(), size_of::<NodeId>())?;
            let edges = graph.link(&elements);
            Some(if made.name == "set" { Node::Set(edges) } else { Node::FrozenSet(edges) })
        }
        _ => None,
    })
}
