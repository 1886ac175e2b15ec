//! Poll (KMIP 2.1, 6.1.38): the kept answer of an asynchronous request, once.

use crate::engine::context::{Context, Execute};
use crate::engine::refusal::{Cause, Step, refuse};
use kmip_codec::Version;
use kmip_codec::message::ResponseMessage;
use kmip_codec::payloads::{PollRequest, PollResponse};

impl Execute for PollRequest {
    /// The batch puts the kept answer in the place of this one: see [`decode_answer`].
    fn execute(self, cx: &mut Context<'_, '_>) -> Step<PollResponse> {
        match cx.draft.take_answer(&self.asynchronous_correlation_value)? {
            Some(kept) => {
                cx.polled = Some(kept);
                Ok(PollResponse {})
            }
            None => refuse(
                Cause::NoSuchCorrelation,
                "no answer waits under this Asynchronous Correlation Value; each is given once",
            ),
        }
    }
}

/// The item of a kept answer, if it was asked for in this version.
pub fn decode_answer(kept: &[u8], version: Version) -> Option<kmip_codec::message::ResponseItem> {
    let mut message = ResponseMessage::from_bytes(kept).ok()?;
    if message.version() != version {
        return None;
    }
    message.items.pop()
}
