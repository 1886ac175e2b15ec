//! The server behind its sockets: one message in, one answer out.
//!
//! decode -> who sends it (authenticator) -> [executor](crate::executor): the engine, then the commit -> answer. The answer to a
//! change leaves only after the commit is durable, and that to a read only after its audit entries are with the
//! operating system.

mod explain;
mod refusals;

use crate::admission::{Admission, Bytes, Client, MemoryBudget, Permit, Reservation, Stage};
use crate::engine::administration;
use crate::engine::batch::{self, Foreseen, Outcome};
use crate::engine::fulfilled::Fulfilled;
use crate::engine::item_outcome::ItemOutcome;
use crate::engine::need::Need;
use crate::engine::refusal::{Cause, Refusal};
use crate::engine::rights::persona::{Credentials, LaterFields, Nuls, Persona};
use crate::engine::rights::principal::Principal;
use crate::engine::world::{Entropy, World};
use crate::executor::{Effects, Executor, entries, now};
use crate::explain::{Exchange, classify};
use crate::listen::TurnedAway;
use crate::session::{Answer, CROWDED, Peer, Received, Service};
use kmip_codec::Version;
use kmip_codec::enums::{EndpointRole, ItemType, ResultStatus};
use kmip_codec::limits::{ITEM_HEADER_BYTES, ITEMS_MAX};
use kmip_codec::message::{RefusedMessage, RequestMessage, ResponseMessage};
use kmip_codec::operations::{Operation, Response};
use kmip_codec::wire::{Encoding, Reading};
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
    /// What is plain of it: whether it is to be answered on the thread of its connection.
    foreseen: Foreseen,
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
        let is_small = is_small(&received);
        // Asked once for each message: a reload holds for live connections, in how they are read too.
        let holder = self.executor.authenticator().current(&peer.presented);
        let persona = &holder.as_ref().unwrap_or(&peer.principal).persona;
        let admission = self.executor.admission();
        let (decoded, _held) = match decode(admission, peer.presented.client(), persona, received).await {
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
        let mut foreseen = Foreseen::of(&message);
        foreseen.is_quick &= is_small;
        self.exchange(Asked { request, peer, message, encoding, foreseen }, holder).await
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
        let thread = executor.thread_for(asked.foreseen.is_quick);
        let fulfilled = Fulfilled::on(thread).foreseeing(asked.foreseen);
        match executor.run_from(fulfilled, client, decide).await {
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

    /// What is to be kept of an exchange; mostly nothing.
    fn told(
        &self,
        request: u64,
        peer: &Peer,
        message: &RequestMessage,
        outcome: &Outcome,
        world: Option<&World<'_>>,
    ) -> Option<Box<Exchange>> {
        let classified = classify(&peer.principal, message, outcome)?;
        self.kept(request, peer, (message, outcome), classified, world)
    }

    /// An answer that is ready to leave, with the room that it takes until it is written.
    fn leave(&self, reply: Reply, room: Option<Reservation>) -> Answer {
        if let Some(exchange) = reply.told {
            self.keep(*exchange);
        }
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
    let turn = role_reversal(&asked.message, &response);
    let bytes = answer.capacity();
    Effects { changes, entries, notifications, result: Reply { answer, turn, notes, told }, bytes }
}

/// The outcome and its answer as it is written, unless that is longer than the client wants: then that is refused. Maximum
/// Response Size counts the bytes of TTLV in every encoding (the profiles' JSON and XML cases ask for sizes that fit TTLV
/// alone). The number of the request, under which log and audit have it, stands in the answer.
fn encoded(
    request: u64,
    (message, encoding): (&RequestMessage, Encoding),
    mut outcome: Outcome,
) -> (Outcome, Zeroizing<Vec<u8>>) {
    stamp_request_id(&mut outcome.response, request, message);
    let answer: Zeroizing<Vec<u8>> = outcome.response.encode(encoding).into();
    let maximum = message.header.maximum_response_size.and_then(|size| usize::try_from(size).ok());
    let Some(maximum) = maximum else { return (outcome, answer) };
    let length = if encoding == Encoding::Ttlv { answer.len() } else { outcome.response.length() };
    if length <= maximum {
        return (outcome, answer);
    }
    let text =
        format!("the answer has {length} bytes, and the Maximum Response Size of the request is {maximum}");
    let mut outcome = outcome.refuse(now().seconds(), message, &Refusal::new(Cause::TooLarge, text));
    stamp_request_id(&mut outcome.response, request, message);
    let answer = outcome.response.encode(encoding).into();
    (outcome, answer)
}

/// Numbers the answer to a message: in what people read of items that failed, and in the header for clients that number
/// their requests themselves. Others need not know the field, and PyKMIP's client stops at it.
fn stamp_request_id(answer: &mut ResponseMessage, request: u64, message: &RequestMessage) {
    if message.header.client_correlation_value.is_some() {
        answer.header.server_correlation_value = Some(request.to_string());
    }
    stamp_failures(answer, request);
}

/// Numbers what people read of items that failed.
fn stamp_failures(answer: &mut ResponseMessage, request: u64) {
    for item in answer.items.iter_mut().filter(|item| item.result_status == ResultStatus::OperationFailed) {
        if let Some(message) = &mut item.result_message {
            message.push_str(&format!(" (request {request})"));
        }
    }
}

/// Whether an exchange turns its connection around: its last item does.
fn role_reversal(message: &RequestMessage, response: &ResponseMessage) -> Option<Version> {
    let asked = message.items.last()?.request.operation() == Operation::SetEndpointRole;
    match &response.items.last()?.response {
        Some(Response::SetEndpointRole(answer)) if asked && answer.endpoint_role == EndpointRole::Client => {
            Some(response.version())
        }
        _ => None,
    }
}

/// Messages beyond this are neither counted through nor decoded on the threads that all connections share.
const SMALL_BYTES: usize = 32 * 1024;

/// What an item of a message becomes in memory at most, beside its bytes: a small batch item is the largest, and lists grow by
/// doubling.
const ITEM_BYTES_MAX: Bytes = 1280;

/// How much memory it takes to decode a message and to carry it out: a copy of its bytes, and what its items become.
pub fn expansion(encoding: Encoding, bytes: &[u8]) -> Bytes {
    let items = match encoding {
        Encoding::Ttlv => items_of(bytes),
        Encoding::Json => bytes.iter().filter(|byte| **byte == b'{').count(),
        Encoding::Xml => bytes.iter().filter(|byte| **byte == b'<').count(),
    };
    bytes.len() + items.min(ITEMS_MAX) * ITEM_BYTES_MAX
}

/// How many items a message of TTLV has; of one that is malformed, about as many as are read before that is noticed.
fn items_of(bytes: &[u8]) -> usize {
    let (mut rest, mut items) = (bytes, 0);
    while let Some((header, content)) = rest.split_first_chunk::<ITEM_HEADER_BYTES>() {
        let [_, _, _, kind, length @ ..] = *header;
        let skipped = match u32::from(kind) == ItemType::Structure.0 {
            true => 0,
            false => usize::try_from(u32::from_be_bytes(length))
                .unwrap_or(usize::MAX)
                .checked_next_multiple_of(8)
                .unwrap_or(usize::MAX),
        };
        items += 1;
        rest = content.get(skipped..).unwrap_or_default();
    }
    items
}

/// Whether a message is decoded on the thread of its connection.
fn is_small(received: &Received) -> bool {
    received.room.bytes() <= SMALL_BYTES
}

/// A message that was read or refused, and what it takes while it is carried out.
type Read = (Result<RequestMessage, RefusedMessage>, Held);

/// What a message takes while it is carried out.
struct Held {
    _alone: Option<Permit>,
    _room: Reservation,
}

/// Reads a message, with what the persona of the client lets pass.
async fn decode(
    admission: &Admission,
    client: &Client,
    persona: &Persona,
    received: Received,
) -> Result<Read, String> {
    let reading = Reading {
        items_alone: true,
        known_bits: true,
        with_values: true,
        later_fields: persona.later_fields == LaterFields::Take,
        strips_nuls: persona.trailing_nuls == Nuls::Strip,
    };
    let is_small = is_small(&received);
    let Received { encoding, bytes, mut room } = received;
    let arrived = room.bytes();
    let count = move || (expansion(encoding, &bytes), bytes);
    let (expansion, bytes) = match is_small {
        true => count(),
        false => admission.run(client, count).await?,
    };
    let alone = admission.alone_where_large(client, expansion).await;
    admission.memory().grow(&mut room, Stage::Working, expansion).await;
    let decode = move || RequestMessage::receive(encoding, &bytes, reading);
    let decoded = match is_small {
        true => decode(),
        false => admission.run(client, decode).await?,
    };
    // The bytes are gone.
    room.shrink_to(room.bytes() - arrived);
    Ok((decoded, Held { _alone: alone, _room: room }))
}
