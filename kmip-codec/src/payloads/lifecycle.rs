//! Operations that move an object through its life, and those on asynchronous requests.

use crate::attributes::RevocationReason;
use crate::declare::structure;
use crate::enums::{CancellationResult, CryptographicUsageMask};
use crate::value::{DateTime, Interval, UniqueIdentifier};
use bytes::Bytes;

/// Operations that take an identifier and give it back.
macro_rules! by_identifier {
    ($($(#[doc = $doc:literal])* $request:ident => $response:ident;)*) => {$(
        structure! {
            $(#[doc = $doc])*
            pub struct $request {
                unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
            }
        }

        structure! {
            /// Done.
            pub struct $response {
                unique_identifier: UniqueIdentifier = UniqueIdentifier;
            }
        }
    )*};
}

by_identifier! {
    /// Makes an object Active (KMIP 2.1, 6.1.1).
    ActivateRequest => ActivateResponse;
    /// Destroys the value of an object (KMIP 2.1, 6.1.15).
    DestroyRequest => DestroyResponse;
    /// Sends an object to the archive (KMIP 2.1, 6.1.4).
    ArchiveRequest => ArchiveResponse;
    /// Brings an object back from the archive (KMIP 2.1, 6.1.42).
    RecoverRequest => RecoverResponse;
}

structure! {
    /// Revokes an object (KMIP 2.1, 6.1.44).
    pub struct RevokeRequest {
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        revocation_reason: RevocationReason = RevocationReason;
        compromise_occurrence_date: Option<DateTime> = CompromiseOccurrenceDate;
    }
}

structure! {
    /// Done.
    pub struct RevokeResponse {
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
    }
}

structure! {
    /// Asks for a lease (KMIP 2.1, 6.1.35).
    pub struct ObtainLeaseRequest {
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
    }
}

structure! {
    /// How long the client may use the object before asking again.
    pub struct ObtainLeaseResponse {
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        lease_time: Interval = LeaseTime;
        last_change_date: DateTime = LastChangeDate;
    }
}

structure! {
    /// Asks whether an object may be used in a way (KMIP 2.1, 6.1.7).
    pub struct CheckRequest {
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        usage_limits_count: Option<i64> = UsageLimitsCount;
        cryptographic_usage_mask: Option<CryptographicUsageMask> = CryptographicUsageMask;
        lease_time: Option<Interval> = LeaseTime;
    }
}

structure! {
    /// The identifier, or what stands against the use.
    pub struct CheckResponse {
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        usage_limits_count: Option<i64> = UsageLimitsCount;
        cryptographic_usage_mask: Option<CryptographicUsageMask> = CryptographicUsageMask;
        lease_time: Option<Interval> = LeaseTime;
    }
}

structure! {
    /// Asks for the answer of an asynchronous request (KMIP 2.1, 6.1.38). It is answered by that request's answer.
    pub struct PollRequest {
        asynchronous_correlation_value: Bytes = AsynchronousCorrelationValue;
    }
}

structure! {
    /// Nothing: Poll is answered by the answer of the request that it asks about.
    pub struct PollResponse {}
}

structure! {
    /// Cancels an asynchronous request (KMIP 2.1, 6.1.5).
    pub struct CancelRequest {
        asynchronous_correlation_value: Bytes = AsynchronousCorrelationValue;
    }
}

structure! {
    /// What became of it.
    pub struct CancelResponse {
        asynchronous_correlation_value: Bytes = AsynchronousCorrelationValue;
        cancellation_result: CancellationResult = CancellationResult;
    }
}
