//! Check (KMIP 2.1, 6.1.7): may the object be used in this way? What stands against it comes back in 1.x; in 2.x, as the
//! error table and the OASIS cases have it, the operation fails for the reason that says so.

use crate::context::{Context, Execute};
use crate::lifecycle::lease;
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::attribute;
use kmip_codec::enums::{CryptographicUsageMask, ObjectType};
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{CheckRequest, CheckResponse};
use kmip_codec::version::V2_0;

impl Execute for CheckRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<CheckResponse> {
        let object = cx.living(self.unique_identifier, Operation::Check)?;
        if object.object_type() == ObjectType::Template {
            return refuse(Cause::WrongType, "a Template is used for nothing that could be checked");
        }
        let mask = attribute!(object.attributes, CryptographicUsageMask).next().copied();
        let mask = mask.unwrap_or(CryptographicUsageMask(0));
        let left = attribute!(object.attributes, UsageLimits).next().and_then(|limits| limits.count);
        let lease = lease::seconds(&cx.principal().persona, &object);
        let refused = CheckResponse {
            unique_identifier: None,
            usage_limits_count: self
                .usage_limits_count
                .filter(|wanted| left.is_some_and(|left| *wanted > left)),
            cryptographic_usage_mask: self.cryptographic_usage_mask.filter(|wanted| !mask.contains(*wanted)),
            lease_time: self.lease_time.filter(|wanted| lease > 0 && wanted.0 > lease),
        };
        if refused != CheckResponse::default() {
            cx.placeholder = None;
            return if cx.version < V2_0 {
                Ok(refused)
            } else {
                refuse(reason(&refused), "the use is not allowed")
            };
        }
        Ok(CheckResponse { unique_identifier: Some(object.id.clone().into()), ..CheckResponse::default() })
    }
}

/// The reason of 2.x for what stands against a use.
fn reason(refused: &CheckResponse) -> Cause {
    if refused.cryptographic_usage_mask.is_some() {
        return Cause::UsageMask;
    }
    if refused.usage_limits_count.is_some() { Cause::Allocation } else { Cause::Denied }
}
