//! Automatic rotation: every so often the server looks for objects whose time has come, and replaces them as their owner
//! would.

use super::{Server, entries};
use crate::engine::rotation;
use crate::executor::{Effects, now};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many are rotated between two looks.
const LOOK_MAX: usize = 256;

/// How long one that could not be rotated is left alone: what stands in its way is likely to stay.
const RETRY: Duration = Duration::from_secs(3600);

impl Server {
    /// Rotates what is due, every so often.
    pub async fn rotate(self: Arc<Self>, every: Duration) {
        let mut failed: HashMap<String, Instant> = HashMap::new();
        loop {
            tokio::time::sleep(every).await;
            failed.retain(|_, until| *until > Instant::now());
            let (server, left_out) = (Arc::clone(&self), failed.keys().cloned().collect());
            let looked = tokio::task::spawn_blocking(move || server.due_for_rotation(&left_out)).await;
            let due = match looked.unwrap_or_else(|panic| Err(panic.to_string())) {
                Ok(due) => due,
                Err(why) => {
                    tracing::error!(why, "cannot look for objects to rotate");
                    continue;
                }
            };
            for id in due {
                if let Err(why) = Arc::clone(&self).rotate_one(&id).await {
                    tracing::warn!(object = id, why, "not rotated; it is tried again in an hour");
                    failed.insert(id, Instant::now() + RETRY);
                }
            }
        }
    }

    fn due_for_rotation(&self, left_out: &HashSet<String>) -> Result<Vec<String>, String> {
        let snapshot = self.executor.view().map_err(|error| error.to_string())?;
        rotation::all_due(now().seconds(), &snapshot, LOOK_MAX, &|id| left_out.contains(id))
            .map_err(|need| format!("{need:?}"))
    }

    /// Rotates one, and commits that with its audit entry.
    async fn rotate_one(self: Arc<Self>, id: &str) -> Result<(), String> {
        let (server, id) = (Arc::clone(&self), id.to_owned());
        let rotated = self.executor.run(move |world, entropy, supplies| {
            let done = rotation::perform(world, &id, entropy, supplies)?;
            let refused = done.deeds.iter().find_map(|deed| deed.cause);
            let entries = entries::own(&done, "rotation", || server.next_request());
            Ok(Effects { changes: done.changes, entries, notices: done.notices, result: refused })
        });
        match rotated.await {
            Ok(None) => Ok(()),
            Ok(Some(cause)) => Err(format!("refused: {cause:?}")),
            Err(error) => Err(error.to_string()),
        }
    }
}
