//! Which store belongs in a folder: the file beside the folder says so, and the lock in it. Both stay when the file of the store
//! goes, or another store is put in its place.

use super::Error;
use super::folder::Folder;
use super::lock::FolderLock;
use crate::regular;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// The identifier of a store.
pub type StoreId = [u8; 16];

/// What stands before the identifier in the file beside the folder.
const NAMES: &str = "holds the Keystead store ";

/// The most of that file that is read: it has a line.
const BYTES_MAX: u64 = 64 * 1024;

/// What the file beside the folder says.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Beside {
    Nothing,
    Store(StoreId),
    /// It names no store.
    Damaged,
    /// It cannot be read.
    Closed(String),
}

/// The traces of one folder that name its store.
#[derive(Clone, Debug)]
pub struct Traces {
    folder: PathBuf,
    /// The file beside the folder; none where the folder has no name.
    file: Option<PathBuf>,
    beside: Beside,
    lock: Option<StoreId>,
}

impl Traces {
    /// Reads them. The lock tells what it said before this process took it.
    pub fn of(folder: &Folder, lock: Option<StoreId>) -> Result<Self, Error> {
        let (file, beside) = read(folder.path())?;
        Ok(Self { folder: folder.path().into(), file, beside, lock })
    }

    /// The file beside the folder, where it is there.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref().filter(|_| self.beside != Beside::Nothing)
    }

    /// Why this store is not the one that belongs in the folder, in words; `None` where the traces name it, or none at all.
    pub fn against(&self, store: &StoreId) -> Option<String> {
        let says = |path: &Path, named: &StoreId| {
            format!("{} says that the store {} belongs there", path.display(), hex::encode(named))
        };
        let lock = FolderLock::at(&self.folder);
        let mut told: Vec<String> =
            self.lock.iter().filter(|named| *named != store).map(|named| says(&lock, named)).collect();
        match (&self.file, &self.beside) {
            (Some(file), Beside::Store(named)) if named != store => told.insert(0, says(file, named)),
            (Some(file), Beside::Damaged) if self.lock != Some(*store) => {
                told.insert(0, format!("{}, which should name the right one, names none", file.display()));
            }
            _ => {}
        }
        (!told.is_empty()).then(|| told.join(", and "))
    }

    /// Refuses to go on where the file beside the folder speaks of another store and could not be written anew.
    pub fn must_be_replaceable(&self) -> Result<(), Error> {
        use rustix::fs::{Access, AtFlags, CWD, accessat};
        let Some(file) = self.file() else { return Ok(()) };
        match accessat(CWD, above(file), Access::WRITE_OK, AtFlags::EACCESS) {
            Ok(()) => Ok(()),
            Err(_) => Err(Error::NotAnew { path: file.into(), why: STAYS }),
        }
    }

    /// Names the store from now on. What cannot be read stays as it is, unless the operator has said that it counts no more.
    pub fn name(&self, store: &StoreId, anew: bool) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        if let Beside::Closed(why) = &self.beside
            && !anew
        {
            return Err(io::Error::other(format!("{}: {why}", file.display())));
        }
        if self.beside == Beside::Damaged && !anew {
            tracing::warn!(file = %file.display(), "the file should name the store beside it and named none; it is written anew");
        }
        let text = text(&self.folder, store);
        let name = name(file);
        let folder = Folder::open(above(file))?;
        if folder.read(&name).and_then(whole).ok().as_deref() != Some(text.as_bytes()) {
            put(&folder, &name, text.as_bytes())?;
        }
        Ok(())
    }
}

const STAYS: &str =
    "it names another store, and this user may not write in its folder: take that file away first";

fn text(folder: &Path, store: &StoreId) -> String {
    format!(
        "The folder {} {NAMES}{}. While this file lies beside it, no new store is made there in silence.\n",
        folder.display(),
        hex::encode(store)
    )
}

/// The file beside a folder that tells of its store: it stays when the folder goes.
pub fn beside(folder: &Path) -> Option<PathBuf> {
    let name = folder.file_name()?.to_string_lossy().into_owned();
    Some(folder.with_file_name(format!("{name}.identity")))
}

fn read(folder: &Path) -> Result<(Option<PathBuf>, Beside), Error> {
    let Some(file) = beside(folder) else { return Ok((None, Beside::Nothing)) };
    let read = Folder::open(above(&file)).and_then(|above| above.read(&name(&file))).and_then(whole);
    let found = match read {
        Ok(bytes) => named(&bytes).map_or(Beside::Damaged, Beside::Store),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Beside::Nothing,
        Err(why) if regular::found(&why).is_some() => return Err(Error::of_file(&file, &why)),
        Err(why) => Beside::Closed(why.to_string()),
    };
    Ok((Some(file), found))
}

fn whole(file: std::fs::File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The store that the file names. The path of a folder may hold anything: what stands last counts.
fn named(bytes: &[u8]) -> Option<StoreId> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (_, rest) = text.rsplit_once(NAMES)?;
    id(rest.split(['.', '\n']).next()?)
}

/// An identifier in hexadecimal.
pub fn id(text: &str) -> Option<StoreId> {
    hex::decode(text.trim()).ok()?.try_into().ok()
}

fn above(file: &Path) -> &Path {
    file.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Writes a file whole or not at all.
fn put(folder: &Folder, name: &str, bytes: &[u8]) -> io::Result<()> {
    let half = format!("{name}.half");
    folder.remove(&half)?;
    let written = folder.create(&half).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let done = written.and_then(|()| folder.rename(&half, name)).and_then(|()| folder.sync());
    if done.is_err() {
        let _ = folder.remove(&half);
    }
    done
}
