//! Between [`Value`] and other types; and a `Value` as a field of them.

use std::sync::Arc;

use crate::env::Env;
use crate::error::Result;
use crate::graph::NodeId;
use crate::limits::Limits;
use crate::native::{Filled, Head, HeadMut, Measure, Reader, Slot, Writer, Written};
use crate::protocol::Protocol;
use crate::python::{self, LoadOptions, Machine, MemoEntries, SaveOptions, Saver};
use crate::restore::{Restorer, restore_value};
use crate::schema::{Node, SchemaBuilder, SchemaId};
use crate::traits::{Layout, Pickle, Unpickle, UnpickleOwned};

use super::Value;

/// The class of a `Value` in native schemas.
pub(crate) const CLASS: &str = "pickle.Value";

/// Turns a value of any type into a [`Value`]: what Python would see of it.
///
/// ```
/// use pickle_core::{to_value, value};
/// assert_eq!(to_value(&(1, vec!["a", "b"], None::<u8>))?, value!((1, ["a", "b"], null)));
/// # Ok::<(), pickle_core::Error>(())
/// ```
///
/// # Errors
/// As [`dumps`](crate::dumps).
pub fn to_value<T: Pickle + ?Sized>(value: &T) -> Result<Value> {
    let options = SaveOptions::new(Protocol::PYTHON_HIGHEST).memo(MemoEntries::Needed);
    let mut pickle = Vec::new();
    python::save_value(value, &options, &Limits::DEFAULT, Env::DEFAULT, None, None, &mut pickle)?;
    let mut machine = Machine::new(&pickle, LoadOptions::new());
    let root = machine.load()?;
    Ok(Value::of_graph(machine.into_graph(), root))
}

/// Turns a [`Value`] into a value of any type.
///
/// ```
/// use pickle_core::{from_value, value};
/// let pair: (u8, String) = from_value(&value!([1, "a"]))?;
/// assert_eq!(pair, (1, "a".to_owned()));
/// # Ok::<(), pickle_core::Error>(())
/// ```
///
/// # Errors
/// When the value is none of the type.
pub fn from_value<T: UnpickleOwned>(value: &Value) -> Result<T> {
    restore_value(&value.graph, value.id, &Limits::DEFAULT, Env::DEFAULT)
}

impl Layout for Value {
    const HEAD: usize = 0;
    const NULLABLE: bool = true;

    fn describe(schema: &mut SchemaBuilder) -> SchemaId {
        schema.named::<Self>(|schema| Node::State {
            class: CLASS.into(),
            state: <[u8]>::describe(schema),
        })
    }
}

/// In the native protocol a pickle of Python's protocol 5, which keeps all that a graph holds.
impl Pickle for Value {
    fn measure(&self, measure: &mut Measure) -> Result<()> {
        let options = SaveOptions::new(Protocol::PYTHON_HIGHEST).memo(MemoEntries::Needed);
        measure.state(&self.dumps_with(&options)?)
    }

    fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
        writer.state();
        head.zero()
    }

    fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
        python::save_within(&self.graph, self.id, saver)
    }
}

impl<'de> Unpickle<'de> for Value {
    fn decode<'b>(
        _: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        let start = reader.offset();
        let pickle = reader.state::<&[u8]>()?;
        let value = Self::loads(pickle).map_err(|error| error.at(start))?;
        Ok(slot.write(value))
    }

    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        // A native pickle of another schema holds it as the bytes that it is natively.
        if let Some(made) = restorer.instance(id).filter(|made| made.has_class(CLASS))
            && let [state] = made.states
        {
            return Self::loads(&restorer.bytes(*state)?);
        }
        let graph = restorer.graph();
        if graph.has_earlier() {
            return Err(restorer.at(id, crate::native::earlier()));
        }
        let mut import = super::build::Import::default();
        let (root, count) = import.node(graph, std::ptr::from_ref(graph).addr(), id);
        let mut graph = import.into_graph();
        restorer.charge(count, 0)?;
        restorer.charge_bytes(graph.footprint())?;
        graph.distinct();
        Ok(Self { graph: Arc::new(graph), id: root })
    }
}
