//! `dump` and `load` in all their forms.

use std::io::{Read, Write};

use crate::compat::{Compat, Effect};
use crate::env::Env;
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::HookError;
use crate::limits::Limits;
use crate::native::{self, DumpOptions, Header, Reader, SchemaMode};
use crate::protocol::Protocol;
use crate::python::{self, Encoding, LoadOptions, Machine, MemoEntries, OnInvalid, SaveOptions};
use crate::registry::Registry;
use crate::restore::restore_value;
use crate::schema::Schema;
use crate::traits::{Layout, Pickle, Unpickle, UnpickleOwned};
use crate::type_info::TypeInfo;

/// Pickles a value into bytes, by the native protocol.
///
/// ```
/// let bytes = pickle_core::dumps(&vec![1_u32, 2, 3])?;
/// assert_eq!(pickle_core::loads::<Vec<u32>>(&bytes)?, [1, 2, 3]);
/// # Ok::<(), pickle_core::Error>(())
/// ```
///
/// # Errors
/// When the value cannot be pickled: nested deeper than [`Limits::max_depth`], behind a poisoned
/// lock, refused by its `getstate`.
pub fn dumps<T: Pickle + ?Sized>(value: &T) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    Options::DEFAULT.dump_into(value, &mut out)?;
    Ok(out)
}

/// Pickles a value into bytes, by the protocol of the caller's choice.
///
/// Python's protocols are written as CPython writes them: what `pickle.loads` gives is described in
/// the facade's docs, type by type.
///
/// ```
/// use pickle_core::{Protocol, dumps_with, loads};
/// let bytes = dumps_with(&(1, "one"), Protocol::V2)?;
/// assert_eq!(bytes, b"\x80\x02K\x01X\x03\0\0\0oneq\0\x86q\x01.");
/// assert_eq!(loads::<(u8, String)>(&bytes)?, (1, "one".into()));
/// # Ok::<(), pickle_core::Error>(())
/// ```
///
/// # Errors
/// As [`dumps`]; and when the protocol cannot express the value.
pub fn dumps_with<T: Pickle + ?Sized>(value: &T, protocol: Protocol) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let options = Options { python: SaveOptions::new(protocol), ..Options::DEFAULT };
    options.dump_into(value, &mut out)?;
    Ok(out)
}

/// Pickles a value behind what a buffer holds, by the native protocol: [`dumps`] for callers who
/// reuse their buffers. On an error the buffer is as it was.
///
/// ```
/// let mut buffer = Vec::with_capacity(1024);
/// pickle_core::dumps_into(&1_u8, &mut buffer)?;
/// pickle_core::dumps_into(&2_u8, &mut buffer)?;
/// let both = pickle_core::Unpickler::from_slice(&buffer).iter().collect::<Result<Vec<u8>, _>>()?;
/// assert_eq!(both, [1, 2]);
/// # Ok::<(), pickle_core::Error>(())
/// ```
///
/// # Errors
/// As [`dumps`].
pub fn dumps_into<T: Pickle + ?Sized>(value: &T, buffer: &mut Vec<u8>) -> Result<()> {
    Options::DEFAULT.dump_into(value, buffer)
}

/// Pickles a value to a writer, by the native protocol.
///
/// Several pickles may follow each other; [`load`] takes them one by one.
///
/// ```
/// use pickle_core::{dump, load};
/// let mut file = Vec::new();
/// dump(&1_u8, &mut file)?;
/// dump("two", &mut file)?;
/// let mut file = file.as_slice();
/// assert_eq!(load::<u8>(&mut file)?, 1);
/// assert_eq!(load::<String>(&mut file)?, "two");
/// # Ok::<(), pickle_core::Error>(())
/// ```
///
/// # Errors
/// As [`dumps`]; and when writing fails. Nothing is written unless pickling succeeded.
pub fn dump<T: Pickle + ?Sized>(value: &T, writer: &mut (impl Write + ?Sized)) -> Result<()> {
    Pickler::new(writer).dump(value)
}

/// Pickles a value to a writer, by the protocol of the caller's choice.
///
/// # Errors
/// As [`dump`].
pub fn dump_with<T: Pickle + ?Sized>(
    value: &T,
    writer: &mut (impl Write + ?Sized),
    protocol: Protocol,
) -> Result<()> {
    Pickler::new(writer).protocol(protocol).dump(value)
}

/// Loads a value from bytes. It may borrow from them.
///
/// The protocol is detected. The bytes must hold one pickle and nothing else.
///
/// ```
/// let bytes = pickle_core::dumps("text")?;
/// let text: &str = pickle_core::loads(&bytes)?;
/// assert_eq!(text, "text");
/// # Ok::<(), pickle_core::Error>(())
/// ```
///
/// # Errors
/// When the bytes are no pickle, hold a value of another type, or exceed [`Limits::DEFAULT`].
pub fn loads<'de, T: Unpickle<'de>>(bytes: &'de [u8]) -> Result<T> {
    if bytes.first() == Some(&native::MAGIC) {
        let (header, size) = Header::split(bytes)?;
        check_end(bytes, size)?;
        return load_native(bytes, &header, &Limits::DEFAULT, Env::DEFAULT);
    }
    let (value, size) = split_python(bytes, LoadOptions::new())?;
    check_end(bytes, size)?;
    Ok(value)
}

/// Whether a pickle of `size` bytes is all there is.
#[inline]
fn check_end(bytes: &[u8], size: usize) -> Result<()> {
    if size == bytes.len() { Ok(()) } else { Err(trailing(bytes.len() - size, size)) }
}

#[cold]
fn trailing(count: usize, at: usize) -> Error {
    let error = Error::new(ErrorKind::TrailingBytes { count: count as u64 });
    error.at(at as u64).with_hint("`Unpickler::from_slice` loads pickles in a row")
}

/// Loads a value from a reader: exactly one pickle is read, what follows is left.
///
/// # Errors
/// As [`loads`]; and when reading fails or ends early.
pub fn load<T: UnpickleOwned>(reader: &mut (impl Read + ?Sized)) -> Result<T> {
    Unpickler::new(reader).load()
}

/// Loads the pickle at the front of `bytes`; returns how long it is. Asks for the options, which
/// have the same limits and environment, only where Python's pickles need them.
fn split<'de, T: Unpickle<'de>>(
    bytes: &'de [u8],
    limits: &Limits,
    env: &Env,
    options: impl FnOnce() -> LoadOptions<'de>,
) -> Result<(T, usize)> {
    if bytes.first() != Some(&native::MAGIC) {
        return split_python(bytes, options());
    }
    let (header, size) = Header::split(bytes)?;
    Ok((load_native(&bytes[..size], &header, limits, env)?, size))
}

/// The value of a native pickle.
#[inline(always)]
fn load_native<'de, T: Unpickle<'de>>(
    pickle: &'de [u8],
    header: &Header<'de>,
    limits: &Limits,
    env: &Env,
) -> Result<T> {
    let info = TypeInfo::of::<T>();
    if header.fingerprint != info.fingerprint {
        return restore_native(pickle, header, info, limits, env);
    }
    let (mut payload, mut classes) = (header.payload, Box::default());
    if info.has_objects {
        let (rest, table) = native::classes::split(payload)?;
        match native::classes::current(table, env)? {
            Some(current) => (payload, classes) = (rest, current),
            None => return restore_native(pickle, header, info, limits, env),
        }
    }
    Reader::payload(pickle, payload, limits, env, classes, info)
}

/// The value of a native pickle of another schema: of another version of the type or of its
/// objects' classes, or of one that converts to it.
#[cold]
fn restore_native<'de, T: Unpickle<'de>>(
    bytes: &'de [u8],
    header: &Header<'de>,
    info: &TypeInfo,
    limits: &Limits,
    env: &Env,
) -> Result<T> {
    let own = (header.fingerprint == info.fingerprint).then(|| info.schema());
    let known = || env.schema(header.fingerprint);
    let Some(schema) = header.schema.or(own).or_else(known) else {
        return Err(another_type(header, info));
    };
    let (graph, root) = native::load_graph_by(bytes, header, schema, limits)?;
    restore_value(&graph, root, limits, env).map_err(|error| match error.kind() {
        ErrorKind::Mismatch { .. } if error.path().is_empty() && is_another::<T>(header) => {
            another_type(header, info)
        }
        _ => error,
    })
}

/// [`split`] of one of Python's pickles.
#[inline(never)]
fn split_python<'de, T: Unpickle<'de>>(
    bytes: &'de [u8],
    options: LoadOptions<'de>,
) -> Result<(T, usize)> {
    let Some(first) = bytes.first() else {
        return Err(Error::new(ErrorKind::UnexpectedEnd { needed: 1, left: 0 }).at(0));
    };
    check_first(*first)?;
    let (limits, env) = (options.limits, options.env.clone());
    let mut machine = Machine::new(bytes, options);
    let root = machine.load()?;
    let value = restore_value(machine.graph(), root, &limits, &env)?;
    Ok((value, machine.position()))
}

/// Whether a pickle of Python's can begin with this byte.
fn check_first(found: u8) -> Result<()> {
    match python::opcode::opcode(found) {
        Some(_) => Ok(()),
        None => Err(Error::new(ErrorKind::NotAPickle { found }).at(0)),
    }
}

/// Whether no value of the stored type would load.
#[cold]
fn is_another<T: Layout>(header: &Header<'_>) -> bool {
    let Some(Ok(schema)) = header.schema.map(Schema::from_bytes) else { return true };
    if schema.type_name() == Schema::of::<T>().type_name() {
        return false;
    }
    let report = Compat::of::<T>(&schema);
    let mut changes = report.changes().iter();
    changes.any(|change| change.effect == Effect::Breaks && change.path.is_empty())
}

#[cold]
fn another_type(header: &Header<'_>, asked: &TypeInfo) -> Error {
    let asked = Schema::from_bytes(asked.schema()).map(|schema| schema.type_name());
    let stored = match header.schema.map(Schema::from_bytes) {
        Some(Ok(schema)) => schema.type_name(),
        Some(Err(error)) => return error,
        None => format!("a type with fingerprint {:016x}", header.fingerprint),
    };
    let asked = asked.unwrap_or_default();
    let hint = (stored == asked).then_some("the type has changed since the pickle was made");
    let error = Error::new(ErrorKind::TypeMismatch { stored, asked });
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

/// What dumping may be told.
struct Options {
    /// The protocol, and what concerns Python's.
    python: SaveOptions,
    limits: Limits,
    native: DumpOptions,
    env: Env,
}

impl Options {
    const DEFAULT: Self = Self {
        python: SaveOptions::new(Protocol::DEFAULT),
        limits: Limits::DEFAULT,
        native: DumpOptions::DEFAULT,
        env: Env::NEW,
    };

    fn dump_into<T: Pickle + ?Sized>(&self, value: &T, out: &mut Vec<u8>) -> Result<()> {
        if self.python.protocol() != Protocol::Native {
            return python::save_value(value, &self.python, &self.limits, &self.env, None, out);
        }
        let start = out.len();
        native::dump(value, out, self.native, self.limits.max_depth, &self.env).inspect_err(|_| {
            out.truncate(start);
        })
    }
}

/// Dumps values to a writer, with everything optional.
///
/// ```
/// use pickle_core::{Pickler, SchemaMode, loads};
/// let mut small = Vec::new();
/// Pickler::new(&mut small).schema(SchemaMode::Omit).dump(&(1_u8, "one"))?;
/// assert_eq!(loads::<(u8, &str)>(&small)?, (1, "one"));
/// # Ok::<(), pickle_core::Error>(())
/// ```
pub struct Pickler<'w, W> {
    writer: W,
    options: Options,
    buffer: Vec<u8>,
    buffers: Option<BufferSink<'w>>,
}

type BufferSink<'w> = Box<dyn FnMut(&[u8]) + 'w>;

impl<'w, W: Write> Pickler<'w, W> {
    /// A pickler for the native protocol, with an embedded schema and without a checksum.
    pub fn new(writer: W) -> Self {
        Self { writer, options: Options::DEFAULT, buffer: Vec::new(), buffers: None }
    }

    /// The protocol to write.
    #[must_use]
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.options.python.protocol = protocol;
        self
    }

    /// How deep values may be nested.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.options.limits = limits;
        self
    }

    /// Which objects get a number in the memo of one of Python's pickles.
    #[must_use]
    pub fn memo(mut self, memo: MemoEntries) -> Self {
        self.options.python.memo = memo;
        self
    }

    /// Whether protocols below 3 name globals as Python 2 does. On by default, as in Python.
    #[must_use]
    pub fn fix_imports(mut self, fix: bool) -> Self {
        self.options.python.fix_imports = fix;
        self
    }

    /// Hands buffers to `sink` instead of writing them into the pickle, as `buffer_callback` does in
    /// Python: protocol 5 only ([PEP 574](https://peps.python.org/pep-0574/)). What is a buffer is
    /// said by its type: [`Buffer`](crate::Buffer).
    ///
    /// ```
    /// use pickle_core::{Buffer, Pickler, Protocol, Unpickler};
    /// let (mut pickle, mut buffers) = (Vec::new(), Vec::new());
    /// Pickler::new(&mut pickle)
    ///     .protocol(Protocol::V5)
    ///     .buffers(|buffer| buffers.push(buffer.to_vec()))
    ///     .dump(&Buffer::from(vec![7; 1000]))?;
    /// assert!(pickle.len() < 20);
    /// let mut unpickler = Unpickler::from_slice(&pickle).buffers(buffers.iter().map(Vec::as_slice));
    /// assert_eq!(*unpickler.load::<Buffer<'_>>()?, [7; 1000]);
    /// # Ok::<(), pickle_core::Error>(())
    /// ```
    #[must_use]
    pub fn buffers(mut self, sink: impl FnMut(&[u8]) + 'w) -> Self {
        self.buffers = Some(Box::new(sink));
        self
    }

    /// Whether native pickles carry their schema.
    #[must_use]
    pub fn schema(mut self, mode: SchemaMode) -> Self {
        self.options.native.schema = mode;
        self
    }

    /// Whether native pickles end with a CRC-32, so that any change is found. Off by default.
    #[must_use]
    pub fn checksum(mut self, checksum: bool) -> Self {
        self.options.native.checksum = checksum;
        self
    }

    /// What gives names to the classes of trait objects. [`Registry::global`] by default.
    #[must_use]
    pub fn registry(mut self, registry: Registry) -> Self {
        self.options.env.set_registry(registry);
        self
    }

    /// The ids of objects of type `T` that live elsewhere: [`Persistent`](crate::Persistent) has an
    /// example.
    #[must_use]
    pub fn persistent<T: 'static, I: Pickle + 'static>(
        mut self,
        identify: impl Fn(&T) -> I + Send + Sync + 'static,
    ) -> Self {
        self.options.env.resolvers_mut().add_identify(identify);
        self
    }

    /// Dumps a value, any number of times.
    ///
    /// # Errors
    /// As [`dump`].
    pub fn dump<T: Pickle + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.buffer.clear();
        match &mut self.buffers {
            Some(sink) if self.options.python.protocol() != Protocol::Native => {
                let Options { python, limits, env, .. } = &self.options;
                let out = &mut self.buffer;
                python::save_value(value, python, limits, env, Some(&mut **sink), out)?;
            }
            _ => self.options.dump_into(value, &mut self.buffer)?,
        }
        self.writer.write_all(&self.buffer)?;
        Ok(())
    }

    /// The writer, between two dumps.
    pub fn writer(&mut self) -> &mut W {
        &mut self.writer
    }

    /// The writer.
    pub fn into_inner(self) -> W {
        self.writer
    }
}

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
