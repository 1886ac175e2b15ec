//! The server behind its sockets: one message in, one answer out.
//!
//! decode -> who sends it (authenticator) -> [executor](crate::executor): the engine, then the commit -> answer. The answer to a
//! change leaves only after the commit is durable, and that to a read only after its audit entries are with the
//! operating system.

mod answers;
mod explain;
mod reading;

pub use reading::expansion;

use answers::{encoded, refuse_message, unreadable};

use crate::admission::{MemoryBudget, Reservation};
use crate::engine::administration;
use crate::engine::batch::{self, Outcome, is_quick};
use crate::engine::fulfilled::Fulfilled;
use crate::engine::item_outcome::ItemOutcome;
use crate::engine::need::Need;
use crate::engine::refusal::{Cause, Refusal};
use crate::engine::rights::persona::Credentials;
use crate::engine::rights::principal::Principal;
use crate::engine::world::{Entropy, World};
use crate::executor::{self, Effects, Executor, entries};
use crate::explain::Exchange;
use crate::listen::TurnedAway;
use crate::session::{Answer, CROWDED, Peer, Received, Service};
use kmip_codec::Version;
use kmip_codec::enums::ResultStatus;
use kmip_codec::message::{RefusedMessage, RequestMessage};
use kmip_codec::operations::Operation;
use kmip_codec::wire::Encoding;
use std::net::SocketAddr;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The server: what turns messages into work for the executor, and what that comes to into answers.
pub struct Server {
    executor: Arc<Executor>,
}

/// A message that is to be answered.
#[derive(Clone)]
struct Asked {
    /// Its number.
    request: u64,
    peer: Arc<Peer>,
    message: Arc<RequestMessage>,
    /// How the answer is written.
    encoding: Encoding,
    /// Whether it is to be answered on the thread of its connection.
    is_quick: bool,
}

/// What a message comes to beside its effects.
struct Reply {
    answer: Zeroizing<Vec<u8>>,
    /// The version in which the server asks from now on, where the ends of the connection change their roles.
    turn: Option<Version>,
    /// What clients want in the log.
    notes: Vec<String>,
    /// What is to be kept of it where it failed or is odd.
    told: Option<Box<Exchange>>,
}

impl Server {
    /// A server.
    pub fn new(executor: Arc<Executor>) -> Self {
        Self { executor }
    }

    /// What runs the engine for it.
    pub fn executor(&self) -> &Arc<Executor> {
        &self.executor
    }

    async fn serve(self: Arc<Self>, peer: Arc<Peer>, received: Received) -> Answer {
        let request = self.executor.next_request();
        let encoding = received.encoding;
        let is_small = reading::is_small(&received);
        // Asked once for each message: a reload holds for live connections, in how they are read too.
        let holder = self.executor.authenticator().current(&peer.presented);
        let persona = &holder.as_ref().unwrap_or(&peer.principal).persona;
        let admission = self.executor.admission();
        let (decoded, _held) =
            match reading::decode(admission, peer.presented.client(), persona, received).await {
                Ok(decoded) => decoded,
                Err(why) => return self.cannot_read(request, &peer, encoding, why),
            };
        let message = match decoded {
            Ok(message) => Arc::new(message),
            Err(refused) => {
                let error = &refused.why;
                tracing::info!(request, peer = %peer.address, %encoding, %error, "refused a message");
                return self.refuse_message(request, &peer, encoding, &refused);
            }
        };
        tracing::debug!(request, peer = %peer.address, principal = %peer.principal.name, "{}", message.to_log());
        let is_quick = is_small && is_quick(&message);
        self.exchange(Asked { request, peer, message, encoding, is_quick }, holder).await
    }

    /// One typed message in, one answer out. The holder is whom the certificate of the connection names now.
    async fn exchange(self: Arc<Self>, mut asked: Asked, holder: Result<Arc<Principal>, Refusal>) -> Answer {
        asked.peer = match self.identify(&asked.peer, holder, &asked.message).await {
            Ok(peer) => peer,
            Err(refusal) => return self.turn_away(asked, refusal).await,
        };
        let (server, work) = (Arc::clone(&self), asked.clone());
        let decide = move |world: &World<'_>, entropy: &mut dyn Entropy, fulfilled: &mut Fulfilled| {
            server.decide(&work, world, entropy, fulfilled)
        };
        let (client, executor) = (asked.peer.presented.client(), &self.executor);
        match executor.run_on(executor.thread_for(asked.is_quick), client, decide).await {
            Ok(done) => {
                entries::tell(asked.request, &asked.peer, &done.result.notes);
                self.leave(done.result, Some(done.room))
            }
            Err(error) => self.fail(&asked, &error).await,
        }
    }

    /// What a message comes to on this world: its effects and its answer.
    fn decide(
        &self,
        asked: &Asked,
        world: &World<'_>,
        entropy: &mut dyn Entropy,
        fulfilled: &mut Fulfilled,
    ) -> Result<Effects<Reply>, Need> {
        let Asked { request, peer, message, encoding, .. } = asked;
        let world = &World { can_reverse_roles: peer.can_reverse_roles, ..*world };
        let outcome = batch::run(world, &peer.principal, message, entropy, fulfilled)
            .map_err(|need| entries::start(*request, peer, (message, world.view), need))?;
        tracing::debug!(request, asked_microseconds = outcome.asked, "ran a message");
        let (outcome, answer) = encoded(*request, (message, *encoding), outcome);
        let told = self.told(*request, peer, message, &outcome, Some(world));
        Ok(effects(asked, (outcome, answer), told))
    }

    /// An answer that is ready to leave, with the room that it takes until it is written.
    fn leave(&self, reply: Reply, room: Option<Reservation>) -> Answer {
        self.remember(reply.told);
        Answer { bytes: reply.answer, unreadable: None, role_reversal: reply.turn, room }
    }

    /// Who sends this message: whom the certificate names, or whom a credential tells where the persona wants that.
    async fn identify(
        self: &Arc<Self>,
        peer: &Arc<Peer>,
        holder: Result<Arc<Principal>, Refusal>,
        message: &Arc<RequestMessage>,
    ) -> Result<Arc<Peer>, Refusal> {
        let holder = holder?;
        if holder.persona.credentials == Credentials::Ignore && holder.pending_attestation.is_none() {
            return Ok(match Arc::ptr_eq(&holder, &peer.principal) {
                true => Arc::clone(peer),
                false => Arc::new(Peer { principal: holder, ..Peer::clone(peer) }),
            });
        }
        let sender = match self.executor.authenticator().recognise(&holder, message) {
            Some(sender) => sender,
            None => {
                let (authenticator, batch) = (Arc::clone(self.executor.authenticator()), Arc::clone(message));
                let client = peer.presented.client();
                let identified =
                    self.executor.run_slow(client, move || authenticator.identify(&holder, &batch)).await;
                identified.map_err(|error| Refusal::new(Cause::Internal, error.to_string()))??
            }
        };
        Ok(Arc::new(Peer { principal: sender, can_reverse_roles: false, ..Peer::clone(peer) }))
    }

    /// Refuses a whole message, which the audit has all the same.
    async fn turn_away(self: &Arc<Self>, asked: Asked, refusal: Refusal) -> Answer {
        let (peer, cause, why) = (&asked.peer, refusal.cause, &refusal.message);
        let (request, client) = (asked.request, &peer.principal.name);
        tracing::info!(request, peer = %peer.address, %client, ?cause, %why, "turned a message away");
        let (server, work) = (Arc::clone(self), asked.clone());
        let refused = self.executor.run(asked.peer.presented.client(), move |_, _, _| {
            let Asked { request, peer, message, encoding, .. } = &work;
            let (outcome, answer) =
                encoded(*request, (message, *encoding), refuse_message(message, &refusal));
            let told = server.told(*request, peer, message, &outcome, None);
            Ok(effects(&work, (outcome, answer), told))
        });
        match refused.await {
            Ok(done) => self.leave(done.result, Some(done.room)),
            Err(error) => self.fail(&asked, &error).await,
        }
    }

    /// Something failed that is not the client's fault, or was given up: the log says what, the client that it was the server,
    /// and the audit, if that can be written, what the client was told. What the store does not take in passing is not
    /// entered: clients that ask again and again would use up the room that is reserved for reads.
    async fn fail(&self, asked: &Asked, why: &executor::Error) -> Answer {
        let Asked { request, peer, message, .. } = asked;
        tracing::error!(request, principal = %peer.principal.name, %why, "a request failed inside the server");
        let mut outcome = refuse_message(message, &Refusal::new(why.cause(), why.told()));
        answers::stamp_request_id(&mut outcome.response, *request, message);
        let told = self.told(*request, peer, message, &outcome, None);
        let answer = outcome.response.encode(asked.encoding).into();
        let Effects { changes, entries, result, .. } = effects(asked, (outcome, answer), told);
        if !why.is_passing()
            && let Err(error) = self.executor.commit(changes, entries).await
        {
            tracing::error!(request, %error, "the audit does not have that failure");
        }
        self.leave(result, None)
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
        answers::stamp_failures(&mut answer, request);
        let bytes = answer.encode(encoding).into();
        Answer { bytes, unreadable: Some(refused.why.error), role_reversal: None, room: None }
    }

    /// The answer to a message that is not read, because the server cannot.
    fn cannot_read(&self, request: u64, peer: &Peer, encoding: Encoding, why: String) -> Answer {
        tracing::error!(request, principal = %peer.principal.name, why, "a message could not be read");
        let refusal = Refusal::new(Cause::Internal, crate::store::Error::UNTOLD);
        self.refuse_unread(request, peer, encoding, (None, &refusal))
    }

    /// Refuses a message that was not read, in the version that its header names, where that is known.
    fn refuse_unread(
        &self,
        request: u64,
        peer: &Peer,
        encoding: Encoding,
        (version, refusal): (Option<Version>, &Refusal),
    ) -> Answer {
        let mut answer = answers::unread(version, refusal);
        self.remember_unread(request, peer, refusal.cause, &answer);
        answers::stamp_failures(&mut answer, request);
        Answer { bytes: answer.encode(encoding).into(), unreadable: None, role_reversal: None, room: None }
    }
}

impl Service for Arc<Server> {
    fn answer(&self, peer: Arc<Peer>, received: Received) -> impl Future<Output = Answer> + Send {
        Arc::clone(self).serve(peer, received)
    }

    fn refuse(&self, peer: &Peer, encoding: Encoding, error: kmip_codec::Error) -> Answer {
        let refused = RefusedMessage { why: Box::new(error.into()), version: None };
        self.refuse_message(self.executor.next_request(), peer, encoding, &refused)
    }

    fn crowded(&self, peer: &Peer, encoding: Encoding, begun: &[u8]) -> Answer {
        let request = self.executor.next_request();
        tracing::warn!(request, principal = %peer.principal.name, peer = %peer.address, "refused a message: {CROWDED}");
        let version = RequestMessage::version_in(encoding, begun);
        self.refuse_unread(request, peer, encoding, (version, &Refusal::new(Cause::Limit, CROWDED)))
    }

    fn memory(&self) -> &MemoryBudget {
        self.executor.admission().memory()
    }

    fn turned_away(&self, address: SocketAddr, why: TurnedAway) {
        self.remember_stranger(address, why);
    }
}

/// What an outcome changes, with its audit entries, and what is answered then.
fn effects(
    asked: &Asked,
    (outcome, answer): (Outcome, Zeroizing<Vec<u8>>),
    told: Option<Box<Exchange>>,
) -> Effects<Reply> {
    let entries = entries::of(asked.request, &asked.peer, &asked.message, &outcome);
    // Which function of PKCS#11 was called, and what administrators ask, stands in the audit alone.
    const UNTOLD: &[Operation] = &[Operation::PKCS_11, administration::OPERATION];
    let is_told = |item_outcome: &&ItemOutcome| {
        item_outcome.status == ResultStatus::Success
            && !item_outcome.note.is_empty()
            && !UNTOLD.contains(&item_outcome.operation)
    };
    let notes = outcome.item_outcomes.iter().filter(is_told).map(|item| item.note.clone()).collect();
    let Outcome { response, changes, notifications, .. } = outcome;
    let turn = answers::role_reversal(&asked.message, &response);
    let bytes = answer.capacity();
    Effects { changes, entries, notifications, result: Reply { answer, turn, notes, told }, bytes }
}
