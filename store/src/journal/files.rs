//! The files that reads are entered in: the segment that is being written, those that have ended, and room for more.

use super::deferred::{Deferred, OfSegment};
use super::segment::{self, Reserve, Segment};
use super::spare::Spares;
use crate::folder::Folder;
use crate::{Error, Misplaced};
use std::collections::VecDeque;
use std::fs::File;
use std::sync::Arc;

/// A segment that takes no more entries.
pub struct Ended {
    pub segment: Segment,
    /// Its frames, while they need not be read.
    pub frames: Option<Vec<u8>>,
    /// The deferred rows among them, if there are any.
    pub rows: Option<Arc<OfSegment>>,
}

/// All of it, behind one lock.
pub struct Files {
    folder: Folder,
    /// The number of the next segment.
    number: u64,
    /// The segment that is being written, and its frames.
    pub(super) current: Option<Segment>,
    pub(super) frames: Vec<u8>,
    /// The deferred rows among them.
    pub(super) rows: Option<Arc<OfSegment>>,
    pub(super) deferred: Arc<Deferred>,
    /// What is to be taken in, in order.
    pub ended: VecDeque<Ended>,
    pub reserve: Reserve,
    pub spares: Spares,
    /// Why nothing is taken, while it is not: for the log.
    pub(super) failed: Option<Error>,
    /// Whether nobody will write any more.
    pub closing: bool,
}

/// What a segment is made of: outside of the lock, if there is time.
pub struct Blank {
    folder: Folder,
    spare: Option<(File, String)>,
    number: u64,
}

impl Blank {
    pub fn make(self) -> Result<Segment, Error> {
        let Self { folder, spare, number } = self;
        let spare = spare.filter(|(file, _)| file.set_len(0).is_ok());
        let made = spare.and_then(|(file, from)| Segment::from_file(&folder, file, &from, number).ok());
        made.map_or_else(|| Segment::create(&folder, number), Ok)
    }
}

impl Files {
    pub fn new(folder: &Folder, number: u64, ended: VecDeque<Ended>, deferred: &Arc<Deferred>) -> Self {
        Self {
            folder: folder.clone(),
            number,
            current: None,
            frames: Vec::new(),
            rows: None,
            deferred: Arc::clone(deferred),
            ended,
            reserve: Reserve::of(folder),
            spares: Spares::of(folder),
            failed: None,
            closing: false,
        }
    }

    /// Appends to a new segment in the place of the one that failed, or to one in the reserve; to none while the folder is not in its
    /// place, for a start on whatever is there instead would not find it.
    pub(super) fn append_elsewhere(&mut self, frames: &[u8], failed: Error) -> Result<(), Error> {
        if !is_of_the_segment(&failed) {
            // Another segment would be in no better place.
            return Err(failed);
        }
        let next = match failed {
            Error::Full => {
                self.pass_over_others();
                let reserved = self.reserve.take(self.number).ok_or(failed);
                reserved.and_then(|reserved| reserved).inspect(|_| self.number += 1)
            }
            // The segment was deleted, its entries are known here and go on in a new one; or it may not grow.
            Error::Moved { .. } | Error::TooLarge => self.blank().make(),
            _ => Err(failed),
        };
        let (next, result) = match next {
            Ok(next) => (Some(next), Ok(())),
            Err(error) => (None, Err(error)),
        };
        self.end_current(next);
        result?;
        self.append_to_current(frames)
    }

    /// What the next segment is made of.
    pub fn blank(&mut self) -> Blank {
        self.pass_over_others();
        let number = self.number;
        self.number += 1;
        Blank { folder: self.folder.clone(), spare: self.spares.take(), number }
    }

    /// Goes on to a number whose file nobody else has made.
    fn pass_over_others(&mut self) {
        while segment::is_there(&self.folder, self.number) {
            self.number += 1;
        }
    }

    /// Whether a segment is the last that has got a number.
    pub fn is_last(&self, segment: &Segment) -> bool {
        segment.number + 1 == self.number
    }

    /// Ends the segment that is being written, and goes on in the next, if there is one.
    pub fn end_current(&mut self, next: Option<Segment>) {
        let (frames, rows) = (std::mem::take(&mut self.frames), self.rows.take());
        let ended = std::mem::replace(&mut self.current, next);
        let Some(segment) = ended else { return };
        // While the store takes no writes there may be many: they are read again when their time comes. What was deleted cannot
        // be read.
        let keeps = self.ended.is_empty() || segment.must_be_there().is_err();
        self.ended.push_back(Ended { segment, frames: keeps.then_some(frames), rows });
    }
}

/// Whether an error is of the segment that was to be written, or of its disk, and not of the place of the whole folder.
fn is_of_the_segment(error: &Error) -> bool {
    !matches!(error, Error::Moved { what, .. } if *what != Misplaced::SegmentGone)
}
