//! The worker of asynchronous requests: one at a time, the oldest first, off the path of requests; after a restart it
//! goes on with what waited.

use super::{Server, entries};
use crate::engine::asynchronous::{self, Waiting};
use crate::executor::{Effects, now};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How many of those that wait are looked at together.
const LOOK_MAX: usize = 256;

/// How long one that failed inside the server is left alone: the HSM may be away.
const RETRY: Duration = Duration::from_secs(5);

/// How long the worker sleeps when nothing waits; it is woken when something does.
const IDLE: Duration = Duration::from_secs(60);

/// Does what waits until the server stops.
pub async fn work(server: Arc<Server>, mut stopping: watch::Receiver<bool>) {
    let mut failed: HashMap<Waiting, Instant> = HashMap::new();
    loop {
        let pause = match server.due(&mut failed) {
            Ok((Some(waiting), _)) => {
                if let Err(why) = Arc::clone(&server).do_now(&waiting).await {
                    tracing::error!(
                        why,
                        "an asynchronous request failed inside the server; it is tried again"
                    );
                    failed.insert(waiting, Instant::now() + RETRY);
                }
                Duration::ZERO
            }
            Ok((None, pause)) => pause,
            Err(why) => {
                tracing::error!(why, "asynchronous requests cannot be read");
                RETRY
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = server.executor.work_waits() => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
    }
}

impl Server {
    /// The oldest that is due, or how long until one may be.
    fn due(&self, failed: &mut HashMap<Waiting, Instant>) -> Result<(Option<Waiting>, Duration), String> {
        let all = {
            let snapshot = self.executor.view().map_err(|error| error.to_string())?;
            asynchronous::waiting(&snapshot, LOOK_MAX).map_err(|need| format!("{need:?}"))?
        };
        failed.retain(|waiting, until| *until > Instant::now() && all.contains(waiting));
        let delay = u64::try_from(self.delay.as_nanos()).unwrap_or(u64::MAX);
        let mut pause = if failed.is_empty() { IDLE } else { RETRY };
        for waiting in all.into_iter().filter(|waiting| !failed.contains_key(waiting)) {
            let left = waiting.submitted.saturating_add(delay).saturating_sub(now().nanoseconds);
            // One that waits for longer than any does was accepted before the clock was set back.
            if left == 0 || left > delay {
                return Ok((Some(waiting), Duration::ZERO));
            }
            pause = pause.min(Duration::from_nanos(left));
        }
        Ok((None, pause))
    }

    /// Does one, and commits what it comes to with its audit entry.
    async fn do_now(self: Arc<Self>, waiting: &Waiting) -> Result<(), String> {
        let (server, one) = (Arc::clone(&self), waiting.clone());
        let done = self.executor.run(move |world, entropy, supplies| {
            let done = asynchronous::perform(world, &one, entropy, supplies)?;
            let entries = entries::own(&done, "asynchronous", || server.next_request());
            Ok(Effects { changes: done.changes, entries, notices: done.notices, result: () })
        });
        done.await.map_err(|error| error.to_string())
    }
}
