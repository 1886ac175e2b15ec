//! The variations that the profiles permit, as tables.

/// Tags whose value is the identifier of an object.
pub const IDENTIFIERS: &[&str] = &[
    "UniqueIdentifier",
    "PrivateKeyUniqueIdentifier",
    "PublicKeyUniqueIdentifier",
    "LinkedObjectIdentifier",
];

/// What tells apart requests that are answered later, or in parts: each has its own.
pub const CORRELATIONS: &[&str] = &["AsynchronousCorrelationValue", "CorrelationValue"];

/// What an answer may hold or leave out as the server likes.
pub const OPTIONAL: &[&str] = &[
    "ResultMessage",
    "TemplateAttribute",
    "PrivateKeyTemplateAttribute",
    "PublicKeyTemplateAttribute",
    "ServerCorrelationValue",
    "ClientCorrelationValue",
];

/// Structures whose content is the server's own business.
pub const FREE: &[&str] =
    &["ServerInformation", "RNGParameters", "RandomNumberGenerator", "Random Number Generator"];

/// Lists to which the server may add in an answer to Query.
pub const QUERY_LISTS: &[&str] = &[
    "Operation",
    "ObjectType",
    "ApplicationNamespace",
    "ExtensionInformation",
    "AttestationType",
    "RNGParameters",
    "ProfileInformation",
    "ValidationInformation",
    "CapabilityInformation",
    "ClientRegistrationMethod",
];

/// Key material, digests and the like: the server's where it made the key.
pub const MADE: &[&str] = &[
    "KeyMaterial",
    "DigestValue",
    "Modulus",
    "PrivateExponent",
    "PublicExponent",
    "P",
    "Q",
    "D",
    "QString",
    "PrimeExponentP",
    "PrimeExponentQ",
    "CRTCoefficient",
    "KeyValue",
    "ShortUniqueIdentifier",
    "CertificateValue",
    "CertificateLength",
    "SerialNumber",
    "CertificateSerialNumber",
];

/// Enumerations that the files call otherwise than the specification of their version does.
pub const RENAMED: &[(&str, &str)] = &[
    ("SHA_1WithRSAEncryption", "SHA_1WithRSAEncryptionPKCS_1V1_5"),
    ("SHA_256WithRSAEncryption", "SHA_256WithRSAEncryptionPKCS_1V1_5"),
];

/// Dates that only a client can fix.
pub const CLIENT_DATES: &[&str] = &[
    "ActivationDate",
    "ProcessStartDate",
    "ProtectStopDate",
    "DeactivationDate",
    "CompromiseOccurrenceDate",
    "OriginalCreationDate",
];

/// What cryptographic operations give: the server's where it made the key or the operation is randomised
/// (`output.rs`).
pub const OUTPUTS: &[&str] =
    &["Data", "SignatureData", "MACData", "IVCounterNonce", "AuthenticatedEncryptionTag"];
