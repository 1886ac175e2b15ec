//! The server behind its sockets: one message in, one answer out.
//!
//! decode -> engine (again and again until it needs nothing) -> commit or journal -> answer. The engine runs on a
//! thread that may block; what it needs from the HSM is fetched there too. The answer to a change leaves only after
//! the commit is durable, and that to a read only after its audit entries are with the operating system.

mod admin;
mod answers;
mod entries;
mod explain;
mod later;
mod needs;
mod outside;
mod push;
mod registrar;
mod rotate;

pub use later::work;
pub use registrar::{Registrar, Signer};

use answers::{fitting, unreadable, whole};

use crate::audit::Entry;
use crate::crypto::drbg::Seeds;
use crate::endpoints::Endpoints;
use crate::engine::asynchronous;
use crate::engine::batch::{Deed, Outcome};
use crate::engine::draft::Changes;
use crate::engine::refusal::{Cause, Refusal};
use crate::engine::rights::persona::{Credentials, Nuls};
use crate::engine::world::Settings;
use crate::explain::{Exchange, Memory};
use crate::gate::Gate;
use crate::session::{Answer, Peer, Received, Service, Turned};
use crate::store::{self, Database, Submission, Transaction};
use crate::vault::Hierarchy;
use kmip_codec::Error as CodecError;
use kmip_codec::message::{RequestMessage, ResponseMessage};
use kmip_codec::operations::Operation;
use kmip_codec::wire::Encoding;
use outside::{StoreView, now};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, Semaphore};

/// How often a batch is run again because another was faster, before it is refused.
const CONFLICTS_MAX: usize = 32;

/// The server: store, keys, settings.
pub struct Server {
    database: Arc<Database>,
    hierarchy: Arc<Hierarchy>,
    /// Who is who.
    gate: Arc<Gate>,
    settings: Settings,
    /// What clients have sent for the generator.
    seeds: Seeds,
    /// Whether the audit entries of reads wait for the disk's sync.
    durable_reads: bool,
    requests: AtomicU64,
    started: u64,
    /// How long an asynchronous request waits at least, so that it can be cancelled.
    delay: Duration,
    /// Wakes the worker of asynchronous requests.
    wake: Notify,
    /// What signs and judges the certificates of clients.
    registrar: Registrar,
    /// What takes long takes turns.
    turns: Semaphore,
    /// What `keystead explain` tells of.
    memory: Memory,
    /// What waits for the clients that are told without asking.
    endpoints: Endpoints,
}

/// What a batch came to, and what is to be kept of it where it failed or is odd.
type Ran = (Outcome, Option<Box<Exchange>>);

impl Server {
    /// A server on an open store.
    pub fn new(
        database: Arc<Database>,
        hierarchy: Arc<Hierarchy>,
        gate: Arc<Gate>,
        settings: Settings,
        durable_reads: bool,
        delay: Duration,
        registrar: Registrar,
    ) -> Self {
        let started = now().milliseconds();
        let requests = AtomicU64::new(started);
        let (seeds, wake) = (Seeds::default(), Notify::new());
        Self {
            database,
            hierarchy,
            gate,
            settings,
            seeds,
            durable_reads,
            requests,
            started,
            delay,
            wake,
            registrar,
            turns: needs::turns(),
            memory: Memory::off(),
            endpoints: Endpoints::default(),
        }
    }

    /// The same server, with clients that are told without asking.
    pub fn telling(self, endpoints: Endpoints) -> Self {
        Self { endpoints, ..self }
    }

    async fn serve(self: Arc<Self>, peer: Arc<Peer>, received: Received) -> Answer {
        let request = self.next_request();
        let encoding = received.encoding;
        let message = match decode(&peer, encoding, &received.bytes) {
            Ok(message) => Arc::new(message),
            Err(error) => {
                tracing::info!(request, peer = %peer.address, %encoding, %error, "refused a message");
                return self.refuse_message(request, &peer, encoding, error);
            }
        };
        drop(received);
        tracing::debug!(request, peer = %peer.address, principal = %peer.principal.name, "{}", message.to_log());
        let response = self.exchange(request, peer, Arc::clone(&message)).await;
        let turn = push::turned(&message, &response);
        Answer { bytes: response.encode(encoding).into(), unreadable: None, turn }
    }

    /// The number of a request: what log, audit and messages call it by.
    fn next_request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed)
    }

    /// One typed message in, one out.
    async fn exchange(
        self: Arc<Self>,
        request: u64,
        peer: Arc<Peer>,
        message: Arc<RequestMessage>,
    ) -> ResponseMessage {
        if admin::payload(&message).is_some() {
            return self.serve_admin(request, peer, message).await;
        }
        let peer = match self.identify(&peer, &message).await {
            Ok(peer) => peer,
            Err(refusal) => return self.turn_away(request, &peer, &message, refusal).await,
        };
        for _ in 0..CONFLICTS_MAX {
            let (outcome, told) = match self.run(request, &peer, &message).await {
                Ok(ran) => ran,
                Err(why) => return self.fail(request, &peer, &message, &why),
            };
            let entries = entries::of(request, &peer, &message, &outcome);
            // Which function of PKCS#11 was called stands in the audit alone.
            let is_told = |deed: &&Deed| deed.reason.is_none() && deed.operation != Operation::PKCS_11;
            let done = outcome.deeds.iter().filter(is_told);
            let notes: Vec<String> = done.map(|deed| deed.note.clone()).collect();
            let lets_wait = asynchronous::adds_waiting(&outcome.changes);
            match self.persist(outcome.changes, entries).await {
                Ok(store::Outcome::Committed) => {
                    entries::tell(request, &peer, &notes);
                    self.remember(told);
                    if lets_wait {
                        self.wake.notify_one();
                    }
                    self.endpoints.post(outcome.notices);
                    return outcome.response;
                }
                Ok(store::Outcome::Conflict) => {
                    tracing::debug!(request, "another batch was faster; running again")
                }
                Err(error) => return self.fail(request, &peer, &message, &error.to_string()),
            }
        }
        self.fail(request, &peer, &message, "the batch conflicted with others again and again")
    }

    /// Who sends this message: whom the certificate names, or whom a credential tells where the persona wants that.
    async fn identify(
        self: &Arc<Self>,
        peer: &Arc<Peer>,
        message: &Arc<RequestMessage>,
    ) -> Result<Arc<Peer>, Refusal> {
        if peer.principal.persona.credentials == Credentials::Ignore && peer.principal.unproven.is_none() {
            return Ok(Arc::clone(peer));
        }
        let sender = match self.gate.recognise(&peer.principal, message) {
            Some(sender) => sender,
            None => {
                let (server, holder) = (Arc::clone(self), Arc::clone(&peer.principal));
                let batch = Arc::clone(message);
                self.slowly(move || server.gate.identify(&holder, &batch)).await??
            }
        };
        Ok(Arc::new(Peer { address: peer.address, principal: sender, turnable: false }))
    }

    /// Refuses a whole message, which the audit has all the same.
    async fn turn_away(
        &self,
        request: u64,
        peer: &Peer,
        message: &RequestMessage,
        refusal: Refusal,
    ) -> ResponseMessage {
        let outcome = fitting(request, message, whole(message, &refusal));
        let entries = entries::of(request, peer, message, &outcome);
        let told = self.told(request, peer, message, &outcome, Vec::new());
        match self.persist(outcome.changes, entries).await {
            Ok(_) => {
                self.remember(told);
                outcome.response
            }
            Err(error) => self.fail(request, peer, message, &error.to_string()),
        }
    }

    /// A request of the commands of `keystead`, which may take as long as the HSM does.
    async fn serve_admin(
        self: Arc<Self>,
        request: u64,
        peer: Arc<Peer>,
        message: Arc<RequestMessage>,
    ) -> ResponseMessage {
        let (server, asking, batch) = (Arc::clone(&self), Arc::clone(&peer), Arc::clone(&message));
        let answered = tokio::task::spawn_blocking(move || {
            admin::payload(&batch).map(|payload| server.administer(&asking, &batch, payload))
        });
        match answered.await {
            Ok(Some(response)) => response,
            Ok(None) => self.fail(request, &peer, &message, "this is no request of the commands"),
            Err(panic) => self.fail(request, &peer, &message, &panic.to_string()),
        }
    }

    /// Commits changes together with their audit entries; a batch without changes is entered in the journal.
    async fn persist(&self, changes: Changes, entries: Vec<Entry>) -> Result<store::Outcome, store::Error> {
        if changes.writes.is_empty() && entries.is_empty() {
            return Ok(store::Outcome::Committed);
        }
        if changes.writes.is_empty() && !self.durable_reads {
            return self.database.record(entries).await.map(|()| store::Outcome::Committed);
        }
        let transaction = Transaction { expects: changes.expects, writes: changes.writes };
        self.database.commit(Submission { transaction, entries }).await
    }

    /// Something failed that is not the client's fault: the log says what, the client that it was the server.
    fn fail(&self, request: u64, peer: &Peer, message: &RequestMessage, why: &str) -> ResponseMessage {
        tracing::error!(request, why, "a request failed inside the server");
        let text = "the server failed; its log has the reason";
        let mut outcome = whole(message, &Refusal::new(Cause::Internal, text));
        answers::number(&mut outcome.response, request, message);
        self.remember(self.told(request, peer, message, &outcome, Vec::new()));
        outcome.response
    }

    /// The answer to a message that could not be read.
    fn refuse_message(&self, request: u64, peer: &Peer, encoding: Encoding, error: CodecError) -> Answer {
        let mut answer = unreadable(error);
        self.remember_unreadable(request, peer, error, &answer);
        answers::number_failures(&mut answer, request);
        Answer { bytes: answer.encode(encoding).into(), unreadable: Some(error), turn: None }
    }
}

impl Service for Arc<Server> {
    fn answer(&self, peer: Arc<Peer>, received: Received) -> impl Future<Output = Answer> + Send {
        Arc::clone(self).serve(peer, received)
    }

    fn refuse(&self, peer: &Peer, encoding: Encoding, error: CodecError) -> Answer {
        self.refuse_message(self.next_request(), peer, encoding, error)
    }

    fn turned_away(&self, address: SocketAddr, why: String) {
        self.remember_stranger(address, why);
    }

    fn take_over<S: AsyncRead + AsyncWrite + Unpin + Send>(
        &self,
        turned: Turned<S>,
    ) -> impl Future<Output = io::Result<()>> + Send {
        push::take_over(Arc::clone(self), turned)
    }
}

/// Reads a message; of an old client that ends its texts with NUL bytes (it speaks TTLV) without those.
fn decode(peer: &Peer, encoding: Encoding, bytes: &[u8]) -> Result<RequestMessage, CodecError> {
    match (encoding, peer.principal.persona.trailing_nuls) {
        (Encoding::Ttlv, Nuls::Strip) => RequestMessage::from_bytes_stripping(bytes),
        _ => RequestMessage::decode(encoding, bytes),
    }
}
