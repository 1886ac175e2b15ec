//! The folder of a store before anything in it is opened or made: locked by this process, so that a start can be refused
//! before it has changed anything.

use super::error::LEADS_NOWHERE;
use super::folder::Folder;
use super::life::Life;
use super::lock::FolderLock;
use super::{Database, Engine, Error, Opening, Snapshot, own, room};
use keystead_base::regular;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// A locked folder. Where it is dropped, the folder is as it was before: it goes away where it was not there.
#[must_use]
pub struct Claim {
    opening: Opening,
    folder: Folder,
    life: Option<Life>,
    lock: FolderLock,
    /// Dropped last, when the lock is gone.
    made: Made,
}

impl Claim {
    /// Locks the folder. One server a folder; refused is also a folder where a store has been and none is.
    pub fn take(opening: impl Into<Opening>, path: &Path) -> Result<Self, Error> {
        let opening = opening.into();
        let engine = opening.engine;
        let made = Made::folders(path)?;
        let folder = Folder::open(path).map_err(|why| Error::of_file(path, &why))?;
        own::must_be_files(&folder)?;
        let lock = FolderLock::take(&folder)?;
        engine.check(&folder)?;
        let life = match engine.file() {
            None => None,
            Some(file) => {
                let life = Life::look(&folder, Some(&lock))?;
                if !folder.has(file) {
                    life.must_be_new()?;
                }
                Some(life)
            }
        };
        Ok(Self { opening, folder, life, lock, made })
    }

    /// What is known of the folder; none for a store that is not kept.
    pub fn life(&self) -> Option<&Life> {
        self.life.as_ref()
    }

    /// Whether there is no store here.
    pub fn is_new(&self) -> bool {
        self.opening.engine.file().is_none_or(|file| !self.folder.has(file))
    }

    /// The store as it is, to be read without a byte of it being written; none where there is none, or where the engine cannot.
    pub fn read(&self) -> Result<Option<Database>, Error> {
        match self.opening.engine {
            Engine::Redb if !self.is_new() => Database::of_reads(self.opening, &self.folder).map(Some),
            _ => Ok(None),
        }
    }

    /// Opens the store, or makes it, with its journal.
    pub fn open(self) -> Result<Database, Error> {
        let database = self.open_judged(|_| Ok::<_, Error>(()))?;
        database.open_journal(None)?;
        Ok(database)
    }

    /// Opens the store, or makes it, where what it holds is judged before anything is committed to it. The journal is opened by who
    /// has the key of the audit.
    pub fn open_judged<E: From<Error>>(
        self,
        judge: impl FnOnce(&dyn Snapshot) -> Result<(), E>,
    ) -> Result<Database, E> {
        if self.is_new() {
            room::check_for_first(&self.folder)?;
        }
        let Self { opening, folder, life, lock, mut made } = self;
        let database = Database::open_claimed(opening, &folder, life, lock, judge)?;
        made.keep();
        Ok(database)
    }
}

/// Folders that were made, and that go away again while they are empty.
#[derive(Debug, Default)]
pub struct Made(Vec<PathBuf>);

impl Made {
    /// Makes a folder, with those above it, for this user alone. What is there in the place of one is named.
    pub fn folders(path: &Path) -> Result<Self, Error> {
        let mut missing = Vec::new();
        for above in path.ancestors().filter(|above| !above.as_os_str().is_empty()) {
            match std::fs::symlink_metadata(above) {
                Ok(_) => {
                    must_be_a_folder(above)?;
                    break;
                }
                Err(why) if matches!(why.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                    missing.push(above);
                }
                Err(why) => return Err(Error::of_file(above, &why)),
            }
        }
        let mut made = Self(Vec::new());
        for path in missing.into_iter().rev() {
            match std::fs::DirBuilder::new().mode(0o700).create(path) {
                Ok(()) => made.0.push(path.into()),
                // Another process was faster.
                Err(_) if path.is_dir() => {}
                Err(why) => return Err(Error::of_file(path, &why)),
            }
        }
        Ok(made)
    }

    /// They are wanted.
    pub fn keep(&mut self) {
        self.0.clear();
    }
}

/// Refuses what is no folder, and a symbolic link that leads to none.
fn must_be_a_folder(path: &Path) -> Result<(), Error> {
    let found = match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(found) => regular::kind(found.file_type()),
        Err(why) if why.kind() == ErrorKind::NotFound => LEADS_NOWHERE,
        Err(why) => return Err(Error::of_file(path, &why)),
    };
    Err(Error::NoFolder { path: path.into(), found })
}

impl Drop for Made {
    fn drop(&mut self) {
        while let Some(path) = self.0.pop() {
            let _ = std::fs::remove_dir(path);
        }
    }
}
