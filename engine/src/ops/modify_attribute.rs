//! Modify Attribute (KMIP 2.1, 6.1.34; KMIP 1.4, 4.15): a new value for an instance that is there.

use crate::attributes::rules;
use crate::attributes::shown;
use crate::context::{Context, Execute};
use crate::lifecycle::effects;
use crate::objects::intake;
use crate::objects::references;
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::attributes::{Entry, SingleAttribute};
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{ModifyAttributeRequest, ModifyAttributeResponse};

impl Execute for ModifyAttributeRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<ModifyAttributeResponse> {
        let mut object = cx.object(self.unique_identifier, Operation::ModifyAttribute)?;
        let Entry { index: sent, mut attribute } = self.attribute.0;
        references::in_attribute(cx, &mut attribute)?;
        let mut current = self.current.map(|current| current.0.attribute);
        current.iter_mut().try_for_each(|current| references::in_attribute(cx, current))?;
        rules::may_be_modified(&object, &attribute, cx.version, cx.now())?;
        intake::must_be_true(cx, &object, &attribute)?;
        let reference = attribute.reference();
        if cx.version.has_tagged_attributes()
            && current.is_none()
            && object.attributes.instances(&reference).count() > 1
        {
            return refuse(
                Cause::MultiValued,
                "the attribute has several instances: name the Current Attribute",
            );
        }
        let index = rules::instance(&object, &reference, sent, current.as_ref())?.index.unwrap_or(0);
        object.attributes.replace(index, attribute.clone());
        effects::follow(&mut object, &attribute, cx.now())?;
        let id = object.id.clone();
        let modified = shown::as_sent(shown::changed(&object, index, attribute), sent);
        cx.save(object)?;
        Ok(ModifyAttributeResponse {
            unique_identifier: id.into(),
            attribute: Some(SingleAttribute(modified)),
        })
    }
}
