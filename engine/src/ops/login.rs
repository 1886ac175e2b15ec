//! Login (KMIP 2.1, 6.1.30): a ticket for the client itself.

use crate::context::{Context, Execute};
use crate::refusal::OpResult;
use crate::rights::grant::Grant;
use crate::rights::tickets::{Terms, give, operations_left};
use kmip_codec::payloads::{LoginRequest, LoginResponse};

impl Execute for LoginRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<LoginResponse> {
        let grant = Grant::new(None, operations_left(self.usage_limits)?);
        let terms = Terms { lease: self.lease_time, requests: self.request_count, grant, delegated: false };
        Ok(LoginResponse { ticket: give(cx, terms)? })
    }
}
