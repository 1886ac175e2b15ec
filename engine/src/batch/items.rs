//! The items of a batch, in order: what each comes to (its answer and its audit entry are always made together, so that they say the
//! same), and what a failure does to those before and behind it.

use crate::asynchronous;
use crate::batch_results::SETS_PLACEHOLDER;
use crate::context::Context;
use crate::dispatch::dispatch;
use crate::draft::{Draft, Undone};
use crate::item_outcome::ItemOutcome;
use crate::need::Need;
use crate::query::server_information::Features;
use crate::refusal::{Cause, Interrupt, OpResult, Refusal, refuse};
use crate::work;
use kmip_codec::Version;
use kmip_codec::enums::{AsynchronousIndicator, BatchErrorContinuationOption, ResultStatus};
use kmip_codec::message::{RequestItem, RequestMessage, ResponseItem};
use kmip_codec::operations::{Operation, Request, Response};
use kmip_codec::payloads::*;
use kmip_codec::value::UniqueIdentifier;
use kmip_codec::version::V2_0;

/// The options of a batch.
pub struct Batch<'m> {
    message: &'m RequestMessage,
    version: Version,
    on_error: BatchErrorContinuationOption,
    asynchronous: AsynchronousIndicator,
}

impl<'m> Batch<'m> {
    pub(super) fn new(message: &'m RequestMessage) -> Self {
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
    pub fn run(&self, mut cx: Context<'_, '_>) -> Result<(Vec<ResponseItem>, Vec<ItemOutcome>), Need> {
        cx.undoes = self.on_error == BatchErrorContinuationOption::Undo;
        let mut start = cx.undoes.then(|| cx.draft.savepoint());
        let mut done: Vec<Answered> = Vec::new();
        let count = self.message.items.len();
        for (place, item) in self.message.items.iter().enumerate() {
            cx.fulfilled.check_asked()?;
            let Some(answered) = self.item(item, place + 1 == count, &mut cx)? else { continue };
            if cx.fulfilled.is_lacking() {
                // Whether it was to fail is not known yet: nothing of this run is kept.
                continue;
            }
            if let Some(start) = start.take_if(|_| answered.has_failed()) {
                let undone = cx.draft.undo(start);
                let taken_back = done.into_iter().map(|before| before.undone(cx.draft, self.version));
                done = taken_back.collect::<Result<_, _>>()?;
                done.push(answered);
                done.iter_mut().for_each(|one| one.strike(&undone));
                break;
            }
            let goes_on = !answered.has_failed() || self.on_error == BatchErrorContinuationOption::Continue;
            done.push(answered);
            if !goes_on {
                break;
            }
        }
        cx.fulfilled.met()?;
        if let Some(start) = start {
            cx.draft.keep(start);
        }
        Ok(done.into_iter().map(Answered::into_parts).unzip())
    }

    /// One item. A refusal takes back what the item itself had changed. Of one that cannot be decided before slow work is done
    /// there is no answer: what it lacks is noted, and the whole batch runs again.
    fn item(
        &self,
        item: &RequestItem,
        last: bool,
        cx: &mut Context<'_, '_>,
    ) -> Result<Option<Answered>, Need> {
        let (savepoint, placeholder) = (cx.draft.savepoint(), cx.placeholder.clone());
        cx.begin_item();
        let operation = item.request.operation();
        let named = item.request.named_operation();
        let whole = |answer: ResponseItem| ResponseItem {
            operation: answer.operation.or(named),
            unique_batch_item_id: item.unique_batch_item_id.clone(),
            ..answer
        };
        let result = self.perform(item, last, cx).map(whole).and_then(|answer| self.fitting(answer, cx));
        let ((answer, length), cause, undone) = match result {
            Ok(fitting) => {
                cx.draft.keep(savepoint);
                (fitting, None, Undone::default())
            }
            Err(Interrupt::Need(need)) => {
                cx.fulfilled.note(need)?;
                cx.draft.roll_back(savepoint);
                return Ok(None);
            }
            Err(Interrupt::Refused(refusal)) => {
                let undone = cx.draft.roll_back(savepoint);
                // What was to come from the item must not be taken for what came before it.
                let empties = SETS_PLACEHOLDER.contains(&operation) || operation == Operation::Check;
                cx.placeholder = placeholder.filter(|_| !empties);
                let answer = whole(refused(&refusal, self.version, named));
                let length = answer.length(self.version);
                ((answer, length), Some(refusal.cause), undone)
            }
        };
        cx.room = cx.room.saturating_sub(length);
        let result = cx.result_of(operation, answer.response.as_ref());
        cx.batch_results.push(result);
        let mut answered = Answered::new(answer, cause, cx.end_item(operation));
        answered.strike(&undone);
        Ok(Some(answered))
    }

    /// The answer of an item with its length, unless the answers of the batch would be too long with it.
    fn fitting(&self, answer: ResponseItem, cx: &mut Context<'_, '_>) -> OpResult<(ResponseItem, usize)> {
        let length = answer.length(self.version);
        // Also of one that is not given in the end: it was made.
        cx.take_time(work::bytes(length))?;
        let (room, most) = (cx.room, cx.settings().answer_bytes_max);
        if length <= room {
            cx.fulfilled.hold(most - room + length + cx.draft.pending_bytes())?;
            return Ok((answer, length));
        }
        refuse(
            Cause::TooLarge,
            format!(
                "the answer of this item has {length} bytes, and of the {most} that one answer may have {room} are left: \
                 ask for less at once"
            ),
        )
    }

    fn perform(&self, item: &RequestItem, last: bool, cx: &mut Context<'_, '_>) -> OpResult<ResponseItem> {
        let (sent, values) = item.size(self.version);
        cx.take_time(work::item(sent, values))?;
        // Never accepted to be done later: there is nothing that could be done.
        if let Request::Unreadable(unreadable) = &item.request {
            return Err(Refusal::unreadable(&unreadable.why).into());
        }
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
        // What is done later could not be undone together with what is answered now.
        let is_free =
            last && (self.on_error != BatchErrorContinuationOption::Undo || self.message.items.len() == 1);
        if asynchronous::is_later(cx, self.asynchronous, operation, is_free)? {
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

/// An item that was done, accepted, refused or undone.
#[derive(Debug)]
pub struct Answered {
    answer: ResponseItem,
    outcome: ItemOutcome,
}

impl Answered {
    /// What an item comes to. Status and reason of the audit entry are those of the answer.
    pub fn new(answer: ResponseItem, cause: Option<Cause>, item_outcome: ItemOutcome) -> Self {
        let status = answer.result_status;
        let reason = answer.result_reason.filter(|_| status == ResultStatus::OperationFailed);
        // What an item that failed had done within it, it has not done.
        let within = match status {
            ResultStatus::OperationFailed => {
                item_outcome.within.into_iter().map(ItemOutcome::undone).collect()
            }
            _ => item_outcome.within,
        };
        Self { answer, outcome: ItemOutcome { status, reason, cause, within, ..item_outcome } }
    }

    /// Whether the batch goes on as for a failure.
    pub fn has_failed(&self) -> bool {
        self.answer.result_status == ResultStatus::OperationFailed
    }

    /// What it comes to once the draft has been rolled back because an item behind it failed. The answer is made anew, of
    /// what may stand in it, so that nothing of what was done can: the status, and where the answer to the operation is
    /// the identifier of the object that the request named, that identifier, if the object is there.
    pub fn undone(self, draft: &mut Draft<'_>, version: Version) -> Result<Self, Need> {
        let item_outcome = self.outcome.undone();
        let named = match item_outcome.objects.first().map(|id| draft.visible(id)).transpose() {
            Ok(object) => object.flatten(),
            Err(Interrupt::Need(need)) => return Err(need),
            Err(Interrupt::Refused(_)) => None,
        };
        let answer = ResponseItem {
            operation: Some(item_outcome.operation),
            unique_batch_item_id: self.answer.unique_batch_item_id,
            result_status: ResultStatus::OperationUndone,
            result_message: Some("undone because a later item of the batch failed".to_owned()),
            response: named.and_then(|object| identifier(item_outcome.operation, version, &object.id)),
            ..ResponseItem::default()
        };
        Ok(Self::new(answer, None, item_outcome))
    }

    /// Says nothing of what was made and is undone, neither to the client nor in the audit.
    pub fn strike(&mut self, undone: &Undone) {
        // Of an item that did not fail, the message is the server's own.
        if self.has_failed() {
            self.answer.result_message = self.answer.result_message.take().map(|text| undone.strike(text));
        }
        self.outcome.strike(undone);
    }

    /// The answer and the audit entry.
    pub fn into_parts(self) -> (ResponseItem, ItemOutcome) {
        (self.answer, self.outcome)
    }
}

/// The answers that are nothing but the identifier of the object that the request named.
fn identifier(operation: Operation, version: Version, id: &str) -> Option<Response> {
    let unique_identifier = UniqueIdentifier::from(id);
    Some(match operation {
        Operation::Activate => Response::Activate(ActivateResponse { unique_identifier }),
        Operation::Archive => Response::Archive(ArchiveResponse { unique_identifier }),
        Operation::Check => Response::Check(CheckResponse {
            unique_identifier: Some(unique_identifier),
            ..CheckResponse::default()
        }),
        Operation::Destroy => Response::Destroy(DestroyResponse { unique_identifier }),
        Operation::GetUsageAllocation => {
            Response::GetUsageAllocation(GetUsageAllocationResponse { unique_identifier })
        }
        Operation::Recover => Response::Recover(RecoverResponse { unique_identifier }),
        Operation::Revoke => Response::Revoke(RevokeResponse { unique_identifier }),
        // In 1.x the attribute stands in the answer as well.
        _ if version < V2_0 => return None,
        Operation::AddAttribute => {
            Response::AddAttribute(AddAttributeResponse { unique_identifier, attribute: None })
        }
        Operation::AdjustAttribute => {
            Response::AdjustAttribute(AdjustAttributeResponse { unique_identifier })
        }
        Operation::DeleteAttribute => {
            Response::DeleteAttribute(DeleteAttributeResponse { unique_identifier, attribute: None })
        }
        Operation::ModifyAttribute => {
            Response::ModifyAttribute(ModifyAttributeResponse { unique_identifier, attribute: None })
        }
        Operation::SetAttribute => Response::SetAttribute(SetAttributeResponse { unique_identifier }),
        _ => return None,
    })
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
