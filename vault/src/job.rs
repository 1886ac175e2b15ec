//! One administrative job at a time: every way to a job leads through the hierarchy, so its lock is here. A job keeps who
//! began it, from which the audit entries of its steps are made.

use super::Error;
use crate::clock;
use keystead_records::audit::Entry;
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A job that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningJob {
    /// What is done, as the command is called.
    pub job: String,
    /// Who asked for it.
    pub by: String,
    /// For how long it has run.
    pub seconds: u64,
    /// How far it is.
    pub step: String,
}

impl std::fmt::Display for RunningJob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { job, by, seconds, step } = self;
        write!(f, "{job} is under way already: {by} began it {seconds} s ago, and it is at {step}")
    }
}

/// The lock, and who has it.
#[derive(Default)]
pub struct Jobs(Mutex<Option<Job>>);

/// The job that has the lock.
struct Job {
    running: RunningJob,
    since: Instant,
    /// The entry of its start.
    start: Entry,
}

/// What the server does by itself when it starts, as the audit has it: by nobody, from no address.
pub fn at_start(operation: &str) -> Entry {
    let [principal, peer, operation] = ["server", "start", operation].map(str::to_owned);
    Entry { principal, peer, operation, ..Entry::default() }
}

/// The entry of something that was done in the course of what began with `start`.
pub fn entry_of(start: &Entry, outcome: &str, note: String) -> Entry {
    Entry { time: clock::now().milliseconds(), outcome: outcome.to_owned(), note, ..start.clone() }
}

/// The lock is held for as long as this lives.
pub struct Held<'j>(&'j Jobs);

impl Jobs {
    fn now(&self) -> MutexGuard<'_, Option<Job>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a job, unless one is under way; `start` says who asked for it.
    pub fn begin(&self, job: &str, start: &Entry) -> Result<Held<'_>, Error> {
        let mut now = self.now();
        if let Some(job) = now.as_ref() {
            return Err(Error::Running(job.told()));
        }
        let (job, by, step) = (job.to_owned(), start.principal.clone(), "its beginning".to_owned());
        let running = RunningJob { job, by, seconds: 0, step };
        *now = Some(Job { running, since: Instant::now(), start: start.clone() });
        Ok(Held(self))
    }

    /// The job that is under way while `look` looks: none begins or ends meanwhile.
    pub fn looked_at<T>(&self, look: impl FnOnce() -> T) -> (T, Option<RunningJob>) {
        let now = self.now();
        (look(), now.as_ref().map(Job::told))
    }

    /// The audit entry of a step of the job that is under way.
    pub fn entry(&self, outcome: &str, note: String) -> Vec<Entry> {
        self.now().iter().map(|job| entry_of(&job.start, outcome, note.clone())).collect()
    }

    /// Says how far the job is.
    pub fn step(&self, step: String) {
        tracing::info!(step, "rotation of the master key");
        if let Some(job) = self.now().as_mut() {
            job.running.step = step;
        }
    }
}

impl Job {
    fn told(&self) -> RunningJob {
        RunningJob { seconds: self.since.elapsed().as_secs(), ..self.running.clone() }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        *self.0.now() = None;
    }
}
