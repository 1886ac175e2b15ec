//! What is found in the place of the store that the server has open, and what to do about it.

use std::path::Path;

/// What is found there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Misplaced {
    /// Nothing in the place of the folder.
    FolderGone,
    /// It cannot be seen what is there.
    OutOfReach,
    /// Another folder.
    OtherFolder,
    /// The folder without the file of the store.
    FileGone,
    /// Another file in the place of that of the store.
    OtherFile,
    /// The folder without the segment of the journal that is being written.
    SegmentGone,
}

impl Misplaced {
    fn text(self) -> &'static str {
        match self {
            Self::FolderGone => {
                "the folder of the store is gone: it was moved away, deleted or unmounted while the server ran. Writes and reads of \
                 keys are refused. Put it back (they go on by themselves), or restart the server where it is now"
            }
            Self::OutOfReach => {
                "a folder above the store does not let this server through any more (permissions), so that nothing tells whether the \
                 store is in its place. Writes and reads of keys are refused. Give the right to pass back to the user of the server, \
                 and they go on by themselves"
            }
            Self::OtherFolder => {
                "another folder is in the place of the store that the server has open. Writes and reads of keys are refused, and \
                 nothing is written to that folder. Put back the one that was here (they go on by themselves), or restart the server \
                 on this one"
            }
            Self::FileGone => {
                "the file of the store is gone: it was moved away or deleted while the server ran. Writes are refused. Put it back, \
                 and they go on by themselves"
            }
            Self::OtherFile => {
                "another file is in the place of the store that the server has open. Writes are refused. Put back the one that was \
                 here (they go on by themselves), or restart the server on this one"
            }
            Self::SegmentGone => "the segment of the journal of reads was deleted",
        }
    }
}

impl std::fmt::Display for Misplaced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())
    }
}

/// How to save a file that was deleted; nothing where it was moved.
pub fn rescued(from: Option<&Path>) -> String {
    from.map_or_else(String::new, |path| {
        format!(
            ". The file was deleted, and its content is lost as soon as the server stops: copy it back before, from {} (as root)",
            path.display()
        )
    })
}
