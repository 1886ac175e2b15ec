//! From what happened to what is kept.

use super::memory::MESSAGE_BYTES_MAX;
use super::{Exchange, Memory, Suspicious, What, hint};
use crate::engine::administration;
use crate::engine::batch::Outcome;
use crate::engine::notifications::object_facts::ObjectFacts;
use crate::engine::refusal::Cause;
use crate::engine::rights::persona::{Credentials, Persona};
use crate::engine::rights::principal::Principal;
use crate::listen::TurnedAway;
use crate::session::Peer;
use kmip_codec::Version;
use kmip_codec::attributes::{Attribute, Attributes};
use kmip_codec::enums::ResultReason;
use kmip_codec::message::{Credential, RefusedMessage, RequestItem, RequestMessage, ResponseMessage};
use kmip_codec::operations::{Operation, Request, Response};
use kmip_codec::payloads::LocateRequest;
use std::net::SocketAddr;

/// What made an outcome worth keeping, and in which item, from 0. All that a good exchange costs is this look.
pub fn classify(principal: &Principal, message: &RequestMessage, outcome: &Outcome) -> Option<(What, usize)> {
    let refused = outcome
        .item_outcomes
        .iter()
        .enumerate()
        .find_map(|(at, item_outcome)| Some((item_outcome.cause?, at)));
    if let Some((cause, at)) = refused {
        let what = match message.items.get(at).map(|item| &item.request) {
            Some(Request::Unreadable(item)) => What::Unreadable(item.why.error.kind),
            _ => What::Refused(cause),
        };
        return Some((what, at));
    }
    let empty = |response: &Response| matches!(response, Response::Locate(found) if found.unique_identifiers.is_empty());
    let nothing = outcome.response.items.iter().position(|item| item.response.as_ref().is_some_and(empty));
    if let Some(at) = nothing {
        let unknown = match message.items.get(at).map(|item| &item.request) {
            Some(Request::Locate(locate)) => filters_by_unknown(locate),
            _ => false,
        };
        return Some((
            What::Odd(if unknown { Suspicious::UnknownFilter } else { Suspicious::FoundNothing }),
            at,
        ));
    }
    let credentials = message.header.authentication.iter().flat_map(|shown| &shown.credentials);
    // Tickets have an effect, and others where the persona wants it.
    let ignored = principal.persona.credentials == Credentials::Ignore
        && credentials.filter(|one| !matches!(one, Credential::Ticket(_))).count() > 0;
    ignored.then_some((What::Odd(Suspicious::CredentialIgnored), 0))
}

fn filters_by_unknown(locate: &LocateRequest) -> bool {
    let is_unknown = |attributes: &Attributes| attributes.iter().any(|a| matches!(a, Attribute::Unknown(_)));
    locate.attributes.as_ref().is_some_and(|list| is_unknown(&list.0))
        || locate.template_attribute.as_ref().is_some_and(|template| is_unknown(&template.attributes))
}

/// What happened to a request that could be read.
pub struct ExchangeRecord<'a> {
    /// The number of the request.
    pub id: u64,
    /// When, in milliseconds since 1970.
    pub time: u64,
    /// Who asked.
    pub peer: &'a Peer,
    /// What was asked.
    pub request: &'a RequestMessage,
    /// What is answered.
    pub answer: &'a ResponseMessage,
    /// What made it worth keeping, and in which item, from 0.
    pub classified: (What, usize),
    /// The objects that it named.
    pub objects: Vec<ObjectFacts>,
}

impl ExchangeRecord<'_> {
    /// The operation of the item that decided.
    pub fn operation(&self) -> Operation {
        self.request.items.get(self.classified.1).map(|item| item.request.operation()).unwrap_or_default()
    }

    /// The same by its name.
    pub fn operation_name(&self) -> String {
        let item = self.request.items.get(self.classified.1);
        if let Some(asked) = item.and_then(|item| administration::request_of(&item.request)) {
            return administration::row(&asked).name.to_owned();
        }
        let operation = self.operation();
        operation.name(self.request.version()).map_or_else(|| format!("0x{:x}", operation.0), str::to_owned)
    }

    /// What is kept of it: redacted here, before anything is kept.
    pub fn told(self, memory: &Memory) -> Exchange {
        let fingerprint = |secret: &[u8]| memory.fingerprint(secret);
        let (request, request_whole) = self.request.to_redacted(&fingerprint, MESSAGE_BYTES_MAX);
        let (answer, answer_whole) = self.answer.to_redacted(&fingerprint, MESSAGE_BYTES_MAX);
        let (operation, (what, at)) = (self.operation(), self.classified);
        let version = self.request.version();
        // A message that is refused whole is answered in one item.
        let items = &self.answer.items;
        let item = items.get(at).or(items.first());
        let reason = item.and_then(|item| item.result_reason);
        let message = item.and_then(|item| item.result_message.clone()).unwrap_or_default();
        Exchange {
            client: self.peer.principal.name.clone(),
            operation: self.operation_name(),
            item: (at + 1, self.request.items.len()),
            reason: reason.map(|reason| reason_name(reason, version)).unwrap_or_default(),
            message,
            objects: self.objects,
            request,
            answer,
            whole: request_whole && answer_whole && !self.request.items.iter().any(is_unreadable),
            ..exchange(
                self.id,
                self.time,
                self.peer.address,
                (what, operation, Some(version)),
                &self.peer.principal.persona,
            )
        }
    }
}

/// Of what could not be read nothing is kept.
fn is_unreadable(item: &RequestItem) -> bool {
    matches!(item.request, Request::Unreadable(_))
}

fn reason_name(reason: ResultReason, version: Version) -> String {
    reason.name(version).map_or_else(|| format!("0x{:x}", reason.0), str::to_owned)
}

/// What every exchange has, with the clause and the hint.
fn exchange(
    id: u64,
    time: u64,
    address: SocketAddr,
    (what, operation, version): (What, Operation, Option<Version>),
    persona: &Persona,
) -> Exchange {
    let hint = hint(what, operation, persona);
    Exchange {
        id,
        time,
        peer: address.to_string(),
        version: version.map(|version| version.to_string()).unwrap_or_default(),
        odd: matches!(what, What::Odd(_)),
        what: what.name(),
        clause: what.clause(operation, version.unwrap_or(kmip_codec::version::V2_1)),
        wanted: hint.wanted.to_owned(),
        advice: hint.advice.to_owned(),
        whole: true,
        ..Exchange::default()
    }
}

impl Exchange {
    /// A message that was refused before it was read: because there was no room for it, or because the server cannot now.
    pub fn unread(id: u64, time: u64, peer: &Peer, cause: Cause, answer: &ResponseMessage) -> Self {
        let version = answer.version();
        let item = answer.items.first();
        let reason = item.and_then(|item| item.result_reason);
        Self {
            client: peer.principal.name.clone(),
            reason: reason.map(|reason| reason_name(reason, version)).unwrap_or_default(),
            message: item.and_then(|item| item.result_message.clone()).unwrap_or_default(),
            ..exchange(
                id,
                time,
                peer.address,
                (What::Refused(cause), Operation::default(), Some(version)),
                &peer.principal.persona,
            )
        }
    }

    /// A message that could not be read: of its bytes nothing is kept, but what was wrong, at which tag and where.
    pub fn unreadable(
        id: u64,
        time: u64,
        peer: &Peer,
        refused: &RefusedMessage,
        answer: &ResponseMessage,
    ) -> Self {
        let kind = refused.why.error.kind;
        let what = (What::Unreadable(kind), Operation::default(), Some(answer.version()));
        Self {
            client: peer.principal.name.clone(),
            reason: answer
                .items
                .first()
                .and_then(|item| item.result_reason)
                .map(|r| format!("{r:?}"))
                .unwrap_or_default(),
            message: refused.why.to_string(),
            ..exchange(id, time, peer.address, what, &peer.principal.persona)
        }
    }

    /// A connection that did not come to be.
    pub fn turned_away(id: u64, time: u64, address: SocketAddr, why: &TurnedAway) -> Self {
        let handshake = (What::Handshake, Operation::default(), None);
        Self {
            what: format!("{:?}", why.reason),
            message: why.what.clone(),
            advice: why.advice.clone(),
            certificate: why.certificate.clone(),
            ..exchange(id, time, address, handshake, &Persona::default())
        }
    }
}
