//! The journal of reads: audit entries that are with the operating system before the answer leaves, and in the audit's blocks about
//! a second later.
//!
//! A read must not wait for the disk's sync, and no key may leave unrecorded. So its entry is written to an
//! append-only file, which survives the death of this process; from there the writer takes the entries into a
//! block, in a durable commit that also notes which file is done. A file is a segment with a number; a frame in it is
//! length, checksum and entry. A torn frame at the end was never acknowledged and is left out.
//!
//! Whoever answers writes by itself, all that waits: what other requests that are ready to run put into the buffer before, and what came
//! while one was writing goes with the next write. While a
//! segment is taken in, reads go on in the next. Segments are taken in one by one, in order: what the store notes
//! is the last one that is done. While the store takes no writes they stay where they are, and when the disk has no
//! room for the next one, it lies in the reserve.

mod deferred;
mod drain;
mod files;
mod frame;
mod segment;
mod spare;

use super::Error;
use super::folder::Folder;
use super::writer::Writer;
use deferred::Deferred;
pub use deferred::Seen;
use drain::Drain;
use files::{Ended, Files};
use keystead_records::audit::Entries;
use keystead_records::keyspace::Kind;
use parking_lot::{Condvar, Mutex, MutexGuard};
use segment::Segment;
pub use segment::{RESERVE, is_piece, is_segment};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

/// Which segment was taken into the audit last.
pub const DRAINED_KEY: &[u8] = Kind::Drained.prefix();

/// What became of a write, for those who wait for it.
type Written = Arc<OnceLock<Result<(), Error>>>;

/// What is to be written next.
#[derive(Default)]
struct Pending {
    frames: Vec<u8>,
    /// Where those hear what came of it whose it is.
    written: Option<Written>,
}

/// What all ways to the journal share.
struct Shared {
    pending: Mutex<Pending>,
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
    /// the same time: whoever is ready to run on this runtime comes before the write. They are written also where nobody awaits it any
    /// more.
    pub async fn record(&self, entries: Entries) -> Result<(), Error> {
        let waiting = self.wait_in_line(entries);
        tokio::task::yield_now().await;
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
        frame::put_checksums(&mut frames);
        let mut pending = self.0.pending.lock();
        pending.frames.extend_from_slice(&frames);
        Waiting { shared: &self.0, outcome: Arc::clone(pending.written.get_or_insert_default()) }
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
    /// Writes all that waits with one write, and tells those who wait before anybody else can write; wakes the drain where it has
    /// something to wait for.
    fn write_pending(&self, mut files: MutexGuard<'_, Files>) -> Result<(), Error> {
        let Pending { frames, written } = std::mem::take(&mut *self.pending.lock());
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

/// The journal while it is open. Dropping it takes in what there is.
pub struct Journal {
    appender: Appender,
    thread: Option<JoinHandle<()>>,
}

impl Journal {
    /// Takes leftover segments into the audit (`drained` is what the store holds under [`DRAINED_KEY`]), and starts the
    /// thread that takes in those to come.
    pub fn start(folder: &Folder, drained: Option<Vec<u8>>, writer: Writer) -> Result<Self, Error> {
        let deferred = Arc::<Deferred>::default();
        let (last, left) = recover(folder, taken_in(drained), &writer, &deferred)?;
        let files = Mutex::new(Files::new(folder, last + 1, left, &deferred));
        let shared = Arc::new(Shared { pending: Mutex::default(), files, deferred, wake: Condvar::new() });
        let drain = Drain { shared: Arc::clone(&shared), writer, hand: None, rest_until: None };
        let thread = std::thread::Builder::new().name("journal".to_owned()).spawn(move || drain.run());
        let thread = thread.map_err(|error| Error::Engine(error.to_string()))?;
        Ok(Self { appender: Appender(shared), thread: Some(thread) })
    }

    /// A way to it.
    pub fn appender(&self) -> &Appender {
        &self.appender
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.appender.0.files.lock().closing = true;
        self.appender.0.wake.notify_one();
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// The segment that was taken in last, of what the store holds under [`DRAINED_KEY`]. A number that no segment comes to have says
/// nothing: the numbers begin again.
pub fn taken_in(value: Option<Vec<u8>>) -> u64 {
    let number = value.and_then(|value| value.try_into().ok()).map_or(0, u64::from_be_bytes);
    if number < segment::NUMBER_MAX { number } else { 0 }
}

/// A segment as it is found.
#[derive(Debug)]
pub struct Found {
    /// Where.
    pub path: PathBuf,
    /// How many entries it holds.
    pub entries: usize,
    /// How many bytes of it cannot be read.
    pub damaged_bytes: usize,
}

/// The segments in a folder. Nothing is written.
pub fn read(folder: &Path) -> Result<Vec<Found>, Error> {
    let folder = Folder::open(folder).map_err(|why| Error::of_file(folder, &why))?;
    segment::all(&folder)?.into_iter().map(|number| segment::read(&folder, number)).collect()
}

/// Takes in the segments that the audit does not have yet; returns the highest number seen, and the segments
/// that the store takes later: its disk is full.
fn recover(
    folder: &Folder,
    done: u64,
    writer: &Writer,
    deferred: &Deferred,
) -> Result<(u64, VecDeque<Ended>), Error> {
    let (mut last, mut left) = (done, VecDeque::new());
    for number in segment::all(folder)? {
        let number = Segment::renumbered(folder, number, last)?;
        last = last.max(number);
        let segment = Segment::found(folder, number)?;
        if number > done {
            tracing::info!(segment = number, "taking the journal of reads into the audit");
            let taken = match left.is_empty() {
                true => drain::take_in(writer, &segment, None),
                false => Err(Error::Full),
            };
            match taken {
                Ok(()) => {}
                Err(Error::Full) => {
                    let mut rows = None;
                    deferred.note(&mut rows, &segment.entries()?.without_entries().into_frames());
                    left.push_back(Ended { segment, frames: None, rows });
                    continue;
                }
                Err(error) => return Err(error),
            }
        }
        segment.delete();
    }
    Ok((last, left))
}
