//! The server behind its sockets: one message in, one answer out.
//!
//! decode -> who sends it (gate) -> [executor](crate::executor): the engine, then the commit -> answer. The answer to a
//! change leaves only after the commit is durable, and that to a read only after its audit entries are with the
//! operating system.

mod answers;
mod entries;
mod explain;
mod later;
mod push;
mod rotate;
mod turns;

pub use later::work;

use answers::{fitting, unreadable, whole};

use crate::engine::administration;
use crate::engine::batch::{self, Deed, Outcome};
use crate::engine::need::Need;
use crate::engine::refusal::{Cause, Refusal};
use crate::engine::rights::persona::{Credentials, LaterFields, Nuls, Persona};
use crate::engine::rights::policy::Principal;
use crate::engine::supplies::Supplies;
use crate::engine::world::{Entropy, World};
use crate::executor::{self, Effects, Executor};
use crate::explain::Exchange;
use crate::listen::TurnedAway;
use crate::session::{Answer, Peer, Received, Service, Turned};
use kmip_codec::Error as CodecError;
use kmip_codec::enums::ResultStatus;
use kmip_codec::message::{RefusedMessage, RequestMessage, ResponseMessage};
use kmip_codec::operations::Operation;
use kmip_codec::wire::{Encoding, Reading};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// The server: what turns messages into work for the executor, and what that comes to into answers.
pub struct Server {
    executor: Arc<Executor>,
    requests: AtomicU64,
    /// How long an asynchronous request waits at least, so that it can be cancelled.
    delay: Duration,
}

/// What a message comes to beside its effects.
struct Reply {
    response: ResponseMessage,
    /// What clients want in the log.
    notes: Vec<String>,
    /// What is to be kept of it where it failed or is odd.
    told: Option<Box<Exchange>>,
}

impl Server {
    /// A server.
    pub fn new(executor: Arc<Executor>, delay: Duration) -> Self {
        Self { requests: AtomicU64::new(executor.started()), executor, delay }
    }

    async fn serve(self: Arc<Self>, peer: Arc<Peer>, received: Received) -> Answer {
        let request = self.next_request();
        let encoding = received.encoding;
        // Asked once for each message: a reload holds for live connections, in how they are read too.
        let holder = self.executor.gate().current(&peer.presented);
        let persona = &holder.as_ref().unwrap_or(&peer.principal).persona;
        let message = match decode(persona, encoding, &received.bytes) {
            Ok(message) => Arc::new(message),
            Err(refused) => {
                let error = &refused.why;
                tracing::info!(request, peer = %peer.address, %encoding, %error, "refused a message");
                return self.refuse_message(request, &peer, encoding, &refused);
            }
        };
        drop(received);
        tracing::debug!(request, peer = %peer.address, principal = %peer.principal.name, "{}", message.to_log());
        let response = self.exchange(request, (peer, holder), Arc::clone(&message)).await;
        let turn = push::turned(&message, &response);
        Answer { bytes: response.encode(encoding).into(), unreadable: None, turn }
    }

    /// The number of a request: what log, audit and messages call it by.
    fn next_request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed)
    }

    /// One typed message in, one out. The holder is whom the certificate of the connection names now.
    async fn exchange(
        self: Arc<Self>,
        request: u64,
        (peer, holder): (Arc<Peer>, Result<Arc<Principal>, Refusal>),
        message: Arc<RequestMessage>,
    ) -> ResponseMessage {
        let peer = match self.identify(&peer, holder, &message).await {
            Ok(peer) => peer,
            Err(refusal) => return self.turn_away(request, &peer, &message, refusal).await,
        };
        let (server, sender, batch) = (Arc::clone(&self), Arc::clone(&peer), Arc::clone(&message));
        let ran = self.executor.run(move |world, entropy, supplies| {
            server.decide(request, (&sender, &batch), world, entropy, supplies)
        });
        match ran.await {
            Ok(reply) => {
                entries::tell(request, &peer, &reply.notes);
                self.remember(reply.told);
                reply.response
            }
            Err(error) => self.fail(request, &peer, &message, &error).await,
        }
    }

    /// What a message comes to on this world: its effects and its answer.
    fn decide(
        &self,
        request: u64,
        (peer, message): (&Peer, &RequestMessage),
        world: &World<'_>,
        entropy: &mut dyn Entropy,
        supplies: &mut Supplies,
    ) -> Result<Effects<Reply>, Need> {
        let outcome = match push::cannot_turn(peer, message) {
            Some(refusal) => whole(message, &refusal),
            None => batch::run(world, &peer.principal, message, entropy, supplies)
                .map_err(|need| entries::start(request, peer, message, need))?,
        };
        let objects = self.witness(world, peer, message, &outcome);
        let outcome = fitting(request, message, outcome);
        let told = self.told(request, peer, message, &outcome, objects);
        Ok(effects((request, peer, message), outcome, told))
    }

    /// Who sends this message: whom the certificate names, or whom a credential tells where the persona wants that.
    async fn identify(
        self: &Arc<Self>,
        peer: &Arc<Peer>,
        holder: Result<Arc<Principal>, Refusal>,
        message: &Arc<RequestMessage>,
    ) -> Result<Arc<Peer>, Refusal> {
        let holder = holder?;
        if holder.persona.credentials == Credentials::Ignore && holder.unproven.is_none() {
            return Ok(match Arc::ptr_eq(&holder, &peer.principal) {
                true => Arc::clone(peer),
                false => Arc::new(Peer { principal: holder, ..Peer::clone(peer) }),
            });
        }
        let sender = match self.executor.gate().recognise(&holder, message) {
            Some(sender) => sender,
            None => {
                let (gate, batch) = (Arc::clone(self.executor.gate()), Arc::clone(message));
                let identified = self.executor.run_slow(move || gate.identify(&holder, &batch)).await;
                identified.map_err(|error| Refusal::new(Cause::Internal, error.to_string()))??
            }
        };
        Ok(Arc::new(Peer { principal: sender, turnable: false, ..Peer::clone(peer) }))
    }

    /// Refuses a whole message, which the audit has all the same.
    async fn turn_away(
        self: &Arc<Self>,
        request: u64,
        peer: &Arc<Peer>,
        message: &Arc<RequestMessage>,
        refusal: Refusal,
    ) -> ResponseMessage {
        let (client, cause, why) = (&peer.principal.name, refusal.cause, &refusal.message);
        tracing::info!(request, peer = %peer.address, %client, ?cause, %why, "turned a message away");
        let (server, sender, batch) = (Arc::clone(self), Arc::clone(peer), Arc::clone(message));
        let refused = self.executor.run(move |_, _, _| {
            let outcome = fitting(request, &batch, whole(&batch, &refusal));
            let told = server.told(request, &sender, &batch, &outcome, Vec::new());
            Ok(effects((request, &sender, &batch), outcome, told))
        });
        match refused.await {
            Ok(reply) => {
                self.remember(reply.told);
                reply.response
            }
            Err(error) => self.fail(request, peer, message, &error).await,
        }
    }

    /// Something failed that is not the client's fault: the log says what, the client that it was the server, and the
    /// audit, if that can be written, what the client was told. What the store does not take in passing is not entered:
    /// clients that ask again and again would use up the room that is reserved for reads.
    async fn fail(
        &self,
        request: u64,
        peer: &Peer,
        message: &RequestMessage,
        why: &executor::Error,
    ) -> ResponseMessage {
        tracing::error!(request, %why, "a request failed inside the server");
        let mut outcome = whole(message, &Refusal::new(Cause::Internal, why.told()));
        answers::number(&mut outcome.response, request, message);
        let told = self.told(request, peer, message, &outcome, Vec::new());
        let Effects { changes, entries, result, .. } = effects((request, peer, message), outcome, told);
        if !why.is_passing()
            && let Err(error) = self.executor.commit(changes, entries).await
        {
            tracing::error!(request, %error, "the audit does not have that failure");
        }
        self.remember(result.told);
        result.response
    }

    /// The answer to a message that could not be read.
    fn refuse_message(
        &self,
        request: u64,
        peer: &Peer,
        encoding: Encoding,
        refused: &RefusedMessage,
    ) -> Answer {
        let mut answer = unreadable(refused);
        self.remember_unreadable(request, peer, refused, &answer);
        answers::number_failures(&mut answer, request);
        Answer { bytes: answer.encode(encoding).into(), unreadable: Some(refused.why.error), turn: None }
    }
}

impl Service for Arc<Server> {
    fn answer(&self, peer: Arc<Peer>, received: Received) -> impl Future<Output = Answer> + Send {
        Arc::clone(self).serve(peer, received)
    }

    fn refuse(&self, peer: &Peer, encoding: Encoding, error: CodecError) -> Answer {
        let refused = RefusedMessage { why: Box::new(error.into()), version: None };
        self.refuse_message(self.next_request(), peer, encoding, &refused)
    }

    fn turned_away(&self, address: SocketAddr, why: TurnedAway) {
        self.remember_stranger(address, why);
    }

    fn take_over<S: AsyncRead + AsyncWrite + Unpin + Send>(
        &self,
        turned: Turned<S>,
    ) -> impl Future<Output = io::Result<()>> + Send {
        push::take_over(Arc::clone(self), turned)
    }
}

/// What an outcome changes, with its audit entries, and what is answered then.
fn effects(
    (request, peer, message): (u64, &Peer, &RequestMessage),
    outcome: Outcome,
    told: Option<Box<Exchange>>,
) -> Effects<Reply> {
    let entries = entries::of(request, peer, message, &outcome);
    // Which function of PKCS#11 was called, and what administrators ask, stands in the audit alone.
    const UNTOLD: &[Operation] = &[Operation::PKCS_11, administration::OPERATION];
    let is_told = |deed: &&Deed| deed.status == ResultStatus::Success && !UNTOLD.contains(&deed.operation);
    let notes = outcome.deeds.iter().filter(is_told).map(|deed| deed.note.clone()).collect();
    let Outcome { response, changes, notices, .. } = outcome;
    Effects { changes, entries, notices, result: Reply { response, notes, told } }
}

/// Reads a message, with what the persona of the client lets pass.
fn decode(persona: &Persona, encoding: Encoding, bytes: &[u8]) -> Result<RequestMessage, RefusedMessage> {
    let reading = Reading {
        items_alone: true,
        later_fields: persona.later_fields == LaterFields::Take,
        strips_nuls: persona.trailing_nuls == Nuls::Strip,
    };
    RequestMessage::receive(encoding, bytes, reading)
}
