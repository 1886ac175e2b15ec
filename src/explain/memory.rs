//! Where exchanges are kept: in memory, the last of each client, bounded in every direction.

use super::{Exchange, What};
use aws_lc_rs::hmac;
use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// The most exchanges of a client; 0 keeps nothing at all.
    pub exchanges: usize,
    /// The most clients; and, beside them, the most networks of those that TLS turned away.
    pub clients: usize,
    /// The most bytes in all.
    pub bytes: usize,
}

/// Room for a message of an exchange, in bytes of redacted XML.
pub(super) const MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// The exchanges of all clients.
pub struct Memory {
    bounds: Bounds,
    fingerprints: hmac::Key,
    kept: Mutex<Kept>,
}

/// How many times as many are kept of a network of strangers as of a client: each of them can have any name.
const OF_STRANGERS: usize = 8;

#[derive(Default)]
struct Kept {
    clients: HashMap<Whose, Client>,
    bytes: usize,
}

/// Whom exchanges are of.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Whose {
    /// Of a client, by its name.
    Client(String),
    /// Of those that TLS turned away, by the network that they come from.
    Strangers(String),
}

impl Whose {
    fn of(exchange: &Exchange) -> Self {
        match exchange.client.as_str() {
            "" => Self::Strangers(network(&exchange.peer)),
            name => Self::Client(name.to_owned()),
        }
    }

    fn is_client(&self) -> bool {
        matches!(self, Self::Client(_))
    }

    /// Whether it is asked for by this name, that of all strangers being empty.
    fn is_named(&self, wanted: &str) -> bool {
        match self {
            Self::Client(name) => name == wanted,
            Self::Strangers(_) => wanted.is_empty(),
        }
    }
}

/// The network of an address: itself, or for IPv6 its first 64 bits, which mostly one site has for itself.
fn network(peer: &str) -> String {
    match peer.parse::<SocketAddr>().map(|address| address.ip().to_canonical()) {
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}")
        }
        Ok(IpAddr::V4(address)) => address.to_string(),
        Err(_) => peer.to_owned(),
    }
}

#[derive(Default)]
struct Client {
    exchanges: VecDeque<Exchange>,
    bytes: usize,
    last: u64,
}

impl Memory {
    /// An empty memory; the key of its fingerprints are these random bytes.
    pub fn new(bounds: Bounds, key: &[u8; 32]) -> Self {
        Self { bounds, fingerprints: hmac::Key::new(hmac::HMAC_SHA256, key), kept: Mutex::default() }
    }

    /// Room for nothing.
    pub fn off() -> Self {
        Self::new(Bounds { exchanges: 0, clients: 0, bytes: 0 }, &[0; 32])
    }

    /// Whether anything is kept.
    pub fn is_on(&self) -> bool {
        self.bounds.exchanges > 0
    }

    /// What stands for a secret: the first 8 bytes of its digest under the key of this run.
    pub fn fingerprint(&self, secret: &[u8]) -> String {
        let tag = hmac::sign(&self.fingerprints, secret);
        hex::encode(tag.as_ref().get(..8).unwrap_or_default())
    }

    /// Counts an odd exchange of a kind that is kept already. So what happens at every request is redacted once.
    pub fn counted(&self, client: &str, what: What, operation: &str, time: u64) -> bool {
        let name = what.name();
        let mut kept = self.lock();
        let Some(client) = kept.clients.get_mut(&Whose::Client(client.to_owned())) else { return false };
        let like = |kept: &&mut Exchange| kept.odd && kept.what == name && kept.operation == operation;
        let Some(exchange) = client.exchanges.iter_mut().find(like) else { return false };
        exchange.times += 1;
        exchange.last = time;
        client.last = time;
        true
    }

    /// Counts somebody who was turned away before: from the same address, for the same reason, with the same certificate.
    /// So a health check does not push out what matters.
    pub fn counted_stranger(&self, new: &Exchange) -> bool {
        let host = |peer: &str| peer.rsplit_once(':').map(|(host, _)| host.to_owned());
        let from = host(&new.peer);
        let mut kept = self.lock();
        let Some(strangers) = kept.clients.get_mut(&Whose::of(new)) else { return false };
        let like = |kept: &&mut Exchange| {
            (&kept.what, &kept.message) == (&new.what, &new.message)
                && kept.certificate == new.certificate
                && host(&kept.peer) == from
        };
        let Some(exchange) = strangers.exchanges.iter_mut().find(like) else { return false };
        exchange.times += 1;
        exchange.last = new.time;
        strangers.last = new.time;
        true
    }

    /// Keeps an exchange, and lets go of the oldest ones that it takes the room of.
    pub fn keep(&self, mut exchange: Exchange) {
        if !self.is_on() {
            return;
        }
        exchange.times = 1;
        exchange.last = exchange.time;
        let mut kept = self.lock();
        let (whose, bytes) = (Whose::of(&exchange), exchange.bytes());
        let client = kept.clients.entry(whose.clone()).or_default();
        client.last = exchange.time;
        client.bytes += bytes;
        client.exchanges.push_back(exchange);
        kept.bytes += bytes;
        kept.shrink(&whose, &self.bounds);
    }

    /// The exchange of a request.
    pub fn exchange(&self, id: u64) -> Option<Exchange> {
        let kept = self.lock();
        kept.clients.values().flat_map(|client| &client.exchanges).find(|exchange| exchange.id == id).cloned()
    }

    /// The last exchanges, of one client or of all, newest first, without their messages.
    pub fn last(&self, client: Option<&str>, count: usize) -> Vec<Exchange> {
        let kept = self.lock();
        let of = kept.clients.iter().filter(|(whose, _)| client.is_none_or(|wanted| whose.is_named(wanted)));
        let mut all: Vec<&Exchange> = of.flat_map(|(_, client)| &client.exchanges).collect();
        all.sort_by_key(|exchange| std::cmp::Reverse((exchange.last, exchange.id)));
        all.into_iter().take(count).map(Exchange::summary).collect()
    }

    /// How many exchanges are kept, of how many clients, in how many bytes.
    pub fn size(&self) -> (usize, usize, usize) {
        let kept = self.lock();
        let exchanges = kept.clients.values().map(|client| client.exchanges.len()).sum();
        (exchanges, kept.clients.keys().filter(|whose| whose.is_client()).count(), kept.bytes)
    }

    /// A panic elsewhere leaves a list of exchanges as good as it was.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Back within the bounds. Who has most gives first: a client that floods the memory pushes out its own.
    fn shrink(&mut self, newest: &Whose, bounds: &Bounds) {
        let most = if newest.is_client() { 1 } else { OF_STRANGERS } * bounds.exchanges;
        while self.clients.get(newest).is_some_and(|client| client.exchanges.len() > most) {
            self.forget_oldest(newest);
        }
        // Clients and strangers do not push out each other.
        let alike = |whose: &Whose| whose.is_client() == newest.is_client();
        while self.clients.keys().filter(|whose| alike(whose)).count() > bounds.clients {
            let others = self.clients.iter().filter(|(whose, _)| *whose != newest && alike(whose));
            let silent = others.min_by_key(|(_, client)| client.last).map(|(whose, _)| whose.clone());
            let Some(silent) = silent else { break };
            self.bytes -= self.clients.remove(&silent).map_or(0, |client| client.bytes);
        }
        while self.bytes > bounds.bytes {
            // What has just come goes last.
            let weight =
                |(whose, client): &(&Whose, &Client)| match *whose == newest && client.exchanges.len() == 1 {
                    true => 0,
                    false => client.bytes,
                };
            let Some(whose) = self.clients.iter().max_by_key(weight).map(|(whose, _)| whose.clone()) else {
                break;
            };
            self.forget_oldest(&whose);
        }
    }

    /// Forgets the oldest of a client. Of strangers, the oldest of the name that has most, as far as certificates tell names.
    fn forget_oldest(&mut self, whose: &Whose) {
        let Some(client) = self.clients.get_mut(whose) else { return };
        let at = if whose.is_client() { 0 } else { client.of_the_most_frequent() };
        let bytes = client.exchanges.remove(at).map_or(0, |exchange| exchange.bytes());
        client.bytes -= bytes;
        self.bytes -= bytes;
        if client.exchanges.is_empty() {
            self.clients.remove(whose);
        }
    }
}

impl Client {
    /// The place of the oldest exchange of the subject that has most of them.
    fn of_the_most_frequent(&self) -> usize {
        let mut counts: HashMap<&str, (usize, usize)> = HashMap::new();
        for (at, exchange) in self.exchanges.iter().enumerate() {
            let subject = exchange.certificate.as_ref().map(|shown| shown.subject.as_str());
            counts.entry(subject.unwrap_or_default()).or_insert((0, at)).0 += 1;
        }
        let most = counts.into_values().max_by_key(|(count, first)| (*count, std::cmp::Reverse(*first)));
        most.map_or(0, |(_, first)| first)
    }
}
