//! Makes the population: keys that are created and activated, many in a message.

use super::args::BenchCommand;
use super::population::{BATCH_KEYS, CONNECTIONS, ask_bytes, identifiers, name, open};
use super::requests::{create, message, numbered};
use super::wire::Target;
use crate::client::Error;
use kmip_codec::Version;
use kmip_codec::operations::{Call as _, Operation};
use kmip_codec::payloads::{ActivateRequest, CreateRequest};
use kmip_codec::value::UniqueIdentifier;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How many names are looked for first: where none of them is there, nothing of the population is.
const PROBES: usize = 32;

/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_millis(500);

/// Makes what is missing of the population; gives how many keys that were.
pub async fn preload(target: &Target, command: &BenchCommand) -> Result<usize, Error> {
    let missing = missing(target, command).await?;
    let names = missing.iter().map(|number| name(&command.prefix, *number)).collect();
    make(target, command.kmip, names, true, Progress::new("keys are made and activated", missing.len()))
        .await?;
    Ok(missing.len())
}

/// Makes keys of these names that are not active; gives their identifiers.
pub async fn inactive(target: &Target, version: Version, names: Vec<String>) -> Result<Vec<String>, Error> {
    let progress = Progress::new("keys are made to be activated", names.len());
    make(target, version, names, false, progress).await
}

async fn missing(target: &Target, command: &BenchCommand) -> Result<Vec<usize>, Error> {
    let count = command.population;
    let mut found = Vec::new();
    for probe in (0..count).step_by(count.div_ceil(PROBES)) {
        found.extend(identifiers(target, command.kmip, &command.prefix, probe..probe + 1).await?);
    }
    if found.iter().all(Option::is_none) {
        return Ok((0..count).collect());
    }
    let found = identifiers(target, command.kmip, &command.prefix, 0..count).await?;
    Ok(found.iter().enumerate().filter(|(_, id)| id.is_none()).map(|(number, _)| number).collect())
}

async fn make(
    target: &Target,
    version: Version,
    names: Vec<String>,
    activate: bool,
    progress: Progress,
) -> Result<Vec<String>, Error> {
    let (names, next, progress) = (Arc::new(names), Arc::new(AtomicUsize::new(0)), Arc::new(progress));
    let mut workers = JoinSet::new();
    for _ in 0..CONNECTIONS.min(names.len().div_ceil(BATCH_KEYS)) {
        let (target, names, next, progress) =
            (target.clone(), Arc::clone(&names), Arc::clone(&next), Arc::clone(&progress));
        workers.spawn(async move {
            let mut made = Vec::new();
            let mut connection = open(&target).await?;
            loop {
                let first = next.fetch_add(BATCH_KEYS, Ordering::Relaxed);
                let part: Vec<&str> = names.iter().skip(first).take(BATCH_KEYS).map(String::as_str).collect();
                if part.is_empty() {
                    connection.close().await;
                    return Ok::<_, Error>(made);
                }
                made.extend(make_some(&target, &mut connection, version, &part, activate).await?);
                progress.add(part.len());
            }
        });
    }
    let mut made = Vec::new();
    while let Some(worker) = workers.join_next().await {
        made.extend(worker.map_err(|error| Error::setup(error.to_string(), "report this"))??);
    }
    progress.end();
    Ok(made)
}

/// Each key is activated right behind its creation, as the object that the item before has made.
async fn make_some(
    target: &Target,
    connection: &mut super::wire::Connection,
    version: Version,
    names: &[&str],
    activate: bool,
) -> Result<Vec<String>, Error> {
    let (mut requests, mut operations) = (Vec::new(), Vec::new());
    for name in names {
        requests.push(create(name));
        operations.push(Operation::Create);
        if activate {
            requests.push(ActivateRequest { unique_identifier: None }.into_request());
            operations.push(Operation::Activate);
        }
    }
    let bytes = message(version, numbered(requests)).to_bytes();
    let mut answers = ask_bytes(target, connection, &bytes, &operations).await?;
    let mut made = Vec::new();
    for _ in names {
        if let UniqueIdentifier::Text(id) = answers.take::<CreateRequest>()?.unique_identifier {
            made.push(id);
        }
        if activate {
            answers.take::<ActivateRequest>()?;
        }
    }
    Ok(made)
}

/// How far it is, on standard error: a bar at a terminal, a line now and then elsewhere.
struct Progress {
    what: &'static str,
    all: usize,
    done: AtomicUsize,
    began: Instant,
    /// When it was told last, in milliseconds since the beginning.
    told: AtomicUsize,
}

impl Progress {
    fn new(what: &'static str, all: usize) -> Self {
        Self { what, all, done: AtomicUsize::new(0), began: Instant::now(), told: AtomicUsize::new(0) }
    }

    fn add(&self, count: usize) {
        let done = self.done.fetch_add(count, Ordering::Relaxed) + count;
        let now = usize::try_from(self.began.elapsed().as_millis()).unwrap_or(usize::MAX);
        let at_terminal = std::io::stderr().is_terminal();
        let every =
            usize::try_from(TELL_EVERY.as_millis()).unwrap_or_default() * if at_terminal { 1 } else { 20 };
        let told = self.told.load(Ordering::Relaxed);
        if now < told + every
            || self.told.compare_exchange(told, now, Ordering::Relaxed, Ordering::Relaxed).is_err()
        {
            return;
        }
        let line = self.line(done);
        let _ = match at_terminal {
            true => write!(std::io::stderr(), "\r{line}\x1b[K"),
            false => writeln!(std::io::stderr(), "keystead: {line}"),
        };
    }

    fn line(&self, done: usize) -> String {
        let filled = (done * 30).checked_div(self.all).unwrap_or(30).min(30);
        let rate = done as f64 / self.began.elapsed().as_secs_f64().max(0.001);
        let left = (self.all.saturating_sub(done)) as f64 / rate.max(0.001);
        format!(
            "[{}{}] {done} of {} {}, {rate:.0}/s, {left:.0} s left",
            "#".repeat(filled),
            ".".repeat(30 - filled),
            self.all,
            self.what
        )
    }

    fn end(&self) {
        if std::io::stderr().is_terminal() && self.told.load(Ordering::Relaxed) > 0 {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_what_is_done() {
        let progress = Progress::new("keys", 200);
        let line = progress.line(100);
        assert!(
            line.starts_with(&format!("[{}{}] 100 of 200 keys, ", "#".repeat(15), ".".repeat(15))),
            "{line}"
        );
        assert!(Progress::new("keys", 0).line(0).starts_with(&format!("[{}]", "#".repeat(30))));
    }
}
