//! Activate (KMIP 2.1, 6.1.1): a Pre-Active object becomes Active, now.

use crate::context::{Context, Execute};
use crate::lifecycle::move_to;
use crate::lifecycle::states::Event;
use crate::refusal::OpResult;
use kmip_codec::attributes::Attribute;
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{ActivateRequest, ActivateResponse};
use kmip_codec::value::DateTime;

impl Execute for ActivateRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<ActivateResponse> {
        let mut object = cx.living(self.unique_identifier, Operation::Activate)?;
        move_to(&mut object, Event::Activate)?;
        object.attributes.set(Attribute::ActivationDate(DateTime(cx.now())));
        let id = object.id.clone();
        cx.save(object)?;
        Ok(ActivateResponse { unique_identifier: id.into() })
    }
}
