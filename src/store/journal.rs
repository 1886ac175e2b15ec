//! The journal of reads: audit entries that are with the operating system before the answer leaves, and in the chain
//! within 50 ms.
//!
//! A read must not wait for the disk's sync, and no key may leave unrecorded. So its entry is written to an
//! append-only file, which survives the death of this process; from there the writer takes the entries into the one
//! chain, in a durable commit that also notes which file is done. A file is a segment with a number; a frame in it is
//! length, checksum and entry. A torn frame at the end was never acknowledged and is left out.

use super::writer::Writer;
use super::{Error, Outcome, Transaction};
use crate::audit::Entry;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// Which segment was taken into the chain last.
pub const DRAINED_KEY: &[u8] = b"j";

/// How long an entry may be in the journal alone.
const DRAIN_AFTER: Duration = Duration::from_millis(50);

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
        folder: &Path,
        drained: Option<Vec<u8>>,
        writer: Writer,
    ) -> Result<(Self, std::thread::JoinHandle<()>), Error> {
        let done = drained.and_then(|value| value.try_into().ok()).map_or(0, u64::from_be_bytes);
        let last = recover(folder, done, &writer)?;
        let state = State { folder: folder.into(), writer, number: last + 1, segment: None, failed: None };
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        let thread =
            std::thread::Builder::new().name("journal".to_owned()).spawn(move || state.run(receiver));
        Ok((Self(sender), thread.map_err(|error| Error::Engine(error.to_string()))?))
    }

    /// Records entries; when this returns they survive the death of the process.
    pub async fn record(&self, entries: Vec<Entry>) -> Result<(), Error> {
        let gone = |_| Error::Stopped("the journal has ended".to_owned());
        let (reply, answer) = oneshot::channel();
        self.0.send(Request { entries, reply }).await.map_err(|_| gone(()))?;
        answer.await.map_err(|_| gone(()))?
    }
}

/// Appends the entries of segments that the chain does not have yet; returns the highest number seen.
fn recover(folder: &Path, done: u64, writer: &Writer) -> Result<u64, Error> {
    let mut segments: Vec<(u64, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|why| file_error(folder, &why))? {
        let path = entry.map_err(|why| file_error(folder, &why))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        segments.extend(name.strip_prefix("reads-").and_then(|n| n.parse().ok()).map(|n| (n, path.clone())));
    }
    segments.sort();
    let mut last = done;
    for (number, path) in segments {
        last = last.max(number);
        if number > done {
            let entries = read_segment(&std::fs::read(&path).map_err(|why| file_error(&path, &why))?);
            tracing::info!(
                segment = number,
                entries = entries.len(),
                "taking the journal of reads into the audit"
            );
            drain(writer, entries, number)?;
        }
        std::fs::remove_file(&path).map_err(|why| file_error(&path, &why))?;
    }
    Ok(last)
}

fn drain(writer: &Writer, entries: Vec<Entry>, number: u64) -> Result<(), Error> {
    match writer.submit_blocking(Transaction::default(), entries, Some(number))? {
        Outcome::Committed => Ok(()),
        Outcome::Conflict => Err(Error::Engine("a transaction without expectations conflicts".to_owned())),
    }
}

/// The whole frames of a segment.
fn read_segment(mut bytes: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    while let Some((head, rest)) = bytes.split_first_chunk::<12>() {
        let (length, checksum) = head.split_at(4);
        let length = u32::from_be_bytes(length.try_into().unwrap_or_default()) as usize;
        let Some(body) = rest.get(..length) else { break };
        if checksum_of(body) != checksum {
            break;
        }
        let Some(entry) = Entry::decode(body) else { break };
        entries.push(entry);
        bytes = rest.get(length..).unwrap_or_default();
    }
    entries
}

fn frame(entry: &Entry, out: &mut Vec<u8>) {
    let body = entry.encode();
    out.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(&checksum_of(&body));
    out.extend_from_slice(&body);
}

/// The first 8 bytes of the SHA-256: against torn writes, not against people.
fn checksum_of(body: &[u8]) -> [u8; 8] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body);
    digest.as_ref().first_chunk::<8>().copied().unwrap_or_default()
}

fn file_error(path: &Path, why: &std::io::Error) -> Error {
    Error::File { path: path.into(), why: why.to_string() }
}

struct State {
    folder: PathBuf,
    writer: Writer,
    /// The number of the next segment.
    number: u64,
    segment: Option<Segment>,
    /// Why the journal takes no more, once it does not.
    failed: Option<Error>,
}

/// The segment that is being written.
struct Segment {
    file: File,
    path: PathBuf,
    entries: Vec<Entry>,
    since: Instant,
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
                let due = self.segment.as_ref().map(|segment| segment.since + DRAIN_AFTER);
                let more = requests.recv_many(&mut waiting, 256);
                let taken = match due {
                    None => Ok(more.await),
                    Some(due) => tokio::time::timeout_at(due.into(), more).await,
                };
                match taken {
                    Ok(0) => break,
                    Ok(_) => self.write(std::mem::take(&mut waiting)),
                    Err(_) => {}
                }
                if self.segment.as_ref().is_some_and(|segment| segment.since.elapsed() >= DRAIN_AFTER) {
                    self.hand_over().await;
                }
            }
            self.hand_over().await;
        });
    }

    /// Writes all that waits with one write, then answers.
    fn write(&mut self, requests: Vec<Request>) {
        let mut frames = Vec::new();
        requests.iter().flat_map(|request| &request.entries).for_each(|entry| frame(entry, &mut frames));
        let written = match &self.failed {
            Some(error) => Err(error.clone()),
            None => self.append(&frames),
        };
        if let (Err(error), None) = (&written, &self.failed) {
            tracing::error!(%error, "the journal of reads failed; reads are refused until a restart");
            self.failed = Some(error.clone());
        }
        for request in requests {
            if let (Ok(()), Some(segment)) = (&written, &mut self.segment) {
                segment.entries.extend(request.entries);
            }
            let _ = request.reply.send(written.clone());
        }
    }

    fn append(&mut self, frames: &[u8]) -> Result<(), Error> {
        if self.segment.is_none() {
            let path = self.folder.join(format!("reads-{}", self.number));
            let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path);
            let file = file.map_err(|why| file_error(&path, &why))?;
            self.segment = Some(Segment { file, path, entries: Vec::new(), since: Instant::now() });
        }
        match &mut self.segment {
            Some(segment) => segment.file.write_all(frames).map_err(|why| file_error(&segment.path, &why)),
            None => Ok(()),
        }
    }

    /// Takes the segment into the chain and deletes it. Entries that come meanwhile wait; the writer is quick.
    async fn hand_over(&mut self) {
        let Some(segment) = self.segment.take() else { return };
        let number = self.number;
        self.number += 1;
        match self.writer.submit(Transaction::default(), segment.entries, Some(number)).await {
            Ok(_) => {
                if let Err(error) = std::fs::remove_file(&segment.path) {
                    tracing::warn!(%error, "a journal segment that is done could not be deleted");
                }
            }
            Err(error) => {
                tracing::error!(%error, "the journal of reads could not be taken into the audit; it is kept");
                self.failed = Some(error);
            }
        }
    }
}
