//! Interop (KMIP 2.1, 6.1.26): a client marks where a test begins and ends. Not for production: only where the
//! configuration says so is it served and announced.

use crate::context::{Context, Execute};
use crate::notifications::notes::noted_briefly;
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::enums::InteropFunction;
use kmip_codec::payloads::{InteropRequest, InteropResponse};

impl Execute for InteropRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<InteropResponse> {
        if !cx.settings().interop {
            return refuse(Cause::NotSupported, "this server is not for interoperability tests");
        }
        let begins = match self.function {
            InteropFunction::Begin => "begin",
            InteropFunction::End => "end",
            // A client must not be able to take away the objects of others.
            InteropFunction::Reset => {
                return refuse(
                    Cause::FeatureNotSupported,
                    "to reset this server, start it on an empty store",
                );
            }
            _ => return refuse(Cause::InvalidField, "Interop Function is Begin or End"),
        };
        cx.note = format!("{begins} {}", noted_briefly(&self.identifier));
        Ok(InteropResponse {})
    }
}
