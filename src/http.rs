//! KMIP over HTTPS (KMIP Profiles, HTTPS profile): POST /kmip, with TTLV, JSON or XML as the content type says; the
//! answer is in the encoding of the request. The connection has the limits of one that speaks TTLV alone.

mod pace;

use crate::admission::{ALLOWANCE, Reservation, Stage};
use crate::listen::{Evicted, Slot};
use crate::session::{
    self, Answer, CROWDED, DISCARDED_BYTES_MAX, Limits, Peer, Received, Service, Timer, answered,
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, EXPECT, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use kmip_codec::ErrorKind;
use kmip_codec::wire::Encoding;
use pace::{Pace, Paced};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{timeout, timeout_at};
use zeroize::Zeroizing;

/// The one path.
pub const PATH: &str = "/kmip";

/// The media types and what they mean; the first of an encoding is the usual one.
const MEDIA_TYPES: &[(&str, Encoding)] = &[
    ("application/octet-stream", Encoding::Ttlv),
    ("application/json", Encoding::Json),
    ("text/xml", Encoding::Xml),
    ("application/xml", Encoding::Xml),
];

/// The longest head of a request.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Serves a connection until the peer closes it, breaks a rule, or the server stops.
pub async fn serve<S: Service>(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    (slot, mut evicted): (Arc<Slot>, Evicted),
    peer: Arc<Peer>,
    service: S,
    (limits, mut stopping): (Limits, watch::Receiver<bool>),
) -> io::Result<()> {
    let pace = Arc::new(Pace::new(slot));
    let stream = TokioIo::new(Paced::new(stream, Arc::clone(&pace), limits));
    let exchanges = service_fn(|request| {
        let exchange = Exchange { peer: &peer, service: &service, limits: &limits, pace: &pace };
        async move { exchange.answer(request).await }
    });
    let mut http = http1::Builder::new();
    // Who sends nothing more may still read its answer; who has left is seen by the socket.
    http.header_read_timeout(None).max_buf_size(HEAD_BYTES_MAX).half_close(true);
    let mut connection = std::pin::pin!(http.serve_connection(stream, exchanges));
    let is_evicted = tokio::select! {
        ended = connection.as_mut() => return ended.map_err(io::Error::other),
        () = evicted.wait() => true,
        _ = stopping.wait_for(|stopping| *stopping) => false,
        () = tokio::time::sleep(limits.connection) => false,
    };
    if is_evicted {
        connection.as_mut().graceful_shutdown();
        // What cannot be said at once is not said: another waits for the connection to be closed.
        let _ = timeout(Duration::ZERO, connection).await;
        return Ok(());
    }
    if !pace.is_answering() {
        return Ok(());
    }
    connection.as_mut().graceful_shutdown();
    connection.await.map_err(io::Error::other)
}

/// What one request needs.
struct Exchange<'a, S> {
    peer: &'a Arc<Peer>,
    service: &'a S,
    limits: &'a Limits,
    pace: &'a Pace,
}

/// A refusal of HTTP, before there is a KMIP message: the status and what to do about it.
type Refused = (StatusCode, String);

/// The peer left before it was answered: nothing is written any more.
#[derive(Debug, thiserror::Error)]
#[error("the peer left before it was answered")]
struct Left;

impl<S: Service> Exchange<'_, S> {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Left> {
        let (head, mut body) = request.into_parts();
        let answered = match self.message(&head, &mut body).await {
            Ok(Some(response)) => Ok(response),
            Ok(None) => return Err(Left),
            Err(refused) => Err(refused),
        };
        // Who asks first whether to send a body has not begun to.
        if answered.is_err() && !head.headers.contains_key(EXPECT) {
            discard(&mut body).await;
        }
        self.pace.answered();
        Ok(answered.unwrap_or_else(|(status, text)| {
            tracing::info!(peer = %self.peer.address, %status, text, "refused a request over HTTP");
            refusal(status, text)
        }))
    }

    /// The answer to a request; none where the peer has left.
    async fn message(
        &self,
        head: &Parts,
        content: &mut Incoming,
    ) -> Result<Option<Response<Full<Bytes>>>, Refused> {
        if head.uri.path() != PATH {
            return Err((StatusCode::NOT_FOUND, format!("there is nothing here: KMIP is at {PATH}")));
        }
        if head.method != Method::POST {
            return Err((StatusCode::METHOD_NOT_ALLOWED, "send KMIP messages by POST".to_owned()));
        }
        let (media_type, encoding) = media_type(head).ok_or_else(|| {
            let known: Vec<&str> = MEDIA_TYPES.iter().map(|(name, _)| *name).collect();
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("the Content-Type can be {}", known.join(", ")))
        })?;
        let (bytes, room) = self.body(content, encoding).await?;
        if !self.pace.received() {
            let text = "the connection was idle, and is closed for another: connect again";
            return Err((StatusCode::SERVICE_UNAVAILABLE, text.to_owned()));
        }
        let received = Received { encoding, bytes, room };
        let Some(answer) = answered(self.service, self.peer, received, &mut Timer::default()).await else {
            return Ok(None);
        };
        let Answer { bytes, unreadable, room, .. } = answer;
        match unreadable.filter(|error| is_no_message(error, encoding)) {
            Some(error) => {
                Err((StatusCode::BAD_REQUEST, format!("this is no KMIP message in {encoding}: {error}")))
            }
            None => {
                let body = Bytes::from_owner(Outgoing { bytes, _room: room });
                Ok(Some(response(StatusCode::OK, media_type, body)))
            }
        }
    }

    /// Reads a body of at most so many bytes, as they arrive, where there is room for them among the bytes in flight of the
    /// client.
    async fn body(
        &self,
        body: &mut Incoming,
        encoding: Encoding,
    ) -> Result<(Zeroizing<Vec<u8>>, Reservation), Refused> {
        let most = self.limits.message_bytes_max;
        let too_large = |found: u64| {
            let text = format!("the body has {found} bytes, and a message may have {most} bytes here");
            (StatusCode::PAYLOAD_TOO_LARGE, text)
        };
        let announced = body.size_hint().upper();
        if let Some(found) = announced.filter(|length| *length > most as u64) {
            return Err(too_large(found));
        }
        let length = announced.and_then(|length| usize::try_from(length).ok()).unwrap_or(most);
        let crowded = |_| {
            // HTTP has words of its own for it; log and `explain` have the same as over TTLV.
            drop(self.service.crowded(self.peer, encoding, &[]));
            (StatusCode::SERVICE_UNAVAILABLE, CROWDED.to_owned())
        };
        // A moment before the time for the message is over and the stream breaks: the client reads why.
        let deadline = self.pace.deadline(self.limits.message - self.limits.message / 8);
        let memory = self.service.memory();
        let begins = memory.reserve(self.peer.presented.client(), Stage::Beginning, length.min(ALLOWANCE));
        let mut room = timeout_at(deadline, begins).await.map_err(crowded)?;
        let (mut bytes, mut is_large) = (Zeroizing::new(Vec::new()), false);
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
            let end = bytes.len() + data.len();
            if end > most {
                return Err(too_large(end as u64));
            }
            if end > ALLOWANCE && !is_large {
                is_large = true;
                let grows = memory.grow(&mut room, Stage::Reading, length.saturating_sub(ALLOWANCE));
                timeout_at(deadline, grows).await.map_err(crowded)?;
            }
            while bytes.capacity() < end {
                session::grow(&mut bytes, length);
            }
            bytes.extend_from_slice(&data);
        }
        // A body of unknown length may have been shorter than it was given room for.
        room.shrink_to(room.bytes().min(bytes.len()));
        Ok((bytes, room))
    }
}

/// An answer on its way, and the room that it takes until it is written.
struct Outgoing {
    bytes: Zeroizing<Vec<u8>>,
    _room: Option<Reservation>,
}

impl AsRef<[u8]> for Outgoing {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Whether the body is not even written as its encoding wants. Anything else is KMIP's to answer.
fn is_no_message(error: &kmip_codec::Error, encoding: Encoding) -> bool {
    match error.kind {
        ErrorKind::Syntax | ErrorKind::Utf8 => true,
        _ => encoding == Encoding::Ttlv && error.offset == 0,
    }
}

fn media_type(head: &Parts) -> Option<(&'static str, Encoding)> {
    let named = head.headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let name = named.split(';').next().unwrap_or_default().trim();
    MEDIA_TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).copied()
}

/// Reads the rest of a body and throws it away, up to a bound and within the time that a message has: a connection that is
/// closed while its peer writes is reset, and the peer never reads why it was refused.
async fn discard(body: &mut Incoming) {
    let mut rest = DISCARDED_BYTES_MAX;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        rest = rest.saturating_sub(length);
        if rest == 0 {
            break;
        }
    }
}

/// A body that did not come to its end: too slow, or not what HTTP wants.
fn broken(error: hyper::Error) -> Refused {
    let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<io::Error>());
    match cause {
        Some(cause) if cause.kind() == io::ErrorKind::TimedOut => {
            (StatusCode::REQUEST_TIMEOUT, cause.to_string())
        }
        _ => (StatusCode::BAD_REQUEST, format!("the body broke off: {error}")),
    }
}

fn response(status: StatusCode, media_type: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store"));
    response
}

/// A refusal closes the connection: what follows of the request is not read.
fn refusal(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = response(status, "text/plain; charset=utf-8", Bytes::from(text + "\n"));
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    }
    response
}
