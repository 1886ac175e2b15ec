//! The engines that there are, and how each is opened.

use super::folder::Folder;
use super::guard::{Access, Opener};
use super::{Error, MemoryStore, RedbStore, SledStore, Store};
use super::{redb, sled};
use keystead_base::regular;
use std::fs::Metadata;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The engines.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// The default.
    #[default]
    Redb,
    /// The second engine.
    Sled,
    /// For tests: gone with the process.
    Memory,
}

/// What each engine keeps its data in, inside the folder of the store.
pub const DATA: &[(Engine, &str)] = &[(Engine::Redb, redb::FILE), (Engine::Sled, sled::FOLDER)];

impl Engine {
    /// How this engine is opened in a folder.
    pub(super) fn opener(self, folder: &Folder, cache_bytes: usize) -> Opener {
        let folder = folder.clone();
        let memory: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let opened = AtomicBool::new(false);
        Box::new(move |access| {
            // A file is made when the store is opened first, and never in the place of one that has gone since.
            if let Some(file) = self.file().filter(|_| opened.swap(true, Ordering::Relaxed))
                && !folder.has(file)
            {
                return Err(Error::File { path: folder.at(file), why: "it is gone".to_owned() });
            }
            Ok(match (self, access) {
                (Self::Redb, Access::Write) => {
                    Arc::new(RedbStore::open_in(&folder, cache_bytes)?) as Arc<dyn Store>
                }
                (Self::Redb, Access::Read) => Arc::new(RedbStore::open_in_for_reads(&folder, cache_bytes)?),
                (Self::Sled, Access::Write) => Arc::new(SledStore::open_in(&folder, cache_bytes)?),
                (Self::Sled, Access::Read) => {
                    let why = "sled cannot be opened without writing to it".to_owned();
                    return Err(Error::Engine(why));
                }
                (Self::Memory, _) => Arc::clone(&memory),
            })
        })
    }

    /// Opens the engine in a folder to read it; not a byte is written there. Of sled's files a copy is opened.
    pub(super) fn open_for_reads(
        self,
        folder: &Folder,
        cache_bytes: usize,
    ) -> Result<(Arc<dyn Store>, Option<Copy>), Error> {
        self.must_be_there(folder)?;
        match self {
            Self::Sled => {
                let copy = Copy::of(folder)?;
                let opened = Folder::open(&copy.0)
                    .map_err(|why| temporary(&why))
                    .and_then(|folder| SledStore::open_in(&folder, cache_bytes))
                    .map_err(|why| copy.explained(why, folder));
                Ok((Arc::new(opened?), Some(copy)))
            }
            _ => Ok(((self.opener(folder, cache_bytes))(Access::Read)?, None)),
        }
    }

    fn must_be_there(self, folder: &Folder) -> Result<(), Error> {
        match self.file().filter(|file| !folder.has(file)) {
            Some(_) => Err(Error::Absent { path: folder.path().into() }),
            None => Ok(()),
        }
    }

    /// Reads all pages of the engine's file, where it can tell whether they are whole.
    pub fn check_pages(self, folder: &Path) -> Result<(), Error> {
        match self {
            Self::Redb => RedbStore::check_pages(folder),
            Self::Sled | Self::Memory => Ok(()),
        }
    }

    /// The file that must stay at its place while the store is open.
    pub fn file(self) -> Option<&'static str> {
        match self {
            Self::Redb => Some(redb::FILE),
            Self::Sled => Some("sled/db"),
            Self::Memory => None,
        }
    }

    /// Refuses a folder with the data of another engine and none of this one: an empty store in its place would look as
    /// if every key were lost.
    pub(super) fn check(self, folder: &Folder) -> Result<(), Error> {
        let is_there = |(_, name): &&(Self, &str)| folder.has(name);
        let found = DATA.iter().filter(is_there).map(|(engine, _)| *engine).collect::<Vec<_>>();
        match found.first() {
            Some(other) if !found.contains(&self) => {
                Err(Error::OtherEngine { path: folder.path().into(), found: *other, wanted: self })
            }
            _ => self.must_be_files(folder),
        }
    }

    /// Refuses what is of another kind in the place of the engine's data. Nothing is opened.
    fn must_be_files(self, folder: &Folder) -> Result<(), Error> {
        let is_wrong = |name: &str, is_right: fn(&Metadata) -> bool, wanted: &str| {
            let failed = |why| Error::of_file(&folder.at(name), &why);
            match folder.what_of_engine(name).map_err(failed)?.filter(|found| !is_right(found)) {
                None => Ok(()),
                Some(found) => {
                    let why = format!("it is {}, and a {wanted} is wanted", regular::kind(found.file_type()));
                    Err(Error::Damaged { path: folder.at(name), why, untouched: true })
                }
            }
        };
        if self == Self::Sled {
            is_wrong(sled::FOLDER, Metadata::is_dir, "folder")?;
        }
        self.file().map_or(Ok(()), |file| is_wrong(file, Metadata::is_file, "regular file"))
    }

    /// As the configuration spells it.
    fn name(self) -> &'static str {
        match self {
            Self::Redb => "redb",
            Self::Sled => "sled",
            Self::Memory => "memory",
        }
    }
}

impl std::fmt::Display for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A copy of sled's folder among the temporary files, deleted when dropped.
pub struct Copy(PathBuf);

impl Copy {
    fn of(folder: &Folder) -> Result<Self, Error> {
        let make = |path: &Path| std::fs::DirBuilder::new().mode(0o700).create(path);
        let place = (0..)
            .map(|turn| std::env::temp_dir().join(format!("keystead-check-{}-{turn}", std::process::id())))
            .map(|place| make(&place).map(|()| place))
            .find(|made| !made.as_ref().is_err_and(|why| why.kind() == io::ErrorKind::AlreadyExists));
        let place =
            place.unwrap_or(Err(io::ErrorKind::AlreadyExists.into())).map_err(|why| temporary(&why))?;
        let copy = Self(place.clone());
        copy_folder(
            (&folder.by_descriptor(sled::FOLDER), &folder.at(sled::FOLDER)),
            &place.join(sled::FOLDER),
            &make,
        )?;
        Ok(copy)
    }

    /// What keeps the copy from being opened: its own disk, or what was copied.
    fn explained(&self, why: Error, folder: &Folder) -> Error {
        match why {
            Error::Damaged { why, .. } => {
                Error::Damaged { path: folder.at(sled::FOLDER), why, untouched: true }
            }
            Error::Full | Error::TooLarge | Error::ReadOnly { .. } | Error::DiskFails => {
                Error::Temporary { path: std::env::temp_dir(), why: why.to_string() }
            }
            other => other,
        }
    }
}

fn temporary(why: &io::Error) -> Error {
    Error::Temporary { path: std::env::temp_dir(), why: why.to_string() }
}

/// Copies a folder, which is reached by one path and named by another.
fn copy_folder(
    (from, named): (&Path, &Path),
    to: &Path,
    make: &dyn Fn(&Path) -> io::Result<()>,
) -> Result<(), Error> {
    let unread = |why: io::Error| Error::of_file(named, &why);
    make(to).map_err(|why| temporary(&why))?;
    for entry in std::fs::read_dir(from).map_err(unread)? {
        let entry = entry.map_err(unread)?;
        let (name, to) = (entry.file_name(), to.join(entry.file_name()));
        if entry.file_type().map_err(unread)?.is_dir() {
            copy_folder((&entry.path(), &named.join(name)), &to, make)?;
        } else {
            copy_file(&entry.path(), &named.join(name), &to)?;
        }
    }
    Ok(())
}

fn copy_file(from: &Path, named: &Path, to: &Path) -> Result<(), Error> {
    let unread = |why: io::Error| Error::of_file(named, &why);
    // To open a pipe is to wait for who writes.
    regular::must_be_of_any_size(&std::fs::metadata(from).map_err(unread)?)
        .map_err(|what| Error::Damaged { path: named.into(), why: what.to_string(), untouched: true })?;
    let mut from = std::fs::File::open(from).map_err(unread)?;
    let mut to = std::fs::File::create(to).map_err(|why| temporary(&why))?;
    let mut piece = vec![0; 1 << 20];
    loop {
        let length = from.read(&mut piece).map_err(unread)?;
        let Some(read) = piece.get(..length).filter(|read| !read.is_empty()) else { return Ok(()) };
        to.write_all(read).map_err(|why| temporary(&why))?;
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
