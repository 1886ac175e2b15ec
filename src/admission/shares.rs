//! Shares of something of which there is a total, held by clients: the accounting and the queues behind
//! [`FairSemaphore`](super::FairSemaphore) and [`MemoryBudget`](super::MemoryBudget).
//!
//! There are levels. A share of a level is given as long as no more is held, of all levels together, than the mark of that
//! level: what lower levels hold leaves room for the higher ones, so who holds a share and waits for one of a higher level
//! waits only for others that go on. Each level has its queues: first come, first served within a client, round robin among
//! clients.
//!
//! As long as nobody waits, a share is taken of the client's own [`Account`] and of one number that all have in common. Whoever
//! finds no room locks the queues, is counted as one that waits, and looks once more. Whoever gives something back looks, after
//! that, whether anybody is counted. So one of the two sees the other, and nobody waits for what is there.

use super::account::{Account, Attempt, Pool};
use super::client::{Client, Kept};
use super::queues::{Queues, Waiter};
use std::collections::HashMap;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::oneshot;

#[cfg(test)]
use super::tests::threads::pause;

/// Between two steps: tests let time pass there.
#[cfg(not(test))]
const fn pause() {}

/// Up to where shares of a level are given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    /// What all clients may hold together.
    pub total: usize,
    /// What one client may hold.
    pub client: usize,
}

/// Who holds how much, and who waits.
pub struct Shares {
    marks: Vec<Mark>,
    /// What each client may hold without its counting towards the total.
    allowance: usize,
    /// Where clients keep their accounts of these shares.
    kept: Kept,
    /// What all hold beyond their allowances.
    pub(super) charged: AtomicUsize,
    charged_peak: AtomicUsize,
    client_peak: AtomicUsize,
    /// The accounts that somebody keeps or holds something of.
    accounts: Mutex<HashMap<Client, Weak<Account>>>,
    /// Numbers accounts and those who wait.
    next: AtomicU64,
    /// How many wait.
    waiting: AtomicUsize,
    /// Those who wait, by level.
    queues: Mutex<Vec<Queues>>,
}

/// What is held now, and was held at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Held {
    /// By all clients, beyond their allowances.
    pub charged: usize,
    /// The most that this has been.
    pub charged_peak: usize,
    /// The most that one client has held.
    pub client_peak: usize,
    /// How many wait.
    pub waiting: usize,
}

/// What a client holds; given back when dropped.
pub struct Share {
    pub(super) account: Arc<Account>,
    pub(super) amount: usize,
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
    /// None of them held. The marks are those of the levels from the lowest on.
    pub fn new(marks: Vec<Mark>, allowance: usize, kept: Kept) -> Arc<Self> {
        let queues = marks.iter().map(|_| Queues::default()).collect();
        Arc::new(Self {
            marks,
            allowance,
            kept,
            charged: AtomicUsize::new(0),
            charged_peak: AtomicUsize::new(0),
            client_peak: AtomicUsize::new(0),
            accounts: Mutex::default(),
            next: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
            queues: Mutex::new(queues),
        })
    }

    /// A share of this level, as soon as the client's turn has come and there is room for it. More than there can ever be is
    /// cut to that.
    pub async fn take(self: &Arc<Self>, client: &Client, level: usize, amount: usize) -> Share {
        match self.take_now(client, level, amount) {
            Ok(share) => share,
            Err(account) => account.wait(level, self.cut(level, amount)).await,
        }
    }

    /// The same at once, if nobody waits and there is room; the account of the client where not.
    pub fn take_now(
        self: &Arc<Self>,
        client: &Client,
        level: usize,
        amount: usize,
    ) -> Result<Share, Arc<Account>> {
        let (account, amount) = (self.account(client), self.cut(level, amount));
        match self.attempt(&account, level, amount) {
            true => Ok(Share { account, amount }),
            false => Err(account),
        }
    }

    /// Takes of an account without a look at the queues, where nobody stands there.
    fn attempt(self: &Arc<Self>, account: &Account, level: usize, amount: usize) -> bool {
        if amount == 0 {
            return true;
        }
        let is_taken =
            self.waiting.load(SeqCst) == 0 && account.attempt(level, amount, Pool::Total) == Attempt::Taken;
        if is_taken {
            // One of its client may have come meanwhile and waited for the total: now it waits for its own share alone, and holds
            // up nobody behind it.
            self.serve_waiting();
        }
        is_taken
    }

    /// The most of this amount that there can ever be.
    fn cut(&self, level: usize, amount: usize) -> usize {
        let mark = self.mark(level);
        amount.min(mark.client).min(mark.total)
    }

    /// What is held now.
    pub fn held(&self) -> Held {
        Held {
            charged: self.charged.load(SeqCst),
            charged_peak: self.charged_peak.load(Relaxed),
            client_peak: self.client_peak.load(Relaxed),
            waiting: self.waiting.load(SeqCst),
        }
    }

    /// What this client holds now.
    pub fn held_by(&self, client: &Client) -> usize {
        let account = lock(&self.accounts).get(client).and_then(Weak::upgrade);
        account.map_or(0, |account| account.held())
    }

    /// How many accounts there are.
    #[cfg(test)]
    pub(super) fn accounts(&self) -> usize {
        lock(&self.accounts).len()
    }

    /// The mark of a level.
    pub(super) fn mark(&self, level: usize) -> Mark {
        self.marks.get(level).copied().unwrap_or(Mark { total: 0, client: 0 })
    }

    /// What of the holding of a client counts towards the total.
    pub(super) fn charge(&self, held: usize) -> usize {
        held.saturating_sub(self.allowance)
    }

    /// Counts so much towards the total, if there is room for it up to here.
    pub(super) fn charge_all(&self, charge: usize, total: usize) -> bool {
        let more = |charged: usize| Some(charged + charge).filter(|after| *after <= total);
        match self.charged.fetch_update(SeqCst, SeqCst, more) {
            Ok(before) => {
                note_peak(&self.charged_peak, before + charge);
                true
            }
            Err(_) => false,
        }
    }

    /// Notes what a client holds.
    pub(super) fn note_client(&self, held: usize) {
        note_peak(&self.client_peak, held);
    }

    /// The account of a client: the one that it keeps, where that is of these shares.
    fn account(self: &Arc<Self>, client: &Client) -> Arc<Account> {
        let Some(kept) = client.account(self.kept) else { return self.find(client) };
        let account = kept.get_or_init(|| self.find(client));
        match std::ptr::eq(Arc::as_ptr(account.shares()), Arc::as_ptr(self)) {
            true => Arc::clone(account),
            false => self.find(client),
        }
    }

    fn find(self: &Arc<Self>, client: &Client) -> Arc<Account> {
        let mut accounts = lock(&self.accounts);
        if let Some(account) = accounts.get(client).and_then(Weak::upgrade) {
            return account;
        }
        let account = Account::new(self, client, self.next.fetch_add(1, Relaxed));
        accounts.insert(account.client().clone(), Arc::downgrade(&account));
        account
    }

    /// Forgets the account of a client of which nobody holds anything any more, unless there is another already.
    pub(super) fn close(&self, client: &Client) {
        let mut accounts = lock(&self.accounts);
        if accounts.get(client).is_some_and(|account| account.strong_count() == 0) {
            accounts.remove(client);
        }
    }

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
    fn serve(&self, queues: &mut [Queues]) -> Granted {
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

    /// The same, where anybody waits.
    fn serve_waiting(&self) {
        if self.waiting.load(SeqCst) > 0 {
            let given = self.serve(&mut lock(&self.queues));
            hand_over(given);
        }
    }
}

impl Account {
    /// A share of this level, when the turn of its client has come.
    async fn wait(self: Arc<Self>, level: usize, amount: usize) -> Share {
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

impl Share {
    /// How much.
    pub fn amount(&self) -> usize {
        self.amount
    }

    /// Adds so much of a level, as soon as there is room for it.
    pub async fn extend(&mut self, level: usize, amount: usize) {
        let shares = self.account.shares();
        let amount = shares.cut(level, amount);
        if !shares.attempt(&self.account, level, amount) {
            let mut more = Arc::clone(&self.account).wait(level, amount).await;
            // From now on this share has it.
            more.amount = 0;
        }
        self.amount += amount;
    }

    /// Gives back all beyond this amount.
    pub fn shrink_to(&mut self, amount: usize) {
        let back = self.amount.saturating_sub(amount);
        self.amount -= back;
        self.give_back(back);
    }

    fn give_back(&self, amount: usize) {
        if amount > 0 {
            self.account.take_back(amount);
            pause();
            self.account.shares().serve_waiting();
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.give_back(self.amount);
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

fn hand_over(given: Granted) {
    for (sender, share) in given {
        // Where nobody receives it any more it is dropped, and so given back.
        let _ = sender.send(share);
    }
}

fn note_peak(peak: &AtomicUsize, now: usize) {
    if now > peak.load(Relaxed) {
        peak.fetch_max(now, Relaxed);
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
