//! Everything that is done with keys, as requests: with a key, with the parameters that it is given, and with another key that
//! is wrapped or agreed with.

use super::*;
use crate::objects::bytes_block;
use kmip_codec::value::Data;

/// What is done with a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Done {
    Encrypt,
    Decrypt,
    Wrap,
    Unwrap,
    Tr31,
    Mac,
    MacVerify,
    WrapByMac,
    Sign,
    SignatureVerify,
    Derive(DerivationMethod),
    Agree,
}

pub use Done::*;

pub const DERIVED: &[DerivationMethod] = &[
    DerivationMethod::ENCRYPT,
    DerivationMethod::HASH,
    DerivationMethod::HKDF,
    DerivationMethod::PBKDF2,
    DerivationMethod::NIST800_108_C,
    DerivationMethod::NIST800_108_F,
    DerivationMethod::NIST800_108_DPI,
];

pub fn data(bytes: &[u8]) -> Option<Data> {
    Some(Data::Bytes(bytes.into()))
}

/// The request for what is done with a key, and with another one that is wrapped or agreed with.
pub fn request(done: Done, id: &str, other: &str, parameters: CryptographicParameters) -> Request {
    let key = WrappingKeyInformation {
        unique_identifier: id.into(),
        cryptographic_parameters: Some(parameters.clone()),
    };
    let wrapped = |wrapping_method, by_mac: bool| {
        let (sealing, mac) = if by_mac { (None, Some(key.clone())) } else { (Some(key.clone()), None) };
        GetRequest {
            unique_identifier: Some(other.into()),
            key_wrapping_specification: Some(KeyWrappingSpecification {
                wrapping_method,
                encryption_key_information: sealing,
                mac_signature_key_information: mac,
                ..KeyWrappingSpecification::default()
            }),
            ..GetRequest::default()
        }
        .into_request()
    };
    match done {
        Wrap => wrapped(WrappingMethod::Encrypt, false),
        Tr31 => wrapped(WrappingMethod::TR_31, false),
        WrapByMac => wrapped(WrappingMethod::MACSign, true),
        Unwrap => unwrapping(key),
        Agree => derive(DerivationMethod::AsymmetricKey, &[id, other], parameters),
        Derive(method) => derive(method, &[id], parameters),
        done => computed(done, id, parameters),
    }
}

/// An Import that unwraps with this key.
fn unwrapping(key: WrappingKeyInformation) -> Request {
    let key_block = KeyBlock {
        key_format_type: Format::Raw,
        key_value: Some(KeyValue::Wrapped(vec![5; 32].into())),
        cryptographic_algorithm: Some(Algorithm::AES),
        key_wrapping_data: Some(KeyWrappingData {
            wrapping_method: WrappingMethod::Encrypt,
            encryption_key_information: Some(key),
            iv_counter_nonce: Some(vec![0; 16].into()),
            ..KeyWrappingData::default()
        }),
        ..KeyBlock::default()
    };
    ImportRequest {
        unique_identifier: "unwrapped".into(),
        object_type: Some(ObjectType::SymmetricKey),
        key_wrap_type: Some(KeyWrapType::NotWrapped),
        attributes: Some(AttributeList(
            [Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt)].into_iter().collect(),
        )),
        object: ManagedObject::SymmetricKey(SymmetricKey { key_block }),
        ..ImportRequest::default()
    }
    .into_request()
}

/// The request for an operation that works on data.
pub fn computed(done: Done, id: &str, parameters: CryptographicParameters) -> Request {
    let (unique_identifier, cryptographic_parameters) = (Some(id.into()), Some(parameters));
    match done {
        Encrypt => EncryptRequest {
            unique_identifier,
            cryptographic_parameters,
            data: data(&[5; 32]),
            iv_counter_nonce: None,
            ..EncryptRequest::default()
        }
        .into_request(),
        Decrypt => DecryptRequest {
            unique_identifier,
            cryptographic_parameters,
            data: data(&[5; 32]),
            iv_counter_nonce: Some(vec![0; 16].into()),
            ..DecryptRequest::default()
        }
        .into_request(),
        Mac => MACRequest {
            unique_identifier,
            cryptographic_parameters,
            data: data(b"data"),
            ..MACRequest::default()
        }
        .into_request(),
        MacVerify => MACVerifyRequest {
            unique_identifier,
            cryptographic_parameters,
            data: data(b"data"),
            mac_data: Some(vec![0; 32].into()),
            ..MACVerifyRequest::default()
        }
        .into_request(),
        Sign => SignRequest {
            unique_identifier,
            cryptographic_parameters,
            data: data(b"data"),
            ..SignRequest::default()
        }
        .into_request(),
        _ => SignatureVerifyRequest {
            unique_identifier,
            cryptographic_parameters,
            data: data(b"data"),
            signature_data: Some(vec![0; 64].into()),
            ..SignatureVerifyRequest::default()
        }
        .into_request(),
    }
}

pub fn derive(method: DerivationMethod, bases: &[&str], parameters: CryptographicParameters) -> Request {
    use DerivationMethod as Method;
    let has_data = !matches!(method, Method::HASH | Method::PBKDF2 | Method::AsymmetricKey);
    DeriveKeyRequest {
        object_type: ObjectType::SecretData,
        unique_identifiers: bases.iter().map(|id| (*id).into()).collect(),
        derivation_method: method,
        derivation_parameters: DerivationParameters {
            cryptographic_parameters: Some(parameters),
            initialization_vector: (method == Method::ENCRYPT).then(|| vec![0; 16].into()),
            derivation_data: has_data.then(|| vec![5; 16].into()).into_iter().collect(),
            salt: (method == Method::PBKDF2).then(|| vec![6; 16].into()),
            iteration_count: (method == Method::PBKDF2).then_some(10),
        },
        attributes: [Attribute::CryptographicLength(128)].into(),
    }
    .into_request()
}

pub fn sent(kind: ObjectType, algorithm: Algorithm, format: Format, bytes: &[u8]) -> Sent {
    let mut block = bytes_block(format, bytes);
    block.cryptographic_algorithm = Some(algorithm);
    Sent { kind, block, attributes: vec![] }
}

pub fn bare() -> CryptographicParameters {
    CryptographicParameters::default()
}

/// The refusal of a request, or nothing where it is done.
pub fn refusal(bench: &mut Bench, who: &Principal, request: Request) -> Option<String> {
    let message = RequestMessage::new(V2_1, vec![RequestItem::from(request)]);
    let item = bench.run(who, &message).pop().unwrap();
    (item.result_status != ResultStatus::Success).then(|| item.result_message.unwrap_or_default())
}
