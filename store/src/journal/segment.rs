//! The files of the journal: segments, which are written one behind the other, and the reserve, room on the disk for
//! those that are written when it is full.

use super::frame;
use super::open::Found;
use crate::folder::{Folder, Identity};
use crate::{Error, Misplaced, room};
use keystead_records::audit::Entries;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::PathBuf;
use std::time::Instant;

/// What the names of segments begin with.
const PREFIX: &str = "reads-";

/// A segment is ended at this size.
pub const BYTES_MAX: u64 = 1024 * 1024;

/// One in reserved room at this one.
pub const PIECE_BYTES: u64 = 512 * 1024;

/// One with so many bytes is followed by another at once.
const BUSY_BYTES: u64 = 64 * 1024;

/// How often as large one gets where there is no other to go on in.
pub const OVER: u32 = 8;

/// The fewest and the most pieces of the reserve.
const PIECES: (u64, u64) = (4, 32);

/// The folder of the reserve, in that of the store.
pub const RESERVE: &str = "reserve";

/// What is left to others at least when the reserve is filled.
const LEFT_BYTES: u64 = 4 * 1024 * 1024;

/// The part of the file system that the reserve takes at most, one in so many.
const PART: u64 = 64;

/// No segment comes to have such a number: they are numbered one by one.
pub const NUMBER_MAX: u64 = 1 << 62;

/// Segments that follow each other are not so far apart.
const GAP_MAX: u64 = 1 << 20;

/// A file of frames.
pub struct Segment {
    pub(super) file: File,
    /// Which file it is; unknown, it is in no place.
    pub(super) identity: Option<Identity>,
    pub(super) folder: Folder,
    name: String,
    /// Where it is to be found by the next start.
    pub(super) path: PathBuf,
    /// Its number: segments are taken into the audit in this order.
    pub number: u64,
    /// Since when.
    pub since: Instant,
    pub(super) length: u64,
    pub(super) reserved: bool,
}

impl Segment {
    /// A new segment.
    pub fn create(folder: &Folder, number: u64) -> Result<Self, Error> {
        let name = name(number);
        let file = folder.create(&name).map_err(|why| Error::of_file(&folder.at(&name), &why))?;
        Ok(Self::of(folder, file, number))
    }

    /// A segment that an earlier run left.
    pub fn found(folder: &Folder, number: u64) -> Result<Self, Error> {
        let name = name(number);
        let opened = folder.write(&name).and_then(|file| Ok((file.metadata()?.len(), file)));
        let (length, file) = opened.map_err(|why| Error::of_file(&folder.at(&name), &why))?;
        Ok(Self { length, ..Self::of(folder, file, number) })
    }

    /// An open and empty file of another name, which becomes a segment.
    pub fn from_file(folder: &Folder, file: File, from: &str, number: u64) -> Result<Self, Error> {
        folder.rename(from, &name(number)).map_err(|why| Error::of_file(&folder.at(from), &why))?;
        Ok(Self::of(folder, file, number))
    }

    /// Gives its file another name, emptied, for another segment. Where that is not possible, or it has reserved room, which is
    /// given back, it is deleted.
    pub fn into_file(self, to: &str) -> Option<File> {
        let is_empty = !self.reserved && self.file.set_len(0).is_ok();
        if is_empty && self.folder.rename(&self.name, to).is_ok() {
            return Some(self.file);
        }
        self.delete();
        None
    }

    /// Gives a segment that an earlier run left the next number behind this one, where its own cannot be right.
    pub fn renumbered(folder: &Folder, number: u64, last: u64) -> Result<u64, Error> {
        if number.saturating_sub(last) <= GAP_MAX {
            return Ok(number);
        }
        let (from, to) = (name(number), name(last + 1));
        folder.rename(&from, &to).map_err(|why| Error::of_file(&folder.at(&from), &why))?;
        tracing::warn!(file = %folder.at(&from).display(), "the number of this journal segment cannot be right: it is taken in as {to}");
        Ok(last + 1)
    }

    fn of(folder: &Folder, file: File, number: u64) -> Self {
        let (identity, name) = (Identity::of_file(&file).ok(), name(number));
        let (path, folder) = (folder.at(&name), folder.clone());
        Self { file, identity, folder, name, path, number, since: Instant::now(), length: 0, reserved: false }
    }

    /// Fails where its file was deleted.
    pub fn must_be_there(&self) -> Result<(), Error> {
        match self.file.metadata() {
            Ok(found) if found.nlink() == 0 => {
                Err(Error::Moved { path: self.path.clone(), what: Misplaced::SegmentGone, rescue: None })
            }
            Ok(_) => Ok(()),
            Err(why) => Err(Error::of_file(&self.path, &why)),
        }
    }

    /// Whether so much goes into it that the next is made before it ends.
    pub fn is_busy(&self) -> bool {
        self.length >= BUSY_BYTES
    }

    /// Its entries. Where some of it is no frame, a copy is kept aside and the log says so.
    pub fn entries(&self) -> Result<Entries, Error> {
        let mut bytes = Vec::new();
        let mut file = &self.file;
        let read = std::io::Seek::rewind(&mut file).and_then(|()| file.read_to_end(&mut bytes));
        read.map_err(|why| Error::of_file(&self.path, &why))?;
        let read = frame::read(&bytes);
        if read.damaged_bytes > 0 {
            let aside = format!("damaged-{PREFIX}{}", self.number);
            let copied = self.folder.write_or_create(&aside).and_then(|file| file.write_all_at(&bytes, 0));
            let (kept, aside) = (copied.is_ok(), self.folder.at(&aside));
            tracing::error!(segment = %self.path.display(), damaged_bytes = read.damaged_bytes, aside = %aside.display(), kept,
                "a part of the journal of reads cannot be read: entries of reads are missing in the audit; the rest is taken in");
        }
        Ok(read.entries)
    }

    /// Deletes the file.
    pub fn delete(self) {
        if let Err(error) = self.folder.remove(&self.name) {
            tracing::warn!(file = %self.path.display(), %error, "a journal segment that is done could not be deleted");
        }
    }
}

fn name(number: u64) -> String {
    format!("{PREFIX}{number}")
}

/// The number of a segment of this name; `None` where it is the name of none.
fn number(segment: &str) -> Option<u64> {
    let number = segment.strip_prefix(PREFIX)?.parse().ok()?;
    (name(number) == segment).then_some(number)
}

/// Whether there is anything in the place of this segment.
pub fn is_there(folder: &Folder, number: u64) -> bool {
    folder.has_entry(&name(number))
}

/// Whether it is the name of a segment.
pub fn is_segment(name: &str) -> bool {
    number(name).is_some()
}

/// Whether it is the name of a file in the folder of the reserve.
pub fn is_piece(name: &str) -> bool {
    let number = name.strip_prefix("spare-").unwrap_or(name);
    number.parse::<u64>().is_ok_and(|parsed| parsed.to_string() == number)
}

/// What is in a segment, without writing anything.
pub fn read(folder: &Folder, number: u64) -> Result<Found, Error> {
    let (path, mut bytes) = (folder.at(&name(number)), Vec::new());
    let read = folder.read(&name(number)).and_then(|mut file| file.read_to_end(&mut bytes));
    read.map_err(|why| Error::of_file(&path, &why))?;
    let read = frame::read(&bytes);
    Ok(Found { path, entries: read.entries.len(), damaged_bytes: read.damaged_bytes })
}

/// The numbers of the segments in a folder, in order.
pub fn all(folder: &Folder) -> Result<Vec<u64>, Error> {
    let names = folder.names().map_err(|why| Error::of_file(folder.path(), &why))?;
    let mut segments: Vec<u64> = names.iter().filter_map(|name| number(name)).collect();
    segments.sort_unstable();
    Ok(segments)
}

/// Room on the disk for segments that are written when it is full: files whose blocks are allocated.
pub struct Reserve {
    folder: Folder,
    /// How many files are allocated: those numbered below. None is kept open, since descriptors are for connections.
    pieces: u64,
    wanted: u64,
}

impl Reserve {
    /// As much of the disk as is right for its size.
    pub fn of(folder: &Folder) -> Self {
        let total = room::of(folder).map_or(u64::MAX, |(total, _)| total);
        let wanted = (total / PART / PIECE_BYTES).clamp(PIECES.0, PIECES.1);
        let mut reserve = Self { folder: folder.clone(), pieces: 0, wanted };
        reserve.fill();
        reserve
    }

    /// Allocates what is missing, while that leaves others as much room again.
    pub fn fill(&mut self) {
        let _ = self.folder.make_folder(RESERVE);
        while self.pieces < self.wanted {
            let has_room = room::of(&self.folder).is_none_or(|(_, free)| free > LEFT_BYTES);
            let file = self.folder.write_or_create(&piece(self.pieces));
            if !file.is_ok_and(|file| is_allocated(&file) || (has_room && allocate(&file))) {
                return;
            }
            self.pieces += 1;
        }
    }

    /// How many reads may still be entered on a full disk, in bytes of their entries.
    pub fn bytes(&self) -> u64 {
        self.pieces * PIECE_BYTES
    }

    /// A segment in reserved room.
    pub fn take(&mut self, number: u64) -> Option<Result<Segment, Error>> {
        self.pieces = self.pieces.checked_sub(1)?;
        let from = piece(self.pieces);
        let opened = self.folder.write(&from).map_err(|why| Error::of_file(&self.folder.at(&from), &why));
        let segment = opened.and_then(|file| Segment::from_file(&self.folder, file, &from, number));
        Some(segment.map(|segment| Segment { reserved: true, ..segment }))
    }
}

fn piece(number: u64) -> String {
    format!("{RESERVE}/{number}")
}

fn is_allocated(file: &File) -> bool {
    file.metadata().is_ok_and(|file| file.len() == 0 && file.blocks() * 512 >= PIECE_BYTES)
}

/// Allocates the blocks without making the file longer.
fn allocate(file: &File) -> bool {
    let keep = rustix::fs::FallocateFlags::KEEP_SIZE;
    // Some room over: the last frames of a segment may go beyond its size.
    file.set_len(0).is_ok() && rustix::fs::fallocate(file, keep, 0, PIECE_BYTES + PIECE_BYTES / 4).is_ok()
}
