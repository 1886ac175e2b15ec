//! Connections of clients that have shown who they are: so many in all, from one address and of one client.
//!
//! Where there is no room for one more, an idle one makes room: at the client's own cap the one of its own that has been idle
//! longest, at the others that of the client that has most connections. One on which a request is under way is never closed for
//! another, nor the only one of a client while another client has several.

use super::Full;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

/// The connections, by client and address. Each step costs O(log n).
pub struct Connections {
    all_max: usize,
    per_address_max: usize,
    per_client_max: usize,
    held: HashMap<u64, Held>,
    all: Clients,
    by_address: HashMap<IpAddr, Clients>,
    /// Counts how often a connection has become idle: what orders them.
    idled: u64,
}

/// One connection.
struct Held {
    address: IpAddr,
    client: Arc<str>,
    /// When it became idle; none while a request is under way.
    idle: Option<u64>,
}

/// Clients and how many connections they have, in all or from one address.
#[derive(Default)]
struct Clients {
    count: usize,
    by_name: HashMap<Arc<str>, Client>,
    /// Of those that have an idle one: how many they have, and when the first of these became idle.
    with_idle: BTreeSet<(usize, Reverse<u64>, Arc<str>)>,
    /// How many have more than one.
    several: usize,
}

/// The connections of one client.
#[derive(Default)]
struct Client {
    count: usize,
    /// By when they became idle: their numbers.
    idle: BTreeMap<u64, u64>,
}

impl Connections {
    /// None yet; at most so many in all, from one address and of one client.
    pub fn new(all_max: usize, per_address_max: usize, per_client_max: usize) -> Self {
        let (held, all, by_address) = Default::default();
        Self { all_max, per_address_max, per_client_max, held, all, by_address, idled: 0 }
    }

    /// Enters an idle connection of this client in the place of those that make room ([`Connections::to_evict`]).
    pub fn enter(&mut self, number: u64, (address, client): (IpAddr, &Arc<str>), evicted: &[u64]) {
        for number in evicted {
            self.leave(*number);
        }
        self.held.insert(number, Held { address, client: Arc::clone(client), idle: None });
        let entered = |of: &mut Client| of.count += 1;
        self.all.change(client, entered);
        self.by_address.entry(address).or_default().change(client, entered);
        self.set_idle(number);
    }

    /// One has ended.
    pub fn leave(&mut self, number: u64) {
        let Some(Held { address, client, idle }) = self.held.remove(&number) else { return };
        let left = |of: &mut Client| {
            of.count -= 1;
            if let Some(since) = idle {
                of.idle.remove(&since);
            }
        };
        self.all.change(&client, left);
        if let Some(here) = self.by_address.get_mut(&address) {
            here.change(&client, left);
            if here.count == 0 {
                self.by_address.remove(&address);
            }
        }
    }

    /// A request has begun. `false` where the connection has been closed for another.
    pub fn set_busy(&mut self, number: u64) -> bool {
        let Some(held) = self.held.get_mut(&number) else { return false };
        if let Some(since) = held.idle.take() {
            let busy = |of: &mut Client| {
                of.idle.remove(&since);
            };
            self.all.change(&held.client, busy);
            self.by_address.entry(held.address).or_default().change(&held.client, busy);
        }
        true
    }

    /// The answer has been written.
    pub fn set_idle(&mut self, number: u64) {
        let Some(held) = self.held.get_mut(&number).filter(|held| held.idle.is_none()) else { return };
        self.idled += 1;
        let since = self.idled;
        held.idle = Some(since);
        let idle = |of: &mut Client| {
            of.idle.insert(since, number);
        };
        self.all.change(&held.client, idle);
        self.by_address.entry(held.address).or_default().change(&held.client, idle);
    }

    /// Whose connection a number is.
    pub fn client_of(&self, number: u64) -> Option<Arc<str>> {
        self.held.get(&number).map(|held| Arc::clone(&held.client))
    }

    /// The numbers of those that make room for one more of this client from here; none where there is room.
    pub fn to_evict(&self, address: IpAddr, client: &str) -> Result<Vec<u64>, Full> {
        let mut evicted = Vec::new();
        if self.all.count_of(client) >= self.per_client_max {
            evicted.push(self.all.oldest_idle(client).ok_or(Full::Client(self.per_client_max))?);
        }
        let is_here = |number: &u64| self.held.get(number).is_some_and(|held| held.address == address);
        if let Some(here) = self.by_address.get(&address)
            && here.count >= self.per_address_max
            && !evicted.iter().any(is_here)
        {
            evicted.push(here.to_evict(client).ok_or(Full::Address(self.per_address_max))?);
        }
        if self.all.count >= self.all_max && evicted.is_empty() {
            evicted.push(self.all.to_evict(client).ok_or(Full::All(self.all_max))?);
        }
        Ok(evicted)
    }
}

impl Clients {
    fn count_of(&self, client: &str) -> usize {
        self.by_name.get(client).map_or(0, |client| client.count)
    }

    fn oldest_idle(&self, client: &str) -> Option<u64> {
        self.by_name.get(client)?.idle.first_key_value().map(|(_, number)| *number)
    }

    /// Which makes room for one more of this client: that of the client that has most, unless that would leave it fewer than
    /// this one has; then one of this client's own.
    fn to_evict(&self, newcomer: &str) -> Option<u64> {
        let (own, own_count) = (self.oldest_idle(newcomer), self.count_of(newcomer));
        let (most, _, crowded) = self.with_idle.last()?;
        let is_fair = match own {
            Some(_) => *most > own_count + 1,
            None => *most > own_count && (*most > 1 || self.several == 0),
        };
        if is_fair { self.oldest_idle(crowded) } else { own }
    }

    fn change(&mut self, name: &Arc<str>, change: impl FnOnce(&mut Client)) {
        let rank = |client: &Client| {
            client.idle.first_key_value().map(|(since, _)| (client.count, Reverse(*since), Arc::clone(name)))
        };
        let client = self.by_name.entry(Arc::clone(name)).or_default();
        if let Some(before) = rank(client) {
            self.with_idle.remove(&before);
        }
        self.several -= usize::from(client.count > 1);
        self.count -= client.count;
        change(client);
        self.count += client.count;
        self.several += usize::from(client.count > 1);
        self.with_idle.extend(rank(client));
        if client.count == 0 {
            self.by_name.remove(name);
        }
    }
}
