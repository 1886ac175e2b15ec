//! Decrypt (KMIP 2.1, 6.1.11), at once or in parts, with a symmetric or a private key.

use crate::context::{Context, Execute};
use crate::cryptography::{self, Purpose, Run, Turn};
use crate::refusal::OpResult;
use keystead_crypto::cipher::Direction;
use kmip_codec::SecretBytes;
use kmip_codec::enums::CryptographicUsageMask;
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{DecryptRequest, DecryptResponse};

impl Execute for DecryptRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<DecryptResponse> {
        let (mut request, turn) = Turn::take(cx, self)?;
        let usable = cryptography::usable(
            cx,
            request.unique_identifier.clone(),
            Operation::Decrypt,
            (CryptographicUsageMask::Decrypt, Purpose::Process),
            request.cryptographic_parameters.clone(),
        )?;
        request.unique_identifier = Some(usable.object.id.clone().into());
        let data = cryptography::bytes(request.data.clone())?;
        let plain = if !cryptography::is_asymmetric(&usable.object) {
            let (run, _) = Run::new(cx, &usable, Direction::Decrypt, request.iv_counter_nonce.clone())?;
            decrypted(cx, &run, &turn, &request, &data)?
        } else if turn.last {
            cryptography::decrypted(cx, &usable, data.expose())?
        } else {
            SecretBytes::default()
        };
        let data = turn.shown(plain);
        let correlation_value = turn.keep(cx, &request)?;
        Ok(DecryptResponse { unique_identifier: usable.object.id.clone().into(), data, correlation_value })
    }
}

fn decrypted(
    cx: &Context<'_, '_>,
    run: &Run,
    turn: &Turn,
    request: &DecryptRequest,
    data: &SecretBytes,
) -> OpResult<SecretBytes> {
    let additional = request.additional_data.as_deref().unwrap_or_default();
    let mut data = data.expose();
    let mut tag = request.tag.as_deref();
    // Before 1.4 the tag stands behind the ciphertext.
    if run.is_authenticated()
        && !cx.has_field_for_tags()
        && turn.last
        && let Some(at) = data.len().checked_sub(run.tag_bytes())
    {
        let (body, end) = data.split_at(at);
        (data, tag) = (body, Some(end));
    }
    Ok(run.decrypt(data, (additional, tag), turn.before, turn.last)?.data)
}
