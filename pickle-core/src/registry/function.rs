//! [`Function`]: a function that travels by its name.

use std::any::Any;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use crate::error::{Error, ErrorKind, Result};
use crate::graph::NodeId;
use crate::native::{Filled, Head, HeadMut, Measure, Reader, Slot, Writer, Written};
use crate::python::Saver;
use crate::restore::Restorer;
use crate::schema::{SchemaBuilder, SchemaId};
use crate::traits::{Layout, Pickle, Unpickle};

use super::Registry;
use super::global::{self, Global};

/// A function under `#[pickle::function]`, as the type of the same name that the attribute writes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no function that can be pickled",
    note = "add `#[pickle::function]` to the function"
)]
pub trait Named {
    /// Its pointer: `fn(f64) -> f64`.
    type Pointer: Copy + Send + Sync + 'static;

    /// Former qualified names.
    #[doc(hidden)]
    const ALIASES: &'static [&'static str];

    /// The function.
    fn pointer() -> Self::Pointer;

    /// Its name.
    fn global() -> Global;
}

/// A function that is pickled by its name: `Function<fn(f64) -> f64>`. It is called as the function
/// itself.
///
/// Loading asks the registry which function has the name, and checks that it has the signature. In
/// Python's protocols it is what Python imports by the name.
///
/// The facade's docs of `#[pickle::function]` have an example.
#[derive(Clone)]
pub struct Function<P> {
    pointer: P,
    global: Global,
}

impl<P: Copy + Send + Sync + 'static> Function<P> {
    /// A function under `#[pickle::function]`, by the type of its name: `Function::of::<area>()`.
    pub fn of<F: Named<Pointer = P>>() -> Self {
        Self { pointer: F::pointer(), global: F::global() }
    }

    /// The name it travels by.
    pub fn global(&self) -> &Global {
        &self.global
    }

    /// The pointer.
    pub fn pointer(&self) -> P {
        self.pointer
    }
}

impl<P> Deref for Function<P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.pointer
    }
}

/// Equal names are equal functions.
impl<P> PartialEq for Function<P> {
    fn eq(&self, other: &Self) -> bool {
        self.global == other.global
    }
}

impl<P> Eq for Function<P> {}

impl<P> Hash for Function<P> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.global.hash(state);
    }
}

impl<P> fmt::Debug for Function<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Function({})", self.global)
    }
}

/// A function in a registry.
pub(super) struct FunctionEntry {
    pub(super) global: Global,
    pub(super) aliases: &'static [&'static str],
    /// A `P`.
    pointer: Box<dyn Any + Send + Sync>,
    signature: &'static str,
}

impl FunctionEntry {
    pub(super) fn new<F: Named>() -> Self {
        Self {
            global: F::global(),
            aliases: F::ALIASES,
            pointer: Box::new(F::pointer()),
            signature: std::any::type_name::<F::Pointer>(),
        }
    }

    /// Whether it is the same function.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.global == other.global && (*self.pointer).type_id() == (*other.pointer).type_id()
    }

    /// What it is, for errors.
    pub(super) fn shown(&self) -> String {
        format!("{}, {}", self.global, self.signature)
    }

    fn function<P: Copy + 'static>(&self) -> Result<Function<P>> {
        match self.pointer.downcast_ref::<P>() {
            Some(pointer) => Ok(Function { pointer: *pointer, global: self.global.clone() }),
            None => Err(Error::new(ErrorKind::Mismatch {
                expected: format!("a function {}", std::any::type_name::<P>()).into(),
                found: self.shown().into(),
            })),
        }
    }
}

impl Registry {
    /// A function by its qualified name.
    ///
    /// # Errors
    /// When no function has the name, or it has another signature.
    pub fn function<P: Copy + 'static>(&self, name: &str) -> Result<Function<P>> {
        match self.function_named(name) {
            Some(Ok(entry)) => entry.function(),
            Some(Err(error)) => Err(error),
            None => {
                let known = self.function_names();
                Err(super::unknown(name, "a function".into(), &known))
            }
        }
    }

    fn function_in<P: Copy + 'static>(&self, module: &str, name: &str) -> Result<Function<P>> {
        self.function(&format!("{module}.{name}"))
    }
}

impl<P: Copy + 'static> Layout for Function<P> {
    const HEAD: usize = global::HEAD;

    fn describe(schema: &mut SchemaBuilder) -> SchemaId {
        Global::describe_any(schema)
    }
}

impl<P: Copy + 'static> Pickle for Function<P> {
    fn measure(&self, measure: &mut Measure) -> Result<()> {
        self.global.measure(measure)
    }

    fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
        self.global.put(head, writer)
    }

    fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
        self.global.save(saver)
    }
}

impl<'de, P: Copy + 'static> Unpickle<'de> for Function<P> {
    fn decode<'b>(
        head: Head<'_, Self>,
        reader: &mut Reader<'de>,
        slot: Slot<'b, Self>,
    ) -> Result<Filled<'b, Self>> {
        let (module, name) = Global::take(head, reader)?;
        match reader.env().registry().function_in(module, name) {
            Ok(function) => Ok(slot.write(function)),
            Err(error) => Err(reader.at(head.bytes(), error)),
        }
    }

    fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
        let Some((module, name)) = restorer.global(id) else {
            return Err(restorer.mismatch(id, "a function"));
        };
        let found = restorer.env().registry().function_in(&module, &name);
        found.map_err(|error| restorer.at(id, error))
    }
}
