//! Encrypt (KMIP 2.1, 6.1.17), at once or in parts, with a symmetric or a public key.

use crate::context::{Context, Execute};
use crate::cryptography::{self, Purpose, Run, Turn, Usable};
use crate::refusal::OpResult;
use keystead_crypto::cipher::Direction;
use kmip_codec::SecretBytes;
use kmip_codec::enums::CryptographicUsageMask;
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{EncryptRequest, EncryptResponse};
use kmip_codec::value::Data;

impl Execute for EncryptRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<EncryptResponse> {
        let (mut request, turn) = Turn::take(cx, self)?;
        let usable = cryptography::usable(
            cx,
            request.unique_identifier.clone(),
            Operation::Encrypt,
            (CryptographicUsageMask::Encrypt, Purpose::Protect),
            request.cryptographic_parameters.clone(),
        )?;
        request.unique_identifier = Some(usable.object.id.clone().into());
        let data = cryptography::bytes(request.data.clone())?;
        let mut answer = if cryptography::is_asymmetric(&usable.object) {
            with_public_key(cx, &usable, &turn, &data)?
        } else {
            with_symmetric_key(cx, &usable, &turn, &mut request, &data)?
        };
        answer.unique_identifier = usable.object.id.clone().into();
        cryptography::spend(cx, usable.object, &turn, data.len())?;
        answer.correlation_value = turn.keep(cx, &request)?;
        Ok(answer)
    }
}

/// A public key takes all data at once: parts are only collected.
fn with_public_key(
    cx: &mut Context<'_, '_>,
    usable: &Usable,
    turn: &Turn,
    data: &SecretBytes,
) -> OpResult<EncryptResponse> {
    if !turn.last {
        return Ok(EncryptResponse::default());
    }
    let encrypted = cryptography::encrypted(cx, usable, data.expose())?;
    Ok(EncryptResponse { data: Some(Data::Bytes(encrypted)), ..EncryptResponse::default() })
}

fn with_symmetric_key(
    cx: &mut Context<'_, '_>,
    usable: &Usable,
    turn: &Turn,
    request: &mut EncryptRequest,
    data: &SecretBytes,
) -> OpResult<EncryptResponse> {
    let (run, iv_made) = Run::new(cx, usable, Direction::Encrypt, request.iv_counter_nonce.clone())?;
    let additional = request.additional_data.clone().unwrap_or_default();
    let done = run.encrypt(data.expose(), &additional, turn.before, turn.last)?;
    request.iv_counter_nonce = Some(run.iv.clone()).filter(|iv| !iv.is_empty());
    let mut answer = EncryptResponse {
        data: turn.shown(done.data),
        iv_counter_nonce: iv_made.then(|| run.iv.clone()),
        tag: done.tag,
        ..EncryptResponse::default()
    };
    if !cx.has_field_for_tags() {
        join_tag(&mut answer);
    }
    Ok(answer)
}

/// Before 1.4 there is no field for the tag: it stands behind the ciphertext, as in most protocols.
fn join_tag(answer: &mut EncryptResponse) {
    if let (Some(Data::Bytes(data)), Some(tag)) = (&answer.data, answer.tag.take()) {
        answer.data = Some(Data::Bytes([data.expose(), &tag].concat().into()));
    }
}
