//! Doing what was accepted: the items of a batch together, in one commit.

use super::{Record, Stage, Waiting};
use crate::engine::batch::{Batch, Deed, refused};
use crate::engine::context::Context;
use crate::engine::draft::{Changes, Draft};
use crate::engine::need::Need;
use crate::engine::refusal::{Cause, Halt, Refusal, Step, unless_damaged};
use crate::engine::rights::credentials;
use crate::engine::rights::policy::Principal;
use crate::engine::supplies::Supplies;
use crate::engine::telling::notice::{self, Notice};
use crate::engine::world::{Entropy, World};
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
    pub deeds: Vec<Deed>,
    /// Why what the server does by itself was refused, in words.
    pub refusal: Option<String>,
    /// What to commit.
    pub changes: Changes,
    /// What to tell clients, once the changes are durable.
    pub notices: Vec<Notice>,
}

/// Does what waits. Without effect until the changes are committed.
pub fn perform(
    world: &World<'_>,
    waiting: &Waiting,
    entropy: &mut dyn Entropy,
    supplies: &mut Supplies,
) -> Result<Done, Need> {
    supplies.rewind();
    let nobody = Principal::default();
    let mut draft = Draft::new(world, &nobody);
    let head = match draft.asynchronous(&waiting.place) {
        Ok(head) => head.filter(Record::waits),
        Err(Halt::Need(need)) => return Err(need),
        // It does not open any more, and never will.
        Err(Halt::Refused(_)) => None,
    };
    let Some(head) = head else {
        draft.put_waiting(waiting.submitted, &waiting.place, false).map_err(need)?;
        let (owner, version) = (String::new(), String::new());
        let (deeds, notices) = (Vec::new(), Vec::new());
        return Ok(Done { owner, version, deeds, refusal: None, changes: draft.finish()?, notices });
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
    let principal = Principal { unproven: None, ..known.unwrap_or(nothing_more) };
    let mut draft = Draft::new(world, &principal);
    if let Some(current) = &current {
        draft.relies_on(current);
    }
    let deeds = carry_out(&mut draft, &waiting.place, refusal.as_ref(), entropy, supplies).map_err(need)?;
    let notices = notice::of(&draft, &world.settings.subscriptions, Some(&owner));
    Ok(Done { owner, version, deeds, refusal: None, changes: draft.finish()?, notices })
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
    supplies: &mut Supplies,
) -> Step<Vec<Deed>> {
    let Some(head) = draft.asynchronous(place)? else {
        return Err(Halt::Need(Need::Failed("an asynchronous request is not kept".to_owned())));
    };
    let items = submitted(draft, place, &head)?;
    let (answers, mut deeds) = match refusal {
        Some(refusal) => {
            let requests =
                items.iter().flat_map(|item| item.message.items.iter().map(move |one| (item, one)));
            requests.map(|(item, request)| refused_one(refusal, item.message.version(), request)).unzip()
        }
        None => answered(draft, &head, &items, entropy, supplies).map_err(Halt::Need)?,
    };
    for (deed, item) in deeds.iter_mut().zip(&items) {
        deed.objects.insert(0, hex::encode(item.place.get(16..).unwrap_or_default()));
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
    Ok(deeds)
}

/// The items that were not cancelled, in order. Reads the records, so that a Cancel that is faster makes this draft fail.
fn submitted(draft: &mut Draft<'_>, place: &[u8], head: &Record) -> Step<Vec<Item>> {
    let mut items = Vec::new();
    for place in std::iter::once(place).chain(head.behind.iter().map(Vec::as_slice)) {
        let Some(record) = unless_damaged(draft.asynchronous(place))? else { continue };
        let Stage::Submitted(request) = &record.stage else { continue };
        let unreadable =
            |refused: RefusedMessage| Halt::Need(Need::Failed(format!("a kept request: {}", refused.why)));
        let reading = Reading { later_fields: true, ..Reading::default() };
        let message =
            RequestMessage::receive(Encoding::Ttlv, request.expose(), reading).map_err(unreadable)?;
        items.push(Item { place: place.to_vec(), record, message });
    }
    Ok(items)
}

/// An answer and a deed for each item, those that the batch does not come to included.
fn answered(
    draft: &mut Draft<'_>,
    head: &Record,
    items: &[Item],
    entropy: &mut dyn Entropy,
    supplies: &mut Supplies,
) -> Result<(Vec<ResponseItem>, Vec<Deed>), Need> {
    let Some(first) = items.first() else { return Ok(Default::default()) };
    let requests = items.iter().flat_map(|item| item.message.items.iter().cloned());
    let mut batch = RequestMessage::new(first.message.version(), requests.collect());
    batch.header.batch_error_continuation_option =
        Some(BatchErrorContinuationOption(head.on_error)).filter(|option| option.0 != 0);
    let cx = Context::new(draft, batch.version(), entropy, supplies);
    let cx = Context { placeholder: head.placeholder.clone(), given: head.given.clone(), ..cx };
    let (mut answers, mut deeds) = Batch::alone(&batch).run(cx)?;
    for request in batch.items.iter().skip(answers.len()) {
        let (answer, deed) = not_reached(batch.version(), request);
        answers.push(answer);
        deeds.push(deed);
    }
    Ok((answers, deeds))
}

/// An item behind one that failed: a synchronous batch has no answer for it, but who polls must be told.
fn not_reached(version: Version, request: &RequestItem) -> (ResponseItem, Deed) {
    let text = "not done: an earlier item of its batch failed, and the batch ended there";
    refused_one(&Refusal::new(Cause::NotReached, text), version, request)
}

/// An item that is refused without being tried.
fn refused_one(refusal: &Refusal, version: Version, request: &RequestItem) -> (ResponseItem, Deed) {
    let operation = request.request.operation();
    let mut answer = refused(refusal, version, Some(operation));
    answer.operation = Some(operation);
    answer.unique_batch_item_id.clone_from(&request.unique_batch_item_id);
    let deed = Deed::refused(operation, Vec::new(), refusal.cause, answer.result_reason.unwrap_or_default());
    (answer, deed)
}

fn need(halt: Halt) -> Need {
    match halt {
        Halt::Need(need) => need,
        Halt::Refused(refusal) => Need::Failed(refusal.message.into_owned()),
    }
}
