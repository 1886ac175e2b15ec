//! Create Key Pair (KMIP 2.1, 6.1.9): a private and a public key, linked to each other.

use crate::engine::context::{Context, Execute};
use crate::engine::material;
use crate::engine::need::PairKind;
use crate::engine::objects::birth;
use crate::engine::objects::object::Object;
use crate::engine::objects::pair;
use crate::engine::refusal::{Halt, Step};
use crate::engine::rights::weakness::{self, Means};
use kmip_codec::attributes::TemplateAttribute;
use kmip_codec::enums::ObjectType;
use kmip_codec::payloads::{CreateKeyPairRequest, CreateKeyPairResponse};

impl Execute for CreateKeyPairRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> Step<CreateKeyPairResponse> {
        let private = half(cx, ObjectType::PrivateKey, self.common.clone(), self.private)?;
        let public = half(cx, ObjectType::PublicKey, self.common, self.public)?;
        let kind = wanted(cx, &private)?;
        let made = cx.supplies.pair(kind).map_err(Halt::Need)?;
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

/// One half, with the attributes of both halves and its own.
fn half(
    cx: &mut Context<'_, '_>,
    object_type: ObjectType,
    common: Option<TemplateAttribute>,
    own: Option<TemplateAttribute>,
) -> Step<Object> {
    let mut given = birth::given(cx, common)?;
    given.0.extend(birth::given(cx, own)?.0);
    let object = birth::object(cx, object_type, given, true)?;
    birth::require_usage_mask(&object)?;
    Ok(object)
}

/// The pair that the attributes ask for, if this client may have it.
fn wanted(cx: &Context<'_, '_>, private: &Object) -> Step<PairKind> {
    let (algorithm, length, curve) = pair::asked(private);
    if let Some(algorithm) = algorithm {
        weakness::check(cx.principal(), Means::Key(algorithm, length, curve))?;
    }
    material::pair_kind(algorithm, length, curve)
}
