//! Create Key Pair (KMIP 2.1, 6.1.9): a private and a public key, linked to each other.

use crate::context::{Context, Execute};
use crate::objects::creation;
use crate::objects::object::Object;
use crate::objects::pair;
use crate::objects::storage;
use crate::objects::usage;
use crate::refusal::OpResult;
use kmip_codec::attributes::Attributes;
use kmip_codec::enums::ObjectType;
use kmip_codec::payloads::{CreateKeyPairRequest, CreateKeyPairResponse};

impl Execute for CreateKeyPairRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<CreateKeyPairResponse> {
        storage::check_pair(
            self.common_protection_storage_masks.as_ref(),
            self.private_protection_storage_masks.as_ref(),
            self.public_protection_storage_masks.as_ref(),
        )?;
        let (private, public) = pair::halves(cx, self.common, self.private, self.public)?;
        let private = half(cx, ObjectType::PrivateKey, private)?;
        let public = half(cx, ObjectType::PublicKey, public)?;
        let kind = pair::wanted(cx, &private)?;
        let made = cx.fulfilled.pair(kind, cx.draft.world().settings)?;
        let (private_key, public_key) = pair::store(cx, private, public, &made)?;
        cx.placeholder = Some(private_key.clone());
        Ok(CreateKeyPairResponse {
            private_key: private_key.into(),
            public_key: public_key.into(),
            private: None,
            public: None,
        })
    }
}

fn half(cx: &mut Context<'_, '_>, object_type: ObjectType, given: Attributes) -> OpResult<Object> {
    let mut object = creation::object(cx, object_type, given, true)?;
    usage::require(cx, &mut object)?;
    Ok(object)
}
