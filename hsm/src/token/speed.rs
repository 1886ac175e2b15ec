//! How often a second a token opens what is sealed: the most that a server in strict mode can serve.

use super::Token;
use crate::Error;
use std::time::{Duration, Instant};

impl Token {
    /// Opens a sealed secret of 32 bytes again and again for this long, on so many threads at once; gives how often a second, all
    /// together. The key is one of the session and gone with it. The token must have been connected with as many workers, and
    /// a time limit of calls above this time.
    pub fn openings_per_second(&self, threads: usize, time: Duration) -> Result<f64, Error> {
        let begin = Instant::now();
        let open = |_| self.call(move |session| session.open_for(time));
        let counts: Result<Vec<u64>, Error> = std::thread::scope(|scope| {
            let each: Vec<_> = (0..threads).map(|thread| scope.spawn(move || open(thread))).collect();
            let lost = || Err(Error::Busy("a thread ended"));
            each.into_iter().map(|thread| thread.join().unwrap_or_else(|_| lost())).collect()
        });
        Ok(counts?.iter().sum::<u64>() as f64 / begin.elapsed().as_secs_f64())
    }
}
