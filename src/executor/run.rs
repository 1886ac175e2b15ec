//! Runs the engine, and meets what it needs. What is quick is run on the thread of its connection, and all else on one that may
//! block. What takes long (a key pair, a password to stretch) takes its turn among few of its kind, and what waits for the HSM
//! or the world outside among others, and neither holds a permit to run while it waits: who asks for much of it keeps nobody
//! else waiting.

use super::adapters::{Source, StoreView};
use super::{Effects, Error, Executor};
use crate::admission::{Client, Permit};
use crate::clock::now;
use crate::engine::fulfilled::{Fulfilled, Thread};
use crate::engine::need::{Need, Supply};
use crate::engine::world::{Entropy, World};
use crate::keygen;
use crate::vault::KeyRing;
use std::sync::Arc;
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
        let mut ring = self.hierarchy.ring();
        for _ in 0..NEEDS_MAX {
            let executor = Arc::clone(self);
            let thread = fulfilled.thread();
            let attempt = move || {
                let attempted = executor.attempt(&ring, &mut work, &mut fulfilled);
                (attempted, work, fulfilled, ring)
            };
            let (attempted, permit);
            ((attempted, work, fulfilled, ring), permit) = match thread {
                Thread::Shared => {
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
                    ring.add(self.kek(id).await?);
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
