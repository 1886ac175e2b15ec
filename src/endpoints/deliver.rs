//! One connection on which the client answers: it is asked what it speaks and can, then told what waits for it, one
//! message at a time.

use super::Mailbox;
use crate::admission::MemoryBudget;
use crate::engine::telling::notice::What;
use crate::server::Server;
use crate::session::{CROWDED, Frame, Intake, Limits, Peer};
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
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio::time::timeout;
use zeroize::Zeroizing;

/// How much of what a client says of its maker the log has, in characters.
const VENDOR_CHARS: usize = 256;

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

/// Tells the client what waits for it, until the connection or the server ends. `delivered` becomes true with the first
/// notice that the client has taken.
pub async fn deliver<S: AsyncRead + AsyncWrite + Unpin>(
    server: &Arc<Server>,
    mailbox: &Mailbox,
    mut line: Delivery<S>,
    mut stopping: watch::Receiver<bool>,
    delivered: &mut bool,
) -> io::Result<()> {
    let mut too_old = pin!(tokio::time::sleep(line.limits.connection));
    let operations = line.interrogate(&mailbox.endpoint.query()).await?;
    loop {
        let mut unasked = [0; 1];
        let notice = tokio::select! {
            notice = mailbox.next() => notice,
            // End of the stream, or bytes that nobody asked for: either way it is over.
            _ = line.stream.read(&mut unasked) => return Ok(()),
            () = tokio::time::sleep(line.limits.idle) => return Ok(()),
            () = &mut too_old => return Ok(()),
            _ = stopping.wait_for(|stopping| *stopping) => return Ok(()),
        };
        let operation = match notice.what {
            What::Put { .. } => Operation::Put,
            What::Notify { .. } => Operation::Notify,
        };
        let (client, object) = (&notice.to, &notice.object);
        if !operations.is_empty() && !operations.contains(&operation) {
            tracing::warn!(%client, %object, ?operation, "not sent: the client says that it does not serve this");
            continue;
        }
        let (message, _room) = match server.push(&line.peer, line.version, &notice).await {
            Ok(Some(message)) => message,
            Ok(None) => continue,
            Err(why) => {
                tracing::error!(%client, %object, why, "a notice could not be made; it is dropped");
                continue;
            }
        };
        match line.exchange(&message).await {
            Ok(item) if item.result_status == ResultStatus::Success => {
                *delivered = true;
                tracing::info!(%client, %object, ?operation, "the client was told");
            }
            Ok(item) => {
                *delivered = true;
                tracing::warn!(%client, %object, ?operation, reason = ?item.result_reason, "the client refuses a notice");
            }
            Err(error) => {
                mailbox.put_back(notice);
                return Err(error);
            }
        }
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
        let (frame, _room) = match intake.frame(&mut self.stream, ResponseMessage::TAG).await? {
            Frame::Whole(frame, room) => (frame, room),
            Frame::Crowded(_) => return Err(broken(CROWDED)),
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
