//! Get Usage Allocation (KMIP 2.1, 6.1.23): a share of what a key may still protect, taken at once.

use crate::context::{Context, Execute};
use crate::cryptography::{self, Purpose};
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::attribute;
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::CryptographicUsageMask;
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{GetUsageAllocationRequest, GetUsageAllocationResponse};

/// The uses that apply protection. To process what is protected is not limited, and not allocated either.
const PROTECTING: &[CryptographicUsageMask] = &[
    CryptographicUsageMask::Sign,
    CryptographicUsageMask::Encrypt,
    CryptographicUsageMask::WrapKey,
    CryptographicUsageMask::MACGenerate,
    CryptographicUsageMask::ContentCommitmentNonRepudiation,
    CryptographicUsageMask::CertificateSign,
    CryptographicUsageMask::CRLSign,
    CryptographicUsageMask::GenerateCryptogram,
    CryptographicUsageMask::TranslateEncrypt,
    CryptographicUsageMask::TranslateWrap,
    CryptographicUsageMask::Authenticate,
    CryptographicUsageMask::Unrestricted,
    CryptographicUsageMask::FPEEncrypt,
];

impl Execute for GetUsageAllocationRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<GetUsageAllocationResponse> {
        let mut object = cx.living(self.unique_identifier, Operation::GetUsageAllocation)?;
        let id = object.id.clone();
        let Some(mut limits) = attribute!(object.attributes, UsageLimits).next().cloned() else {
            return refuse(Cause::NoSuchAttribute, "the object has no Usage Limits to allocate from");
        };
        let mask = attribute!(object.attributes, CryptographicUsageMask).next();
        if !mask.is_some_and(|mask| PROTECTING.iter().any(|use_of_it| mask.contains(*use_of_it))) {
            return refuse(
                Cause::UsageMask,
                "the Cryptographic Usage Mask of the object has no use that protects: there is nothing to allocate",
            );
        }
        cryptography::check_time(&object, Purpose::Protect, cx.now())?;
        let left = limits.count.unwrap_or(limits.total);
        if self.usage_limits_count < 0 || self.usage_limits_count > left {
            let text =
                format!("the Usage Limits of the key leave {left}; {} are wanted", self.usage_limits_count);
            return refuse(Cause::Allocation, text);
        }
        limits.count = Some(left - self.usage_limits_count);
        object.allocated = true;
        object.attributes.set(Attribute::UsageLimits(limits));
        cx.save(object)?;
        Ok(GetUsageAllocationResponse { unique_identifier: id.into() })
    }
}
