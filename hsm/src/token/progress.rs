//! How far a piece of work is, between the thread that does it and the caller who waits for it. Each call of the module that
//! comes back gives the work more time, so that the time limit is that of one call, however many the work needs.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How many times the time limit of a call a piece of work may take altogether, the wait for a thread included.
pub const WHOLE: u32 = 20;

thread_local! {
    /// What this thread is at.
    static CURRENT: RefCell<Option<Arc<Progress>>> = const { RefCell::new(None) };
}

/// A call of this thread into the module has come back.
pub fn call_is_over() {
    CURRENT.with_borrow(|current| current.as_ref().inspect(|progress| progress.moves()).is_some());
}

/// Of one piece of work.
pub struct Progress {
    state: AtomicU8,
    came: Instant,
    /// When something of it was done last, in milliseconds since it came.
    moved: AtomicU64,
}

impl Progress {
    const WAITS: u8 = 0;
    const RUNS: u8 = 1;
    const ABANDONED: u8 = 2;

    /// It has come, and waits for a thread.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { state: AtomicU8::new(Self::WAITS), came: Instant::now(), moved: AtomicU64::new(0) })
    }

    /// This thread takes it up; whether somebody waits for it still.
    pub fn begin(self: &Arc<Self>) -> bool {
        let is_wanted = self.turn(Self::WAITS, Self::RUNS);
        if is_wanted {
            self.moves();
            CURRENT.set(Some(Arc::clone(self)));
        }
        is_wanted
    }

    /// This thread lets go of it; whether somebody waits for it still.
    pub fn end(&self) -> bool {
        CURRENT.set(None);
        self.turn(Self::RUNS, Self::WAITS)
    }

    /// The caller waits no longer; whether a thread is at it.
    pub fn abandon(&self) -> bool {
        self.state.swap(Self::ABANDONED, Ordering::SeqCst) == Self::RUNS
    }

    /// Until when the caller waits, where a call may take so long.
    pub fn deadline(&self, limit: Duration) -> Instant {
        let moved = Duration::from_millis(self.moved.load(Ordering::Relaxed));
        self.came + (moved + limit).min(limit.saturating_mul(WHOLE))
    }

    fn moves(&self) {
        let since = u64::try_from(self.came.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved.store(since, Ordering::Relaxed);
    }

    /// Goes from one state to another; whether it was in the first, and so not abandoned.
    fn turn(&self, from: u8, to: u8) -> bool {
        self.state.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }
}
