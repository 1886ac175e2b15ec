//! Which Result Reasons an operation of 2.x may have: the tables "Error Handling" of the specification, a row each.

use kmip_codec::enums::ResultReason;
use kmip_codec::operations::Operation;

/// Reasons of every operation: the eight that stand in (nearly) all tables, and those that the texts and the OASIS
/// cases have where the tables forget them (a destroyed object, an archived one, a failure of the server's own).
const OF_ALL: &[ResultReason] = &[
    ResultReason::AttestationFailed,
    ResultReason::AttestationRequired,
    ResultReason::FeatureNotSupported,
    ResultReason::InvalidField,
    ResultReason::InvalidMessage,
    ResultReason::OperationNotSupported,
    ResultReason::PermissionDenied,
    ResultReason::ResponseTooLarge,
    ResultReason::ApplicationNamespaceNotSupported,
    ResultReason::AuthenticationNotSuccessful,
    ResultReason::ConstraintViolation,
    ResultReason::GeneralFailure,
    ResultReason::InternalServerError,
    ResultReason::InvalidTicket,
    ResultReason::ObjectArchived,
    ResultReason::ObjectDestroyed,
    ResultReason::OperationCanceledByRequester,
    ResultReason::ServerLimitExceeded,
    ResultReason::UnknownMessageExtension,
];

macro_rules! reasons {
    ($($operation:ident: $($reason:ident),+;)*) => {
        /// What an operation may have beyond the reasons of all.
        const OF_ONE: &[(Operation, &[ResultReason])] =
            &[$((Operation::$operation, &[$(ResultReason::$reason),+]),)*];
    };
}

#[rustfmt::skip]
reasons! {
    Activate: InvalidObjectType, ObjectNotFound, WrongKeyLifecycleState;
    AddAttribute: AttributeSingleValued, InvalidAttribute, NonUniqueNameAttribute, ObjectNotFound, ReadOnlyAttribute, WrongKeyLifecycleState;
    AdjustAttribute: InvalidDataType, ItemNotFound, MultiValuedAttribute, NumericRange, ReadOnlyAttribute, UnsupportedAttribute, WrongKeyLifecycleState;
    Archive: ObjectNotFound;
    Cancel: InvalidAsynchronousCorrelationValue;
    Certify: InvalidCSR, InvalidObjectType, ItemNotFound, ProtectionStorageUnavailable;
    Check: IllegalObjectType, IncompatibleCryptographicUsageMask, ObjectNotFound, UsageLimitExceeded;
    Create: AttributeReadOnly, AttributeSingleValued, CryptographicFailure, InvalidAttribute, InvalidAttributeValue, InvalidObjectType, NonUniqueNameAttribute, ProtectionStorageUnavailable, ReadOnlyAttribute, UnsupportedAttribute;
    CreateKeyPair: AttributeReadOnly, AttributeSingleValued, CryptographicFailure, InvalidAttribute, InvalidAttributeValue, NonUniqueNameAttribute, PrivateProtectionStorageUnavailable, PublicProtectionStorageUnavailable;
    CreateSplitKey: BadCryptographicParameters, CryptographicFailure, InvalidAttribute, InvalidAttributeValue, InvalidObjectType, ItemNotFound, NonUniqueNameAttribute, ProtectionStorageUnavailable, UnsupportedCryptographicParameters;
    Decrypt: BadCryptographicParameters, CryptographicFailure, IncompatibleCryptographicUsageMask, InvalidCorrelationValue, InvalidObjectType, KeyValueNotPresent, MissingInitializationVector, ObjectNotFound, UnsupportedCryptographicParameters, WrongKeyLifecycleState;
    DeleteAttribute: AttributeInstanceNotFound, AttributeNotFound, AttributeReadOnly, InvalidAttribute, ObjectNotFound, WrongKeyLifecycleState;
    DeriveKey: BadCryptographicParameters, CryptographicFailure, IncompatibleCryptographicUsageMask, InvalidAttribute, InvalidObjectType, KeyValueNotPresent, NonUniqueNameAttribute, ObjectNotFound, UnsupportedCryptographicParameters, WrongKeyLifecycleState;
    Destroy: ObjectNotFound, WrongKeyLifecycleState;
    Encrypt: BadCryptographicParameters, CryptographicFailure, IncompatibleCryptographicUsageMask, InvalidCorrelationValue, InvalidObjectType, KeyValueNotPresent, MissingInitializationVector, ObjectNotFound, UnsupportedCryptographicParameters, UsageLimitExceeded, WrongKeyLifecycleState;
    Export: BadCryptographicParameters, EncodingOptionError, IncompatibleCryptographicUsageMask, InvalidObjectType, KeyCompressionTypeNotSupported, KeyFormatTypeNotSupported, KeyValueNotPresent, KeyWrapTypeNotSupported, ObjectNotFound, WrappingObjectArchived, WrappingObjectDestroyed, WrappingObjectNotFound;
    Get: BadCryptographicParameters, EncodingOptionError, IncompatibleCryptographicUsageMask, InvalidObjectType, KeyCompressionTypeNotSupported, KeyFormatTypeNotSupported, KeyValueNotPresent, KeyWrapTypeNotSupported, NotExtractable, ObjectNotFound, Sensitive, WrappingObjectArchived, WrappingObjectDestroyed, WrappingObjectNotFound;
    GetAttributes: InvalidAttribute, ObjectNotFound;
    GetAttributeList: ObjectNotFound;
    GetConstraints: InvalidObjectType;
    GetUsageAllocation: AttributeNotFound, InvalidObjectType, ObjectNotFound, UsageLimitExceeded;
    Hash: CryptographicFailure, InvalidCorrelationValue;
    Import: AttributeReadOnly, AttributeSingleValued, EncodingOptionError, InvalidAttribute, InvalidAttributeValue, NonUniqueNameAttribute, ObjectAlreadyExists, ProtectionStorageUnavailable;
    JoinSplitKey: AttributeReadOnly, AttributeSingleValued, BadCryptographicParameters, CryptographicFailure, InvalidAttribute, InvalidAttributeValue, InvalidObjectType, NonUniqueNameAttribute, ObjectNotFound, ProtectionStorageUnavailable, UnsupportedCryptographicParameters;
    Locate: InvalidAttribute;
    MAC: BadCryptographicParameters, CryptographicFailure, IncompatibleCryptographicUsageMask, InvalidCorrelationValue, InvalidObjectType, KeyValueNotPresent, ObjectNotFound, UsageLimitExceeded, WrongKeyLifecycleState;
    MACVerify: BadCryptographicParameters, CryptographicFailure, IncompatibleCryptographicUsageMask, InvalidCorrelationValue, InvalidObjectType, KeyValueNotPresent, ObjectNotFound, WrongKeyLifecycleState;
    ModifyAttribute: AttributeInstanceNotFound, AttributeNotFound, AttributeReadOnly, NonUniqueNameAttribute, ObjectNotFound, WrongKeyLifecycleState;
    ObtainLease: ObjectNotFound, UsageLimitExceeded;
    PKCS_11: InvalidAsynchronousCorrelationValue, PKCS_11CodecError, PKCS_11InvalidFunction, PKCS_11InvalidInterface;
    Poll: InvalidAsynchronousCorrelationValue;
    Process: DuplicateProcessRequest, InvalidAsynchronousCorrelationValue;
    Query: UnknownObjectGroup;
    Recover: ObjectNotFound;
    Register: AttributeReadOnly, AttributeSingleValued, BadPassword, EncodingOptionError, InvalidAttribute, InvalidAttributeValue, InvalidObjectType, NonUniqueNameAttribute, ProtectionStorageUnavailable;
    Revoke: InvalidObjectType, ObjectNotFound, WrongKeyLifecycleState;
    ReCertify: InvalidCSR, InvalidObjectType, ObjectNotFound, ProtectionStorageUnavailable;
    ReKey: CryptographicFailure, InvalidObjectType, KeyValueNotPresent, ObjectNotFound, ProtectionStorageUnavailable;
    ReKeyKeyPair: CryptographicFailure, InvalidObjectType, KeyValueNotPresent, ObjectNotFound, PrivateProtectionStorageUnavailable, PublicProtectionStorageUnavailable;
    ReProvision: CryptographicFailure;
    RNGRetrieve: CryptographicFailure;
    RNGSeed: CryptographicFailure;
    SetAttribute: InvalidAttributeValue, MultiValuedAttribute, NonUniqueNameAttribute, ObjectNotFound, ReadOnlyAttribute, WrongKeyLifecycleState;
    SetConstraints: InvalidObjectType;
    SetDefaults: InvalidObjectType;
    Sign: BadCryptographicParameters, CryptographicFailure, IncompatibleCryptographicUsageMask, InvalidCorrelationValue, InvalidObjectType, KeyValueNotPresent, ObjectNotFound, UnsupportedCryptographicParameters, UsageLimitExceeded, WrongKeyLifecycleState;
    SignatureVerify: BadCryptographicParameters, CryptographicFailure, IncompatibleCryptographicUsageMask, InvalidCorrelationValue, InvalidObjectType, KeyValueNotPresent, ObjectNotFound, UnsupportedCryptographicParameters, WrongKeyLifecycleState;
    Validate: InvalidObjectType, ObjectNotFound;
}

/// Whether the operation may fail for this reason. What is in no table may fail for any.
pub fn may_have(operation: Operation, reason: ResultReason) -> bool {
    if OF_ALL.contains(&reason) || operation.name(kmip_codec::version::V2_1).is_none() {
        return true;
    }
    OF_ONE.iter().any(|(row, reasons)| *row == operation && reasons.contains(&reason))
}
