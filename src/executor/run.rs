//! Meets what the engine needs. What takes long (a key pair, a password to stretch) takes its turn among few of its kind,
//! and holds no thread while it waits: who asks for much of it keeps nobody else waiting.

use super::adapters::{Source, StoreView, now};
use super::{Effects, Error, Executor};
use crate::engine::need::{Need, Supply};
use crate::engine::supplies::Supplies;
use crate::engine::world::{Entropy, World};
use crate::keygen;
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// How many things a batch may need one after another.
const NEEDS_MAX: usize = 1000;

const TOO_MUCH: &str = "the batch needs too much";

impl Executor {
    /// Runs work on a snapshot, again with what it needs until it needs nothing more. Work and supplies come back for
    /// another run.
    pub(super) async fn until_met<T, W>(
        self: &Arc<Self>,
        mut work: W,
        mut supplies: Supplies,
    ) -> Result<(Effects<T>, W, Supplies), Error>
    where
        T: Send + 'static,
        W: FnMut(&World<'_>, &mut dyn Entropy, &mut Supplies) -> Result<Effects<T>, Need> + Send + 'static,
    {
        for _ in 0..NEEDS_MAX {
            let executor = Arc::clone(self);
            let is_slow = supplies.has_turn();
            let attempt = move || {
                let attempted = executor.attempt(&mut work, &mut supplies);
                (attempted, work, supplies)
            };
            let attempted;
            (attempted, work, supplies) = match is_slow {
                true => self.run_slow(attempt).await?,
                false => spawn_blocking(attempt).await.map_err(|panic| Error::Failed(panic.to_string()))?,
            };
            let need = match attempted? {
                Ok(effects) => return Ok((effects, work, supplies)),
                Err(need) => need,
            };
            // Each takes a turn of its own.
            let needs = match need {
                Need::Turn => {
                    supplies.take_turn();
                    continue;
                }
                Need::Supplies(lacking) => lacking.into_iter().map(Need::from).collect(),
                other => vec![other],
            };
            for need in needs {
                let executor = Arc::clone(self);
                supplies =
                    self.run_slow(move || executor.meet(need, &mut supplies).map(|()| supplies)).await??;
            }
        }
        Err(Error::Failed(TOO_MUCH.to_owned()))
    }

    /// Does what takes long, when its turn comes.
    pub async fn run_slow<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let failed = |error: &dyn std::fmt::Display| Error::Failed(error.to_string());
        let _permit = self.slow_permits.acquire().await.map_err(|error| failed(&error))?;
        spawn_blocking(work).await.map_err(|panic| failed(&panic))
    }

    /// Runs the engine until it needs nothing more, or something that takes long. Blocks for as long as the HSM takes.
    fn attempt<T>(
        &self,
        work: &mut impl FnMut(&World<'_>, &mut dyn Entropy, &mut Supplies) -> Result<T, Need>,
        supplies: &mut Supplies,
    ) -> Result<Result<T, Need>, Error> {
        let mut ring = self.hierarchy.ring();
        for _ in 0..NEEDS_MAX {
            let generation = self.database.generation();
            let snapshot = StoreView::of(&self.database)?;
            let (settings, clients) = (&self.settings, self.gate.as_ref());
            let world = World { view: &snapshot, vault: &ring, now: now(), settings, clients };
            let ran = work(&world, &mut Source(&self.seeds), supplies);
            // A snapshot may hold writers back, and what is needed may take long.
            drop(snapshot);
            match ran {
                Ok(result) => return Ok(Ok(result)),
                Err(Need::Kek(id)) => ring.add(self.hierarchy.load(id)?),
                // The store was opened anew meanwhile: what was open before cannot be read any more.
                Err(Need::Failed(_)) if self.database.generation() != generation => {}
                Err(Need::Failed(why)) => return Err(Error::Failed(why)),
                Err(need) => return Ok(Err(need)),
            }
        }
        Err(Error::Failed(TOO_MUCH.to_owned()))
    }

    /// Meets what takes long. Blocks.
    fn meet(&self, need: Need, supplies: &mut Supplies) -> Result<(), Error> {
        match need {
            Need::Supplies(lacking) => {
                return lacking.into_iter().try_for_each(|supply| make(supply, supplies));
            }
            Need::Credential(wanted) => {
                let credential = self.registrar.credential(&self.gate, &wanted);
                supplies.add_credential(wanted, credential);
            }
            Need::Outside(outside) => self.do_outside(*outside, supplies)?,
            Need::Turn => supplies.take_turn(),
            Need::Kek(id) => {
                return Err(Error::Failed(format!("the key-encryption key {id} is met with each run")));
            }
            Need::Failed(why) => return Err(Error::Failed(why)),
        }
        Ok(())
    }
}

/// Does slow work whose result is all that comes of it.
fn make(supply: Supply, supplies: &mut Supplies) -> Result<(), Error> {
    match supply {
        Supply::KeyPair(kind) => supplies.add(keygen::make(kind).map_err(Error::Failed)?),
        Supply::Stretched(stretch) => {
            let key = stretch.run().map_err(|error| Error::Failed(error.to_string()))?;
            supplies.add_stretched(stretch, key);
        }
        Supply::Container(container) => {
            let opened = container.open();
            supplies.add_opened(container, opened);
        }
    }
    Ok(())
}
