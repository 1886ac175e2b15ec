//! The one way to run the engine: against a snapshot until it needs nothing, then one commit of what it changed with
//! the audit entries of that, again where another was faster; then the notifications.
//!
//! ```text
//! work --> run (snapshot, needs) --> commit (changes + entries; reads: the journal) --> notifications
//!            ^                          |
//!            +-------- conflict --------+
//! ```
//!
//! Requests, asynchronous work, rotation, notifications and administration all go through [`Executor::run`]. It alone
//! chooses what blocks where.

mod administration;
pub mod entries;
mod error;
mod openings;
mod owners;
mod readiness;
mod registrar;
mod run;

pub use crate::clock::now;
pub use error::Error;
pub use owners::StoreOwners;
pub use registrar::{Registrar, Signer};
pub use run::StoreView;

use crate::admission::{Admission, Bytes, Client, Reservation};
use crate::audit::Entries;
use crate::authenticate::Authenticator;
use crate::crypto::drbg::Seeds;
use crate::endpoints::mailbox::Endpoints;
use crate::engine::asynchronous::{self, Waiting};
use crate::engine::changes::Changes;
use crate::engine::fulfilled::{Fulfilled, Thread};
use crate::engine::need::Need;
use crate::engine::notifications::notification::Notification;
use crate::engine::settings::Settings;
use crate::engine::world::{Entropy, World};
use crate::explain::Memory;
use crate::store::{self, Database, Outcome, Submission, Transaction};
use crate::vault::Hierarchy;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use tokio::task::JoinError;

/// What a run of the engine comes to. Nothing of it has an effect before it is committed.
#[derive(Debug)]
pub struct Effects<T> {
    /// What to commit.
    pub changes: Changes,
    /// What to enter in the audit, in the same commit.
    pub entries: Entries,
    /// What to tell clients, once the changes are durable.
    pub notifications: Vec<Notification>,
    /// What to return, once the changes are durable.
    pub result: T,
    /// How much memory the result takes until it is written to its client.
    pub bytes: Bytes,
}

/// What a run of the engine came to.
pub struct Done<T> {
    /// The result.
    pub result: T,
    /// The room that it takes, to be held until it is written.
    pub room: Reservation,
}

impl<T> Effects<T> {
    /// What changes nothing and is not entered.
    pub fn none(result: T) -> Self {
        Self {
            changes: Changes::default(),
            entries: Entries::default(),
            notifications: Vec::new(),
            result,
            bytes: 0,
        }
    }
}

/// What the engine is run with.
pub struct Executor {
    database: Arc<Database>,
    hierarchy: Arc<Hierarchy>,
    openings: openings::Openings,
    shared: run::SharedThreads,
    authenticator: Arc<Authenticator>,
    settings: Settings,
    /// What clients have sent for the generator.
    seeds: Seeds,
    registrar: Registrar,
    /// Whether the audit entries of reads wait for the disk's sync.
    durable_reads: bool,
    admission: Arc<Admission>,
    /// What waits for the clients that are told without asking.
    endpoints: Endpoints,
    /// What `keystead explain` tells of.
    memory: Memory,
    /// When the server started, in milliseconds since 1970.
    started: u64,
    /// The number of the next request.
    requests: AtomicU64,
    /// Asynchronous requests that were accepted, and that their worker has not heard of yet.
    accepted: Mutex<Vec<Waiting>>,
    /// Wakes that worker.
    has_accepted: Notify,
}

impl Executor {
    /// An executor on an open store.
    pub fn new(
        (database, hierarchy): (Arc<Database>, Arc<Hierarchy>),
        authenticator: Arc<Authenticator>,
        settings: Settings,
        durable_reads: bool,
        registrar: Registrar,
        (endpoints, memory): (Endpoints, Memory),
        admission: Arc<Admission>,
    ) -> Self {
        let started = now().milliseconds();
        Self {
            database,
            hierarchy,
            openings: openings::Openings::default(),
            shared: run::SharedThreads::default(),
            authenticator,
            settings,
            seeds: Seeds::default(),
            registrar,
            durable_reads,
            admission,
            endpoints,
            memory,
            requests: AtomicU64::new(started),
            started,
            accepted: Mutex::default(),
            has_accepted: Notify::new(),
        }
    }

    /// What the configuration says to the engine.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What admits work and the bytes of messages.
    pub fn admission(&self) -> &Arc<Admission> {
        &self.admission
    }

    /// Who is who.
    pub fn authenticator(&self) -> &Arc<Authenticator> {
        &self.authenticator
    }

    /// What `keystead explain` tells of.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// When the server started, in milliseconds since 1970.
    pub fn started(&self) -> u64 {
        self.started
    }

    /// The number of a request: what log, audit and messages call it by. No two starts give the same.
    pub fn next_request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed)
    }

    /// The mailboxes of the clients that are told without asking.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The store as it stands now.
    pub fn view(&self) -> Result<StoreView, store::Error> {
        StoreView::of(&self.database)
    }

    /// The asynchronous requests that were accepted since this was asked last, as soon as there are any.
    pub async fn accepted(&self) -> Vec<Waiting> {
        loop {
            let has_accepted = self.has_accepted.notified();
            let accepted = std::mem::take(&mut *self.accepted.lock().unwrap_or_else(PoisonError::into_inner));
            if !accepted.is_empty() {
                return accepted;
            }
            has_accepted.await;
        }
    }

    /// Tells the worker of asynchronous requests what was accepted.
    fn tell_accepted(&self, accepted: Vec<Waiting>) {
        if !accepted.is_empty() {
            self.accepted.lock().unwrap_or_else(PoisonError::into_inner).extend(accepted);
            self.has_accepted.notify_one();
        }
    }
}

/// How often work is run again because another was faster, before it fails.
const CONFLICTS_MAX: usize = 32;

/// Tells the engine when nobody awaits the result any more: it ends at the next item.
struct Abandons(Arc<AtomicBool>);

impl Drop for Abandons {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Executor {
    /// Runs work for a client until it needs nothing and what it changes is committed; returns its result when that is
    /// durable, and there is room for it.
    pub async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        client: &Client,
        work: impl FnMut(&World<'_>, &mut dyn Entropy, &mut Fulfilled) -> Result<Effects<T>, Need>
        + Send
        + 'static,
    ) -> Result<Done<T>, Error> {
        self.run_from(Fulfilled::on(Thread::Blocking), client, work).await
    }

    /// On which thread a run begins. What is quick begins on the thread of its connection, where reads of the store wait for nothing
    /// but the disks of this machine.
    pub fn thread_for(&self, is_quick: bool) -> Thread {
        match is_quick && self.database.reads_stay_here() && self.shared.are_open() {
            true => Thread::Shared,
            false => Thread::Blocking,
        }
    }

    /// Runs work as [`run`](Self::run) does, beginning where, and with what, is said here.
    pub async fn run_from<T: Send + 'static>(
        self: &Arc<Self>,
        mut fulfilled: Fulfilled,
        client: &Client,
        mut work: impl FnMut(&World<'_>, &mut dyn Entropy, &mut Fulfilled) -> Result<Effects<T>, Need>
        + Send
        + 'static,
    ) -> Result<Done<T>, Error> {
        let _guard = Abandons(fulfilled.abandoned());
        let mut refused: Option<store::Error> = None;
        let mut large = None;
        for _ in 0..CONFLICTS_MAX {
            let (effects, permit);
            ((effects, permit), work, fulfilled) =
                self.run_until_fulfilled(client, &mut large, work, fulfilled).await?;
            let Effects { changes, entries, notifications, result, bytes } = effects;
            // The permit is held until there is room, so that there are never more answers without it than permits.
            let room = self.admission.room_for_answer(client, bytes).await.ok_or(Error::AnswersUnread)?;
            drop(permit);
            if let (Some(error), false) = (&refused, changes.writes.is_empty()) {
                return Err(error.clone().into());
            }
            let concluded = self.conclude(changes, entries, notifications).await;
            match concluded.map_err(|panic| Error::Failed(panic.to_string()))? {
                // Run once more: what changes nothing where the store takes no writes is answered all the same.
                Err(error) if error.is_passing() && refused.is_none() => refused = Some(error),
                Err(error) => return Err(error.into()),
                Ok(Outcome::Committed) => return Ok(Done { result, room }),
                Ok(Outcome::Conflict) => tracing::debug!("another was faster; running again"),
            }
        }
        Err(Error::Conflicts)
    }

    /// Commits, and does what follows from that. A commit that has begun is followed by it though nobody awaits it any more; where nothing
    /// follows, nobody has to.
    async fn conclude(
        self: &Arc<Self>,
        changes: Changes,
        entries: Entries,
        notifications: Vec<Notification>,
    ) -> Result<Result<Outcome, store::Error>, JoinError> {
        let accepted = asynchronous::accepted(&changes);
        if accepted.is_empty() && notifications.is_empty() {
            return Ok(self.commit(changes, entries).await);
        }
        let executor = Arc::clone(self);
        let concluded = tokio::spawn(async move {
            let outcome = executor.commit(changes, entries).await?;
            if outcome == Outcome::Committed {
                executor.tell_accepted(accepted);
                executor.endpoints.post(notifications);
            }
            Ok(outcome)
        });
        concluded.await
    }

    /// Commits changes and entries that nothing has to be run again for.
    pub async fn commit(&self, changes: Changes, entries: Entries) -> Result<Outcome, store::Error> {
        let submission = submission(changes, entries);
        let is_read = submission.transaction.writes.is_empty();
        if is_read && submission.entries.is_empty() {
            return Ok(Outcome::Committed);
        }
        if is_read && !self.durable_reads {
            return self.database.record(submission.entries).await.map(|()| Outcome::Committed);
        }
        self.database.commit(submission).await
    }

    /// The same from a thread that may block.
    pub(super) fn commit_blocking(
        &self,
        changes: Changes,
        entries: Entries,
    ) -> Result<Outcome, store::Error> {
        self.database.commit_blocking(submission(changes, entries))
    }
}

/// Changes with their entries; what is deferred goes with these, wherever they go.
fn submission(changes: Changes, mut entries: Entries) -> Submission {
    let Changes { expects, writes, deferred } = changes;
    deferred.iter().for_each(|(key, value)| entries.defer((key, value)));
    Submission { transaction: Transaction { expects, writes }, entries }
}
