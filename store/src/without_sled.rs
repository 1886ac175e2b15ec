//! What stands for the second engine in a build without the feature `sled`: its data is known, and not opened.

use super::folder::Folder;
use super::{Error, Limits, Outcome, Snapshot, Store, Transaction};
use std::path::Path;
use std::sync::Arc;

/// The folder of its data.
pub const FOLDER: &str = "sled";

/// A store that there is none of.
pub enum SledStore {}

impl SledStore {
    /// Refuses.
    pub fn open(_: &Path) -> Result<Self, Error> {
        Err(left_out())
    }

    pub(super) fn open_in(_: &Folder, _: usize) -> Result<Self, Error> {
        Err(left_out())
    }
}

fn left_out() -> Error {
    let why = "this build is without the engine sled; take one that was built with the feature `sled`";
    Error::Engine(why.to_owned())
}

impl Store for SledStore {
    fn limits(&self) -> Limits {
        match *self {}
    }

    fn reads_stay_here(&self) -> bool {
        match *self {}
    }

    fn shares_snapshots(&self) -> bool {
        match *self {}
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, Error> {
        match *self {}
    }

    fn commit(&self, _: &Transaction) -> Result<Outcome, Error> {
        match *self {}
    }

    fn close(&self) -> Result<(), Error> {
        match *self {}
    }
}
