//! Re-key (KMIP 2.1, 6.1.46): a new symmetric key that takes the place of another.

use super::create::symmetric;
use crate::engine::context::{Context, Execute};
use crate::engine::refusal::{Cause, Step, refuse};
use crate::engine::{birth, material, renewal};
use kmip_codec::attribute;
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::{KeyFormatType, ObjectType};
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{ReKeyRequest, ReKeyResponse};

impl Execute for ReKeyRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> Step<ReKeyResponse> {
        let mut old = cx.living(self.unique_identifier, Operation::ReKey)?;
        if old.object_type() != ObjectType::SymmetricKey {
            let message = format!("Re-key is for symmetric keys, not for a {:?}", old.object_type());
            return refuse(Cause::WrongType, message);
        }
        let mut new = renewal::successor(cx, &mut old, self.attributes, self.offset)?;
        renewal::link(&mut old, &mut new);
        let algorithm = attribute!(new.attributes, CryptographicAlgorithm).next().copied();
        let length = attribute!(new.attributes, CryptographicLength).next().copied();
        let (Some(algorithm), Some(length)) = (algorithm, length) else {
            return refuse(Cause::NoKeyValue, "algorithm and length of the key are not known");
        };
        material::check_strength(cx.principal(), algorithm, Some(length), None)?;
        let key = material::symmetric_key(cx, algorithm, length)?;
        new.attributes.set(Attribute::KeyFormatType(KeyFormatType::Raw));
        new.attributes.set(birth::digest(&key, Some(KeyFormatType::Raw)));
        cx.save(old)?;
        let id = birth::store(cx, new, &symmetric(key, algorithm, length))?;
        Ok(ReKeyResponse { unique_identifier: id.into(), attributes: None })
    }
}
