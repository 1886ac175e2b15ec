//! Who waits for shares: first come, first served within a client, round robin among clients.

use super::account::Account;
use super::shares::Share;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use tokio::sync::oneshot;

/// Those who wait for shares of one level.
#[derive(Default)]
pub struct Queues {
    /// The clients that wait, each once: who comes first is served first, and stands at the end then.
    turns: VecDeque<Arc<Account>>,
    /// By the number of the account.
    waiting: HashMap<u64, VecDeque<Waiter>>,
}

/// One that waits.
pub struct Waiter {
    /// Tells it from the others.
    pub number: u64,
    /// For how much.
    pub amount: usize,
    /// Where it is told.
    pub granted: oneshot::Sender<Share>,
}

impl Queues {
    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    /// One more waits.
    pub fn enter(&mut self, account: &Arc<Account>, waiter: Waiter) {
        let queue = self.waiting.entry(account.number()).or_default();
        if queue.is_empty() {
            self.turns.push_back(Arc::clone(account));
        }
        queue.push_back(waiter);
    }

    /// The client at this place of the turns, and what the first of its queue waits for.
    pub fn at(&self, place: usize) -> Option<(&Arc<Account>, usize)> {
        let account = self.turns.get(place)?;
        Some((account, self.waiting.get(&account.number())?.front()?.amount))
    }

    /// Takes the first of the queue of the client at this place, which stands last then.
    pub fn serve(&mut self, place: usize) -> Option<(Waiter, Arc<Account>)> {
        let account = self.turns.remove(place)?;
        let queue = self.waiting.get_mut(&account.number())?;
        let waiter = queue.pop_front()?;
        match queue.is_empty() {
            true => drop(self.waiting.remove(&account.number())),
            false => self.turns.push_back(Arc::clone(&account)),
        }
        Some((waiter, account))
    }

    /// Takes one out of the queue of its client. Whether it still stood there.
    pub fn leave(&mut self, account: &Account, number: u64) -> bool {
        let Some(queue) = self.waiting.get_mut(&account.number()) else { return false };
        let before = queue.len();
        queue.retain(|waiter| waiter.number != number);
        let has_left = queue.len() < before;
        if queue.is_empty() {
            self.waiting.remove(&account.number());
            self.turns.retain(|waiting| waiting.number() != account.number());
        }
        has_left
    }
}
