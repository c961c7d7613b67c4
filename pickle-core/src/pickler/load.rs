//! Loading with options: `Unpickler`.

use std::io::Read;

use crate::error::{Error, ErrorKind, Result};
use crate::hooks::HookError;
use crate::limits::Limits;
use crate::native;
use crate::python::{self, Encoding, LoadOptions, Machine, OnInvalid};
use crate::registry::Registry;
use crate::restore::restore_value;
use crate::schema::Schema;
use crate::traits::{Unpickle, UnpickleOwned};

use super::one::{check_first, split};

/// Loads values from a reader or a slice, with everything optional.
///
/// ```
/// use pickle_core::{Unpickler, dump};
/// let mut file = Vec::new();
/// for number in 0..3_u32 {
///     dump(&number, &mut file)?;
/// }
/// let mut unpickler = Unpickler::from_slice(&file);
/// assert_eq!(unpickler.load::<u32>()?, 0);
/// let rest = unpickler.iter::<u32>().collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(rest, [1, 2]);
/// # Ok::<(), pickle_core::Error>(())
/// ```
pub struct Unpickler<'de, S> {
    source: S,
    options: LoadOptions<'de>,
}

/// A reader as the source of an [`Unpickler`].
pub struct Stream<R>(R);

/// A slice as the source of an [`Unpickler`].
pub struct Slice<'de> {
    rest: &'de [u8],
    /// What reads Python's pickles, which may refer to objects of those before, and how far into
    /// its input it is.
    machine: Option<(Machine<'de>, usize)>,
}

impl<R: Read> Unpickler<'_, Stream<R>> {
    /// Loads from a reader. Exactly the bytes of each pickle are read, a few at a time where its
    /// length is not known yet, so wrap files in a [`BufReader`](std::io::BufReader).
    pub fn new(reader: R) -> Self {
        Self { source: Stream(reader), options: LoadOptions::new() }
    }

    /// Loads the next value.
    ///
    /// # Errors
    /// As [`load`].
    pub fn load<T: UnpickleOwned>(&mut self) -> Result<T> {
        match self.next_value()? {
            Some(value) => Ok(value),
            None => Err(Error::new(ErrorKind::UnexpectedEnd { needed: 1, left: 0 }).at(0)),
        }
    }

    /// Loads values until the end of the input.
    pub fn iter<T: UnpickleOwned>(&mut self) -> impl Iterator<Item = Result<T>> {
        until_error(move || self.next_value().transpose())
    }

    fn next_value<T: UnpickleOwned>(&mut self) -> Result<Option<T>> {
        let mut first = Vec::new();
        let reader = &mut self.source.0;
        if reader.by_ref().take(1).read_to_end(&mut first)? == 0 {
            return Ok(None);
        }
        let mut pickle = Vec::new();
        if first[0] == native::MAGIC {
            native::read_pickle(reader, &mut pickle)?;
        } else {
            check_first(first[0])?;
            python::read_pickle(&mut first.as_slice().chain(reader), &mut pickle)?;
        }
        let options = || self.options.reborrowed();
        split(&pickle, &self.options.limits, &self.options.env, options)
            .map(|(value, _)| Some(value))
    }
}

impl<'de> Unpickler<'de, Slice<'de>> {
    /// Loads from bytes. Values may borrow from them.
    pub fn from_slice(bytes: &'de [u8]) -> Self {
        Self { source: Slice { rest: bytes, machine: None }, options: LoadOptions::new() }
    }

    /// Loads the next value.
    ///
    /// # Errors
    /// As [`loads`], but bytes may follow.
    pub fn load<T: Unpickle<'de>>(&mut self) -> Result<T> {
        let Slice { rest, machine } = &mut self.source;
        match rest.first() {
            Some(first) if *first != native::MAGIC => check_first(*first)?,
            _ => {
                let options = || self.options.clone();
                let (value, size) = split(rest, &self.options.limits, &self.options.env, options)?;
                (*rest, *machine) = (&rest[size..], None);
                return Ok(value);
            }
        }
        let (machine, start) =
            machine.get_or_insert_with(|| (Machine::new(rest, self.options.clone()), 0));
        let root = machine.load()?;
        let Self { options, .. } = self;
        let value = restore_value(machine.graph(), root, &options.limits, &options.env)?;
        *rest = &rest[machine.position() - *start..];
        *start = machine.position();
        Ok(value)
    }

    /// Loads values until the end of the input.
    pub fn iter<T: Unpickle<'de>>(&mut self) -> impl Iterator<Item = Result<T>> {
        until_error(move || (!self.source.rest.is_empty()).then(|| self.load()))
    }

    /// What was not loaded yet.
    pub fn rest(&self) -> &'de [u8] {
        self.source.rest
    }
}

impl<'de, S> Unpickler<'de, S> {
    /// What one load may use.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.options.limits = limits;
        self
    }

    /// The schema of pickles that have its fingerprint alone, any number of them: where pickles were
    /// written with [`SchemaMode::Omit`] and their schemas kept elsewhere, old ones load by this.
    ///
    /// ```
    /// use pickle_core::{Pickler, SchemaMode, Unpickler, schema};
    /// let mut small = Vec::new();
    /// Pickler::new(&mut small).schema(SchemaMode::Omit).dump(&[1_u8, 2])?;
    /// let mut unpickler = Unpickler::from_slice(&small).schema(&schema::<[u8; 2]>());
    /// assert_eq!(unpickler.load::<Vec<u64>>()?, [1, 2]);
    /// # Ok::<(), pickle_core::Error>(())
    /// ```
    #[must_use]
    pub fn schema(mut self, schema: &Schema) -> Self {
        self.options.env.add_schema(schema);
        self
    }

    /// What may be created by name. [`Registry::global`] by default: give bytes from strangers a
    /// registry of what they may create, or [`Registry::empty`].
    #[must_use]
    pub fn registry(mut self, registry: Registry) -> Self {
        self.options.env.set_registry(registry);
        self
    }

    /// The objects of type `T` that live elsewhere, by id: [`Persistent`](crate::Persistent) has an
    /// example.
    #[must_use]
    pub fn persistent<T: 'static, I: UnpickleOwned + 'static, E: HookError>(
        mut self,
        resolve: impl Fn(I) -> Result<T, E> + Send + Sync + 'static,
    ) -> Self {
        self.options.env.resolvers_mut().add_resolve(resolve);
        self
    }

    /// How strings of Python 2 become text, or that they stay bytes: `encoding` of Python's
    /// `pickle.loads`.
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.options.encoding = encoding;
        self
    }

    /// What happens to bytes that the encoding does not have: `errors` of Python's `pickle.loads`.
    #[must_use]
    pub fn on_invalid(mut self, on_invalid: OnInvalid) -> Self {
        self.options.on_invalid = on_invalid;
        self
    }

    /// The name behind an extension code, as `copyreg.add_extension` registers it.
    #[must_use]
    pub fn extension(mut self, code: u32, module: &str, name: &str) -> Self {
        self.options = self.options.extension(code, module, name);
        self
    }

    /// The out-of-band buffers, in the order in which the pickles take them.
    #[must_use]
    pub fn buffers<B: Into<std::borrow::Cow<'de, [u8]>>>(
        mut self,
        buffers: impl IntoIterator<Item = B>,
    ) -> Self {
        self.options = self.options.buffers(buffers);
        self
    }
}

/// Ends after the first error: what follows it in the input is not known to be a pickle.
fn until_error<T>(mut next: impl FnMut() -> Option<Result<T>>) -> impl Iterator<Item = Result<T>> {
    let mut failed = false;
    std::iter::from_fn(move || {
        let item = if failed { None } else { next() };
        failed = matches!(item, Some(Err(_)));
        item
    })
}
