//! A few threads that do blocking work, each on a value of its own: here, a connection to the HSM.
//!
//! A caller waits for its answer for a bounded time. A thread that does not come back by then is written off: its
//! result is thrown away, and another takes its place; but only so often, because a thread that hangs in a library
//! cannot be ended.

use crate::Error;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How many calls may wait for a thread.
const QUEUE_MAX: usize = 1024;

/// How many threads may hang at a time before calls are refused at once.
pub const WRITTEN_OFF_MAX: usize = 8;

type Work<T> = Box<dyn FnOnce(&mut T) + Send>;

struct Job<T> {
    work: Work<T>,
    progress: Arc<Progress>,
}

/// How far a call is: set by its thread, read by its caller.
#[derive(Default)]
struct Progress {
    started: AtomicBool,
    abandoned: AtomicBool,
}

/// The threads and their queue.
pub struct Workers<T> {
    /// `None` only while it is dropped.
    queue: Option<Sender<Job<T>>>,
    inner: Arc<Inner<T>>,
    timeout: Duration,
}

struct Inner<T> {
    jobs: Receiver<Job<T>>,
    make: Box<dyn Fn() -> T + Send + Sync>,
    written_off: AtomicUsize,
    running: AtomicUsize,
}

impl<T: 'static> Workers<T> {
    /// Starts this many threads; each makes its own value.
    pub fn start(threads: usize, timeout: Duration, make: Box<dyn Fn() -> T + Send + Sync>) -> Self {
        let (queue, jobs) = bounded(QUEUE_MAX);
        let inner =
            Arc::new(Inner { jobs, make, written_off: AtomicUsize::new(0), running: AtomicUsize::new(0) });
        (0..threads).for_each(|_| spawn(&inner));
        Self { queue: Some(queue), inner, timeout }
    }

    /// Does the work on a thread, and waits for it within the time limit.
    pub fn call<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut T) -> Result<R, Error> + Send + 'static,
    ) -> Result<R, Error> {
        if self.inner.written_off.load(Ordering::Acquire) >= WRITTEN_OFF_MAX {
            return Err(Error::Busy(
                "too many of its calls hang; restart the HSM's software, then this server",
            ));
        }
        let (reply, answer) = bounded(1);
        let progress = Arc::new(Progress::default());
        let job = Job {
            work: Box::new(move |value| {
                let _ = reply.send(work(value));
            }),
            progress: Arc::clone(&progress),
        };
        let deadline = Instant::now() + self.timeout;
        match self.queue.as_ref().map(|queue| queue.try_send(job)) {
            Some(Ok(())) => {}
            Some(Err(TrySendError::Full(_) | TrySendError::Disconnected(_))) | None => {
                return Err(Error::Busy("too many calls wait for it"));
            }
        }
        match answer.recv_deadline(deadline) {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => Err(self.give_up(&progress)),
            Err(RecvTimeoutError::Disconnected) => Err(Error::Busy("a thread that talks to it has died")),
        }
    }

    /// The call took too long. If its thread hangs in it, the thread is replaced.
    fn give_up(&self, progress: &Progress) -> Error {
        progress.abandoned.store(true, Ordering::SeqCst);
        if !progress.started.load(Ordering::SeqCst) {
            return Error::Busy("calls wait too long for a thread");
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
        self.queue = None;
        let deadline = Instant::now() + self.timeout;
        let inner = &self.inner;
        while inner.running.load(Ordering::SeqCst) > inner.written_off.load(Ordering::SeqCst)
            && Instant::now() < deadline
        {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Counts a thread for as long as it runs, even if it panics.
struct Running<T>(Arc<Inner<T>>);

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

fn spawn<T: 'static>(inner: &Arc<Inner<T>>) {
    let inner = Arc::clone(inner);
    inner.running.fetch_add(1, Ordering::SeqCst);
    let running = Running(Arc::clone(&inner));
    let run = move || {
        // Dropped last, after the value: the count says that the thread is done with the module.
        let _running = running;
        let mut value = (inner.make)();
        while let Ok(job) = inner.jobs.recv() {
            job.progress.started.store(true, Ordering::SeqCst);
            if job.progress.abandoned.load(Ordering::SeqCst) {
                continue;
            }
            (job.work)(&mut value);
            if job.progress.abandoned.load(Ordering::SeqCst) {
                // Another thread has taken this one's place long since.
                inner.written_off.fetch_sub(1, Ordering::AcqRel);
                return;
            }
        }
    };
    if let Err(error) = std::thread::Builder::new().name("hsm".to_owned()).spawn(run) {
        tracing::error!(%error, "cannot start a thread for the HSM");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workers(threads: usize) -> Workers<u32> {
        Workers::start(threads, Duration::from_millis(100), Box::new(|| 7))
    }

    /// A call that hangs costs its caller the time limit, and nobody else.
    #[test]
    fn a_hanging_call_is_written_off_and_its_thread_replaced() {
        let workers = workers(1);
        let (release, hang) = bounded::<()>(0);
        let stuck = workers.call(move |_| {
            let _ = hang.recv();
            Ok(())
        });
        assert_eq!(stuck, Err(Error::Timeout(Duration::from_millis(100))));
        assert_eq!(workers.call(|value| Ok(*value)), Ok(7));
        drop(release);
        for _ in 0..100 {
            if workers.inner.written_off.load(Ordering::Acquire) == 0 {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("a thread that came back still counts as hanging");
    }

    /// Threads are replaced up to the bound, then calls fail at once.
    #[test]
    fn beyond_the_bound_calls_fail_fast() {
        let workers = workers(1);
        let (release, hang) = bounded::<()>(0);
        for _ in 0..WRITTEN_OFF_MAX {
            let hang = hang.clone();
            let stuck = workers.call(move |_| {
                let _ = hang.recv();
                Ok(())
            });
            assert!(matches!(stuck, Err(Error::Timeout(_))));
        }
        let started = Instant::now();
        assert!(matches!(workers.call(|value| Ok(*value)), Err(Error::Busy(_))));
        assert!(started.elapsed() < Duration::from_millis(100));
        drop(release);
    }
}
