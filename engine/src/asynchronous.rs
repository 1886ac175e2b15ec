//! Asynchronous requests (KMIP 2.1, 9.1 and 9.2): accepted now, done later, polled for.
//!
//! An item that is accepted is kept, sealed, in the commit of its batch, and stands in a queue. The shell takes it from
//! there, after a restart too, and lets the engine do it: what it changes, its answer and its audit entry are one
//! commit. Until then it can be cancelled. It is done as the client *is then*, with the rights of then.
//!
//! The items of one batch wait as one and are done as one, in their order: what an item gives those behind it, and what
//! its failure does to them, is as if they had come synchronously.

pub mod done;
pub mod record;

use crate::administration;
use crate::asynchronous::record::{Record, Stage};
use crate::changes::Changes;
use crate::context::Context;
use crate::keyspace;
use crate::need::Need;
use crate::refusal::{Cause, Interrupt, OpResult, refuse, unless_damaged};
use crate::world::View;
use bytes::Bytes;
use kmip_codec::Version;
use kmip_codec::enums::{AsynchronousIndicator, BatchErrorContinuationOption, ResultStatus};
use kmip_codec::message::{RequestItem, RequestMessage, ResponseItem, ResponseMessage};
use kmip_codec::operations::Operation;
use std::ops::ControlFlow;

/// Operations whose answer cannot come later: those on asynchronous requests themselves, and those that only make
/// sense now.
const NEVER: &[Operation] = &[
    Operation::Poll,
    Operation::Cancel,
    Operation::Process,
    Operation::QueryAsynchronousRequests,
    Operation::DiscoverVersions,
    Operation::SetEndpointRole,
    Operation::Ping,
    Operation::Interop,
    Operation::Login,
    Operation::DelegatedLogin,
    Operation::Logout,
    Operation::PKCS_11,
    Operation::ReProvision,
    administration::OPERATION,
];

/// What the server does later where the client leaves it the choice: searches, the archive, and making key pairs.
const LATER: &[Operation] = &[
    Operation::Locate,
    Operation::Archive,
    Operation::Recover,
    Operation::CreateKeyPair,
    Operation::ReKeyKeyPair,
];

/// Whether an item is to be done later. Where the server has the choice only the last of a batch is: what stands behind
/// another may need its result.
pub fn is_later(
    cx: &mut Context<'_, '_>,
    on: AsynchronousIndicator,
    operation: Operation,
    last: bool,
) -> OpResult<bool> {
    let has_ticket = cx.draft.grant().is_some();
    match on {
        AsynchronousIndicator::Mandatory if NEVER.contains(&operation) => refuse(
            Cause::FeatureNotSupported,
            "this operation cannot be answered later: ask for it synchronously",
        ),
        AsynchronousIndicator::Mandatory if has_ticket => refuse(
            Cause::FeatureNotSupported,
            "what a ticket allows is done at once: ask for it synchronously",
        ),
        AsynchronousIndicator::Mandatory => Ok(true),
        AsynchronousIndicator::Optional => {
            Ok(cx.settings().features.asynchronous && last && !has_ticket && LATER.contains(&operation))
        }
        _ => Ok(false),
    }
}

/// Accepts an item: keeps it with what its batch has given so far, and tells what to poll with. Those behind the first
/// wait in its place.
pub fn accept(
    cx: &mut Context<'_, '_>,
    item: &RequestItem,
    on_error: BatchErrorContinuationOption,
) -> OpResult<ResponseItem> {
    make_room(cx)?;
    let mut correlation = [0; 16];
    cx.entropy.fill(&mut correlation).map_err(Interrupt::Need)?;
    let mut message = RequestMessage::new(cx.version, vec![item.clone()]);
    message.later_fields = true;
    let record = Record {
        owner: cx.principal().name.clone(),
        fingerprint: String::new(),
        identity: Some(cx.principal().identity.clone()),
        operation: item.request.operation().0,
        version: cx.version.to_string(),
        submitted: cx.draft.world().now.nanoseconds,
        placeholder: cx.placeholder.clone(),
        batch_results: cx.batch_results.clone(),
        head: cx.head.clone(),
        behind: Vec::new(),
        on_error: on_error.0,
        ended: 0,
        stage: Stage::Submitted(message.to_bytes().into()),
    };
    let place = keyspace::place(&record.owner, &correlation);
    cx.draft.put_asynchronous(&place, Some(&record))?;
    match cx.head.clone() {
        None => cx.draft.put_waiting(record.submitted, &place, true)?,
        Some(head) => stand_behind(cx, &head, place.clone())?,
    }
    cx.head.get_or_insert(place);
    cx.touched.push(hex::encode(correlation));
    cx.draft.note_made(&hex::encode(correlation));
    cx.draft.check_room()?;
    Ok(pending(&correlation))
}

fn stand_behind(cx: &mut Context<'_, '_>, head: &[u8], place: Vec<u8>) -> OpResult<()> {
    let Some(mut record) = cx.draft.asynchronous(head)? else {
        return refuse(Cause::Internal, "the first asynchronous item of a batch is not kept");
    };
    record.behind.push(place);
    cx.draft.put_asynchronous(head, Some(&record))
}

/// The answer for an item that is not done yet.
pub fn pending(correlation: &[u8]) -> ResponseItem {
    ResponseItem {
        result_status: ResultStatus::OperationPending,
        asynchronous_correlation_value: Some(Bytes::copy_from_slice(correlation)),
        ..ResponseItem::default()
    }
}

/// The request of this client under a correlation value, unless its time is over.
pub fn find(cx: &mut Context<'_, '_>, correlation: &[u8]) -> OpResult<Option<Record>> {
    let place = keyspace::place(&cx.principal().name, correlation);
    let (now, keep) = (cx.now(), cx.settings().asynchronous_answer_seconds);
    Ok(cx.draft.asynchronous(&place)?.filter(|record| !record.is_over(now, keep)))
}

/// A client has only so many requests. They are counted once for each batch: each must be opened for it.
fn make_room(cx: &mut Context<'_, '_>) -> OpResult<()> {
    let open = match cx.open_requests {
        Some(open) => open,
        None => open_requests(cx)?,
    };
    let most = cx.settings().asynchronous_max;
    if open < most {
        cx.open_requests = Some(open + 1);
        return Ok(());
    }
    cx.open_requests = Some(open);
    let text = format!(
        "{open} asynchronous requests of this client wait to be done or for a Poll, and it may have {most} \
         (asynchronous.requests in the server's configuration): poll for some, or cancel them"
    );
    refuse(Cause::Limit, text)
}

/// How many are open. Drops what was answered long ago.
fn open_requests(cx: &mut Context<'_, '_>) -> OpResult<usize> {
    let (now, keep) = (cx.now(), cx.settings().asynchronous_answer_seconds);
    let mut left = 0;
    for place in cx.draft.asynchronous_places()? {
        let Some(record) = unless_damaged(cx.draft.asynchronous(&place))? else { continue };
        match Some(record) {
            Some(record) if !record.is_over(now, keep) => left += 1,
            _ => cx.draft.put_asynchronous(&place, None)?,
        }
    }
    Ok(left)
}

/// An accepted item that waits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Waiting {
    /// When it was accepted, in nanoseconds since 1970.
    pub submitted: u64,
    place: Vec<u8>,
}

impl Waiting {
    fn of(key: &[u8]) -> Option<Self> {
        keyspace::waiting_parts(key).map(|(submitted, place)| Self { submitted, place })
    }

    /// Whose it is, in short.
    pub fn client(&self) -> Vec<u8> {
        keyspace::place_owner(&self.place).to_vec()
    }
}

/// What waits, the oldest first, at most so many.
pub fn waiting(view: &dyn View, most: usize) -> Result<Vec<Waiting>, Need> {
    let mut found = Vec::new();
    view.scan(&keyspace::all_waiting(), &mut |key| {
        found.extend(Waiting::of(key));
        if found.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(found)
}

/// What these changes let wait.
pub fn accepted(changes: &Changes) -> Vec<Waiting> {
    let prefix = keyspace::all_waiting();
    let new = changes.writes.iter().filter(|(key, value)| value.is_some() && key.starts_with(&prefix));
    new.filter_map(|(key, _)| Waiting::of(key)).collect()
}

/// The item of a kept answer, if it was asked for in this version.
pub fn answer_in(version: Version, kept: &[u8]) -> OpResult<ResponseItem> {
    let message = ResponseMessage::from_bytes(kept).ok().filter(|message| message.version() == version);
    match message.and_then(|mut message| message.items.pop()) {
        Some(answer) => Ok(answer),
        None => refuse(Cause::InvalidField, "the answer waits for a Poll in the version of its request"),
    }
}
