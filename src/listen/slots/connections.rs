//! Connections of clients that have shown who they are: so many in all, from one address and of one client.
//!
//! Where there is no room for one more, an idle one makes room: at the client's own cap the one of its own that has been idle
//! longest, at the others that of the client that has most connections. One on which a request is under way is never closed for
//! another, nor the only one of a client while another client has several.
//!
//! Since when connections have been idle stands here as of when it was looked at last: they have been so since then or later, or
//! are busy. Whoever looks for the one that has been idle longest takes what is first here, looks at it, and looks on where it has
//! done something meanwhile. So each message costs a later search one step at most, and one that nobody searches after nothing.

use super::Full;
use super::activity::{Activity, Doing, IdleClock, now};
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
    clock: IdleClock,
    /// How many connections were looked at that did something else than was known.
    pub looks: u64,
}

/// One connection.
struct Held {
    address: IpAddr,
    client: Arc<str>,
    activity: Arc<Activity>,
    /// Since when it has been idle, at the earliest; none where it is busy, and the table says so.
    idle: Option<u64>,
}

/// Clients and how many connections they have, in all or from one address.
#[derive(Default)]
struct Clients {
    count: usize,
    by_name: HashMap<Arc<str>, Client>,
    /// Of those that have an idle one: how many they have, and the first of these, with when it became idle.
    with_idle: BTreeSet<(usize, Reverse<u64>, u64)>,
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

/// Which connections are searched: all, or those from one address.
type Scope = Option<IpAddr>;

impl Connections {
    /// None yet; at most so many in all, from one address and of one client.
    pub fn new(all_max: usize, per_address_max: usize, per_client_max: usize) -> Self {
        let (held, all, by_address, clock) = Default::default();
        Self { all_max, per_address_max, per_client_max, held, all, by_address, clock, looks: 0 }
    }

    /// Enters an idle connection of this client in the place of those that make room ([`Connections::pick_evicted`]).
    pub fn enter(
        &mut self,
        number: u64,
        (address, client): (IpAddr, &Arc<str>),
        evicted: &[u64],
    ) -> Arc<Activity> {
        for number in evicted {
            self.leave(*number);
        }
        let activity = Activity::taken_over(&self.clock);
        let held = Held { address, client: Arc::clone(client), activity: Arc::clone(&activity), idle: None };
        self.held.insert(number, held);
        let entered = |of: &mut Client| of.count += 1;
        self.all.change(client, entered);
        self.by_address.entry(address).or_default().change(client, entered);
        self.set_idle(number);
        activity
    }

    /// One has ended, or is to end: no request begins on it any more.
    pub fn leave(&mut self, number: u64) {
        let Some(Held { address, client, activity, idle }) = self.held.remove(&number) else { return };
        activity.take_over();
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

    /// A request has begun, and the connection asks. `false` where it has been closed for another.
    pub fn set_busy(&mut self, number: u64) -> bool {
        self.look_at(number);
        let Some(held) = self.held.get(&number) else { return false };
        // One that the table knows to be busy asks again when it is idle: a search finds what stands here alone.
        if held.idle.is_some() {
            held.activity.give_back(Doing::Busy);
        }
        true
    }

    /// The answer has been written, and the connection asks.
    pub fn set_idle(&mut self, number: u64) {
        self.look_at(number);
        let Some(held) = self.held.get(&number) else { return };
        let since = held.idle.unwrap_or_else(|| now(&self.clock));
        self.note(number, Some(since));
        if let Some(held) = self.held.get(&number) {
            held.activity.give_back(Doing::IdleSince(since));
        }
    }

    /// Whose connection a number is.
    pub fn client_of(&self, number: u64) -> Option<Arc<str>> {
        self.held.get(&number).map(|held| Arc::clone(&held.client))
    }

    /// The numbers of those that make room for one more of this client from here; none where there is room. They are idle, and stay
    /// so until the table is given back: a request that begins on them asks it.
    pub fn pick_evicted(&mut self, address: IpAddr, client: &str) -> Result<Vec<u64>, Full> {
        let mut evicted = Vec::new();
        if self.all.count_of(client) >= self.per_client_max {
            evicted.push(self.oldest_idle(None, client).ok_or(Full::Client(self.per_client_max))?);
        }
        let is_here = |number: &u64| self.held.get(number).is_some_and(|held| held.address == address);
        if self.by_address.get(&address).is_some_and(|here| here.count >= self.per_address_max)
            && !evicted.iter().any(is_here)
        {
            let here = self.of_the_most(Some(address), client);
            evicted.push(here.ok_or(Full::Address(self.per_address_max))?);
        }
        if self.all.count >= self.all_max && evicted.is_empty() {
            evicted.push(self.of_the_most(None, client).ok_or(Full::All(self.all_max))?);
        }
        Ok(evicted)
    }

    fn clients(&self, scope: Scope) -> Option<&Clients> {
        match scope {
            None => Some(&self.all),
            Some(address) => self.by_address.get(&address),
        }
    }

    /// The connection of this client that has been idle longest.
    fn oldest_idle(&mut self, scope: Scope, client: &str) -> Option<u64> {
        loop {
            let number = self.clients(scope)?.oldest_idle(client)?;
            if self.look_at(number) {
                return Some(number);
            }
        }
    }

    /// Which makes room for one more of this client: that of the client that has most, unless that would leave it fewer than
    /// this one has; then one of this client's own.
    fn of_the_most(&mut self, scope: Scope, newcomer: &str) -> Option<u64> {
        let own = self.oldest_idle(scope, newcomer);
        let (most, crowded) = loop {
            let (most, _, number) = *self.clients(scope)?.with_idle.last()?;
            if self.look_at(number) {
                break (most, number);
            }
        };
        let clients = self.clients(scope)?;
        let own_count = clients.count_of(newcomer);
        let is_fair = match own {
            Some(_) => most > own_count + 1,
            None => most > own_count && (most > 1 || clients.several == 0),
        };
        if is_fair { Some(crowded) } else { own }
    }

    /// Takes over what a connection does: until it is given back, the table says it, and rightly. Whether it has known it.
    fn look_at(&mut self, number: u64) -> bool {
        let Some(held) = self.held.get(&number) else { return true };
        let idle = match held.activity.take_over() {
            None => return true,
            Some(Doing::Busy) => None,
            Some(Doing::IdleSince(since)) => Some(since),
        };
        if idle == held.idle {
            return true;
        }
        self.looks += 1;
        self.note(number, idle);
        false
    }

    /// Notes since when a connection has been idle.
    fn note(&mut self, number: u64, idle: Option<u64>) {
        let Some(held) = self.held.get_mut(&number) else { return };
        let before = std::mem::replace(&mut held.idle, idle);
        if before == idle {
            return;
        }
        let noted = |of: &mut Client| {
            if let Some(since) = before {
                of.idle.remove(&since);
            }
            of.idle.extend(idle.map(|since| (since, number)));
        };
        self.all.change(&held.client, noted);
        self.by_address.entry(held.address).or_default().change(&held.client, noted);
    }
}

impl Clients {
    fn count_of(&self, client: &str) -> usize {
        self.by_name.get(client).map_or(0, |client| client.count)
    }

    fn oldest_idle(&self, client: &str) -> Option<u64> {
        self.by_name.get(client)?.idle.first_key_value().map(|(_, number)| *number)
    }

    fn change(&mut self, name: &Arc<str>, change: impl FnOnce(&mut Client)) {
        let rank = |client: &Client| {
            client.idle.first_key_value().map(|(since, number)| (client.count, Reverse(*since), *number))
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
