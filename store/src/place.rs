//! Is what the server has open still at its place? A file that was deleted or moved away takes writes as before, and
//! they are lost with it.

use super::folder::{Folder, Identity};
use super::{Error, Misplaced};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What is found where the store was opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// What was opened.
    Same,
    /// The folder, with another file in it. It may be a copy that was put back.
    OtherFile(Error),
    /// Nothing, or another folder.
    Gone(Error),
}

/// The folder and the file that were opened.
#[derive(Clone, Debug)]
pub struct Place {
    folder: Folder,
    file: Option<&'static str>,
    opened: Option<Identity>,
}

impl Place {
    /// What stands there now is what was opened.
    pub fn opened(folder: &Folder, file: Option<&'static str>) -> Self {
        Self { folder: folder.clone(), file, opened: file.and_then(|file| folder.identity(file)) }
    }

    /// Looks.
    pub fn look(&self) -> Found {
        if let Err(error) = self.folder.must_be_in_place() {
            return Found::Gone(match error {
                Error::Moved { path, what, .. } => Error::Moved { path, what, rescue: self.rescue() },
                other => other,
            });
        }
        let Some(file) = self.file else { return Found::Same };
        let moved = |what| Error::Moved { path: self.folder.at(file), what, rescue: self.rescue() };
        match self.folder.identity(file) {
            found if found == self.opened => Found::Same,
            None => Found::Gone(moved(Misplaced::FileGone)),
            Some(_) => Found::OtherFile(moved(Misplaced::OtherFile)),
        }
    }

    /// Where a file that was deleted can still be read: the descriptor by which this process has it open. None where it was
    /// moved.
    fn rescue(&self) -> Option<PathBuf> {
        let wanted = self.opened?;
        let all = std::fs::read_dir("/proc/self/fd").ok()?;
        let mut names = all.filter_map(|one| one.ok()?.file_name().into_string().ok());
        let is_wanted = |name: &String| {
            Identity::at(&Path::new("/proc/self/fd").join(name)).is_ok_and(|found| found == Some(wanted))
        };
        let number = names.find(is_wanted)?;
        let path = PathBuf::from(format!("/proc/{}/fd/{number}", std::process::id()));
        std::fs::metadata(&path).is_ok_and(|file| file.nlink() == 0).then_some(path)
    }
}
