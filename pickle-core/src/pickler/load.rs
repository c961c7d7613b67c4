//! Loading with options: `Unpickler`.

use std::io::Read;

use crate::compress::{self, Frame};
use crate::error::{Error, ErrorKind, Result};
use crate::hooks::HookError;
use crate::limits::Limits;
use crate::native::{self, Header, ReadingRun};
use crate::python::{self, Encoding, LoadOptions, Machine, OnInvalid, Paused};
use crate::registry::Registry;
use crate::restore::{Objects, restore_after};
use crate::schema::Schema;
use crate::target::{Target, value_of};
use crate::traits::{Layout, Unpickle, UnpickleOwned};
use crate::type_info::TypeInfo;

use super::one::{check_end, check_first, load_native, split_python};

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
///
/// Where several pickles of one [`Pickler`](crate::Pickler) share objects, those loaded are kept for
/// later pickles until the unpickler goes or its memo is cleared. A pickle that refers to one that is
/// not there is [`ErrorKind::Earlier`], in Python's protocols [`ErrorKind::Corrupt`].
pub struct Unpickler<'de, S> {
    source: S,
    options: LoadOptions<'de>,
    keep_memo: Option<bool>,
    /// The shared objects of native pickles.
    run: ReadingRun,
    /// Those of Python's.
    objects: Objects,
}

/// A reader as the source of an [`Unpickler`].
pub struct Stream<R> {
    reader: R,
    /// The pickles of Python's that later ones may refer to, and what read them.
    bytes: Vec<u8>,
    machine: Paused,
}

/// A slice as the source of an [`Unpickler`].
pub struct Slice<'de> {
    rest: &'de [u8],
    /// What reads Python's pickles, and how far into its input it is.
    machine: Option<(Machine<'de>, usize)>,
    /// Whether later pickles may refer to those that the machine has read.
    is_kept: bool,
}

impl<R: Read> Unpickler<'_, Stream<R>> {
    /// Loads from a reader. Exactly the bytes of each pickle are read, a few at a time where its
    /// length is not known yet, so wrap files in a [`BufReader`](std::io::BufReader).
    pub fn new(reader: R) -> Self {
        Self::of(Stream { reader, bytes: Vec::new(), machine: Paused::default() })
    }

    /// Loads the next value.
    ///
    /// # Errors
    /// As [`load`](crate::load).
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
        let reader = &mut self.source.reader;
        if reader.by_ref().take(1).read_to_end(&mut first)? == 0 {
            return Ok(None);
        }
        let mut pickle = Vec::new();
        if first[0] == native::MAGIC {
            native::read_pickle(reader, &mut pickle)?;
            return self.next_native(&pickle, self.options.limits).map(Some);
        }
        if first[0] == compress::MAGIC {
            let mut frame = Vec::new();
            compress::read_frame(reader, &mut frame)?;
            let (pickle, limits) = Frame::split(&frame)?.0.pickle(&self.options.limits)?;
            return self.next_native(&pickle, limits).map(Some);
        }
        check_first(first[0])?;
        python::read_pickle(&mut first.as_slice().chain(reader), &mut pickle)?;
        if self.keeps::<T>() || !self.source.bytes.is_empty() {
            return self.next_kept(&pickle).map(Some);
        }
        let options = self.options.reborrowed();
        value_of(|target| split_python(&pickle, options, target).map(drop)).map(Some)
    }

    fn next_native<T: UnpickleOwned>(&mut self, pickle: &[u8], limits: Limits) -> Result<T> {
        let (header, size) = Header::split(pickle)?;
        check_end(pickle, size)?;
        let run = (self.keep_memo != Some(false)).then_some(&mut self.run);
        value_of(|target| load_native(pickle, &header, &limits, &self.options.env, run, target))
    }

    /// The value of one of Python's pickles, behind others that it may refer to.
    fn next_kept<T: UnpickleOwned>(&mut self, pickle: &[u8]) -> Result<T> {
        let (keeps, counts_on) = (self.keeps::<T>(), self.keep_memo == Some(true));
        let Self { source, options, objects, .. } = self;
        let position = source.bytes.len();
        source.bytes.extend_from_slice(pickle);
        let paused = std::mem::take(&mut source.machine);
        let mut machine = Machine::resume(paused, &source.bytes, position, options.reborrowed());
        let value =
            value_of(|target| load_after(&mut machine, options, objects, keeps, counts_on, target));
        source.machine = machine.pause();
        value
    }

    /// Forgets the objects loaded so far, as [`Pickler::clear_memo`](crate::Pickler::clear_memo)
    /// forgets those dumped: later pickles may no longer refer to them.
    pub fn clear_memo(&mut self) {
        self.clear_objects();
        (self.source.bytes, self.source.machine) = (Vec::new(), Paused::default());
    }
}

impl<'de> Unpickler<'de, Slice<'de>> {
    /// Loads from bytes. Values may borrow from them.
    pub fn from_slice(bytes: &'de [u8]) -> Self {
        Self::of(Slice { rest: bytes, machine: None, is_kept: false })
    }

    /// Loads the next value. Where that fails, it is the next still.
    ///
    /// # Errors
    /// As [`loads`](crate::loads), but bytes may follow.
    pub fn load<T: Unpickle<'de>>(&mut self) -> Result<T> {
        match self.source.rest.first() {
            Some(first) if *first != native::MAGIC => {
                check_first(*first)?;
                self.load_python()
            }
            Some(_) => self.load_native(),
            None => Err(Error::new(ErrorKind::UnexpectedEnd { needed: 1, left: 0 }).at(0)),
        }
    }

    fn load_native<T: Unpickle<'de>>(&mut self) -> Result<T> {
        let Self { source, options: LoadOptions { limits, env, .. }, .. } = self;
        let (header, size) = Header::split(source.rest)?;
        let run = (self.keep_memo != Some(false)).then_some(&mut self.run);
        let value = value_of(|target| {
            load_native(&source.rest[..size], &header, limits, env, run, target)
        })?;
        source.rest = &source.rest[size..];
        if let Some((_, start)) = &mut source.machine {
            *start += size;
        }
        Ok(value)
    }

    fn load_python<T: Unpickle<'de>>(&mut self) -> Result<T> {
        let (keeps, counts_on) = (self.keeps::<T>(), self.keep_memo == Some(true));
        let Self { source, options, objects, .. } = self;
        let (machine, start) =
            source.machine.get_or_insert_with(|| (Machine::new(source.rest, options.clone()), 0));
        machine.rewind(*start);
        if !source.is_kept {
            machine.reset();
        }
        source.is_kept |= keeps;
        let value =
            value_of(|target| load_after(machine, options, objects, keeps, counts_on, target))?;
        source.rest = &source.rest[machine.position() - *start..];
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

    /// Forgets the objects loaded so far, as [`Pickler::clear_memo`](crate::Pickler::clear_memo)
    /// forgets those dumped: later pickles may no longer refer to them.
    pub fn clear_memo(&mut self) {
        self.clear_objects();
        self.source.is_kept = false;
    }
}

/// Loads the next of Python's pickles. Of its objects later ones may refer to, where it `keeps`
/// them; it `counts_on` where numbers go on from one pickle to the next.
fn load_after<'m>(
    machine: &mut Machine<'m>,
    options: &LoadOptions<'_>,
    objects: &mut Objects,
    keeps: bool,
    counts_on: bool,
    target: &mut dyn Target<'m>,
) -> Result<()> {
    machine.begin_own(counts_on);
    let loaded = machine.load().and_then(|root| {
        restore_after(machine.graph(), root, &options.limits, &options.env, objects, target)
    });
    if !keeps || loaded.is_err() {
        machine.forget_own();
    }
    loaded
}

impl<'de, S> Unpickler<'de, S> {
    fn of(source: S) -> Self {
        let (options, run) = (LoadOptions::new(), ReadingRun::default());
        Self { source, options, keep_memo: None, run, objects: Objects::default() }
    }

    /// Whether later pickles may refer to the objects of one of Python's that holds a `T`.
    fn keeps<T: Layout>(&self) -> bool {
        self.keep_memo.unwrap_or_else(|| TypeInfo::of::<T>().keeps_memo)
    }

    fn clear_objects(&mut self) {
        self.run.clear();
        self.objects.clear();
    }

    /// What one load may use.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.options.limits = limits;
        self
    }

    /// Whether pickles may refer to objects of those before them. By default where the type to be
    /// loaded has shared pointers or is a [`Value`](crate::Value): what others hold is not kept.
    ///
    /// With `true`, Python's pickles are read as by one `Unpickler` of CPython that loads them all: by
    /// protocols 4 and 5 its `Pickler` counts its objects from pickle to pickle, text among them, and
    /// only with this does the count go on. Without, each pickle counts from 0, as in a file to which
    /// `pickle.dump` appended.
    ///
    /// ```
    /// use pickle_core::Unpickler;
    /// // p = pickle.Pickler(f, 4); p.dump(["a", "b"]); p.dump(["c", "a"])
    /// let file = b"\x80\x04\x95\x0d\0\0\0\0\0\0\0]\x94(\x8c\x01a\x94\x8c\x01b\x94e.\
    ///              \x80\x04\x95\x0b\0\0\0\0\0\0\0]\x94(\x8c\x01c\x94h\x01e.";
    /// let mut unpickler = Unpickler::from_slice(file).keep_memo(true);
    /// assert_eq!(unpickler.load::<[&str; 2]>()?, ["a", "b"]);
    /// assert_eq!(unpickler.load::<[&str; 2]>()?, ["c", "a"]);
    /// # Ok::<(), pickle_core::Error>(())
    /// ```
    #[must_use]
    pub fn keep_memo(mut self, keep: bool) -> Self {
        self.keep_memo = Some(keep);
        self
    }

    /// The schema of pickles that have its fingerprint alone, any number of them: where pickles were
    /// written with [`SchemaMode::Omit`](crate::SchemaMode::Omit) and their schemas kept elsewhere,
    /// old ones load by this.
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
