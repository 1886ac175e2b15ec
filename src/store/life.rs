//! Whether a store has been in a folder before. A file that is gone looks like one that was never there; what lies around
//! it tells them apart, and a new store is made where nothing speaks against it alone.

use super::Error;
use super::lock::FolderLock;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// An empty file of this name in the folder of a store lets a new one be made where another has been. Keystead takes it
/// away when it has done so.
const BEGIN_ANEW: &str = "begin-anew";

/// What journal files begin with.
const JOURNAL: &str = "reads-";

/// The past of a folder.
pub struct Life {
    folder: PathBuf,
    /// What tells of a store that was here.
    evidence: Option<String>,
    begins_anew: bool,
}

impl Life {
    /// Looks for traces: what the lock said before this process took it, the file beside the folder, journals.
    pub fn look(folder: &Path, lock: &FolderLock) -> io::Result<Self> {
        let begins_anew = folder.join(BEGIN_ANEW).exists();
        let evidence = if begins_anew { None } else { evidence(folder, lock)? };
        Ok(Self { folder: folder.into(), evidence, begins_anew })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What tells that a store was here before, in words.
    pub fn evidence(&self) -> Option<&str> {
        self.evidence.as_deref()
    }

    /// Whether the operator has asked for a new store whatever was here before.
    pub fn begins_anew(&self) -> bool {
        self.begins_anew
    }

    /// How to make a new store all the same.
    pub fn advice(&self) -> String {
        let (folder, file) = (self.folder.display(), self.folder.join(BEGIN_ANEW));
        format!("To make a new store in {folder} all the same, make an empty file {} first", file.display())
    }

    /// Refuses to make a store where one has been.
    pub fn must_be_new(&self) -> Result<(), Error> {
        let Some(evidence) = self.evidence.clone() else { return Ok(()) };
        Err(Error::Lost { path: self.folder.clone(), evidence, advice: self.advice() })
    }

    /// Leaves traces: from now on a store is here.
    pub fn settle(&self, lock: &FolderLock, store: &[u8; 16]) -> io::Result<()> {
        lock.settle()?;
        if let Some(path) = beside(&self.folder) {
            let text = format!(
                "The folder {} holds the Keystead store {}. While this file lies beside it, no new store is made there \
                 in silence.\n",
                self.folder.display(),
                hex::encode(store)
            );
            if fs::read(&path).ok().as_deref() != Some(text.as_bytes()) {
                put(&path, text.as_bytes())?;
            }
        }
        match fs::remove_file(self.folder.join(BEGIN_ANEW)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn evidence(folder: &Path, lock: &FolderLock) -> io::Result<Option<String>> {
    if let Some(path) = beside(folder).filter(|path| path.exists()) {
        return Ok(Some(format!("{} says so", path.display())));
    }
    if lock.was_settled() {
        return Ok(Some(format!(
            "{} was left behind by a server that had one",
            folder.join("lock").display()
        )));
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(JOURNAL) {
            return Ok(Some(format!("{} is a journal of its reads", entry.path().display())));
        }
    }
    Ok(None)
}

/// The file beside a folder that tells of its store: it stays when the folder goes.
pub fn beside(folder: &Path) -> Option<PathBuf> {
    let name = folder.file_name()?.to_string_lossy().into_owned();
    Some(folder.with_file_name(format!("{name}.identity")))
}

/// Writes a file whole or not at all.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let half = path.with_extension("identity.half");
    let written = fs::write(&half, bytes).and_then(|()| fs::File::open(&half)?.sync_all());
    let done = written.and_then(|()| fs::rename(&half, path));
    if done.is_err() {
        let _ = fs::remove_file(&half);
    }
    done
}
