//! Operations of a session: encrypting, decrypting, digesting, signing and verifying, at once or in parts. Each becomes
//! the operation of KMIP that it is, with its rights, states, usage masks and limits. Parts are collected: what comes of
//! them is given out at the end.

use super::application::Active;
use super::attributes::{self, Value};
use super::mechanisms::{Kind, Means, Mechanism};
use super::{Call, Returned, Stop, code, objects};
use crate::context::Execute as _;
use crate::refusal::{Cause, Interrupt, OpResult};
use keystead_crypto::ecdsa;
use kmip_codec::SecretBytes;
use kmip_codec::attribute;
use kmip_codec::enums::{PKCS11ReturnCode, ValidityIndicator};
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{
    DecryptRequest, EncryptRequest, HashRequest, MACRequest, MACVerifyRequest, SignRequest,
    SignatureVerifyRequest,
};
use kmip_codec::value::Data;
use zeroize::Zeroizing;

/// The most that an application may have given to operations that have not ended, in bytes.
const DATA_BYTES_MAX: usize = 1 << 20;

/// Begins an operation: C_EncryptInit and its like.
pub fn init(call: &mut Call<'_, '_, '_>, kind: Kind) -> Returned {
    let handle = call.input.ulong()?;
    if call.application.session(handle)?.operations.contains_key(&kind) {
        return Err(code::OPERATION_ACTIVE.into());
    }
    let (mechanism, iv) = Mechanism::read(&mut call.input, kind)?;
    let key = if kind == Kind::Digest { None } else { Some(call.input.ulong()?) };
    call.input.end()?;
    let key = key.map(|key| usable(call, key, kind, mechanism)).transpose()?.unwrap_or_default();
    let active = Active { mechanism: mechanism.number, key, iv, ..Active::default() };
    call.application.session(handle)?.operations.insert(kind, active);
    Ok(())
}

/// The identifier of a key that the mechanism can use, and that is meant for it.
fn usable(call: &mut Call<'_, '_, '_>, key: u64, kind: Kind, mechanism: &Mechanism) -> Returned<String> {
    let object = objects::visible(call, key)?.ok_or(code::KEY_HANDLE_INVALID)?;
    let algorithm = attribute!(object.attributes, CryptographicAlgorithm).next();
    if !algorithm.is_some_and(|algorithm| mechanism.keys.contains(algorithm)) {
        return Err(code::KEY_TYPE_INCONSISTENT.into());
    }
    let is_mac = matches!(mechanism.means, Means::Mac(_));
    if attributes::use_of(&object, kind, is_mac) != Some(Value::Boolean(true)) {
        return Err(code::KEY_FUNCTION_NOT_PERMITTED.into());
    }
    Ok(object.id.clone())
}

/// All data at once: C_Encrypt and its like.
pub fn whole(call: &mut Call<'_, '_, '_>, kind: Kind) -> Returned {
    let handle = call.input.ulong()?;
    let data = call.input.bytes()?.to_vec();
    let mut active = begun(call, handle, kind)?;
    if active.has_parts {
        return Err(code::OPERATION_ACTIVE.into());
    }
    active.data = Zeroizing::new(data);
    end(call, handle, kind, &active)
}

/// A part. What comes of it is given out at the end.
pub fn update(call: &mut Call<'_, '_, '_>, kind: Kind) -> Returned {
    let handle = call.input.ulong()?;
    let data = call.input.bytes()?.to_vec();
    let gives = matches!(kind, Kind::Encrypt | Kind::Decrypt);
    let is_wanted = if gives { room(call)?.is_some() } else { true };
    call.input.end()?;
    let mut active = begun(call, handle, kind)?;
    if gives {
        call.output.flag(is_wanted);
        call.output.count(0);
    }
    if !is_wanted {
        return Ok(());
    }
    if call.application.data_bytes() + data.len() > DATA_BYTES_MAX {
        call.application.session(handle)?.operations.remove(&kind);
        return Err(code::DEVICE_MEMORY.into());
    }
    active.data.extend_from_slice(&data);
    active.has_parts = true;
    call.application.session(handle)?.operations.insert(kind, active);
    Ok(())
}

/// The end of the parts: C_EncryptFinal and its like.
pub fn last(call: &mut Call<'_, '_, '_>, kind: Kind) -> Returned {
    let handle = call.input.ulong()?;
    let active = begun(call, handle, kind)?;
    end(call, handle, kind, &active)
}

fn begun(call: &mut Call<'_, '_, '_>, handle: u64, kind: Kind) -> Returned<Active> {
    let session = call.application.session(handle)?;
    session.operations.get(&kind).cloned().ok_or(code::OPERATION_NOT_INITIALIZED.into())
}

/// The room that the caller has for what it gets; none where it asks how much it needs.
fn room(call: &mut Call<'_, '_, '_>) -> Returned<Option<usize>> {
    let (is_wanted, room) = (call.input.flag()?, call.input.count()?);
    Ok(is_wanted.then_some(room))
}

/// Ends an operation. It goes on only where the caller has asked for the length, or has too little room: then nothing
/// has happened.
fn end(call: &mut Call<'_, '_, '_>, handle: u64, kind: Kind, active: &Active) -> Returned {
    let signature = if kind == Kind::Verify { Some(call.input.bytes()?.to_vec()) } else { None };
    let room = if kind == Kind::Verify { None } else { room(call)? };
    call.input.end()?;
    let savepoint = call.cx.draft.savepoint();
    let made = match done(call, kind, active, signature.as_deref()) {
        Ok(made) => made,
        Err(stop) => {
            call.cx.draft.roll_back(savepoint);
            call.application.session(handle)?.operations.remove(&kind);
            return Err(stop);
        }
    };
    let fits = room.is_some_and(|room| room >= made.len());
    if kind != Kind::Verify {
        call.output.flag(fits);
        call.output.count(made.len());
    }
    if kind != Kind::Verify && !fits {
        call.cx.draft.roll_back(savepoint);
        return if room.is_some() { Err(code::BUFFER_TOO_SMALL.into()) } else { Ok(()) };
    }
    call.cx.draft.keep(savepoint);
    call.output.raw(made.expose());
    call.application.session(handle)?.operations.remove(&kind);
    Ok(())
}

/// Does it by KMIP's own operation.
fn done(
    call: &mut Call<'_, '_, '_>,
    kind: Kind,
    active: &Active,
    signature: Option<&[u8]>,
) -> Returned<SecretBytes> {
    let mechanism = Mechanism::of(active.mechanism)?;
    let is_mac = matches!(mechanism.means, Means::Mac(_));
    let made = match (kind, is_mac) {
        (Kind::Encrypt, _) => encrypted(call, mechanism, active),
        (Kind::Decrypt, _) => decrypted(call, mechanism, active),
        (Kind::Digest, _) => digested(call, mechanism, active),
        (Kind::Sign, true) => macced(call, mechanism, active),
        (Kind::Sign, false) => signed(call, mechanism, active),
        (Kind::Verify, true) => mac_verified(call, mechanism, active, signature.unwrap_or_default()),
        (Kind::Verify, false) => verified(call, mechanism, active, signature.unwrap_or_default()),
    };
    made.map_err(|halt| match halt {
        Interrupt::Refused(refusal) => Stop::Code(code_of(kind, refusal.cause)),
        need => Stop::Interrupt(need),
    })?
    .map_err(Stop::Code)
}

/// What a step of KMIP comes to, or the code that PKCS#11 has for it.
type Made = OpResult<Result<SecretBytes, PKCS11ReturnCode>>;

fn data(active: &Active) -> Option<Data> {
    Some(Data::Bytes(active.data.as_slice().into()))
}

fn bytes(data: Option<Data>) -> SecretBytes {
    match data {
        Some(Data::Bytes(bytes)) => bytes,
        _ => SecretBytes::default(),
    }
}

fn encrypted(call: &mut Call<'_, '_, '_>, mechanism: &Mechanism, active: &Active) -> Made {
    let request = EncryptRequest {
        unique_identifier: Some(active.key.as_str().into()),
        cryptographic_parameters: Some(mechanism.parameters()),
        data: data(active),
        iv_counter_nonce: Some(active.iv.clone().into()).filter(|_| mechanism.iv_bytes > 0),
        ..EncryptRequest::default()
    };
    Ok(Ok(bytes(request.execute(call.cx)?.data)))
}

fn decrypted(call: &mut Call<'_, '_, '_>, mechanism: &Mechanism, active: &Active) -> Made {
    let request = DecryptRequest {
        unique_identifier: Some(active.key.as_str().into()),
        cryptographic_parameters: Some(mechanism.parameters()),
        data: data(active),
        iv_counter_nonce: Some(active.iv.clone().into()).filter(|_| mechanism.iv_bytes > 0),
        ..DecryptRequest::default()
    };
    Ok(Ok(bytes(request.execute(call.cx)?.data)))
}

fn digested(call: &mut Call<'_, '_, '_>, mechanism: &Mechanism, active: &Active) -> Made {
    let cryptographic_parameters = mechanism.parameters();
    let request = HashRequest { cryptographic_parameters, data: data(active), ..HashRequest::default() };
    Ok(Ok(bytes(request.execute(call.cx)?.data)))
}

fn macced(call: &mut Call<'_, '_, '_>, mechanism: &Mechanism, active: &Active) -> Made {
    let request = MACRequest {
        unique_identifier: Some(active.key.as_str().into()),
        cryptographic_parameters: Some(mechanism.parameters()),
        data: data(active),
        ..MACRequest::default()
    };
    Ok(Ok(request.execute(call.cx)?.mac_data.as_deref().unwrap_or_default().into()))
}

fn signed(call: &mut Call<'_, '_, '_>, mechanism: &Mechanism, active: &Active) -> Made {
    let request = SignRequest {
        unique_identifier: Some(active.key.as_str().into()),
        cryptographic_parameters: Some(mechanism.parameters()),
        data: data(active),
        ..SignRequest::default()
    };
    let signature = request.execute(call.cx)?.signature_data.unwrap_or_default();
    let Some(width) = number_bytes(call, mechanism, active)? else {
        return Ok(Ok(signature.as_ref().into()));
    };
    let numbers = ecdsa::numbers(&signature, width);
    Ok(numbers.map(SecretBytes::from).ok_or(PKCS11ReturnCode::FUNCTION_FAILED))
}

fn mac_verified(call: &mut Call<'_, '_, '_>, mechanism: &Mechanism, active: &Active, mac: &[u8]) -> Made {
    let request = MACVerifyRequest {
        unique_identifier: Some(active.key.as_str().into()),
        cryptographic_parameters: Some(mechanism.parameters()),
        data: data(active),
        mac_data: Some(mac.to_vec().into()),
        ..MACVerifyRequest::default()
    };
    Ok(judged(request.execute(call.cx)?.validity_indicator))
}

fn verified(call: &mut Call<'_, '_, '_>, mechanism: &Mechanism, active: &Active, signature: &[u8]) -> Made {
    let signature = match number_bytes(call, mechanism, active)? {
        None => signature.to_vec(),
        Some(width) if signature.len() != 2 * width => return Ok(Err(code::SIGNATURE_LEN_RANGE)),
        Some(_) => match ecdsa::der(signature) {
            Some(der) => der,
            None => return Ok(Err(code::SIGNATURE_INVALID)),
        },
    };
    let request = SignatureVerifyRequest {
        unique_identifier: Some(active.key.as_str().into()),
        cryptographic_parameters: Some(mechanism.parameters()),
        data: data(active),
        signature_data: Some(signature.into()),
        ..SignatureVerifyRequest::default()
    };
    Ok(judged(request.execute(call.cx)?.validity_indicator))
}

fn judged(validity: Option<ValidityIndicator>) -> Result<SecretBytes, PKCS11ReturnCode> {
    match validity {
        Some(ValidityIndicator::Valid) => Ok(SecretBytes::default()),
        _ => Err(code::SIGNATURE_INVALID),
    }
}

/// How long each number of an ECDSA signature is in PKCS#11: as long as the order of the curve.
fn number_bytes(
    call: &mut Call<'_, '_, '_>,
    mechanism: &Mechanism,
    active: &Active,
) -> OpResult<Option<usize>> {
    if !mechanism.keys.contains(&kmip_codec::enums::CryptographicAlgorithm::EC) {
        return Ok(None);
    }
    let key = call.cx.draft.object(&active.key, Operation::GetAttributes)?;
    let bits = attribute!(key.attributes, CryptographicLength).next().copied().unwrap_or_default();
    Ok(Some(usize::try_from(bits).unwrap_or_default().div_ceil(8)))
}

/// What PKCS#11 calls the cause of a refusal.
fn code_of(kind: Kind, cause: Cause) -> PKCS11ReturnCode {
    match cause {
        Cause::NotFound | Cause::Destroyed | Cause::Archived => code::KEY_HANDLE_INVALID,
        Cause::UsageMask | Cause::WrongState | Cause::Denied | Cause::Weak | Cause::UsageLimit => {
            code::KEY_FUNCTION_NOT_PERMITTED
        }
        Cause::WrongType | Cause::NoKeyValue => code::KEY_TYPE_INCONSISTENT,
        Cause::Parameters | Cause::MissingIv => code::MECHANISM_PARAM_INVALID,
        Cause::Cryptographic | Cause::InvalidField | Cause::TagLength if kind == Kind::Decrypt => {
            code::ENCRYPTED_DATA_INVALID
        }
        Cause::Cryptographic | Cause::InvalidField => code::DATA_INVALID,
        Cause::Limit | Cause::TooLarge => code::DEVICE_MEMORY,
        _ => PKCS11ReturnCode::FUNCTION_FAILED,
    }
}
