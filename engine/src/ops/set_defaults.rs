//! Set Defaults (KMIP 2.1, 6.1.53): what new objects get where a request leaves it out.

use crate::attributes::constraints;
use crate::context::{Context, Execute};
use crate::refusal::OpResult;
use kmip_codec::payloads::{SetDefaultsRequest, SetDefaultsResponse};

impl Execute for SetDefaultsRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<SetDefaultsResponse> {
        constraints::set_defaults(cx, self.defaults_information.as_ref())?;
        Ok(SetDefaultsResponse {})
    }
}
