//! The journal is opened: what an earlier run left is taken in.

use super::deferred::Deferred;
use super::drain::{self, Drain};
use super::files::{Ended, Files};
use super::segment::{self, Segment};
use super::{Appender, Shared};
use crate::Error;
use crate::folder::Folder;
use crate::writer::Writer;
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::thread::JoinHandle;

/// The journal while it is open. Dropping it takes in what there is.
pub struct Journal {
    pub(super) appender: Appender,
    thread: Option<JoinHandle<()>>,
}

impl Journal {
    /// Takes leftover segments into the audit (`drained` is what the store holds under [`DRAINED_KEY`]), and starts the
    /// thread that takes in those to come.
    pub fn start(folder: &Folder, drained: Option<Vec<u8>>, writer: Writer) -> Result<Self, Error> {
        let deferred = Arc::<Deferred>::default();
        let (last, left) = recover(folder, taken_in(drained), &writer, &deferred)?;
        let files = Mutex::new(Files::new(folder, last + 1, left, &deferred));
        let shared = Arc::new(Shared {
            pending: Mutex::default(),
            alone: AtomicU32::default(),
            files,
            deferred,
            wake: Condvar::new(),
        });
        let drain = Drain { shared: Arc::clone(&shared), writer, hand: None, rest_until: None };
        let thread = std::thread::Builder::new().name("journal".to_owned()).spawn(move || drain.run());
        let thread = thread.map_err(|error| Error::Engine(error.to_string()))?;
        Ok(Self { appender: Appender(shared), thread: Some(thread) })
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.appender.0.files.lock().closing = true;
        self.appender.0.wake.notify_one();
        let _ = self.thread.take().map(JoinHandle::join);
    }
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

/// The segment that was taken in last, of what the store holds under [`DRAINED_KEY`]. A number that no segment comes to have says
/// nothing: the numbers begin again.
pub fn taken_in(value: Option<Vec<u8>>) -> u64 {
    let number = value.and_then(|value| value.try_into().ok()).map_or(0, u64::from_be_bytes);
    if number < segment::NUMBER_MAX { number } else { 0 }
}
