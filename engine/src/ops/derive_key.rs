//! Derive Key (KMIP 2.1, 6.1.14): a new symmetric key or secret that follows from others.

use crate::context::{Context, Execute};
use crate::objects::creation;
use crate::objects::derivation;
use crate::objects::raw::KeyMaterialSpec;
use crate::objects::usage;
use crate::refusal::OpResult;
use kmip_codec::enums::{LinkType, SecretDataType};
use kmip_codec::payloads::{DeriveKeyRequest, DeriveKeyResponse};

impl Execute for DeriveKeyRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<DeriveKeyResponse> {
        let bases = derivation::bases(cx, self.unique_identifiers)?;
        let given = creation::given(cx, Some(self.attributes))?;
        let mut object = creation::object(cx, self.object_type, given, true)?;
        usage::inherit(&mut object, &bases);
        let wanted = KeyMaterialSpec::by(cx, &object, SecretDataType::Seed)?;
        let key = derivation::derived(
            cx,
            &bases,
            self.derivation_method,
            self.derivation_parameters,
            wanted.bytes,
        )?;
        for mut base in bases {
            base.add_link(LinkType::DerivedKeyLink, &object.id);
            object.add_link(LinkType::DerivationBaseObjectLink, &base.id);
            cx.save(base)?;
        }
        let id = wanted.store(cx, object, key)?;
        Ok(DeriveKeyResponse { unique_identifier: id.into(), attributes: None })
    }
}
