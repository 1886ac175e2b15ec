//! What an item comes to: its answer and its audit entry, which are always made together, so that they say the same.

use crate::draft::{Draft, Undone};
use crate::item_outcome::ItemOutcome;
use crate::need::Need;
use crate::refusal::{Cause, Interrupt, Refusal};
use kmip_codec::Version;
use kmip_codec::enums::ResultStatus;
use kmip_codec::message::ResponseItem;
use kmip_codec::operations::{Operation, Response};
use kmip_codec::payloads::*;
use kmip_codec::value::UniqueIdentifier;
use kmip_codec::version::V2_0;

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
