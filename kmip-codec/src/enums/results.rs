//! How operations end: enumerations, a row a value.

use crate::declare::enumeration;
use crate::version::*;

enumeration! {
    /// Why an operation failed (KMIP 2.1, 11.46).
    pub enum ResultReason {
        ItemNotFound = 0x1;
        ResponseTooLarge = 0x2;
        AuthenticationNotSuccessful = 0x3;
        InvalidMessage = 0x4;
        OperationNotSupported = 0x5;
        MissingData = 0x6;
        InvalidField = 0x7;
        FeatureNotSupported = 0x8;
        OperationCanceledByRequester = 0x9;
        CryptographicFailure = 0xA;
        IllegalOperation = 0xB in V1_0..V2_0;
        PermissionDenied = 0xC;
        ObjectArchived = 0xD;
        IndexOutOfBounds = 0xE in V1_0..V2_0;
        ApplicationNamespaceNotSupported = 0xF;
        KeyFormatTypeNotSupported = 0x10;
        KeyCompressionTypeNotSupported = 0x11;
        EncodingOptionError = 0x12 in V1_1..;
        KeyValueNotPresent = 0x13 in V1_2..;
        AttestationRequired = 0x14 in V1_2..;
        AttestationFailed = 0x15 in V1_2..;
        Sensitive = 0x16 in V1_4..;
        NotExtractable = 0x17 in V1_4..;
        ObjectAlreadyExists = 0x18 in V1_4..;
        InvalidTicket = 0x19 in V2_0..;
        UsageLimitExceeded = 0x1A in V2_0..;
        NumericRange = 0x1B in V2_0..;
        InvalidDataType = 0x1C in V2_0..;
        ReadOnlyAttribute = 0x1D in V2_0..;
        MultiValuedAttribute = 0x1E in V2_0..;
        UnsupportedAttribute = 0x1F in V2_0..;
        AttributeInstanceNotFound = 0x20 in V2_0..;
        AttributeNotFound = 0x21 in V2_0..;
        AttributeReadOnly = 0x22 in V2_0..;
        AttributeSingleValued = 0x23 in V2_0..;
        BadCryptographicParameters = 0x24 in V2_0..;
        BadPassword = 0x25 in V2_0..;
        CodecError = 0x26 in V2_0..;
        IllegalObjectType = 0x28 in V2_0..;
        IncompatibleCryptographicUsageMask = 0x29 in V2_0..;
        InternalServerError = 0x2A in V2_0..;
        InvalidAsynchronousCorrelationValue = 0x2B in V2_0..;
        InvalidAttribute = 0x2C in V2_0..;
        InvalidAttributeValue = 0x2D in V2_0..;
        InvalidCorrelationValue = 0x2E in V2_0..;
        InvalidCSR = 0x2F in V2_0..;
        InvalidObjectType = 0x30 in V2_0..;
        KeyWrapTypeNotSupported = 0x32 in V2_0..;
        MissingInitializationVector = 0x34 in V2_0..;
        NonUniqueNameAttribute = 0x35 in V2_0..;
        ObjectDestroyed = 0x36 in V2_0..;
        ObjectNotFound = 0x37 in V2_0..;
        NotAuthorised = 0x39 in V2_0..;
        ServerLimitExceeded = 0x3A in V2_0..;
        UnknownEnumeration = 0x3B in V2_0..;
        UnknownMessageExtension = 0x3C in V2_0..;
        UnknownTag = 0x3D in V2_0..;
        UnsupportedCryptographicParameters = 0x3E in V2_0..;
        UnsupportedProtocolVersion = 0x3F in V2_0..;
        WrappingObjectArchived = 0x40 in V2_0..;
        WrappingObjectDestroyed = 0x41 in V2_0..;
        WrappingObjectNotFound = 0x42 in V2_0..;
        WrongKeyLifecycleState = 0x43 in V2_0..;
        ProtectionStorageUnavailable = 0x44 in V2_0..;
        PKCS_11CodecError = 0x45 in V2_0..;
        PKCS_11InvalidFunction = 0x46 in V2_0..;
        PKCS_11InvalidInterface = 0x47 in V2_0..;
        PrivateProtectionStorageUnavailable = 0x48 in V2_0..;
        PublicProtectionStorageUnavailable = 0x49 in V2_0..;
        UnknownObjectGroup = 0x4A in V2_1..;
        ConstraintViolation = 0x4B in V2_1..;
        DuplicateProcessRequest = 0x4C in V2_1..;
        GeneralFailure = 0x100;
    }
}

enumeration! {
    /// How an operation ended (KMIP 2.1, 11.47).
    pub enum ResultStatus {
        Success = 0x0;
        OperationFailed = 0x1;
        OperationPending = 0x2;
        OperationUndone = 0x3;
    }
}
