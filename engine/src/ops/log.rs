//! Log (KMIP 2.1, 6.1.29): a message of the client's in the log and the audit of the server.

use crate::context::{Context, Execute};
use crate::notifications::notes::{NOTED_CHARS_MAX, noted};
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::payloads::{LogRequest, LogResponse};

impl Execute for LogRequest {
    /// A message that is too long is refused: half a message may say something else.
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<LogResponse> {
        let found = self.log_message.chars().count();
        if found > NOTED_CHARS_MAX {
            let text = format!(
                "the Log Message has {found} characters, and one may have {NOTED_CHARS_MAX} here: send several"
            );
            return refuse(Cause::InvalidField, text);
        }
        cx.note = noted(&self.log_message, NOTED_CHARS_MAX);
        Ok(LogResponse {})
    }
}
