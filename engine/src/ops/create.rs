//! Create (KMIP 2.1, 6.1.8): a new symmetric key, or a secret.

use crate::context::{Context, Execute};
use crate::material;
use crate::objects::creation;
use crate::objects::object::Object;
use crate::objects::raw::KeyMaterialSpec;
use crate::objects::storage;
use crate::objects::usage;
use crate::refusal::OpResult;
use kmip_codec::attribute;
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::{CryptographicAlgorithm, ObjectType, SecretDataType};
use kmip_codec::payloads::{CreateRequest, CreateResponse};

impl Execute for CreateRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<CreateResponse> {
        storage::check(self.protection_storage_masks.as_ref())?;
        let given = creation::given(cx, Some(self.attributes))?;
        let mut object = creation::object(cx, self.object_type, given, true)?;
        fill_length(&mut object);
        if object.object_type() == ObjectType::SymmetricKey {
            usage::set_usual(&mut object);
        }
        let wanted = KeyMaterialSpec::by(cx, &object, SecretDataType::Password)?;
        let bytes = material::random(cx.entropy, wanted.algorithm, wanted.bytes)?;
        let id = wanted.store(cx, object, bytes)?;
        Ok(CreateResponse { object_type: self.object_type, unique_identifier: id.into(), attributes: None })
    }
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
