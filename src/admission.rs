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
//!
//! A message asks for room four times at most, and each time for a later [`Stage`]. What earlier stages hold leaves a quarter of
//! the share and of the total to each later one, and no piece counts for more than such a quarter: so a message that holds room
//! and waits for more waits only for messages that are further on, and these end, because peers that do not read their
//! answers are cut off.

mod caps;
mod client;
mod queues;
mod shares;
mod slow;

pub use caps::Caps;
pub use client::{Client, Kept};

use caps::CLIENTS;
use shares::{Mark, Share, Shares};
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;
use tokio::task::{spawn_blocking, yield_now};
use tokio::time::timeout;

/// What admits work and the bytes of messages.
pub struct Admission {
    memory: MemoryBudget,
    /// Held while the engine runs, not while a commit waits for the disk: commits in groups need many that wait.
    running: FairSemaphore,
    /// Held by what is going to change something on a thread that connections share, while it lets pass whatever else is ready there.
    changing: FairSemaphore,
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
            changing: FairSemaphore::new(processors, processors, Kept::Nowhere),
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

    /// Waits for the turn of a run that is going to change something on a thread that connections share. Whatever else is ready there
    /// comes before each: a commit answers many changes at once, whose clients ask for the next at once, and a read does not wait for
    /// all of those.
    pub async fn turn_to_change(&self, client: &Client) {
        let _turn = self.changing.acquire(client).await;
        yield_now().await;
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

/// How many threads run at a time.
fn available_processors() -> usize {
    available_parallelism().map_or(1, usize::from)
}

/// A number of permits, and how many of them one client may hold. Permits are given round robin among the clients that wait,
/// and in the order of coming within one client.
#[derive(Clone)]
pub struct FairSemaphore(Arc<Shares>);

/// A permit; given back when dropped.
pub struct Permit {
    _share: Share,
}

impl FairSemaphore {
    /// So many permits in all, and for one client. Where clients keep their accounts of them is told too.
    pub fn new(permits: usize, per_client: usize, kept: Kept) -> Self {
        Self(Shares::new(vec![Mark { total: permits.max(1), client: per_client.max(1) }], 0, kept))
    }

    /// A permit, when it is this client's turn. Who waits leaves the queue when the future is dropped.
    pub async fn acquire(&self, client: &Client) -> Permit {
        Permit { _share: self.0.take(client, 0, 1).await }
    }

    /// How many permits are held.
    pub fn held(&self) -> usize {
        self.0.held().charged
    }

    /// How many permits this client holds.
    pub fn held_by(&self, client: &Client) -> usize {
        self.0.held_by(client)
    }

    /// How many wait for a permit.
    pub fn waiting(&self) -> usize {
        self.0.held().waiting
    }
}

/// A number of bytes.
pub type Bytes = usize;

/// What a client holds beyond the total: small messages are never held up by the large ones of others.
pub const ALLOWANCE: Bytes = 64 * 1024;

/// How far a message is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Stage {
    /// Its first bytes arrive, [`ALLOWANCE`] at most.
    Beginning,
    /// The rest of it arrives.
    Reading,
    /// It is decoded and carried out.
    Working,
    /// Its answer is on the way.
    Answering,
}

/// The stages from the first to the last.
const STAGES: [Stage; 4] = [Stage::Beginning, Stage::Reading, Stage::Working, Stage::Answering];

/// Into how many parts a share is divided: one for each stage.
pub const PARTS: usize = STAGES.len();

/// How many bytes may be in flight, in all and for one client.
#[derive(Clone)]
pub struct MemoryBudget {
    shares: Arc<Shares>,
    /// What one piece counts for at most: the room that each stage has for itself.
    piece: Bytes,
}

/// Room for bytes; given back when dropped.
pub struct Reservation(Share);

/// How much is in flight.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Figures {
    /// Of all clients, beyond their allowances.
    pub in_flight: Bytes,
    /// The most that this has been.
    pub in_flight_peak: Bytes,
    /// The most that one client has had in flight.
    pub client_peak: Bytes,
    /// How many messages wait for room.
    pub waiting: usize,
}

impl MemoryBudget {
    /// So many bytes in all, beside the allowances, and for one client.
    pub fn new(total: Bytes, per_client: Bytes) -> Self {
        let stages = 1..=PARTS;
        let mark = |stage| Mark { total: total / PARTS * stage, client: per_client / PARTS * stage };
        let piece = total.min(per_client) / PARTS;
        Self {
            shares: Shares::new(stages.map(mark).collect(), ALLOWANCE.min(per_client), Kept::Memory),
            piece,
        }
    }

    /// Room for so many bytes of a client, as soon as there is some. Who waits leaves the queue when the future is dropped.
    pub async fn reserve(&self, client: &Client, stage: Stage, bytes: Bytes) -> Reservation {
        Reservation(self.shares.take(client, stage as usize, bytes.min(self.piece)).await)
    }

    /// The same at once, if nobody waits and there is room.
    pub fn reserve_now(&self, client: &Client, stage: Stage, bytes: Bytes) -> Option<Reservation> {
        self.shares.take_now(client, stage as usize, bytes.min(self.piece)).ok().map(Reservation)
    }

    /// Adds room for so many bytes to a reservation, for a later stage than it has room for.
    pub async fn grow(&self, held: &mut Reservation, stage: Stage, bytes: Bytes) {
        held.0.extend(stage as usize, bytes.min(self.piece)).await;
    }

    /// What one piece counts for at most.
    pub fn piece(&self) -> Bytes {
        self.piece
    }

    /// How much is in flight.
    pub fn figures(&self) -> Figures {
        let held = self.shares.held();
        Figures {
            in_flight: held.charged,
            in_flight_peak: held.charged_peak,
            client_peak: held.client_peak,
            waiting: held.waiting,
        }
    }

    /// How many bytes of this client are in flight.
    pub fn in_flight_of(&self, client: &Client) -> Bytes {
        self.shares.held_by(client)
    }
}

impl Reservation {
    /// For how many bytes.
    pub fn bytes(&self) -> Bytes {
        self.0.amount()
    }

    /// Gives back all beyond so many bytes.
    pub fn shrink_to(&mut self, bytes: Bytes) {
        self.0.shrink_to(bytes);
    }
}

#[cfg(test)]
mod tests;
