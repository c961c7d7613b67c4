//! What the derive calls to run a user's hooks: `getstate`, `setstate`, `after_load`, `default`.

use crate::error::{Error, ErrorKind, Result};
use crate::graph::NodeId;
use crate::native::{Filled, Measure, Reader, Writer};
use crate::restore::Restorer;
use crate::schema::{Schema, SchemaBuilder, SchemaId};
use crate::traits::{Layout, Pickle, Unpickle};
use crate::type_info::TypeInfo;

/// Whatever a hook may fail with: an error type, a `&str`, a `String`.
pub trait HookError: Into<Box<dyn std::error::Error + Send + Sync>> {}

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> HookError for E {}

/// The result of a `getstate`, to tell a state from a `Result` of one without knowing the type:
/// method look-up finds the inherent `state` of a `Result` before that of [`PlainState`].
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

/// What `setstate` and `after_load` may return: a `T`, or a `Result` of one.
#[diagnostic::on_unimplemented(
    message = "this hook must return `{T}` or a `Result` of it, not `{Self}`",
    label = "returns `{Self}`"
)]
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

/// What a field gets that is not in the pickle.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no `Default` to fill the field with",
    label = "not in the pickle, so it needs a value on load",
    note = "give one: `#[pickle(skip, default = expression)]`"
)]
pub trait AbsentField: Sized {
    /// That value.
    fn absent() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> AbsentField for T {
    fn absent() -> Self {
        T::default()
    }
}

/// Adds the state of `value` to a measure, and encodes it already.
///
/// `setstate` is not called; what it takes must hold whatever `getstate` gives.
pub fn measure_state<'a, T, S: Pickle, S2: Layout, R: Rebuilt<T>>(
    value: &'a T,
    getstate: impl FnOnce(&'a T) -> Result<S>,
    _setstate: impl FnOnce(S2) -> R,
    measure: &mut Measure,
) -> Result<()> {
    agree::<S, S2>()?;
    measure.state(&getstate(value)?)
}

/// [`measure_state`] of a type that is never loaded.
pub fn measure_state_only<'a, T: ?Sized, S: Pickle>(
    value: &'a T,
    getstate: impl FnOnce(&'a T) -> Result<S>,
    measure: &mut Measure,
) -> Result<()> {
    measure.state(&getstate(value)?)
}

/// Writes the state that was measured.
pub fn encode_state(writer: &mut Writer) {
    writer.state();
}

/// Reads a state and hands it to `setstate`. `getstate` is not called.
pub fn decode_state<'de, 'a, T: 'a, S: Layout, S2: Unpickle<'de>, R: Rebuilt<T>>(
    reader: &mut Reader<'de>,
    _getstate: impl FnOnce(&'a T) -> Result<S>,
    setstate: impl FnOnce(S2) -> R,
) -> Result<T> {
    if !agree::<S, S2>()? {
        let start = reader.offset();
        let state = reader.state_as::<S, S2>()?;
        return setstate(state).rebuilt().map_err(|error| error.at(start));
    }
    decode_state_only(reader, setstate)
}

/// [`decode_state`] of a type that is never pickled.
pub fn decode_state_only<'de, T, S2: Unpickle<'de>, R: Rebuilt<T>>(
    reader: &mut Reader<'de>,
    setstate: impl FnOnce(S2) -> R,
) -> Result<T> {
    let start = reader.offset();
    let state = reader.state::<S2>()?;
    setstate(state).rebuilt().map_err(|error| error.at(start))
}

/// The state of a value, for Python's protocols.
pub fn state_of<'a, T: ?Sized, S>(
    value: &'a T,
    getstate: impl FnOnce(&'a T) -> Result<S>,
) -> Result<S> {
    getstate(value)
}

/// Hands the state that a node denotes to `setstate`.
pub fn restore_state<'de, T, S: Unpickle<'de>, R: Rebuilt<T>>(
    id: NodeId,
    restorer: &mut Restorer<'_, 'de>,
    setstate: impl FnOnce(S) -> R,
) -> Result<T> {
    let state =
        restorer.nest(id, |restorer| restorer.apart(|restorer| S::restore(id, restorer)))?;
    setstate(state).rebuilt().map_err(|error| restorer.at(id, error))
}

/// Restores a value at which a hook will look: its cells do not wait.
pub fn restore_apart<'g, 'de, T>(
    restorer: &mut Restorer<'g, 'de>,
    restore: impl FnOnce(&mut Restorer<'g, 'de>) -> Result<T>,
) -> Result<T> {
    restorer.apart(restore)
}

/// Lets `after_load` finish a value that was restored.
pub fn finish_restored<T, R: Rebuilt<()>>(
    restored: Result<T>,
    after_load: impl FnOnce(&mut T) -> R,
) -> Result<T> {
    let mut value = restored?;
    after_load(&mut value).rebuilt()?;
    Ok(value)
}

/// Lets `after_load` finish a value in its place.
pub fn finish<'b, T, R: Rebuilt<()>>(
    decoded: Result<Filled<'b, T>>,
    after_load: impl FnOnce(&mut T) -> R,
) -> Result<Filled<'b, T>> {
    let mut filled = decoded?;
    after_load(filled.value_mut()).rebuilt()?;
    Ok(filled)
}

/// Whether what `setstate` takes lies as what `getstate` gives. Where not, each state must at least
/// load as it does from another version of the type, or pickles could never be loaded.
fn agree<S: Layout, S2: Layout>() -> Result<bool> {
    if TypeInfo::of::<S>().fingerprint == TypeInfo::of::<S2>().fingerprint {
        return Ok(true);
    }
    match TypeInfo::loads_as::<S, S2>() {
        true => Ok(false),
        false => Err(disagree::<S, S2>()),
    }
}

#[cold]
fn disagree<S: Layout, S2: Layout>() -> Error {
    let (stored, asked) = (Schema::of::<S>().type_name(), Schema::of::<S2>().type_name());
    let hint = format!("`getstate` gives {stored}, so `setstate` must take that, not {asked}");
    Error::new(ErrorKind::TypeMismatch { stored, asked }).with_hint(hint)
}

/// Describes what a `getstate` returns, without calling it.
pub fn describe_state<'a, T: ?Sized + 'a, S: Layout>(
    _getstate: impl FnOnce(&'a T) -> Result<S>,
    schema: &mut SchemaBuilder,
) -> SchemaId {
    S::describe(schema)
}

/// Describes what a `getstate` returns; or, as a target of loading, what the `setstate` takes.
pub fn describe_states<'a, T: 'a, S: Layout, S2: Layout, R: Rebuilt<T>>(
    _getstate: impl FnOnce(&'a T) -> Result<S>,
    _setstate: impl FnOnce(S2) -> R,
    schema: &mut SchemaBuilder,
) -> SchemaId {
    if schema.loads() { S2::describe(schema) } else { S::describe(schema) }
}

/// Describes what a `setstate` takes, without calling it.
pub fn describe_rebuilt<T, S2: Layout, R: Rebuilt<T>>(
    _setstate: impl FnOnce(S2) -> R,
    schema: &mut SchemaBuilder,
) -> SchemaId {
    S2::describe(schema)
}
