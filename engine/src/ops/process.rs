//! Process (KMIP 2.1, 6.1.39): an asynchronous request is done now, with the others of its batch, so that the next Poll
//! has its answer.

use crate::asynchronous;
use crate::asynchronous::done::carry_out;
use crate::asynchronous::record::Stage;
use crate::context::{Context, Execute};
use crate::keyspace;
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::payloads::{ProcessRequest, ProcessResponse};

impl Execute for ProcessRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<ProcessResponse> {
        let correlation = self.asynchronous_correlation_value;
        let Some(record) = asynchronous::find(cx, &correlation)? else {
            return refuse(
                Cause::NoSuchCorrelation,
                "no request waits under this Asynchronous Correlation Value",
            );
        };
        match record.stage {
            Stage::Submitted(_) => {}
            Stage::Completed(_) => {
                return refuse(Cause::Processed, "the request was done already: poll for it");
            }
            Stage::Canceled => return refuse(Cause::Canceled, "the request was cancelled"),
        }
        let place = record.head.unwrap_or_else(|| keyspace::place(&record.owner, &correlation));
        let item_outcomes = carry_out(cx.draft, &place, None, cx.entropy, cx.fulfilled)?;
        cx.touched.extend(item_outcomes.iter().flat_map(|item| item.objects.iter().cloned()));
        cx.within = item_outcomes;
        cx.draft.check_room()?;
        Ok(ProcessResponse {})
    }
}
