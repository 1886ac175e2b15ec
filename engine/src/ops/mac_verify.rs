//! MAC Verify (KMIP 2.1, 6.1.33), at once or in parts.

use crate::context::{Context, Execute};
use crate::cryptography::{self, Purpose, Turn};
use crate::refusal::{Cause, OpResult, refuse};
use keystead_crypto::mac::is_same;
use kmip_codec::enums::{CryptographicUsageMask, ValidityIndicator};
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{MACVerifyRequest, MACVerifyResponse};

impl Execute for MACVerifyRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<MACVerifyResponse> {
        let (mut request, turn) = Turn::take(cx, self)?;
        let usable = cryptography::usable(
            cx,
            request.unique_identifier.clone(),
            Operation::MACVerify,
            (CryptographicUsageMask::MACVerify, Purpose::Process),
            request.cryptographic_parameters.clone(),
        )?;
        request.unique_identifier = Some(usable.object.id.clone().into());
        let mut validity_indicator = None;
        if turn.last {
            let data = cryptography::bytes(request.data.clone())?;
            let Some(given) = &request.mac_data else {
                return refuse(Cause::Missing, "there is no MAC Data to verify");
            };
            let valid = is_same(&cryptography::mac(cx, &usable, data.expose())?, given);
            validity_indicator =
                Some(if valid { ValidityIndicator::Valid } else { ValidityIndicator::Invalid });
        }
        let correlation_value = turn.keep(cx, &request)?;
        let unique_identifier = usable.object.id.clone().into();
        Ok(MACVerifyResponse { unique_identifier, validity_indicator, correlation_value })
    }
}
