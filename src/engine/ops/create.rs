//! Create (KMIP 2.1, 6.1.8): a new symmetric key.

use crate::engine::birth;
use crate::engine::context::{Context, Execute};
use crate::engine::material;
use crate::engine::refusal::{Cause, Step, refuse};
use kmip_codec::SecretBytes;
use kmip_codec::attribute;
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::{CryptographicAlgorithm, KeyFormatType, ObjectType};
use kmip_codec::objects::*;
use kmip_codec::payloads::{CreateRequest, CreateResponse};

impl Execute for CreateRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> Step<CreateResponse> {
        if self.object_type != ObjectType::SymmetricKey {
            let message = format!("Create makes symmetric keys, not a {:?}", self.object_type);
            return refuse(Cause::InvalidField, message);
        }
        let given = birth::given(cx, Some(self.attributes))?;
        let mut object = birth::object(cx, self.object_type, given, true)?;
        birth::require_usage_mask(&object)?;
        let Some(algorithm) = attribute!(object.attributes, CryptographicAlgorithm).next().copied() else {
            return refuse(Cause::Missing, "Cryptographic Algorithm is missing");
        };
        let length = attribute!(object.attributes, CryptographicLength).next().copied();
        let Some(length) = length.or_else(|| usual_length(algorithm)) else {
            return refuse(Cause::Missing, "Cryptographic Length is missing");
        };
        material::check_strength(cx.principal(), algorithm, Some(length), None)?;
        let key = material::symmetric_key(cx, algorithm, length)?;
        object.attributes.set(Attribute::CryptographicLength(length));
        object.attributes.set(Attribute::KeyFormatType(KeyFormatType::Raw));
        object.attributes.set(birth::digest(&key, Some(KeyFormatType::Raw)));
        let id = birth::store(cx, object, &symmetric(key, algorithm, length))?;
        Ok(CreateResponse { object_type: self.object_type, unique_identifier: id.into(), attributes: None })
    }
}

/// The length of keys of an algorithm where the client leaves it to the server.
fn usual_length(algorithm: CryptographicAlgorithm) -> Option<i32> {
    match algorithm {
        CryptographicAlgorithm::AES | CryptographicAlgorithm::ChaCha20 => Some(256),
        CryptographicAlgorithm::HMAC_SHA256 => Some(256),
        CryptographicAlgorithm::DES3 => Some(168),
        _ => None,
    }
}

/// A symmetric key as an object.
pub fn symmetric(key: SecretBytes, algorithm: CryptographicAlgorithm, length: i32) -> ManagedObject {
    let plain = PlainKeyValue { key_material: KeyMaterial::Bytes(key), attributes: None };
    ManagedObject::SymmetricKey(SymmetricKey {
        key_block: KeyBlock {
            key_format_type: KeyFormatType::Raw,
            key_value: Some(KeyValue::Plain(plain)),
            cryptographic_algorithm: Some(algorithm),
            cryptographic_length: Some(length),
            ..KeyBlock::default()
        },
    })
}
