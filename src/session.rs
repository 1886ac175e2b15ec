//! One connection of TTLV over TLS: messages in, answers out, in order.
//!
//! A message is read whole and bounded before anything of it is parsed: first the eight bytes that tell its length,
//! which is judged before there is room for it among the bytes in flight of its client ([`admission`](crate::admission)). The
//! buffer grows with what has arrived. While an answer is made, the next messages may wait in the socket; the system's
//! buffers bound how many.

mod close;
mod socket;

pub use close::{DISCARDED_BYTES_MAX, close_now};
pub use socket::{Deadline, Socket, Timer, Watch};

use crate::admission::{ALLOWANCE, Bytes, Client, MemoryBudget, Reservation, Stage};
use crate::authenticate::Presented;
use crate::engine::rights::principal::Principal;
use crate::listen::{Evicted, Slot, TurnedAway};
use bytes::BufMut as _;
use close::close;
use kmip_codec::limits::ITEM_HEADER_BYTES;
use kmip_codec::message::RequestMessage;
use kmip_codec::wire::{Encoding, frame_length};
use kmip_codec::{Tag, Version};
use socket::unless_left;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::Instant;
use zeroize::Zeroizing;

/// The other side of a connection.
#[derive(Clone)]
pub struct Peer {
    /// From where.
    pub address: SocketAddr,
    /// The certificate that it has shown, which each message is judged by anew.
    pub presented: Arc<Presented>,
    /// Who it is.
    pub principal: Arc<Principal>,
    /// Whether the ends of the connection can change their roles: not over HTTP, and not as somebody whom a credential
    /// names.
    pub can_reverse_roles: bool,
    /// Tells when the peer has left, where its requests are given up then.
    pub watch: Option<Watch>,
}

/// A whole message as it came.
pub struct Received {
    /// How it is written; the answer is written so too.
    pub encoding: Encoding,
    /// The message.
    pub bytes: Zeroizing<Vec<u8>>,
    /// The room that it takes.
    pub room: Reservation,
}

/// What a client hears for whose message there is no room in time.
pub const CROWDED: &str = "there was no room for this message in time: other messages and answers of this client fill what it may \
                           have in flight (limits.bytes_in_flight_per_client). Send fewer at once, and read the answers";

/// What to write back.
pub struct Answer {
    /// A whole message.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Why the message could not be read, where it could not.
    pub unreadable: Option<kmip_codec::Error>,
    /// After it the server asks and the client answers, in this version (Set Endpoint Role).
    pub role_reversal: Option<Version>,
    /// The room that it takes until it is written; none for small ones that the server makes by itself.
    pub room: Option<Reservation>,
}

/// What a connection hands whole messages to.
pub trait Service: Clone + Send + Sync + 'static {
    /// Answers one message.
    fn answer(&self, peer: Arc<Peer>, received: Received) -> impl Future<Output = Answer> + Send;
    /// The answer to bytes that are not a message.
    fn refuse(&self, peer: &Peer, encoding: Encoding, error: kmip_codec::Error) -> Answer;
    /// The answer to a message for which there was no room in time, and of which this much has arrived.
    fn crowded(&self, peer: &Peer, encoding: Encoding, begun: &[u8]) -> Answer;
    /// The bytes in flight of all clients.
    fn memory(&self) -> &MemoryBudget;
    /// A connection that did not come to be, and why.
    fn turned_away(&self, address: SocketAddr, why: TurnedAway);
}

/// A connection whose ends have changed their roles.
pub struct RoleReversed<S> {
    /// The connection.
    pub stream: S,
    /// Who answers on it.
    pub peer: Arc<Peer>,
    /// The version to ask in.
    pub version: Version,
    /// Time limits.
    pub limits: Limits,
    /// Turns true when the server stops.
    pub stopping: watch::Receiver<bool>,
}

/// Time limits of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// From the connection to the end of the TLS handshake.
    pub handshake: Duration,
    /// Between two messages.
    pub idle: Duration,
    /// From the first byte of a message to its last.
    pub message: Duration,
    /// For writing an answer.
    pub write: Duration,
    /// From the connection to its end, which comes between two messages.
    pub connection: Duration,
    /// The longest message, in bytes.
    pub message_bytes_max: usize,
}

/// How a connection ends.
pub enum Ended<T> {
    /// It is closed.
    Closed,
    /// It goes on: the peer answers from now on.
    RoleReversed(RoleReversed<T>),
}

/// Serves a connection until the peer closes it, breaks a rule, or asks to answer, or the server stops.
pub async fn serve<S: Service, T: AsyncRead + AsyncWrite + Unpin + Send>(
    mut stream: T,
    (slot, mut evicted): (Arc<Slot>, Evicted),
    peer: Arc<Peer>,
    service: S,
    (limits, mut stopping): (Limits, watch::Receiver<bool>),
) -> io::Result<Ended<T>> {
    let connection = Connection {
        intake: Intake {
            limits: &limits,
            slot: Some(&slot),
            memory: service.memory(),
            client: peer.presented.client(),
        },
        peer: &peer,
        service: &service,
    };
    let last = connection.exchange_messages(&mut stream, (&mut evicted, &mut stopping)).await?;
    if let Last::RoleReversed(version) = last {
        return Ok(Ended::RoleReversed(RoleReversed { stream, peer, version, limits, stopping }));
    }
    if evicted.is_told() {
        close_now(&mut stream).await;
    } else {
        close(&mut stream, &limits, matches!(last, Last::Refused)).await;
    }
    Ok(Ended::Closed)
}

/// How the messages of a connection end.
enum Last {
    /// Nothing follows.
    Closed,
    /// What has come was refused, and more of it may follow.
    Refused,
    /// The peer answers from now on, in this version.
    RoleReversed(Version),
}

/// A connection whose messages are answered.
struct Connection<'a, S> {
    intake: Intake<'a>,
    peer: &'a Arc<Peer>,
    service: &'a S,
}

/// After how many messages other connections come first, where the next one has come already.
const TURN: usize = 16;

impl<S: Service> Connection<'_, S> {
    /// Answers one message after another.
    async fn exchange_messages(
        &self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin + Send),
        (evicted, stopping): (&mut Evicted, &mut watch::Receiver<bool>),
    ) -> io::Result<Last> {
        let limits = self.intake.limits;
        let (mut timer, end) = (Timer::default(), Instant::now() + limits.connection);
        let mut leaves = pin!(async {
            tokio::select! {
                () = evicted.wait() => {}
                _ = stopping.wait_for(|stopping| *stopping) => {}
            }
        });
        for count in 1_usize.. {
            let frame = tokio::select! {
                biased;
                frame = self.intake.frame(stream, RequestMessage::TAG, (&mut timer, end)) => frame?,
                () = &mut leaves => break,
            };
            let is_refused = matches!(frame, Frame::Refused(_) | Frame::Crowded(_));
            let Some(answer) = self.answer(frame, &mut timer).await else { break };
            let role_reversal = answer.role_reversal;
            let written = timer.until(&mut Deadline::After(limits.write), pin!(write(stream, answer))).await;
            in_time(written, "the peer does not take its answer")?;
            if let Some(version) = role_reversal {
                return Ok(Last::RoleReversed(version));
            }
            if is_refused {
                return Ok(Last::Refused);
            }
            if let Some(slot) = self.intake.slot {
                slot.set_idle();
            }
            if count % TURN == 0 {
                yield_now().await;
                // Messages that come without a pause wait for nothing, and so not for the end either.
                if Instant::now() >= end {
                    break;
                }
                if poll_fn(|context| Poll::Ready(leaves.as_mut().poll(context).is_ready())).await {
                    break;
                }
            }
        }
        Ok(Last::Closed)
    }

    /// The answer to what has come; none where nothing more is answered.
    async fn answer(&self, frame: Frame, timer: &mut Timer) -> Option<Answer> {
        let (service, peer) = (self.service, self.peer);
        match frame {
            Frame::End => None,
            Frame::Whole(bytes, room) => {
                let received = Received { encoding: Encoding::Ttlv, bytes, room };
                answered(service, peer, received, timer).await
            }
            Frame::Crowded(begun) => Some(service.crowded(peer, Encoding::Ttlv, &begun)),
            Frame::Refused(error) => {
                tracing::info!(peer = %peer.address, %error, "closing a connection: this is no message");
                Some(service.refuse(peer, Encoding::Ttlv, error))
            }
        }
    }
}

/// The answer to a message; none where the peer does not wait for it any more.
pub async fn answered<S: Service>(
    service: &S,
    peer: &Arc<Peer>,
    received: Received,
    timer: &mut Timer,
) -> Option<Answer> {
    // On the heap while it is made: a connection that waits for its next message has no room for it.
    let answer = Box::pin(service.answer(Arc::clone(peer), received));
    let answer = unless_left(peer.watch.as_ref(), timer, answer).await;
    if answer.is_none() {
        tracing::info!(peer = %peer.address, "the peer left before it was answered: its request is given up");
    }
    answer
}

/// Writes an answer, whose room is given back with it.
async fn write(stream: &mut (impl AsyncWrite + Unpin), answer: Answer) -> io::Result<()> {
    stream.write_all(&answer.bytes).await?;
    stream.flush().await
}

/// What was done by its deadline; an error where it was not.
fn in_time<T>(done: Option<io::Result<T>>, what: &'static str) -> io::Result<T> {
    done.unwrap_or_else(|| Err(io::Error::new(io::ErrorKind::TimedOut, what)))
}

/// What a peer has sent.
pub enum Frame {
    /// The peer has closed the connection between two messages.
    End,
    /// A message, and the room that it takes.
    Whole(Zeroizing<Vec<u8>>, Reservation),
    /// The beginning of something else.
    Refused(kmip_codec::Error),
    /// The beginning of a message for which there was no room in time.
    Crowded(Zeroizing<Vec<u8>>),
}

/// What decides on the messages of a connection before they are read.
pub struct Intake<'a> {
    /// How long they may take, and how long they may be.
    pub limits: &'a Limits,
    /// The slot of the connection, if it has one: busy from the first byte of a message on.
    pub slot: Option<&'a Slot>,
    /// The bytes in flight of all clients.
    pub memory: &'a MemoryBudget,
    /// For whom they are counted.
    pub client: &'a Client,
}

impl Intake<'_> {
    /// Reads one whole message of this tag, as soon as there is room for it. It must begin by `end`.
    pub async fn frame(
        &self,
        stream: &mut (impl AsyncRead + Unpin),
        tag: Tag,
        (timer, end): (&mut Timer, Instant),
    ) -> io::Result<Frame> {
        let mut header = [0; ITEM_HEADER_BYTES];
        let mut begins_by = Deadline::AfterOrAt(self.limits.idle, end);
        let first = match timer.until(&mut begins_by, pin!(stream.read(&mut header))).await {
            None | Some(Ok(0)) => return Ok(Frame::End),
            // Many clients close the socket without saying so in TLS.
            Some(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(Frame::End),
            Some(first) => first?,
        };
        if self.slot.is_some_and(|slot| !slot.set_busy()) {
            return Ok(Frame::End);
        }
        let deadline = &mut Deadline::After(self.limits.message);
        let rest = async { stream.read_exact(header.get_mut(first..).unwrap_or_default()).await };
        in_time(timer.until(deadline, pin!(rest)).await, UNFINISHED)?;
        let length = match frame_length(header, tag) {
            Ok(length) if length <= self.limits.message_bytes_max => length,
            Ok(length) => return Ok(Frame::Refused(too_large(tag, length, self.limits.message_bytes_max))),
            Err(error) => return Ok(Frame::Refused(error)),
        };
        let mut message = Arriving::new(&header, length);
        // Its first bytes have room of their own: who announces much and sends little takes little.
        let begins = self.memory.reserve(self.client, Stage::Beginning, length.min(ALLOWANCE));
        let Some(mut reserved) = timer.until(deadline, pin!(begins)).await else {
            return Ok(Frame::Crowded(message.bytes));
        };
        let first = timer.until(deadline, pin!(message.read_to(length.min(ALLOWANCE), stream))).await;
        in_time(first, UNFINISHED)?;
        if length > ALLOWANCE {
            let grows = self.memory.grow(&mut reserved, Stage::Reading, length - ALLOWANCE);
            if timer.until(deadline, pin!(grows)).await.is_none() {
                return Ok(Frame::Crowded(message.bytes));
            }
            in_time(timer.until(deadline, pin!(message.read_to(length, stream))).await, UNFINISHED)?;
        }
        Ok(Frame::Whole(message.bytes, reserved))
    }
}

const UNFINISHED: &str = "the peer does not finish its message";

/// How large the buffer of a message is at first.
const BUFFER_BYTES: Bytes = 4096;

/// A message of which the beginning is there. The buffer grows with it, never with what is announced, and leaves nothing
/// behind where it was.
struct Arriving {
    bytes: Zeroizing<Vec<u8>>,
    length: Bytes,
}

impl Arriving {
    fn new(header: &[u8], length: Bytes) -> Self {
        let mut bytes = Zeroizing::new(Vec::with_capacity(length.min(BUFFER_BYTES)));
        bytes.extend_from_slice(header);
        Self { bytes, length }
    }

    /// Reads on until so many bytes of it are there.
    async fn read_to(&mut self, end: Bytes, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
        while self.bytes.len() < end {
            if self.bytes.len() == self.bytes.capacity() {
                grow(&mut self.bytes, self.length);
            }
            let wanted = self.bytes.capacity().min(end) - self.bytes.len();
            let mut free = (&mut *self.bytes).limit(wanted);
            if stream.read_buf(&mut free).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }
}

/// Gives a buffer twice its room, but no more than this, and wipes where it was.
pub fn grow(bytes: &mut Zeroizing<Vec<u8>>, most: Bytes) {
    let room = (bytes.capacity() * 2).clamp(BUFFER_BYTES, most.max(BUFFER_BYTES));
    let mut grown = Zeroizing::new(Vec::with_capacity(room));
    grown.extend_from_slice(bytes);
    *bytes = grown;
}

fn too_large(tag: Tag, found: Bytes, most: Bytes) -> kmip_codec::Error {
    kmip_codec::Error::at(kmip_codec::ErrorKind::TooLarge { found, most }, tag, 0)
}
