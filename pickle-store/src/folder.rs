//! The folder of a store on disk: who holds it, and what must be in it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind as IoKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::engine::sled::sync_folder;
use crate::error::{Error, ErrorKind, Result};

const LOCK: &str = "pickle-store.lock";
const MARKER: &str = "pickle-store";
const MARKER_TEXT: &str = "pickle-store 1, engine sled\n";

/// A folder that nobody else has open. Released when dropped.
pub(crate) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Creates the folder if need be, and locks it.
    pub(crate) fn lock(path: &Path) -> Result<Self> {
        fs::create_dir_all(path)?;
        let file = path.join(LOCK);
        let mut options = OpenOptions::new();
        let mut lock = options.read(true).write(true).create(true).truncate(false).open(file)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Only to tell a person; it may be unreadable while it is locked.
                let _ = lock.read_to_string(&mut holder);
                let holder = match holder.trim() {
                    "" => "another process".to_owned(),
                    id if id == std::process::id().to_string() => "this process".to_owned(),
                    id => format!("process {id}"),
                };
                return Err(Error::new(ErrorKind::Locked { holder }));
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        lock.set_len(0)?;
        write!(lock, "{}", std::process::id())?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Whether a store was created here: then the database must not be empty.
    pub(crate) fn is_marked(&self) -> Result<bool> {
        match fs::read_to_string(self.path.join(MARKER)) {
            Ok(text) if text == MARKER_TEXT => Ok(true),
            Ok(text) => {
                let what = format!("the store in {} is marked {text:?}", self.path.display());
                Err(Error::new(ErrorKind::Unsupported { what }))
            }
            Err(error) if error.kind() == IoKind::NotFound => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Marks that a store was created here, and is on disk.
    pub(crate) fn mark(&self) -> Result<()> {
        let draft = self.path.join("pickle-store.new");
        let mut file = File::create(&draft)?;
        file.write_all(MARKER_TEXT.as_bytes())?;
        file.sync_all()?;
        fs::rename(draft, self.path.join(MARKER))?;
        sync_folder(&self.path)
    }
}
