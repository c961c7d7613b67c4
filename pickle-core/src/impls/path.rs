//! Paths and strings of the operating system and of C: bytes on the wire.

use std::borrow::Cow;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::graph::NodeId;
use crate::native::{COUNT, Filled, Head, HeadMut, Measure, Reader, Slot, Writer, Written};
use crate::python::Saver;
use crate::restore::Restorer;
use crate::schema::{Node, SchemaBuilder, SchemaId};
use crate::traits::{Layout, Pickle, Unpickle};

/// What of a path or the like is pickled.
trait AsBytes {
    fn as_bytes(&self) -> Result<&[u8]>;

    /// Text where it is text.
    fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
        let bytes = self.as_bytes()?;
        match std::str::from_utf8(bytes) {
            Ok(text) => saver.str(text),
            Err(_) => saver.bytes(bytes)?,
        }
        Ok(())
    }
}

impl AsBytes for OsStr {
    #[cfg(unix)]
    fn as_bytes(&self) -> Result<&[u8]> {
        Ok(std::os::unix::ffi::OsStrExt::as_bytes(self))
    }

    #[cfg(not(unix))]
    fn as_bytes(&self) -> Result<&[u8]> {
        // The encoding inside is no business of other machines.
        match self.to_str() {
            Some(text) => Ok(text.as_bytes()),
            None => Err(Error::custom(format!("{self:?} is not Unicode"))),
        }
    }
}

impl AsBytes for Path {
    fn as_bytes(&self) -> Result<&[u8]> {
        self.as_os_str().as_bytes()
    }
}

impl AsBytes for CStr {
    fn as_bytes(&self) -> Result<&[u8]> {
        Ok(self.to_bytes())
    }

    fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
        saver.bytes(self.to_bytes())
    }
}

#[cfg(unix)]
fn os_str(bytes: &[u8]) -> Result<&OsStr> {
    Ok(std::os::unix::ffi::OsStrExt::from_bytes(bytes))
}

#[cfg(not(unix))]
fn os_str(bytes: &[u8]) -> Result<&OsStr> {
    let text = std::str::from_utf8(bytes);
    text.map(OsStr::new).map_err(|_| Error::new(crate::ErrorKind::InvalidUtf8))
}

fn c_string(bytes: &[u8]) -> Result<CString> {
    CString::new(bytes).map_err(|_| Error::invalid("a C string, without a zero inside"))
}

macro_rules! as_bytes {
    ($($type:ty: $target:ty,)*) => {$(
        impl Layout for $type {
            const HEAD: usize = COUNT;

            fn describe(schema: &mut SchemaBuilder) -> SchemaId {
                schema.anonymous(Node::Bytes)
            }
        }

        impl Pickle for $type {
            const IS_PLAIN: bool = true;

            fn measure(&self, measure: &mut Measure) -> Result<()> {
                AsBytes::as_bytes(<Self as AsRef<$target>>::as_ref(self))?.measure(measure)
            }

            fn encode<'b>(&self, head: HeadMut<'b, Self>, writer: &mut Writer) -> Written<'b, Self> {
                match AsBytes::as_bytes(<Self as AsRef<$target>>::as_ref(self)) {
                    Ok(bytes) => writer.slice(head, bytes),
                    Err(error) => {
                        writer.fail(error);
                        head.zero()
                    }
                }
            }

            fn save(&self, saver: &mut Saver<'_>) -> Result<()> {
                AsBytes::save(<Self as AsRef<$target>>::as_ref(self), saver)
            }
        }
    )*};
}

as_bytes! { OsStr: OsStr, OsString: OsStr, Box<OsStr>: OsStr, Path: Path, PathBuf: Path, Box<Path>: Path,
CStr: CStr, CString: CStr, Box<CStr>: CStr, }

macro_rules! from_bytes {
    (@restore [] $id:ident, $restorer:ident, $text:ident, $bytes:ident, $load:expr) => {{
        let $bytes = &*$text;
        $load.map_err(|error| $restorer.at($id, error))
    }};
    (@restore [$lifetime:lifetime] $id:ident, $restorer:ident, $text:ident, $bytes:ident, $load:expr) => {{
        drop($text);
        let $bytes = $restorer.borrowed_text_or_bytes($id)?;
        $load.map_err(|error| $restorer.at($id, error))
    }};
    ($([$($lifetime:lifetime)?] $type:ty: |$bytes:ident| $load:expr,)*) => {$(
        impl<'de $(: $lifetime, $lifetime)?> Unpickle<'de> for $type {
            fn decode<'b>(
                head: Head<'_, Self>,
                reader: &mut Reader<'de>,
                slot: Slot<'b, Self>,
            ) -> Result<Filled<'b, Self>> {
                let start = reader.offset();
                let $bytes = reader.bytes(head)?;
                match $load {
                    Ok(value) => Ok(slot.write(value)),
                    Err(error) => Err(error.at(start)),
                }
            }

            fn restore(id: NodeId, restorer: &mut Restorer<'_, 'de>) -> Result<Self> {
                let text = restorer.text_or_bytes(id)?;
                from_bytes!(@restore [$($lifetime)?] id, restorer, text, $bytes, $load)
            }
        }
    )*};
}

from_bytes! {
    [] OsString: |bytes| os_str(bytes).map(OsStr::to_owned),
    [] Box<OsStr>: |bytes| os_str(bytes).map(Into::into),
    [] PathBuf: |bytes| os_str(bytes).map(PathBuf::from),
    [] Box<Path>: |bytes| os_str(bytes).map(|path| Path::new(path).into()),
    [] CString: |bytes| c_string(bytes),
    [] Box<CStr>: |bytes| c_string(bytes).map(Into::into),
    ['a] &'a OsStr: |bytes| os_str(bytes),
    ['a] &'a Path: |bytes| os_str(bytes).map(Path::new),
    ['a] Cow<'a, OsStr>: |bytes| os_str(bytes).map(Cow::Borrowed),
    ['a] Cow<'a, Path>: |bytes| os_str(bytes).map(|path| Cow::Borrowed(Path::new(path))),
}
