//! What may happen a thousand times a second is logged once every few seconds, with how often it happened.

use std::time::{Duration, Instant};

/// How far apart two lines are at least.
const APART: Duration = Duration::from_secs(5);

/// Counts what happens between two lines.
#[derive(Default)]
pub struct LogThrottle {
    told: Option<Instant>,
    since: u64,
}

impl LogThrottle {
    /// Counts one more. How many are to be told, when it is time to.
    pub fn count(&mut self, now: Instant) -> Option<u64> {
        self.since += 1;
        if self.told.is_some_and(|told| now < told + APART) {
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_told_once_with_its_size() {
        let (mut seldom, begin) = (LogThrottle::default(), Instant::now());
        assert_eq!(seldom.count(begin), Some(1), "the first is told at once");
        let within = |n: u64| begin + Duration::from_millis(n);
        assert!((0..4000).all(|n| seldom.count(within(n)).is_none()));
        assert_eq!(seldom.count(begin + APART), Some(4001));
        assert_eq!(seldom.count(begin + APART), None);
    }
}
