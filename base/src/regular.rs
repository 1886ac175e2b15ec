//! Reads the files that a configuration names. They are regular files: another one, such as a pipe into which nobody writes, would
//! keep whoever reads it waiting for ever.

use crate::text;
use std::fs::{self, FileType, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use zeroize::Zeroizing;

/// The most that such a file has.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The bytes of a file, without the mark that some editors write before text; some are keys.
pub fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    // Opening a pipe waits for its other end, unless it is said not to.
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let found = file.metadata()?;
    must_be(&found).map_err(io::Error::other)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(found.len()).unwrap_or_default()));
    file.take(BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(text::unmarked(bytes))
}

/// A file of text.
pub fn read_to_string(path: &Path) -> io::Result<String> {
    let bytes = read(path)?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(why) => Err(io::Error::new(io::ErrorKind::InvalidData, format!("it is no text (UTF-8): {why}"))),
    }
}

/// Refuses what is no regular file, and what is too large; symbolic links were followed.
pub fn must_be(found: &Metadata) -> Result<(), String> {
    must_be_of_any_size(found).map_err(|what| what.to_string())?;
    if found.len() > BYTES_MAX {
        return Err(format!("it has {} bytes, and {BYTES_MAX} are the most", found.len()));
    }
    Ok(())
}

/// The same of a file that is not read as a whole.
pub fn must_be_of_any_size(found: &Metadata) -> Result<(), NotRegular> {
    if found.is_file() { Ok(()) } else { Err(NotRegular(kind(found.file_type()))) }
}

/// What is in the place of a regular file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("it is {0}, and a regular file is wanted")]
pub struct NotRegular(pub &'static str);

/// What was found in the place of a regular file, of an error that says so.
pub fn found(why: &io::Error) -> Option<NotRegular> {
    why.get_ref()?.downcast_ref().copied()
}

/// What it is, in words.
pub fn kind(found: FileType) -> &'static str {
    match () {
        () if found.is_file() => "a file",
        () if found.is_dir() => "a folder",
        () if found.is_symlink() => "a symbolic link",
        () if found.is_fifo() => "a pipe",
        () if found.is_socket() => "a socket",
        () if found.is_char_device() || found.is_block_device() => "a device",
        () => "something else",
    }
}

/// What is wrong with the mode of a secret file, if everybody on this machine may read it.
pub fn open_to_all(path: &Path) -> Option<String> {
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    let shown = text::path(path);
    (mode & 0o004 != 0).then(|| {
        format!(
            "every user of this machine can read the secret in {shown} (mode {mode:o}): chmod 600 {shown}"
        )
    })
}
