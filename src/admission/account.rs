//! What one client holds of shares: taken and given back under a lock of its own, as long as nobody waits.

use super::Client;
use super::shares::{Share, Shares};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.shares.close(&self.client);
    }
}
