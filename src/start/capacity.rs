//! How much the server does at a time, as the configuration says.

use crate::admission::Caps;
use crate::config::Config;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// Threads that may block for what is not admitted for a client: looking for work, reading files anew.
const OTHER_BLOCKING_THREADS: usize = 16;

/// What one client may take of the server.
pub fn caps(config: &Config) -> Caps {
    Caps {
        requests_per_client: config.limits.requests_per_client,
        hsm_workers: config.hsm.workers,
        bytes_in_flight: config.limits.bytes_in_flight,
        bytes_in_flight_per_client: config.limits.bytes_in_flight_per_client,
        patience: Duration::from_secs(config.limits.write_seconds),
    }
}

/// A runtime with threads for all that may block at a time.
pub fn runtime(config: &Config) -> std::io::Result<Runtime> {
    let threads = caps(config).blocking_threads() + OTHER_BLOCKING_THREADS;
    Builder::new_multi_thread().enable_all().max_blocking_threads(threads).build()
}
