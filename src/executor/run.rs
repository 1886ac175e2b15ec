//! Runs the engine, and meets what it needs. What is quick is run on the thread of its connection, and all else on one that may
//! block. What takes long (a key pair, a password to stretch) takes its turn among few of its kind, and what waits for the HSM
//! or the world outside among others, and neither holds a permit to run while it waits: who asks for much of it keeps nobody
//! else waiting.

use super::{Effects, Error, Executor};
use crate::admission::{Client, Permit};
use crate::clock::now;
use crate::crypto::drbg::Seeds;
use crate::engine::fulfilled::{Fulfilled, Thread};
use crate::engine::need::{Need, Supply};
use crate::engine::world::{Direction, Entropy, View, World};
use crate::keygen;
use crate::store::{self, Database, Deferred, Published};
use crate::vault::{KeyRing, Stored};
use std::num::NonZeroU64;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::spawn_blocking;

/// How many things a batch may need one after another.
const NEEDS_MAX: usize = 1000;

const TOO_MUCH: &str = "the batch needs too much";

/// What the engine came to, with the permit under which it ran; then what comes back for another run.
type Met<T, W> = ((Effects<T>, Permit), W, Fulfilled);

/// The permit of a request that holds much in memory, once it turns out to be one.
pub(super) type Large = Option<Permit>;

impl Executor {
    /// Runs work on a snapshot, again with what it needs until it needs nothing more. Work and fulfilled needs come back for
    /// another run.
    pub(super) async fn run_until_fulfilled<T, W>(
        self: &Arc<Self>,
        client: &Client,
        large: &mut Large,
        mut work: W,
        mut fulfilled: Fulfilled,
    ) -> Result<Met<T, W>, Error>
    where
        T: Send + 'static,
        W: FnMut(&World<'_>, &mut dyn Entropy, &mut Fulfilled) -> Result<Effects<T>, Need> + Send + 'static,
    {
        let (mut ring, mut unopened) = self.keys_for(&fulfilled).await;
        for _ in 0..NEEDS_MAX {
            let executor = Arc::clone(self);
            let (thread, changes) = (fulfilled.thread(), fulfilled.foreseen().changes);
            let attempt = move || {
                let attempted = executor.attempt(&ring, &mut work, &mut fulfilled);
                (attempted, work, fulfilled, ring)
            };
            let (attempted, permit);
            ((attempted, work, fulfilled, ring), permit) = match thread {
                Thread::Shared => {
                    if changes {
                        self.admission.turn_to_change(client).await;
                    }
                    let permit = self.admission.running(client).await;
                    (self.shared.run(attempt).map_err(Error::Failed)?, permit)
                }
                Thread::Blocking => {
                    let permit = self.admission.running(client).await;
                    // Held until it is done, also where nobody waits for it any more.
                    let done = spawn_blocking(move || (attempt(), permit)).await;
                    done.map_err(|panic| Error::Failed(panic.to_string()))?
                }
                Thread::LowPriority => {
                    (self.run_slow(client, attempt).await?, self.admission.running(client).await)
                }
            };
            match attempted? {
                Ok(effects) => return Ok(((effects, permit), work, fulfilled)),
                Err(Need::Kek(id)) => {
                    drop(permit);
                    match unopened.take_if(|(unopened, _)| *unopened == id) {
                        Some((_, error)) => return Err(error),
                        None => ring.add(self.kek(id).await?),
                    }
                }
                Err(Need::Room) => {
                    drop(permit);
                    *large = Some(self.admission.large_result(client).await);
                    fulfilled.take_room();
                }
                Err(need) => {
                    drop(permit);
                    fulfilled = self.meet(client, need, fulfilled).await?;
                }
            }
        }
        Err(Error::Failed(TOO_MUCH.to_owned()))
    }

    /// The keys that a run begins with, and why one is missing that it is going to need.
    async fn keys_for(self: &Arc<Self>, fulfilled: &Fulfilled) -> (KeyRing, Option<(u32, Error)>) {
        let mut ring = self.hierarchy.ring();
        let lacking = ring.lacks_current().filter(|_| fulfilled.foreseen().needs_kek);
        let unopened = match lacking {
            Some(id) => self.open_ahead(id, &mut ring).await,
            None => None,
        };
        (ring, unopened)
    }

    /// Does what keeps a processor busy for long, when it is the turn of this client.
    pub async fn run_slow<T: Send + 'static>(
        &self,
        client: &Client,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        self.admission.run_slow(client, work).await.map_err(Error::Failed)
    }

    /// Does what waits for the HSM or the world outside, when it is the turn of this client.
    pub(super) async fn run_outside<T: Send + 'static>(
        &self,
        client: &Client,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        self.admission.run_outside(client, work).await.map_err(Error::Failed)
    }

    /// Runs the engine once on the store as it is. Blocks for as long as the disk takes.
    fn attempt<T>(
        &self,
        ring: &KeyRing,
        work: &mut impl FnMut(&World<'_>, &mut dyn Entropy, &mut Fulfilled) -> Result<T, Need>,
        fulfilled: &mut Fulfilled,
    ) -> Result<Result<T, Need>, Error> {
        for _ in 0..NEEDS_MAX {
            let generation = self.database.generation();
            let snapshot = StoreView::of(&self.database)?;
            let (settings, clients) = (&self.settings, self.authenticator.as_ref());
            let world = World {
                view: &snapshot,
                vault: ring,
                now: now(),
                settings,
                clients,
                can_reverse_roles: false,
            };
            match work(&world, &mut Source(&self.seeds), fulfilled) {
                // The store was opened anew meanwhile: what was open before cannot be read any more.
                Err(Need::Failed(_)) if self.database.generation() != generation => {}
                Err(Need::Failed(why)) => return Err(Error::Failed(why)),
                ran => return Ok(ran),
            }
        }
        Err(Error::Failed(TOO_MUCH.to_owned()))
    }

    /// Meets what takes long: each piece takes a turn of its own. A snapshot may hold writers back: none is held here.
    async fn meet(
        self: &Arc<Self>,
        client: &Client,
        need: Need,
        mut fulfilled: Fulfilled,
    ) -> Result<Fulfilled, Error> {
        let executor = Arc::clone(self);
        match need {
            Need::Supplies(lacking) => {
                for supply in lacking {
                    let made = move || make(supply, &mut fulfilled).map(|()| fulfilled);
                    fulfilled = self.run_slow(client, made).await??;
                }
                Ok(fulfilled)
            }
            Need::Credential(wanted) => {
                let credential =
                    move || (executor.registrar.credential(&executor.authenticator, &wanted), wanted);
                let (credential, wanted) = self.run_slow(client, credential).await?;
                fulfilled.add_credential(wanted, credential);
                Ok(fulfilled)
            }
            Need::Outside(outside) => {
                let done = move || executor.do_outside(*outside, &mut fulfilled).map(|()| fulfilled);
                self.run_outside(client, done).await?
            }
            Need::Turn => {
                fulfilled.take_turn();
                Ok(fulfilled)
            }
            Need::Kek(_) | Need::Room => Err(Error::Failed(format!("{need:?} is met between two runs"))),
            Need::Abandoned => Err(Error::Abandoned),
            Need::Failed(why) => Err(Error::Failed(why)),
        }
    }
}

/// Does slow work whose result is all that comes of it.
fn make(supply: Supply, fulfilled: &mut Fulfilled) -> Result<(), Error> {
    match supply {
        Supply::KeyPair(kind) => fulfilled.add(keygen::make(kind).map_err(Error::Failed)?),
        Supply::Stretched(pbkdf2_params) => {
            let key = pbkdf2_params.run().map_err(|error| Error::Failed(error.to_string()))?;
            fulfilled.add_stretched(&pbkdf2_params, key);
        }
        Supply::Container(container) => {
            let opened = container.open();
            fulfilled.add_opened(&container, opened);
        }
    }
    Ok(())
}

/// A run that has taken so long has waited for a disk: for a processor, threads of a busy machine wait less.
const LONG: Duration = Duration::from_millis(100);

/// For how long runs are done elsewhere after such a one.
const REST: Duration = Duration::from_secs(1);

/// The threads that connections share, as far as runs are done on them: no thread is woken for these, and none may keep such a thread
/// for long. How much they compute the engine bounds; that they wait for a disk, it cannot know: where one has, none follows for a
/// while.
pub(super) struct SharedThreads {
    since: Instant,
    /// Until when none is done on them, in milliseconds of `since`.
    rest_until: AtomicU64,
}

impl Default for SharedThreads {
    fn default() -> Self {
        Self { since: Instant::now(), rest_until: AtomicU64::new(0) }
    }
}

impl SharedThreads {
    /// Whether runs are done on them now.
    pub fn are_open(&self) -> bool {
        let until = self.rest_until.load(Ordering::Relaxed);
        until == 0 || until < milliseconds(self.since.elapsed())
    }

    /// Does this on the present thread; a panic ends nothing else.
    pub fn run<T>(&self, work: impl FnOnce() -> T) -> Result<T, String> {
        let begun = Instant::now();
        // What it had is dropped with it.
        let done = catch_unwind(AssertUnwindSafe(work)).map_err(|_| "a request ended in a panic".to_owned());
        if begun.elapsed() >= LONG {
            tracing::debug!("a run took long on a thread of connections: for a second, none follows there");
            self.rest_until.store(milliseconds(self.since.elapsed() + REST), Ordering::Relaxed);
        }
        done
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The random bytes that the engine takes: the system's, and beside them what clients have sent.
pub struct Source<'s>(pub &'s Seeds);

impl Entropy for Source<'_> {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Need> {
        self.0.fill(out).map_err(|error| Need::Failed(error.to_string()))
    }

    fn stir(&mut self, seed: &[u8]) {
        self.0.add(seed);
    }
}

/// A snapshot of the store, as the engine reads it.
pub struct StoreView {
    /// The store at one moment.
    snapshot: Stored,
    /// Which revision it has of the records of certificates and names.
    credentials: Option<NonZeroU64>,
    /// What was deferred by then, and is not in it.
    deferred: Deferred,
}

impl StoreView {
    /// The store as it stands now.
    pub fn of(database: &Database) -> Result<Self, store::Error> {
        // In this order: what is not deferred any more is in the store.
        let deferred = database.deferred();
        let Published { snapshot, credentials } = database.published()?;
        Ok(Self { snapshot: Stored(snapshot), credentials, deferred })
    }
}

impl View for StoreView {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Need> {
        self.snapshot.get(key)
    }

    fn scan_from(
        &self,
        prefix: &[u8],
        direction: Direction,
        behind: Option<&[u8]>,
        visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), Need> {
        self.snapshot.scan_from(prefix, direction, behind, visit)
    }

    fn credentials_revision(&self) -> Option<NonZeroU64> {
        self.credentials
    }

    fn has_deferred(&self, key: &[u8], value: &[u8]) -> Result<bool, Need> {
        if self.deferred.has(key, value) {
            return Ok(true);
        }
        let mut has = false;
        let shown = self.snapshot.0.show(key, &mut |held| has = held == value);
        shown.map_err(|error| Need::Failed(error.to_string()))?;
        if has {
            self.deferred.remember(key, value);
        }
        Ok(has)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test: it stops where it stands")]
mod tests {
    use super::*;

    #[test]
    fn after_a_run_that_has_waited_none_follows_for_a_while() {
        let threads = SharedThreads::default();
        assert_eq!(threads.run(|| 7), Ok(7));
        threads.run(|| std::thread::sleep(LONG)).unwrap();
        assert!(!threads.are_open());
        threads.rest_until.store(1, Ordering::Relaxed);
        assert!(threads.are_open(), "the second is over");
    }

    #[test]
    fn a_panic_is_an_error() {
        let failed = SharedThreads::default().run(|| assert!(milliseconds(LONG) == 0, "on purpose"));
        assert!(failed.unwrap_err().contains("panic"));
    }
}
