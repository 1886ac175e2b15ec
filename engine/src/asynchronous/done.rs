//! Doing what was accepted: the items of a batch together, in one commit.

use super::Waiting;
use super::record::{Record, Stage};
use crate::batch::{Batch, refused};
use crate::changes::Changes;
use crate::context::Context;
use crate::draft::Draft;
use crate::fulfilled::Fulfilled;
use crate::item_outcome::ItemOutcome;
use crate::need::Need;
use crate::notifications::notification::{self, Notification};
use crate::refusal::{Cause, Interrupt, OpResult, Refusal, unless_damaged};
use crate::rights::credentials;
use crate::rights::principal::Principal;
use crate::world::{Entropy, World};
use kmip_codec::Version;
use kmip_codec::enums::BatchErrorContinuationOption;
use kmip_codec::message::{RefusedMessage, RequestItem, RequestMessage, ResponseItem, ResponseMessage};
use kmip_codec::value::DateTime;
use kmip_codec::wire::{Encoding, Reading};

/// A batch of items that were done.
#[derive(Debug)]
pub struct Done {
    /// For whom.
    pub owner: String,
    /// In which version.
    pub version: String,
    /// What they did; nothing where there was nothing to do any more.
    pub item_outcomes: Vec<ItemOutcome>,
    /// Why what the server does by itself was refused, in words.
    pub refusal: Option<String>,
    /// What to commit.
    pub changes: Changes,
    /// What to tell clients, once the changes are durable.
    pub notifications: Vec<Notification>,
}

/// Does what waits. Without effect until the changes are committed.
pub fn perform(
    world: &World<'_>,
    waiting: &Waiting,
    entropy: &mut dyn Entropy,
    fulfilled: &mut Fulfilled,
) -> Result<Done, Need> {
    fulfilled.rewind();
    let nobody = Principal::default();
    let mut draft = Draft::new(world, &nobody);
    let head = match draft.asynchronous(&waiting.place) {
        Ok(head) => head.filter(Record::waits),
        Err(Interrupt::Need(need)) => return Err(need),
        // It does not open any more, and never will.
        Err(Interrupt::Refused(_)) => None,
    };
    let Some(head) = head else {
        draft.put_waiting(waiting.submitted, &waiting.place, false).map_err(need)?;
        let (owner, version) = (String::new(), String::new());
        let (item_outcomes, notifications) = (Vec::new(), Vec::new());
        return Ok(Done {
            owner,
            version,
            item_outcomes,
            refusal: None,
            changes: draft.finish()?,
            notifications,
        });
    };
    let (owner, version) = (head.owner.clone(), head.version.clone());
    let asked = credentials::still_asked(&mut draft, &head.identity()).map_err(need)?;
    let (identity, current) = asked.unzip();
    let known = identity.and_then(|identity| world.clients.principal(&identity));
    let known = known.filter(|known| known.name == owner);
    let refusal = known.is_none().then(|| {
        let text =
            "not done: the certificate or the credential with which it was asked for is not good any more";
        Refusal::new(Cause::Certificate, text)
    });
    let nothing_more = Principal { name: owner.clone(), ..Principal::default() };
    // What it had to prove it has proven when the request was accepted.
    let principal = Principal { pending_attestation: None, ..known.unwrap_or(nothing_more) };
    let mut draft = Draft::new(world, &principal);
    if let Some(current) = &current {
        draft.relies_on(current);
    }
    let item_outcomes =
        carry_out(&mut draft, &waiting.place, refusal.as_ref(), entropy, fulfilled).map_err(need)?;
    let notifications = notification::of(&draft, &world.settings.subscriptions, Some(&owner));
    Ok(Done { owner, version, item_outcomes, refusal: None, changes: draft.finish()?, notifications })
}

/// An item that is to be done: where it is kept, and the message of it alone.
struct Item {
    place: Vec<u8>,
    record: Record,
    message: RequestMessage,
}

/// Does the accepted items of a batch on a draft of its owner's, or refuses them all, and keeps their answers. The place
/// is that of the first.
pub fn carry_out(
    draft: &mut Draft<'_>,
    place: &[u8],
    refusal: Option<&Refusal>,
    entropy: &mut dyn Entropy,
    fulfilled: &mut Fulfilled,
) -> OpResult<Vec<ItemOutcome>> {
    let Some(head) = draft.asynchronous(place)? else {
        return Err(Interrupt::Need(Need::Failed("an asynchronous request is not kept".to_owned())));
    };
    let items = submitted(draft, place, &head)?;
    let (answers, mut item_outcomes) = match refusal {
        Some(refusal) => {
            let requests =
                items.iter().flat_map(|item| item.message.items.iter().map(move |one| (item, one)));
            requests.map(|(item, request)| refused_one(refusal, item.message.version(), request)).unzip()
        }
        None => answered(draft, &head, &items, entropy, fulfilled).map_err(Interrupt::Need)?,
    };
    for (item_outcome, item) in item_outcomes.iter_mut().zip(&items) {
        item_outcome.objects.insert(0, hex::encode(item.place.get(16..).unwrap_or_default()));
    }
    let now = draft.world().now.seconds();
    draft.put_waiting(head.submitted, place, false)?;
    if head.stage == Stage::Canceled {
        let alone = Record { behind: Vec::new(), ..head };
        draft.put_asynchronous(place, Some(&alone))?;
    }
    for (item, answer) in items.into_iter().zip(answers) {
        let answer = ResponseMessage::new(item.message.version(), DateTime(now), vec![answer]).to_bytes();
        let stage = Stage::Completed(answer.into());
        let done = Record { stage, ended: now, behind: Vec::new(), ..item.record };
        draft.put_asynchronous(&item.place, Some(&done))?;
    }
    Ok(item_outcomes)
}

/// The items that were not cancelled, in order. Reads the records, so that a Cancel that is faster makes this draft fail.
fn submitted(draft: &mut Draft<'_>, place: &[u8], head: &Record) -> OpResult<Vec<Item>> {
    let mut items = Vec::new();
    for place in std::iter::once(place).chain(head.behind.iter().map(Vec::as_slice)) {
        let Some(record) = unless_damaged(draft.asynchronous(place))? else { continue };
        let Stage::Submitted(request) = &record.stage else { continue };
        let unreadable = |refused: RefusedMessage| {
            Interrupt::Need(Need::Failed(format!("a kept request: {}", refused.why)))
        };
        let reading = Reading { later_fields: true, ..Reading::default() };
        let message =
            RequestMessage::receive(Encoding::Ttlv, request.expose(), reading).map_err(unreadable)?;
        items.push(Item { place: place.to_vec(), record, message });
    }
    Ok(items)
}

/// An answer and an outcome for each item, those that the batch does not come to included.
fn answered(
    draft: &mut Draft<'_>,
    head: &Record,
    items: &[Item],
    entropy: &mut dyn Entropy,
    fulfilled: &mut Fulfilled,
) -> Result<(Vec<ResponseItem>, Vec<ItemOutcome>), Need> {
    let Some(first) = items.first() else { return Ok(Default::default()) };
    let requests = items.iter().flat_map(|item| item.message.items.iter().cloned());
    let mut batch = RequestMessage::new(first.message.version(), requests.collect());
    batch.header.batch_error_continuation_option =
        Some(BatchErrorContinuationOption(head.on_error)).filter(|option| option.0 != 0);
    let cx = Context::new(draft, batch.version(), entropy, fulfilled);
    let cx =
        Context { placeholder: head.placeholder.clone(), batch_results: head.batch_results.clone(), ..cx };
    let (mut answers, mut item_outcomes) = Batch::alone(&batch).run(cx)?;
    for request in batch.items.iter().skip(answers.len()) {
        let (answer, item_outcome) = not_reached(batch.version(), request);
        answers.push(answer);
        item_outcomes.push(item_outcome);
    }
    Ok((answers, item_outcomes))
}

/// An item behind one that failed: a synchronous batch has no answer for it, but who polls must be told.
fn not_reached(version: Version, request: &RequestItem) -> (ResponseItem, ItemOutcome) {
    let text = "not done: an earlier item of its batch failed, and the batch ended there";
    refused_one(&Refusal::new(Cause::NotReached, text), version, request)
}

/// An item that is refused without being tried.
fn refused_one(refusal: &Refusal, version: Version, request: &RequestItem) -> (ResponseItem, ItemOutcome) {
    let operation = request.request.operation();
    let mut answer = refused(refusal, version, Some(operation));
    answer.operation = Some(operation);
    answer.unique_batch_item_id.clone_from(&request.unique_batch_item_id);
    let item_outcome =
        ItemOutcome::refused(operation, Vec::new(), refusal.cause, answer.result_reason.unwrap_or_default());
    (answer, item_outcome)
}

fn need(halt: Interrupt) -> Need {
    match halt {
        Interrupt::Need(need) => need,
        Interrupt::Refused(refusal) => Need::Failed(refusal.message.into_owned()),
    }
}
