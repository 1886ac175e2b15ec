//! Register (KMIP 2.1, 6.1.43): takes in an object that was made elsewhere.

use crate::engine::birth;
use crate::engine::context::{Context, Execute};
use crate::engine::intake;
use crate::engine::refusal::{Cause, Step, refuse};
use kmip_codec::attributes::Attributes;
use kmip_codec::enums::ObjectType;
use kmip_codec::objects::ManagedObject;
use kmip_codec::payloads::{RegisterRequest, RegisterResponse};

/// The object types that are taken in.
pub const TYPES: &[ObjectType] = &[
    ObjectType::Certificate,
    ObjectType::SymmetricKey,
    ObjectType::PublicKey,
    ObjectType::PrivateKey,
    ObjectType::SplitKey,
    ObjectType::Template,
    ObjectType::SecretData,
    ObjectType::OpaqueObject,
    ObjectType::PGPKey,
    ObjectType::CertificateRequest,
];

impl Execute for RegisterRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> Step<RegisterResponse> {
        if !TYPES.contains(&self.object_type) {
            return refuse(
                Cause::WrongType,
                format!("objects of type {:?} are not taken in", self.object_type),
            );
        }
        if self.object.object_type() != self.object_type {
            let (said, sent) = (self.object_type, self.object.object_type());
            return refuse(
                Cause::InvalidField,
                format!("Object Type says {said:?}, but a {sent:?} was sent"),
            );
        }
        let mut given = birth::given(cx, Some(self.attributes))?;
        if let ManagedObject::Template(template) = &self.object {
            let inside = template.attributes.iter().flat_map(|list| list.0.iter());
            given.0.extend(inside.filter(|a| birth::is_name(a)).cloned().collect::<Attributes>().0);
        }
        let id = intake::store(cx, given, self.object)?;
        Ok(RegisterResponse { unique_identifier: id.into(), attributes: None })
    }
}
