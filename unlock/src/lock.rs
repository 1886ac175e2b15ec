//! One enrolment at a time on a volume.
//!
//! The lock is a POSIX record lock on the device itself: it leaves no file behind, ends with the process, and does not
//! meet cryptsetup's own locks, which are `flock` on files and files under `/run/cryptsetup` for block devices.

use super::console::{self, say};
use super::error::{Error, Result};
use rustix::fs::{FallocateFlags, FlockOperation, fallocate, fcntl_lock};
use rustix::io::Errno;
use std::fs::File;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// How long another enrolment may take before this one gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Held until dropped. No other descriptor of the device may be opened and closed meanwhile by this process: that
/// would end a POSIX lock.
pub struct DeviceLock(File);

impl DeviceLock {
    /// Waits a while for the lock.
    pub fn take(device: &Path) -> Result<Self> {
        let name = console::path(device);
        let options = File::options().read(true).write(true).open(device);
        let file = options.map_err(Error::system(format!("{name} cannot be opened for writing")))?;
        let began = Instant::now();
        let mut told = false;
        loop {
            match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self(file)),
                Err(Errno::AGAIN | Errno::ACCESS) if began.elapsed() < PATIENCE => {
                    if !std::mem::replace(&mut told, true) {
                        say(format_args!("waiting for another keystead-unlock that works on {name}"));
                    }
                    thread::sleep(Duration::from_millis(200));
                }
                Err(error) => return Err(Error::system(format!("{name} cannot be locked"))(error.into())),
            }
        }
    }

    /// Has the file system keep room for so many first bytes, where the header is in a file: an image may have holes, which
    /// a full file system does not fill. Nothing of what is in it changes.
    pub fn reserve(&self, bytes: u64) -> std::io::Result<()> {
        let found = self.0.metadata()?;
        if !found.is_file() {
            return Ok(());
        }
        match fallocate(&self.0, FallocateFlags::KEEP_SIZE, 0, bytes.min(found.len())) {
            Err(error @ (Errno::NOSPC | Errno::DQUOT)) => Err(error.into()),
            // Not every file system can.
            _ => Ok(()),
        }
    }
}
