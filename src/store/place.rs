//! Is what the server has open still at its place? A file that was deleted or moved away takes writes as before, and
//! they are lost with it.

use super::Error;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Which file or folder stands at a path: device and number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Identity(u64, u64);

fn identity(path: &Path) -> Option<Identity> {
    let found = std::fs::metadata(path).ok()?;
    Some(Identity(found.dev(), found.ino()))
}

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
    folder: PathBuf,
    file: Option<PathBuf>,
    opened: (Option<Identity>, Option<Identity>),
}

impl Place {
    /// What stands there now is what was opened.
    pub fn opened(folder: &Path, file: Option<PathBuf>) -> Self {
        let opened = (identity(folder), file.as_deref().and_then(identity));
        Self { folder: folder.into(), file, opened }
    }

    /// Looks.
    pub fn look(&self) -> Found {
        let moved = |path: &Path, what: String| Error::Moved { path: path.into(), what };
        let found = identity(&self.folder);
        if found != self.opened.0 {
            let what = if found.is_none() { FOLDER_GONE } else { OTHER_FOLDER };
            return Found::Gone(moved(&self.folder, format!("{what}{}", self.rescue())));
        }
        let Some(file) = &self.file else { return Found::Same };
        match identity(file) {
            found if found == self.opened.1 => Found::Same,
            None => Found::Gone(moved(file, format!("{FILE_GONE}{}", self.rescue()))),
            Some(_) => Found::OtherFile(moved(file, format!("{OTHER_FILE}{}", self.rescue()))),
        }
    }

    /// How to save a file that was deleted; nothing where it was moved.
    fn rescue(&self) -> String {
        let descriptor =
            self.descriptor().filter(|path| std::fs::metadata(path).is_ok_and(|file| file.nlink() == 0));
        descriptor.map_or_else(String::new, |path| {
            format!(
                ". The file was deleted, and its content is lost as soon as the server stops: copy it back before, from {path} (as \
                 root)"
            )
        })
    }

    /// Where the file can still be read after it was deleted: the descriptor by which this process has it open.
    fn descriptor(&self) -> Option<String> {
        let wanted = self.opened.1?;
        let all = std::fs::read_dir("/proc/self/fd").ok()?;
        let mut names = all.filter_map(|one| one.ok()?.file_name().into_string().ok());
        let number = names.find(|name| identity(&Path::new("/proc/self/fd").join(name)) == Some(wanted))?;
        Some(format!("/proc/{}/fd/{number}", std::process::id()))
    }
}

const FOLDER_GONE: &str = "the folder of the store is gone: it was moved away, deleted or unmounted while the server ran. Writes are \
                           refused. Put it back (they go on by themselves), or restart the server where it is now";

const OTHER_FOLDER: &str = "another folder is in the place of the store that the server has open. Writes are refused. Put back the one \
                            that was here (they go on by themselves), or restart the server on this one";

const FILE_GONE: &str = "the file of the store is gone: it was moved away or deleted while the server ran. Writes are refused. Put it \
                         back, and they go on by themselves";

const OTHER_FILE: &str = "another file is in the place of the store that the server has open. Writes are refused. Put back the one \
                          that was here (they go on by themselves), or restart the server on this one";
