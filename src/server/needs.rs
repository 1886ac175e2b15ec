//! Meets what the engine needs. What takes long (a key pair, a password to stretch) takes its turn among few of its kind,
//! and holds no thread while it waits: who asks for much of it keeps nobody else waiting.

use super::{Ran, Server, StoreView, fitting, now, push, whole};
use crate::engine::batch;
use crate::engine::need::{Need, Supplies};
use crate::engine::refusal::{Cause, Refusal};
use crate::engine::world::{Entropy, World};
use crate::keygen;
use crate::server::outside::Source;
use crate::session::Peer;
use kmip_codec::message::RequestMessage;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// How many things a batch may need one after another.
const NEEDS_MAX: usize = 1000;

const TOO_MUCH: &str = "the batch needs too much";

/// As much slow work at a time as there are processors.
pub fn turns() -> Semaphore {
    Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from))
}

impl Server {
    /// Runs a message.
    pub(super) async fn run(
        self: &Arc<Self>,
        request: u64,
        peer: &Arc<Peer>,
        message: &Arc<RequestMessage>,
    ) -> Result<Ran, String> {
        let (peer, message) = (Arc::clone(peer), Arc::clone(message));
        self.in_turns(move |server, world, entropy, supplies| {
            let outcome = match push::cannot_turn(&peer, &message) {
                Some(refusal) => whole(&message, &refusal),
                None => batch::run(world, &peer.principal, &message, entropy, supplies)?,
            };
            let objects = server.witness(world, &peer, &message, &outcome);
            let outcome = fitting(request, &message, outcome);
            let told = server.told(request, &peer, &message, &outcome, objects);
            Ok((outcome, told))
        })
        .await
    }

    /// Runs the engine until it needs nothing more.
    async fn in_turns<T: Send + 'static>(
        self: &Arc<Self>,
        mut run: impl FnMut(&Self, &World<'_>, &mut dyn Entropy, &mut Supplies) -> Result<T, Need>
        + Send
        + 'static,
    ) -> Result<T, String> {
        let mut supplies = Supplies::default();
        for _ in 0..NEEDS_MAX {
            let server = Arc::clone(self);
            let attempt = spawn_blocking(move || {
                let mut again = |world: &World<'_>, entropy: &mut dyn Entropy, supplies: &mut Supplies| {
                    run(&server, world, entropy, supplies)
                };
                let attempted = server.attempt(&mut again, &mut supplies);
                (attempted, run, supplies)
            });
            let attempted;
            (attempted, run, supplies) = attempt.await.map_err(|panic| panic.to_string())?;
            let need = match attempted? {
                Ok(result) => return Ok(result),
                Err(need) => need,
            };
            let server = Arc::clone(self);
            supplies = self
                .slowly(move || server.meet(need, &mut supplies).map(|()| supplies))
                .await
                .map_err(|refusal| refusal.message)??;
        }
        Err(TOO_MUCH.to_owned())
    }

    /// Does what takes long when its turn comes.
    pub(super) async fn slowly<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let failed = |error: &dyn std::fmt::Display| Refusal::new(Cause::Internal, error.to_string());
        let _turn = self.turns.acquire().await.map_err(|error| failed(&error))?;
        spawn_blocking(work).await.map_err(|panic| failed(&panic))
    }

    /// Runs the engine until it needs nothing more. Blocks for as long as what it needs takes.
    pub(super) fn until_met<T>(
        &self,
        mut run: impl FnMut(&World<'_>, &mut dyn Entropy, &mut Supplies) -> Result<T, Need>,
    ) -> Result<T, String> {
        let mut supplies = Supplies::default();
        for _ in 0..NEEDS_MAX {
            match self.attempt(&mut run, &mut supplies)? {
                Ok(result) => return Ok(result),
                Err(need) => self.meet(need, &mut supplies)?,
            }
        }
        Err(TOO_MUCH.to_owned())
    }

    /// Runs the engine until it needs nothing more, or something that takes long. Blocks for as long as the HSM takes.
    fn attempt<T>(
        &self,
        run: &mut impl FnMut(&World<'_>, &mut dyn Entropy, &mut Supplies) -> Result<T, Need>,
        supplies: &mut Supplies,
    ) -> Result<Result<T, Need>, String> {
        let mut ring = self.hierarchy.ring();
        for _ in 0..NEEDS_MAX {
            let snapshot = StoreView(self.database.snapshot().map_err(|error| error.to_string())?);
            let (settings, clients) = (&self.settings, self.gate.as_ref());
            let world = World { view: &snapshot, vault: &ring, now: now(), settings, clients };
            let ran = run(&world, &mut Source(&self.seeds), supplies);
            // A snapshot may hold writers back, and what is needed may take long.
            drop(snapshot);
            match ran {
                Ok(result) => return Ok(Ok(result)),
                Err(Need::Kek(id)) => ring.add(self.hierarchy.load(id).map_err(|error| error.to_string())?),
                Err(Need::Failed(why)) => return Err(why),
                Err(need) => return Ok(Err(need)),
            }
        }
        Err(TOO_MUCH.to_owned())
    }

    /// Meets what takes long. Blocks.
    fn meet(&self, need: Need, supplies: &mut Supplies) -> Result<(), String> {
        match need {
            Need::KeyPair(kind) => supplies.add(keygen::make(kind)?),
            Need::Stretched(stretch) => {
                let key = stretch.run().map_err(|error| error.to_string())?;
                supplies.add_stretched(stretch, key);
            }
            Need::Credential(wanted) => {
                let credential = self.registrar.credential(&self.gate, &wanted);
                supplies.add_credential(wanted, credential);
            }
            Need::Kek(id) => return Err(format!("the key-encryption key {id} is met with each run")),
            Need::Failed(why) => return Err(why),
        }
        Ok(())
    }
}
