//! Poll (KMIP 2.1, 6.1.38): the answer of an asynchronous request, once; that it is pending, until then.

use crate::asynchronous;
use crate::asynchronous::record::Stage;
use crate::context::{Context, Execute};
use crate::keyspace;
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::payloads::{PollRequest, PollResponse};

impl Execute for PollRequest {
    /// The batch puts the answer of the request in the place of this one.
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<PollResponse> {
        let correlation = self.asynchronous_correlation_value;
        let Some(record) = asynchronous::find(cx, &correlation)? else {
            return refuse(
                Cause::NoSuchCorrelation,
                "no request waits under this Asynchronous Correlation Value; each answer is given once",
            );
        };
        cx.touched.push(hex::encode(&correlation));
        cx.instead = Some(match &record.stage {
            Stage::Submitted(_) => asynchronous::pending(&correlation),
            Stage::Canceled => return refuse(Cause::Canceled, "the request was cancelled"),
            Stage::Completed(answer) => {
                let answer = asynchronous::answer_in(cx.version, answer.expose())?;
                cx.draft.put_asynchronous(&keyspace::place(&record.owner, &correlation), None)?;
                answer
            }
        });
        Ok(PollResponse {})
    }
}
