//! One server a folder: a lock that the system takes back when the process ends, however it ends.

use super::Error;
use super::folder::{Folder, Identity};
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicBool, Ordering};

/// The file.
const LOCK: &str = "lock";

/// What the lock says while the store of its folder is being made for the first time.
const NEW: &str = "a first start that is not done yet";

/// The lock on a folder, held until it is dropped. Unless it was settled, the file is then as it was before.
pub struct FolderLock {
    folder: Folder,
    /// The open file is the lock.
    file: File,
    /// What it said before; `None` where it was not there.
    before: Option<String>,
    /// Whether what it says now stays.
    stays: AtomicBool,
}

impl FolderLock {
    /// Locks the folder of a store that is only read, without writing to it; `None` where no server has ever had it open.
    pub fn hold(folder: &Folder) -> Result<Option<Self>, Error> {
        let file = match folder.read(LOCK) {
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(|why| Error::of_file(&folder.at(LOCK), &why))?,
        };
        let before = Some(lock(&file, folder)?);
        Ok(Some(Self { folder: folder.clone(), file, before, stays: AtomicBool::new(true) }))
    }

    /// Locks the folder, or says who holds it.
    pub fn take(folder: &Folder) -> Result<Self, Error> {
        loop {
            let failed = |why: std::io::Error| Error::of_file(&folder.at(LOCK), &why);
            let was_there = folder.has(LOCK);
            let file = folder.write_or_create(LOCK).map_err(failed)?;
            let before = lock(&file, folder)?;
            // Who held it before may just have taken the file away.
            if folder.identity(LOCK) != Some(Identity::of_file(&file).map_err(failed)?) {
                continue;
            }
            let before = was_there.then_some(before);
            let lock = Self { folder: folder.clone(), file, before, stays: AtomicBool::new(false) };
            let state = if lock.was_settled() { "" } else { NEW };
            // A disk without room for it must not keep the server from starting.
            if let Err(error) = lock.write(state) {
                let file = folder.at(LOCK);
                tracing::warn!(file = %file.display(), %error, "the lock does not say who holds it");
            }
            return Ok(lock);
        }
    }

    /// Whether a server has held it that had a store here.
    pub fn was_settled(&self) -> bool {
        self.before.as_ref().is_some_and(|before| !before.trim().is_empty() && !before.contains(NEW))
    }

    /// Says that there is a store here now.
    pub fn settle(&self) -> std::io::Result<()> {
        self.stays.store(true, Ordering::Relaxed);
        self.write("")
    }

    /// Never empty in between: an empty lock tells of nothing.
    fn write(&self, state: &str) -> std::io::Result<()> {
        self.put(&format!("keystead, process {}\n{state}", std::process::id()))
    }

    fn put(&self, text: &str) -> std::io::Result<()> {
        self.file.write_all_at(text.as_bytes(), 0)?;
        self.file.set_len(text.len() as u64)
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        if self.stays.load(Ordering::Relaxed) {
            return;
        }
        let done = match &self.before {
            Some(before) => self.put(before),
            None => self.folder.remove(LOCK),
        };
        if let Err(error) = done {
            tracing::debug!(%error, "the lock stays as it is");
        }
    }
}

/// Locks the file; returns what it says.
fn lock(mut file: &File, folder: &Folder) -> Result<String, Error> {
    let locked = rustix::fs::flock(file, rustix::fs::FlockOperation::NonBlockingLockExclusive);
    let mut before = String::new();
    let _ = file.read_to_string(&mut before);
    if locked.is_ok() {
        return Ok(before);
    }
    let holder = before.lines().next().filter(|holder| !holder.is_empty());
    let holder = holder.unwrap_or("another process").to_owned();
    Err(Error::InUse { path: folder.path().into(), holder })
}
