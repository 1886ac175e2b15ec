//! Where cryptsetup is: an administrator's folders are on `PATH` for administrators alone.

use super::error::{Error, Result};
use std::env;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Looked into after `PATH`.
const FOLDERS: [&str; 4] = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin"];

/// The program.
pub fn cryptsetup() -> Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(FOLDERS.iter().map(PathBuf::from));
    let mut places = folders.filter(|folder| folder.is_absolute()).map(|folder| folder.join("cryptsetup"));
    places.find(|place| is_program(place)).ok_or_else(|| {
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        let folders = FOLDERS.join(", ");
        Error::system(format!(
            "cryptsetup is neither on PATH nor in {folders} (install the package cryptsetup-bin, or put it into the initramfs)"
        ))(missing)
    })
}

fn is_program(place: &Path) -> bool {
    place.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
