//! How the good client fares.

use crate::site::Site;
use keystead::client::Client;
use kmip_codec::payloads::GetRequest;
use kmip_codec::value::UniqueIdentifier;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long the good client waits between two Gets.
const PAUSE: Duration = Duration::from_millis(10);

/// What was measured: times in ascending order.
pub struct Figures {
    times: Vec<Duration>,
    grown: u64,
    failures: usize,
}

/// Gets one key again and again, on one connection or each time on one of its own.
pub fn measure(
    site: &Site,
    (mut client, id): (Client, UniqueIdentifier),
    time: Duration,
    comes_anew: bool,
    before: u64,
) -> Figures {
    let begin = Instant::now();
    let mut figures = Figures { times: Vec::new(), grown: 0, failures: 0 };
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // A Get may take long; memory is looked at all the same.
        let looked = scope.spawn(|| {
            let mut most = 0;
            while !done.load(Ordering::Relaxed) {
                most = site.memory().max(most);
                std::thread::sleep(PAUSE);
            }
            most
        });
        while begin.elapsed() < time {
            if comes_anew {
                client = site.client("good");
            }
            let asked = Instant::now();
            let got =
                client.call(GetRequest { unique_identifier: Some(id.clone()), ..GetRequest::default() });
            figures.times.push(asked.elapsed());
            figures.failures += usize::from(got.is_err());
            std::thread::sleep(PAUSE);
        }
        done.store(true, Ordering::Relaxed);
        figures.grown = looked.join().unwrap().saturating_sub(before);
    });
    figures.times.sort();
    figures
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |share: usize| {
            let place = (self.times.len() * share / 100).min(self.times.len() - 1);
            self.times[place].as_secs_f64() * 1000.0
        };
        let grown = self.grown as f64 / f64::from(1 << 20);
        write!(f, "{:>8} {:>8.1} {:>8.1} {:>8.1} {grown:>9.1}", self.times.len(), at(50), at(99), at(100))?;
        match self.failures {
            0 => Ok(()),
            failures => write!(f, "   {failures} Gets failed"),
        }
    }
}
