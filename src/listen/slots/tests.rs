//! The slots against a simulation of what comes and goes, from a seed; and their waiting.

mod races;

use super::connections::Connections;
use super::handshakes::Handshakes;
use super::*;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// A small generator: the same numbers for the same seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn one_of<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        (!of.is_empty()).then(|| of[usize::try_from(self.below(of.len() as u64)).unwrap()])
    }
}

fn address(n: u64) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, u8::try_from(n).unwrap()))
}

/// What a simulated connection is.
#[derive(Clone, Debug)]
struct Model {
    address: IpAddr,
    client: Arc<str>,
    is_busy: bool,
    /// When it became idle.
    idle_since: u64,
}

const ALL: usize = 12;
const PER_ADDRESS: usize = 9;
const PER_CLIENT: usize = 5;

struct Simulation {
    seed: u64,
    slots: Connections,
    models: BTreeMap<u64, Model>,
    /// What each says of itself, those that were closed too.
    activities: BTreeMap<u64, Arc<Activity>>,
    time: u64,
    let_in: usize,
    refused: usize,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let slots = Connections::new(ALL, PER_ADDRESS, PER_CLIENT);
        let (models, activities, time, let_in, refused) = Default::default();
        Self { seed, slots, models, activities, time, let_in, refused }
    }

    fn count(&self, of: impl Fn(&Model) -> bool) -> usize {
        self.models.values().filter(|model| of(model)).count()
    }

    /// As [`Slot`] does it.
    fn set_busy(&mut self, number: u64) -> bool {
        let by_itself = self.activities.get(&number).is_some_and(|activity| activity.set_busy());
        by_itself || self.slots.set_busy(number)
    }

    fn set_idle(&mut self, number: u64) {
        if !self.activities[&number].set_idle() {
            self.slots.set_idle(number);
        }
    }

    /// Invariants of each arrival; the model of the slots is written anew from what is promised.
    fn arrive(&mut self, number: u64, address: IpAddr, client: &Arc<str>) {
        let seed = self.seed;
        let own = self.count(|model| model.client == *client);
        let here = self.count(|model| model.address == address);
        let Ok(evicted) = self.slots.pick_evicted(address, client) else {
            self.refused += 1;
            // What is elsewhere makes no room at an address that has as many as it may.
            let within = |model: &Model| here < PER_ADDRESS || model.address == address;
            let own_idle = self.count(|model| model.client == *client && !model.is_busy && within(model));
            assert!(own_idle == 0, "seed {seed}: refused with an idle connection of its own");
            let is_full = own >= PER_CLIENT || here >= PER_ADDRESS || self.models.len() >= ALL;
            assert!(is_full, "seed {seed}: refused with room");
            // A lone client is let in, but where each connection of those that have several is busy.
            let several =
                |model: &&Model| self.count(|other| other.client == model.client && within(other)) > 1;
            let could = self.models.values().filter(|model| within(model)).filter(several);
            assert!(
                own > 0 || could.clone().all(|model| model.is_busy),
                "seed {seed}: a lone client is kept out"
            );
            return;
        };
        assert!(evicted.len() <= 2, "seed {seed}");
        for number in &evicted {
            let gone =
                self.models.get(number).unwrap_or_else(|| panic!("seed {seed}: nobody has {number}")).clone();
            assert!(!gone.is_busy, "seed {seed}: a busy one is closed");
            // Where the address has as many as it may, its own connections are what is shared.
            let is_by_address = here >= PER_ADDRESS && gone.address == address && own < PER_CLIENT;
            let within = |model: &Model| !is_by_address || model.address == address;
            let of = |client: &str| self.count(|model| *model.client == *client && within(model));
            let idle = self.models.values().filter(|m| m.client == gone.client && !m.is_busy && within(m));
            assert_eq!(
                idle.map(|m| m.idle_since).min(),
                Some(gone.idle_since),
                "seed {seed}: not idle longest"
            );
            if gone.client == *client {
                continue;
            }
            assert!(own < PER_CLIENT, "seed {seed}: another pays for a client's cap");
            assert!(of(&gone.client) > of(client), "seed {seed}: one that has fewer pays");
            let has_several = |model: &Model| within(model) && of(&model.client) > 1;
            let is_lone = of(&gone.client) == 1;
            assert!(!is_lone || !self.models.values().any(has_several), "seed {seed}: a lone one pays");
        }
        self.activities.insert(number, self.slots.enter(number, (address, client), &evicted));
        evicted.iter().for_each(|number| drop(self.models.remove(number)));
        self.time += 1;
        let model = Model { address, client: Arc::clone(client), is_busy: false, idle_since: self.time };
        self.models.insert(number, model);
        self.let_in += 1;
        assert!(self.models.len() <= ALL);
        assert!(self.count(|model| model.address == address) <= PER_ADDRESS);
        assert!(self.count(|model| model.client == *client) <= PER_CLIENT);
    }
}

#[test]
fn connections_keep_their_promises_whatever_comes() {
    let clients: Vec<Arc<str>> = ["a", "b", "c", "d", "e", "f"].into_iter().map(Arc::from).collect();
    let (mut let_in, mut refused) = (0, 0);
    for seed in 0..200 {
        let mut numbers = Numbers(seed);
        let mut run = Simulation::new(seed);
        for number in 0..400 {
            let held: Vec<u64> = run.models.keys().copied().collect();
            match numbers.below(8) {
                0 => {
                    if let Some(one) = numbers.one_of(&held) {
                        run.slots.leave(one);
                        run.models.remove(&one);
                    }
                }
                // Some seeds have many busy ones.
                1..=3 if numbers.below(4) <= seed % 4 => {
                    if let Some(one) = numbers.one_of(&held) {
                        assert!(run.set_busy(one), "seed {seed}: a slot is lost");
                        run.models.get_mut(&one).unwrap().is_busy = true;
                    }
                }
                4 => {
                    let busy: Vec<u64> = run
                        .models
                        .iter()
                        .filter(|(_, model)| model.is_busy)
                        .map(|(number, _)| *number)
                        .collect();
                    if let Some(one) = numbers.one_of(&busy) {
                        run.set_idle(one);
                        run.time += 1;
                        let time = run.time;
                        let model = run.models.get_mut(&one).unwrap();
                        (model.is_busy, model.idle_since) = (false, time);
                    }
                }
                _ => {
                    // One client has more than the others.
                    let client = usize::try_from(numbers.below(12).saturating_sub(6)).unwrap();
                    let from = address(numbers.below(3));
                    run.arrive(number, from, &clients[client]);
                }
            }
        }
        let mut evicted =
            (0..400).filter(|number| !run.models.contains_key(number)).collect::<Vec<u64>>().into_iter();
        assert!(evicted.all(|number| !run.set_busy(number)), "seed {seed}");
        let held: Vec<u64> = run.models.keys().copied().collect();
        assert!(held.into_iter().all(|one| run.set_busy(one)), "seed {seed}: a slot is lost");
        let_in += run.let_in;
        refused += run.refused;
    }
    assert!(let_in > 10_000 && refused > 100, "let in: {let_in}, refused: {refused}");
}

#[test]
fn thousands_of_one_client_make_room_for_one_another_and_for_others() {
    let mut slots = Connections::new(20_000, 10_000, 2000);
    let (host, other): (Arc<str>, Arc<str>) = ("host".into(), "other".into());
    let enter = |slots: &mut Connections, number, client: &Arc<str>| {
        let evicted = slots.pick_evicted(address(1), client).unwrap();
        slots.enter(number, (address(1), client), &evicted);
        evicted
    };
    for number in 0..10_000 {
        let evicted = enter(&mut slots, number, &host);
        let oldest: Vec<u64> = number.checked_sub(2000).into_iter().collect();
        assert_eq!(evicted, oldest);
    }
    assert!(enter(&mut slots, 10_000, &other).is_empty(), "others have room left");
    for number in 8000..10_000 {
        assert!(slots.set_busy(number));
    }
    assert_eq!(slots.pick_evicted(address(1), &host), Err(Full::Client(2000)));
    slots.set_idle(9000);
    assert_eq!(enter(&mut slots, 10_001, &host), [9000]);
}

const GRACE_HERE: Duration = Duration::from_secs(2);

/// Pending handshakes as they are promised: so many in all and from one address.
struct Pending {
    seed: u64,
    slots: Handshakes,
    models: BTreeMap<u64, (IpAddr, Instant)>,
}

impl Pending {
    const ALL: usize = 10;
    const SHARE: usize = 7;

    fn count(&self, of: IpAddr) -> usize {
        self.models.values().filter(|(address, _)| *address == of).count()
    }

    /// One comes. Whether it is let in.
    fn arrive(&mut self, number: u64, from: IpAddr, now: Instant) -> bool {
        let seed = self.seed;
        let most = self.models.values().map(|(address, _)| self.count(*address)).max().unwrap_or_default();
        let (all, own) = (self.models.len(), self.count(from));
        let grace = if own == Self::SHARE { Handshakes::grace_of_crowds(GRACE_HERE) } else { GRACE_HERE };
        let had_time = |since: &Instant| now.duration_since(*since) >= grace;
        match self.slots.enter(number, from, now) {
            Err(()) => {
                assert!(all == Self::ALL || own == Self::SHARE, "seed {seed}: refused with room");
                assert!(most <= own + 1, "seed {seed}: kept out by one that has more");
                let is_due = |(address, since): &(IpAddr, Instant)| *address == from && had_time(since);
                assert!(!self.models.values().any(is_due), "seed {seed}");
                return false;
            }
            Ok(None) => assert!(all < Self::ALL && own < Self::SHARE, "seed {seed}"),
            Ok(Some(evicted)) => {
                let (address, since) = self.models[&evicted];
                let count = self.count(address);
                assert!(had_time(&since) || count > own + 1, "seed {seed}: thrown out too early");
                assert!(count == most || address == from, "seed {seed}: one that has few");
                let mut own = self.models.iter().filter(|(_, (other, _))| *other == address);
                assert_eq!(
                    own.next().map(|(number, _)| *number),
                    Some(evicted),
                    "seed {seed}: not the oldest"
                );
                self.models.remove(&evicted);
            }
        }
        self.models.insert(number, (from, now));
        assert!(self.models.len() <= Self::ALL && self.count(from) <= Self::SHARE, "seed {seed}");
        let is_held = |(number, (address, _)): (&u64, &(IpAddr, Instant))| self.slots.has(*number, *address);
        assert!(self.models.iter().all(is_held), "seed {seed}: a slot is lost");
        true
    }
}

#[test]
fn handshakes_keep_their_promises_whatever_comes() {
    let (mut let_in, mut refused) = (0, 0);
    for seed in 0..200 {
        let mut numbers = Numbers(seed);
        let slots = Handshakes::new(Pending::ALL, Pending::SHARE, GRACE_HERE);
        let mut run = Pending { seed, slots, models: BTreeMap::new() };
        let mut now = Instant::now();
        for number in 0..400 {
            now += Duration::from_millis(numbers.below(500 + 200 * (seed % 5)));
            if numbers.below(4) == 0 {
                let held: Vec<u64> = run.models.keys().copied().collect();
                if let Some(one) = numbers.one_of(&held) {
                    let (address, _) = run.models.remove(&one).unwrap();
                    assert!(run.slots.leave(one, address), "seed {seed}: a slot is lost");
                }
                continue;
            }
            let is_in = run.arrive(number, address(numbers.below(12).saturating_sub(6)), now);
            let_in += usize::from(is_in);
            refused += usize::from(!is_in);
        }
    }
    assert!(let_in > 10_000 && refused > 100, "let in: {let_in}, refused: {refused}");
}

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const THERE: IpAddr = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);

#[tokio::test]
async fn the_new_one_waits_until_the_descriptor_of_the_old_one_is_closed() {
    let slots =
        ConnectionSlots::with_grace(Caps { connections: 1, per_address: 9, per_client: 9 }, Duration::ZERO);
    let slots = Arc::new(slots);
    let (first, _) = slots.begin(HERE).await.unwrap();
    let (first, mut evicted, _) = first.establish("one").await.unwrap();
    let (second, _) = slots.begin(HERE).await.unwrap();
    let coming = tokio::spawn(second.establish("two"));
    evicted.wait().await;
    assert!(!first.set_busy(), "it was idle, and is evicted");
    assert!(!coming.is_finished());
    drop(first);
    let (second, mut evicted, owners) = coming.await.unwrap().unwrap();
    assert_eq!(owners, ["one".into()]);
    assert!(second.set_busy() && !evicted.is_told());
    let (third, _) = slots.begin(THERE).await.unwrap();
    assert_eq!(
        third.establish("three").await.err(),
        Some(Full::All(1)),
        "on the other a request is under way"
    );
    second.set_idle();
    let (third, _) = slots.begin(THERE).await.unwrap();
    let coming = tokio::spawn(third.establish("three"));
    evicted.wait().await;
    drop(second);
    coming.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_handshake_that_made_room_is_no_connection_any_more() {
    let slots =
        ConnectionSlots::with_grace(Caps { connections: 1, per_address: 1, per_client: 1 }, Duration::ZERO);
    let (old, mut evicted) = slots.begin(HERE).await.unwrap();
    let slots = Arc::new(slots);
    let coming = tokio::spawn({
        let slots = Arc::clone(&slots);
        async move { slots.begin(HERE).await.map(drop) }
    });
    evicted.wait().await;
    assert_eq!(old.establish("old").await.err(), Some(Full::Evicted));
    coming.await.unwrap().unwrap();
    assert!(slots.begin(HERE).await.is_ok(), "no slot is lost");
}

#[tokio::test]
async fn a_handshake_that_has_just_begun_is_left_alone() {
    let slots = ConnectionSlots::new(Caps { connections: 1, per_address: 1, per_client: 1 });
    let (young, mut evicted) = slots.begin(HERE).await.unwrap();
    assert_eq!(slots.begin(THERE).await.err(), Some(Full::Handshakes));
    assert!(!evicted.is_told());
    young.establish("young").await.unwrap();
}
