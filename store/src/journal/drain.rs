//! The thread that takes segments into the audit, one by one, in order. Reads go on meanwhile.

use super::Shared;
use super::files::{Ended, Files};
use super::frame;
use super::segment::Segment;
use crate::writer::Writer;
use crate::{Error, Transaction};
use keystead_records::audit::Body;
use parking_lot::MutexGuard;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long an entry may be in the journal alone.
const DRAIN_AFTER: Duration = Duration::from_secs(1);

/// How long after a drain that failed none is tried.
const REST: Duration = Duration::from_secs(1);

pub struct Drain {
    pub shared: Arc<Shared>,
    pub writer: Writer,
    /// What is being taken in.
    pub hand: Option<Ended>,
    pub rest_until: Option<Instant>,
}

impl Drain {
    /// Ends when nobody writes any more, and all is taken in that can be; what cannot is kept for the next start.
    pub fn run(mut self) {
        loop {
            let is_closing = self.wait();
            self.take_next(is_closing);
            let Some(ended) = self.hand.take() else {
                if is_closing {
                    return;
                }
                continue;
            };
            match take_in(&self.writer, &ended.segment, ended.frames.as_deref()) {
                Ok(()) => self.done(ended),
                Err(error) => {
                    self.failed(&error);
                    self.hand = Some(ended);
                    if is_closing {
                        return;
                    }
                }
            }
        }
    }

    /// Waits until there is something to do; says whether nobody writes any more.
    fn wait(&self) -> bool {
        let mut files = self.shared.files.lock();
        while !files.closing {
            match self.due(&files) {
                None => self.shared.wake.wait(&mut files),
                Some(due) if due <= Instant::now() => break,
                Some(due) => drop(self.shared.wake.wait_until(&mut files, due)),
            }
        }
        files.closing
    }

    /// When something is to be done.
    fn due(&self, files: &Files) -> Option<Instant> {
        let now = Instant::now();
        let first = match files.current() {
            _ if self.hand.is_some() || !files.ended.is_empty() => now,
            Some(current) if current.is_full() => now,
            Some(current) => current.since + DRAIN_AFTER,
            None => return None,
        };
        Some(self.rest_until.map_or(first, |until| until.max(first)))
    }

    /// Takes the first segment that has ended in hand; ends the one that is being written, where there is none.
    fn take_next(&mut self, is_closing: bool) {
        if self.hand.is_some() {
            return;
        }
        let shared = Arc::clone(&self.shared);
        let mut files = shared.files.lock();
        if files.ended.is_empty() {
            files = end_current(&shared, files, is_closing);
        }
        self.hand = files.ended.pop_front();
        drop(files);
        if self.hand.is_none() {
            self.rest_until = Some(Instant::now() + REST);
        }
    }

    fn done(&mut self, Ended { segment, rows, .. }: Ended) {
        if let Some(rows) = rows {
            self.shared.deferred.end(&rows);
        }
        let name = self.shared.files.lock().spares.missing();
        let kept = match name {
            Some(name) => segment.into_file(&name).map(|file| (file, name)),
            None => {
                segment.delete();
                None
            }
        };
        let mut files = self.shared.files.lock();
        if let Some((file, name)) = kept {
            files.spares.put(file, &name);
        }
        files.reserve.fill();
        self.rest_until = None;
    }

    fn failed(&mut self, error: &Error) {
        if self.rest_until.is_none() {
            let left = self.shared.files.lock().reserve.bytes();
            tracing::error!(
                error = error.in_service(),
                left,
                "the journal of reads is not taken into the audit; it is kept, and tried again"
            );
        }
        self.rest_until = Some(Instant::now() + REST);
    }
}

/// While many read, the next segment is made before the one ends, outside of the lock: no read waits for a file.
fn end_current<'s>(
    shared: &'s Shared,
    mut files: MutexGuard<'s, Files>,
    is_closing: bool,
) -> MutexGuard<'s, Files> {
    if is_closing || !files.current().is_some_and(Segment::is_busy) {
        files.end_current(None);
        return files;
    }
    let blank = files.blank();
    drop(files);
    let next = blank.make();
    let mut files = shared.files.lock();
    match next {
        // Segments are taken in by their numbers: one that was made meanwhile goes first.
        Ok(next) if files.is_last(&next) => files.end_current(Some(next)),
        Ok(next) => next.delete(),
        // No file can be opened: it goes on in this one, until that is too large.
        Err(error) => tracing::debug!(%error, "no segment can be made: the journal goes on in the same one"),
    }
    files
}

/// Takes a segment into the audit, and its deferred rows into the store: makes its block, and waits for the commit.
pub fn take_in(writer: &Writer, segment: &Segment, frames: Option<&[u8]>) -> Result<(), Error> {
    let entries = match frames {
        Some(frames) => frame::read(frames).entries,
        None => segment.entries()?,
    };
    if entries.is_empty() {
        return Ok(());
    }
    let bodies = Body::of(&entries);
    writer
        .submit_blocking(Transaction::default(), entries.without_entries(), Some((segment.number, bodies)))
        .map(drop)
}
