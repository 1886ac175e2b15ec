//! Certificates, requests for certificates, keys in every format, containers and wrapped keys: they are taken in and
//! shown in other forms, or refused; nothing panics. The first byte says what the others are.
#![no_main]

use aes_kw::{KeyInit as _, KwpAes256};
use keystead_fuzz::{Bench, KEY, block, register};
use kmip_codec::attributes::{Attribute, CryptographicParameters, Link};
use kmip_codec::enums::*;
use kmip_codec::objects::*;
use kmip_codec::operations::{Call as _, Request};
use kmip_codec::payloads::*;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static BENCH: LazyLock<Bench> = LazyLock::new(Bench::default);

/// The formats of private and public keys.
const FORMATS: &[KeyFormatType] = &[
    KeyFormatType::PKCS_1,
    KeyFormatType::PKCS_8,
    KeyFormatType::X_509,
    KeyFormatType::ECPrivateKey,
    KeyFormatType::Raw,
    KeyFormatType::PKCS_12,
];

/// What a kept object is asked for.
const SHOWN: &[KeyFormatType] = &[
    KeyFormatType::PKCS_1,
    KeyFormatType::PKCS_8,
    KeyFormatType::X_509,
    KeyFormatType::ECPrivateKey,
    KeyFormatType::TransparentRSAPrivateKey,
    KeyFormatType::TransparentECPrivateKey,
    KeyFormatType::TransparentRSAPublicKey,
    KeyFormatType::TransparentECPublicKey,
];

/// The kinds of certificate and of requests for one.
const CERTIFICATES: &[CertificateType] = &[CertificateType::X_509, CertificateType::PGP];
const REQUESTS: &[CertificateRequestType] =
    &[CertificateRequestType::CRMF, CertificateRequestType::PKCS_10, CertificateRequestType::PEM];

/// The place that stands for a TR-31 key block, behind those of the formats.
const TR_31: usize = FORMATS.len();

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, value)) = bytes.split_first() else { return };
    let place = usize::from(kind / 8);
    let first = match kind % 8 {
        0 => kept(ManagedObject::Certificate(Certificate {
            certificate_type: one_of(CERTIFICATES, place),
            value: value.to_vec().into(),
        })),
        1 => kept(ManagedObject::CertificateRequest(CertificateRequest {
            certificate_request_type: one_of(REQUESTS, place),
            value: value.to_vec().into(),
        })),
        2 => CertifyRequest {
            certificate_request_type: Some(one_of(REQUESTS, place)),
            certificate_request: Some(value.to_vec().into()),
            ..CertifyRequest::default()
        }
        .into_request(),
        3 => kept(ManagedObject::PrivateKey(PrivateKey { key_block: block(one_of(FORMATS, place), value) })),
        4 => kept(ManagedObject::PublicKey(PublicKey { key_block: block(one_of(FORMATS, place), value) })),
        5 => kept(ManagedObject::PGPKey(PGPKey { version: 4, key_block: block(KeyFormatType::Raw, value) })),
        6 => container(value),
        _ if place == TR_31 => key_block_of_tr_31(value),
        _ => wrapped(one_of(FORMATS, place), value),
    };
    let get = |format| GetRequest { key_format_type: format, ..GetRequest::default() }.into_request();
    let clear = GetRequest { key_wrap_type: Some(KeyWrapType::NotWrapped), ..GetRequest::default() };
    let mut requests = vec![first, clear.into_request(), GetAttributesRequest::default().into_request()];
    requests.extend([ValidateRequest::default().into_request(), get(None)]);
    requests.extend(SHOWN.iter().map(|format| get(Some(*format))));
    BENCH.ask(requests);
});

fn one_of<T: Copy>(all: &[T], place: usize) -> T {
    all[place % all.len()]
}

fn kept(object: ManagedObject) -> Request {
    let mask = Attribute::CryptographicUsageMask(CryptographicUsageMask(0x00ff_ffff));
    register(object, [mask].into_iter().collect())
}

/// A container under the password that there is.
fn container(value: &[u8]) -> Request {
    let link = Link { kind: LinkType::PKCS_12PasswordLink, linked: BENCH.password.as_str().into() };
    let key_block = block(KeyFormatType::PKCS_12, value);
    register(
        ManagedObject::PrivateKey(PrivateKey { key_block }),
        [Attribute::Link(link)].into_iter().collect(),
    )
}

/// A key value that unwraps to these bytes.
fn wrapped(format: KeyFormatType, value: &[u8]) -> Request {
    let mut cipher = vec![0; value.len().next_multiple_of(8) + 8];
    let Ok(cipher) = KwpAes256::new(&KEY.into()).wrap_key(value, &mut cipher) else {
        return kept(ManagedObject::default());
    };
    let parameters = CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::AESKeyWrapPadding),
        ..CryptographicParameters::default()
    };
    let key_block = KeyBlock {
        cryptographic_algorithm: Some(CryptographicAlgorithm::RSA),
        cryptographic_length: Some(2048),
        ..wrapped_by(WrappingMethod::Encrypt, Some(parameters), format, &*cipher)
    };
    kept(ManagedObject::PrivateKey(PrivateKey { key_block }))
}

/// What is to be a TR-31 key block under AES.
fn key_block_of_tr_31(value: &[u8]) -> Request {
    let key_block = KeyBlock {
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(128),
        ..wrapped_by(WrappingMethod::TR_31, None, KeyFormatType::Raw, value)
    };
    kept(ManagedObject::SymmetricKey(SymmetricKey { key_block }))
}

/// A key block wrapped by the key that there is.
fn wrapped_by(
    wrapping_method: WrappingMethod,
    cryptographic_parameters: Option<CryptographicParameters>,
    format: KeyFormatType,
    value: &[u8],
) -> KeyBlock {
    let unique_identifier = BENCH.key.as_str().into();
    let key = WrappingKeyInformation { unique_identifier, cryptographic_parameters };
    KeyBlock {
        key_value: Some(KeyValue::Wrapped(value.into())),
        key_wrapping_data: Some(KeyWrappingData {
            wrapping_method,
            encryption_key_information: Some(key),
            ..KeyWrappingData::default()
        }),
        ..block(format, &[])
    }
}
