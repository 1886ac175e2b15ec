//! Delete Attribute (KMIP 2.1, 6.1.13; KMIP 1.4, 4.16): one instance, or in 2.x all of them.

use crate::attributes::rules;
use crate::attributes::shown;
use crate::context::{Context, Execute};
use crate::objects::object::Object;
use crate::objects::references;
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::Version;
use kmip_codec::attributes::{AttributeReference, SingleAttribute};
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{DeleteAttributeRequest, DeleteAttributeResponse};

impl Execute for DeleteAttributeRequest {
    fn execute(mut self, cx: &mut Context<'_, '_>) -> OpResult<DeleteAttributeResponse> {
        let mut object = cx.object(self.unique_identifier.clone(), Operation::DeleteAttribute)?;
        if let Some(current) = &mut self.current {
            references::in_attribute(cx, &mut current.0.attribute)?;
        }
        let deleted = delete(&mut object, self, cx.version)?;
        let id = object.id.clone();
        cx.save(object)?;
        Ok(DeleteAttributeResponse { unique_identifier: id.into(), attribute: deleted })
    }
}

fn delete(
    object: &mut Object,
    request: DeleteAttributeRequest,
    version: Version,
) -> OpResult<Option<SingleAttribute>> {
    let current = request.current.map(|current| current.0.attribute);
    let all = request.reference.is_some() && current.is_none();
    let named = request.name.or(request.reference);
    let Some(reference) = current.as_ref().map(|current| current.reference()).or(named) else {
        return refuse(Cause::Missing, "name the attribute to delete");
    };
    rules::may_be_deleted(object, &reference, version)?;
    if all {
        return delete_all(object, &reference);
    }
    let index = rules::instance(object, &reference, request.index, current.as_ref())?.index.unwrap_or(0);
    let deleted = object.attributes.remove(&reference, index);
    Ok(deleted.map(|entry| SingleAttribute(shown::as_sent(shown::entry(entry), request.index))))
}

fn delete_all(object: &mut Object, reference: &AttributeReference) -> OpResult<Option<SingleAttribute>> {
    rules::instance(object, reference, None, None)?;
    object.attributes.remove_where(|attribute| attribute.is_called(reference));
    Ok(None)
}
