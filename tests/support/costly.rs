//! Requests that cost a server much, whoever asks: tests count what they cost, and the attacks of the benchmark measure it.

use kmip_codec::attributes::{Attribute, Attributes, CryptographicParameters};
use kmip_codec::enums::*;
use kmip_codec::objects::*;
use kmip_codec::operations::Request;
use kmip_codec::payloads::*;
use kmip_codec::value::{Data, DateTime, UniqueIdentifier};

/// A key block with these bytes.
pub fn bytes_block(format: KeyFormatType, bytes: &[u8]) -> KeyBlock {
    let plain = PlainKeyValue { key_material: KeyMaterial::Bytes(bytes.into()), attributes: None };
    KeyBlock { key_format_type: format, key_value: Some(KeyValue::Plain(plain)), ..KeyBlock::default() }
}

/// An object to be stored with these attributes.
pub fn register<const N: usize>(attributes: [Attribute; N], object: ManagedObject) -> RegisterRequest {
    RegisterRequest {
        object_type: object.object_type(),
        attributes: attributes.into_iter().collect::<Attributes>().into(),
        object,
        ..RegisterRequest::default()
    }
}

/// A secret of so many bytes, Active, from which keys may be derived.
pub fn secret(secret_data_type: SecretDataType, format: KeyFormatType, bytes: &[u8]) -> RegisterRequest {
    let secret = SecretData { secret_data_type, key_block: bytes_block(format, bytes) };
    register(active(CryptographicUsageMask::DeriveKey), ManagedObject::SecretData(secret))
}

/// A key of a MAC of so many bytes, Active.
pub fn hmac_key(bytes: usize) -> RegisterRequest {
    let key_block = KeyBlock {
        cryptographic_algorithm: Some(CryptographicAlgorithm::HMAC_SHA256),
        cryptographic_length: i32::try_from(bytes * 8).ok(),
        ..bytes_block(KeyFormatType::Raw, &vec![0x5a; bytes])
    };
    let uses = CryptographicUsageMask::MACGenerate | CryptographicUsageMask::MACVerify;
    register(active(uses), ManagedObject::SymmetricKey(SymmetricKey { key_block }))
}

fn active(uses: CryptographicUsageMask) -> [Attribute; 2] {
    [Attribute::CryptographicUsageMask(uses), Attribute::ActivationDate(DateTime(1))]
}

/// A MAC of little data.
pub fn mac(key: &UniqueIdentifier) -> Request {
    let data = Some(Data::Bytes(b"data".as_slice().into()));
    Request::MAC(MACRequest { unique_identifier: Some(key.clone()), data, ..MACRequest::default() })
}

/// The object.
pub fn get(id: &UniqueIdentifier) -> Request {
    Request::Get(GetRequest { unique_identifier: Some(id.clone()), ..GetRequest::default() })
}

/// The attributes of the object.
pub fn get_attributes(id: &UniqueIdentifier) -> Request {
    let unique_identifier = Some(id.clone());
    Request::GetAttributes(GetAttributesRequest { unique_identifier, ..GetAttributesRequest::default() })
}

/// A secret of so many bits that is derived from another one with SHA-256.
pub fn derive(
    base: &UniqueIdentifier,
    method: DerivationMethod,
    bits: i32,
    with: DerivationParameters,
) -> DeriveKeyRequest {
    let parameters = CryptographicParameters {
        hashing_algorithm: Some(HashingAlgorithm::SHA_256),
        ..CryptographicParameters::default()
    };
    DeriveKeyRequest {
        object_type: ObjectType::SecretData,
        unique_identifiers: vec![base.clone()],
        derivation_method: method,
        derivation_parameters: DerivationParameters { cryptographic_parameters: Some(parameters), ..with },
        attributes: [Attribute::CryptographicLength(bits)].into(),
    }
}

/// As many certificates, each issued by the one before.
pub fn certificates(count: usize) -> Vec<Certificate> {
    let mut certificates = Vec::new();
    let mut issuer: Option<(rcgen::CertificateParams, rcgen::KeyPair)> = None;
    for number in 0..count {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::CommonName, format!("number {number}"));
        let certificate = match &issuer {
            None => params.self_signed(&key).unwrap(),
            Some((issuer, by)) => params.signed_by(&key, &rcgen::Issuer::from_params(issuer, by)).unwrap(),
        };
        let value = certificate.der().to_vec().into();
        certificates.push(Certificate { certificate_type: CertificateType::X_509, value });
        issuer = Some((params, key));
    }
    certificates
}
