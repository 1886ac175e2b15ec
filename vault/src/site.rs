//! Where a store lies: the machine and the path, which the labels of its master keys carry in short.

use aws_lc_rs::digest;
use keystead_hsm::Site;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// Files of which the first that there is tells machines apart.
const MACHINE: [&str; 2] = ["/etc/machine-id", "/proc/sys/kernel/hostname"];

/// The place of a store; none for a store that is not kept.
pub fn of(folder: Option<&Path>) -> Site {
    let Some(folder) = folder else { return Site::default() };
    let told = MACHINE.iter().filter_map(|file| std::fs::read_to_string(file).ok());
    let Some(machine) = told.map(|text| text.trim().to_owned()).find(|text| !text.is_empty()) else {
        return Site::default();
    };
    let folder = real(folder);
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(b"keystead/site/1");
    context.update(&(machine.len() as u64).to_be_bytes());
    context.update(machine.as_bytes());
    context.update(folder.as_os_str().as_bytes());
    Site::new(context.finish().as_ref())
}

/// The path without symbolic links, also of a folder that is not there.
fn real(folder: &Path) -> PathBuf {
    let above = || Some(folder.parent()?.canonicalize().ok()?.join(folder.file_name()?));
    folder.canonicalize().ok().or_else(above).unwrap_or_else(|| folder.to_owned())
}
