//! The files of the journal: segments, which are written one behind the other, and the reserve, room on the disk for
//! those that are written when it is full.

use super::frame;
use crate::audit::Entry;
use crate::store::{Error, room};
use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A segment is ended at this size.
pub const BYTES_MAX: u64 = 512 * 1024;

/// The fewest and the most pieces of the reserve, each as large as a segment.
const PIECES: (u64, u64) = (4, 32);

/// The folder of the reserve, in that of the store.
const RESERVE: &str = "reserve";

/// What is left to others at least when the reserve is filled.
const LEFT_BYTES: u64 = 4 * 1024 * 1024;

/// The part of the file system that the reserve takes at most, one in so many.
const PART: u64 = 64;

/// A file of frames.
pub struct Segment {
    file: File,
    /// Where it lies.
    pub path: PathBuf,
    /// Its number: segments are taken into the chain in this order.
    pub number: u64,
    /// Since when.
    pub since: Instant,
    length: u64,
    reserved: bool,
}

impl Segment {
    /// A new segment.
    pub fn create(folder: &Path, number: u64) -> Result<Self, Error> {
        let path = path(folder, number);
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path);
        let file = file.map_err(|why| Error::of_file(&path, &why))?;
        Ok(Self { file, path, number, since: Instant::now(), length: 0, reserved: false })
    }

    /// A segment that an earlier run left.
    pub fn found(path: PathBuf, number: u64) -> Result<Self, Error> {
        let opened = OpenOptions::new().read(true).write(true).open(&path);
        let length = |file: &File| file.metadata().map(|file| file.len());
        let opened = opened.and_then(|file| Ok((length(&file)?, file)));
        let (length, file) = opened.map_err(|why| Error::of_file(&path, &why))?;
        Ok(Self { file, path, number, since: Instant::now(), length, reserved: false })
    }

    /// Appends with one write. What a write that failed has left is cut off, or written over by the next.
    pub fn append(&mut self, frames: &[u8]) -> Result<(), Error> {
        let failed = |why: &std::io::Error| Error::of_file(&self.path, why);
        if self.file.metadata().map_err(|why| failed(&why))?.nlink() == 0 {
            let what = "the segment of the journal of reads was deleted".to_owned();
            return Err(Error::Moved { path: self.path.clone(), what });
        }
        if let Err(why) = self.file.write_all_at(frames, self.length) {
            if !self.reserved {
                let _ = self.file.set_len(self.length);
            }
            return Err(failed(&why));
        }
        self.length += frames.len() as u64;
        Ok(())
    }

    /// Whether it is as large as a segment gets.
    pub fn is_full(&self) -> bool {
        self.length >= BYTES_MAX
    }

    /// Whether nothing was written to it.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Its entries. Where some of it is no frame, a copy is kept aside and the log says so.
    pub fn entries(&self) -> Result<Vec<Entry>, Error> {
        let mut bytes = Vec::new();
        let mut file = &self.file;
        let read = std::io::Seek::rewind(&mut file).and_then(|()| file.read_to_end(&mut bytes));
        read.map_err(|why| Error::of_file(&self.path, &why))?;
        let read = frame::read(&bytes);
        if read.damaged_bytes > 0 {
            let aside = self.path.with_file_name(format!("damaged-reads-{}", self.number));
            let kept = std::fs::copy(&self.path, &aside).is_ok();
            tracing::error!(segment = %self.path.display(), damaged_bytes = read.damaged_bytes, aside = %aside.display(), kept,
                "a part of the journal of reads cannot be read: entries of reads are missing in the audit; the rest is taken in");
        }
        Ok(read.entries)
    }

    /// Deletes the file.
    pub fn delete(self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(file = %self.path.display(), %error, "a journal segment that is done could not be deleted");
        }
    }
}

fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("reads-{number}"))
}

/// The segments in a folder, in order.
pub fn all(folder: &Path) -> Result<Vec<(u64, PathBuf)>, Error> {
    let failed = |why: std::io::Error| Error::of_file(folder, &why);
    let mut segments: Vec<(u64, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        segments.extend(name.strip_prefix("reads-").and_then(|n| n.parse().ok()).map(|n| (n, path.clone())));
    }
    segments.sort();
    Ok(segments)
}

/// Room on the disk for segments that are written when it is full: files whose blocks are allocated.
pub struct Reserve {
    folder: PathBuf,
    /// How many files are allocated: those numbered below. None is kept open, since descriptors are for connections.
    pieces: u64,
    wanted: u64,
}

impl Reserve {
    /// As much of the disk as is right for its size.
    pub fn of(folder: &Path) -> Self {
        let total = room::of(folder).map_or(u64::MAX, |(total, _)| total);
        let wanted = (total / PART / BYTES_MAX).clamp(PIECES.0, PIECES.1);
        let mut reserve = Self { folder: folder.into(), pieces: 0, wanted };
        reserve.fill();
        reserve
    }

    fn piece(&self, number: u64) -> PathBuf {
        self.folder.join(RESERVE).join(number.to_string())
    }

    /// Allocates what is missing, while that leaves others as much room again.
    pub fn fill(&mut self) {
        let _ = std::fs::DirBuilder::new().mode(0o700).create(self.folder.join(RESERVE));
        while self.pieces < self.wanted {
            let has_room = room::of(&self.folder).is_none_or(|(_, free)| free > LEFT_BYTES);
            let file = open_piece(&self.piece(self.pieces), true);
            if !file.is_ok_and(|file| is_allocated(&file) || (has_room && allocate(&file))) {
                return;
            }
            self.pieces += 1;
        }
    }

    /// How many reads may still be entered on a full disk, in bytes of their entries.
    pub fn bytes(&self) -> u64 {
        self.pieces * BYTES_MAX
    }

    /// A segment in reserved room.
    pub fn take(&mut self, number: u64) -> Option<Result<Segment, Error>> {
        self.pieces = self.pieces.checked_sub(1)?;
        let (from, path) = (self.piece(self.pieces), path(&self.folder, number));
        let opened = open_piece(&from, false).and_then(|file| std::fs::rename(&from, &path).map(|()| file));
        Some(opened.map_err(|why| Error::of_file(&from, &why)).map(|file| Segment {
            file,
            path,
            number,
            since: Instant::now(),
            length: 0,
            reserved: true,
        }))
    }
}

fn open_piece(path: &Path, create: bool) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create(create).truncate(false).mode(0o600).open(path)
}

fn is_allocated(file: &File) -> bool {
    file.metadata().is_ok_and(|file| file.len() == 0 && file.blocks() * 512 >= BYTES_MAX)
}

/// Allocates the blocks without making the file longer.
fn allocate(file: &File) -> bool {
    let keep = rustix::fs::FallocateFlags::KEEP_SIZE;
    // Some room over: the last frames of a segment may go beyond its size.
    file.set_len(0).is_ok() && rustix::fs::fallocate(file, keep, 0, BYTES_MAX + BYTES_MAX / 4).is_ok()
}
