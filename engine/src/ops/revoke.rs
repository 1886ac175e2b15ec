//! Revoke (KMIP 2.1, 6.1.44): to Compromised for a compromise, else to Deactivated.

use crate::context::{Context, Execute};
use crate::lifecycle::move_to;
use crate::lifecycle::states::Event;
use crate::objects::object::Object;
use crate::refusal::{Cause, OpResult, refuse};
use crate::rights::persona::NeedlessDate;
use kmip_codec::attribute;
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::RevocationReasonCode;
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{RevokeRequest, RevokeResponse};
use kmip_codec::value::DateTime;

impl Execute for RevokeRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<RevokeResponse> {
        let mut object = cx.object(self.unique_identifier, Operation::Revoke)?;
        let now = DateTime(cx.now());
        let compromise = matches!(
            self.revocation_reason.code,
            RevocationReasonCode::KeyCompromise | RevocationReasonCode::CACompromise
        );
        if compromise {
            compromise_object(&mut object, self.compromise_occurrence_date, now)?;
        } else {
            let refuses = cx.principal().persona.needless_compromise_date == NeedlessDate::Refuse;
            if self.compromise_occurrence_date.is_some() && refuses {
                return refuse(
                    Cause::InvalidField,
                    "Compromise Occurrence Date belongs to the reasons Key Compromise and CA Compromise",
                );
            }
            move_to(&mut object, Event::Deactivate)?;
            object.attributes.set(Attribute::DeactivationDate(now));
        }
        object.attributes.set(Attribute::RevocationReason(self.revocation_reason));
        let id = object.id.clone();
        cx.save(object)?;
        Ok(RevokeResponse { unique_identifier: id.into() })
    }
}

/// Where the client does not say when the compromise happened, it may have been as early as the object is old.
fn compromise_object(object: &mut Object, occurred: Option<DateTime>, now: DateTime) -> OpResult<()> {
    move_to(object, Event::Compromise)?;
    let initial = attribute!(object.attributes, InitialDate).next().copied();
    let occurred = occurred.or(initial).unwrap_or(now);
    object.attributes.set(Attribute::CompromiseDate(now));
    object.attributes.set(Attribute::CompromiseOccurrenceDate(occurred));
    Ok(())
}
