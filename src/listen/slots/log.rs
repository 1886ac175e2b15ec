//! What the log says of connections that were closed for others, or could not be: once every few seconds, with how many they
//! were.

use super::Full;
use crate::listen::log_throttle::LogThrottle;
use crate::text::printable;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// How much of a client's name is told, in characters.
const NAME_CHARS: usize = 128;

/// Counts what is not told yet.
#[derive(Default)]
pub struct SlotLog {
    refused: Mutex<LogThrottle>,
    evicted: Mutex<LogThrottle>,
}

impl SlotLog {
    /// A connection was closed at once: there are as many as there may be.
    pub fn refused(&self, peer: SocketAddr, client: Option<&str>, why: Full) {
        let client = printable(client.unwrap_or_default(), NAME_CHARS);
        if let Some(times) = count(&self.refused) {
            tracing::warn!(%peer, %client, times, "closed a new connection: {why}");
        }
    }

    /// Idle connections of these clients were closed for a new one.
    pub fn evicted(&self, owners: &[Arc<str>], newcomer: &str) {
        for owner in owners {
            let (client, newcomer) = (printable(owner, NAME_CHARS), printable(newcomer, NAME_CHARS));
            if let Some(times) = count(&self.evicted) {
                tracing::warn!(%client, %newcomer, times, "closed an idle connection for a new one: there are as many as \
                    limits.connections, limits.connections_per_address or limits.connections_per_client let there be");
            }
        }
    }
}

fn count(of: &Mutex<LogThrottle>) -> Option<u64> {
    of.lock().unwrap_or_else(PoisonError::into_inner).count(Instant::now())
}
