//! What reading a Python pickle may be told.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::env::Env;
use crate::limits::Limits;
use crate::protocol::Protocol;

use super::text::{Encoding, OnInvalid};

/// What the machine needs to know beyond the pickle itself.
///
/// ```
/// use pickle_core::python::{Encoding, LoadOptions};
/// let options = LoadOptions::new().encoding(Encoding::Latin1).extension(1, "shop", "Order");
/// # let _ = options;
/// ```
#[derive(Clone, Debug, Default)]
pub struct LoadOptions<'de> {
    pub(crate) encoding: Encoding,
    pub(crate) on_invalid: OnInvalid,
    pub(super) buffers: Vec<Cow<'de, [u8]>>,
    pub(super) extensions: HashMap<u32, (String, String)>,
    pub(crate) limits: Limits,
    pub(crate) env: Env,
}

impl<'de> LoadOptions<'de> {
    /// Python's defaults: ASCII for the strings of Python 2, no buffers, no extension codes.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same options for an input that lives shorter.
    pub(crate) fn reborrowed<'a>(&'a self) -> LoadOptions<'a> {
        LoadOptions {
            encoding: self.encoding,
            on_invalid: self.on_invalid,
            buffers: self.buffers.iter().map(|buffer| Cow::Borrowed(&**buffer)).collect(),
            extensions: self.extensions.clone(),
            limits: self.limits,
            env: self.env.clone(),
        }
    }

    /// How strings of Python 2 become text, or that they stay bytes.
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// What happens to bytes that the encoding does not have.
    #[must_use]
    pub fn on_invalid(mut self, on_invalid: OnInvalid) -> Self {
        self.on_invalid = on_invalid;
        self
    }

    /// The out-of-band buffers, in the order in which the pickle takes them.
    #[must_use]
    pub fn buffers<B: Into<Cow<'de, [u8]>>>(
        mut self,
        buffers: impl IntoIterator<Item = B>,
    ) -> Self {
        self.buffers = buffers.into_iter().map(Into::into).collect();
        self
    }

    /// The name behind an extension code, as `copyreg.add_extension` registers it.
    #[must_use]
    pub fn extension(mut self, code: u32, module: &str, name: &str) -> Self {
        self.extensions.insert(code, (module.into(), name.into()));
        self
    }

    /// What one load may use.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

/// What writing a Python pickle may be told.
///
/// ```
/// use pickle_core::python::SaveOptions;
/// use pickle_core::{Protocol, value};
/// let options = SaveOptions::new(Protocol::V4).memo(pickle_core::python::MemoEntries::Needed);
/// assert_eq!(value!(["a"]).dumps_with(&options)?, b"\x80\x04\x95\x06\0\0\0\0\0\0\0]\x8c\x01aa.");
/// # Ok::<(), pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SaveOptions {
    pub(crate) protocol: Protocol,
    pub(crate) fix_imports: bool,
    pub(crate) memo: MemoEntries,
}

/// Which objects get a number in the memo.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemoEntries {
    /// All that CPython numbers, so that the bytes are the same.
    #[default]
    Python,
    /// Those that are referred to again. Smaller, and read faster.
    Needed,
}

impl SaveOptions {
    /// As CPython writes by this protocol.
    pub const fn new(protocol: Protocol) -> Self {
        Self { protocol, fix_imports: true, memo: MemoEntries::Python }
    }

    /// The protocol that is written.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Whether protocols below 3 name globals as Python 2 does. On by default, as in Python.
    #[must_use]
    pub fn fix_imports(mut self, fix: bool) -> Self {
        self.fix_imports = fix;
        self
    }

    /// Which objects get a number in the memo.
    #[must_use]
    pub fn memo(mut self, memo: MemoEntries) -> Self {
        self.memo = memo;
        self
    }
}

/// The upper half of KOI8-R, for [`Encoding::Table`].
pub static KOI8_R: [char; 128] = [
    '─', '│', '┌', '┐', '└', '┘', '├', '┤', '┬', '┴', '┼', '▀', '▄', '█', '▌', '▐', '░', '▒', '▓',
    '⌠', '■', '∙', '√', '≈', '≤', '≥', '\u{a0}', '⌡', '°', '²', '·', '÷', '═', '║', '╒', 'ё', '╓',
    '╔', '╕', '╖', '╗', '╘', '╙', '╚', '╛', '╜', '╝', '╞', '╟', '╠', '╡', 'Ё', '╢', '╣', '╤', '╥',
    '╦', '╧', '╨', '╩', '╪', '╫', '╬', '©', 'ю', 'а', 'б', 'ц', 'д', 'е', 'ф', 'г', 'х', 'и', 'й',
    'к', 'л', 'м', 'н', 'о', 'п', 'я', 'р', 'с', 'т', 'у', 'ж', 'в', 'ь', 'ы', 'з', 'ш', 'э', 'щ',
    'ч', 'ъ', 'Ю', 'А', 'Б', 'Ц', 'Д', 'Е', 'Ф', 'Г', 'Х', 'И', 'Й', 'К', 'Л', 'М', 'Н', 'О', 'П',
    'Я', 'Р', 'С', 'Т', 'У', 'Ж', 'В', 'Ь', 'Ы', 'З', 'Ш', 'Э', 'Щ', 'Ч', 'Ъ',
];
