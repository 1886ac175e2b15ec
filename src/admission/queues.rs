//! Who waits for shares: first come, first served within a client, round robin among clients.

use super::shares::{Account, Attempt, Pool, Share, Shares, lock, pause};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
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

/// One that waits; it leaves the queue when dropped.
struct Waiting {
    account: Arc<Account>,
    level: usize,
    number: u64,
    granted: oneshot::Receiver<Share>,
}

/// Shares that were given to some who waited. They are handed over once the queues are not locked any more: one whose receiver
/// is gone is given back at that moment.
type Granted = Vec<(oneshot::Sender<Share>, Share)>;

impl Shares {
    fn take_or_wait(
        self: &Arc<Self>,
        account: &Arc<Account>,
        level: usize,
        amount: usize,
    ) -> Result<Share, Waiting> {
        pause();
        let mut queues = lock(&self.queues);
        let is_first = queues.get(level).is_none_or(Queues::is_empty);
        if is_first && account.attempt(level, amount, Pool::Total) == Attempt::Taken {
            let share = account.share(amount);
            // Its client may have waited on a lower level for the total, and now waits for its own share alone.
            let given = self.serve(&mut queues);
            drop(queues);
            hand_over(given);
            return Ok(share);
        }
        let (sender, granted) = oneshot::channel();
        let number = self.next.fetch_add(1, Relaxed);
        if let Some(level) = queues.get_mut(level) {
            level.enter(account, Waiter { number, amount, granted: sender });
            pause();
            self.waiting.fetch_add(1, SeqCst);
            pause();
        }
        let waiting = Waiting { account: Arc::clone(account), level, number, granted };
        // Its turn may have come in spite of those who wait: what is within its allowance takes nothing of theirs. And something
        // may have been given back before it was counted.
        let given = self.serve(&mut queues);
        drop(queues);
        hand_over(given);
        Err(waiting)
    }

    /// Gives those who wait what there is room for now.
    pub(super) fn serve(&self, queues: &mut [Queues]) -> Granted {
        let mut given = Vec::new();
        for (level, queues) in queues.iter_mut().enumerate().rev() {
            // Whoever waits for the total is not overtaken, so that a large share comes to its turn beside small ones.
            let mut pool = Pool::Total;
            let mut place = 0;
            while let Some((account, amount)) = queues.at(place) {
                match account.attempt(level, amount, pool) {
                    Attempt::Taken => {
                        self.waiting.fetch_sub(1, SeqCst);
                        let served = queues.serve(place);
                        given.extend(served.map(|(waiter, account)| (waiter.granted, account.share(amount))));
                    }
                    Attempt::ClientHasTooMuch => place += 1,
                    Attempt::AllHaveTooMuch => (pool, place) = (Pool::Allowance, place + 1),
                }
            }
        }
        given
    }
}

impl Account {
    /// A share of this level, when the turn of its client has come.
    pub(super) async fn wait(self: Arc<Self>, level: usize, amount: usize) -> Share {
        loop {
            let mut waiting = match self.shares().take_or_wait(&self, level, amount) {
                Ok(share) => return share,
                Err(waiting) => waiting,
            };
            if let Ok(share) = (&mut waiting.granted).await {
                return share;
            }
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let shares = self.account.shares();
        let mut queues = lock(&shares.queues);
        if queues.get_mut(self.level).is_some_and(|queues| queues.leave(&self.account, self.number)) {
            shares.waiting.fetch_sub(1, SeqCst);
        }
        // Others may have waited behind it.
        let given = shares.serve(&mut queues);
        drop(queues);
        hand_over(given);
    }
}

/// Hands over what was given, once the queues are not locked any more.
pub(super) fn hand_over(given: Granted) {
    for (sender, share) in given {
        // Where nobody receives it any more it is dropped, and so given back.
        let _ = sender.send(share);
    }
}
