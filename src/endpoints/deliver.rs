//! One connection on which the client answers: it is asked what it speaks and can, then told what waits for it, one
//! message at a time.

use super::push;
use super::{Mailbox, Waiting};
use crate::admission::MemoryBudget;
use crate::engine::notifications::notification::{Notification, What};
use crate::executor::{self, Executor};
use crate::session::{CROWDED, Frame, Intake, Limits, Peer, RoleReversed, Timer};
use crate::text::printable;
use kmip_codec::Version;
use kmip_codec::enums::{QueryFunction, ResultStatus};
use kmip_codec::message::{RequestMessage, ResponseItem, ResponseMessage};
use kmip_codec::operations::{Call, Operation};
use kmip_codec::payloads::{DiscoverVersionsRequest, QueryRequest};
use kmip_codec::version::{V1_1, VERSIONS};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use zeroize::Zeroizing;

/// How much of what a client says of its maker the log has, in characters.
const VENDOR_CHARS: usize = 256;

/// How often a notification is tried that fails in a way that another might not: the client ends the connection over it, say. It is
/// dropped then, so that it holds up the others no longer.
const TRIES_MAX: u32 = 5;

/// How long to wait after the server could not make a notification: the first time; doubled with each that follows.
const REST_FIRST: Duration = Duration::from_secs(1);

/// The longest such wait.
const REST_MAX: Duration = Duration::from_secs(5);

/// A connection to a client that answers.
pub struct Delivery<S> {
    /// The connection.
    pub stream: S,
    /// Who is at its end.
    pub peer: Arc<Peer>,
    /// The version to speak.
    pub version: Version,
    /// Whether the version is only where to begin.
    pub negotiable: bool,
    /// Time limits.
    pub limits: Limits,
    /// The bytes in flight of all clients.
    pub memory: MemoryBudget,
}

/// Tells a client what waits for it, over its own connection, until that or the server ends.
pub async fn take_over<S: AsyncRead + AsyncWrite + Unpin + Send>(
    executor: &Arc<Executor>,
    reversed: RoleReversed<S>,
) -> io::Result<()> {
    let RoleReversed { mut stream, peer, version, limits, stopping } = reversed;
    let memory = executor.admission().memory().clone();
    let told = match executor.endpoints().of(&peer.principal.name) {
        Some(mailbox) => {
            let stream = &mut stream;
            let delivery = Delivery { stream, peer, version, negotiable: false, limits, memory };
            deliver(executor, mailbox, delivery, stopping, &mut false).await
        }
        None => Ok(()),
    };
    if told.is_ok() {
        let _ = timeout(limits.write, stream.shutdown()).await;
    }
    told
}

/// Tells the client what waits for it, until the connection or the server ends. `delivered` becomes true with the first
/// notification that the client has taken.
pub async fn deliver<S: AsyncRead + AsyncWrite + Unpin>(
    executor: &Arc<Executor>,
    mailbox: &Mailbox,
    mut delivery: Delivery<S>,
    mut stopping: watch::Receiver<bool>,
    delivered: &mut bool,
) -> io::Result<()> {
    let mut too_old = pin!(tokio::time::sleep(delivery.limits.connection));
    let operations = delivery.interrogate(&mailbox.endpoint.query()).await?;
    let mut rest = Duration::ZERO;
    loop {
        let mut unasked = [0; 1];
        let next = async {
            tokio::time::sleep(rest).await;
            mailbox.next().await
        };
        let waiting = tokio::select! {
            waiting = next => waiting,
            // End of the stream, or bytes that nobody asked for: either way it is over.
            _ = delivery.stream.read(&mut unasked) => return match mailbox.is_empty() {
                true => Ok(()),
                false => Err(broken("the client closed the connection, or says what nobody asked for")),
            },
            () = tokio::time::sleep(delivery.limits.idle) => return Ok(()),
            () = &mut too_old => return Ok(()),
            _ = stopping.wait_for(|stopping| *stopping) => return Ok(()),
        };
        let operation = operation_of(&waiting.notification);
        let (client, object) = (&waiting.notification.to, &waiting.notification.object);
        if !operations.is_empty() && !operations.contains(&operation) {
            tracing::warn!(%client, %object, ?operation, "not sent: the client says that it does not serve this");
            continue;
        }
        let (message, _room) =
            match push::message(executor, &delivery.peer, delivery.version, &waiting.notification).await {
                Ok(made) => {
                    rest = Duration::ZERO;
                    let Some(message) = made else { continue };
                    message
                }
                Err(why) => {
                    rest = (rest * 2).clamp(REST_FIRST, REST_MAX);
                    mailbox.keep_unmade(waiting, &why, rest);
                    continue;
                }
            };
        match delivery.exchange(&message).await {
            Ok(item) => {
                *delivered = true;
                tell(&waiting.notification, &item);
            }
            Err(error) => {
                mailbox.keep_unsent(waiting, &error);
                return Err(error);
            }
        }
    }
}

fn tell(notification: &Notification, item: &ResponseItem) {
    let (client, object, operation) = (&notification.to, &notification.object, operation_of(notification));
    match item.result_status {
        ResultStatus::Success => tracing::info!(%client, %object, ?operation, "the client was told"),
        _ => {
            tracing::warn!(%client, %object, ?operation, reason = ?item.result_reason, "the client refuses a notice");
        }
    }
}

fn operation_of(notification: &Notification) -> Operation {
    match notification.what {
        What::Put { .. } => Operation::Put,
        What::Notify { .. } => Operation::Notify,
    }
}

impl Mailbox {
    /// Keeps a notification that the server could not make.
    fn keep_unmade(&self, waiting: Waiting, why: &executor::Error, rest: Duration) {
        let (client, object, seconds) =
            (&waiting.notification.to, &waiting.notification.object, rest.as_secs());
        tracing::error!(%client, %object, %why, "a notice could not be made; trying again in {seconds} s");
        self.keep(waiting, !why.may_pass(), &why.to_string());
    }

    /// Keeps a notification that the client did not take.
    fn keep_unsent(&self, waiting: Waiting, error: &io::Error) {
        // Without room here nothing is said against the notification.
        self.keep(waiting, error.kind() != io::ErrorKind::ResourceBusy, &error.to_string());
    }

    /// Keeps a notification that could not be delivered for another try; drops it where the failure counts and was the last try.
    fn keep(&self, waiting: Waiting, counts: bool, why: &str) {
        let waiting = Waiting { failures: waiting.failures + u32::from(counts), ..waiting };
        if waiting.failures < TRIES_MAX {
            return self.put_back(waiting);
        }
        let (Waiting { notification, failures }, operation) = (&waiting, operation_of(&waiting.notification));
        let (client, object) = (&notification.to, &notification.object);
        tracing::warn!(%client, %object, ?operation, tries = failures, %why,
            "a notice is dropped: it failed each time that it was tried; the client does not know of it");
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Delivery<S> {
    /// Asks which versions the client speaks and what it can (6.2.1, 6.2.4); returns its operations, none where it does not
    /// tell.
    async fn interrogate(&mut self, functions: &[QueryFunction]) -> io::Result<Vec<Operation>> {
        if self.version >= V1_1 {
            let answer = self.ask(DiscoverVersionsRequest::default()).await?;
            let spoken = answer.map(|answer| answer.versions).unwrap_or_default();
            let common = VERSIONS.into_iter().rev().find(|version| spoken.contains(version));
            if let Some(version) = common.filter(|_| self.negotiable) {
                self.version = version;
            }
        }
        if functions.is_empty() {
            return Ok(Vec::new());
        }
        let functions = functions.iter().copied().filter(|function| function.is_in(self.version)).collect();
        let query = QueryRequest { functions, ..QueryRequest::default() };
        let known = self.ask(query).await?.unwrap_or_default();
        let client = &self.peer.principal.name;
        let (version, vendor, operations) =
            (self.version, known.vendor_identification.unwrap_or_default(), known.operations);
        tracing::info!(%client, %version, vendor = %printable(&vendor, VENDOR_CHARS), ?operations, "a client answers");
        Ok(operations)
    }

    /// One question; `None` where the client does not answer it.
    async fn ask<R: Call>(&mut self, request: R) -> io::Result<Option<R::Answer>> {
        let message = RequestMessage::new(self.version, vec![request.into_request().into()]);
        let item = self.exchange(&message.to_bytes()).await?;
        if item.result_status != ResultStatus::Success {
            tracing::info!(client = %self.peer.principal.name, operation = ?R::OPERATION, reason = ?item.result_reason,
                "a client does not answer a question");
        }
        Ok(item.response.and_then(R::answer))
    }

    async fn exchange(&mut self, message: &[u8]) -> io::Result<ResponseItem> {
        let limits = Limits { idle: self.limits.message, ..self.limits };
        let write = async {
            self.stream.write_all(message).await?;
            self.stream.flush().await
        };
        timeout(limits.write, write).await.map_err(|_| broken("the client does not take the message"))??;
        let intake = Intake {
            limits: &limits,
            slot: None,
            memory: &self.memory,
            client: self.peer.presented.client(),
        };
        let begins = (&mut Timer::default(), Instant::now() + limits.idle);
        let (frame, _room) = match intake.frame(&mut self.stream, ResponseMessage::TAG, begins).await? {
            Frame::Whole(frame, room) => (frame, room),
            Frame::Crowded(_) => return Err(io::Error::new(io::ErrorKind::ResourceBusy, CROWDED)),
            Frame::End => return Err(broken("the client closed the connection, or did not answer in time")),
            Frame::Refused(error) => return Err(broken(&error.to_string())),
        };
        let answer = ResponseMessage::from_bytes(&Zeroizing::new(frame))
            .map_err(|error| broken(&error.to_string()))?;
        match <[ResponseItem; 1]>::try_from(answer.items) {
            Ok([item]) => Ok(item),
            Err(items) => Err(broken(&format!("the client answers one item with {}", items.len()))),
        }
    }
}

fn broken(why: &str) -> io::Error {
    io::Error::other(why.to_owned())
}
