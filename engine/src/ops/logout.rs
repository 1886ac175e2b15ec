//! Logout (KMIP 2.1, 6.1.31): a ticket is good no longer.

use crate::context::{Context, Execute};
use crate::refusal::OpResult;
use crate::rights::tickets;
use kmip_codec::payloads::{LogoutRequest, LogoutResponse};

impl Execute for LogoutRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<LogoutResponse> {
        tickets::take_back(cx, &self.ticket)?;
        Ok(LogoutResponse {})
    }
}
