//! Sign (KMIP 2.1, 6.1.55), data or its digest, at once or in parts, with a private key.

use crate::context::{Context, Execute};
use crate::cryptography::{self, Content, Purpose, Turn};
use crate::refusal::OpResult;
use kmip_codec::enums::CryptographicUsageMask;
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{SignRequest, SignResponse};

impl Execute for SignRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<SignResponse> {
        let (mut request, turn) = Turn::take(cx, self)?;
        let usable = cryptography::usable(
            cx,
            request.unique_identifier.clone(),
            Operation::Sign,
            (CryptographicUsageMask::Sign, Purpose::Protect),
            request.cryptographic_parameters.clone(),
        )?;
        let id = usable.object.id.clone();
        request.unique_identifier = Some(id.clone().into());
        let mut signature_data = None;
        let data = cryptography::bytes(request.data.clone())?;
        if turn.last {
            let content = Content::of(&data, request.digested_data.as_deref());
            signature_data = Some(cryptography::signature(cx, &usable, &content)?.into());
        }
        cryptography::spend(cx, usable.object, &turn, data.len())?;
        let correlation_value = turn.keep(cx, &request)?;
        Ok(SignResponse { unique_identifier: id.into(), signature_data, correlation_value })
    }
}
