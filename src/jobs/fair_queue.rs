//! Work of clients that waits to be done: each client's in its order and one at a time, clients in turn, several at once.
//!
//! A client that lets much wait is no more in the way of the others than one that lets one thing wait: the next one is found
//! without a look at what else waits. What failed rests for a while, and the others of its client go on.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::time::{Duration, Instant};

/// What waits: work `T` of clients `C`.
pub struct FairQueue<C, T> {
    /// How many may be under way together.
    at_once: usize,
    /// Of each client in the order in which it came.
    waiting: HashMap<C, VecDeque<T>>,
    /// The clients with something that waits and nothing under way, in the order of their turns.
    order: VecDeque<C>,
    busy: HashSet<C>,
    resting: BTreeMap<Instant, Vec<(C, T)>>,
    /// All of it: what waits, what rests, and what is under way.
    known: HashSet<T>,
}

impl<C: Clone + Eq + Hash, T: Clone + Eq + Hash> FairQueue<C, T> {
    /// Nothing waits.
    pub fn new(at_once: usize) -> Self {
        Self {
            at_once,
            waiting: HashMap::new(),
            order: VecDeque::new(),
            busy: HashSet::new(),
            resting: BTreeMap::new(),
            known: HashSet::new(),
        }
    }

    /// Lets something of a client wait, where it does not yet.
    pub fn add(&mut self, client: C, work: T) {
        if self.known.insert(work.clone()) {
            self.queue(client, |waiting| waiting.push_back(work));
        }
    }

    /// All of it: what waits, what rests, and what is under way.
    pub fn known(&self) -> &HashSet<T> {
        &self.known
    }

    /// What is to be begun now: the first of the client whose turn it is. `time_left` says how long something must wait yet;
    /// a client whose first must wait is passed over. Where there is nothing to begin: how long until there may be.
    pub fn next(&mut self, time_left: impl Fn(&T) -> Duration) -> Result<(C, T), Option<Duration>> {
        self.wake(Instant::now());
        if self.busy.len() >= self.at_once {
            return Err(None);
        }
        let mut least =
            self.resting.keys().next().map(|until| until.saturating_duration_since(Instant::now()));
        for _ in 0..self.order.len() {
            let Some(client) = self.order.pop_front() else { break };
            let Some(first) = self.waiting.get(&client).and_then(|waiting| waiting.front()).cloned() else {
                continue;
            };
            let left = time_left(&first);
            if left.is_zero() {
                self.take_first(&client);
                self.busy.insert(client.clone());
                return Ok((client, first));
            }
            least = Some(least.map_or(left, |least| least.min(left)));
            self.order.push_back(client);
        }
        Err(least)
    }

    /// What was under way is done.
    pub fn done(&mut self, client: &C, work: &T) {
        self.known.remove(work);
        self.ended(client);
    }

    /// What was under way has failed: it waits again after this time, and the others of its client meanwhile.
    pub fn failed(&mut self, client: &C, work: T, rest: Duration) {
        self.resting.entry(Instant::now() + rest).or_default().push((client.clone(), work));
        self.ended(client);
    }

    fn ended(&mut self, client: &C) {
        self.busy.remove(client);
        if self.waiting.contains_key(client) {
            self.order.push_back(client.clone());
        }
    }

    /// Lets what has rested wait in front of the others of its client, which came behind it.
    fn wake(&mut self, now: Instant) {
        let mut woken = Vec::new();
        while let Some(entry) = self.resting.first_entry().filter(|entry| *entry.key() <= now) {
            woken.extend(entry.remove());
        }
        for (client, work) in woken.into_iter().rev() {
            self.queue(client, |waiting| waiting.push_front(work));
        }
    }

    fn queue(&mut self, client: C, put: impl FnOnce(&mut VecDeque<T>)) {
        let waiting = self.waiting.entry(client.clone()).or_default();
        if waiting.is_empty() && !self.busy.contains(&client) {
            self.order.push_back(client);
        }
        put(waiting);
    }

    fn take_first(&mut self, client: &C) {
        if let Some(waiting) = self.waiting.get_mut(client) {
            waiting.pop_front();
            if waiting.is_empty() {
                self.waiting.remove(client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: fn(&(u64, u64)) -> Duration = |_| Duration::ZERO;

    /// Ten thousand of one client wait when others come with one each: these are begun next, and at most so many at once.
    #[test]
    fn many_of_one_client_delay_nobody() {
        let mut turns = FairQueue::new(2);
        (0..10_000).for_each(|n| turns.add("hog", (n, 0)));
        assert_eq!(turns.next(NOW), Ok(("hog", (0, 0))));
        for (n, other) in (0..).zip(["one", "two", "three"]) {
            turns.add(other, (20_000 + n, 0));
        }
        assert_eq!(turns.next(NOW), Ok(("one", (20_000, 0))));
        assert_eq!(turns.next(NOW), Err(None), "two are under way");
        turns.done(&"one", &(20_000, 0));
        assert_eq!(turns.next(NOW), Ok(("two", (20_001, 0))), "the hog has one under way");
        turns.done(&"hog", &(0, 0));
        assert_eq!(turns.next(NOW), Ok(("three", (20_002, 0))));
        turns.done(&"two", &(20_001, 0));
        assert_eq!(turns.next(NOW), Ok(("hog", (1, 0))));
    }

    /// What fails again and again rests, and its client's others go on; it is tried again.
    #[test]
    fn what_fails_blocks_nothing() {
        let mut turns = FairQueue::new(8);
        [(1, 0), (2, 0), (3, 0)].into_iter().for_each(|work| turns.add("one", work));
        let (client, first) = turns.next(NOW).unwrap();
        turns.failed(&client, first, Duration::from_secs(3600));
        turns.add("one", (1, 0));
        assert_eq!(turns.next(NOW), Ok(("one", (2, 0))), "it is known, and rests");
        turns.done(&"one", &(2, 0));
        assert_eq!(turns.next(NOW), Ok(("one", (3, 0))));
        turns.failed(&"one", (3, 0), Duration::ZERO);
        assert_eq!(turns.next(NOW), Ok(("one", (3, 0))), "again");
        turns.done(&"one", &(3, 0));
        let left = turns.next(NOW).unwrap_err().unwrap();
        assert!(left > Duration::from_secs(3500), "until the first has rested: {left:?}");
    }

    #[test]
    fn what_must_wait_yet_is_passed_over() {
        let mut turns = FairQueue::new(8);
        turns.add("early", (5, 0));
        turns.add("late", (1, 0));
        let left = |work: &(u64, u64)| Duration::from_secs(work.0.saturating_sub(3));
        assert_eq!(turns.next(left), Ok(("late", (1, 0))));
        assert_eq!(turns.next(left), Err(Some(Duration::from_secs(2))));
    }

    /// Whatever comes and ends: in order for each client, one at a time, not too many at once, nothing lost, and nobody waits
    /// longer than a turn of each other.
    #[test]
    fn turns_keep_their_promises_whatever_comes() {
        for seed in 0..100_u64 {
            let mut state = seed;
            let mut below = |end: u64| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) % end
            };
            let mut turns = FairQueue::new(3);
            let mut under_way: Vec<(u64, (u64, u64))> = Vec::new();
            let mut begun: HashMap<u64, Vec<u64>> = HashMap::new();
            let (mut come, mut starts_since) = (0, HashMap::<u64, usize>::new());
            let mut number = 0;
            while number < 600 || come > 0 {
                number += 1;
                if number < 600 && below(3) > 0 {
                    let client = below(10).saturating_sub(4);
                    turns.add(client, (number, client));
                    starts_since.entry(client).or_default();
                    come += 1;
                } else if !under_way.is_empty() && below(2) == 0 {
                    let at = usize::try_from(below(under_way.len() as u64)).unwrap();
                    let (client, work) = under_way.swap_remove(at);
                    turns.done(&client, &work);
                } else if let Ok((client, work)) = turns.next(NOW) {
                    assert!(
                        under_way.iter().all(|(other, _)| *other != client),
                        "seed {seed}: two of one client"
                    );
                    under_way.push((client, work));
                    assert!(under_way.len() <= 3, "seed {seed}: too many at once");
                    begun.entry(client).or_default().push(work.0);
                    starts_since.remove(&client);
                    starts_since.values_mut().for_each(|starts| *starts += 1);
                    // Six clients; one that was passed over may have had one under way itself.
                    assert!(
                        starts_since.values().all(|starts| *starts < 60),
                        "seed {seed}: {starts_since:?}"
                    );
                    come -= 1;
                }
            }
            assert!(begun.values().all(|works| works.is_sorted()), "seed {seed}: {begun:?}");
            assert_eq!(
                begun.values().map(Vec::len).sum::<usize>(),
                begun.values().flatten().collect::<HashSet<_>>().len()
            );
        }
    }
}
