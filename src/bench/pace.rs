//! A rate: connections take turns, and each is woken when its turn comes, to some microseconds. The timers of the runtime wake up to a
//! millisecond late, which is longer than an answer takes: a thread that sleeps has the time.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The turns of a run.
#[derive(Clone)]
pub struct Pace {
    start: Instant,
    until: Instant,
    /// How often a second, all connections together.
    rate: u64,
    /// What wakes each connection.
    wakers: Arc<[Notify]>,
}

impl Pace {
    /// Keeps a rate over so many connections, between these instants.
    pub fn keep(rate: u64, connections: usize, (start, until): (Instant, Instant)) -> std::io::Result<Self> {
        let wakers = (0..connections).map(|_| Notify::new()).collect();
        let pace = Self { start, until, rate, wakers };
        let keeper = pace.clone();
        std::thread::Builder::new().name("pace".to_owned()).spawn(move || keeper.wake_each())?;
        Ok(pace)
    }

    /// When this turn of all is due.
    fn due(&self, turn: u64) -> Instant {
        self.start + Duration::from_secs_f64(turn as f64 / self.rate as f64)
    }

    fn wake_each(&self) {
        for (waker, turn) in self.wakers.iter().cycle().zip(0..) {
            let due = self.due(turn);
            if due >= self.until {
                return;
            }
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            waker.notify_one();
        }
    }

    /// When this turn of a connection is due, once that has come; nothing where it comes behind the end.
    pub async fn turn(&self, connection: usize, number: u64) -> Option<Instant> {
        let due = self.due(number * self.wakers.len() as u64 + connection as u64);
        if due >= self.until {
            return None;
        }
        // It may have been woken for a turn that it came to late.
        while Instant::now() < due {
            self.wakers.get(connection)?.notified().await;
        }
        Some(due)
    }
}
