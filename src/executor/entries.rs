//! The audit entries of a message, and what its client wants in the log.

use crate::audit::{Entries, Entry, Fields};
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
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

/// How many kinds of credentials are noted: each entry of a message has them.
const KINDS_MAX: usize = 8;

/// What all entries of one message have in common; its texts stand in the message, the peer, or on the stack.
struct Asked<'m> {
    time: u64,
    request: u64,
    principal: &'m str,
    peer: &'m str,
    version: &'m str,
    /// By which version operations and outcomes are called.
    names: Version,
}

impl Asked<'_> {
    /// Enters what one item came to: under this name, if it has one of its own, and with this note before its own.
    fn enter(&self, entries: &mut Entries, item_outcome: &ItemOutcome, name: Option<&str>, note: &str) {
        let ItemOutcome { operation, objects, .. } = item_outcome;
        let name = name.map_or_else(|| name_of(operation.name(self.names), operation.0), Cow::Borrowed);
        let (outcome, note) = (outcome_of(item_outcome, self.names), joined([note, &item_outcome.note]));
        let texts = [self.principal, self.peer, self.version, &name, &outcome, &note];
        // The audit is kept for good: what a client calls an object that is none takes no more of it than it may.
        let objects = objects.iter().map(|name| text::kept(name));
        entries.add(Fields { time: self.time, request: self.request, texts }, objects);
    }
}

/// About how many bytes an entry takes, with a deferred row behind it.
const ENTRY_BYTES: usize = 224;

/// An entry an item, and one for each request that an item carried out; but a Ping that was answered leaves none, as KMIP
/// 2.1 (6.1.36) allows, nor does the question whether the server is ready: it would fill the audit, and hear nothing while
/// the audit takes no entries.
pub fn of(request: u64, peer: &Peer, message: &RequestMessage, outcome: &Outcome) -> Entries {
    let ticket = outcome.acting_as.as_ref().map(|giver| format!("ticket of {giver}"));
    let notes = notes(message);
    let common = joined([&notes, ticket.as_deref().unwrap_or_default()]);
    let is_entered = |item_outcome: &ItemOutcome| {
        item_outcome.operation != Operation::Ping || item_outcome.status != ResultStatus::Success
    };
    let count = outcome.item_outcomes.iter().map(|item_outcome| 1 + item_outcome.within.len()).sum::<usize>();
    let mut entries = Entries::with_capacity(count * ENTRY_BYTES);
    as_asked(request, peer, message.version(), &mut |asked| {
        let items = outcome.item_outcomes.iter().enumerate();
        for (place, item_outcome) in items.filter(|(_, item_outcome)| is_entered(item_outcome)) {
            // An administrative operation is entered by its own name, refused or not.
            let admin = message.items.get(place).and_then(|item| administration::request_of(&item.request));
            if admin == Some(AdminRequest::Ready) && item_outcome.reason.is_none() {
                continue;
            }
            let name = admin.map(|request| administration::row(&request).name);
            asked.enter(&mut entries, item_outcome, name, &common);
            item_outcome.within.iter().for_each(|within| asked.enter(&mut entries, within, None, &common));
        }
    });
    entries
}

/// Gives what the entries of a message from this peer have in common.
fn as_asked(request: u64, peer: &Peer, version: Version, enter: &mut dyn FnMut(&Asked<'_>)) {
    let (address, number) = (Text::of(&peer.address), Text::of(&version));
    let time = now().milliseconds();
    let (principal, peer) = (&peer.principal.name, address.as_str());
    enter(&Asked { time, request, principal, peer, version: number.as_str(), names: version });
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
pub fn one(request: u64, peer: &Peer, version: Version, item_outcome: &ItemOutcome) -> Entries {
    let mut entries = Entries::default();
    as_asked(request, peer, version, &mut |asked| asked.enter(&mut entries, item_outcome, None, ""));
    entries
}

/// The entries of what the server did for a client without a message; `peer` says why.
pub fn own(done: &Done, peer: &str, mut next_request: impl FnMut() -> u64) -> Entries {
    let (time, names) = (now().milliseconds(), V2_1);
    let (principal, version) = (done.owner.as_str(), done.version.as_str());
    let mut entries = Entries::default();
    for item_outcome in &done.item_outcomes {
        let asked = Asked { time, request: next_request(), principal, peer, version, names };
        asked.enter(&mut entries, item_outcome, None, "");
    }
    entries
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
        outcome: name_of(ResultStatus::Success.name(V2_1), ResultStatus::Success.0).into_owned(),
        note,
    }
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
    let correlation = correlation.map(|value| format!("client: {value}")).unwrap_or_default();
    joined([&credentials, &correlation]).into_owned()
}

/// Notes that are not empty, in one.
fn joined<'n>(notes: [&'n str; 2]) -> Cow<'n, str> {
    match notes {
        ["", one] | [one, ""] => one.into(),
        [before, after] => [before, "; ", after].concat().into(),
    }
}

/// What clients wanted in the log stands there, once it is in the audit.
pub fn tell(request: u64, peer: &Peer, notes: &[String]) {
    for note in notes {
        tracing::info!(request, principal = %peer.principal.name, "a client notes: {note}");
    }
}

/// How an item ended, as the audit says it: the Result Reason of what failed, the Result Status of all else.
fn outcome_of(item_outcome: &ItemOutcome, version: Version) -> Cow<'static, str> {
    match item_outcome.reason {
        Some(reason) => name_of(reason.name(version), reason.0),
        None => name_of(item_outcome.status.name(version), item_outcome.status.0),
    }
}

/// A name, or the number where there is none.
fn name_of(name: Option<&'static str>, number: u32) -> Cow<'static, str> {
    name.map_or_else(|| format!("0x{number:x}").into(), Cow::Borrowed)
}

/// A short text on the stack: an address or a version.
struct Text {
    bytes: [u8; TEXT_BYTES],
    length: usize,
}

/// The address of a peer takes at most 58 bytes: IPv6, scope and port.
const TEXT_BYTES: usize = 64;

impl Text {
    fn of(shown: &impl fmt::Display) -> Self {
        let mut text = Self { bytes: [0; TEXT_BYTES], length: 0 };
        // What does not fit is left out.
        let _ = write!(text, "{shown}");
        text
    }

    fn as_str(&self) -> &str {
        self.bytes.get(..self.length).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let end = self.length + part.len();
        self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(part.as_bytes());
        self.length = end;
        Ok(())
    }
}
