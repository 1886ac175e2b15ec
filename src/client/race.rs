//! Several servers, tried in order and soon at once: the first good result wins, and a dead first server costs
//! a fraction of a second.

use super::ServerAddress;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
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
    let attempt = Arc::new(attempt);
    let (tell, results) = channel();
    let start = |at: usize| {
        let (Some(server), attempt, tell) = (servers.get(at).cloned(), attempt.clone(), tell.clone()) else {
            return;
        };
        // The receiver is gone when another server won: the result is dropped then.
        thread::spawn(move || drop(tell.send((at, attempt(&server)))));
    };
    first_success(servers, deadline, &results, start)
}

fn first_success<T, E>(
    servers: &[ServerAddress],
    deadline: Instant,
    results: &Receiver<(usize, Result<T, E>)>,
    start: impl Fn(usize),
) -> Result<T, Vec<(ServerAddress, Option<E>)>> {
    let began = Instant::now();
    let mut failures: Vec<(ServerAddress, Option<E>)> =
        servers.iter().map(|server| (server.clone(), None)).collect();
    let (mut started, mut ended) = (0, 0);
    while ended < servers.len() {
        let due = due(began, servers.len()).max(ended + 1);
        (started..due.min(servers.len())).for_each(&start);
        started = started.max(due.min(servers.len()));
        let wake = deadline.min(next_start(began, started, servers.len()).unwrap_or(deadline));
        match results.recv_timeout(wake.saturating_duration_since(Instant::now())) {
            Ok((_, Ok(good))) => return Ok(good),
            Ok((at, Err(error))) => {
                ended += 1;
                if let Some(failure) = failures.get_mut(at) {
                    failure.1 = Some(error);
                }
            }
            Err(RecvTimeoutError::Timeout) if Instant::now() < deadline => {}
            Err(_) => break,
        }
    }
    Err(failures)
}

/// How many servers are asked by now.
fn due(began: Instant, count: usize) -> usize {
    match began.elapsed() {
        passed if passed < SECOND_AFTER => 1,
        passed if passed < REST_AFTER => 2,
        _ => count,
    }
}

/// When the next server is asked, where one is left.
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
}
