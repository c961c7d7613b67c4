//! Dumping with options: `Pickler`.

use std::io::Write;

use crate::compress::{self, Compression};
use crate::env::Env;
use crate::error::Result;
use crate::limits::Limits;
use crate::native::{self, DumpOptions, SchemaMode, Source, WritingRun};
use crate::protocol::Protocol;
use crate::python::{self, MemoEntries, SaveOptions, Series};
use crate::raw;
use crate::registry::Registry;
use crate::traits::Pickle;
use crate::type_info::TypeInfo;

/// What dumping may be told.
pub(super) struct Options {
    /// The protocol, and what concerns Python's.
    pub(super) python: SaveOptions,
    pub(super) limits: Limits,
    pub(super) native: DumpOptions,
    pub(super) compression: Option<Compression>,
    pub(super) env: Env,
}

impl Options {
    pub(super) const DEFAULT: Self = Self {
        python: SaveOptions::new(Protocol::DEFAULT),
        limits: Limits::DEFAULT,
        native: DumpOptions::DEFAULT,
        compression: None,
        env: Env::NEW,
    };

    pub(super) fn dump_into<T: Pickle + ?Sized>(&self, value: &T, out: &mut Vec<u8>) -> Result<()> {
        if self.python.protocol() != Protocol::Native {
            let Self { python, limits, env, .. } = self;
            return python::save_value(value, python, limits, env, None, None, out);
        }
        native::dump(&Source::new(&value), out, self.native, self.limits.max_depth, &self.env)
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
///
/// Several dumps of one pickler share their `Rc`s and `Arc`s, as several of CPython's `Pickler` share
/// all objects: an object dumped before is not written again, and one [`Unpickler`](crate::Unpickler)
/// that loads all pickles, from the first on, gives the same object again.
///
/// ```
/// use std::rc::Rc;
/// use pickle_core::{Pickler, Unpickler};
/// let (mut log, user) = (Vec::new(), Rc::new(String::from("Ada")));
/// let mut pickler = Pickler::new(&mut log);
/// pickler.dump(&("login", user.clone()))?;
/// pickler.dump(&("logout", user))?;
/// let mut unpickler = Unpickler::from_slice(&log);
/// let (_, first): (&str, Rc<String>) = unpickler.load()?;
/// let (_, second): (&str, Rc<String>) = unpickler.load()?;
/// assert!(Rc::ptr_eq(&first, &second));
/// # Ok::<(), pickle_core::Error>(())
/// ```
///
/// So what has changed in between is not written ([`clear_memo`](Self::clear_memo)), and the memory
/// of all objects dumped is kept, though not their values: while a `Weak` of the pickler's is left,
/// `Rc::get_mut` gives `None`. Types without shared pointers take no part in this.
pub struct Pickler<'w, W> {
    writer: W,
    options: Options,
    buffer: Vec<u8>,
    buffers: Option<BufferSink<'w>>,
    memo: Option<Memo>,
}

/// What the pickles of one [`Pickler`] have in common.
#[derive(Default)]
struct Memo {
    run: WritingRun,
    series: Series,
}

type BufferSink<'w> = Box<dyn FnMut(&[u8]) + 'w>;

impl<'w, W: Write> Pickler<'w, W> {
    /// A pickler for the native protocol, with an embedded schema and without a checksum.
    pub fn new(writer: W) -> Self {
        let (options, memo) = (Options::DEFAULT, Some(Memo::default()));
        Self { writer, options, buffer: Vec::new(), buffers: None, memo }
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

    /// Compresses native pickles, each for itself; see [`Compression::compress`] for those that stay
    /// as they are.
    /// [`load`](crate::load), [`Unpickler::new`](crate::Unpickler::new) and
    /// [`Value`](crate::Value) tell compressed ones by their first byte; where values borrow from
    /// the bytes, [`decompress`](crate::decompress) comes first. What was decompressed counts against
    /// the memory that [`Limits`] allow for the bytes of the input.
    ///
    /// ```
    /// # #[cfg(feature = "zstd")] {
    /// use pickle_core::{Compression, Pickler, dumps, load};
    /// let lines = vec!["GET / 200".to_owned(); 1000];
    /// let mut file = Vec::new();
    /// Pickler::new(&mut file).compression(Compression::Zstd(3)).dump(&lines)?;
    /// assert!(file.len() < dumps(&lines)?.len() / 50);
    /// assert_eq!(load::<Vec<String>>(&mut file.as_slice())?, lines);
    /// # }
    /// # Ok::<(), pickle_core::Error>(())
    /// ```
    ///
    /// Python's protocols are not compressed, since CPython would not read that: dumping by one of them
    /// is [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) then. Compress the stream around
    /// them instead.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.options.compression = Some(compression);
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

    /// Whether later pickles may refer to the shared objects of earlier ones, on by default. Off,
    /// each pickle stands alone, as those of [`dump`](crate::dump) do.
    #[must_use]
    pub fn keep_memo(mut self, keep: bool) -> Self {
        self.memo = keep.then(Memo::default);
        self
    }

    /// Forgets the objects dumped so far: what is dumped again is written again. For objects that
    /// have changed, and for an [`Unpickler`](crate::Unpickler) that begins with the next pickle.
    ///
    /// ```
    /// use std::{cell::Cell, rc::Rc};
    /// use pickle_core::{Pickler, Unpickler};
    /// let (mut file, counter) = (Vec::new(), Rc::new(Cell::new(1)));
    /// let mut pickler = Pickler::new(&mut file);
    /// pickler.dump(&counter)?;
    /// counter.set(2);
    /// pickler.dump(&counter)?;
    /// pickler.clear_memo();
    /// pickler.dump(&counter)?;
    /// let counters = Unpickler::from_slice(&file).iter().collect::<Result<Vec<Rc<Cell<u8>>>, _>>()?;
    /// assert_eq!(counters, [1, 1, 2].map(|count| Rc::new(Cell::new(count))));
    /// assert!(Rc::ptr_eq(&counters[0], &counters[1]));
    /// # Ok::<(), pickle_core::Error>(())
    /// ```
    pub fn clear_memo(&mut self) {
        if let Some(memo) = &mut self.memo {
            let series = std::mem::take(&mut memo.series);
            *memo = Memo { series: series.cleared(), ..Memo::default() };
        }
    }

    /// Dumps a value, any number of times.
    ///
    /// # Errors
    /// As [`dump`](crate::dump). Then nothing is written, unless writing itself failed, and later
    /// pickles are as if this had not been tried.
    pub fn dump<T: Pickle + ?Sized>(&mut self, value: &T) -> Result<()> {
        match self.options.python.protocol() {
            Protocol::Native => self.dump_native(&Source::new(&value)),
            _ => self.dump_python(value),
        }
    }

    fn dump_native(&mut self, source: &Source<'_>) -> Result<()> {
        let Options { native, limits, env, compression, .. } = &self.options;
        // Small messages, which take no longer than by `dumps_into`.
        if !source.is_shared()
            && compression.is_none()
            && let Some(out) = raw::as_vec(&mut self.writer)
        {
            return native::dump(source, out, *native, limits.max_depth, env);
        }
        self.buffer.clear();
        // Nothing needs to be copied into a vector.
        let vec = if compression.is_some() { None } else { raw::as_vec(&mut self.writer) };
        let is_vec = vec.is_some();
        let out = vec.unwrap_or(&mut self.buffer);
        let (start, max_depth) = (out.len(), limits.max_depth);
        let visits = match &self.memo {
            Some(Memo { run, .. }) => {
                native::dump_in_run(source, out, *native, max_depth, env, run)?
            }
            None => native::dump(source, out, *native, max_depth, env).map(|()| None)?,
        };
        if !is_vec {
            write(&mut self.writer, &self.buffer, *compression)?;
        }
        if let (Some(visits), Some(Memo { run, .. })) = (visits, &mut self.memo) {
            let out = raw::as_vec(&mut self.writer).filter(|_| is_vec).unwrap_or(&mut self.buffer);
            run.succeed(visits, &out[start..]);
        }
        Ok(())
    }

    fn dump_python<T: Pickle + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.buffer.clear();
        let Options { python, limits, env, compression, .. } = &self.options;
        if compression.is_some() {
            return Err(compress::natives_only());
        }
        let mut series = self.memo.as_mut().map(|memo| &mut memo.series);
        let later = series.as_deref_mut();
        let buffers = self.buffers.as_mut().map(|sink| &mut **sink as _);
        let dumped = match raw::as_vec(&mut self.writer) {
            Some(out) => python::save_value(value, python, limits, env, buffers, later, out),
            None => {
                let out = &mut self.buffer;
                python::save_value(value, python, limits, env, buffers, later, out)
                    .and_then(|()| Ok(self.writer.write_all(out)?))
            }
        };
        match (series, &dumped) {
            (Some(series), Ok(())) => series.succeed(TypeInfo::of::<T>().is_shared),
            (Some(series), Err(_)) => series.fail(),
            (None, _) => {}
        }
        dumped
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

/// Writes a native pickle, compressed where that is asked for.
#[inline]
fn write(writer: &mut impl Write, pickle: &[u8], compression: Option<Compression>) -> Result<()> {
    let pickle = match compression {
        Some(compression) => &*compression.compress(pickle)?,
        None => pickle,
    };
    Ok(writer.write_all(pickle)?)
}
