//! Ping (KMIP 2.1, 6.1.36): the server is there. It is not entered in the audit, as the clause allows.

use crate::context::{Context, Execute};
use crate::refusal::OpResult;
use kmip_codec::payloads::{PingRequest, PingResponse};

impl Execute for PingRequest {
    fn execute(self, _: &mut Context<'_, '_>) -> OpResult<PingResponse> {
        Ok(PingResponse {})
    }
}
