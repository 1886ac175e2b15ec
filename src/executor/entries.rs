//! The audit entries of a message, and what its client wants in the log.

use crate::audit::Entry;
use crate::engine::administration::protocol::AdminRequest;
use crate::engine::administration::{self, Work};
use crate::engine::asynchronous::done::Done;
use crate::engine::batch::Outcome;
use crate::engine::draft::still_let_in;
use crate::engine::item_outcome::ItemOutcome;
use crate::engine::need::Need;
use crate::engine::notifications::notes::noted_briefly;
use crate::engine::world::View;
use crate::executor::now;
use crate::session::Peer;
use crate::text;
use kmip_codec::enums::{CredentialType, ResultStatus};
use kmip_codec::message::RequestMessage;
use kmip_codec::operations::Operation;
use kmip_codec::version::{V2_1, Version};
use std::collections::BTreeSet;

/// How many kinds of credentials are noted: each entry of a message has them.
const KINDS_MAX: usize = 8;

/// An entry an item, and one for each request that an item carried out; but a Ping that was answered leaves none, as KMIP
/// 2.1 (6.1.36) allows, nor does the question whether the server is ready: it would fill the audit, and hear nothing while
/// the audit takes no entries.
pub fn of(request: u64, peer: &Peer, message: &RequestMessage, outcome: &Outcome) -> Vec<Entry> {
    let version = message.version();
    let ticket = outcome.acting_as.as_ref().map(|giver| format!("ticket of {giver}"));
    let common = joined([&notes(message), &ticket.unwrap_or_default()]);
    let is_entered = |item_outcome: &ItemOutcome| {
        item_outcome.operation != Operation::Ping || item_outcome.status != ResultStatus::Success
    };
    let mut entries: Vec<Entry> = Vec::new();
    for (place, item_outcome) in
        outcome.item_outcomes.iter().enumerate().filter(|(_, item_outcome)| is_entered(item_outcome))
    {
        let entry = one(request, peer, version, item_outcome, &common);
        // An administrative operation is entered by its own name, refused or not.
        let asked = message.items.get(place).and_then(|item| administration::request_of(&item.request));
        if asked == Some(AdminRequest::Ready) && item_outcome.reason.is_none() {
            continue;
        }
        entries.push(match asked {
            Some(asked) => Entry { operation: administration::row(&asked).name.to_owned(), ..entry },
            None => entry,
        });
        entries.extend(
            item_outcome.within.iter().map(|item_outcome| one(request, peer, version, item_outcome, &common)),
        );
    }
    entries
}

/// The need of a message; where it is for a job, with the entry of its start, which is made only while the client is let in.
pub fn start(request: u64, peer: &Peer, (message, view): (&RequestMessage, &dyn View), need: Need) -> Need {
    let Need::Outside(mut outside) = need else { return need };
    let row = administration::row(&outside.request);
    match still_let_in(view, &peer.principal.identity) {
        Ok(expects) => outside.expects = expects,
        Err(need) => return need,
    }
    outside.start = (row.work == Work::Job).then(|| Entry {
        time: now().milliseconds(),
        request,
        principal: peer.principal.name.clone(),
        peer: peer.address.to_string(),
        version: message.version().to_string(),
        operation: row.name.to_owned(),
        objects: Vec::new(),
        outcome: "Started".to_owned(),
        note: String::new(),
    });
    Need::Outside(outside)
}

/// The entry of what one item came to.
pub fn one(request: u64, peer: &Peer, version: Version, item_outcome: &ItemOutcome, note: &str) -> Entry {
    Entry {
        time: now().milliseconds(),
        request,
        principal: peer.principal.name.clone(),
        peer: peer.address.to_string(),
        version: version.to_string(),
        operation: name_of(item_outcome.operation.name(version), item_outcome.operation.0),
        objects: objects_of(item_outcome),
        outcome: outcome_of(item_outcome, version),
        note: joined([note, &item_outcome.note]),
    }
}

/// The entries of what the server did for a client without a message; `peer` says why.
pub fn own(done: &Done, peer: &str, mut next_request: impl FnMut() -> u64) -> Vec<Entry> {
    let entry = |item_outcome: &ItemOutcome| Entry {
        time: now().milliseconds(),
        request: next_request(),
        principal: done.owner.clone(),
        peer: peer.to_owned(),
        version: done.version.clone(),
        operation: name_of(item_outcome.operation.name(V2_1), item_outcome.operation.0),
        objects: objects_of(item_outcome),
        outcome: outcome_of(item_outcome, V2_1),
        note: item_outcome.note.clone(),
    };
    done.item_outcomes.iter().map(entry).collect()
}

/// The entry of what the server did of its own accord, for no client.
pub fn of_server(request: u64, why: &str, what: &str, note: String) -> Entry {
    Entry {
        time: now().milliseconds(),
        request,
        principal: String::new(),
        peer: why.to_owned(),
        version: V2_1.to_string(),
        operation: what.to_owned(),
        objects: Vec::new(),
        outcome: name_of(ResultStatus::Success.name(V2_1), ResultStatus::Success.0),
        note,
    }
}

/// The objects that an item named, found or made. The audit is kept for good: what a client calls an object that is none takes no
/// more of it than it may.
fn objects_of(item_outcome: &ItemOutcome) -> Vec<String> {
    item_outcome.objects.iter().map(|name| text::kept(name).into_owned()).collect()
}

/// What the audit notes of a header: the kinds of its credentials, and what the client calls the
/// request.
fn notes(message: &RequestMessage) -> String {
    let header = &message.header;
    let kinds = header.authentication.iter().flat_map(|authentication| &authentication.credentials);
    let kinds: BTreeSet<_> = kinds.map(|credential| credential.credential_type().0).collect();
    let named = kinds.iter().take(KINDS_MAX).map(|kind| name_of(CredentialType(*kind).name(V2_1), *kind));
    let named = named.collect::<Vec<_>>().join(", ");
    let credentials = match kinds.len() {
        0 => String::new(),
        1..=KINDS_MAX => format!("credential: {named}"),
        more => format!("credential: {named} and {} other kinds", more - KINDS_MAX),
    };
    let correlation = header.client_correlation_value.as_deref().map(noted_briefly);
    joined([&credentials, &correlation.map(|value| format!("client: {value}")).unwrap_or_default()])
}

/// Notes that are not empty, in one.
fn joined(notes: [&str; 2]) -> String {
    let [before, after] = notes;
    let between = if before.is_empty() || after.is_empty() { "" } else { "; " };
    [before, between, after].concat()
}

/// What clients wanted in the log stands there, once it is in the audit.
pub fn tell(request: u64, peer: &Peer, notes: &[String]) {
    for note in notes {
        tracing::info!(request, principal = %peer.principal.name, "a client notes: {note}");
    }
}

/// How an item ended, as the audit says it: the Result Reason of what failed, the Result Status of all else.
pub fn outcome_of(item_outcome: &ItemOutcome, version: Version) -> String {
    match item_outcome.reason {
        Some(reason) => name_of(reason.name(version), reason.0),
        None => name_of(item_outcome.status.name(version), item_outcome.status.0),
    }
}

/// A name, or the number where there is none.
pub fn name_of(name: Option<&'static str>, number: u32) -> String {
    name.map_or_else(|| format!("0x{number:x}"), str::to_owned)
}
