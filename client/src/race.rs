//! Several servers, tried in order and soon at once: the first good result wins, and a dead first server costs
//! a fraction of a second.

use super::ServerAddress;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// When the second server is asked, unless the first failed before.
const SECOND_AFTER: Duration = Duration::from_millis(300);
/// When all others are asked.
const REST_AFTER: Duration = Duration::from_secs(1);

/// Runs `attempt` for the first server, for the second 300 ms later, for all others after 1 s, and for the next
/// one at once whenever one fails. The first success is the result; what still runs then is let go, and its result
/// dropped. `None` stands for an attempt that had not ended at the deadline.
pub fn race<T, E>(
    servers: &[ServerAddress],
    deadline: Instant,
    attempt: impl Fn(&ServerAddress) -> Result<T, E> + Send + Sync + 'static,
) -> Result<T, Vec<(ServerAddress, Option<E>)>>
where
    T: Send + 'static,
    E: Send + 'static,
{
    if let [only] = servers {
        return attempt(only).map_err(|error| vec![(only.clone(), Some(error))]);
    }
    let mut failures: Vec<_> = servers.iter().map(|server| (server.clone(), None)).collect();
    let ranked = servers.iter().cloned().enumerate().collect();
    for (at, result) in Race::new(ranked, deadline, move |server, tell| tell(attempt(server))) {
        match result {
            Ok(good) => return Ok(good),
            Err(error) => {
                if let Some((_, failure)) = failures.get_mut(at) {
                    *failure = Some(error);
                }
            }
        }
    }
    Err(failures)
}

/// Attempts that run at once, each in a thread, and whose reports come in the order in which they are made. An attempt
/// may report more than once.
///
/// Each runner has a rank, and the ranks start one after the other: the second after 300 ms, all others after 1 s, and
/// the next at once when every runner of those that were started has reported and the race still goes on. It ends when
/// all attempts have, or at the deadline; what still runs then is let go.
pub struct Race<C, T> {
    runners: Vec<(usize, C)>,
    attempt: Arc<Attempt<C, T>>,
    began: Instant,
    deadline: Instant,
    tell: Sender<Message<T>>,
    told: Receiver<Message<T>>,
    started: usize,
    reported: BTreeSet<usize>,
    ended: usize,
}

/// What a runner does, and how it reports.
type Attempt<C, T> = dyn Fn(&C, &dyn Fn(T)) + Send + Sync;

enum Message<T> {
    Report(usize, T),
    Ended(usize),
}

impl<C: Clone + Send + 'static, T: Send + 'static> Race<C, T> {
    /// A race of these runners, each with its rank: 0, 1, 2 and so on, in order.
    pub fn new(
        runners: Vec<(usize, C)>,
        deadline: Instant,
        attempt: impl Fn(&C, &dyn Fn(T)) + Send + Sync + 'static,
    ) -> Self {
        let (tell, told) = channel();
        let (attempt, reported) = (Arc::new(attempt), BTreeSet::new());
        Self { runners, attempt, began: Instant::now(), deadline, tell, told, started: 0, reported, ended: 0 }
    }

    /// How many runners have not ended.
    pub fn running(&self) -> usize {
        self.runners.len() - self.ended
    }

    fn ranks(&self) -> usize {
        self.runners.last().map_or(0, |(rank, _)| rank + 1)
    }

    fn start_due(&mut self) {
        let quiet = |rank: &usize| {
            let runs = |(at, (of, _)): (usize, &(usize, C))| of == rank && !self.reported.contains(&at);
            self.runners.iter().enumerate().any(runs)
        };
        let failed = (0..self.started).filter(|rank| !quiet(rank)).count();
        let due = due(self.began, self.ranks()).max(failed + 1).min(self.ranks());
        let starting = self.started..self.started.max(due);
        self.started = starting.end;
        for at in 0..self.runners.len() {
            if self.runners.get(at).is_some_and(|(rank, _)| starting.contains(rank)) {
                self.start(at);
            }
        }
    }

    fn start(&mut self, at: usize) {
        let Some((_, runner)) = self.runners.get(at) else { return };
        let (runner, attempt, tell) = (runner.clone(), self.attempt.clone(), self.tell.clone());
        let run = move || {
            // The receiver is gone when the race is over: the result is dropped then.
            attempt(&runner, &|report| drop(tell.send(Message::Report(at, report))));
            drop(tell.send(Message::Ended(at)));
        };
        if thread::Builder::new().spawn(run).is_err() {
            // The system has no thread left: the others decide.
            drop(self.tell.send(Message::Ended(at)));
        }
    }
}

impl<C: Clone + Send + 'static, T: Send + 'static> Iterator for Race<C, T> {
    type Item = (usize, T);

    /// The next report with the place of its runner.
    fn next(&mut self) -> Option<(usize, T)> {
        while self.ended < self.runners.len() {
            self.start_due();
            let next = next_start(self.began, self.started, self.ranks());
            let wake = self.deadline.min(next.unwrap_or(self.deadline));
            match self.told.recv_timeout(wake.saturating_duration_since(Instant::now())) {
                Ok(Message::Report(at, report)) => {
                    self.reported.insert(at);
                    return Some((at, report));
                }
                Ok(Message::Ended(at)) => {
                    self.reported.insert(at);
                    self.ended += 1;
                }
                Err(RecvTimeoutError::Timeout) if Instant::now() < self.deadline => {}
                Err(_) => return None,
            }
        }
        None
    }
}

/// How many ranks are started by now.
fn due(began: Instant, count: usize) -> usize {
    match began.elapsed() {
        passed if passed < SECOND_AFTER => 1,
        passed if passed < REST_AFTER => 2,
        _ => count,
    }
}

/// When the next rank is started, where one is left.
fn next_start(began: Instant, started: usize, count: usize) -> Option<Instant> {
    match started {
        _ if started >= count => None,
        0 | 1 => Some(began + SECOND_AFTER),
        _ => Some(began + REST_AFTER),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;
    use std::sync::Mutex;

    fn servers(count: u16) -> Vec<ServerAddress> {
        (1..=count).map(|port| ServerAddress { host: "test".to_owned(), port }).collect()
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    #[test]
    fn a_hanging_first_server_costs_a_fraction_of_a_second() {
        let began = Instant::now();
        let won = race(&servers(2), soon(), |server| {
            if server.port == 1 {
                thread::sleep(Duration::from_secs(4));
            }
            Ok::<_, ()>(server.port)
        });
        assert_eq!(won.ok(), Some(2));
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    }

    #[test]
    fn a_failure_starts_the_next_server_at_once() {
        let began = Instant::now();
        let won = race(
            &servers(4),
            soon(),
            |server| {
                if server.port < 4 { Err("refused") } else { Ok(server.port) }
            },
        );
        assert_eq!(won.ok(), Some(4));
        assert!(began.elapsed() < SECOND_AFTER, "{:?}", began.elapsed());
    }

    #[test]
    fn a_good_first_server_is_the_only_one_asked() {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        let won = race(&servers(3), soon(), move |server| {
            log.lock().unwrap().push(server.port);
            Ok::<_, ()>(server.port)
        });
        assert_eq!((won.ok(), asked.lock().unwrap().clone()), (Some(1), vec![1]));
    }

    #[test]
    fn every_failure_is_told_in_order_and_silence_too() {
        let deadline = Instant::now() + Duration::from_millis(1500);
        let lost: Result<(), _> = race(&servers(3), deadline, |server| {
            if server.port == 2 {
                thread::sleep(Duration::from_secs(10));
            }
            Err(server.port)
        });
        let told: Vec<_> =
            lost.unwrap_err().into_iter().map(|(server, error)| (server.port, error)).collect();
        assert_eq!(told, [(1, Some(1)), (2, None), (3, Some(3))]);
    }

    /// A runner that reports again and again holds up neither those of its rank nor the next rank.
    #[test]
    fn runners_of_one_rank_run_together_and_report_more_than_once() {
        let runners = vec![(0, "mute"), (0, "again"), (1, "good")];
        let race = Race::new(runners, soon(), |runner, tell| match *runner {
            "mute" => thread::sleep(Duration::from_secs(4)),
            "again" => (0..3).for_each(tell),
            _ => tell(9),
        });
        let began = Instant::now();
        let told: Vec<_> = race.take(4).collect();
        assert_eq!(told, [(1, 0), (1, 1), (1, 2), (2, 9)]);
        assert!(began.elapsed() >= SECOND_AFTER && began.elapsed() < REST_AFTER, "{:?}", began.elapsed());
    }
}
