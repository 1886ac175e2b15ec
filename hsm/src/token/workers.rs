//! A few threads that do blocking work, each on a value of its own: here, a connection to the HSM.
//!
//! A caller waits for its answer for a bounded time. A thread that does not come back by then is written off: its
//! result is thrown away, and another takes its place; but only so often, because a thread that hangs in a library
//! cannot be ended. A thread whose value cannot do the work now, while those of others can, leaves it to them and rests.

use crate::Error;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded, select, unbounded};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How many calls may wait for a thread.
const QUEUE_MAX: usize = 1024;

/// How many threads may hang at a time before calls are refused at once.
pub const WRITTEN_OFF_MAX: usize = 8;

/// How long a thread rests that has left its work to others.
const REST: Duration = Duration::from_secs(1);

/// How often work is left to others before the caller is told.
const LEFT_MAX: u32 = 3;

/// Does the work and answers the caller; or, unless this is the last try, leaves it to others, and says so.
type Work<T> = Box<dyn FnMut(&mut T, bool) -> Done + Send>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Done {
    Answered,
    LeftToOthers,
}

struct Job<T> {
    work: Work<T>,
    progress: Arc<Progress>,
    /// How often it was left to others.
    left: u32,
}

/// How far a call is, between its thread and its caller.
#[derive(Default)]
struct Progress(AtomicU8);

impl Progress {
    const WAITS: u8 = 0;
    const RUNS: u8 = 1;
    const ABANDONED: u8 = 2;

    /// Goes from one state to another; whether it was in the first, and so not abandoned.
    fn turn(&self, from: u8, to: u8) -> bool {
        self.0.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// The caller waits no longer; whether a thread is at it.
    fn abandon(&self) -> bool {
        self.0.swap(Self::ABANDONED, Ordering::SeqCst) == Self::RUNS
    }
}

/// The threads and their queue.
pub struct Workers<T> {
    /// `None` only while it is dropped.
    queue: Option<Sender<Job<T>>>,
    /// Dropped, it ends the rest of the threads that have one.
    awake: Option<Sender<()>>,
    inner: Arc<Inner<T>>,
    timeout: Duration,
}

struct Inner<T> {
    jobs: Receiver<Job<T>>,
    left: (Sender<Job<T>>, Receiver<Job<T>>),
    rest: Receiver<()>,
    make: Box<dyn Fn() -> T + Send + Sync>,
    written_off: AtomicUsize,
    running: AtomicUsize,
}

impl<T: 'static> Workers<T> {
    /// Starts this many threads; each makes its own value.
    pub fn start(threads: usize, timeout: Duration, make: Box<dyn Fn() -> T + Send + Sync>) -> Self {
        let (queue, jobs) = bounded(QUEUE_MAX);
        let (awake, rest) = bounded(0);
        let (written_off, running) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let inner = Arc::new(Inner { jobs, left: unbounded(), rest, make, written_off, running });
        (0..threads).for_each(|_| spawn(&inner));
        Self { queue: Some(queue), awake: Some(awake), inner, timeout }
    }

    /// Does the work on a thread, and waits for it within the time limit.
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
        let progress = Arc::new(Progress::default());
        let job = Job {
            work: Box::new(move |value, is_last| {
                let result = work(value);
                if !is_last && matches!(result, Err(Error::NoSession)) {
                    return Done::LeftToOthers;
                }
                let _ = reply.try_send(result);
                Done::Answered
            }),
            progress: Arc::clone(&progress),
            left: 0,
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
        if !progress.abandon() {
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
        (self.queue, self.awake) = (None, None);
        let deadline = Instant::now() + self.timeout;
        let inner = &self.inner;
        while inner.running.load(Ordering::SeqCst) > inner.written_off.load(Ordering::SeqCst)
            && Instant::now() < deadline
        {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl<T> Inner<T> {
    /// What is to be done next: what others have left first. None at the end.
    fn next(&self) -> Option<Job<T>> {
        if let Ok(job) = self.left.1.try_recv() {
            return Some(job);
        }
        select! {
            recv(self.left.1) -> job => job.ok(),
            recv(self.jobs) -> job => job.ok(),
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
        while let Some(mut job) = inner.next() {
            if !job.progress.turn(Progress::WAITS, Progress::RUNS) {
                continue;
            }
            let done = (job.work)(&mut value, job.left >= LEFT_MAX);
            if !job.progress.turn(Progress::RUNS, Progress::WAITS) {
                // Another thread has taken this one's place long since.
                inner.written_off.fetch_sub(1, Ordering::AcqRel);
                return;
            }
            if done == Done::LeftToOthers {
                job.left += 1;
                let _ = inner.left.0.send(job);
                let _ = inner.rest.recv_timeout(REST);
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

    /// Work that a thread cannot do is done by another, and told when none can.
    #[test]
    fn work_is_left_to_those_who_can_do_it() {
        let made = AtomicUsize::new(0);
        let make = Box::new(move || u32::try_from(made.fetch_add(1, Ordering::SeqCst)).unwrap_or(0));
        let workers = Workers::start(2, Duration::from_secs(10), make);
        for _ in 0..20 {
            let done = workers.call(|value| if *value == 1 { Ok(()) } else { Err(Error::NoSession) });
            assert_eq!(done, Ok(()));
        }
        assert_eq!(workers.call(|_| Err::<(), _>(Error::NoSession)), Err(Error::NoSession));
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
