//! The one place that commits: changes together with their audit entries; entries alone go into the journal of reads.

use super::{Done, Effects, Executor};
use crate::admission::Client;
use crate::audit::Entries;
use crate::engine::asynchronous;
use crate::engine::changes::Changes;
use crate::engine::fulfilled::{Fulfilled, Thread};
use crate::engine::need::Need;
use crate::engine::notifications::notification::Notification;
use crate::engine::refusal::Cause;
use crate::engine::world::{Entropy, World};
use crate::store::{self, Outcome, Submission, Transaction};
use crate::vault;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::task::JoinError;

/// How often work is run again because another was faster, before it fails.
const CONFLICTS_MAX: usize = 32;

/// Why work came to nothing: a failure of the server, not a refusal.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A key-encryption key could not be opened; the text is for the log.
    #[error(transparent)]
    Keys(Arc<vault::Error>),
    /// The client has not read what it was answered before, and has no room left for more.
    #[error("its client does not read its answers: they fill limits.bytes_in_flight_per_client")]
    AnswersUnread,
    /// Whoever asked has left: nothing of it is done, and nobody is told.
    #[error("whoever asked for it has left")]
    Abandoned,
    /// Others were faster again and again.
    #[error("it conflicted with others again and again")]
    Conflicts,
    /// Something that the engine needs failed; the text is for the log.
    #[error("{0}")]
    Failed(String),
}

impl From<vault::Error> for Error {
    fn from(error: vault::Error) -> Self {
        Self::Keys(Arc::new(error))
    }
}

impl Error {
    /// Whether the store takes writes again by itself.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_passing())
    }

    /// Whether the same work may be done later without anybody's doing: the store takes writes again, the HSM is back, or
    /// there is room.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Keys(error) => match &**error {
                vault::Error::Hsm(error) => error.is_passing(),
                vault::Error::Store(error) => error.is_passing(),
                // Another token is in the place of the right one: it may come back.
                vault::Error::MasterKey { .. } => true,
                _ => false,
            },
            Self::AnswersUnread | Self::Conflicts => true,
            _ => self.is_passing(),
        }
    }

    /// What a client may be told.
    pub fn told(&self) -> &'static str {
        match self {
            Self::Store(error) => error.told(),
            Self::Keys(_) => {
                "the server cannot open a key-encryption key at the moment; its log has the reason"
            }
            Self::AnswersUnread => {
                "answers that this client has not read yet fill what it may have in flight: read them, or ask for less at once"
            }
            Self::Abandoned | Self::Conflicts | Self::Failed(_) => store::Error::UNTOLD,
        }
    }

    /// Why the client is refused.
    pub fn cause(&self) -> Cause {
        match self {
            Self::AnswersUnread => Cause::Limit,
            _ => Cause::Internal,
        }
    }
}

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
        self.run_on(Thread::Blocking, client, work).await
    }

    /// On which thread a run begins. What is quick begins on the thread of its connection, where reads of the store wait for nothing
    /// but the disks of this machine.
    pub fn thread_for(&self, is_quick: bool) -> Thread {
        match is_quick && self.database.reads_stay_here() && self.shared.are_open() {
            true => Thread::Shared,
            false => Thread::Blocking,
        }
    }

    /// Runs work as [`run`](Self::run) does, beginning on this thread.
    pub async fn run_on<T: Send + 'static>(
        self: &Arc<Self>,
        thread: Thread,
        client: &Client,
        mut work: impl FnMut(&World<'_>, &mut dyn Entropy, &mut Fulfilled) -> Result<Effects<T>, Need>
        + Send
        + 'static,
    ) -> Result<Done<T>, Error> {
        let mut fulfilled = Fulfilled::on(thread);
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
