//! Destroy (KMIP 2.1, 6.1.15): the value is gone, the attributes stay.

use crate::context::{Context, Execute};
use crate::lifecycle::move_to;
use crate::lifecycle::states::Event;
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::attribute;
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::{ObjectType, State};
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{DestroyRequest, DestroyResponse};
use kmip_codec::value::DateTime;

impl Execute for DestroyRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<DestroyResponse> {
        let mut object = cx.living(self.unique_identifier, Operation::Destroy)?;
        let pre_active = attribute!(object.attributes, State).next() == Some(&State::PreActive);
        if pre_active && !cx.principal().persona.pre_active_destroy {
            return refuse(
                Cause::WrongState,
                "the object is Pre-Active: activate and revoke it before you destroy it",
            );
        }
        if object.object_type() == ObjectType::Template {
            object.attributes.set(Attribute::State(State::Destroyed));
        } else {
            move_to(&mut object, Event::Destroy)?;
        }
        object.attributes.set(Attribute::DestroyDate(DateTime(cx.now())));
        cx.draft.drop_value(&object);
        object.has_value = false;
        object.archived = false;
        let id = object.id.clone();
        cx.save(object)?;
        Ok(DestroyResponse { unique_identifier: id.into() })
    }
}
