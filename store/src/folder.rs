//! The folder of a store as this process has opened it: everything in it is reached by the descriptor of the folder, so that
//! nothing is read from or written to another one that is put in its place.

use super::{Error, Misplaced};
use keystead_base::regular::{self, NotRegular};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, StatVfs};
use rustix::io::Errno;
use std::fs::{File, Metadata};
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

    /// What stands at a path; symbolic links are followed. `None` where nothing does.
    pub fn at(path: &Path) -> io::Result<Option<Self>> {
        match rustix::fs::stat(path) {
            Ok(found) => Ok(Some(Self::of(&found))),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
            Err(why) => Err(why.into()),
        }
    }
}

/// An open folder. Names are those of files in it, or in folders of it. What Keystead itself writes there are regular files:
/// symbolic links are not followed, and nothing else is opened. The files of an engine may be links, which lead elsewhere.
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
            Ok(Some(found)) if found == self.0.identity => return Ok(()),
            Ok(Some(_)) => Misplaced::OtherFolder,
            Ok(None) => Misplaced::FolderGone,
            Err(why) if why.kind() == io::ErrorKind::PermissionDenied => Misplaced::OutOfReach,
            Err(why) => return Err(Error::of_file(self.path(), &why)),
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

    /// What there is of this name itself, a symbolic link too; `None` where there is nothing.
    pub fn what(&self, name: &str) -> io::Result<Option<Metadata>> {
        match self.opened(name, OFlags::PATH | OFlags::NOFOLLOW, Mode::empty()) {
            Ok(file) => file.metadata().map(Some),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(why) => Err(why),
        }
    }

    /// Opens a folder in it. A symbolic link is not followed.
    pub fn folder(&self, name: &str) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let descriptor = rustix::fs::openat(&self.0.descriptor, name, flags, Mode::empty())?;
        let identity = Identity::of(&rustix::fs::fstat(&descriptor)?);
        Ok(Self(Arc::new(Opened { path: self.at(name), descriptor, identity })))
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
        // Looked at before: to open a device may do something.
        if let Some(found) = self.what(name)? {
            regular::must_be_of_any_size(&found).map_err(not_regular)?;
        }
        let file = self.opened(name, flags | OFlags::NOFOLLOW, PRIVATE)?;
        regular::must_be_of_any_size(&file.metadata()?).map_err(not_regular)?;
        Ok(file)
    }

    /// Opens a file of an engine, or a folder of it, to read it; a symbolic link is followed.
    pub fn read_of_engine(&self, name: &str) -> io::Result<File> {
        self.opened(name, OFlags::RDONLY, Mode::empty())
    }

    /// The same of a regular file.
    pub fn read_regular_of_engine(&self, name: &str) -> io::Result<File> {
        self.regular_of_engine(name, OFlags::RDONLY)
    }

    /// The same of a regular file, to read and write it.
    pub fn write_of_engine(&self, name: &str) -> io::Result<File> {
        self.regular_of_engine(name, OFlags::RDWR)
    }

    /// What there is of this name of an engine's; a symbolic link is followed. `None` where there is nothing.
    pub fn what_of_engine(&self, name: &str) -> io::Result<Option<Metadata>> {
        match self.opened(name, OFlags::PATH, Mode::empty()) {
            Ok(file) => file.metadata().map(Some),
            Err(why) if matches!(why.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(None)
            }
            Err(why) => Err(why),
        }
    }

    fn regular_of_engine(&self, name: &str, flags: OFlags) -> io::Result<File> {
        let found = self.opened(name, OFlags::PATH, Mode::empty())?.metadata()?;
        regular::must_be_of_any_size(&found).map_err(not_regular)?;
        self.opened(name, flags, Mode::empty())
    }

    fn opened(&self, name: &str, flags: OFlags, mode: Mode) -> io::Result<File> {
        // What is no file, a pipe for instance, must not keep anybody waiting.
        let wait = if flags.contains(OFlags::PATH) { OFlags::empty() } else { OFlags::NONBLOCK };
        let flags = flags | OFlags::CLOEXEC | wait;
        let is_own = flags.contains(OFlags::NOFOLLOW);
        let opened = match name.rsplit_once('/').filter(|_| is_own) {
            Some((folder, name)) => rustix::fs::openat(&self.folder(folder)?.0.descriptor, name, flags, mode),
            None => rustix::fs::openat(&self.0.descriptor, name, flags, mode),
        };
        match opened {
            Err(Errno::LOOP) if is_own => Err(not_regular(NotRegular("a symbolic link"))),
            opened => Ok(opened?.into()),
        }
    }

    /// Makes a folder in it, if there is none of the name.
    pub fn make_folder(&self, name: &str) -> io::Result<()> {
        match rustix::fs::mkdirat(&self.0.descriptor, name, Mode::RWXU) {
            Err(Errno::EXIST) | Ok(()) => Ok(()),
            Err(why) => Err(why.into()),
        }
    }

    /// Gives a file another name. No file is opened for that.
    pub fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.must_be_within(from)?;
        self.must_be_within(to)?;
        let folder = &self.0.descriptor;
        Ok(rustix::fs::renameat(folder, from, folder, to)?)
    }

    /// Deletes a file, if it is there.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        self.must_be_within(name)?;
        match rustix::fs::unlinkat(&self.0.descriptor, name, AtFlags::empty()) {
            Err(Errno::NOENT) | Ok(()) => Ok(()),
            Err(why) => Err(why.into()),
        }
    }

    /// Whether there is anything of this name, a symbolic link too. No file is opened for that.
    pub fn has_entry(&self, name: &str) -> bool {
        rustix::fs::statat(&self.0.descriptor, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
    }

    /// Whether this open file is the one of this name.
    pub fn is_at(&self, name: &str, file: &File) -> bool {
        let found = rustix::fs::statat(&self.0.descriptor, name, AtFlags::SYMLINK_NOFOLLOW);
        found.is_ok_and(|found| Identity::of_file(file).is_ok_and(|open| open == Identity::of(&found)))
    }

    /// Refuses a name that leads by a symbolic link to another folder.
    fn must_be_within(&self, name: &str) -> io::Result<()> {
        let Some((folder, _)) = name.rsplit_once('/') else { return Ok(()) };
        let found = rustix::fs::statat(&self.0.descriptor, folder, AtFlags::SYMLINK_NOFOLLOW)?;
        match FileType::from_raw_mode(found.st_mode) {
            FileType::Directory => Ok(()),
            _ => Err(Errno::NOTDIR.into()),
        }
    }

    /// The names of what is in it.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.0.descriptor)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name != "." && name != ".." {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// What it is itself.
    pub fn metadata(&self) -> io::Result<Metadata> {
        File::from(self.0.descriptor.try_clone()?).metadata()
    }

    /// Sets its mode.
    pub fn set_mode(&self, mode: Mode) -> io::Result<()> {
        Ok(rustix::fs::fchmod(&self.0.descriptor, mode)?)
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

fn not_regular(found: NotRegular) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, found)
}
