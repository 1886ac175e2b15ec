//! The journal of reads: audit entries that are with the operating system before the answer leaves, and in the chain
//! within 50 ms.
//!
//! A read must not wait for the disk's sync, and no key may leave unrecorded. So its entry is written to an
//! append-only file, which survives the death of this process; from there the writer takes the entries into the one
//! chain, in a durable commit that also notes which file is done. A file is a segment with a number; a frame in it is
//! length, checksum and entry. A torn frame at the end was never acknowledged and is left out.
//!
//! While a segment is taken in, reads go on in the next. Segments are taken in one by one, in order: what the store notes
//! is the last one that is done. While the store takes no writes they stay where they are, and when the disk has no
//! room for the next one, it lies in the reserve.

mod frame;
mod segment;
mod spare;

use super::folder::Folder;
use super::writer::Writer;
use super::{Error, Outcome, Transaction};
use crate::audit::Entry;
use crate::keyspace::Kind;
pub use segment::{RESERVE, is_piece, is_segment};
use segment::{Reserve, Segment};
use spare::Spares;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep_until;

/// Which segment was taken into the chain last.
pub const DRAINED_KEY: &[u8] = Kind::Drained.prefix();

/// How long an entry may be in the journal alone.
const DRAIN_AFTER: Duration = Duration::from_millis(50);

/// How long after a drain that failed none is tried.
const REST: Duration = Duration::from_secs(1);

/// How many reads may wait for the journal.
const QUEUE_MAX: usize = 4096;

struct Request {
    entries: Vec<Entry>,
    reply: oneshot::Sender<Result<(), Error>>,
}

/// The way to the journal.
#[derive(Clone)]
pub struct Journal(mpsc::Sender<Request>);

impl Journal {
    /// Takes leftover segments into the chain (`drained` is what the store holds under [`DRAINED_KEY`]), and starts the
    /// journal's thread, which ends when the last way to it is dropped.
    pub fn start(
        folder: &Folder,
        drained: Option<Vec<u8>>,
        writer: Writer,
    ) -> Result<(Self, std::thread::JoinHandle<()>), Error> {
        let (last, left) = recover(folder, taken_in(drained), &writer)?;
        let state = State {
            folder: folder.clone(),
            writer,
            number: last + 1,
            current: None,
            entries: Vec::new(),
            ended: left,
            drain: None,
            rest_until: None,
            reserve: Reserve::of(folder),
            spares: Spares::of(folder),
            failed: None,
        };
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        let thread =
            std::thread::Builder::new().name("journal".to_owned()).spawn(move || state.run(receiver));
        Ok((Self(sender), thread.map_err(|error| Error::Engine(error.to_string()))?))
    }

    /// Records entries; when this returns they survive the death of the process. None at all shows that some would be.
    pub async fn record(&self, entries: Vec<Entry>) -> Result<(), Error> {
        let gone = |_| Error::Stopped("the journal has ended".to_owned());
        let (reply, answer) = oneshot::channel();
        self.0.send(Request { entries, reply }).await.map_err(|_| gone(()))?;
        answer.await.map_err(|_| gone(()))?
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

/// Appends the entries of segments that the chain does not have yet; returns the highest number seen, and the segments
/// that the store takes later: its disk is full.
fn recover(folder: &Folder, done: u64, writer: &Writer) -> Result<(u64, VecDeque<Ended>), Error> {
    let (mut last, mut left) = (done, VecDeque::new());
    for number in segment::all(folder)? {
        let number = Segment::renumbered(folder, number, last)?;
        last = last.max(number);
        let segment = Segment::found(folder, number)?;
        if number > done {
            let entries = segment.entries()?;
            tracing::info!(
                segment = number,
                entries = entries.len(),
                "taking the journal of reads into the audit"
            );
            let taken = match left.is_empty() {
                true => writer.submit_blocking(Transaction::default(), entries, Some(number)),
                false => Err(Error::Full),
            };
            match taken {
                Ok(_) => {}
                Err(Error::Full) => {
                    left.push_back(Ended { segment, entries: None });
                    continue;
                }
                Err(error) => return Err(error),
            }
        }
        segment.delete();
    }
    Ok((last, left))
}

/// A segment that takes no more entries.
struct Ended {
    segment: Segment,
    /// What it holds, while that need not be read.
    entries: Option<Vec<Entry>>,
}

type Drain = Pin<Box<dyn Future<Output = Result<Outcome, Error>> + Send>>;

struct State {
    folder: Folder,
    writer: Writer,
    /// The number of the next segment.
    number: u64,
    /// The segment that is being written, and what it holds.
    current: Option<Segment>,
    entries: Vec<Entry>,
    /// What is to be taken in, the first one perhaps under way.
    ended: VecDeque<Ended>,
    drain: Option<Drain>,
    rest_until: Option<Instant>,
    reserve: Reserve,
    spares: Spares,
    /// Why nothing is taken, while it is not: for the log.
    failed: Option<Error>,
}

impl State {
    fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_time().build() {
            Ok(runtime) => runtime,
            Err(error) => return tracing::error!(%error, "the journal of reads cannot start"),
        };
        runtime.block_on(async {
            let mut waiting = Vec::new();
            loop {
                let due = self.due();
                tokio::select! {
                    count = requests.recv_many(&mut waiting, 256) => match count {
                        0 => break,
                        _ => self.write(std::mem::take(&mut waiting)),
                    },
                    done = under_way(&mut self.drain) => self.drained(done),
                    () = sleep_until(due.unwrap_or_else(Instant::now).into()), if due.is_some() => {}
                }
                self.drain_what_is_due();
            }
            self.drain_all().await;
        });
    }

    /// When something is to be done without being asked.
    fn due(&self) -> Option<Instant> {
        if self.drain.is_some() {
            return None;
        }
        let first = if self.ended.is_empty() {
            self.current.as_ref().map(|segment| segment.since + DRAIN_AFTER)
        } else {
            Some(Instant::now())
        };
        first.map(|first| self.rest_until.map_or(first, |until| until.max(first)))
    }

    /// Writes all that waits with one write, then answers.
    fn write(&mut self, requests: Vec<Request>) {
        let mut frames = Vec::new();
        requests.iter().flat_map(|request| &request.entries).for_each(|entry| frame::put(entry, &mut frames));
        if frames.is_empty() {
            frame::put_nothing(&mut frames);
        }
        let written = self.append(&frames);
        self.note(&written);
        for request in requests {
            if written.is_ok() {
                self.entries.extend(request.entries);
            }
            let _ = request.reply.send(written.clone());
        }
    }

    /// Appends to the segment that is being written, or to a new one, or to one in the reserve; to none while the folder is
    /// not in its place, for a start on whatever is there instead would not find it.
    fn append(&mut self, frames: &[u8]) -> Result<(), Error> {
        self.folder.must_be_in_place()?;
        if self.current.as_ref().is_some_and(Segment::is_full) {
            match self.next() {
                Ok(next) => {
                    self.end_current();
                    self.current = Some(next);
                }
                // No file can be opened: it goes on in this one.
                Err(_) if !self.current.as_ref().is_some_and(Segment::is_overfull) => {}
                Err(error) => return Err(error),
            }
        }
        let failed = match self.append_to_current(frames) {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        self.end_current();
        self.current = Some(match failed {
            Error::Full => {
                self.pass_over_others();
                let reserved = self.reserve.take(self.number).ok_or(failed)??;
                self.number += 1;
                reserved
            }
            // The segment was deleted, its entries are known here and go on in a new one; or it may not grow.
            Error::Moved { .. } | Error::TooLarge => self.next()?,
            _ => return Err(failed),
        });
        self.append_to_current(frames)
    }

    fn append_to_current(&mut self, frames: &[u8]) -> Result<(), Error> {
        let segment = match self.current.take() {
            Some(segment) => segment,
            None => self.next()?,
        };
        self.current.insert(segment).append(frames)
    }

    /// A segment that nothing was written to.
    fn next(&mut self) -> Result<Segment, Error> {
        self.pass_over_others();
        let segment = match self.spares.take(self.number) {
            Some(segment) => segment,
            None => Segment::create(&self.folder, self.number)?,
        };
        self.number += 1;
        Ok(segment)
    }

    /// Goes on to a number whose file nobody else has made.
    fn pass_over_others(&mut self) {
        while segment::is_there(&self.folder, self.number) {
            self.number += 1;
        }
    }

    /// Ends the segment that is being written. One without a byte goes away.
    fn end_current(&mut self) {
        let entries = std::mem::take(&mut self.entries);
        match self.current.take() {
            Some(segment) if segment.is_empty() => self.spares.put(segment),
            // While the store takes no writes there may be many: they are read again when their time comes.
            Some(segment) => {
                let entries = self.ended.is_empty().then_some(entries);
                self.ended.push_back(Ended { segment, entries });
            }
            None => {}
        }
    }

    fn drain_what_is_due(&mut self) {
        let now = Instant::now();
        if self.drain.is_some() || self.rest_until.is_some_and(|until| now < until) {
            return;
        }
        let is_due = |segment: &Segment| segment.since + DRAIN_AFTER <= now;
        if self.ended.is_empty() && self.current.as_ref().is_some_and(is_due) {
            self.end_current();
        }
        self.begin_drain();
    }

    /// Hands the first segment that has ended to the writer.
    fn begin_drain(&mut self) {
        let Some(first) = self.ended.front_mut() else { return };
        let entries = match first.entries.take().map_or_else(|| first.segment.entries(), Ok) {
            Ok(entries) => entries,
            Err(error) => return self.drained(Err(error)),
        };
        let (writer, number) = (self.writer.clone(), first.segment.number);
        self.drain = Some(match entries.is_empty() {
            true => Box::pin(async { Ok(Outcome::Committed) }),
            false => {
                Box::pin(async move { writer.submit(Transaction::default(), entries, Some(number)).await })
            }
        });
    }

    fn drained(&mut self, done: Result<Outcome, Error>) {
        self.drain = None;
        match done {
            Ok(_) => {
                if let Some(first) = self.ended.pop_front() {
                    self.spares.put(first.segment);
                }
                self.rest_until = None;
                self.reserve.fill();
            }
            Err(error) => {
                if self.rest_until.is_none() {
                    let left = self.reserve.bytes();
                    let error = error.in_service();
                    tracing::error!(
                        error,
                        left,
                        "the journal of reads is not taken into the audit; it is kept, and tried again"
                    );
                }
                self.rest_until = Some(Instant::now() + REST);
            }
        }
    }

    /// Takes in what there is, at the end; what cannot be is kept for the next start.
    async fn drain_all(&mut self) {
        if let Some(drain) = self.drain.take() {
            let done = drain.await;
            self.drained(done);
        }
        self.end_current();
        while !self.ended.is_empty() {
            self.begin_drain();
            let Some(drain) = self.drain.take() else { return };
            let done = drain.await;
            let failed = done.is_err();
            self.drained(done);
            if failed {
                return;
            }
        }
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

/// The drain that is under way; never ready without one.
async fn under_way(drain: &mut Option<Drain>) -> Result<Outcome, Error> {
    match drain {
        Some(drain) => drain.await,
        None => std::future::pending().await,
    }
}
