//! Clients that come all at once, and connections that do nothing.

use super::answer::judge;
use super::drive::{Failed, Run, open, session, told};
use super::process::{Memory, Process};
use super::requests::{Requests, Shared};
use super::tally::Tally;
use super::wire::Target;
use super::workload::{Operation, UNLOCK};
use crate::client::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// How long all clients of a storm may take together.
const STORM_PATIENCE: Duration = Duration::from_secs(600);

/// How long a client waits before it comes again where it was not served.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// How often a client comes again.
const TRIES: usize = 100;

/// What is counted of a client that came so often in vain.
pub const NEVER_SERVED: &str = "never served";

/// How long a server has to come to rest before its memory is read.
const REST: Duration = Duration::from_secs(1);

/// So many clients at once, each on a connection of its own; each is counted by when it was served, from the common start. Who is not
/// served comes again, as the hosts of a data centre do, and what failed is counted too.
pub async fn storm(
    target: &Target,
    shared: &Arc<Shared>,
    clients: usize,
    seed: u64,
    process: Option<Process>,
) -> Run {
    let tally = Arc::new(Tally::new(clients));
    let start = Instant::now() + Duration::from_millis(50);
    let own = Process(std::process::id());
    let (before, own_before) = (process.and_then(Process::cpu), own.cpu().unwrap_or_default());
    let mut workers = JoinSet::new();
    for number in 0..clients {
        let (target, tally, shared) = (target.clone(), Arc::clone(&tally), Arc::clone(shared));
        workers.spawn(async move {
            let mut requests = Requests::new(shared, seed, number as u64);
            requests.draw(Operation::Locate);
            sleep_until(start).await;
            for _ in 0..TRIES {
                match session(&target, &mut requests, UNLOCK).await {
                    Ok(bytes) => return tally.succeed(number, start.elapsed(), bytes),
                    Err(failed) => tally.fail(number, &failed.told(), 1),
                }
                sleep(AGAIN_AFTER).await;
            }
            tally.fail(number, NEVER_SERVED, 1);
        });
    }
    let all = async { while workers.join_next().await.is_some() {} };
    let in_time = timeout(STORM_PATIENCE, all).await;
    if in_time.is_err() {
        (0..workers.len()).for_each(|number| tally.fail(number, NEVER_SERVED, 1));
        workers.shutdown().await;
    }
    let seconds = start.elapsed().as_secs_f64();
    let cpu = before.zip(process.and_then(Process::cpu)).map(|(before, after)| after.since(&before));
    let own_cpu = own.cpu().unwrap_or_default().since(&own_before).0;
    Run { seconds, part: tally.sum(), by_connection: Vec::new(), cpu, own_cpu }
}

/// The memory of a server before and while it has so many connections that do nothing. Each has asked once, so that the server
/// has taken it up.
pub async fn idle(
    target: &Target,
    shared: &Arc<Shared>,
    connections: usize,
    process: Process,
) -> Result<(Memory, Memory), Error> {
    let memory = || {
        process
            .memory()
            .ok_or_else(|| Error::setup(format!("process {} has ended", process.0), "see its log"))
    };
    // What a server takes at its first connection and keeps is no cost of those that come behind.
    drop(open(target, connections.min(4)).await?);
    sleep(REST).await;
    let before = memory()?;
    let mut held = open(target, connections).await?;
    let mut requests = Requests::new(Arc::clone(shared), 0, 0);
    for connection in &mut held {
        let operation = Operation::Query;
        let broken = |failed: Failed| {
            Error::setup(format!("{}: {}", target.server, failed.told()), "see the log of the server")
        };
        let answer = timeout(super::wire::PATIENCE, connection.exchange(requests.frame(operation))).await;
        let answer = answer.unwrap_or(Err(crate::client::Cause::Late));
        let answer = answer.map_err(|cause| {
            Error::setup(format!("{}: {}", target.server, told(&cause)), "see the log of the server")
        })?;
        judge(operation, answer, requests.expected(operation)).map_err(Failed::Wrong).map_err(broken)?;
    }
    sleep(REST).await;
    Ok((before, memory()?))
}
