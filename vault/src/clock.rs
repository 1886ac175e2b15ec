//! The time of the system.

use keystead_engine::world::Now;
use std::time::{SystemTime, UNIX_EPOCH};

/// The time of the system, for dates.
pub fn now() -> Now {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Now { nanoseconds: u64::try_from(since.as_nanos()).unwrap_or(u64::MAX) }
}
