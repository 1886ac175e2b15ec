//! Export (KMIP 2.1, 6.1.18): the object with all its attributes, in the form that Get would give it. Of a destroyed key
//! the attributes are left, and its key block without the key.

use crate::attributes::shown;
use crate::context::{Context, Execute};
use crate::objects::object::Object;
use crate::objects::release::{self, Form};
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::attribute;
use kmip_codec::attributes::{AttributeList, Attributes};
use kmip_codec::enums::ObjectType;
use kmip_codec::objects::{KeyBlock, ManagedObject, PrivateKey, PublicKey, SymmetricKey};
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{ExportRequest, ExportResponse};

impl Execute for ExportRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<ExportResponse> {
        let object = cx.object(self.unique_identifier, Operation::Export)?;
        let form = Form {
            format: self.key_format_type,
            wrap_type: self.key_wrap_type,
            compression: self.key_compression_type,
            wrapping: self.key_wrapping_specification,
        };
        let value =
            if object.is_destroyed() { remains(&object)? } else { release::value(cx, &object, &form)? };
        let references = shown::references(&object, cx.version);
        let shown = shown::instances_of_all(&object, &references, cx.version);
        let attributes = Some(AttributeList(Attributes(shown)));
        cx.placeholder = Some(object.id.clone());
        Ok(ExportResponse {
            object_type: object.object_type(),
            unique_identifier: object.id.clone().into(),
            attributes,
            object: value,
        })
    }
}

/// A destroyed key: what its attributes tell of its key block.
fn remains(object: &Object) -> OpResult<ManagedObject> {
    let attributes = &object.attributes;
    let key_block = KeyBlock {
        key_format_type: attribute!(attributes, KeyFormatType).next().copied().unwrap_or_default(),
        cryptographic_algorithm: attribute!(attributes, CryptographicAlgorithm).next().copied(),
        cryptographic_length: attribute!(attributes, CryptographicLength).next().copied(),
        ..KeyBlock::default()
    };
    match object.object_type() {
        ObjectType::SymmetricKey => Ok(ManagedObject::SymmetricKey(SymmetricKey { key_block })),
        ObjectType::PrivateKey => Ok(ManagedObject::PrivateKey(PrivateKey { key_block })),
        ObjectType::PublicKey => Ok(ManagedObject::PublicKey(PublicKey { key_block })),
        other => {
            let message =
                format!("of a destroyed {other:?} only attributes are left: Get Attributes has them");
            refuse(Cause::Destroyed, message)
        }
    }
}
