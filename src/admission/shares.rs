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

use super::client::{Client, Kept};
use super::queues::{Queues, hand_over};
use std::collections::HashMap;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

#[cfg(test)]
pub(super) use super::tests::threads::pause;

/// Between two steps: tests let time pass there.
#[cfg(not(test))]
pub(super) const fn pause() {}

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
    pub(super) next: AtomicU64,
    /// How many wait.
    pub(super) waiting: AtomicUsize,
    /// Those who wait, by level.
    pub(super) queues: Mutex<Vec<Queues>>,
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
    account: Arc<Account>,
    pub(super) amount: usize,
}

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

    /// Gives those who wait what there is room for now, where anybody waits.
    fn serve_waiting(&self) {
        if self.waiting.load(SeqCst) > 0 {
            let given = self.serve(&mut lock(&self.queues));
            hand_over(given);
        }
    }
}

/// The account of a client with one kind of shares.
///
/// What all hold together is changed while the account is locked: so it is never less than what the accounts say, and never
/// more than there may be.
pub struct Account {
    shares: Arc<Shares>,
    client: Client,
    /// Tells the accounts of these shares apart.
    number: u64,
    held: Mutex<usize>,
}

/// What came of an attempt to take more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Attempt {
    /// It is taken.
    Taken,
    /// It would be more than one client may hold.
    ClientHasTooMuch,
    /// It would be more than all may hold together, or the caller takes nothing of that.
    AllHaveTooMuch,
}

/// What an attempt may take of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pool {
    /// What all may hold together, for what is beyond the allowance of the client.
    Total,
    /// The allowance of the client alone.
    Allowance,
}

impl Account {
    /// One that holds nothing.
    pub(super) fn new(shares: &Arc<Shares>, client: &Client, number: u64) -> Arc<Self> {
        let (shares, client, held) = (Arc::clone(shares), client.without_accounts(), Mutex::default());
        Arc::new(Self { shares, client, number, held })
    }

    /// Of what it is the account.
    pub fn shares(&self) -> &Arc<Shares> {
        &self.shares
    }

    /// Whose it is.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Tells the accounts of these shares apart.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// How much is held.
    pub fn held(&self) -> usize {
        *self.lock()
    }

    /// Takes more, if there is room up to the mark of this level.
    pub fn attempt(&self, level: usize, amount: usize, pool: Pool) -> Attempt {
        let mark = self.shares.mark(level);
        let mut held = self.lock();
        let after = *held + amount;
        if after > mark.client {
            return Attempt::ClientHasTooMuch;
        }
        let charge = self.shares.charge(after) - self.shares.charge(*held);
        if charge > 0 && (pool == Pool::Allowance || !self.shares.charge_all(charge, mark.total)) {
            return Attempt::AllHaveTooMuch;
        }
        *held = after;
        self.shares.note_client(after);
        Attempt::Taken
    }

    /// Gives back; those who wait are not served by that.
    pub fn take_back(&self, amount: usize) {
        let mut held = self.lock();
        let after = held.saturating_sub(amount);
        let charge = self.shares.charge(*held) - self.shares.charge(after);
        if charge > 0 {
            self.shares.charged.fetch_sub(charge, SeqCst);
        }
        *held = after;
    }

    /// A share that was taken of this account.
    pub fn share(self: &Arc<Self>, amount: usize) -> Share {
        Share { account: Arc::clone(self), amount }
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        lock(&self.held)
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.shares.close(&self.client);
    }
}

impl Client {
    /// Where the client keeps such an account, if it does.
    fn account(&self, kept: Kept) -> Option<&OnceLock<Arc<Account>>> {
        match (self, kept) {
            (Self::Named(named), Kept::Memory) => Some(&named.memory),
            (Self::Named(named), Kept::Running) => Some(&named.running),
            _ => None,
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

fn note_peak(peak: &AtomicUsize, now: usize) {
    if now > peak.load(Relaxed) {
        peak.fetch_max(now, Relaxed);
    }
}

pub(super) fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
