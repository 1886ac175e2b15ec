//! States that dates lead to: every so often those of the objects of clients that want to be told are stored, and told.

use crate::admission::Client;
use crate::audit::{Entries, Entry};
use crate::engine::notifications::notification::{self, Settled};
use crate::engine::settings::Subscription;
use crate::executor::{Effects, Executor, entries};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Stores, every so often, the states to which dates have led the objects of clients that want to be told: some of each
/// client's, in turn, so that nobody waits for another's many.
pub async fn follow_dates(executor: Arc<Executor>, every: Duration) {
    let followed = || executor.settings().subscriptions.iter().filter(|row| row.follows_dates());
    if followed().next().is_none() {
        return;
    }
    loop {
        tokio::time::sleep(every).await;
        let mut turns: VecDeque<_> = followed().collect();
        while let Some(subscription) = turns.pop_front() {
            if apply_dates(&executor, subscription).await {
                turns.push_back(subscription);
            }
        }
    }
}

/// Stores some of what dates have led to, and says whether there may be more.
async fn apply_dates(executor: &Arc<Executor>, subscription: &Subscription) -> bool {
    let (wanted, numbers) = (subscription.clone(), Arc::clone(executor));
    let settled = executor.run(&Client::Server, move |world, _, _| {
        let Settled { changes, moved, notifications, goes_on } = notification::apply_dates(world, &wanted)?;
        let entries = match moved.is_empty() {
            true => Entries::default(),
            false => vec![entered(numbers.next_request(), &wanted.client, moved)].into(),
        };
        Ok(Effects { changes, entries, notifications, result: goes_on, bytes: 0 })
    });
    settled.await.map(|done| done.result).unwrap_or_else(|error| {
        tracing::error!(%error, "cannot look for objects that a date has moved");
        false
    })
}

/// The audit entry of the objects of a client whose states were stored.
fn entered(request: u64, client: &str, objects: Vec<String>) -> Entry {
    let note = format!("states to which dates have led objects of {client}");
    Entry { objects, ..entries::of_server(request, "dates", "State Transition", note) }
}
