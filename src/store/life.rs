//! Whether a store has been in a folder before. A file that is gone looks like one that was never there; what lies around
//! it tells them apart, and a new store is made where nothing speaks against it alone.

use super::Error;
use super::folder::Folder;
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
#[derive(Clone)]
pub struct Life {
    folder: Folder,
    /// What tells of a store that was here.
    evidence: Option<String>,
    begins_anew: bool,
    was_settled: bool,
}

impl Life {
    /// Looks for traces: what the lock said before this process took it, the file beside the folder, journals.
    pub fn look(folder: &Folder, lock: &FolderLock) -> Result<Self, Error> {
        Self::of(folder, lock.was_settled())
    }

    /// The same, where the lock said so, or there was none.
    pub fn of(folder: &Folder, was_settled: bool) -> Result<Self, Error> {
        let failed = |why: io::Error| Error::of_file(folder.path(), &why);
        let begins_anew = folder.has(BEGIN_ANEW);
        if begins_anew && folder.length(BEGIN_ANEW) != Some(0) {
            return Err(Error::NotAnew { path: folder.at(BEGIN_ANEW), why: IS_NOT_EMPTY });
        }
        let evidence = if begins_anew { None } else { evidence(folder, was_settled).map_err(failed)? };
        Ok(Self { folder: folder.clone(), evidence, begins_anew, was_settled })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
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
        let (folder, file) = (self.folder().display(), self.folder.at(BEGIN_ANEW));
        format!("To make a new store in {folder} all the same, make an empty file {} first", file.display())
    }

    /// Refuses to make a store where one has been.
    pub fn must_be_new(&self) -> Result<(), Error> {
        let Some(evidence) = self.evidence.clone() else { return Ok(()) };
        Err(Error::Lost { path: self.folder().into(), evidence, advice: self.advice() })
    }

    /// Refuses to go on with a store that is whole where a new one is asked for. A first start that was cut off is one that
    /// the lock does not know of yet.
    pub fn must_not_begin_anew(&self) -> Result<(), Error> {
        match self.begins_anew && self.was_settled {
            true => Err(Error::NotAnew { path: self.folder.at(BEGIN_ANEW), why: HAS_A_STORE }),
            false => Ok(()),
        }
    }

    /// Leaves traces: from now on a store is here.
    pub fn settle(&self, lock: &FolderLock, store: &[u8; 16]) -> io::Result<()> {
        self.folder.remove(BEGIN_ANEW)?;
        lock.settle()?;
        let Some(path) = beside(self.folder()) else { return Ok(()) };
        let text = format!(
            "The folder {} holds the Keystead store {}. While this file lies beside it, no new store is made there \
             in silence.\n",
            self.folder().display(),
            hex::encode(store)
        );
        if fs::read(&path).ok().as_deref() != Some(text.as_bytes()) {
            put(&path, text.as_bytes())?;
        }
        Ok(())
    }
}

const IS_NOT_EMPTY: &str =
    "it is not empty: an empty file of this name asks for a new store. Take it away, or make it empty";

const HAS_A_STORE: &str = "it asks for a new store, and there is one with keys in this folder: nothing was done to that. Take this \
                           file away to go on with it, or move the folder of the store away and keep it, and make an empty file of \
                           this name in a new one";

fn evidence(folder: &Folder, was_settled: bool) -> io::Result<Option<String>> {
    if let Some(path) = beside(folder.path()).filter(|path| path.exists()) {
        return Ok(Some(format!("{} says so", path.display())));
    }
    if was_settled {
        return Ok(Some(format!("{} was left behind by a server that had one", folder.at("lock").display())));
    }
    let mut names = folder.names()?.into_iter().map(|(name, _)| name);
    let journal = names.find(|name| name.starts_with(JOURNAL));
    Ok(journal.map(|name| format!("{} is a journal of its reads", folder.at(&name).display())))
}

/// Refuses a path where there is no folder: with the trace beside it, if there is one.
pub fn absent(folder: &Path) -> Error {
    let path = folder.to_owned();
    match beside(folder).filter(|file| file.exists()) {
        Some(file) => {
            Error::Lost { path, evidence: format!("{} says so", file.display()), advice: String::new() }
        }
        None => Error::Absent { path },
    }
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
