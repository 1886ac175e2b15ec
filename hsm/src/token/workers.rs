//! A few threads that do blocking work, each on a value of its own: here, a connection to the HSM.
//!
//! Work waits in one queue. A caller waits as long as one call of it may take since the last one came back. A thread whose call
//! does not come back by then is written off: its result is thrown away, and another takes its place; but only so often,
//! because a thread that hangs in a library cannot be ended.
//!
//! A thread that finds out that its value cannot do the work while those of others may puts it back in front of the queue, and
//! takes none until its value can again.

use super::progress::Progress;
use crate::Error;
use crossbeam_channel::{RecvTimeoutError, bounded};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many calls may wait for a thread.
const QUEUE_MAX: usize = 1024;

/// How many threads may hang at a time before calls are refused at once.
pub const WRITTEN_OFF_MAX: usize = 8;

/// How often a value that cannot do work is tried: that of one thread each time, while others do the work.
const TRIED_EVERY: Duration = Duration::from_secs(1);

/// The same while none does.
const TRIED_EVERY_FOR_WANT: Duration = Duration::from_millis(100);

/// What a thread works on.
pub trait Value: 'static {
    /// Whether it can do work again, after it has answered [`Error::NoSession`].
    fn recovers(&mut self) -> bool;
}

/// Does the work and answers the caller; false where the value cannot do it.
type Work<T> = Box<dyn FnMut(&mut T) -> bool + Send>;

struct Job<T> {
    work: Work<T>,
    progress: Arc<Progress>,
}

/// The threads and their queue.
pub struct Workers<T> {
    inner: Arc<Inner<T>>,
    timeout: Duration,
}

struct Inner<T> {
    queue: Mutex<Queue<T>>,
    /// There is a job, or the end.
    come: Condvar,
    /// The end.
    ended: Condvar,
    make: Box<dyn Fn() -> T + Send + Sync>,
    written_off: AtomicUsize,
    running: AtomicUsize,
}

struct Queue<T> {
    jobs: VecDeque<Job<T>>,
    is_over: bool,
    /// How many threads take no work, because their values cannot do it.
    unable: usize,
    /// When one of them was tried last.
    tried: Instant,
}

impl<T: Value> Workers<T> {
    /// Starts this many threads; each makes its own value.
    pub fn start(threads: usize, timeout: Duration, make: Box<dyn Fn() -> T + Send + Sync>) -> Self {
        let queue = Queue { jobs: VecDeque::new(), is_over: false, unable: 0, tried: Instant::now() };
        let inner = Arc::new(Inner {
            queue: Mutex::new(queue),
            come: Condvar::new(),
            ended: Condvar::new(),
            make,
            written_off: AtomicUsize::new(0),
            running: AtomicUsize::new(0),
        });
        (0..threads).for_each(|_| spawn(&inner));
        Self { inner, timeout }
    }

    /// Does the work on a thread, and waits for it: so long for a thread, so long for each call of the module, and altogether
    /// [`WHOLE`](super::progress::WHOLE) times as long.
    pub fn call<R: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut T) -> Result<R, Error> + Send + 'static,
    ) -> Result<R, Error> {
        if self.inner.written_off.load(Ordering::Acquire) >= WRITTEN_OFF_MAX {
            return Err(Error::Busy(
                "too many of its calls hang; restart the HSM's software, then this server",
            ));
        }
        let (reply, answer) = bounded(1);
        let progress = Progress::new();
        let work = move |value: &mut T| {
            let result = work(value);
            if matches!(result, Err(Error::NoSession)) {
                return false;
            }
            let _ = reply.try_send(result);
            true
        };
        self.inner.add(Job { work: Box::new(work), progress: Arc::clone(&progress) })?;
        loop {
            let deadline = progress.deadline(self.timeout);
            match answer.recv_deadline(deadline) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Timeout) if progress.deadline(self.timeout) > deadline => {}
                Err(RecvTimeoutError::Timeout) => return Err(self.give_up(&progress)),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Error::Busy("a thread that talks to it has died"));
                }
            }
        }
    }

    /// It took too long. Where a thread hangs in it, the thread is replaced.
    fn give_up(&self, progress: &Arc<Progress>) -> Error {
        if !progress.abandon() {
            return match self.inner.forget(progress) {
                true => Error::NoSession,
                false => Error::Busy("calls wait too long for a thread"),
            };
        }
        let hanging = self.inner.written_off.fetch_add(1, Ordering::AcqRel) + 1;
        tracing::error!(
            hanging,
            limit = WRITTEN_OFF_MAX,
            "a call into the HSM hangs; its thread is replaced"
        );
        spawn(&self.inner);
        Error::Timeout(self.timeout)
    }
}

/// The threads end before the process does: a module that is unloaded under a running call crashes. Threads that hang
/// are not waited for.
impl<T> Drop for Workers<T> {
    fn drop(&mut self) {
        let inner = &self.inner;
        inner.queue().is_over = true;
        inner.come.notify_all();
        inner.ended.notify_all();
        let deadline = Instant::now() + self.timeout;
        while inner.running.load(Ordering::SeqCst) > inner.written_off.load(Ordering::SeqCst)
            && Instant::now() < deadline
        {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl<T> Inner<T> {
    fn queue(&self) -> MutexGuard<'_, Queue<T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many threads there are, but for those that hang.
    fn threads(&self) -> usize {
        self.running.load(Ordering::SeqCst).saturating_sub(self.written_off.load(Ordering::SeqCst))
    }

    fn add(&self, job: Job<T>) -> Result<(), Error> {
        let mut queue = self.queue();
        if queue.jobs.len() >= QUEUE_MAX {
            return Err(Error::Busy("too many calls wait for it"));
        }
        queue.jobs.push_back(job);
        self.come.notify_one();
        Ok(())
    }

    /// Nobody waits for this job; whether there is no thread that could do it.
    fn forget(&self, progress: &Arc<Progress>) -> bool {
        let mut queue = self.queue();
        queue.jobs.retain(|job| !Arc::ptr_eq(&job.progress, progress));
        queue.unable >= self.threads()
    }

    /// What is to be done next; none at the end.
    fn next(&self) -> Option<Job<T>> {
        let queue = self.queue();
        let come = self.come.wait_while(queue, |queue| queue.jobs.is_empty() && !queue.is_over);
        come.unwrap_or_else(PoisonError::into_inner).jobs.pop_front()
    }

    /// Puts a job back for others, and waits until the value can do work again. False at the end.
    fn leave_to_others(&self, job: Job<T>, value: &mut T) -> bool
    where
        T: Value,
    {
        let mut queue = self.queue();
        queue.jobs.push_front(job);
        queue.unable += 1;
        self.come.notify_one();
        let goes_on = loop {
            let others_work = queue.unable < self.threads();
            let pause = if others_work { TRIED_EVERY } else { TRIED_EVERY_FOR_WANT };
            queue =
                self.ended.wait_timeout(queue, pause).map_or_else(|poison| poison.into_inner().0, |(q, _)| q);
            if queue.is_over {
                break false;
            }
            if queue.tried.elapsed() < pause {
                continue;
            }
            queue.tried = Instant::now();
            drop(queue);
            let is_able = value.recovers();
            queue = self.queue();
            if is_able {
                break true;
            }
        };
        queue.unable -= 1;
        goes_on
    }
}

/// Counts a thread for as long as it runs, even if it panics.
struct Running<T>(Arc<Inner<T>>);

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

fn spawn<T: Value>(inner: &Arc<Inner<T>>) {
    let inner = Arc::clone(inner);
    inner.running.fetch_add(1, Ordering::SeqCst);
    let running = Running(Arc::clone(&inner));
    let run = move || {
        // Dropped last, after the value: the count says that the thread is done with the module.
        let _running = running;
        let mut value = (inner.make)();
        while let Some(mut job) = inner.next() {
            if !job.progress.begin() {
                continue;
            }
            let is_answered = (job.work)(&mut value);
            if !job.progress.end() {
                // Another thread has taken this one's place long since.
                inner.written_off.fetch_sub(1, Ordering::AcqRel);
                return;
            }
            if !is_answered && !inner.leave_to_others(job, &mut value) {
                return;
            }
        }
    };
    if let Err(error) = std::thread::Builder::new().name("hsm".to_owned()).spawn(run) {
        tracing::error!(%error, "cannot start a thread for the HSM");
    }
}

#[cfg(test)]
mod tests;
