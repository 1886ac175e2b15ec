//! The folder of a store as this process has opened it: everything in it is reached by the descriptor of the folder, so that
//! nothing is read from or written to another one that is put in its place.

use super::{Error, Misplaced};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, StatVfs};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// For this user alone.
const PRIVATE: Mode = Mode::RUSR.union(Mode::WUSR);

/// Which file or folder it is: device and number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Identity(u64, u64);

impl Identity {
    fn of(stat: &rustix::fs::Stat) -> Self {
        Self(stat.st_dev, stat.st_ino)
    }

    /// Of an open file.
    pub fn of_file(file: &File) -> io::Result<Self> {
        Ok(Self::of(&rustix::fs::fstat(file)?))
    }

    /// What stands at a path; symbolic links are followed.
    pub fn at(path: &Path) -> Option<Self> {
        Some(Self::of(&rustix::fs::stat(path).ok()?))
    }
}

/// An open folder. Names are those of files in it, or in folders of it.
#[derive(Clone, Debug)]
pub struct Folder(Arc<Opened>);

#[derive(Debug)]
struct Opened {
    path: PathBuf,
    descriptor: OwnedFd,
    identity: Identity,
}

impl Folder {
    /// Opens the folder that stands at this path now.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let descriptor = rustix::fs::open(path, flags, Mode::empty())?;
        let identity = Identity::of(&rustix::fs::fstat(&descriptor)?);
        Ok(Self(Arc::new(Opened { path: path.into(), descriptor, identity })))
    }

    /// Where it was opened: for messages.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Where a file of it was: for messages.
    pub fn at(&self, name: &str) -> PathBuf {
        self.0.path.join(name)
    }

    /// The path of a file by the descriptor of the folder: for libraries that open files by their paths.
    pub fn by_descriptor(&self, name: &str) -> PathBuf {
        Path::new("/proc/self/fd").join(self.0.descriptor.as_raw_fd().to_string()).join(name)
    }

    /// Refuses where something else, or nothing, stands at its path.
    pub fn must_be_in_place(&self) -> Result<(), Error> {
        let what = match Identity::at(self.path()) {
            Some(found) if found == self.0.identity => return Ok(()),
            Some(_) => Misplaced::OtherFolder,
            None => Misplaced::FolderGone,
        };
        Err(Error::Moved { path: self.path().into(), what, rescue: None })
    }

    /// Which file of it this is, if it is there.
    pub fn identity(&self, name: &str) -> Option<Identity> {
        Some(Identity::of(&rustix::fs::statat(&self.0.descriptor, name, AtFlags::empty()).ok()?))
    }

    /// How long a file of it is, if it is there.
    pub fn length(&self, name: &str) -> Option<u64> {
        let found = rustix::fs::statat(&self.0.descriptor, name, AtFlags::empty()).ok()?;
        u64::try_from(found.st_size).ok()
    }

    /// Whether there is a file or folder of this name.
    pub fn has(&self, name: &str) -> bool {
        self.identity(name).is_some()
    }

    /// Opens a file to read it.
    pub fn read(&self, name: &str) -> io::Result<File> {
        self.file(name, OFlags::RDONLY)
    }

    /// Opens a file to read and write it.
    pub fn write(&self, name: &str) -> io::Result<File> {
        self.file(name, OFlags::RDWR)
    }

    /// The same; it is made where it is missing.
    pub fn write_or_create(&self, name: &str) -> io::Result<File> {
        self.file(name, OFlags::RDWR | OFlags::CREATE)
    }

    /// Makes a file that is not there yet.
    pub fn create(&self, name: &str) -> io::Result<File> {
        self.file(name, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL)
    }

    fn file(&self, name: &str, flags: OFlags) -> io::Result<File> {
        // What is no file, a pipe for instance, must not keep anybody waiting.
        let flags = flags | OFlags::CLOEXEC | OFlags::NONBLOCK;
        Ok(rustix::fs::openat(&self.0.descriptor, name, flags, PRIVATE)?.into())
    }

    /// Makes a folder in it, if there is none of the name.
    pub fn make_folder(&self, name: &str) -> io::Result<()> {
        match rustix::fs::mkdirat(&self.0.descriptor, name, Mode::RWXU) {
            Err(rustix::io::Errno::EXIST) | Ok(()) => Ok(()),
            Err(why) => Err(why.into()),
        }
    }

    /// Gives a file another name.
    pub fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let folder = &self.0.descriptor;
        Ok(rustix::fs::renameat(folder, from, folder, to)?)
    }

    /// Deletes a file, if it is there.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        match rustix::fs::unlinkat(&self.0.descriptor, name, AtFlags::empty()) {
            Err(rustix::io::Errno::NOENT) | Ok(()) => Ok(()),
            Err(why) => Err(why.into()),
        }
    }

    /// The names of what is in it, with the kind of each.
    pub fn names(&self) -> io::Result<Vec<(String, FileType)>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.0.descriptor)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name != "." && name != ".." {
                names.push((name, entry.file_type()));
            }
        }
        Ok(names)
    }

    /// Makes names durable.
    pub fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::fsync(&self.0.descriptor)?)
    }

    /// Its file system.
    pub fn file_system(&self) -> io::Result<StatVfs> {
        Ok(rustix::fs::fstatvfs(&self.0.descriptor)?)
    }
}
