//! Set Endpoint Role (KMIP 2.1, 6.1.54): the client becomes the server of its own connection, to be told what the
//! configuration says.

use crate::context::{Context, Execute};
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::enums::EndpointRole;
use kmip_codec::payloads::{SetEndpointRoleRequest, SetEndpointRoleResponse};

impl Execute for SetEndpointRoleRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<SetEndpointRoleResponse> {
        let name = &cx.principal().name;
        if !cx.draft.world().can_reverse_roles {
            let text = "the ends of this connection cannot change their roles: ask over KMIP's own port, as the client that the \
                        certificate names";
            return refuse(Cause::FeatureNotSupported, text);
        }
        match self.endpoint_role {
            EndpointRole::Server => {}
            EndpointRole::Client if cx.settings().subscriptions.iter().any(|s| s.client == *name) => {}
            EndpointRole::Client => {
                return refuse(Cause::Denied, "no [[endpoints]] of the configuration is for this client");
            }
            _ => return refuse(Cause::InvalidField, "the Endpoint Role is neither Client nor Server"),
        }
        Ok(SetEndpointRoleResponse { endpoint_role: self.endpoint_role })
    }
}
