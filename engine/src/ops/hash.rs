//! Hash (KMIP 2.1, 6.1.24), at once or in parts.

use crate::context::{Context, Execute};
use crate::cryptography::{self, Turn};
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::payloads::{HashRequest, HashResponse};
use kmip_codec::value::Data;

impl Execute for HashRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<HashResponse> {
        let (request, turn) = Turn::take(cx, self)?;
        let Some(name) = request.cryptographic_parameters.hashing_algorithm else {
            return refuse(Cause::Parameters, "name the Hashing Algorithm");
        };
        let digest = cryptography::protecting_digest(cx.principal(), name)?;
        let mut data = None;
        if turn.last {
            let whole = cryptography::bytes(request.data.clone())?;
            data = Some(Data::Bytes(digest.of(whole.expose()).into()));
        }
        let correlation_value = turn.keep(cx, &request)?;
        Ok(HashResponse { data, correlation_value })
    }
}
