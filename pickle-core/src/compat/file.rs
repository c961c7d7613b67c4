//! Schema files: a type as it was when it was shipped, checked in beside the code.

use std::fs;
use std::path::Path;

use super::Compat;
use crate::error::{Error, Result};
use crate::schema::Schema;
use crate::traits::Layout;

/// The environment variable that lets schema files be written, and its value.
const RENEW: (&str, &str) = ("PICKLE_SCHEMA", "renew");

/// Fails the test that calls it, unless pickles with the schema in a file load as a type.
///
/// The path is relative to the package of the caller. The file shows the type for people, and
/// holds its schema for this macro. `PICKLE_SCHEMA=renew cargo test` writes it where it is missing
/// and where the type has changed: do so on purpose, and keep the old file under another name, with
/// an assertion of its own, as long as there are pickles of that version.
///
/// ```no_run
/// # use pickle_core as pickle;
/// # type Order = u8;
/// // in a test:
/// pickle::assert_compatible!(Order, "tests/schemas/order.schema");
/// ```
///
/// # Panics
/// When the file is missing or damaged; and when a value of the old version would not load, with a
/// list of the differences. See [`compat`](crate::compat()).
#[macro_export]
macro_rules! assert_compatible {
    ($type:ty, $path:expr $(,)?) => {
        $crate::compat::assert_compatible::<$type>(::core::env!("CARGO_MANIFEST_DIR"), $path)
    };
}

/// What [`assert_compatible!`] expands to.
#[track_caller]
pub fn assert_compatible<T: Layout + ?Sized>(package: &str, path: &str) {
    let renew = std::env::var_os(RENEW.0).is_some_and(|value| value == RENEW.1);
    if let Err(message) = check::<T>(&Path::new(package).join(path), renew) {
        panic!("{message}");
    }
}

/// Compares a type with the schema in a file; writes the file if that is asked for and needed.
fn check<T: Layout + ?Sized>(path: &Path, renew: bool) -> Result<(), String> {
    let (name, shown) = (Schema::of::<T>().type_name(), path.display());
    let (variable, value) = RENEW;
    let old = match fs::read_to_string(path) {
        Ok(text) => read(&text).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    };
    let complaint = match old {
        Ok(None) => format!("{shown} is missing"),
        Err(error) => format!("{shown} is no schema file: {error}"),
        Ok(Some(old)) => {
            let report = Compat::of::<T>(&old);
            if old == Schema::of::<T>() || report.is_compatible() && !renew {
                return Ok(());
            }
            format!("pickles of {name} with the schema in {shown} do not all load:\n{report}")
        }
    };
    if renew {
        return write::<T>(path).map_err(|error| format!("{shown} cannot be written: {error}"));
    }
    Err(format!("{complaint}\nto write it on purpose: {variable}={value} cargo test"))
}

fn write<T: Layout + ?Sized>(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text(&Schema::of::<T>()))
}

/// The contents of a schema file.
fn text(schema: &Schema) -> String {
    let bytes: String = schema.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let (variable, value) = RENEW;
    format!(
        "# A schema for `pickle::assert_compatible!`, written by {variable}={value}. The last line \
         is what counts.\n\n{schema}\n\nbytes {bytes}\n"
    )
}

/// The schema in the last line.
fn read(text: &str) -> Result<Schema> {
    let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let Some(digits) = line.trim().strip_prefix("bytes ") else {
        return Err(Error::corrupt("its last line does not begin with `bytes`"));
    };
    let digit = |byte: &u8| char::from(*byte).to_digit(16).map(|digit| digit as u8);
    let pairs = digits.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    });
    let bytes: Option<Vec<u8>> = pairs.collect();
    let bytes = bytes.ok_or_else(|| Error::corrupt("its last line is not hexadecimal"))?;
    Schema::from_bytes(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_file_holds_its_schema() {
        let schema = Schema::of::<Vec<(u8, String)>>();
        let text = text(&schema);
        assert!(text.contains("\n\nlist[tuple[u8, str]]\n\n"), "{text}");
        assert_eq!(read(&text).unwrap(), schema);
        assert_eq!(read(&text.replace('\n', "\r\n")).unwrap(), schema);
    }

    #[test]
    fn a_file_is_written_once_and_then_only_on_purpose() {
        let folder = std::env::temp_dir().join(format!("pickle-schema-{}", std::process::id()));
        let path = folder.join("numbers.schema");
        let missing = check::<Vec<u32>>(&path, false).unwrap_err();
        let shown = path.display();
        assert_eq!(
            missing,
            format!("{shown} is missing\nto write it on purpose: PICKLE_SCHEMA=renew cargo test")
        );
        check::<Vec<u32>>(&path, true).unwrap();
        check::<Vec<u32>>(&path, false).unwrap();
        check::<Vec<u64>>(&path, false).unwrap();
        let broken = check::<Vec<u16>>(&path, false).unwrap_err();
        assert_eq!(
            broken,
            format!(
                "pickles of list[u16] with the schema in {shown} do not all load:\n\
                 depends: [..]: u32 became u16, which has not all its values\n\
                 to write it on purpose: PICKLE_SCHEMA=renew cargo test"
            )
        );
        check::<Vec<u16>>(&path, true).unwrap();
        assert!(check::<Vec<u32>>(&path, false).is_ok(), "a wider type loads it");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_damaged_file_is_no_schema() {
        assert!(read("").is_err());
        assert!(read("bytes 0").is_err());
        assert!(read("bytes 0g").is_err());
        assert!(read("bytes ff").is_err());
    }
}
