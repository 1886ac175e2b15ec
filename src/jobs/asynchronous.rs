//! The worker of asynchronous requests, off the path of requests: each client's in their order, clients in turn, several at
//! once. After a restart it goes on with what waited.

use super::fair_queue::FairQueue;
use crate::admission::Client;
use crate::engine::asynchronous::{self, Waiting};
use crate::executor::{Effects, Executor, entries, now};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{Id, JoinSet, spawn_blocking};
use tokio::time::Instant;

/// How many are under way together. What takes long among them takes its turn with all slow work.
const AT_ONCE: usize = 32;

/// How long one that failed inside the server is left alone: the HSM may be away.
const RETRY: Duration = Duration::from_secs(5);

/// How often the store is asked for what waits. What is accepted meanwhile is told without that.
const LOOK: Duration = Duration::from_secs(60);

/// Does what waits until the server stops; what has begun then is ended.
pub async fn work(executor: Arc<Executor>, delay: Duration, mut stopping: watch::Receiver<bool>) {
    let mut worker =
        Worker { delay, turns: FairQueue::new(AT_ONCE), tasks: JoinSet::new(), under_way: HashMap::new() };
    let mut look = Instant::now();
    loop {
        if Instant::now() >= look {
            look = Instant::now() + worker.look(&executor).await;
        }
        let pause = worker.begin(&executor).unwrap_or(LOOK);
        tokio::select! {
            Some(ended) = worker.tasks.join_next_with_id() => worker.end(ended),
            accepted = executor.accepted() => worker.add(accepted),
            () = tokio::time::sleep_until(look.min(Instant::now() + pause)) => {}
            _ = stopping.wait_for(|stopping| *stopping) => break,
        }
    }
    while worker.tasks.join_next().await.is_some() {}
}

struct Worker {
    /// How long a request waits at least, so that it can be cancelled.
    delay: Duration,
    turns: FairQueue<Vec<u8>, Waiting>,
    tasks: JoinSet<Result<(), String>>,
    under_way: HashMap<Id, Waiting>,
}

impl Worker {
    /// Asks the store for what waits; returns how long until it is to be asked again.
    async fn look(&mut self, executor: &Arc<Executor>) -> Duration {
        let asked = Arc::clone(executor);
        match spawn_blocking(move || waiting(&asked)).await.unwrap_or_else(|panic| Err(panic.to_string())) {
            Ok(waiting) => {
                self.add(waiting);
                LOOK
            }
            Err(why) => {
                tracing::error!(why, "asynchronous requests cannot be read");
                RETRY
            }
        }
    }

    fn add(&mut self, waiting: Vec<Waiting>) {
        for one in waiting {
            self.turns.add(one.client(), one);
        }
    }

    /// Begins what is due and has its turn; returns how long until more may be.
    fn begin(&mut self, executor: &Arc<Executor>) -> Option<Duration> {
        loop {
            match self.turns.next(|waiting| time_left(self.delay, waiting)) {
                Ok((_, waiting)) => {
                    let task = do_now(Arc::clone(executor), waiting.clone());
                    self.under_way.insert(self.tasks.spawn(task).id(), waiting);
                }
                Err(pause) => return pause,
            }
        }
    }

    fn end(&mut self, ended: Result<(Id, Result<(), String>), tokio::task::JoinError>) {
        let (id, done) = match ended {
            Ok(ended) => ended,
            Err(panic) => (panic.id(), Err(panic.to_string())),
        };
        let Some(waiting) = self.under_way.remove(&id) else { return };
        match done {
            Ok(()) => self.turns.done(&waiting.client(), &waiting),
            Err(why) => {
                tracing::error!(why, "an asynchronous request failed inside the server; it is tried again");
                self.turns.failed(&waiting.client(), waiting, RETRY);
            }
        }
    }
}

/// What waits in the store.
fn waiting(executor: &Executor) -> Result<Vec<Waiting>, String> {
    let snapshot = executor.view().map_err(|error| error.to_string())?;
    asynchronous::waiting(&snapshot, usize::MAX).map_err(|need| format!("{need:?}"))
}

/// How long it must wait yet, so that it can be cancelled.
fn time_left(delay: Duration, waiting: &Waiting) -> Duration {
    let delay = u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX);
    let left = waiting.submitted.saturating_add(delay).saturating_sub(now().nanoseconds);
    // One that waits for longer than any does was accepted before the clock was set back.
    if left > delay { Duration::ZERO } else { Duration::from_nanos(left) }
}

/// Does one, and commits what it comes to with its audit entry.
async fn do_now(executor: Arc<Executor>, waiting: Waiting) -> Result<(), String> {
    let (numbers, client) = (Arc::clone(&executor), Client::Asynchronous(waiting.client().into()));
    let done = executor.run(&client, move |world, entropy, fulfilled| {
        let done = asynchronous::done::perform(world, &waiting, entropy, fulfilled)?;
        let entries = entries::own(&done, "asynchronous", || numbers.next_request());
        Ok(Effects {
            changes: done.changes,
            entries,
            notifications: done.notifications,
            result: (),
            bytes: 0,
        })
    });
    done.await.map(drop).map_err(|error| error.to_string())
}
