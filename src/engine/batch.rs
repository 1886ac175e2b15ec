//! One message: its items in order on one draft, and the answer.
//!
//! Decide, then persist, then answer: this module only decides. What it returns has no effect until the shell has
//! committed the changes together with the audit entries.

use crate::engine::asynchronous;
use crate::engine::context::Context;
use crate::engine::dispatch::dispatch;
use crate::engine::draft::{Changes, Draft};
use crate::engine::given::{SETS_PLACEHOLDER, given};
use crate::engine::need::{Need, Supplies};
use crate::engine::refusal::{Cause, Halt, Refusal, Step};
use crate::engine::rights::credentials;
use crate::engine::rights::policy::Principal;
use crate::engine::rights::tickets::{self, Admitted};
use crate::engine::statements::about::Features;
use crate::engine::telling::notice::{self, Notice};
use crate::engine::world::{Entropy, World};
use kmip_codec::Version;
use kmip_codec::enums::{AsynchronousIndicator, BatchErrorContinuationOption, ResultReason, ResultStatus};
use kmip_codec::message::{RequestItem, RequestMessage, ResponseItem, ResponseMessage};
use kmip_codec::operations::Operation;
use kmip_codec::value::DateTime;
use std::collections::BTreeSet;

/// What an item did, for the audit.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Deed {
    /// The operation that was asked for.
    pub operation: Operation,
    /// The objects that it named, found or made.
    pub objects: Vec<String>,
    /// Why it failed; `None` for success.
    pub reason: Option<ResultReason>,
    /// The same by our name; none for an item that was undone because another failed.
    pub cause: Option<Cause>,
    /// Whether it is accepted to be done later.
    pub pending: bool,
    /// What the client wants noted, escaped and bounded (see [`notes`](crate::engine::telling::notes)); mostly nothing.
    pub note: String,
}

/// What a message comes to.
#[derive(Debug)]
pub struct Outcome {
    /// What to answer, once the changes are durable.
    pub response: ResponseMessage,
    /// What to commit.
    pub changes: Changes,
    /// What to enter in the audit, an entry an item.
    pub deeds: Vec<Deed>,
    /// The client that the message acted as, where it showed the ticket of another.
    pub acting_as: Option<String>,
    /// What to tell clients, once the changes are durable.
    pub notices: Vec<Notice>,
}

/// Runs a message to its end, or to the first thing that it needs from outside.
pub fn run(
    world: &World<'_>,
    principal: &Principal,
    message: &RequestMessage,
    entropy: &mut dyn Entropy,
    supplies: &mut Supplies,
) -> Result<Outcome, Need> {
    supplies.rewind();
    let most = world.settings.batch_items_max;
    if message.items.len() > most {
        let refusal = Refusal::new(Cause::Limit, format!("a batch has at most {most} items here"));
        return Ok(refuse_whole(world.now.seconds(), message, &refusal));
    }
    match run_admitted(world, principal, message, entropy, supplies) {
        Ok(outcome) => Ok(outcome),
        Err(Halt::Need(need)) => Err(need),
        Err(Halt::Refused(refusal)) => Ok(refuse_whole(world.now.seconds(), message, &refusal)),
    }
}

/// Runs the items as whom the header says, within what its ticket allows.
fn run_admitted(
    world: &World<'_>,
    principal: &Principal,
    message: &RequestMessage,
    entropy: &mut dyn Entropy,
    supplies: &mut Supplies,
) -> Step<Outcome> {
    check_item_ids(message)?;
    let standing = credentials::admit(world, principal)?;
    // A certificate that was replaced fetches its successor as itself, whatever the message shows beside it.
    let ticket = match standing.leave {
        None => tickets::admit(world, principal, message)?,
        Some(_) => None,
    };
    let acting = ticket.as_ref().map_or(principal, |ticket| &ticket.principal);
    let grant = standing.leave.clone().or_else(|| ticket.as_ref().map(Admitted::grant));
    let mut draft = Draft::granted(world, acting, grant);
    standing.settle(&mut draft)?;
    let cx = Context::new(&mut draft, message.version(), entropy, supplies);
    let (items, deeds) = Batch::new(message).run(cx).map_err(Halt::Need)?;
    if let Some(ticket) = &ticket {
        ticket.settle(&mut draft)?;
    }
    let mut response = ResponseMessage::new(message.version(), DateTime(world.now.seconds()), items);
    response.header.client_correlation_value.clone_from(&message.header.client_correlation_value);
    if let Some(unproven) = acting
        .unproven
        .as_ref()
        .filter(|unproven| deeds.iter().any(|deed| deed.cause == Some(unproven.cause)))
    {
        unproven.ask(&mut response);
    }
    let acting_as = (acting.name != principal.name).then(|| acting.name.clone());
    let notices = notice::of(&draft, &world.settings.subscriptions, Some(&principal.name));
    Ok(Outcome { response, changes: draft.finish().map_err(Halt::Need)?, deeds, acting_as, notices })
}

/// Refuses a whole message, in one item.
pub fn refuse_whole(now: i64, message: &RequestMessage, refusal: &Refusal) -> Outcome {
    let version = message.version();
    let first = message.items.first();
    let operation = first.map(|item| item.request.operation());
    let mut item = refused(refusal, version, operation);
    item.operation = operation;
    item.unique_batch_item_id = first.and_then(|item| item.unique_batch_item_id.clone());
    let deeds = message.items.iter().map(|item| Deed {
        operation: item.request.operation(),
        objects: Vec::new(),
        reason: Some(refusal.cause.reason(version, Some(item.request.operation()))),
        cause: Some(refusal.cause),
        pending: false,
        note: String::new(),
    });
    Outcome {
        deeds: deeds.collect(),
        response: ResponseMessage::new(version, DateTime(now), vec![item]),
        changes: Changes::default(),
        acting_as: None,
        notices: Vec::new(),
    }
}

/// The options of a batch.
pub struct Batch<'m> {
    message: &'m RequestMessage,
    version: Version,
    on_error: BatchErrorContinuationOption,
    asynchronous: AsynchronousIndicator,
}

impl<'m> Batch<'m> {
    fn new(message: &'m RequestMessage) -> Self {
        let header = &message.header;
        Self {
            message,
            version: message.version(),
            on_error: header.batch_error_continuation_option.unwrap_or(BatchErrorContinuationOption::Stop),
            asynchronous: header.asynchronous_indicator.map_or(AsynchronousIndicator::Prohibited, |a| a.0),
        }
    }

    /// A batch that is done now, whatever its header says.
    pub fn alone(message: &'m RequestMessage) -> Self {
        Self { asynchronous: AsynchronousIndicator::Prohibited, ..Self::new(message) }
    }

    /// Runs the items in order.
    pub fn run(&self, mut cx: Context<'_, '_>) -> Result<(Vec<ResponseItem>, Vec<Deed>), Need> {
        let start = cx.draft.savepoint();
        cx.undoes = self.on_error == BatchErrorContinuationOption::Undo;
        let mut items = Vec::new();
        let mut deeds: Vec<Deed> = Vec::new();
        let count = self.message.items.len();
        for (place, item) in self.message.items.iter().enumerate() {
            let (answer, deed) = self.item(item, place + 1 == count, &mut cx)?;
            let failed = answer.result_status == ResultStatus::OperationFailed;
            items.push(answer);
            deeds.push(deed);
            if !failed {
                continue;
            }
            match self.on_error {
                BatchErrorContinuationOption::Continue => {}
                BatchErrorContinuationOption::Undo => {
                    cx.draft.roll_back(start);
                    undo(&mut items, &mut deeds);
                    break;
                }
                _ => break,
            }
        }
        Ok((items, deeds))
    }

    /// One item: its answer and what to audit. A refusal takes back what the item itself had changed.
    fn item(
        &self,
        item: &RequestItem,
        last: bool,
        cx: &mut Context<'_, '_>,
    ) -> Result<(ResponseItem, Deed), Need> {
        let (savepoint, placeholder) = (cx.draft.savepoint(), cx.placeholder.clone());
        cx.touched.clear();
        cx.note.clear();
        cx.instead = None;
        let operation = item.request.operation();
        let result = self.perform(item, last, cx);
        let (mut answer, cause) = match result {
            Ok(answer) => (answer, None),
            Err(Halt::Need(need)) => return Err(need),
            Err(Halt::Refused(refusal)) => {
                cx.draft.roll_back(savepoint);
                // What was to come from the item must not be taken for what came before it.
                let empties = SETS_PLACEHOLDER.contains(&operation) || operation == Operation::Check;
                cx.placeholder = placeholder.filter(|_| !empties);
                let answer = refused(&refusal, self.version, Some(operation));
                (answer, Some(refusal.cause))
            }
        };
        cx.given.push(given(operation, answer.response.as_ref(), cx));
        answer.operation = answer.operation.or(Some(operation));
        answer.unique_batch_item_id.clone_from(&item.unique_batch_item_id);
        let (objects, note) = (std::mem::take(&mut cx.touched), std::mem::take(&mut cx.note));
        let pending = operation != Operation::Poll && answer.result_status == ResultStatus::OperationPending;
        let reason = cause.and(answer.result_reason);
        let deed = Deed { operation, objects, reason, cause, pending, note };
        Ok((answer, deed))
    }

    fn perform(&self, item: &RequestItem, last: bool, cx: &mut Context<'_, '_>) -> Step<ResponseItem> {
        if let Some(extension) = item.extensions.iter().find(|extension| extension.criticality_indicator) {
            let message = format!(
                "the critical message extension of {:?} is not known",
                extension.vendor_identification
            );
            return Err(Refusal::new(Cause::FeatureNotSupported, message).into());
        }
        self.is_served_so(cx.settings().features)?;
        let operation = item.request.operation();
        cx.principal().may_now(operation)?;
        if asynchronous::is_later(cx, self.asynchronous, operation, last)? {
            return asynchronous::accept(cx, item, self.on_error);
        }
        if let Some(grant) = cx.draft.grant() {
            grant.begin(operation)?;
        }
        let response = dispatch(item.request.clone(), cx)?;
        if let Some(grant) = cx.draft.grant() {
            grant.end()?;
        }
        let answer = ResponseItem {
            result_status: ResultStatus::Success,
            response: Some(response),
            ..ResponseItem::default()
        };
        Ok(cx.instead.take().unwrap_or(answer))
    }

    /// Refuses what the header asks for and the configuration has switched off.
    fn is_served_so(&self, features: Features) -> Result<(), Refusal> {
        let what = match (self.on_error, self.asynchronous) {
            (BatchErrorContinuationOption::Undo, _) if !features.batch_undo => "undo batches",
            (BatchErrorContinuationOption::Continue, _) if !features.batch_continue => {
                "go on after a failed item"
            }
            (_, AsynchronousIndicator::Mandatory) if !features.asynchronous => "answer asynchronously",
            _ => return Ok(()),
        };
        let text = format!("this server is configured not to {what}; Query Capabilities tells");
        Err(Refusal::new(Cause::FeatureNotSupported, text))
    }
}

/// The answer of a refused item.
pub fn refused(refusal: &Refusal, version: Version, operation: Option<Operation>) -> ResponseItem {
    ResponseItem {
        result_status: ResultStatus::OperationFailed,
        result_reason: Some(refusal.cause.reason(version, operation)),
        result_message: Some(refusal.message.clone().into_owned()),
        ..ResponseItem::default()
    }
}

/// What had succeeded before the failure is undone and says so; the failed item, the last, keeps its answer.
fn undo(items: &mut [ResponseItem], deeds: &mut [Deed]) {
    if let Some((_, before)) = items.split_last_mut() {
        for item in before {
            item.result_status = ResultStatus::OperationUndone;
            item.result_message = Some("undone because a later item of the batch failed".to_owned());
            item.asynchronous_correlation_value = None;
        }
    }
    if let Some((_, before)) = deeds.split_last_mut() {
        before.iter_mut().for_each(|deed| deed.reason = Some(ResultReason::GeneralFailure));
    }
}

/// Refuses items that could not be told apart in the answer (KMIP 2.1, 9.21).
fn check_item_ids(message: &RequestMessage) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    let mut ids = message.items.iter().filter_map(|item| item.unique_batch_item_id.as_ref());
    if ids.all(|id| seen.insert(id)) {
        return Ok(());
    }
    Err(Refusal::new(Cause::InvalidField, "two items of the batch have the same Unique Batch Item ID"))
}
