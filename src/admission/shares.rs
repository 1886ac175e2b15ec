//! Shares of something of which there is a total, held by clients: the accounting and the queues behind
//! [`FairSemaphore`](super::FairSemaphore) and [`MemoryBudget`](super::MemoryBudget).
//!
//! There are levels. A share of a level is given as long as no more is held, of all levels together, than the mark of that
//! level: what lower levels hold leaves room for the higher ones, so who holds a share and waits for one of a higher level
//! waits only for others that go on. Each level has its queues: first come, first served within a client, round robin among
//! clients.

use super::Client;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

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
    state: Mutex<State>,
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

#[derive(Default)]
struct State {
    charged: usize,
    charged_peak: usize,
    client_peak: usize,
    clients: HashMap<Client, usize>,
    levels: Vec<Level>,
    next: u64,
}

/// Whether there is room for more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    Fits,
    /// It takes nothing of the total.
    FitsTheAllowance,
    ClientHasTooMuch,
    AllHaveTooMuch,
}

/// Those who wait for shares of one level.
#[derive(Default)]
struct Level {
    /// The clients that wait, each once: who comes first is served first, and stands at the end then.
    turns: VecDeque<Client>,
    waiting: HashMap<Client, VecDeque<Waiter>>,
}

struct Waiter {
    number: u64,
    amount: usize,
    granted: oneshot::Sender<Share>,
}

/// What a client holds; given back when dropped.
pub struct Share {
    shares: Arc<Shares>,
    client: Client,
    amount: usize,
}

/// One that waits; it leaves the queue when dropped.
struct Waiting {
    shares: Arc<Shares>,
    client: Client,
    level: usize,
    number: u64,
    granted: oneshot::Receiver<Share>,
}

/// Shares that were given to some who waited. They are handed over once the state is not locked any more: one whose receiver
/// is gone is given back at that moment.
type Granted = Vec<(oneshot::Sender<Share>, Share)>;

impl Shares {
    /// None of them held. The marks are those of the levels from the lowest on.
    pub fn new(marks: Vec<Mark>, allowance: usize) -> Arc<Self> {
        let levels = marks.iter().map(|_| Level::default()).collect();
        Arc::new(Self { marks, allowance, state: Mutex::new(State { levels, ..State::default() }) })
    }

    /// A share of this level, as soon as the client's turn has come and there is room for it. More than there can ever be is
    /// cut to that.
    pub async fn take(self: &Arc<Self>, client: &Client, level: usize, amount: usize) -> Share {
        let mark = self.mark(level);
        let amount = amount.min(mark.client).min(mark.total);
        if amount == 0 {
            return Share { shares: Arc::clone(self), client: client.clone(), amount };
        }
        loop {
            let mut waiting = match self.take_or_wait(client, level, amount) {
                Ok(share) => return share,
                Err(waiting) => waiting,
            };
            if let Ok(share) = (&mut waiting.granted).await {
                return share;
            }
        }
    }

    fn take_or_wait(
        self: &Arc<Self>,
        client: &Client,
        level: usize,
        amount: usize,
    ) -> Result<Share, Waiting> {
        let mut state = self.lock();
        let is_first = state.levels.get(level).is_none_or(|level| level.turns.is_empty());
        let fit = self.fits(&state, client, level, amount);
        if is_first && matches!(fit, Fit::Fits | Fit::FitsTheAllowance) {
            let share = self.give(&mut state, client, amount);
            // Its client may have waited on a lower level for the total, and now waits for its own share alone.
            let given = self.serve(&mut state);
            drop(state);
            hand_over(given);
            return Ok(share);
        }
        let (sender, granted) = oneshot::channel();
        let number = state.next;
        state.next += 1;
        if let Some(level) = state.levels.get_mut(level) {
            level.enter(client, Waiter { number, amount, granted: sender });
        }
        let waiting = Waiting { shares: Arc::clone(self), client: client.clone(), level, number, granted };
        // Its turn may have come in spite of those who wait: what is within its allowance takes nothing of theirs.
        let given = self.serve(&mut state);
        drop(state);
        hand_over(given);
        Err(waiting)
    }

    /// What is held now.
    pub fn held(&self) -> Held {
        let state = self.lock();
        let waiting = state.levels.iter().flat_map(|level| level.waiting.values()).map(VecDeque::len).sum();
        Held {
            charged: state.charged,
            charged_peak: state.charged_peak,
            client_peak: state.client_peak,
            waiting,
        }
    }

    /// What this client holds now.
    pub fn held_by(&self, client: &Client) -> usize {
        self.lock().clients.get(client).copied().unwrap_or_default()
    }

    fn mark(&self, level: usize) -> Mark {
        self.marks.get(level).copied().unwrap_or(Mark { total: 0, client: 0 })
    }

    /// Whether there is room for so much more.
    fn fits(&self, state: &State, client: &Client, level: usize, amount: usize) -> Fit {
        let mark = self.mark(level);
        let held = state.clients.get(client).copied().unwrap_or_default();
        let charge = self.charge(held + amount) - self.charge(held);
        match held + amount <= mark.client {
            false => Fit::ClientHasTooMuch,
            true if charge == 0 => Fit::FitsTheAllowance,
            true if state.charged + charge <= mark.total => Fit::Fits,
            true => Fit::AllHaveTooMuch,
        }
    }

    /// What of the holding of a client counts towards the total.
    fn charge(&self, held: usize) -> usize {
        held.saturating_sub(self.allowance)
    }

    fn give(self: &Arc<Self>, state: &mut State, client: &Client, amount: usize) -> Share {
        let held = state.clients.entry(client.clone()).or_default();
        let before = self.charge(*held);
        *held += amount;
        state.client_peak = state.client_peak.max(*held);
        state.charged += self.charge(*held) - before;
        state.charged_peak = state.charged_peak.max(state.charged);
        Share { shares: Arc::clone(self), client: client.clone(), amount }
    }

    fn take_back(&self, state: &mut State, client: &Client, amount: usize) {
        let Some(held) = state.clients.get_mut(client) else { return };
        let before = self.charge(*held);
        *held = held.saturating_sub(amount);
        let (left, after) = (*held, self.charge(*held));
        state.charged = state.charged.saturating_sub(before - after);
        if left == 0 {
            state.clients.remove(client);
        }
    }

    /// Gives those who wait what there is room for now.
    fn serve(self: &Arc<Self>, state: &mut State) -> Granted {
        let mut given = Vec::new();
        for level in (0..self.marks.len()).rev() {
            // Whoever waits for the total is not overtaken, so that a large share comes to its turn beside small ones.
            let mut is_blocked = false;
            let mut place = 0;
            while let Some((client, amount)) = state.levels.get(level).and_then(|level| level.at(place)) {
                let fit = self.fits(state, &client, level, amount);
                if fit == Fit::FitsTheAllowance || (fit == Fit::Fits && !is_blocked) {
                    let share = self.give(state, &client, amount);
                    let waiter = state.levels.get_mut(level).and_then(|level| level.serve(place));
                    given.extend(waiter.map(|waiter| (waiter.granted, share)));
                } else {
                    is_blocked |= fit == Fit::AllHaveTooMuch;
                    place += 1;
                }
            }
        }
        given
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hand_over(granted: Granted) {
    for (sender, share) in granted {
        // Who has left meanwhile does not take it: it is given back here.
        let _ = sender.send(share);
    }
}

impl Level {
    fn enter(&mut self, client: &Client, waiter: Waiter) {
        let queue = self.waiting.entry(client.clone()).or_default();
        if queue.is_empty() {
            self.turns.push_back(client.clone());
        }
        queue.push_back(waiter);
    }

    /// The client at this place of the turns, and what the first of its queue waits for.
    fn at(&self, place: usize) -> Option<(Client, usize)> {
        let client = self.turns.get(place)?;
        Some((client.clone(), self.waiting.get(client)?.front()?.amount))
    }

    /// Takes the first of the queue of the client at this place, which stands last then.
    fn serve(&mut self, place: usize) -> Option<Waiter> {
        let client = self.turns.remove(place)?;
        let queue = self.waiting.get_mut(&client)?;
        let waiter = queue.pop_front();
        match queue.is_empty() {
            true => drop(self.waiting.remove(&client)),
            false => self.turns.push_back(client),
        }
        waiter
    }

    /// Takes one out of the queue of its client, if it still stands there.
    fn leave(&mut self, client: &Client, number: u64) {
        let Some(queue) = self.waiting.get_mut(client) else { return };
        queue.retain(|waiter| waiter.number != number);
        if queue.is_empty() {
            self.waiting.remove(client);
            self.turns.retain(|waiting| waiting != client);
        }
    }
}

impl Share {
    /// How much.
    pub fn amount(&self) -> usize {
        self.amount
    }

    /// Joins what the same client holds beside it.
    pub fn join(&mut self, mut other: Self) {
        self.amount += std::mem::take(&mut other.amount);
    }

    /// Gives back all beyond this amount.
    pub fn shrink_to(&mut self, amount: usize) {
        let back = self.amount.saturating_sub(amount);
        if back > 0 {
            self.amount -= back;
            self.give_back(back);
        }
    }

    /// Who holds it.
    pub fn client(&self) -> &Client {
        &self.client
    }

    fn give_back(&self, amount: usize) {
        let mut state = self.shares.lock();
        self.shares.take_back(&mut state, &self.client, amount);
        let granted = self.shares.serve(&mut state);
        drop(state);
        hand_over(granted);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.amount > 0 {
            self.give_back(self.amount);
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut state = self.shares.lock();
        if let Some(level) = state.levels.get_mut(self.level) {
            level.leave(&self.client, self.number);
        }
        // Others may have waited behind it.
        let granted = self.shares.serve(&mut state);
        drop(state);
        hand_over(granted);
    }
}
