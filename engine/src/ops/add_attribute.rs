//! Add Attribute (KMIP 2.1, 6.1.2): a new instance; existing ones stay as they are.

use crate::attributes::rules;
use crate::attributes::shown;
use crate::context::{Context, Execute};
use crate::lifecycle::effects;
use crate::objects::intake;
use crate::objects::references;
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::attributes::{Entry, SingleAttribute};
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{AddAttributeRequest, AddAttributeResponse};

impl Execute for AddAttributeRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<AddAttributeResponse> {
        let mut object = cx.object(self.unique_identifier, Operation::AddAttribute)?;
        let Entry { index, mut attribute } = self.attribute.0;
        references::in_attribute(cx, &mut attribute)?;
        if index.is_some() {
            return refuse(Cause::InvalidField, "the server gives the Attribute Index: leave it out");
        }
        rules::may_be_added(&object, &attribute, cx.version)?;
        intake::must_be_true(cx, &object, &attribute)?;
        let index = object.attributes.add(attribute.clone());
        effects::follow(&mut object, &attribute, cx.now())?;
        let id = object.id.clone();
        let added = shown::changed(&object, index, attribute);
        cx.save(object)?;
        Ok(AddAttributeResponse { unique_identifier: id.into(), attribute: Some(SingleAttribute(added)) })
    }
}
