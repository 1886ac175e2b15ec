//! How many connections there may be, and which makes room for another.
//!
//! A connection is first a pending handshake, then one of a client. Each kind has its own bound, so that strangers never cost a
//! client its connection: a [`PendingHandshake`] makes room for another pending handshake, and an idle connection for one of a
//! client that has shown who it is. Whoever is evicted closes its connection between two messages; the one that comes waits
//! until the other's descriptor is closed.

mod activity;
mod connections;
mod handshakes;
mod log;
#[cfg(test)]
mod tests;

use activity::Activity;
pub use activity::Evicted;
use connections::Connections;
use handshakes::Handshakes;
use log::SlotLog;
use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

/// How long a handshake is left alone.
const GRACE: Duration = Duration::from_secs(2);

/// How long a connection that was evicted may take to be closed.
const CLOSED: Duration = Duration::from_secs(1);

/// How many connections there may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Caps {
    /// Of clients, in all.
    pub connections: usize,
    /// From one address.
    pub per_address: usize,
    /// Of one client.
    pub per_client: usize,
}

impl Caps {
    /// How many handshakes may be pending beside so many connections. TLS keeps up to 64 KiB for each.
    pub fn handshakes(connections: usize) -> usize {
        const LEAST: usize = 16;
        (connections / 2).max(LEAST).min(connections)
    }

    /// How many handshakes of one address may be pending: some are left for others.
    fn handshakes_per_address(self) -> usize {
        (Self::handshakes(self.connections) * 3).div_ceil(4).min(self.per_address)
    }
}

/// Why a connection is closed at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Full {
    /// As many handshakes are pending as may be, in all or from its address, and none of them has had its time.
    Handshakes,
    /// It was evicted itself before its handshake had ended.
    Evicted,
    /// The client has so many connections, as many as it may, and on each a request is under way.
    Client(usize),
    /// The same of the address.
    Address(usize),
    /// The same of all clients, or of this one, which has the most.
    All(usize),
    /// One that was to make room has not closed its connection in time.
    NotClosed,
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let busy = "on each of those that could make room a request is under way";
        match self {
            Self::Handshakes => f.write_str(
                "as many TLS handshakes are pending as may be beside limits.connections, in all or from its address, and none \
                 of these has had its time yet (2 seconds, or 20 ms at an address that has its whole share)",
            ),
            Self::Evicted => f.write_str(
                "it made room for another before its TLS handshake had ended: as many are pending as may be beside \
                 limits.connections",
            ),
            Self::Client(max) => write!(
                f,
                "the client has {max} connections, as many as limits.connections_per_client lets it have, and on each a \
                 request is under way"
            ),
            Self::Address(max) => write!(
                f,
                "there are {max} connections from its address, as many as limits.connections_per_address lets there be, and \
                 {busy}"
            ),
            Self::All(max) => write!(
                f,
                "there are {max} connections, as many as limits.connections and the open files of the server let there be, and \
                 {busy}"
            ),
            Self::NotClosed => f.write_str(
                "the idle connection that was to make room for it was not closed within a second",
            ),
        }
    }
}

/// The slots for connections.
pub struct ConnectionSlots {
    table: Arc<Mutex<Table>>,
    /// What the log is told of them.
    pub log: SlotLog,
}

struct Table {
    handshakes: Handshakes,
    connections: Connections,
    /// How those that have a slot are told to leave it, and who waits until they have.
    signals: HashMap<u64, Signals>,
    next: u64,
}

#[derive(Default)]
struct Signals {
    evict: Option<oneshot::Sender<()>>,
    /// Dropped, and so told, when the connection is closed.
    closed: Option<oneshot::Sender<()>>,
}

/// The slot of a handshake that has not ended; given back when dropped.
pub struct PendingHandshake {
    table: Arc<Mutex<Table>>,
    address: IpAddr,
    number: u64,
}

/// The slot of a client's connection; given back when dropped.
pub struct Slot {
    table: Arc<Mutex<Table>>,
    number: u64,
    activity: Arc<Activity>,
}

impl ConnectionSlots {
    /// As many as the configuration lets there be.
    pub fn new(caps: Caps) -> Self {
        Self::with_grace(caps, GRACE)
    }

    fn with_grace(caps: Caps, grace: Duration) -> Self {
        let pending_max = Caps::handshakes(caps.connections);
        let table = Table {
            handshakes: Handshakes::new(pending_max, caps.handshakes_per_address(), grace),
            connections: Connections::new(caps.connections, caps.per_address, caps.per_client),
            signals: HashMap::new(),
            next: 0,
        };
        Self { table: Arc::new(Mutex::new(table)), log: SlotLog::default() }
    }

    /// A slot for a connection that begins, if there is one or another makes room.
    pub async fn begin(&self, address: IpAddr) -> Result<(PendingHandshake, Evicted), Full> {
        let (pending, evicted, closed) = {
            let mut table = lock(&self.table);
            let number = table.next;
            let other =
                table.handshakes.enter(number, address, Instant::now()).map_err(|()| Full::Handshakes)?;
            let closed = other.and_then(|other| table.evict(other));
            let evicted = table.number();
            (PendingHandshake { table: Arc::clone(&self.table), address, number }, evicted, closed)
        };
        all_closed(closed).await?;
        Ok((pending, evicted))
    }
}

impl PendingHandshake {
    /// The handshake has ended well, and this client is at its end: the slot of its connection, if there is one or another makes
    /// room. Returns, beside it, the clients whose idle connections have made room.
    pub async fn establish(self, client: &str) -> Result<(Slot, Evicted, Vec<Arc<str>>), Full> {
        let client: Arc<str> = client.into();
        let (slot, evicted, owners, closed) = {
            let mut table = lock(&self.table);
            if !table.handshakes.has(self.number, self.address) {
                return Err(Full::Evicted);
            }
            let number = table.next;
            let owner = |table: &Table, other: &u64| table.connections.client_of(*other);
            let others = table.connections.pick_evicted(self.address, &client)?;
            let owners: Vec<_> = others.iter().filter_map(|other| owner(&table, other)).collect();
            let activity = table.connections.enter(number, (self.address, &client), &others);
            let closed: Vec<_> = others.into_iter().filter_map(|other| table.evict(other)).collect();
            let evicted = table.number();
            (Slot { table: Arc::clone(&self.table), number, activity }, evicted, owners, closed)
        };
        // Until the others' descriptors are closed this one counts as both.
        all_closed(closed).await?;
        Ok((slot, evicted, owners))
    }
}

impl Slot {
    /// A slot that nobody else wants.
    pub fn alone() -> (Arc<Self>, Evicted) {
        let slots = ConnectionSlots::new(Caps { connections: 1, per_address: 1, per_client: 1 });
        let mut table = lock(&slots.table);
        let number = table.next;
        let activity = table.connections.enter(number, (IpAddr::from([127, 0, 0, 1]), &"".into()), &[]);
        let evicted = table.number();
        (Arc::new(Self { table: Arc::clone(&slots.table), number, activity }), evicted)
    }
}

impl Table {
    /// Numbers one that was entered.
    fn number(&mut self) -> Evicted {
        let (evict, told) = oneshot::channel();
        self.signals.insert(self.next, Signals { evict: Some(evict), closed: None });
        self.next += 1;
        Evicted { told, is_told: false }
    }

    /// Tells one that it is to leave; what is returned ends when it has. Nothing where it has left by itself.
    fn evict(&mut self, number: u64) -> Option<oneshot::Receiver<()>> {
        let signals = self.signals.get_mut(&number)?;
        let _ = signals.evict.take()?.send(());
        let (closed, is_closed) = oneshot::channel();
        signals.closed = Some(closed);
        Some(is_closed)
    }
}

/// Waits until all of these are closed, for so long as that may take.
async fn all_closed(others: impl IntoIterator<Item = oneshot::Receiver<()>>) -> Result<(), Full> {
    for closed in others {
        // It is never sent: the sender is dropped.
        let _ = timeout(CLOSED, closed).await.map_err(|_| Full::NotClosed)?;
    }
    Ok(())
}

fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for PendingHandshake {
    fn drop(&mut self) {
        let mut table = lock(&self.table);
        table.handshakes.leave(self.number, self.address);
        table.signals.remove(&self.number);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut table = lock(&self.table);
        table.connections.leave(self.number);
        table.signals.remove(&self.number);
    }
}
