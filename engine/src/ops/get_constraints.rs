//! Get Constraints (KMIP 2.1, 6.1.22): what new objects must be.

use crate::attributes::constraints;
use crate::context::{Context, Execute};
use crate::refusal::OpResult;
use kmip_codec::payloads::{GetConstraintsRequest, GetConstraintsResponse};

impl Execute for GetConstraintsRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<GetConstraintsResponse> {
        Ok(GetConstraintsResponse { constraints: constraints::constraints(cx)? })
    }
}
