//! The types of std, by kind.

mod cell;
mod collections;
pub(crate) mod composite;
mod crates;
mod net;
mod num;
mod option;
mod path;
mod range;
mod seq;
mod shared;
mod text;
mod time;
mod tuple;

/// What an impl of the three traits is written with.
pub(crate) mod prelude {
    pub(crate) use super::composite::{self, std_struct};
    pub(crate) use crate::error::{Error, ErrorKind, Result};
    pub(crate) use crate::graph::NodeId;
    pub(crate) use crate::native::{Filled, Head, HeadMut, Measure, Reader, Slot, Writer, Written};
    pub(crate) use crate::python::Saver;
    pub(crate) use crate::restore::Restorer;
    pub(crate) use crate::schema::{Node, SchemaBuilder, SchemaId, StructNode};
    pub(crate) use crate::shape::Shape;
    pub(crate) use crate::traits::{Layout, Pickle, Unpickle};
}
