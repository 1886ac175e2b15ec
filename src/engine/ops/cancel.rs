//! Cancel (KMIP 2.1, 6.1.5). Asynchronous requests are done by the time they are acknowledged, so that there is
//! nothing left to cancel: the answer says so.

use crate::engine::context::{Context, Execute};
use crate::engine::refusal::Step;
use kmip_codec::enums::CancellationResult;
use kmip_codec::payloads::{CancelRequest, CancelResponse};

impl Execute for CancelRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> Step<CancelResponse> {
        let kept = cx.draft.take_answer(&self.asynchronous_correlation_value)?;
        let cancellation_result = match kept {
            Some(kept) => {
                cx.draft.put_answer(&self.asynchronous_correlation_value, kept);
                CancellationResult::Completed
            }
            None => CancellationResult::Unavailable,
        };
        Ok(CancelResponse {
            asynchronous_correlation_value: self.asynchronous_correlation_value,
            cancellation_result,
        })
    }
}
