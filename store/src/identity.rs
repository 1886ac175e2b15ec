//! Which store belongs in a folder: the file beside the folder says so, and the lock in it. Both stay when the file of the store
//! goes, or another store is put in its place. The lock is always there to be written; the file beside may not be (a folder of
//! root's, a file system that is read-only, a full disk), and then the lock says which word of that file counts no more.

use super::Error;
use super::error::LEADS_NOWHERE;
use super::lock::{FolderLock, Named};
use keystead_base::regular;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The identifier of a store.
pub type StoreId = [u8; 16];

/// What stands before the identifier in the file beside the folder.
const NAMES: &str = "holds the Keystead store ";

/// The most of that file that is read: it has a line.
const BYTES_MAX: u64 = 64 * 1024;

/// How many symbolic links lead from one to the next, at most.
const LINKS_MAX: usize = 40;

/// What the file beside the folder says.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Beside {
    Nothing,
    Store(StoreId),
    /// It names no store.
    Damaged,
    /// It is there and cannot be read.
    Closed(String),
}

/// The traces of one folder that name its store.
#[derive(Clone, Debug)]
pub struct Traces {
    folder: PathBuf,
    /// The file beside the folder; none where the folder has no name.
    file: Option<PathBuf>,
    beside: Beside,
    lock: Named,
}

impl Traces {
    /// Reads them. The lock tells what it said before this process took it.
    pub fn of(folder: &Path, lock: Named) -> Result<Self, Error> {
        let file = beside(folder);
        let beside = file.as_deref().map_or(Ok(Beside::Nothing), read)?;
        Ok(Self { folder: folder.into(), file, beside, lock })
    }

    /// What the file beside the folder tells of a store that was here, in words.
    pub fn evidence(&self) -> Option<String> {
        let file = self.file.as_ref()?.display();
        match &self.beside {
            Beside::Nothing => None,
            Beside::Store(_) => Some(format!("{file} says so")),
            Beside::Damaged => {
                Some(format!("{file} is there, which names the store, though no longer which"))
            }
            Beside::Closed(why) => {
                Some(format!("{file}, which would name it, is there and cannot be read ({why})"))
            }
        }
    }

    /// Why this store is not the one that belongs in the folder, in words; `None` where the traces name it, or none at all.
    pub fn against(&self, store: &StoreId) -> Option<String> {
        let says = |path: &Path, named: &StoreId| {
            format!("{} says that the store {} belongs there", path.display(), hex::encode(named))
        };
        let lock = FolderLock::at(&self.folder);
        let mut told: Vec<String> =
            self.lock.store.iter().filter(|named| *named != store).map(|named| says(&lock, named)).collect();
        match (&self.file, &self.beside) {
            (Some(file), Beside::Store(named)) if named != store && self.lock.overruled != Some(*named) => {
                told.insert(0, says(file, named));
            }
            (Some(file), Beside::Damaged) if self.lock.store != Some(*store) => {
                told.insert(0, format!("{}, which should name the right one, names none", file.display()));
            }
            _ => {}
        }
        (!told.is_empty()).then(|| told.join(", and "))
    }

    /// The other store that the file beside the folder names.
    pub fn other(&self, store: &StoreId) -> Option<StoreId> {
        match self.beside {
            Beside::Store(named) if named != *store => Some(named),
            _ => None,
        }
    }

    /// Names the store beside the folder from now on. What cannot be read stays as it is, unless the operator has said that it
    /// counts no more.
    pub fn name(&self, store: &StoreId, anew: bool) -> Result<(), (PathBuf, io::Error)> {
        let Some(file) = &self.file else { return Ok(()) };
        if let Beside::Closed(why) = &self.beside
            && !anew
        {
            return Err((file.clone(), io::Error::other(why.clone())));
        }
        if self.beside == Beside::Damaged && !anew {
            tracing::warn!(file = %file.display(), "the file should name the store beside it and named none; it is written anew");
        }
        let text = text(&self.folder, store);
        if open(file).and_then(whole).ok().as_deref() == Some(text.as_bytes()) {
            return Ok(());
        }
        match put(file, text.as_bytes()) {
            // The path of the folder is another one, and that is all.
            Err(_) if self.beside == Beside::Store(*store) => Ok(()),
            done => done.map_err(|why| (file.clone(), why)),
        }
    }
}

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

fn read(file: &Path) -> Result<Beside, Error> {
    match open(file).and_then(whole) {
        Ok(bytes) => Ok(named(&bytes).map_or(Beside::Damaged, Beside::Store)),
        Err(why) if is_nowhere(&why) && leads_nowhere(file) => {
            Ok(Beside::Closed(format!("it is {LEADS_NOWHERE}")))
        }
        Err(why) if is_nowhere(&why) => Ok(Beside::Nothing),
        Err(why) if regular::found(&why).is_some() => Err(Error::of_file(file, &why)),
        Err(why) => Ok(Beside::Closed(why.to_string())),
    }
}

/// Nothing is there, nor can anything of such a name be.
fn is_nowhere(why: &io::Error) -> bool {
    matches!(why.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
        || Errno::from_io_error(why) == Some(Errno::NAMETOOLONG)
}

/// Whether a symbolic link leads to a file whose folder is not there: it may not be mounted. Where that is there, a file that is
/// not can be made by the link.
fn leads_nowhere(file: &Path) -> bool {
    let mut end = file.to_owned();
    for _ in 0..LINKS_MAX {
        match std::fs::read_link(&end) {
            Ok(next) => end = above(&end).join(next),
            Err(_) => return end != file && !above(&end).is_dir(),
        }
    }
    true
}

/// Opens a regular file by its path, which a folder that cannot be listed lets through; symbolic links are followed.
fn open(file: &Path) -> io::Result<File> {
    // Looked at before: to open a device may do something.
    let found = File::from(rustix::fs::open(file, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?);
    must_be_regular(&found)?;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = File::from(rustix::fs::open(file, flags, Mode::empty())?);
    must_be_regular(&opened)?;
    Ok(opened)
}

fn must_be_regular(file: &File) -> io::Result<()> {
    regular::must_be_of_any_size(&file.metadata()?)
        .map_err(|found| io::Error::new(ErrorKind::InvalidData, found))
}

fn whole(file: File) -> io::Result<Vec<u8>> {
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

/// Writes the file beside a folder. Where it cannot be exchanged as a whole, or a symbolic link leads to it, what is there is
/// written over.
fn put(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let is_link = file.symlink_metadata().is_ok_and(|found| found.is_symlink());
    if is_link {
        return write_over(file, bytes, OFlags::CREATE);
    }
    exchange(file, bytes).or_else(|why| write_over(file, bytes, OFlags::empty()).map_err(|_| why))
}

/// Writes a file whole or not at all.
fn exchange(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut half = file.as_os_str().to_owned();
    half.push(".half");
    let half = Path::new(&half);
    match std::fs::remove_file(half) {
        Err(why) if why.kind() != ErrorKind::NotFound => return Err(why),
        _ => {}
    }
    let made = File::options().write(true).create_new(true).mode(0o600).open(half);
    let written = made.and_then(|mut made| {
        made.write_all(bytes)?;
        made.sync_all()?;
        std::fs::rename(half, file)?;
        // A folder that cannot be listed cannot be opened either; with the file its name becomes durable, too.
        File::open(above(file)).map_or_else(|_| made.sync_all(), |folder| folder.sync_all())
    });
    if written.is_err() {
        let _ = std::fs::remove_file(half);
    }
    written
}

/// Writes over a file that names a store or is empty: another one is somebody else's, to whom a link may have been made to lead.
fn write_over(file: &Path, bytes: &[u8], more: OFlags) -> io::Result<()> {
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC | more;
    let opened = File::from(rustix::fs::open(file, flags, Mode::RUSR | Mode::WUSR)?);
    must_be_regular(&opened)?;
    let before = whole(opened.try_clone()?)?;
    if !before.is_empty() && named(&before).is_none() {
        return Err(io::Error::other("what is there names no store, and stays"));
    }
    opened.write_all_at(bytes, 0)?;
    opened.set_len(bytes.len() as u64)?;
    opened.sync_all()
}
