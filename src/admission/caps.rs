//! What clients may take, as the configuration says it.

use super::{Bytes, available_processors};
use std::time::Duration;

/// What a client may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Caps {
    /// Requests of one client that the engine runs at a time.
    pub requests_per_client: usize,
    /// Threads that talk to the HSM.
    pub hsm_workers: usize,
    /// Bytes in flight.
    pub bytes_in_flight: Bytes,
    /// Bytes in flight of one client.
    pub bytes_in_flight_per_client: Bytes,
    /// How long an answer waits for room at most.
    pub patience: Duration,
}

/// For how many clients at once there is as much as each of them may take.
pub(super) const CLIENTS: usize = 4;

impl Caps {
    pub(super) fn running(&self) -> usize {
        self.requests_per_client.max(available_processors()) * CLIENTS
    }

    pub(super) fn outside_per_client(&self) -> usize {
        self.hsm_workers.max(4)
    }

    /// How many threads block at most at a time, for all that is admitted.
    pub fn blocking_threads(&self) -> usize {
        self.running() + self.outside_per_client() * CLIENTS
    }
}
