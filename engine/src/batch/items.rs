//! The items of a batch, in order: what each comes to, and what a failure does to those before and behind it.

use super::answered::{Answered, refused};
use crate::asynchronous;
use crate::batch_results::SETS_PLACEHOLDER;
use crate::context::Context;
use crate::dispatch::dispatch;
use crate::draft::Undone;
use crate::item_outcome::ItemOutcome;
use crate::need::Need;
use crate::query::server_information::Features;
use crate::refusal::{Cause, Interrupt, OpResult, Refusal, refuse};
use crate::work;
use kmip_codec::Version;
use kmip_codec::enums::{AsynchronousIndicator, BatchErrorContinuationOption, ResultStatus};
use kmip_codec::message::{RequestItem, RequestMessage, ResponseItem};
use kmip_codec::operations::{Operation, Request};

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
