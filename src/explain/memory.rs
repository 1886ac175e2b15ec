//! Where exchanges are kept: in memory, the last of each client, bounded in every direction.

use super::{Exchange, What};
use aws_lc_rs::hmac;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// The most exchanges of a client; 0 keeps nothing at all.
    pub exchanges: usize,
    /// The most clients; those that TLS turned away count as one.
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

#[derive(Default)]
struct Kept {
    clients: HashMap<String, Client>,
    bytes: usize,
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
        let Some(client) = kept.clients.get_mut(client) else { return false };
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
        let Some(strangers) = kept.clients.get_mut(&new.client) else { return false };
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
        let (name, bytes) = (exchange.client.clone(), exchange.bytes());
        let client = kept.clients.entry(name.clone()).or_default();
        client.last = exchange.time;
        client.bytes += bytes;
        client.exchanges.push_back(exchange);
        kept.bytes += bytes;
        kept.shrink(&name, &self.bounds);
    }

    /// The exchange of a request.
    pub fn exchange(&self, id: u64) -> Option<Exchange> {
        let kept = self.lock();
        kept.clients.values().flat_map(|client| &client.exchanges).find(|exchange| exchange.id == id).cloned()
    }

    /// The last exchanges, of one client or of all, newest first, without their messages.
    pub fn last(&self, client: Option<&str>, count: usize) -> Vec<Exchange> {
        let kept = self.lock();
        let of = kept.clients.iter().filter(|(name, _)| client.is_none_or(|wanted| wanted == name.as_str()));
        let mut all: Vec<&Exchange> = of.flat_map(|(_, client)| &client.exchanges).collect();
        all.sort_by_key(|exchange| std::cmp::Reverse((exchange.last, exchange.id)));
        all.into_iter().take(count).map(Exchange::summary).collect()
    }

    /// How many exchanges are kept, of how many clients, in how many bytes.
    pub fn size(&self) -> (usize, usize, usize) {
        let kept = self.lock();
        let exchanges = kept.clients.values().map(|client| client.exchanges.len()).sum();
        (exchanges, kept.clients.len(), kept.bytes)
    }

    /// A panic elsewhere leaves a list of exchanges as good as it was.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Back within the bounds. Who has most gives first: a client that floods the memory pushes out its own.
    fn shrink(&mut self, newest: &str, bounds: &Bounds) {
        while self.clients.get(newest).is_some_and(|client| client.exchanges.len() > bounds.exchanges) {
            self.forget_oldest(newest);
        }
        while self.clients.len() > bounds.clients {
            let others = self.clients.iter().filter(|(name, _)| *name != newest);
            let Some(silent) = others.min_by_key(|(_, client)| client.last).map(|(name, _)| name.clone())
            else {
                break;
            };
            self.bytes -= self.clients.remove(&silent).map_or(0, |client| client.bytes);
        }
        while self.bytes > bounds.bytes {
            // What has just come goes last.
            let weight =
                |(name, client): &(&String, &Client)| match *name == newest && client.exchanges.len() == 1 {
                    true => 0,
                    false => client.bytes,
                };
            let Some(name) = self.clients.iter().max_by_key(weight).map(|(name, _)| name.clone()) else {
                break;
            };
            self.forget_oldest(&name);
        }
    }

    fn forget_oldest(&mut self, name: &str) {
        let Some(client) = self.clients.get_mut(name) else { return };
        let bytes = client.exchanges.pop_front().map_or(0, |exchange| exchange.bytes());
        client.bytes -= bytes;
        self.bytes -= bytes;
        if client.exchanges.is_empty() {
            self.clients.remove(name);
        }
    }
}
