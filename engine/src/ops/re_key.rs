//! Re-key (KMIP 2.1, 6.1.46): a new symmetric key that takes the place of another.

use crate::context::{Context, Execute};
use crate::material;
use crate::objects::raw::KeyMaterialSpec;
use crate::objects::rekey;
use crate::objects::storage;
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::enums::{ObjectType, SecretDataType};
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{ReKeyRequest, ReKeyResponse};

impl Execute for ReKeyRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<ReKeyResponse> {
        let mut old = cx.living(self.unique_identifier, Operation::ReKey)?;
        if old.object_type() != ObjectType::SymmetricKey {
            let message = format!("Re-key is for symmetric keys, not for a {:?}", old.object_type());
            return refuse(Cause::WrongType, message);
        }
        storage::check(self.protection_storage_masks.as_ref())?;
        material::must_be_here(&old)?;
        let mut new = rekey::successor(cx, &mut old, self.attributes, self.offset)?;
        rekey::link(&mut old, &mut new, cx.now());
        let wanted = KeyMaterialSpec::by(cx, &new, SecretDataType::Seed)?;
        let key = material::random(cx.entropy, wanted.algorithm, wanted.bytes)?;
        cx.save(old)?;
        let id = wanted.store(cx, new, key)?;
        Ok(ReKeyResponse { unique_identifier: id.into(), attributes: None })
    }
}
