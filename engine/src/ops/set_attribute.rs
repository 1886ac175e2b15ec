//! Set Attribute (KMIP 2.1, 6.1.51): adds the attribute, or changes its only instance.

use crate::attributes::rules;
use crate::context::{Context, Execute};
use crate::lifecycle::effects;
use crate::objects::intake;
use crate::objects::references;
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{SetAttributeRequest, SetAttributeResponse};

impl Execute for SetAttributeRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<SetAttributeResponse> {
        let mut object = cx.object(self.unique_identifier, Operation::SetAttribute)?;
        let mut attribute = self.attribute.0.attribute;
        references::in_attribute(cx, &mut attribute)?;
        match object.attributes.instances(&attribute.reference()).count() {
            0 => rules::may_be_added(&object, &attribute, cx.version)?,
            1 => rules::may_be_modified(&object, &attribute, cx.version, cx.now())?,
            _ => {
                return refuse(
                    Cause::MultiValued,
                    "the attribute has several instances: modify one, or delete some first",
                );
            }
        }
        intake::must_be_true(cx, &object, &attribute)?;
        object.attributes.set(attribute.clone());
        effects::follow(&mut object, &attribute, cx.now())?;
        let id = object.id.clone();
        cx.save(object)?;
        Ok(SetAttributeResponse { unique_identifier: id.into() })
    }
}
