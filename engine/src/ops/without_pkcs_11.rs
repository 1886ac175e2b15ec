//! PKCS#11 (KMIP 2.1, 6.1.37) in a build without the feature `pkcs11`: not supported, and Query does not list it.

use crate::context::{Context, Execute};
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::payloads::{PKCS11Request, PKCS11Response};

impl Execute for PKCS11Request {
    fn execute(self, _: &mut Context<'_, '_>) -> OpResult<PKCS11Response> {
        refuse(
            Cause::NotSupported,
            "this build of the server is without PKCS_11 (its feature `pkcs11` is off)",
        )
    }
}
