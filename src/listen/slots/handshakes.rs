//! Connections whose TLS handshake has not ended: nobody knows who they are, only where they come from.
//!
//! They have a bound of their own, and each address a share of it. When the bound is reached, the oldest of the address that
//! has most of them makes room. One that is alone at its address, and those of an address that would then have as many as the
//! one that comes, are left alone for a while: where thousands come at once, nobody is thrown out in the midst of a handshake
//! for others who would fare no better. At an address that has its whole share that while is short, as no power cut looks so:
//! whoever shares it with mute peers comes in all the same.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::Instant;

/// The pending handshakes, by address. Each step costs O(log n).
pub struct Handshakes {
    all_max: usize,
    per_address_max: usize,
    /// How long one is left alone.
    grace: Duration,
    count: usize,
    /// By address and number, in the order in which they came.
    by_address: HashMap<IpAddr, BTreeMap<u64, Instant>>,
    /// How many an address has, and its oldest.
    crowded: BTreeSet<(usize, Reverse<u64>, IpAddr)>,
}

impl Handshakes {
    /// None yet; at most so many in all and from one address.
    pub fn new(all_max: usize, per_address_max: usize, grace: Duration) -> Self {
        let (by_address, crowded) = (HashMap::new(), BTreeSet::new());
        Self { all_max, per_address_max, grace, count: 0, by_address, crowded }
    }

    /// How long one is left alone at an address that has its whole share.
    pub fn grace_of_crowds(grace: Duration) -> Duration {
        grace / 100
    }

    /// Enters one, where there is room or another makes room, whose number and address are returned: it is entered no more.
    /// `Err` where there is none.
    pub fn enter(&mut self, number: u64, address: IpAddr, now: Instant) -> Result<Option<u64>, ()> {
        let evicted = self.pick_evicted(address, now)?;
        if let Some((number, address)) = evicted {
            self.leave(number, address);
        }
        self.change(address, |pending| pending.insert(number, now));
        self.count += 1;
        Ok(evicted.map(|(number, _)| number))
    }

    /// One has ended. Whether it was still entered.
    pub fn leave(&mut self, number: u64, address: IpAddr) -> bool {
        let left = self.change(address, |pending| pending.remove(&number)).is_some();
        self.count -= usize::from(left);
        left
    }

    /// Whether one is still entered.
    pub fn has(&self, number: u64, address: IpAddr) -> bool {
        self.by_address.get(&address).is_some_and(|pending| pending.contains_key(&number))
    }

    /// Who makes room for one that comes from here.
    fn pick_evicted(&self, address: IpAddr, now: Instant) -> Result<Option<(u64, IpAddr)>, ()> {
        let own = self.by_address.get(&address);
        let own_count = own.map_or(0, BTreeMap::len);
        let had = |since: &Instant, grace| now.saturating_duration_since(*since) >= grace;
        let had_time = |since: &Instant| had(since, self.grace);
        let own_oldest = own.and_then(|own| own.first_key_value());
        let own_oldest = |grace| {
            let had_time = own_oldest.filter(|(_, since)| had(since, grace));
            had_time.map(|(number, _)| (*number, address)).ok_or(())
        };
        if own_count >= self.per_address_max {
            return own_oldest(Self::grace_of_crowds(self.grace)).map(Some);
        }
        if self.count < self.all_max {
            return Ok(None);
        }
        let Some((most, Reverse(oldest), crowded)) = self.crowded.last() else { return Err(()) };
        let since = self.by_address.get(crowded).and_then(|pending| pending.get(oldest));
        if *most > own_count + 1 || since.is_some_and(had_time) {
            return Ok(Some((*oldest, *crowded)));
        }
        own_oldest(self.grace).map(Some)
    }

    fn change<T>(&mut self, address: IpAddr, change: impl FnOnce(&mut BTreeMap<u64, Instant>) -> T) -> T {
        let rank = |pending: &BTreeMap<u64, Instant>| {
            pending.first_key_value().map(|(oldest, _)| (pending.len(), Reverse(*oldest), address))
        };
        let pending = self.by_address.entry(address).or_default();
        if let Some(before) = rank(pending) {
            self.crowded.remove(&before);
        }
        let changed = change(pending);
        match rank(pending) {
            Some(after) => {
                self.crowded.insert(after);
            }
            None => {
                self.by_address.remove(&address);
            }
        }
        changed
    }
}
