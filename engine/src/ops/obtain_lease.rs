//! Obtain Lease (KMIP 2.1, 6.1.35): how long the client may use the object before it asks again.

use crate::context::{Context, Execute};
use crate::lifecycle::lease;
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::attribute;
use kmip_codec::enums::State;
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{ObtainLeaseRequest, ObtainLeaseResponse};
use kmip_codec::value::Interval;

impl Execute for ObtainLeaseRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<ObtainLeaseResponse> {
        let object = cx.living(self.unique_identifier, Operation::ObtainLease)?;
        if attribute!(object.attributes, State).next() == Some(&State::Compromised) {
            return refuse(Cause::Denied, "the object is Compromised: no lease is given for it");
        }
        Ok(ObtainLeaseResponse {
            unique_identifier: object.id.as_str().into(),
            lease_time: Interval(lease::seconds(&cx.principal().persona, &object)),
            last_change_date: attribute!(object.attributes, LastChangeDate)
                .next()
                .copied()
                .unwrap_or_default(),
        })
    }
}
