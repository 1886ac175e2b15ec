//! Objects that come from others: derived, split, joined, certified, imported and exported; and what may be spent.

use crate::attributes::{AttributeList, CryptographicParameters, TemplateAttribute};
use crate::declare::structure;
use crate::enums::*;
use crate::objects::{Certificate, KeyWrappingSpecification, ManagedObject};
use crate::payloads::ProtectionStorageMasks;
use crate::secret::SecretBytes;
use crate::value::{BigInteger, DateTime, Interval, UniqueIdentifier};
use crate::version::*;
use bytes::Bytes;

structure! {
    /// What a key is derived with (KMIP 2.1, 7.12).
    pub struct DerivationParameters {
        cryptographic_parameters: Option<CryptographicParameters> = CryptographicParameters;
        initialization_vector: Option<Bytes> = InitializationVector;
        derivation_data: Vec<SecretBytes> = DerivationData;
        salt: Option<Bytes> = Salt;
        iteration_count: Option<i32> = IterationCount;
    }
}

structure! {
    /// Derives a key (KMIP 2.1, 6.1.14).
    pub struct DeriveKeyRequest {
        object_type: ObjectType = ObjectType;
        unique_identifiers: Vec<UniqueIdentifier> = UniqueIdentifier;
        derivation_method: DerivationMethod = DerivationMethod;
        derivation_parameters: DerivationParameters = DerivationParameters;
        attributes: TemplateAttribute = TemplateAttribute in V1_0..V2_0, Attributes in V2_0..;
    }
}

structure! {
    /// Names the derived key.
    pub struct DeriveKeyResponse {
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        attributes: Option<TemplateAttribute> = TemplateAttribute in V1_0..V2_0;
    }
}

structure! {
    /// Makes a certificate for a public key (KMIP 2.1, 6.1.6).
    pub struct CertifyRequest {
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        request_identifier: Option<UniqueIdentifier> = CertificateRequestUniqueIdentifier in V2_0..;
        certificate_request_type: Option<CertificateRequestType> = CertificateRequestType;
        certificate_request: Option<Bytes> = CertificateRequest in V1_0..V2_0, CertificateRequestValue in V2_0..;
        attributes: Option<TemplateAttribute> = TemplateAttribute in V1_0..V2_0, Attributes in V2_0..;
        protection_storage_masks: Option<ProtectionStorageMasks> = ProtectionStorageMasks in V2_0..;
    }
}

structure! {
    /// Names the certificate.
    pub struct CertifyResponse {
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        attributes: Option<TemplateAttribute> = TemplateAttribute in V1_0..V2_0;
    }
}

structure! {
    /// Renews a certificate (KMIP 2.1, 6.1.45).
    pub struct ReCertifyRequest {
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        request_identifier: Option<UniqueIdentifier> = CertificateRequestUniqueIdentifier in V2_0..;
        certificate_request_type: Option<CertificateRequestType> = CertificateRequestType;
        certificate_request: Option<Bytes> = CertificateRequest in V1_0..V2_0, CertificateRequestValue in V2_0..;
        offset: Option<Interval> = Offset;
        attributes: Option<TemplateAttribute> = TemplateAttribute in V1_0..V2_0, Attributes in V2_0..;
        protection_storage_masks: Option<ProtectionStorageMasks> = ProtectionStorageMasks in V2_0..;
    }
}

structure! {
    /// Names the certificate.
    pub struct ReCertifyResponse {
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        attributes: Option<TemplateAttribute> = TemplateAttribute in V1_0..V2_0;
    }
}

structure! {
    /// Validates a chain of certificates (KMIP 2.1, 6.1.57).
    pub struct ValidateRequest {
        certificates: Vec<Certificate> = Certificate;
        unique_identifiers: Vec<UniqueIdentifier> = UniqueIdentifier;
        validity_date: Option<DateTime> = ValidityDate;
    }
}

structure! {
    /// Whether the chain is valid.
    pub struct ValidateResponse {
        validity_indicator: ValidityIndicator = ValidityIndicator;
    }
}

structure! {
    /// Takes a share of what a key may still protect (KMIP 2.1, 6.1.23).
    pub struct GetUsageAllocationRequest {
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        usage_limits_count: i64 = UsageLimitsCount;
    }
}

structure! {
    /// Granted.
    pub struct GetUsageAllocationResponse {
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
    }
}

structure! {
    /// Splits a key (KMIP 2.1, 6.1.10).
    pub struct CreateSplitKeyRequest {
        object_type: ObjectType = ObjectType;
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        parts: i32 = SplitKeyParts;
        threshold: i32 = SplitKeyThreshold;
        method: SplitKeyMethod = SplitKeyMethod;
        prime_field_size: Option<BigInteger> = PrimeFieldSize;
        attributes: TemplateAttribute = TemplateAttribute in V1_0..V2_0, Attributes in V2_0..;
        protection_storage_masks: Option<ProtectionStorageMasks> = ProtectionStorageMasks in V2_0..;
    }
}

structure! {
    /// Names the parts.
    pub struct CreateSplitKeyResponse {
        unique_identifiers: Vec<UniqueIdentifier> = UniqueIdentifier;
        attributes: Option<TemplateAttribute> = TemplateAttribute in V1_0..V2_0;
    }
}

structure! {
    /// Joins the parts of a key (KMIP 2.1, 6.1.27).
    pub struct JoinSplitKeyRequest {
        object_type: ObjectType = ObjectType;
        unique_identifiers: Vec<UniqueIdentifier> = UniqueIdentifier;
        secret_data_type: Option<SecretDataType> = SecretDataType;
        attributes: Option<TemplateAttribute> = TemplateAttribute in V1_0..V2_0, Attributes in V2_0..;
        protection_storage_masks: Option<ProtectionStorageMasks> = ProtectionStorageMasks in V2_0..;
    }
}

structure! {
    /// Names the key.
    pub struct JoinSplitKeyResponse {
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        attributes: Option<TemplateAttribute> = TemplateAttribute in V1_0..V2_0;
    }
}

structure! {
    /// Takes in an object under the identifier that it has elsewhere (KMIP 2.1, 6.1.25).
    pub struct ImportRequest {
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        object_type: Option<ObjectType> = ObjectType in V2_0..;
        replace_existing: Option<bool> = ReplaceExisting;
        key_wrap_type: Option<KeyWrapType> = KeyWrapType;
        attributes: Option<AttributeList> = Attribute in V1_0..V2_0, Attributes in V2_0..;
        /// Stands under the tag of its type.
        object: ManagedObject = SymmetricKey;
    }
}

structure! {
    /// Done.
    pub struct ImportResponse {
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
    }
}

structure! {
    /// Gives out an object with all its attributes (KMIP 2.1, 6.1.18).
    pub struct ExportRequest {
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        key_format_type: Option<KeyFormatType> = KeyFormatType;
        key_wrap_type: Option<KeyWrapType> = KeyWrapType;
        key_compression_type: Option<KeyCompressionType> = KeyCompressionType;
        key_wrapping_specification: Option<KeyWrappingSpecification> = KeyWrappingSpecification;
    }
}

structure! {
    /// The object and its attributes.
    pub struct ExportResponse {
        object_type: ObjectType = ObjectType;
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        attributes: Option<AttributeList> = Attribute in V1_0..V2_0, Attributes in V2_0..;
        /// Stands under the tag of its type.
        object: ManagedObject = SymmetricKey;
    }
}
