//! Automatic rotation: every so often the server looks for objects whose time has come, and replaces them as their owner
//! would. One owner's many objects delay nobody else's: owners take turns, and so does what could not be rotated.

use super::fair_queue::FairQueue;
use crate::admission::Client;
use crate::audit::{Entries, Entry};
use crate::engine::rotation::{self, Due, Recounted};
use crate::executor::{Effects, Executor, entries};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;

/// How many objects of each owner are taken at one look; the others at the next.
const LOOK_MAX: usize = 1000;

/// How many are under way together.
const AT_ONCE: usize = 8;

/// How long one that was refused is left alone: what stands in its way is likely to stay.
const REFUSED: Duration = Duration::from_secs(3600);

/// How long one is left alone that the server failed to rotate, for want of room or of its HSM, say: that passes.
const FAILED: Duration = Duration::from_secs(60);

/// Why one was not rotated, and how long it is left alone.
type NotRotated = (String, Duration);

/// Rotates what is due, every so often.
pub async fn rotate(executor: Arc<Executor>, every: Duration) {
    let mut turns: FairQueue<String, Due> = FairQueue::new(AT_ONCE);
    let mut tasks = JoinSet::new();
    let mut under_way: HashMap<Id, (String, Due)> = HashMap::new();
    let mut look = Instant::now() + every;
    let mut looked = None;
    loop {
        while let Ok((owner, due)) = turns.next(|_| Duration::ZERO) {
            let task = rotate_one(Arc::clone(&executor), Client::named(&owner), due.place.clone());
            under_way.insert(tasks.spawn(task).id(), (owner, due));
        }
        let (id, rotated) = tokio::select! {
            Some(ended) = tasks.join_next_with_id() => match ended {
                Ok(ended) => ended,
                Err(panic) => (panic.id(), Err((panic.to_string(), REFUSED))),
            },
            () = tokio::time::sleep_until(look) => {
                looked = recount(&executor, looked).await;
                let due = due(&executor, turns.known().clone()).await;
                due.into_iter().for_each(|(owner, due)| turns.add(owner, due));
                look = Instant::now() + every;
                continue;
            }
        };
        let Some((owner, due)) = under_way.remove(&id) else { continue };
        match rotated {
            Ok(()) => turns.done(&owner, &due),
            Err((why, rest)) => {
                let again_in_seconds = rest.as_secs();
                tracing::warn!(object = due.place, why, again_in_seconds, "not rotated; it is tried again");
                turns.failed(&owner, due, rest);
            }
        }
    }
}

/// Looks, behind this entry, for objects whose Initial Date is in the future, and lets their interval count from now. Gives the
/// entry to go on behind, none to begin anew.
async fn recount(executor: &Arc<Executor>, behind: Option<Vec<u8>>) -> Option<Vec<u8>> {
    let numbers = Arc::clone(executor);
    let looked = executor.run(&Client::Server, move |world, _, _| {
        let Recounted { changes, from_now, behind } = rotation::recount(world, behind.as_deref(), LOOK_MAX)?;
        let entries = match changes.writes.is_empty() {
            true => Entries::default(),
            false => vec![recounted(numbers.next_request(), from_now)].into(),
        };
        Ok(Effects { changes, entries, notifications: Vec::new(), result: (from_now, behind), bytes: 0 })
    });
    let (objects, behind) = looked.await.map(|done| done.result).unwrap_or_else(|why| {
        tracing::error!(%why, "cannot look for objects that are to be rotated and were made in the future");
        (0, None)
    });
    if objects > 0 {
        tracing::warn!(
            objects,
            "the Initial Date of objects that are to be rotated is in the future: the clock was ahead when they were made, or is \
             behind now. Their Rotate Interval counts from now. Look after the clock"
        );
    }
    behind
}

/// The audit entry of objects whose Rotate Interval counts from another time than before.
fn recounted(request: u64, from_now: usize) -> Entry {
    let note = format!(
        "objects whose Initial Date is in the future, and whose Rotate Interval counts from now: {from_now}"
    );
    entries::of_server(request, "rotation", "Recount", note)
}

/// What is due and not known yet, with its owners.
async fn due(executor: &Arc<Executor>, known: HashSet<Due>) -> Vec<(String, Due)> {
    let looked = executor.run(&Client::Server, move |world, _, _| {
        rotation::due_by_owner(world, LOOK_MAX, &|due| known.contains(due)).map(Effects::none)
    });
    looked.await.map(|done| done.result).unwrap_or_else(|why| {
        tracing::error!(%why, "cannot look for objects to rotate");
        Vec::new()
    })
}

/// Rotates one, and commits that with its audit entry.
async fn rotate_one(executor: Arc<Executor>, client: Client, place: String) -> Result<(), NotRotated> {
    let numbers = Arc::clone(&executor);
    let rotated = executor.run(&client, move |world, entropy, fulfilled| {
        let done = rotation::perform(world, &place, entropy, fulfilled)?;
        let refused = done.refusal.clone();
        let entries = entries::own(&done, "rotation", || numbers.next_request());
        Ok(Effects {
            changes: done.changes,
            entries,
            notifications: done.notifications,
            result: refused,
            bytes: 0,
        })
    });
    match rotated.await.map(|done| done.result) {
        Ok(None) => Ok(()),
        Ok(Some(why)) => Err((format!("refused: {why}"), REFUSED)),
        Err(error) => Err((error.to_string(), FAILED)),
    }
}
