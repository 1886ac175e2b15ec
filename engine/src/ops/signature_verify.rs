//! Signature Verify (KMIP 2.1, 6.1.56), of data or its digest, at once or in parts, with a public key.

use crate::context::{Context, Execute};
use crate::cryptography::{self, Content, Purpose, Turn};
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::enums::{CryptographicUsageMask, ValidityIndicator};
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{SignatureVerifyRequest, SignatureVerifyResponse};

impl Execute for SignatureVerifyRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<SignatureVerifyResponse> {
        let (mut request, turn) = Turn::take(cx, self)?;
        let usable = cryptography::usable(
            cx,
            request.unique_identifier.clone(),
            Operation::SignatureVerify,
            (CryptographicUsageMask::Verify, Purpose::Process),
            request.cryptographic_parameters.clone(),
        )?;
        let id = usable.object.id.clone();
        request.unique_identifier = Some(id.clone().into());
        let mut validity_indicator = None;
        if turn.last {
            let data = cryptography::bytes(request.data.clone())?;
            let content = Content::of(&data, request.digested_data.as_deref());
            let Some(signature) = &request.signature_data else {
                return refuse(Cause::Missing, "there is no Signature Data to verify");
            };
            let valid = cryptography::verified(cx, &usable, &content, signature)?;
            validity_indicator =
                Some(if valid { ValidityIndicator::Valid } else { ValidityIndicator::Invalid });
        }
        let correlation_value = turn.keep(cx, &request)?;
        let unique_identifier = id.into();
        Ok(SignatureVerifyResponse { unique_identifier, validity_indicator, data: None, correlation_value })
    }
}
