//! Whether a store has been in a folder before, and which. A file that is gone looks like one that was never there, and another
//! store looks like the right one; what lies around tells them apart. A new store is made where nothing speaks against it
//! alone, and another one is used where the operator says so alone.

use super::Error;
use super::folder::Folder;
use super::identity::{StoreId, Traces};
use super::lock::{FolderLock, Named};
use super::{journal, own};
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
        let traces = Traces::of(folder.path(), lock.map(FolderLock::named).unwrap_or_default())?;
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
        let Some(evidence) = self.evidence.clone() else { return Ok(()) };
        Err(Error::Lost { path: self.folder().into(), evidence, advice: self.advice() })
    }

    /// Refuses a store that is not the one that the traces name, unless the operator has said that it is the right one.
    pub fn must_be(&self, store: &StoreId) -> Result<(), Error> {
        let Some(told) = self.traces.against(store).filter(|_| !self.accepts) else { return Ok(()) };
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

    /// Leaves traces, before anything is served: from now on this store is here. What the operator has asked for is done when
    /// they are there, and not asked for any more. Fails where the next start would be refused.
    pub fn settle(&self, lock: &FolderLock, store: &StoreId) -> Result<(), Error> {
        let told = self.traces.against(store);
        let named = Named { store: Some(*store), overruled: self.traces.other(store) };
        if let Err(why) = lock.settle(named) {
            let file = FolderLock::at(self.folder());
            if told.is_some() {
                return Err(Error::of_file(&file, &why));
            }
            tracing::warn!(file = %file.display(), error = %why, "the lock does not name the store: that another one is in its place may \
                go unnoticed");
        }
        if let Some(told) = told.filter(|_| self.accepts) {
            tracing::warn!(folder = %self.folder().display(), store = hex::encode(store), "another store is used from now on, as the \
                file {ACCEPT} asks: {told}");
        }
        self.name_beside(lock, store);
        self.take_requests_away()?;
        own::make_private(&self.folder);
        Ok(())
    }

    /// Where the file beside the folder cannot be written, the lock goes on to say that its word counts no more.
    fn name_beside(&self, lock: &FolderLock, store: &StoreId) {
        match self.traces.name(store, self.accepts || self.begins_anew) {
            Ok(()) if self.traces.other(store).is_some() => {
                if let Err(error) = lock.settle(Named { store: Some(*store), overruled: None }) {
                    tracing::debug!(%error, "the lock overrules a file that names the right store by now");
                }
            }
            Ok(()) => {}
            Err((file, error)) => tracing::warn!(file = %file.display(), %error, "{UNNAMED}"),
        }
    }

    fn take_requests_away(&self) -> Result<(), Error> {
        for asked in [ACCEPT, BEGIN_ANEW] {
            self.folder.remove(asked).map_err(|why| match why.kind() {
                io::ErrorKind::PermissionDenied => {
                    Error::NotAnew { path: self.folder.at(asked), why: IS_DONE }
                }
                _ => Error::of_file(&self.folder.at(asked), &why),
            })?;
        }
        Ok(())
    }
}

const UNNAMED: &str = "the file that should name the store beside its folder cannot be written. Without it, an emptied folder is told by \
                       the HSM alone, and the folder of another store in the place of this one by nothing. Whoever wants to be told lets \
                       the user of the server write this file (docs/configuration.md, Copies of the store)";

const IS_DONE: &str =
    "what it asks for is done, and this user may not take it away: take it away, and start again";

const IS_NOT_EMPTY: &str =
    "it is not empty: an empty file of this name asks for something. Take it away, or make it empty";

const HAS_A_STORE: &str = "it asks for a new store, and there is one with keys in this folder: nothing was done to that. Take this \
                           file away to go on with it, or move the other files of the folder away and keep them";

/// Whether the operator asks for something by an empty file of this name.
fn asks(folder: &Folder, name: &str) -> Result<bool, Error> {
    match folder.what(name).map_err(|why| Error::of_file(&folder.at(name), &why))? {
        None => Ok(false),
        Some(found) if found.len() == 0 => Ok(true),
        Some(_) => Err(Error::NotAnew { path: folder.at(name), why: IS_NOT_EMPTY }),
    }
}

fn evidence(folder: &Folder, traces: &Traces, was_settled: bool) -> io::Result<Option<String>> {
    if let Some(told) = traces.evidence() {
        return Ok(Some(told));
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
    match Traces::of(folder, Named::default()).map(|traces| traces.evidence()) {
        Ok(Some(evidence)) => Error::Lost { path, evidence, advice: String::new() },
        Ok(None) => Error::Absent { path },
        Err(why) => why,
    }
}
