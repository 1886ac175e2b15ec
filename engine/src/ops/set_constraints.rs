//! Set Constraints (KMIP 2.1, 6.1.52): what new objects must be, in place of what they had to be before.

use crate::attributes::constraints;
use crate::context::{Context, Execute};
use crate::refusal::OpResult;
use kmip_codec::payloads::{SetConstraintsRequest, SetConstraintsResponse};

impl Execute for SetConstraintsRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<SetConstraintsResponse> {
        constraints::set_constraints(cx, self.constraints.as_ref())?;
        Ok(SetConstraintsResponse {})
    }
}
