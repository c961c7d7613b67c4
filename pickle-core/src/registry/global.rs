//! Classes and functions by name alone.

use std::borrow::Cow;
use std::fmt;

use crate::error::Result;
use crate::graph::NodeId;
use crate::native::{Filled, Head, HeadMut, Measure, Reader, Slot, Writer, Written};
use crate::python::Saver;
use crate::restore::Restorer;
use crate::schema::{Node, SchemaBuilder, SchemaId};
use crate::traits::{Layout, Pickle, Unpickle};

/// A class or function by its name: for fields that hold any, whether this program has it or not.
/// Nothing is looked up, imported or called.
///
/// ```
/// use pickle_core::{Global, loads};
/// // pickle.dumps(collections.OrderedDict, protocol=2)
/// let class: Global = loads(b"\x80\x02ccollections\nOrderedDict\nq\0.")?;
/// assert_eq!((class.module(), class.name()), ("collections", "OrderedDict"));
/// assert_eq!(class.to_string(), "collections.OrderedDict");
/// # Ok::<(), pickle_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Global {
    module: Cow<'static, str>,
    name: Cow<'static, str>,
}

impl Global {
    /// The class or function of this name in this module; `Outer.Inner` is a class in a class.
    pub fn new(module: impl Into<Cow<'static, str>>, name: impl Into<Cow<'static, str>>) -> Self {
        Self { module: module.into(), name: name.into() }
    }

    /// The module.
    pub fn module(&self) -> &str {
        &self.module
    }

    /// The name inside the module.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn describe_any(schema: &mut SchemaBuilder) -> SchemaId {
        schema.anonymous(Node::Global)
    }

    pub(super) fn put<'b, T: Layout>(
        &self,
        head: HeadMut<'b, T>,
        writer: &mut Writer,
    ) -> Written<'b, T> {
        let mut fields = head.fields();
        fields.put(&*self.module, writer);
        fields.put(&*self.name, writer);
        fields.finish()
    }

    /// The module and name in a head, borrowed from the pickle.
    pub(super) fn take<'de, T: Layout>(
        head: Head<'_, T>,
        reader: &mut Reader<'de>,
    ) -> Result<(&'de str, &'de str)> {
        let mut fields = head.fields();
        Ok((reader.text(fields.head::<str>())?, reader.text(fields.head::<str>())?))
    }
}

impl fmt::Display for Global {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.module, self.name)
    }
}

impl fmt::Debug for Global {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Global({self})")
    }
}

/// Two texts.
pub(super) const HEAD: usize = 8;

impl Layout for Global {
    const HEAD: usize = HEAD;

    fn describe(schema: &mut SchemaBuilder) -> SchemaId {
        Self::describe_any(schema)
    }
}

impl Pickle for Global {
    fn measure(&self, measure: &mut Measure) -> Result<()> {
        measure.text(&self.module);
        measure.text(&self.name);
        Ok(())
    }

    fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
        self.put(head, writer)
    }

    fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
        saver.global(&self.module, &self.name)
    }
}

impl<'de> Unpickle<'de> for Global {
    fn decode<'b>(
        head: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        let (module, name) = Self::take(head, reader)?;
        Ok(slot.write(Self::new(module.to_owned(), name.to_owned())))
    }

    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        let (module, name) =
            restorer.global(id).ok_or_else(|| restorer.mismatch(id, "a class or function"))?;
        restorer.charge(1, module.len() + name.len())?;
        Ok(Self::new(module.into_owned(), name.into_owned()))
    }
}
