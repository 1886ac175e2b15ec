//! Log (KMIP 2.1, 6.1.29): a message of the client's in the log and the audit of the server.

use crate::engine::context::{Context, Execute};
use crate::engine::refusal::{Cause, Step, refuse};
use crate::engine::telling::notes::{NOTED_CHARS_MAX, noted};
use kmip_codec::payloads::{LogRequest, LogResponse};

impl Execute for LogRequest {
    /// A message that is too long is refused: half a message may say something else.
    fn execute(self, cx: &mut Context<'_, '_>) -> Step<LogResponse> {
        if self.log_message.chars().nth(NOTED_CHARS_MAX).is_some() {
            let text = format!("a Log Message has at most {NOTED_CHARS_MAX} characters here: send several");
            return refuse(Cause::InvalidField, text);
        }
        cx.note = noted(&self.log_message, NOTED_CHARS_MAX);
        Ok(LogResponse {})
    }
}
