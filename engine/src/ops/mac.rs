//! MAC (KMIP 2.1, 6.1.32), at once or in parts.

use crate::context::{Context, Execute};
use crate::cryptography::{self, Purpose, Turn};
use crate::refusal::OpResult;
use kmip_codec::enums::CryptographicUsageMask;
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{MACRequest, MACResponse};

impl Execute for MACRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<MACResponse> {
        let (mut request, turn) = Turn::take(cx, self)?;
        let usable = cryptography::usable(
            cx,
            request.unique_identifier.clone(),
            Operation::MAC,
            (CryptographicUsageMask::MACGenerate, Purpose::Protect),
            request.cryptographic_parameters.clone(),
        )?;
        let id = usable.object.id.clone();
        request.unique_identifier = Some(id.clone().into());
        let mut mac_data = None;
        let data = cryptography::bytes(request.data.clone())?;
        if turn.last {
            mac_data = Some(cryptography::mac(cx, &usable, data.expose())?.into());
        }
        cryptography::spend(cx, usable.object, &turn, data.len())?;
        let correlation_value = turn.keep(cx, &request)?;
        Ok(MACResponse { unique_identifier: id.into(), mac_data, correlation_value })
    }
}
