//! One server a folder: a lock that the system takes back when the process ends, however it ends.

use super::Error;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// The lock on a folder, held until it is dropped.
pub struct FolderLock(#[allow(dead_code, reason = "the open file is the lock")] File);

impl FolderLock {
    /// Locks the folder, or says who holds it.
    pub fn take(folder: &Path) -> Result<Self, Error> {
        let path = folder.join("lock");
        let failed = |why: std::io::Error| Error::File { path: path.clone(), why: why.to_string() };
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.as_mut().map_err(|why| failed(std::io::Error::new(why.kind(), why.to_string())))?;
        let locked = rustix::fs::flock(&*file, rustix::fs::FlockOperation::NonBlockingLockExclusive);
        if locked.is_err() {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            let holder = if holder.trim().is_empty() { "another process" } else { holder.trim() };
            return Err(Error::InUse { path: folder.into(), holder: holder.to_owned() });
        }
        let holder = format!("keystead, process {}\n", std::process::id());
        // Who it is helps people; a disk without room for it must not keep the server from starting.
        if let Err(error) = file.set_len(0).and_then(|()| file.write_all(holder.as_bytes())) {
            tracing::warn!(file = %path.display(), %error, "the lock does not say who holds it");
        }
        Ok(Self(file.try_clone().map_err(failed)?))
    }
}
