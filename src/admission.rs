//! Admission control: the one accounting of what clients take of the server, so that none of them takes what others need.
//!
//! Work, memory and turns are counted for the client that the certificate of a connection names, whatever credential or
//! ticket a message shows beside it. Each kind has a total and a share of one client; who has to wait stands in the queue of
//! its client, and the queues are served round robin, so that a thousand waiting requests of one client delay another
//! client's by one turn.
//!
//! ```text
//! a message arrives --> memory (as much as is announced) --> decoded --> running --> memory (the answer) --> written
//!                                                                         |   ^
//!                                          a key pair, a password: slow --+---+-- a key in the HSM, administration: outside
//! ```

mod account;
mod client;
mod fair;
mod memory;
mod queues;
mod shares;
mod slow;

pub use client::{Client, Kept};
pub use fair::{FairSemaphore, Permit};
pub use memory::{ALLOWANCE, Bytes, Figures, MemoryBudget, PARTS, Reservation, Stage};

use std::thread::available_parallelism;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// What a client may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Caps {
    /// Requests of one client that the engine runs at a time.
    pub requests_per_client: usize,
    /// Threads that talk to the HSM.
    pub hsm_workers: usize,
    /// Bytes in flight.
    pub bytes_in_flight: Bytes,
    /// Bytes in flight of one client.
    pub bytes_in_flight_per_client: Bytes,
    /// How long an answer waits for room at most.
    pub patience: Duration,
}

/// For how many clients at once there is as much as each of them may take.
const CLIENTS: usize = 4;

impl Caps {
    fn running(&self) -> usize {
        self.requests_per_client.max(available_processors()) * CLIENTS
    }

    fn outside_per_client(&self) -> usize {
        self.hsm_workers.max(4)
    }

    /// How many threads block at most at a time, for all that is admitted.
    pub fn blocking_threads(&self) -> usize {
        self.running() + self.outside_per_client() * CLIENTS
    }
}

/// What admits work and the bytes of messages.
pub struct Admission {
    memory: MemoryBudget,
    /// Held while the engine runs, not while a commit waits for the disk: commits in groups need many that wait.
    running: FairSemaphore,
    /// Held by messages that become larger than a piece of memory counts for: one of each client at a time.
    large: FairSemaphore,
    /// Held by requests whose answer or change is large: one of each client at a time.
    large_results: FairSemaphore,
    /// Held by what keeps a processor busy for long.
    slow: FairSemaphore,
    /// Held by what waits for the HSM or for the world outside: requests that need neither go on beside it.
    outside: FairSemaphore,
    patience: Duration,
}

impl Admission {
    /// With these caps; what is slow has as many turns for one client as there are processors.
    pub fn new(caps: &Caps) -> Self {
        let processors = available_processors();
        let outside = caps.outside_per_client();
        Self {
            memory: MemoryBudget::new(caps.bytes_in_flight, caps.bytes_in_flight_per_client),
            running: FairSemaphore::new(caps.running(), caps.requests_per_client, Kept::Running),
            large: FairSemaphore::new(CLIENTS, 1, Kept::Nowhere),
            large_results: FairSemaphore::new(CLIENTS, 1, Kept::Nowhere),
            slow: FairSemaphore::new(processors * CLIENTS, processors, Kept::Nowhere),
            outside: FairSemaphore::new(outside * CLIENTS, outside, Kept::Nowhere),
            patience: caps.patience,
        }
    }

    /// The bytes in flight.
    pub fn memory(&self) -> &MemoryBudget {
        &self.memory
    }

    /// A permit to run the engine for this client.
    pub async fn running(&self, client: &Client) -> Permit {
        self.running.acquire(client).await
    }

    /// A permit for a message that becomes so large, where that is more than a piece of memory counts for.
    pub async fn alone_where_large(&self, client: &Client, bytes: Bytes) -> Option<Permit> {
        match bytes > self.memory.piece() {
            true => Some(self.large.acquire(client).await),
            false => None,
        }
    }

    /// A permit for a request whose answer or change is large: until it is committed and has room in flight.
    pub async fn large_result(&self, client: &Client) -> Permit {
        self.large_results.acquire(client).await
    }

    /// Does what keeps a processor busy for long, on a thread of low priority, when it is this client's turn.
    pub async fn run_slow<T: Send + 'static>(
        &self,
        client: &Client,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, String> {
        let permit = self.slow.acquire(client).await;
        let done = slow::run(move || (work(), permit)).await;
        done.map(|(result, _)| result)
    }

    /// Does what waits for the HSM or the world outside, when it is this client's turn.
    pub async fn run_outside<T: Send + 'static>(
        &self,
        client: &Client,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, String> {
        let permit = self.outside.acquire(client).await;
        let done = spawn_blocking(move || (work(), permit)).await;
        done.map(|(result, _)| result).map_err(|panic| panic.to_string())
    }

    /// Does what may take a while on a thread that may block, as one of the requests of this client that run.
    pub async fn run<T: Send + 'static>(
        &self,
        client: &Client,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, String> {
        let permit = self.running(client).await;
        let done = spawn_blocking(move || (work(), permit)).await;
        done.map(|(result, _)| result).map_err(|panic| panic.to_string())
    }

    /// Room for an answer of so many bytes; `None` where the client does not read what it has been answered before.
    pub async fn room_for_answer(&self, client: &Client, bytes: Bytes) -> Option<Reservation> {
        match self.memory.reserve_now(client, Stage::Answering, bytes) {
            Some(room) => Some(room),
            None => timeout(self.patience, self.memory.reserve(client, Stage::Answering, bytes)).await.ok(),
        }
    }
}

fn available_processors() -> usize {
    available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests;
