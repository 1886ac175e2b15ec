//! Whether a store has been in a folder before, and which. A file that is gone looks like one that was never there, and another
//! store looks like the right one; what lies around tells them apart. A new store is made where nothing speaks against it
//! alone, and another one is used where the operator says so alone.

use super::Error;
use super::folder::Folder;
use super::identity::{self, StoreId, Traces};
use super::journal;
use super::lock::FolderLock;
use std::io;
use std::path::Path;

/// An empty file of this name in the folder of a store lets a new one be made where another has been. Keystead takes it
/// away when it has done so.
pub const BEGIN_ANEW: &str = "begin-anew";

/// An empty file of this name lets the store in this folder be used in the place of another that was there. Keystead takes it
/// away when it has done so.
pub const ACCEPT: &str = "accept-store";

/// The past of a folder.
#[derive(Clone)]
pub struct Life {
    folder: Folder,
    traces: Traces,
    /// What tells of a store that was here.
    evidence: Option<String>,
    begins_anew: bool,
    accepts: bool,
}

impl Life {
    /// Looks for traces: what the lock said before this process took it, if there was one; the file beside the folder; journals.
    pub fn look(folder: &Folder, lock: Option<&FolderLock>) -> Result<Self, Error> {
        let failed = |why: io::Error| Error::of_file(folder.path(), &why);
        let traces = Traces::of(folder, lock.and_then(FolderLock::store))?;
        let (begins_anew, accepts) = (asks(folder, BEGIN_ANEW)?, asks(folder, ACCEPT)?);
        let was_settled = lock.is_some_and(FolderLock::was_settled);
        let evidence =
            if begins_anew { None } else { evidence(folder, &traces, was_settled).map_err(failed)? };
        Ok(Self { folder: folder.clone(), traces, evidence, begins_anew, accepts })
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
        if self.begins_anew {
            return self.traces.must_be_replaceable();
        }
        let Some(evidence) = self.evidence.clone() else { return Ok(()) };
        Err(Error::Lost { path: self.folder().into(), evidence, advice: self.advice() })
    }

    /// Refuses a store that is not the one that the traces name, unless the operator has said that it is the right one.
    pub fn must_be(&self, store: &StoreId) -> Result<(), Error> {
        let Some(told) = self.traces.against(store) else { return Ok(()) };
        if self.accepts {
            return self.traces.must_be_replaceable();
        }
        let (path, found) = (self.folder().into(), hex::encode(store));
        Err(Error::OtherStore { path, found, told, accept: self.folder.at(ACCEPT) })
    }

    /// Refuses to go on with a store that keeps something where a new one is asked for. One that keeps nothing yet is that of a
    /// first start that was cut off.
    pub fn must_not_begin_anew(&self, keeps_something: bool) -> Result<(), Error> {
        match self.begins_anew && keeps_something {
            true => Err(Error::NotAnew { path: self.folder.at(BEGIN_ANEW), why: HAS_A_STORE }),
            false => Ok(()),
        }
    }

    /// Leaves traces: from now on this store is here. What the operator has asked for is done only when they are there.
    pub fn settle(&self, lock: &FolderLock, store: &StoreId) -> io::Result<()> {
        if let Some(told) = self.traces.against(store).filter(|_| self.accepts) {
            tracing::warn!(folder = %self.folder().display(), store = hex::encode(store), "another store is used from now on, as the \
                file {ACCEPT} asks: {told}");
        }
        let named = self.traces.name(store, self.accepts || self.begins_anew);
        lock.settle(Some(store))?;
        // While another store is named beside it, what was asked for is not done.
        if named.is_ok() || self.traces.file().is_none() {
            for asked in [ACCEPT, BEGIN_ANEW] {
                if let Err(error) = self.folder.remove(asked) {
                    let file = self.folder.at(asked);
                    tracing::warn!(file = %file.display(), %error, "what this file asks for is done: take it away");
                }
            }
        }
        named
    }
}

const IS_NOT_EMPTY: &str =
    "it is not empty: an empty file of this name asks for something. Take it away, or make it empty";

const HAS_A_STORE: &str = "it asks for a new store, and there is one with keys in this folder: nothing was done to that. Take this \
                           file away to go on with it, or move the folder of the store away and keep it, and make an empty file of \
                           this name in a new one";

/// Whether the operator asks for something by an empty file of this name.
fn asks(folder: &Folder, name: &str) -> Result<bool, Error> {
    match folder.what(name).map_err(|why| Error::of_file(&folder.at(name), &why))? {
        None => Ok(false),
        Some(found) if found.len() == 0 => Ok(true),
        Some(_) => Err(Error::NotAnew { path: folder.at(name), why: IS_NOT_EMPTY }),
    }
}

fn evidence(folder: &Folder, traces: &Traces, was_settled: bool) -> io::Result<Option<String>> {
    if let Some(path) = traces.file() {
        return Ok(Some(format!("{} says so", path.display())));
    }
    if was_settled {
        return Ok(Some(format!("{} was left behind by a server that had one", folder.at("lock").display())));
    }
    let journal = folder.names()?.into_iter().find(|name| journal::is_segment(name));
    Ok(journal.map(|name| format!("{} is a journal of its reads", folder.at(&name).display())))
}

/// Refuses a path where there is no folder: with the trace beside it, if there is one.
pub fn absent(folder: &Path) -> Error {
    let path = folder.to_owned();
    match identity::beside(folder).filter(|file| file.symlink_metadata().is_ok()) {
        Some(file) => {
            Error::Lost { path, evidence: format!("{} says so", file.display()), advice: String::new() }
        }
        None => Error::Absent { path },
    }
}
