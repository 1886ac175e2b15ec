//! One administrative job at a time: every way to a job leads through the hierarchy, so its lock is here.

use super::Error;
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
pub struct Jobs(Mutex<Option<(RunningJob, Instant)>>);

/// The lock is held for as long as this lives.
pub struct Held<'j>(&'j Jobs);

impl Jobs {
    fn now(&self) -> MutexGuard<'_, Option<(RunningJob, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a job, unless one is under way.
    pub fn begin(&self, job: &str, by: &str) -> Result<Held<'_>, Error> {
        if let Some(running) = self.running() {
            return Err(Error::Running(running));
        }
        let mut now = self.now();
        if let Some((running, _)) = now.as_ref() {
            return Err(Error::Running(running.clone()));
        }
        let (job, by, step) = (job.to_owned(), by.to_owned(), "its beginning".to_owned());
        *now = Some((RunningJob { job, by, seconds: 0, step }, Instant::now()));
        Ok(Held(self))
    }

    /// The job that is under way.
    pub fn running(&self) -> Option<RunningJob> {
        let now = self.now();
        now.as_ref().map(|(job, since)| RunningJob { seconds: since.elapsed().as_secs(), ..job.clone() })
    }

    /// Says how far the job is.
    pub fn step(&self, step: String) {
        tracing::info!(step, "rotation of the master key");
        if let Some((job, _)) = self.now().as_mut() {
            job.step = step;
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        *self.0.now() = None;
    }
}
