//! Runs on the threads that all connections share: no thread is woken for them, and none may keep such a thread for long. How much
//! they compute the engine bounds; that they wait for a disk, it cannot know: where one has, none follows for a while.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A run that has taken so long has waited for a disk: for a processor, threads of a busy machine wait less.
const LONG: Duration = Duration::from_millis(100);

/// For how long runs are done elsewhere after such a one.
const REST: Duration = Duration::from_secs(1);

/// The threads that connections share, as far as runs are done on them.
pub(super) struct SharedThreads {
    since: Instant,
    /// Until when none is done on them, in milliseconds of `since`.
    rest_until: AtomicU64,
}

impl Default for SharedThreads {
    fn default() -> Self {
        Self { since: Instant::now(), rest_until: AtomicU64::new(0) }
    }
}

impl SharedThreads {
    /// Whether runs are done on them now.
    pub fn are_open(&self) -> bool {
        let until = self.rest_until.load(Ordering::Relaxed);
        until == 0 || until < milliseconds(self.since.elapsed())
    }

    /// Does this on the present thread; a panic ends nothing else.
    pub fn run<T>(&self, work: impl FnOnce() -> T) -> Result<T, String> {
        let begun = Instant::now();
        // What it had is dropped with it.
        let done = catch_unwind(AssertUnwindSafe(work)).map_err(|_| "a request ended in a panic".to_owned());
        if begun.elapsed() >= LONG {
            tracing::debug!("a run took long on a thread of connections: for a second, none follows there");
            self.rest_until.store(milliseconds(self.since.elapsed() + REST), Ordering::Relaxed);
        }
        done
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test: it stops where it stands")]
mod tests {
    use super::*;

    #[test]
    fn after_a_run_that_has_waited_none_follows_for_a_while() {
        let threads = SharedThreads::default();
        assert_eq!(threads.run(|| 7), Ok(7));
        threads.run(|| std::thread::sleep(LONG)).unwrap();
        assert!(!threads.are_open());
        threads.rest_until.store(1, Ordering::Relaxed);
        assert!(threads.are_open(), "the second is over");
    }

    #[test]
    fn a_panic_is_an_error() {
        let failed = SharedThreads::default().run(|| assert!(milliseconds(LONG) == 0, "on purpose"));
        assert!(failed.unwrap_err().contains("panic"));
    }
}
