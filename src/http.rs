//! KMIP over HTTPS (KMIP Profiles, HTTPS profile): POST /kmip, with TTLV, JSON or XML as the content type says; the
//! answer is in the encoding of the request. The connection has the limits of one that speaks TTLV alone.
//!
//! axum finds what a path and a method mean. Connections are hyper's: their pace, their places and their ends are guarded where
//! bytes pass, and a body is read by the handler itself, as there is room for it.

mod pace;

use crate::admission::{ALLOWANCE, Reservation, Stage};
use crate::listen::{Evicted, Slot};
use crate::session::{
    self, Answer, CROWDED, DISCARDED_BYTES_MAX, Limits, Peer, Received, Service, Timer, answered,
};
use axum::Router;
use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{Extension, Request};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, EXPECT, HeaderValue};
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kmip_codec::ErrorKind;
use kmip_codec::wire::Encoding;
use pace::{Pace, Paced};
use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{timeout, timeout_at};
use tower_service::Service as _;
use zeroize::Zeroizing;

/// The path of KMIP.
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

/// What is where: a line a path. Whatever is not there is refused in words.
pub fn router<S: Service>() -> Router {
    Router::new()
        .route(PATH, post(kmip::<S>))
        .fallback(not_found::<S>)
        .method_not_allowed_fallback(method_not_allowed::<S>)
}

/// Serves a connection until the peer closes it, breaks a rule, or the server stops.
pub async fn serve<S: Service>(
    router: &Router,
    stream: impl AsyncRead + AsyncWrite + Unpin,
    (slot, mut evicted): (Arc<Slot>, Evicted),
    peer: Arc<Peer>,
    service: S,
    (limits, mut stopping): (Limits, watch::Receiver<bool>),
) -> io::Result<()> {
    let pace = Arc::new(Pace::new(slot));
    let stream = TokioIo::new(Paced::new(stream, Arc::clone(&pace), limits));
    let connection = Arc::new(Connection { peer, service, limits, pace: Arc::clone(&pace) });
    let exchanges = service_fn(|mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Arc::clone(&connection));
        let (answer, pace) = (router.clone().call(request), &pace);
        async move {
            let Ok(answer) = answer.await;
            if let Some(left) = answer.extensions().get::<Left>() {
                return Err(*left);
            }
            pace.answered();
            Ok(answer)
        }
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

/// What the requests of one connection need.
struct Connection<S> {
    peer: Arc<Peer>,
    service: S,
    limits: Limits,
    pace: Arc<Pace>,
}

/// A refusal of HTTP, before there is a KMIP message: the status and what to do about it.
type Refused = (StatusCode, String);

/// The peer left before it was answered: nothing is written any more.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the peer left before it was answered")]
struct Left;

type OfConnection<S> = Extension<Arc<Connection<S>>>;

async fn kmip<S: Service>(Extension(connection): OfConnection<S>, request: Request) -> Response {
    let (head, mut body) = request.into_parts();
    match connection.message(&head, &mut body).await {
        Ok(Some(answer)) => answer,
        Ok(None) => Extension(Left).into_response(),
        Err(refused) => connection.refuse(refused, &head, body).await,
    }
}

async fn not_found<S: Service>(Extension(connection): OfConnection<S>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let text = format!("there is nothing here: KMIP is at {PATH}");
    connection.refuse((StatusCode::NOT_FOUND, text), &head, body).await
}

async fn method_not_allowed<S: Service>(
    Extension(connection): OfConnection<S>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let text = "send KMIP messages by POST".to_owned();
    connection.refuse((StatusCode::METHOD_NOT_ALLOWED, text), &head, body).await
}

impl<S: Service> Connection<S> {
    async fn refuse(&self, (status, text): Refused, head: &Parts, mut body: Body) -> Response {
        // Who asks first whether to send a body has not begun to.
        if !head.headers.contains_key(EXPECT) {
            discard(&mut body).await;
        }
        tracing::info!(peer = %self.peer.address, %status, text, "refused a request over HTTP");
        // What follows of the request is not read.
        let mut refusal = response(status, "text/plain; charset=utf-8", Bytes::from(text + "\n"));
        refusal.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        refusal
    }

    /// The answer to a message; none where the peer has left.
    async fn message(&self, head: &Parts, content: &mut Body) -> Result<Option<Response>, Refused> {
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
        let answered = answered(&self.service, &self.peer, received, &mut Timer::default()).await;
        let Some(answer) = answered else { return Ok(None) };
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
        body: &mut Body,
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
            drop(self.service.crowded(&self.peer, encoding, &[]));
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
async fn discard(body: &mut Body) {
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
fn broken(error: axum::Error) -> Refused {
    let mut causes = std::iter::successors(error.source(), |&error| error.source());
    let cause = causes.find_map(|cause| cause.downcast_ref::<io::Error>());
    match cause {
        Some(cause) if cause.kind() == io::ErrorKind::TimedOut => {
            (StatusCode::REQUEST_TIMEOUT, cause.to_string())
        }
        _ => (StatusCode::BAD_REQUEST, format!("the body broke off: {error}")),
    }
}

fn response(status: StatusCode, media_type: &'static str, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store"));
    response
}
