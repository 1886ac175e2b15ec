//! Is there room for a commit? Asked before the engine is touched: an engine that runs out of room in the middle of a
//! commit has to be opened anew.

use super::Error;
use super::Transaction;
use super::folder::Folder;
use keystead_records::audit;
use rustix::fs::{StatVfs, StatVfsMountFlags};
use rustix::process::{Resource, getrlimit};

/// What every commit may take: roots of trees, lists of free pages.
const BASE_BYTES: u64 = 1024 * 1024;

/// What a first start takes: the file of an engine, which is several times as large as what is in it, and a commit.
const FIRST_BYTES: u64 = 4 * 1024 * 1024;

/// What a write may take beyond its bytes: the page of its place in the tree, and its copy.
const WRITE_BYTES: u64 = 2 * 4096;

/// The most bytes that a transaction takes on the disk until it is committed, by estimate.
pub fn needed(transaction: &Transaction) -> u64 {
    let bytes: usize = transaction.writes.iter().map(|(k, v)| k.len() + v.as_ref().map_or(0, Vec::len)).sum();
    // Entries of the audit stand one behind the other: many share a page.
    let is_of_audit = |key: &[u8]| key.starts_with(audit::PREFIX) || key.starts_with(audit::old::PREFIX);
    let scattered = transaction.writes.iter().filter(|(key, _)| !is_of_audit(key)).count();
    BASE_BYTES + 3 * bytes as u64 + WRITE_BYTES * scattered as u64
}

/// Refuses a folder that has no room for a new store: nothing is begun there.
pub fn check_for_first(folder: &Folder) -> Result<(), Error> {
    check(folder, None, FIRST_BYTES)
}

/// Refuses what the file system of this folder has no room for, or does not take at all, and what this process may not make the
/// file of the store larger by.
pub fn check(folder: &Folder, file: Option<&str>, bytes: u64) -> Result<(), Error> {
    let length = file.and_then(|file| folder.length(file)).unwrap_or_default();
    if getrlimit(Resource::Fsize).current.is_some_and(|most| most.saturating_sub(length) < bytes) {
        return Err(Error::TooLarge);
    }
    let system = folder.file_system().map_err(|why| Error::of_file(folder.path(), &why))?;
    if system.f_flag.contains(StatVfsMountFlags::RDONLY) {
        return Err(Error::ReadOnly { path: folder.path().into() });
    }
    match free(&system) {
        Some(free) if free < bytes => Err(Error::Full),
        _ => Ok(()),
    }
}

/// How large the file system of this folder is and how much of it is free, in bytes; `None` where it does not say.
pub fn of(folder: &Folder) -> Option<(u64, u64)> {
    let system = folder.file_system().ok()?;
    Some((system.f_blocks.saturating_mul(system.f_frsize), free(&system)?))
}

/// What this user may still write; `None` where the file system does not say.
fn free(system: &StatVfs) -> Option<u64> {
    let blocks = if rustix::process::geteuid().is_root() { system.f_bfree } else { system.f_bavail };
    (system.f_blocks > 0).then(|| blocks.saturating_mul(system.f_frsize))
}
