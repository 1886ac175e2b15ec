//! Bytes in flight: messages that arrive, messages that are being answered, answers that are not written yet.
//!
//! A message asks for room four times at most, and each time for a later [`Stage`]. What earlier stages hold leaves a quarter of
//! the share and of the total to each later one, and no piece counts for more than such a quarter: so a message that holds room
//! and waits for more waits only for messages that are further on, and these end, because peers that do not read their
//! answers are cut off.

use super::client::{Client, Kept};
use super::shares::{Mark, Share, Shares};
use std::sync::Arc;

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
