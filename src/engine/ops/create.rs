//! Create (KMIP 2.1, 6.1.8): a new symmetric key, or a secret.

use crate::engine::context::{Context, Execute};
use crate::engine::cryptography;
use crate::engine::material;
use crate::engine::objects::birth;
use crate::engine::objects::object::Object;
use crate::engine::objects::raw::Wanted;
use crate::engine::objects::storage;
use crate::engine::refusal::Step;
use kmip_codec::attribute;
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::{CryptographicAlgorithm, CryptographicUsageMask, ObjectType, SecretDataType};
use kmip_codec::payloads::{CreateRequest, CreateResponse};

impl Execute for CreateRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> Step<CreateResponse> {
        storage::check(self.protection_storage_masks.as_ref())?;
        let given = birth::given(cx, Some(self.attributes))?;
        let mut object = birth::object(cx, self.object_type, given, true)?;
        fill_length(&mut object);
        fill_usage(&mut object);
        let wanted = Wanted::by(cx, &object, SecretDataType::Password)?;
        let bytes = material::random(cx, wanted.algorithm, wanted.bytes)?;
        let id = wanted.store(cx, object, bytes)?;
        Ok(CreateResponse { object_type: self.object_type, unique_identifier: id.into(), attributes: None })
    }
}

/// What a key may do where the client leaves it to the server, which may set it implicitly (KMIP 1.4, 3.19; 2.1, 4.17): what its
/// algorithm is for.
fn fill_usage(object: &mut Object) {
    use CryptographicUsageMask as Mask;
    let is_key = object.object_type() == ObjectType::SymmetricKey;
    if !is_key || object.attributes.has_tag(kmip_codec::Tag::CryptographicUsageMask) {
        return;
    }
    let Some(algorithm) = attribute!(object.attributes, CryptographicAlgorithm).next() else { return };
    let mask = match cryptography::digest_of_hmac(*algorithm) {
        Some(_) => Mask::MACGenerate | Mask::MACVerify,
        None => Mask::Encrypt | Mask::Decrypt,
    };
    object.attributes.set(Attribute::CryptographicUsageMask(mask));
}

/// The length of keys of an algorithm where the client leaves it to the server.
fn fill_length(object: &mut Object) {
    if object.attributes.has_tag(kmip_codec::Tag::CryptographicLength) {
        return;
    }
    let usual = match attribute!(object.attributes, CryptographicAlgorithm).next().copied() {
        Some(CryptographicAlgorithm::AES | CryptographicAlgorithm::ChaCha20) => 256,
        Some(CryptographicAlgorithm::HMAC_SHA256) => 256,
        Some(CryptographicAlgorithm::DES3) => 168,
        _ => return,
    };
    object.attributes.set(Attribute::CryptographicLength(usual));
}
