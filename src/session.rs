//! One connection of TTLV over TLS: messages in, answers out, in order.
//!
//! A message is read whole and bounded before anything of it is parsed: first the eight bytes that tell its length,
//! which is judged before room is made for it. While an answer is made, the next messages may wait in the socket; the
//! system's buffers bound how many.

use crate::engine::rights::policy::Principal;
use crate::gate::Presented;
use crate::listen::{Evicted, Slot, TurnedAway};
use kmip_codec::limits::ITEM_HEADER_BYTES;
use kmip_codec::message::RequestMessage;
use kmip_codec::wire::{Encoding, frame_length};
use kmip_codec::{Tag, Version};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio::time::timeout;
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
    pub turnable: bool,
}

/// A whole message as it came.
pub struct Received {
    /// How it is written; the answer is written so too.
    pub encoding: Encoding,
    /// The message.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// What to write back.
pub struct Answer {
    /// A whole message.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Why the message could not be read, where it could not.
    pub unreadable: Option<kmip_codec::Error>,
    /// After it the server asks and the client answers, in this version (Set Endpoint Role).
    pub turn: Option<Version>,
}

/// What a connection hands whole messages to.
pub trait Service: Clone + Send + Sync + 'static {
    /// Answers one message.
    fn answer(&self, peer: Arc<Peer>, received: Received) -> impl Future<Output = Answer> + Send;
    /// The answer to bytes that are not a message.
    fn refuse(&self, peer: &Peer, encoding: Encoding, error: kmip_codec::Error) -> Answer;
    /// A connection that did not come to be, and why.
    fn turned_away(&self, address: SocketAddr, why: TurnedAway);
    /// Takes over a connection on which the peer answers from now on, until it ends.
    fn take_over<S: AsyncRead + AsyncWrite + Unpin + Send>(
        &self,
        turned: Turned<S>,
    ) -> impl Future<Output = io::Result<()>> + Send;
}

/// A connection whose ends have changed their roles.
pub struct Turned<S> {
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

/// Serves a connection until the peer closes it, breaks a rule, or the server stops.
pub async fn serve<S: Service>(
    mut stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    (slot, mut evicted): (Arc<Slot>, Evicted),
    peer: Arc<Peer>,
    service: S,
    (limits, mut stopping): (Limits, watch::Receiver<bool>),
) -> io::Result<()> {
    let mut too_old = pin!(tokio::time::sleep(limits.connection));
    let mut refused = false;
    loop {
        let frame = tokio::select! {
            frame = read_frame_in(&mut stream, Some(&slot), &limits, RequestMessage::TAG) => frame?,
            () = evicted.wait() => break,
            _ = stopping.wait_for(|stopping| *stopping) => break,
            () = &mut too_old => break,
        };
        let is_refused = matches!(frame, Frame::Refused(_));
        let answer = match frame {
            Frame::End => break,
            Frame::Whole(bytes) => {
                service.answer(Arc::clone(&peer), Received { encoding: Encoding::Ttlv, bytes }).await
            }
            Frame::Refused(error) => {
                tracing::info!(peer = %peer.address, %error, "closing a connection: this is no message");
                service.refuse(&peer, Encoding::Ttlv, error)
            }
        };
        let write = async {
            stream.write_all(&answer.bytes).await?;
            stream.flush().await
        };
        within(limits.write, "the peer does not take its answer", write).await?;
        if let Some(version) = answer.turn {
            let stream = &mut stream;
            let turned = Turned { stream, peer, version, limits, stopping: stopping.clone() };
            service.take_over(turned).await?;
            break;
        }
        if is_refused {
            refused = true;
            break;
        }
        slot.set_idle();
    }
    if evicted.is_told() {
        close_now(&mut stream).await;
        return Ok(());
    }
    // The peer may be gone already; it is told that nothing follows, if it still listens.
    let _ = timeout(limits.write, stream.shutdown()).await;
    if refused {
        read_out(&mut stream, &limits).await;
    }
    Ok(())
}

/// Says that nothing follows, where that can be said at once: another waits for the connection to be closed.
pub async fn close_now(stream: &mut (impl AsyncWrite + Unpin)) {
    let _ = timeout(Duration::ZERO, stream.shutdown()).await;
}

/// How much of what follows a message that was refused is read and thrown away.
pub const DISCARDED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How long a peer that has been refused may pause before the connection is closed.
const PAUSE: Duration = Duration::from_millis(500);

/// Reads on for a bounded while, and throws away what comes. A connection that is closed while its peer writes is reset, and
/// the peer never reads the answer that is already on its way.
async fn read_out(stream: &mut (impl AsyncRead + Unpin), limits: &Limits) {
    let mut buffer = Zeroizing::new(vec![0; 16 * 1024]);
    let all = async {
        let mut rest = DISCARDED_BYTES_MAX;
        while let Ok(Ok(length @ 1..)) = timeout(PAUSE, stream.read(&mut buffer)).await {
            rest = rest.saturating_sub(length);
            if rest == 0 {
                break;
            }
        }
    };
    let _ = timeout(limits.message, all).await;
}

/// What a peer has sent.
pub enum Frame {
    /// The peer has closed the connection between two messages.
    End,
    /// A message.
    Whole(Zeroizing<Vec<u8>>),
    /// The beginning of something else.
    Refused(kmip_codec::Error),
}

/// Reads one whole message of this tag.
pub async fn read_frame(
    stream: &mut (impl AsyncRead + Unpin),
    limits: &Limits,
    tag: Tag,
) -> io::Result<Frame> {
    read_frame_in(stream, None, limits, tag).await
}

/// The same on a connection with a slot, which is busy from the first byte on.
async fn read_frame_in(
    stream: &mut (impl AsyncRead + Unpin),
    slot: Option<&Slot>,
    limits: &Limits,
    tag: Tag,
) -> io::Result<Frame> {
    let mut header = [0; ITEM_HEADER_BYTES];
    let first = match timeout(limits.idle, stream.read(&mut header)).await {
        Err(_) | Ok(Ok(0)) => return Ok(Frame::End),
        // Many clients close the socket without saying so in TLS.
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(Frame::End),
        Ok(first) => first?,
    };
    if slot.is_some_and(|slot| !slot.set_busy()) {
        return Ok(Frame::End);
    }
    let body = async {
        if let Some(rest) = header.get_mut(first..) {
            stream.read_exact(rest).await?;
        }
        let length = match frame_length(header, tag) {
            Ok(length) if length <= limits.message_bytes_max => length,
            Ok(_) => return Ok(Frame::Refused(too_large(tag))),
            Err(error) => return Ok(Frame::Refused(error)),
        };
        let mut frame = Zeroizing::new(vec![0; length]);
        let (head, body) = frame.split_at_mut(ITEM_HEADER_BYTES);
        head.copy_from_slice(&header);
        stream.read_exact(body).await?;
        Ok(Frame::Whole(frame))
    };
    within(limits.message, "the peer does not finish its message", body).await
}

fn too_large(tag: Tag) -> kmip_codec::Error {
    kmip_codec::Error::at(kmip_codec::ErrorKind::TooLarge, tag, 0)
}

async fn within<T>(
    limit: Duration,
    what: &'static str,
    work: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    match timeout(limit, work).await {
        Ok(result) => result,
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, what)),
    }
}
