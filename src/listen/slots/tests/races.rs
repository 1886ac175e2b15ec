//! Connections that say by themselves what they do, while others look for one that makes room.

use super::*;
use std::sync::atomic::{AtomicU64, Ordering};

/// A connection of a client from an address of its own, once there is one.
async fn connected(slots: &ConnectionSlots, worker: u64) -> (Slot, Evicted) {
    loop {
        let Ok((pending, _)) = slots.begin(address(worker)).await else { continue };
        match pending.establish(&worker.to_string()).await {
            Ok((slot, evicted, _)) => return (slot, evicted),
            Err(_) => std::thread::yield_now(),
        }
    }
}

/// Ends the others too when a worker has failed, or is done.
struct Ends<'a>(&'a AtomicU64, u64);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(self.1, Ordering::Relaxed);
    }
}

/// The story: a search takes an idle connection at the moment in which a request begins on it. Either the request is not begun, or
/// the connection is not closed.
#[test]
fn a_connection_is_busy_or_evicted_and_never_both() {
    const WORKERS: u64 = 6;
    const EVICTIONS: u64 = 300;
    let caps = Caps { connections: 4, per_address: 4, per_client: 4 };
    let slots = ConnectionSlots::with_grace(caps, Duration::ZERO);
    let evictions = AtomicU64::new(0);
    let work = |worker| {
        let _ends = Ends(&evictions, EVICTIONS);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (mut slot, mut evicted) = runtime.block_on(connected(&slots, worker));
        while evictions.load(Ordering::Relaxed) < EVICTIONS {
            if slot.set_busy() {
                assert!(!evicted.is_told(), "worker {worker}: a busy one is closed");
                slot.set_idle();
            } else {
                assert!(evicted.is_told(), "worker {worker}: closed by nobody");
                evictions.fetch_add(1, Ordering::Relaxed);
                drop(slot);
                (slot, evicted) = runtime.block_on(connected(&slots, worker));
            }
        }
    };
    std::thread::scope(|scope| {
        for worker in 0..WORKERS {
            scope.spawn(move || work(worker));
        }
    });
    let table = lock(&slots.table);
    assert!(table.signals.is_empty(), "a slot is lost");
}

/// A search looks at each connection once for each time that it has done something: a storm at full slots costs no square.
#[test]
fn a_search_pays_once_for_what_connections_have_done() {
    const MANY: u64 = 10_000;
    let mut slots = Connections::new(10_000, 10_000, 10_000);
    let client = |number: u64| -> Arc<str> { (number % 100).to_string().into() };
    let enter = |slots: &mut Connections, number: u64| {
        let evicted = slots.pick_evicted(address(1), &client(number));
        evicted.map(|evicted| (slots.enter(number, (address(1), &client(number)), &evicted), evicted))
    };
    let mut activities: BTreeMap<u64, Arc<Activity>> = BTreeMap::new();
    for number in 0..MANY {
        activities.insert(number, enter(&mut slots, number).unwrap().0);
    }
    assert_eq!(slots.looks, 0);
    // Each has had one message since it was entered, and the last half has another under way.
    for (number, activity) in &activities {
        assert!(activity.set_busy() && activity.set_idle());
        assert!(*number < MANY / 2 || activity.set_busy());
    }
    for number in MANY..2 * MANY {
        let (activity, evicted) = enter(&mut slots, number).unwrap();
        assert!(evicted.iter().all(|evicted| !(MANY / 2..MANY).contains(evicted)), "a busy one is closed");
        activities.insert(number, activity);
    }
    assert!(slots.looks <= 2 * MANY, "{} looks", slots.looks);
    // All are busy, and are not looked at again.
    for (number, activity) in &activities {
        assert!(activity.set_busy() || slots.set_busy(*number) || !activity.set_busy());
    }
    let before = slots.looks;
    for number in 2 * MANY..3 * MANY {
        assert!(enter(&mut slots, number).is_err());
    }
    assert!(slots.looks - before <= MANY, "{} looks", slots.looks - before);
}
