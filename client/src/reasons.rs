//! Which Result Reasons (KMIP 2.1, 11.46) are refusals, and which say that the server cannot answer now.

use kmip_codec::enums::ResultReason;

/// The reasons that say nothing about the request: the server, its HSM or its store is away or busy, or a limit is
/// reached. The same request may succeed a little later. 1.x has General Failure for all of them.
const PASSING: &[ResultReason] = &[
    ResultReason::GeneralFailure,
    ResultReason::InternalServerError,
    ResultReason::ServerLimitExceeded,
    // Servers give it where their HSM fails; asking again harms nobody where a key is damaged.
    ResultReason::CryptographicFailure,
    ResultReason::ProtectionStorageUnavailable,
    ResultReason::PrivateProtectionStorageUnavailable,
    ResultReason::PublicProtectionStorageUnavailable,
];

/// Whether the same request may succeed a little later. A reason that no version of the standard has says nothing, and
/// so does not refuse.
pub(super) fn may_pass(reason: ResultReason) -> bool {
    let is_known = ResultReason::TABLE.rows.iter().any(|(number, ..)| *number == reason.0);
    PASSING.contains(&reason) || !is_known
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every reason of the standard is a refusal or stands in the table above.
    #[test]
    fn every_reason_has_its_class() {
        let reasons = ResultReason::TABLE.rows.iter().map(|(number, ..)| ResultReason(*number));
        let passing: Vec<_> = reasons.filter(|reason| may_pass(*reason)).collect();
        assert_eq!(passing.len(), PASSING.len());
        for refusal in [
            ResultReason::ItemNotFound,
            ResultReason::ObjectNotFound,
            ResultReason::ObjectDestroyed,
            ResultReason::ObjectArchived,
            ResultReason::PermissionDenied,
            ResultReason::AuthenticationNotSuccessful,
            ResultReason::NotAuthorised,
            ResultReason::AttestationRequired,
            ResultReason::WrongKeyLifecycleState,
            ResultReason::UsageLimitExceeded,
            ResultReason::InvalidMessage,
        ] {
            assert!(!may_pass(refusal), "{refusal:?}");
        }
        assert!(may_pass(ResultReason(0x8000_0001)), "of a vendor");
    }
}
