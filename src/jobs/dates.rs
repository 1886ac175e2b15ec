//! States that dates lead to: every so often those of the objects of clients that want to be told are stored, and told.

use crate::admission::Client;
use crate::audit::Entries;
use crate::engine::notifications::notification::{self, Settled};
use crate::engine::settings::Subscription;
use crate::executor::{Effects, Executor};
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
    let wanted = subscription.clone();
    let settled = executor.run(&Client::Server, move |world, _, _| {
        let Settled { changes, notifications, goes_on } = notification::apply_dates(world, &wanted)?;
        Ok(Effects { changes, entries: Entries::default(), notifications, result: goes_on, bytes: 0 })
    });
    settled.await.map(|done| done.result).unwrap_or_else(|error| {
        tracing::error!(%error, "cannot look for objects that a date has moved");
        false
    })
}
