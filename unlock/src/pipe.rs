//! A pipe that a child opens by a path. An initramfs often has no `/dev/fd`, and a chroot sometimes no `/proc`.

use super::error::{Error, Result};
use rustix::io::{FdFlags, fcntl_setfd};
use std::ffi::{OsStr, OsString};
use std::io::{self, PipeReader, Write as _};
use std::os::fd::AsRawFd as _;
use std::path::Path;

/// Where a process finds its own descriptors.
const PLACES: [&str; 2] = ["/proc/self/fd", "/dev/fd"];

/// A pipe that holds these bytes and then ends, for the next child that is started.
pub struct InheritedPipe {
    path: OsString,
    _held: PipeReader,
}

impl InheritedPipe {
    /// At most a few hundred bytes, which a pipe holds whole. `None` where a process does not find its descriptors.
    pub fn holding(bytes: &[u8]) -> Result<Option<Self>> {
        let reader = filled(bytes).map_err(Error::system("a pipe cannot be made"))?;
        let number = reader.as_raw_fd().to_string();
        let paths = PLACES.map(|place| Path::new(place).join(&number));
        let path = paths.into_iter().find(|path| path.exists());
        Ok(path.map(|path| Self { path: path.into_os_string(), _held: reader }))
    }

    /// Whether a child will find one.
    pub fn has_place() -> Result<bool> {
        Ok(Self::holding(&[])?.is_some())
    }

    /// What to do where there is none.
    pub fn no_place() -> Error {
        let missing = io::Error::from(io::ErrorKind::NotFound);
        Error::system("cryptsetup cannot be given two keys without /proc (mount -t proc proc /proc)")(missing)
    }

    /// Where the child opens it.
    pub fn path(&self) -> &OsStr {
        &self.path
    }
}

fn filled(bytes: &[u8]) -> io::Result<PipeReader> {
    let (reader, mut writer) = io::pipe()?;
    writer.write_all(bytes)?;
    fcntl_setfd(&reader, FdFlags::empty())?;
    Ok(reader)
}
