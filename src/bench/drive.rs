//! Connections at once: each asks as fast as it is answered, or when it is due. What is counted lies between the end of the
//! warm-up and the end of the run.

use super::answer::judge;
use super::pace::Pace;
use super::process::{Cpu, Process};
use super::requests::{Requests, Shared};
use super::tally::{Part, Tally};
use super::wire::{Connection, PATIENCE, Target};
use super::workload::{Operation, Pattern};
use crate::client::{Cause, Error};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

/// How many connections are opened at once before a run.
const OPENED_AT_ONCE: usize = 64;

/// How late a request that is due may be asked behind the end of a run. Who is later has not kept the rate.
const LATE_MAX: Duration = Duration::from_millis(50);

/// How long a connection that broke is not tried again.
const PAUSE: Duration = Duration::from_millis(10);

/// How a run goes.
#[derive(Clone, Copy)]
pub struct Plan {
    /// What is done.
    pub pattern: Pattern,
    /// On how many connections.
    pub connections: usize,
    /// How long before anything is counted.
    pub warm_up: Duration,
    /// How long it is counted.
    pub duration: Duration,
    /// How often a second, all connections together.
    pub rate: Option<u64>,
    /// What random choices begin with.
    pub seed: u64,
    /// The process that answers.
    pub process: Option<Process>,
}

/// What a run came to.
pub struct Run {
    /// How long was counted.
    pub seconds: f64,
    /// What was counted.
    pub part: Part,
    /// How much each connection got done.
    pub by_connection: Vec<u64>,
    /// The CPU of the process that answers: in all, own, kernel, waited; in seconds.
    pub cpu: Option<(f64, f64, f64, f64)>,
    /// The CPU of this process, in seconds.
    pub own_cpu: f64,
}

impl Run {
    /// How many succeeded a second.
    pub fn per_second(&self) -> f64 {
        self.part.operations() as f64 / self.seconds.max(1e-9)
    }
}

/// When what is counted begins and ends.
#[derive(Clone, Copy)]
struct Window {
    start: Instant,
    from: Instant,
    until: Instant,
}

/// One of the connections.
struct Worker {
    number: usize,
    plan: Plan,
    window: Window,
    target: Target,
    requests: Requests,
    tally: Arc<Tally>,
    /// What tells when the next request is due, where there is a rate.
    pace: Option<Pace>,
    /// How many were due already.
    due: u64,
    counted: u64,
}

/// Does it.
pub async fn drive(target: &Target, shared: &Arc<Shared>, plan: Plan) -> Result<Run, Error> {
    let tally = Arc::new(Tally::new(plan.connections));
    let mut opened = match plan.pattern {
        Pattern::Steady(_) => open(target, plan.connections).await?.into_iter().map(Some).collect(),
        Pattern::Session(_) => Vec::new(),
    };
    opened.resize_with(plan.connections, || None);
    let start = Instant::now() + Duration::from_millis(5);
    let from = start + plan.warm_up;
    let window = Window { start, from, until: from + plan.duration };
    let keep = |rate| Pace::keep(rate, plan.connections, (window.start, window.until));
    let pace = plan.rate.map(keep).transpose();
    let pace = pace.map_err(|error| Error::setup(error.to_string(), "allow this process more threads"))?;
    let mut workers = JoinSet::new();
    for (number, connection) in opened.into_iter().enumerate() {
        let requests = Requests::new(Arc::clone(shared), plan.seed, number as u64);
        let (target, tally) = (target.clone(), Arc::clone(&tally));
        let pace = pace.clone();
        let worker = Worker { number, plan, window, target, requests, tally, pace, due: 0, counted: 0 };
        workers.spawn(worker.work(connection));
    }
    sleep_until(window.from).await;
    let own = Process(std::process::id());
    let (before, own_before) = (plan.process.and_then(Process::cpu), own.cpu().unwrap_or_default());
    let mut by_connection = Vec::new();
    let all = join(&mut workers, &mut by_connection);
    // Where there is nothing left to ask for, it ends before its time.
    let _ = timeout_at(window.until, all).await;
    let seconds = (Instant::now() - window.from).min(plan.duration).as_secs_f64();
    let after = plan.process.and_then(Process::cpu);
    let own_cpu = own.cpu().unwrap_or_default().since(&own_before).0;
    if timeout(PATIENCE, join(&mut workers, &mut by_connection)).await.is_err() {
        (0..workers.len()).for_each(|number| tally.fail(number, &told(&Cause::Late), 1));
        workers.shutdown().await;
    }
    let cpu = before.zip(after).map(|(before, after): (Cpu, Cpu)| after.since(&before));
    Ok(Run { seconds, part: tally.sum(), by_connection, cpu, own_cpu })
}

async fn join(workers: &mut JoinSet<u64>, by_connection: &mut Vec<u64>) {
    while let Some(ended) = workers.join_next().await {
        by_connection.extend(ended);
    }
}

/// Opens so many connections; the first that cannot be opened is told.
pub async fn open(target: &Target, count: usize) -> Result<Vec<Connection>, Error> {
    let mut opened = Vec::new();
    while opened.len() < count {
        let mut opening = JoinSet::new();
        for _ in 0..OPENED_AT_ONCE.min(count - opened.len()) {
            let target = target.clone();
            opening.spawn(async move { Connection::open(&target).await });
        }
        while let Some(one) = opening.join_next().await {
            let one = one.map_err(|error| Error::setup(error.to_string(), "report this"))?;
            opened.push(
                one.map_err(|cause| Error::Unreachable(vec![(target.server.clone(), Some(cause)).into()]))?,
            );
        }
    }
    Ok(opened)
}

/// A word for how a connection ended.
pub fn told(cause: &Cause) -> String {
    match cause {
        Cause::Late => "no answer in time".to_owned(),
        cause => format!("connection: {}", cause.kind()),
    }
}

impl Worker {
    async fn work(mut self, connection: Option<Connection>) -> u64 {
        sleep_until(self.window.start).await;
        match (self.plan.pattern, connection) {
            (Pattern::Steady(mix), Some(connection)) => self.steady(mix, connection).await,
            (Pattern::Session(operations), _) => self.sessions(operations).await,
            (Pattern::Steady(_), None) => {}
        }
        self.counted
    }

    /// When the next request is due, once that has come; nothing where the run is over.
    async fn turn(&mut self) -> Option<Instant> {
        let until = self.window.until;
        let Some(pace) = &self.pace else {
            let now = Instant::now();
            return (now < until).then_some(now);
        };
        self.due += 1;
        let due = pace.turn(self.number, self.due - 1).await?;
        if Instant::now() < until + LATE_MAX {
            return Some(due);
        }
        self.count_missed(due);
        None
    }

    /// Requests that were due before the end, and for which it came too soon: their latencies are not known, and would be the longest.
    fn count_missed(&self, due: Instant) {
        if let Some(rate) = self.plan.rate {
            let left = (self.window.until - due).as_secs_f64() * rate as f64 / self.plan.connections as f64;
            self.tally.fail(self.number, "due, and not asked before the end", left.ceil() as u64);
        }
    }

    async fn steady(&mut self, mix: &'static [(u64, Operation)], mut connection: Connection) {
        loop {
            let operation = self.requests.choose(mix);
            let Some(due) = self.turn().await else { break };
            if !self.requests.draw(operation) {
                break;
            }
            let before = (connection.sent, connection.received);
            let result = exchange(&mut connection, &mut self.requests, operation).await;
            let is_broken = matches!(result, Err(Failed::Broken(_)));
            self.count(due, result, (connection.sent - before.0, connection.received - before.1));
            if is_broken {
                match self.again().await {
                    Some(fresh) => connection = fresh,
                    None => return,
                }
            }
        }
        connection.close().await;
    }

    /// A new connection in the place of one that broke; none where the run is over.
    async fn again(&mut self) -> Option<Connection> {
        while Instant::now() < self.window.until {
            sleep(PAUSE).await;
            match Connection::open(&self.target).await {
                Ok(fresh) => return Some(fresh),
                Err(cause) => self.count(Instant::now(), Err(Failed::Broken(cause)), (0, 0)),
            }
        }
        None
    }

    async fn sessions(&mut self, operations: &'static [Operation]) {
        while let Some(due) = self.turn().await {
            if !self.requests.draw(operations.first().copied().unwrap_or(Operation::Echo)) {
                break;
            }
            match session(&self.target, &mut self.requests, operations).await {
                Ok(bytes) => self.count(due, Ok(()), bytes),
                Err(failed) => {
                    let is_broken = matches!(failed, Failed::Broken(_));
                    self.count(due, Err(failed), (0, 0));
                    if is_broken {
                        sleep(PAUSE).await;
                    }
                }
            }
        }
    }

    fn count(&mut self, due: Instant, result: Result<(), Failed>, bytes: (u64, u64)) {
        let now = Instant::now();
        // Where there is a rate, all that was due in the time counts, whenever its answer comes.
        let counts_at = if self.plan.rate.is_some() { due } else { now };
        if counts_at < self.window.from || counts_at > self.window.until {
            return;
        }
        match result {
            Ok(()) => {
                self.counted += 1;
                self.tally.succeed(self.number, now - due, bytes);
            }
            Err(failed) => self.tally.fail(self.number, &failed.told(), 1),
        }
    }
}

/// Why an exchange is not counted as one.
pub enum Failed {
    /// The connection ended.
    Broken(Cause),
    /// The answer is not what it must be.
    Wrong(String),
}

impl Failed {
    /// In a few words, the same for all of a kind.
    pub fn told(&self) -> String {
        match self {
            Self::Broken(cause) => told(cause),
            Self::Wrong(kind) => kind.clone(),
        }
    }
}

/// One request and its answer, judged.
async fn exchange(
    connection: &mut Connection,
    requests: &mut Requests,
    operation: Operation,
) -> Result<(), Failed> {
    let answer = connection.exchange(requests.frame(operation)).await.map_err(Failed::Broken)?;
    judge(operation, answer, requests.expected(operation)).map_err(Failed::Wrong)
}

/// A connection of its own for some requests; gives the bytes of their messages.
pub async fn session(
    target: &Target,
    requests: &mut Requests,
    operations: &[Operation],
) -> Result<(u64, u64), Failed> {
    let mut connection = Connection::open(target).await.map_err(Failed::Broken)?;
    for operation in operations {
        exchange(&mut connection, requests, *operation).await?;
    }
    let bytes = (connection.sent, connection.received);
    connection.close().await;
    Ok(bytes)
}
