//! Derive Key (KMIP 2.1, 6.1.14): a new symmetric key or secret that follows from others.

use crate::engine::context::{Context, Execute};
use crate::engine::objects::birth;
use crate::engine::objects::derivation;
use crate::engine::objects::raw::Wanted;
use crate::engine::objects::usage;
use crate::engine::refusal::Step;
use kmip_codec::enums::{LinkType, SecretDataType};
use kmip_codec::payloads::{DeriveKeyRequest, DeriveKeyResponse};

impl Execute for DeriveKeyRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> Step<DeriveKeyResponse> {
        let bases = derivation::bases(cx, self.unique_identifiers)?;
        let given = birth::given(cx, Some(self.attributes))?;
        let mut object = birth::object(cx, self.object_type, given, true)?;
        usage::inherit(&mut object, &bases);
        let wanted = Wanted::by(cx, &object, SecretDataType::Seed)?;
        let key = derivation::derived(
            cx,
            &bases,
            self.derivation_method,
            self.derivation_parameters,
            wanted.bytes,
        )?;
        for mut base in bases {
            base.link_too(LinkType::DerivedKeyLink, &object.id);
            object.link_too(LinkType::DerivationBaseObjectLink, &base.id);
            cx.save(base)?;
        }
        let id = wanted.store(cx, object, key)?;
        Ok(DeriveKeyResponse { unique_identifier: id.into(), attributes: None })
    }
}
