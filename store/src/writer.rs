//! The one writer: takes what waits, validates it, and commits it all with one sync.
//!
//! Each request is judged against the store as it will be when the requests before it in the group are applied. A
//! request that conflicts is told so and leaves no trace; the others go into one commit, together with one block of their
//! audit entries in that order. The answers leave after the sync.

use super::guard::Guard;
use super::journal::{self, DRAINED_KEY};
use super::{Error, Outcome, Pair, Snapshot, Transaction, audit_log};
use keystead_records::audit::{Body, Entries, Head, MacKey, NodeId};
use keystead_records::keyspace;
use parking_lot::RwLock;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// The most requests in one commit.
const GROUP_MAX: usize = 256;

/// How many requests may wait.
const QUEUE_MAX: usize = 4096;

/// A segment of the journal that is taken in: its number, and its entries.
pub type Segment = (u64, Vec<Body>);

/// A request to the writer.
pub struct Request {
    pub transaction: Transaction,
    pub entries: Entries,
    pub drained: Option<Segment>,
    pub reply: oneshot::Sender<Result<Outcome, Error>>,
}

/// The way to the writer.
#[derive(Clone)]
pub struct Writer {
    requests: mpsc::Sender<Request>,
    key: Key,
}

/// The key of the MACs of blocks, once there is one.
type Key = Arc<RwLock<Option<MacKey>>>;

impl Writer {
    /// Starts the writer's thread for this node. It ends when the last way to it is dropped.
    pub fn start(guard: Arc<Guard>, node: NodeId) -> Result<(Self, std::thread::JoinHandle<()>), Error> {
        let (head, _) = audit_log::head(&*guard.snapshot()?, node)?;
        let (requests, receiver) = mpsc::channel(QUEUE_MAX);
        let key = Key::default();
        let state = State { generation: guard.generation(), guard, head, key: Arc::clone(&key) };
        let thread = std::thread::Builder::new().name("writer".to_owned()).spawn(move || state.run(receiver));
        Ok((Self { requests, key }, thread.map_err(|error| Error::Engine(error.to_string()))?))
    }

    /// Blocks have a MAC under this key from now on.
    pub fn set_key(&self, key: MacKey) {
        *self.key.write() = Some(key);
    }

    /// Hands a request over and waits for the commit.
    pub async fn submit(
        &self,
        transaction: Transaction,
        entries: Entries,
        drained: Option<Segment>,
    ) -> Result<Outcome, Error> {
        let (reply, answer) = oneshot::channel();
        let request = Request { transaction, entries, drained, reply };
        self.requests.send(request).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// The same from a thread that may block.
    pub fn submit_blocking(
        &self,
        transaction: Transaction,
        entries: Entries,
        drained: Option<Segment>,
    ) -> Result<Outcome, Error> {
        let (reply, answer) = oneshot::channel();
        let request = Request { transaction, entries, drained, reply };
        self.requests.blocking_send(request).map_err(|_| gone())?;
        answer.blocking_recv().map_err(|_| gone())?
    }
}

fn gone() -> Error {
    Error::Stopped("the writer has ended".to_owned())
}

struct State {
    guard: Arc<Guard>,
    head: Head,
    key: Key,
    /// The opening of the engine that the head was read from.
    generation: u64,
}

impl State {
    fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut group = Vec::with_capacity(GROUP_MAX);
        while requests.blocking_recv_many(&mut group, GROUP_MAX) > 0 {
            self.commit(std::mem::take(&mut group));
        }
        if let Err(error) = self.guard.close() {
            tracing::error!(%error, "the store did not close cleanly");
        }
    }

    fn commit(&mut self, group: Vec<Request>) {
        let snapshot = match self.snapshot() {
            Ok(snapshot) => snapshot,
            // Nothing can be read: the commit says why, or opens the engine anew.
            Err(error) => {
                let error = self.guard.commit(Transaction::default()).err().unwrap_or(error);
                return answer_all(group.into_iter().map(|r| r.reply), &Err(error));
            }
        };
        let mut merged = Merged::default();
        let mut accepted = Vec::new();
        for request in group {
            match merged.add(&*snapshot, request.transaction, &request.entries, request.drained) {
                Ok(true) => accepted.push(request.reply),
                Ok(false) => answer(request.reply, Ok(Outcome::Conflict)),
                Err(error) => answer(request.reply, Err(error)),
            }
        }
        drop(snapshot);
        if accepted.is_empty() {
            return;
        }
        let mut head = self.head;
        let writes = merged.into_writes(&mut head, self.key.read().as_ref());
        let result = self.guard.commit(Transaction { expects: Vec::new(), writes });
        match result {
            // Opened anew before the commit, what is on disk is what was validated against: nobody else writes.
            Ok(()) => self.head = head,
            // Whether it was applied is open: the head is read again.
            Err(_) => self.generation = u64::MAX,
        }
        answer_all(accepted.into_iter(), &result.map(|()| Outcome::Committed));
    }

    /// The store as it stands, and the head of the audit as it stands there.
    fn snapshot(&mut self) -> Result<Arc<dyn Snapshot>, Error> {
        let generation = self.guard.generation();
        let snapshot = self.guard.snapshot()?;
        if self.generation != generation {
            (self.head, _) = audit_log::head(&*snapshot, self.head.node)?;
            self.generation = generation;
        }
        Ok(snapshot)
    }
}

/// What a group comes to.
#[derive(Default)]
struct Merged {
    /// In the order of the keys: an engine that keeps that order writes neighbours together.
    overlay: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// What the snapshot holds, of what was expected of it: the requests of one client all expect its own records.
    read: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// Of segments that are taken in.
    bodies: Vec<Body>,
    /// Of all requests.
    entries: Entries,
}

impl Merged {
    /// Adds a request, unless an expectation of it does not hold behind those before it.
    fn add(
        &mut self,
        snapshot: &dyn Snapshot,
        transaction: Transaction,
        entries: &Entries,
        drained: Option<Segment>,
    ) -> Result<bool, Error> {
        let is = |key: &[u8], expected: Option<&[u8]>| match self
            .overlay
            .get(key)
            .or_else(|| self.read.get(key))
        {
            Some(value) => Ok(value.as_deref() == expected),
            None => super::is(snapshot, key, expected),
        };
        if !super::holds(&transaction.expects, is)? {
            return Ok(false);
        }
        // A commit whose outcome was open may have taken a segment in: it is not taken in twice.
        if let Some((segment, _)) = &drained
            && journal::taken_in(self.held(snapshot, DRAINED_KEY)?) >= *segment
        {
            return Ok(true);
        }
        self.overlay.extend(transaction.writes);
        let stays = |(key, _): &Pair| !self.overlay.contains_key(key);
        self.read.extend(transaction.expects.into_iter().filter(stays));
        for (key, value) in entries.deferred() {
            self.defer(snapshot, key, value)?;
        }
        self.entries.append(entries);
        if let Some((segment, bodies)) = drained {
            self.bodies.extend(bodies);
            self.overlay.insert(DRAINED_KEY.to_vec(), Some(segment.to_be_bytes().to_vec()));
        }
        Ok(true)
    }

    /// Adds a deferred row, if the object that it is about is still there: it may have been taken away since.
    fn defer(&mut self, snapshot: &dyn Snapshot, key: &[u8], value: &[u8]) -> Result<(), Error> {
        let Some(object) = keyspace::object_of(key) else { return Ok(()) };
        let is_there = match self.overlay.get(&object) {
            Some(value) => value.is_some(),
            None => snapshot.show(&object, &mut |_| {})?,
        };
        if is_there {
            self.overlay.insert(key.to_vec(), Some(value.to_vec()));
        }
        Ok(())
    }

    /// What a key holds behind the requests so far.
    fn held(&self, snapshot: &dyn Snapshot, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.overlay.get(key).map_or_else(|| snapshot.get(key), |value| Ok(value.clone()))
    }

    /// All writes, with the blocks of the audit, behind this head.
    fn into_writes(self, head: &mut Head, key: Option<&MacKey>) -> Vec<Pair> {
        let mut writes: Vec<Pair> = self.overlay.into_iter().collect();
        for body in self.bodies.iter().chain(&Body::of(&self.entries)) {
            let (key, block) = head.append(body, key);
            writes.push((key, Some(block)));
        }
        writes
    }
}

fn answer_all(
    replies: impl Iterator<Item = oneshot::Sender<Result<Outcome, Error>>>,
    result: &Result<Outcome, Error>,
) {
    replies.for_each(|reply| answer(reply, result.clone()));
}

/// A requester that has gone away does not hear of it; what was committed stays committed.
fn answer(reply: oneshot::Sender<Result<Outcome, Error>>, result: Result<Outcome, Error>) {
    let _ = reply.send(result);
}

/// Writes that a transaction makes, for callers without expectations.
impl From<Vec<Pair>> for Transaction {
    fn from(writes: Vec<Pair>) -> Self {
        Self { expects: Vec::new(), writes }
    }
}
