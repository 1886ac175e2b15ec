//! What can go wrong with a store: what the log, an operator and a client are told of it.

mod misplaced;

pub use misplaced::Misplaced;

use super::Engine;
use keystead_base::regular::{self, NotRegular};
use std::path::PathBuf;

/// What can go wrong with a store.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be opened, read or written.
    #[error("{}: {why}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// A file is not what the engine left behind.
    #[error(
        "the store is damaged: {}: {why}. {} Move the folder of the store away and keep it, and put back a copy; without one \
         its keys are lost (docs/configuration.md, Copies of the store)", path.display(), touched(*untouched)
    )]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What the engine found.
        why: String,
        /// Whether it is as it was before the attempt to open it.
        untouched: bool,
    },
    /// Closing it was given up.
    #[error(
        "the store did not close within {seconds} s: its engine or its disk hangs. The server ends without; all that was \
         acknowledged is on the disk. If a later start complains of the disk, look after that first"
    )]
    NotClosed {
        /// How long it was waited for.
        seconds: u64,
    },
    /// The folder belongs to a running server.
    #[error("{} is in use by {holder}: stop that server first, or give this one another folder", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// Who holds it.
        holder: String,
    },
    /// The folder cannot be locked.
    #[error(
        "{} cannot be locked ({why}), and without a lock two servers may open one store: put the store on a file system that \
         knows locks (flock), a local one or NFS with its lock service", path.display()
    )]
    NoLock {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// The lock was taken away while the store was open, and is not to be had again.
    #[error(
        "{}: this file, by which the server keeps a second one out, was taken away or exchanged while it ran, and is not to be had \
         again: {why}", path.display()
    )]
    LockLost {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: Box<Self>,
    },
    /// Something else is in the place of a file or folder.
    #[error("{}: it is {found}, and a {wanted} is wanted. Nothing was written to it: take it away", path.display())]
    WrongKind {
        /// Where.
        path: PathBuf,
        /// What is there.
        found: &'static str,
        /// What should be.
        wanted: &'static str,
    },
    /// A path that was named leads to no folder.
    #[error(
        "{}: it is {found}, and a folder is wanted: name another one (`store.path`, or --dir of `keystead dev`){}",
        path.display(), if *found == LEADS_NOWHERE { ", or mount what it leads to" } else { "" }
    )]
    NoFolder {
        /// Where.
        path: PathBuf,
        /// What is there.
        found: &'static str,
    },
    /// There is another store than the one that was there.
    #[error(
        "the store in {} is not the one that belongs there: it is the store {found}, and {told}. It is not used, and nothing that it \
         holds was changed. Put back the store that was there (docs/configuration.md, Copies of the store). If this one is the right one, make an empty file {} \
         and start again", path.display(), accept.display()
    )]
    OtherStore {
        /// The folder.
        path: PathBuf,
        /// The identifier of the store that is there.
        found: String,
        /// What speaks against it.
        told: String,
        /// The file by which the operator accepts it.
        accept: PathBuf,
    },
    /// The copy that is read in the place of a store cannot be made.
    #[error(
        "a copy of the store is read, which is made in {}, and that failed: {why}. Make room there, or let TMPDIR name a folder \
         with as much room as the store takes. Nothing was written to the store", path.display()
    )]
    Temporary {
        /// The folder for temporary files.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// The folder holds the data of another engine.
    #[error(
        "{} holds a store of the engine {found}, and the configuration says {wanted}: set `store.engine` to {found:?}, or \
         give the new store another folder by `store.path`", path.display(), found = found.to_string()
    )]
    OtherEngine {
        /// The folder.
        path: PathBuf,
        /// Whose data is there.
        found: Engine,
        /// What was asked for.
        wanted: Engine,
    },
    /// There is no store in a folder that is only to be read.
    #[error("there is no store in {}: correct `store.path`, or start the server, which makes one", path.display())]
    Absent {
        /// The folder.
        path: PathBuf,
    },
    /// There is no store in a folder that had one.
    #[error(
        "there is no store in {}, and there was one: {evidence}. If the disk with the store is not mounted, mount it; if the \
         store is lost, put back a copy (docs/configuration.md, Copies of the store). {advice}", path.display()
    )]
    Lost {
        /// The folder.
        path: PathBuf,
        /// What tells of the store.
        evidence: String,
        /// How to make a new store all the same.
        advice: String,
    },
    /// A new store is asked for in a way that cannot be right.
    #[error("{}: {why}", path.display())]
    NotAnew {
        /// The file that asks for it.
        path: PathBuf,
        /// What is wrong, and what to do.
        why: &'static str,
    },
    /// The store does not say which format it has.
    #[error(
        "the store lacks its format (row f), which every store has from its first start: it was changed by something else \
         than Keystead. Move the folder of the store away and keep it, and put back a copy (docs/configuration.md, Copies \
         of the store)"
    )]
    NoFormat,
    /// The store has a format that this version does not know.
    #[error(
        "the store has format {found}, this version reads formats up to {known}: use the Keystead that wrote it, or a newer one"
    )]
    Format {
        /// What the store says.
        found: String,
        /// What this version knows.
        known: u32,
    },
    /// The engine failed.
    #[error("the store failed: {0}")]
    Engine(String),
    /// A write failed before, so that what is on disk is not certain: this handle takes no more.
    #[error("the store has stopped after an error: {0}. Nothing that was acknowledged is lost")]
    Stopped(String),
    /// There is no room on the disk.
    #[error("the disk of the store is full: nothing was written. Make room")]
    Full,
    /// A file would become larger than this process may make one.
    #[error(
        "a file of the store would become larger than the system lets this process make one: nothing was written. Raise the \
         limit (`prlimit --pid PID --fsize=unlimited` for a server that runs; LimitFSIZE= in the unit of systemd, `ulimit -f` \
         in a shell)"
    )]
    TooLarge,
    /// No file can be opened.
    #[error(
        "no file can be opened, for this process or the system has as many open as it may: raise the limit (`prlimit --pid PID \
         --nofile=N` for a server that runs; LimitNOFILE= in the unit of systemd, `ulimit -n` in a shell)"
    )]
    NoDescriptor,
    /// The disk fails.
    #[error(
        "the disk of the store fails (input/output error): nothing that was acknowledged is lost. `dmesg` says more; look after the \
         disk"
    )]
    DiskFails,
    /// The disk takes no writes.
    #[error(
        "{} {READ_ONLY}", path.display()
    )]
    ReadOnly {
        /// The folder.
        path: PathBuf,
    },
    /// What the server has open is not at its place any more.
    #[error("{}: {what}{}", path.display(), misplaced::rescued(rescue.as_deref()))]
    Moved {
        /// The place.
        path: PathBuf,
        /// What is found there.
        what: Misplaced,
        /// Where a file that was deleted can still be read.
        rescue: Option<PathBuf>,
    },
    /// What was opened does not hold what was acknowledged.
    #[error(
        "{} {NOT_OURS}", path.display()
    )]
    NotOurs {
        /// The folder.
        path: PathBuf,
    },
}

impl Error {
    /// What a client is told of failures that concern the operator alone.
    pub const UNTOLD: &'static str = "the server failed; its log has the reason";

    /// What a client may be told: why the server cannot do this now, without paths or the texts of libraries. Each of these
    /// wants a person, which is said: to ask again does not help before.
    pub fn told(&self) -> &'static str {
        match self {
            Self::Full => "the server's disk is full: nothing was changed; its operator has to make room",
            Self::ReadOnly { .. } => {
                "the server's disk takes no writes: nothing was changed; its operator has to look after it"
            }
            Self::DiskFails => "the server's disk fails: its operator has to look after it",
            Self::LockLost { .. } => {
                "the server has lost the lock on its store to another process or file: nothing was changed; its operator has to take that away"
            }
            Self::Moved { .. } | Self::NotOurs { .. } => {
                "the server's store is not in its place: nothing was changed; its operator has to put it back"
            }
            Self::TooLarge | Self::NoDescriptor => {
                "the server's system gives it too little: nothing was changed; its operator has to raise a limit"
            }
            _ => Self::UNTOLD,
        }
    }

    /// What is wrong and what to do, for `keystead ready`: without paths or the texts of libraries.
    pub fn for_operator(&self) -> String {
        match self {
            Self::Full | Self::TooLarge | Self::NoDescriptor | Self::DiskFails => self.in_service(),
            Self::ReadOnly { .. } => format!("the store {READ_ONLY}{}", self.heals()),
            Self::LockLost { .. } => format!("the lock of the store {LOCK_LOST}{}", self.heals()),
            Self::Moved { what, .. } => what.to_string(),
            Self::NotOurs { .. } => format!("the folder of the store {NOT_OURS}"),
            Self::File { why, .. } => {
                format!("a file of the store cannot be used: {why}. The log says which, and goes on to say so until it can")
            }
            Self::Stopped(_) => {
                "the store takes nothing after an error, which the log has; it is opened anew each second. Where that does not help, \
                 restart the server"
                    .to_owned()
            }
            _ => self.told().to_owned(),
        }
    }

    /// The error as it concerns a server that has the store open: with what goes on meanwhile, and how it ends.
    pub fn in_service(&self) -> String {
        format!("{self}{}", self.heals())
    }

    fn heals(&self) -> &'static str {
        match self {
            Self::Full | Self::ReadOnly { .. } => {
                ". Reads go on, and writes go on by themselves within seconds of it"
            }
            Self::TooLarge | Self::NoDescriptor | Self::DiskFails => {
                ". What is refused goes on by itself within seconds of it"
            }
            Self::LockLost { .. } => ". Reads go on, and writes go on by themselves when it can be taken",
            _ => "",
        }
    }

    /// The store of this folder is open in a process, which its lock names, if it does.
    pub(super) fn in_use(folder: &super::Folder, holder: Option<&str>) -> Self {
        let holder = holder.filter(|holder| !holder.is_empty()).unwrap_or("another process").to_owned();
        Self::InUse { path: folder.path().into(), holder }
    }

    /// Whether the store takes writes again by itself, once its cause is gone.
    pub fn is_passing(&self) -> bool {
        let of_the_disk =
            matches!(self, Self::Full | Self::TooLarge | Self::DiskFails | Self::ReadOnly { .. });
        let of_the_place = matches!(self, Self::Moved { .. } | Self::NotOurs { .. } | Self::LockLost { .. });
        of_the_disk || of_the_place || matches!(self, Self::NoDescriptor)
    }

    /// The error of a file operation, classified.
    pub(crate) fn of_file(path: &std::path::Path, why: &std::io::Error) -> Self {
        use rustix::io::Errno;
        use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        if let Some(NotRegular(found)) = regular::found(why) {
            return Self::WrongKind { path: path.into(), found, wanted: "regular file" };
        }
        match why.kind() {
            StorageFull | QuotaExceeded => Self::Full,
            FileTooLarge => Self::TooLarge,
            _ if Errno::from_io_error(why) == Some(Errno::IO) => Self::DiskFails,
            _ if [Some(Errno::MFILE), Some(Errno::NFILE)].contains(&Errno::from_io_error(why)) => {
                Self::NoDescriptor
            }
            ReadOnlyFilesystem => Self::ReadOnly { path: path.into() },
            _ => Self::File { path: path.into(), why: why.to_string() },
        }
    }
}

/// A symbolic link to nothing.
pub const LEADS_NOWHERE: &str = "a symbolic link that leads nowhere";

const READ_ONLY: &str = "is on a file system that is mounted read-only: nothing was written. Mount it for writing (`dmesg` says \
                         whether errors of the disk made it so)";

const LOCK_LOST: &str = "was taken away or exchanged while the server ran, and cannot be taken again: another process holds what is \
                         in its place, or that is no file. The log says which";

const NOT_OURS: &str = "does not hold what this server last committed: it is another store or an old copy of this one, and nothing \
                        is written to it. Put back the file that was here, or stop the server and start it on this one";

fn touched(untouched: bool) -> &'static str {
    if untouched { "Nothing was written to it." } else { "The attempt to open it may have written to it." }
}
