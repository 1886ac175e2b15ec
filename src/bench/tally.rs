//! Counts of a run: latencies as a histogram, errors by kind, bytes.

use hdrhistogram::Histogram;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The longest latency that is told apart from longer ones.
const LATENCY_MAX: Duration = Duration::from_secs(120);

/// Latencies are kept to three significant digits.
const DIGITS: u8 = 3;

/// How many kinds of errors are told apart: a server may give each its own words.
const KINDS_MAX: usize = 32;

/// So many parts, each for some of the connections, so that they do not wait for each other.
const PARTS: usize = 32;

/// What came of requests.
pub struct Part {
    /// Latencies in nanoseconds of what succeeded.
    pub latencies: Histogram<u64>,
    /// What failed, by kind.
    pub errors: BTreeMap<String, u64>,
    /// Bytes of messages that went out and came in.
    pub bytes: (u64, u64),
}

impl Part {
    fn new() -> Self {
        let most = u64::try_from(LATENCY_MAX.as_nanos()).unwrap_or(u64::MAX);
        let latencies = Histogram::new_with_bounds(1, most, DIGITS);
        #[allow(clippy::expect_used, reason = "three constants, which a test has tried")]
        let latencies = latencies.expect("these bounds make a histogram");
        Self { latencies, errors: BTreeMap::new(), bytes: (0, 0) }
    }

    /// How many succeeded.
    pub fn operations(&self) -> u64 {
        self.latencies.len()
    }

    /// A latency below which this share of all lie, in microseconds.
    pub fn percentile(&self, percent: f64) -> f64 {
        self.latencies.value_at_percentile(percent) as f64 / 1000.0
    }

    fn fail(&mut self, kind: &str, count: u64) {
        let known = self.errors.contains_key(kind) || self.errors.len() < KINDS_MAX;
        *self.errors.entry(if known { kind } else { "others" }.to_owned()).or_default() += count;
    }
}

/// The counts of all connections.
pub struct Tally(Vec<Mutex<Part>>);

impl Tally {
    /// Nothing is counted yet.
    pub fn new(connections: usize) -> Self {
        Self((0..connections.clamp(1, PARTS)).map(|_| Mutex::new(Part::new())).collect())
    }

    fn with(&self, connection: usize, change: impl FnOnce(&mut Part)) {
        if let Some(part) = self.0.get(connection % self.0.len()) {
            change(&mut part.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Counts a success.
    pub fn succeed(&self, connection: usize, latency: Duration, bytes: (u64, u64)) {
        let latency = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.with(connection, |part| {
            part.latencies.saturating_record(latency);
            part.bytes = (part.bytes.0 + bytes.0, part.bytes.1 + bytes.1);
        });
    }

    /// Counts failures of a kind.
    pub fn fail(&self, connection: usize, kind: &str, count: u64) {
        self.with(connection, |part| part.fail(kind, count));
    }

    /// All of it together.
    pub fn sum(&self) -> Part {
        let mut all = Part::new();
        for part in &self.0 {
            let part = part.lock().unwrap_or_else(PoisonError::into_inner);
            // All parts have the same bounds, so that they can be added.
            let _ = all.latencies.add(&part.latencies);
            part.errors.iter().for_each(|(kind, count)| all.fail(kind, *count));
            all.bytes = (all.bytes.0 + part.bytes.0, all.bytes.1 + part.bytes.1);
        }
        all
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;

    #[test]
    fn counts_of_all_connections_come_together() {
        let tally = Tally::new(100);
        for connection in 0..100 {
            tally.succeed(connection, Duration::from_micros(connection as u64 + 1), (10, 20));
            tally.fail(connection, if connection % 2 == 0 { "even" } else { "odd" }, 1);
        }
        tally.succeed(0, Duration::from_secs(1000), (0, 0));
        let all = tally.sum();
        assert_eq!((all.operations(), all.errors.values().sum::<u64>(), all.bytes), (101, 100, (1000, 2000)));
        assert_eq!(all.errors.get("odd"), Some(&50));
        assert!((50.0..52.0).contains(&all.percentile(50.0)), "{}", all.percentile(50.0));
        assert!(all.percentile(100.0) >= 120_000_000.0 * 0.999);
        (0..100).for_each(|kind| tally.fail(0, &format!("kind {kind}"), 1));
        assert!(tally.sum().errors.len() <= KINDS_MAX + 1);
    }
}
