//! Answers to messages that are refused as a whole, or fail inside the server.

use super::{Asked, Server, effects, encoded, stamp_failures, stamp_request_id};
use crate::engine::batch::{self, Outcome};
use crate::engine::refusal::{Cause, Refusal};
use crate::executor::{self, Effects, now};
use crate::session::{Answer, Peer};
use kmip_codec::Version;
use kmip_codec::message::{RefusedMessage, RequestMessage, ResponseItem, ResponseMessage};
use kmip_codec::value::DateTime;
use kmip_codec::version::V1_0;
use kmip_codec::wire::Encoding;
use std::sync::Arc;

impl Server {
    /// Refuses a whole message, which the audit has all the same.
    pub(super) async fn turn_away(self: &Arc<Self>, asked: Asked, refusal: Refusal) -> Answer {
        let (peer, cause, why) = (&asked.peer, refusal.cause, &refusal.message);
        let (request, client) = (asked.request, &peer.principal.name);
        tracing::info!(request, peer = %peer.address, %client, ?cause, %why, "turned a message away");
        let (server, work) = (Arc::clone(self), asked.clone());
        let refused = self.executor.run(asked.peer.presented.client(), move |_, _, _| {
            let Asked { request, peer, message, encoding, .. } = &work;
            let (outcome, answer) = encoded(*request, (message, *encoding), refusal_of(message, &refusal));
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
    pub(super) async fn fail(&self, asked: &Asked, why: &executor::Error) -> Answer {
        let Asked { request, peer, message, .. } = asked;
        tracing::error!(request, principal = %peer.principal.name, %why, "a request failed inside the server");
        let mut outcome = refusal_of(message, &Refusal::new(why.cause(), why.told()));
        stamp_request_id(&mut outcome.response, *request, message);
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
    pub(super) fn refuse_message(
        &self,
        request: u64,
        peer: &Peer,
        encoding: Encoding,
        refused: &RefusedMessage,
    ) -> Answer {
        let mut answer = unreadable(refused);
        self.remember_unreadable(request, peer, refused, &answer);
        stamp_failures(&mut answer, request);
        let bytes = answer.encode(encoding).into();
        Answer { bytes, unreadable: Some(refused.why.error), role_reversal: None, room: None }
    }

    /// The answer to a message that is not read, because the server cannot.
    pub(super) fn cannot_read(&self, request: u64, peer: &Peer, encoding: Encoding, why: String) -> Answer {
        tracing::error!(request, principal = %peer.principal.name, why, "a message could not be read");
        let refusal = Refusal::new(Cause::Internal, crate::store::Error::UNTOLD);
        self.refuse_unread(request, peer, encoding, (None, &refusal))
    }

    /// Refuses a message that was not read, in the version that its header names, where that is known.
    pub(super) fn refuse_unread(
        &self,
        request: u64,
        peer: &Peer,
        encoding: Encoding,
        (version, refusal): (Option<Version>, &Refusal),
    ) -> Answer {
        let mut answer = unread(version, refusal);
        self.remember_unread(request, peer, refusal.cause, &answer);
        stamp_failures(&mut answer, request);
        Answer { bytes: answer.encode(encoding).into(), unreadable: None, role_reversal: None, room: None }
    }
}

/// Refuses the whole message in one item.
fn refusal_of(message: &RequestMessage, refusal: &Refusal) -> Outcome {
    batch::refuse_whole(now().seconds(), message, refusal)
}

/// The answer to a message that cannot be read as a whole: in the version nearest to the client's, where that is known.
fn unreadable(refused: &RefusedMessage) -> ResponseMessage {
    unread(refused.version, &Refusal::unreadable(&refused.why))
}

/// The answer to a message that is refused without having been read, likewise.
fn unread(version: Option<Version>, refusal: &Refusal) -> ResponseMessage {
    let version = version.map_or(V1_0, Version::nearest_spoken);
    let item: ResponseItem = batch::refused(refusal, version, None);
    ResponseMessage::new(version, DateTime(now().seconds()), vec![item])
}
