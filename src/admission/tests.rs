//! Random clients that take, wait, give up and give back, from a seed: nothing is lost, nobody starves, the caps hold.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: it stops where it stands")]

mod model;
pub mod threads;

use super::shares::{Mark, Share, Shares};
use super::*;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

type Pending = Pin<Box<dyn Future<Output = Share>>>;

/// Who waits, or holds.
struct One<T> {
    client: usize,
    level: usize,
    number: usize,
    amount: usize,
    what: T,
}

/// What is tried, with all that the accounting must say of it.
struct Trial {
    shares: Arc<Shares>,
    marks: Vec<Mark>,
    allowance: usize,
    clients: Vec<Client>,
    waiting: Vec<One<Pending>>,
    held: Vec<One<Share>>,
    begun: usize,
}

#[derive(Clone, Debug)]
enum OpResult {
    Take { client: usize, level: usize, amount: usize },
    GiveUp(usize),
    GiveBack(usize),
    Shrink(usize),
}

fn step() -> impl Strategy<Value = OpResult> {
    prop_oneof![
        4 => (0..5_usize, 0..3_usize, 1..6_usize).prop_map(|(client, level, amount)| OpResult::Take { client, level, amount }),
        1 => any::<usize>().prop_map(OpResult::GiveUp),
        3 => any::<usize>().prop_map(OpResult::GiveBack),
        1 => any::<usize>().prop_map(OpResult::Shrink),
    ]
}

impl Trial {
    fn new(marks: Vec<Mark>, allowance: usize) -> Self {
        Self {
            shares: Shares::new(marks.clone(), allowance, Kept::Memory),
            marks,
            allowance,
            clients: ["a", "b", "c", "d", "e"].map(Client::named).into(),
            waiting: Vec::new(),
            held: Vec::new(),
            begun: 0,
        }
    }

    fn take(&mut self, client: usize, level: usize, amount: usize) {
        let level = level % self.marks.len();
        let amount = amount.min(self.marks[level].client).min(self.marks[level].total);
        let (shares, who) = (Arc::clone(&self.shares), self.clients[client].clone());
        let what: Pending = Box::pin(async move { shares.take(&who, level, amount).await });
        self.waiting.push(One { client, level, number: self.begun, amount, what });
        self.begun += 1;
        self.poll();
    }

    /// Polls all who wait until nobody is served any more; those who are served hold.
    fn poll(&mut self) {
        let mut is_served = true;
        while is_served {
            is_served = false;
            for mut one in std::mem::take(&mut self.waiting) {
                match one.what.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                    Poll::Ready(share) => {
                        is_served = true;
                        self.serve(one, share);
                    }
                    Poll::Pending => self.waiting.push(one),
                }
            }
        }
        self.check();
    }

    fn serve(&mut self, one: One<Pending>, share: Share) {
        let One { client, level, number, amount, .. } = one;
        assert_eq!(share.amount(), amount);
        let mut of_queue = self.waiting.iter().filter(|one| one.client == client && one.level == level);
        assert!(of_queue.all(|one| one.number > number), "within a client, first come, first served");
        self.held.push(One { client, level, number, amount, what: share });
    }

    fn held_by(&self, client: usize) -> usize {
        self.held.iter().filter(|one| one.client == client).map(|one| one.what.amount()).sum()
    }

    fn charged(&self) -> usize {
        (0..self.clients.len()).map(|client| self.held_by(client).saturating_sub(self.allowance)).sum()
    }

    /// The accounting says what is really held, nobody holds too much, and nobody waits for what is there.
    fn check(&self) {
        let held = self.shares.held();
        let (total, most) = (self.charged(), self.marks.last().unwrap());
        assert_eq!((held.charged, held.waiting), (total, self.waiting.len()), "what is held, and who waits");
        assert!(held.charged_peak <= most.total && held.client_peak <= most.client);
        for client in 0..self.clients.len() {
            assert_eq!(self.shares.held_by(&self.clients[client]), self.held_by(client));
        }
        for level in 0..self.marks.len() {
            let heads = (0..self.clients.len()).filter_map(|client| self.head(client, level));
            let fitting =
                heads.filter(|one| self.held_by(one.client) + one.amount <= self.marks[level].client);
            let charges: Vec<usize> = fitting
                .map(|one| {
                    let held = self.held_by(one.client);
                    (held + one.amount).saturating_sub(self.allowance) - held.saturating_sub(self.allowance)
                })
                .collect();
            assert!(charges.iter().all(|charge| *charge > 0), "one waits for what is its own");
            // Whoever is first in turn may wait for much; those behind wait for it.
            let fits = |charge: &usize| total + charge <= self.marks[level].total;
            assert!(charges.is_empty() || !charges.iter().all(fits), "all wait, and there is room");
        }
    }

    fn head(&self, client: usize, level: usize) -> Option<&One<Pending>> {
        self.waiting.iter().find(|one| one.client == client && one.level == level)
    }

    fn step(&mut self, step: &OpResult) {
        match *step {
            OpResult::Take { client, level, amount } => self.take(client, level, amount),
            OpResult::GiveUp(place) if !self.waiting.is_empty() => {
                self.waiting.remove(place % self.waiting.len());
                self.poll();
            }
            OpResult::GiveBack(place) if !self.held.is_empty() => {
                self.held.remove(place % self.held.len());
                self.poll();
            }
            OpResult::Shrink(place) if !self.held.is_empty() => {
                let place = place % self.held.len();
                self.held[place].what.shrink_to(1);
                self.poll();
            }
            _ => {}
        }
    }

    /// Gives back until nobody waits: the lower levels do not hold up the higher ones.
    fn drain(&mut self) {
        while !self.held.is_empty() || !self.waiting.is_empty() {
            assert!(!self.held.is_empty(), "{} wait, and nobody holds anything", self.waiting.len());
            self.held.remove(0);
            self.poll();
        }
        let held = self.shares.held();
        assert_eq!((held.charged, held.waiting), (0, 0));
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(7),
        ..ProptestConfig::default()
    })]

    #[test]
    fn nothing_is_lost_and_all_are_served_in_the_end(
        steps in prop::collection::vec(step(), 1..120),
        allowance in 0..4_usize,
        levels in 1..4_usize,
    ) {
        let marks = (1..=levels).map(|level| Mark { total: 8 * level, client: 5 * level }).collect();
        let mut trial = Trial::new(marks, allowance);
        for step in &steps {
            trial.step(step);
        }
        trial.drain();
    }

    /// Between its turn and its permit, no client is served twice before another that waits.
    #[test]
    fn each_client_waits_for_one_turn_of_each_other(
        waiting in prop::collection::vec(1..40_usize, 5),
    ) {
        let mut trial = Trial::new(vec![Mark { total: 1, client: 1 }], 0);
        trial.take(4, 0, 1);
        for (client, many) in waiting.iter().enumerate() {
            for _ in 0..*many {
                trial.take(client, 0, 1);
            }
        }
        let mut order = Vec::new();
        while !trial.held.is_empty() {
            trial.held.remove(0);
            trial.poll();
            order.extend(trial.held.iter().map(|one| one.client));
        }
        let mut expected = Vec::new();
        for round in 0..40 {
            expected.extend((0..5).filter(|client| waiting[*client] > round));
        }
        prop_assert_eq!(order, expected);
    }
}

/// A FIFO let a thousand pieces of work of one client go before another's.
#[test]
fn one_of_another_is_the_second_to_start_behind_twenty() {
    let mut trial = Trial::new(vec![Mark { total: 2, client: 1 }], 0);
    for _ in 0..20 {
        trial.take(0, 0, 1);
    }
    trial.take(1, 0, 1);
    let started: Vec<usize> = trial.held.iter().map(|one| one.client).collect();
    assert_eq!(started, [0, 1]);
    trial.drain();
}

/// The room, if there is some at once.
fn now(budget: &MemoryBudget, stage: Stage, client: &Client, bytes: usize) -> Option<Reservation> {
    let mut reserve = Box::pin(budget.reserve(client, stage, bytes));
    match reserve.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(room) => Some(room),
        Poll::Pending => None,
    }
}

const MIB: usize = 1024 * 1024;

#[test]
fn messages_wait_for_those_that_are_further_on_alone() {
    let budget = MemoryBudget::new(16 * MIB, 8 * MIB);
    let one = Client::named("one");
    let now = |stage, bytes| now(&budget, stage, &one, bytes);
    let beginning: Vec<_> = (0..).map_while(|_| now(Stage::Beginning, ALLOWANCE)).collect();
    assert_eq!(beginning.len(), 2 * MIB / ALLOWANCE);
    let reading = (now(Stage::Reading, MIB).unwrap(), now(Stage::Reading, MIB).unwrap());
    assert!(now(Stage::Reading, 1).is_none(), "half of the share is for messages that arrive");
    let working = now(Stage::Working, 100 * MIB).unwrap();
    assert_eq!(working.bytes(), 2 * MIB, "no piece counts for more than a quarter");
    assert!(now(Stage::Working, 1).is_none());
    let mut answer = now(Stage::Answering, 2 * MIB).unwrap();
    assert!(now(Stage::Answering, 1).is_none());
    answer.shrink_to(MIB);
    assert!(now(Stage::Answering, MIB).is_some());
    drop((beginning, reading, working, answer));
    assert_eq!((budget.in_flight_of(&one), budget.figures().in_flight), (0, 0));
    assert!(budget.figures().client_peak <= 8 * MIB);
}

#[test]
fn small_messages_pass_where_others_hold_all() {
    let budget = MemoryBudget::new(4 * MIB, 4 * MIB);
    let clients: Vec<Client> = (0..8).map(|number| Client::named(&number.to_string())).collect();
    let budget = &budget;
    let pieces = |one| (0..).map_while(move |_| now(budget, Stage::Answering, one, ALLOWANCE));
    let _all: Vec<_> = clients.iter().flat_map(pieces).collect();
    assert_eq!(budget.figures().in_flight, 4 * MIB);
    let good = Client::named("good");
    assert!(now(budget, Stage::Beginning, &good, ALLOWANCE).is_some());
    assert!(now(budget, Stage::Answering, &good, ALLOWANCE).is_some(), "what it had before is given back");
    assert!(now(budget, Stage::Answering, &good, ALLOWANCE + 1).is_none());
}
