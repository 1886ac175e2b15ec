//! The journal of reads: audit entries that are with the operating system before the answer leaves, and in the audit's blocks about
//! a second later.
//!
//! A read must not wait for the disk's sync, and no key may leave unrecorded. So its entry is written to an
//! append-only file, which survives the death of this process; from there the writer takes the entries into a
//! block, in a durable commit that also notes which file is done. A file is a segment with a number; a frame in it is
//! length, checksum and entry. A torn frame at the end was never acknowledged and is left out.
//!
//! Whoever answers writes by itself, all that waits: what other requests that are ready to run put into the buffer before, where there
//! are any; what came while one was writing goes with the next write. While a segment is taken in, reads go on in the next. Segments are taken in one by one, in order: what the store notes
//! is the last one that is done. While the store takes no writes they stay where they are, and when the disk has no
//! room for the next one, it lies in the reserve.

mod deferred;
mod drain;
mod files;
mod frame;
mod open;
mod segment;
mod spare;

use super::folder::Identity;
use super::{Error, Misplaced};
use deferred::Deferred;
pub use deferred::Seen;
use files::Files;
use keystead_records::audit::{Entries, HEAD_BYTES};
use keystead_records::keyspace::Kind;
pub use open::{Journal, read, taken_in};
use parking_lot::{Condvar, Mutex, MutexGuard};
use segment::{BYTES_MAX, OVER, PIECE_BYTES, Segment};
pub use segment::{RESERVE, is_piece, is_segment};
use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

/// Which segment was taken into the audit last.
pub const DRAINED_KEY: &[u8] = Kind::Drained.prefix();

/// After how many writes in a row for one request each it is not waited for others; and how often it is tried then whether they come.
const ALONE: u32 = 8;

/// What became of a write, for those who wait for it.
type Written = Arc<OnceLock<Result<(), Error>>>;

/// What is to be written next.
#[derive(Default)]
struct Pending {
    frames: Vec<u8>,
    /// Of how many requests.
    count: usize,
    /// Where those hear what came of it whose it is.
    written: Option<Written>,
}

/// What all ways to the journal share.
struct Shared {
    pending: Mutex<Pending>,
    /// How many writes in a row were for one request.
    alone: AtomicU32,
    files: Mutex<Files>,
    deferred: Arc<Deferred>,
    /// Wakes the drain; goes with `files`.
    wake: Condvar,
}

/// A way to the journal.
#[derive(Clone)]
pub struct Appender(Arc<Shared>);

impl Appender {
    /// Records entries; when this returns they survive the death of the process. They are written together with what others record at
    /// the same time: where there are others, whoever is ready to run on this runtime comes before the write. They are written also
    /// where nobody awaits it any more.
    pub async fn record(&self, entries: Entries) -> Result<(), Error> {
        let waiting = self.wait_in_line(entries);
        if self.0.is_worth_waiting() {
            tokio::task::yield_now().await;
        }
        waiting.written()
    }

    /// The same from a thread that may block. None at all shows that some would be recorded.
    pub fn record_blocking(&self, entries: Entries) -> Result<(), Error> {
        self.wait_in_line(entries).written()
    }

    fn wait_in_line(&self, entries: Entries) -> Waiting<'_> {
        let mut frames = entries.into_frames();
        if frames.is_empty() {
            frames = frame::nothing();
        }
        put_checksums(&mut frames);
        let mut pending = self.0.pending.lock();
        pending.frames.extend_from_slice(&frames);
        pending.count += 1;
        Waiting { shared: &self.0, outcome: Arc::clone(pending.written.get_or_insert_default()) }
    }
}

impl Journal {
    /// A way to it.
    pub fn appender(&self) -> &Appender {
        &self.appender
    }
}

/// Entries among those that are to be written next.
struct Waiting<'a> {
    shared: &'a Shared,
    outcome: Written,
}

impl Waiting<'_> {
    /// What came of the write, which is done now where nobody else has done it.
    fn written(&self) -> Result<(), Error> {
        if let Some(result) = self.outcome.get() {
            return result.clone();
        }
        let files = self.shared.files.lock();
        match self.outcome.get() {
            Some(result) => result.clone(),
            None => self.shared.write_pending(files),
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let _ = self.written();
    }
}

impl Appender {
    /// The deferred rows that are in the journal, and not in a snapshot of the store that is taken after this.
    pub fn deferred(&self) -> Seen {
        self.0.deferred.seen()
    }
}

impl Shared {
    /// Whether others may come before the next write: one of the last was for several, or it is time to look again.
    fn is_worth_waiting(&self) -> bool {
        let alone = self.alone.load(Ordering::Relaxed);
        alone < ALONE || alone.is_multiple_of(ALONE)
    }

    /// Writes all that waits with one write, and tells those who wait before anybody else can write; wakes the drain where it has
    /// something to wait for.
    fn write_pending(&self, mut files: MutexGuard<'_, Files>) -> Result<(), Error> {
        let Pending { frames, count, written } = std::mem::take(&mut *self.pending.lock());
        let alone = if count > 1 { 0 } else { self.alone.load(Ordering::Relaxed).wrapping_add(1) };
        self.alone.store(alone, Ordering::Relaxed);
        let state = |files: &Files| files.current().map(|segment| (segment.number, segment.is_full()));
        let before = state(&files);
        let result = files.write(&frames);
        if let Some(written) = written {
            let _ = written.set(result.clone());
        }
        let after = state(&files);
        drop(files);
        if before != after {
            self.wake.notify_one();
        }
        self.use_again(frames);
        result
    }

    /// The memory of what is written is used again.
    fn use_again(&self, mut frames: Vec<u8>) {
        let mut pending = self.pending.lock();
        if pending.frames.capacity() == 0 {
            frames.clear();
            pending.frames = frames;
        }
    }
}

impl Files {
    /// Writes frames with one write; they are with the operating system when it returns.
    pub fn write(&mut self, frames: &[u8]) -> Result<(), Error> {
        let written = self.append(frames);
        if written.is_ok() {
            self.frames.extend_from_slice(frames);
            self.deferred.note(&mut self.rows, frames);
        }
        self.note(&written);
        written
    }

    /// Appends to the segment that is being written, or to another one.
    fn append(&mut self, frames: &[u8]) -> Result<(), Error> {
        if self.current.as_ref().is_some_and(Segment::is_overfull) {
            let next = self.blank().make()?;
            self.end_current(Some(next));
        }
        match self.append_to_current(frames) {
            Ok(()) => Ok(()),
            Err(failed) => self.append_elsewhere(frames, failed),
        }
    }

    fn append_to_current(&mut self, frames: &[u8]) -> Result<(), Error> {
        if self.current.is_none() {
            let next = self.blank().make()?;
            self.current = Some(next);
        }
        self.current.as_mut().map_or(Ok(()), |current| current.append(frames))
    }

    /// The segment that is being written, if there is one.
    pub fn current(&self) -> Option<&Segment> {
        self.current.as_ref()
    }

    /// The log has it when reads are refused, and when they are taken again.
    fn note(&mut self, written: &Result<(), Error>) {
        match (written, &self.failed) {
            (Ok(()), Some(_)) => {
                tracing::info!("the journal of reads takes entries again");
                self.failed = None;
            }
            (Err(error), before) if before.as_ref() != Some(error) => {
                tracing::error!(
                    error = error.in_service(),
                    "the journal of reads takes no entries: reads are refused"
                );
                self.failed = Some(error.clone());
            }
            _ => {}
        }
    }
}

impl Segment {
    /// Appends with one write, and looks whether it is in its place: then the next start finds the frames. What a write that failed
    /// has left is cut off, or written over by the next.
    pub fn append(&mut self, frames: &[u8]) -> Result<(), Error> {
        let written = self.file.write_all_at(frames, self.length);
        let written = written.map_err(|why| Error::of_file(&self.path, &why));
        let appended = written.and_then(|()| self.must_be_in_place());
        match appended {
            Ok(()) => self.length += frames.len() as u64,
            Err(_) if self.reserved => {}
            Err(_) => drop(self.file.set_len(self.length)),
        }
        appended
    }

    /// Fails where the next start would not find it: its folder is not in its place, or it is not in the folder. One look tells where
    /// all is well.
    fn must_be_in_place(&self) -> Result<(), Error> {
        let found = Identity::at(&self.path);
        if matches!(found, Ok(Some(_))) && found.as_ref().ok() == Some(&self.identity) {
            return Ok(());
        }
        self.folder.must_be_in_place()?;
        match found {
            Ok(_) => {
                Err(Error::Moved { path: self.path.clone(), what: Misplaced::SegmentGone, rescue: None })
            }
            // Its folder may not be looked into, which takes nothing away.
            Err(_) => self.must_be_there(),
        }
    }

    /// Whether it is as large as a segment gets.
    pub fn is_full(&self) -> bool {
        self.length >= if self.reserved { PIECE_BYTES } else { BYTES_MAX }
    }

    /// Whether it is larger than one gets even where there is no other.
    pub fn is_overfull(&self) -> bool {
        self.length >= BYTES_MAX * u64::from(OVER)
    }
}

/// Where the checksum of a frame stands.
const CHECKSUM: std::ops::Range<usize> = 4..HEAD_BYTES;

/// Puts the checksum into each of these frames.
pub fn put_checksums(frames: &mut [u8]) {
    let mut rest = frames;
    while let Some((head, after)) = rest.split_first_chunk_mut::<HEAD_BYTES>() {
        let [a, b, c, d, ..] = *head;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let Some((body, after)) = after.split_at_mut_checked(length) else { return };
        if let Some(place) = head.get_mut(CHECKSUM) {
            place.copy_from_slice(&checksum_of(body));
        }
        rest = after;
    }
}

/// The first 8 bytes of the SHA-256: against torn writes, not against people.
fn checksum_of(body: &[u8]) -> [u8; 8] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body);
    digest.as_ref().first_chunk::<8>().copied().unwrap_or_default()
}
