//! One enrolment at a time on a volume.
//!
//! The lock is a POSIX record lock on the device itself: it leaves no file behind, ends with the process, and does not
//! meet cryptsetup's own locks, which are `flock` on files and files under `/run/cryptsetup` for block devices.

use super::console::{self, say};
use super::error::{Error, Result};
use rustix::fs::{FlockOperation, fcntl_lock};
use std::fs::File;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// How long another enrolment may take before this one gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Held until dropped. No other descriptor of the device may be opened and closed meanwhile by this process: that
/// would end a POSIX lock.
pub struct DeviceLock(#[allow(dead_code, reason = "held for its lock alone")] File);

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
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::ACCESS) if began.elapsed() < PATIENCE => {
                    if !std::mem::replace(&mut told, true) {
                        say(format_args!("waiting for another keystead-unlock that works on {name}"));
                    }
                    thread::sleep(Duration::from_millis(200));
                }
                Err(error) => return Err(Error::system(format!("{name} cannot be locked"))(error.into())),
            }
        }
    }
}
