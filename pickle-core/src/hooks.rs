//! `getstate`, `setstate`, `after_load`: what the derive calls to run a user's hooks.

use crate::error::{Error, Result};
use crate::native::{Measure, Reader, Writer};
use crate::schema::{SchemaBuilder, SchemaId};
use crate::traits::{Layout, Pickle, Unpickle};

/// Whatever a hook may fail with: an error type, a `&str`, a `String`.
pub trait HookError: Into<Box<dyn std::error::Error + Send + Sync>> {}

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> HookError for E {}

/// The result of a `getstate`, to tell a state from a `Result` of one without knowing the type:
/// method look-up finds [`MaybeState::state`] by value before [`PlainState::state`] by reference.
pub struct Returned<S>(pub S);

impl<S, E: HookError> Returned<std::result::Result<S, E>> {
    /// The state, or the error of the hook.
    pub fn state(self) -> Result<S> {
        self.0.map_err(Error::custom)
    }
}

/// The state of a `getstate` that cannot fail.
pub trait PlainState {
    /// The state itself.
    type State;

    /// The state itself.
    fn state(self) -> Result<Self::State>;
}

impl<S> PlainState for Returned<S> {
    type State = S;

    fn state(self) -> Result<S> {
        Ok(self.0)
    }
}

/// What `setstate` may return: a `T`, or a `Result` of one.
pub trait Rebuilt<T> {
    /// The object, or the error of the hook.
    fn rebuilt(self) -> Result<T>;
}

impl<T> Rebuilt<T> for T {
    fn rebuilt(self) -> Result<T> {
        Ok(self)
    }
}

impl<T, E: HookError> Rebuilt<T> for std::result::Result<T, E> {
    fn rebuilt(self) -> Result<T> {
        self.map_err(Error::custom)
    }
}

/// Adds a state to a measure.
pub fn measure_state<S: Pickle>(state: Result<S>, measure: &mut Measure) -> Result<()> {
    measure.state(&state?)
}

/// Writes the state that was measured.
pub fn encode_state(writer: &mut Writer) {
    writer.state();
}

/// Reads a state and hands it to `setstate`.
pub fn decode_state<'de, S: Unpickle<'de>, R: Rebuilt<T>, T>(
    reader: &mut Reader<'de>,
    setstate: impl FnOnce(S) -> R,
) -> Result<T> {
    let state = reader.state::<S>()?;
    setstate(state).rebuilt()
}

/// Describes what a `getstate` returns, without calling it.
pub fn describe_state<T: ?Sized, S: Layout>(
    _getstate: impl FnOnce(&T) -> Result<S>,
    schema: &mut SchemaBuilder,
) -> SchemaId {
    S::describe(schema)
}
