//! One server a folder: a lock that the system takes back when the process ends, however it ends.

use super::Error;
use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

/// What the lock says while the store of its folder is being made for the first time.
const NEW: &str = "a first start that is not done yet";

/// The lock on a folder, held until it is dropped.
pub struct FolderLock {
    /// The open file is the lock.
    file: File,
    /// What it said before.
    before: String,
}

impl FolderLock {
    /// Locks the folder of a store that is only read, without writing to it; `None` where no server has ever had it open.
    pub fn hold(folder: &Path) -> Result<Option<Self>, Error> {
        let path = folder.join("lock");
        let file = match File::open(&path) {
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(|why| Error::of_file(&path, &why))?,
        };
        let before = lock(&file, folder)?;
        Ok(Some(Self { file, before }))
    }

    /// Locks the folder, or says who holds it.
    pub fn take(folder: &Path) -> Result<Self, Error> {
        let path = folder.join("lock");
        let failed = |why: std::io::Error| Error::File { path: path.clone(), why: why.to_string() };
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&path).map_err(failed)?;
        let before = lock(&file, folder)?;
        let lock = Self { file, before };
        let state = if lock.was_settled() { "" } else { NEW };
        // A disk without room for it must not keep the server from starting.
        if let Err(error) = lock.write(state) {
            tracing::warn!(file = %path.display(), %error, "the lock does not say who holds it");
        }
        Ok(lock)
    }

    /// Locks a folder that holds more than a store, so that one process at a time makes what is missing there.
    pub fn take_whole(folder: &Path) -> Result<Self, Error> {
        let lock = Self::take(folder)?;
        if let Err(error) = lock.settle() {
            tracing::warn!(folder = %folder.display(), %error, "the lock does not say who holds it");
        }
        Ok(lock)
    }

    /// Whether a server has held it that had a store here.
    pub fn was_settled(&self) -> bool {
        !self.before.trim().is_empty() && !self.before.contains(NEW)
    }

    /// Says that there is a store here now.
    pub fn settle(&self) -> std::io::Result<()> {
        self.write("")
    }

    /// Never empty in between: an empty lock tells of nothing.
    fn write(&self, state: &str) -> std::io::Result<()> {
        let text = format!("keystead, process {}\n{state}", std::process::id());
        self.file.write_all_at(text.as_bytes(), 0)?;
        self.file.set_len(text.len() as u64)
    }
}

/// Locks the file; returns what it says.
fn lock(mut file: &File, folder: &Path) -> Result<String, Error> {
    let locked = rustix::fs::flock(file, rustix::fs::FlockOperation::NonBlockingLockExclusive);
    let mut before = String::new();
    let _ = file.read_to_string(&mut before);
    if locked.is_ok() {
        return Ok(before);
    }
    let holder = before.lines().next().filter(|holder| !holder.is_empty());
    Err(Error::InUse { path: folder.into(), holder: holder.unwrap_or("another process").to_owned() })
}
