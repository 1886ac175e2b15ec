//! What a connection says of itself, twice a message and without a lock: that it is busy, and that it is idle; and how it hears that it
//! is to be closed for another.

use super::{Slot, lock};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::oneshot;

/// Counts how often a connection has become idle, which orders them: who became idle before another has the lower number.
pub type IdleClock = Arc<AtomicU64>;

/// What one connection does.
///
/// It says so itself until the table takes that over, which happens where the table looks for one that makes room. From then on
/// the connection asks the table at its next change, under the lock of the table, and gets it back.
pub struct Activity {
    state: AtomicU64,
    clock: IdleClock,
}

/// What a connection does, as the table finds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Doing {
    /// A request is under way.
    Busy,
    /// None is, since this number of the clock.
    IdleSince(u64),
}

/// The state of a connection that is busy, and of one of which the table says what it does. All between are numbers of the clock.
const BUSY: u64 = 0;
const TAKEN_OVER: u64 = u64::MAX;

impl Activity {
    /// That of which the table says what it does.
    pub fn taken_over(clock: &IdleClock) -> Arc<Self> {
        Arc::new(Self { state: AtomicU64::new(TAKEN_OVER), clock: Arc::clone(clock) })
    }

    /// A request begins. `false` where the table must be asked.
    pub fn set_busy(&self) -> bool {
        match self.state.load(Ordering::Acquire) {
            BUSY => true,
            TAKEN_OVER => false,
            since => self.change(since, BUSY),
        }
    }

    /// The answer has been written. `false` where the table must be asked.
    pub fn set_idle(&self) -> bool {
        match self.state.load(Ordering::Acquire) {
            TAKEN_OVER => false,
            BUSY => self.change(BUSY, now(&self.clock)),
            _ => true,
        }
    }

    /// Takes over what it does; nothing where the table has done so already.
    pub fn take_over(&self) -> Option<Doing> {
        match self.state.swap(TAKEN_OVER, Ordering::AcqRel) {
            TAKEN_OVER => None,
            BUSY => Some(Doing::Busy),
            since => Some(Doing::IdleSince(since)),
        }
    }

    /// Gives it back to the connection.
    pub fn give_back(&self, doing: Doing) {
        let state = match doing {
            Doing::Busy => BUSY,
            Doing::IdleSince(since) => since,
        };
        self.state.store(state, Ordering::Release);
    }

    /// The connection alone changes it, but for the table that takes it over.
    fn change(&self, from: u64, to: u64) -> bool {
        self.state.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

/// The next number of the clock.
pub fn now(clock: &IdleClock) -> u64 {
    clock.fetch_add(1, Ordering::Relaxed) + 1
}

impl Slot {
    /// A request begins on the connection. `false` where it is to be closed for another already: then nothing of the request is
    /// done.
    #[must_use]
    pub fn set_busy(&self) -> bool {
        self.activity.set_busy() || lock(&self.table).connections.set_busy(self.number)
    }

    /// The answer is written: until the next message the connection may be closed for another.
    pub fn set_idle(&self) {
        if !self.activity.set_idle() {
            lock(&self.table).connections.set_idle(self.number);
        }
    }
}

/// Becomes ready when the connection is to be closed for another.
pub struct Evicted {
    pub(super) told: oneshot::Receiver<()>,
    pub(super) is_told: bool,
}

impl Evicted {
    /// Waits until then.
    pub async fn wait(&mut self) {
        if !self.is_told {
            match (&mut self.told).await {
                Ok(()) => self.is_told = true,
                Err(_) => std::future::pending().await,
            }
        }
    }

    /// Whether it is so.
    pub fn is_told(&mut self) -> bool {
        self.is_told |= self.told.try_recv().is_ok();
        self.is_told
    }
}
