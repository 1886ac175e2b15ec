//! Cancel (KMIP 2.1, 6.1.5): an asynchronous request that has not begun is not done.

use crate::asynchronous;
use crate::asynchronous::record::{Record, Stage};
use crate::context::{Context, Execute};
use crate::keyspace;
use crate::refusal::OpResult;
use kmip_codec::enums::CancellationResult;
use kmip_codec::payloads::{CancelRequest, CancelResponse};

impl Execute for CancelRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<CancelResponse> {
        let correlation = self.asynchronous_correlation_value;
        cx.touched.push(hex::encode(&correlation));
        let found = asynchronous::find(cx, &correlation)?;
        let cancellation_result = match found {
            None => CancellationResult::Unavailable,
            Some(Record { stage: Stage::Completed(_), .. }) => CancellationResult::Completed,
            Some(Record { stage: Stage::Canceled, .. }) => CancellationResult::Canceled,
            Some(record) => {
                let place = keyspace::place(&record.owner, &correlation);
                // Where it stands with others in its batch, those are still done.
                if record.head.is_none() && record.behind.is_empty() {
                    cx.draft.put_waiting(record.submitted, &place, false)?;
                }
                let canceled = Record { stage: Stage::Canceled, ended: cx.now(), ..record };
                cx.draft.put_asynchronous(&place, Some(&canceled))?;
                CancellationResult::Canceled
            }
        };
        Ok(CancelResponse { asynchronous_correlation_value: correlation, cancellation_result })
    }
}
