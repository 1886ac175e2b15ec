//! The structures that attributes are made of.

use crate::declare::{enumeration, structure};
use crate::enums::*;
use crate::value::UniqueIdentifier;
use crate::version::*;
use bytes::Bytes;

enumeration! {
    /// The type of opaque data: vendors' values alone (KMIP 2.1, 11.35).
    pub enum OpaqueDataType {}
}

structure! {
    /// A name and its kind (KMIP 2.1, 4.32).
    pub struct Name {
        value: String = NameValue;
        kind: NameType = NameType;
    }
}

impl Name {
    /// A name of the ordinary kind.
    pub fn text(value: impl Into<String>) -> Self {
        Self { value: value.into(), kind: NameType::UninterpretedTextString }
    }
}

structure! {
    /// Another name and its kind (KMIP 2.1, 4.2).
    pub struct AlternativeName {
        value: String = AlternativeNameValue;
        kind: AlternativeNameType = AlternativeNameType;
    }
}

structure! {
    /// Free data of an application (KMIP 2.1, 4.4).
    pub struct ApplicationSpecificInformation {
        namespace: String = ApplicationNamespace;
        /// May be left out from KMIP 1.3, for the server to fill in.
        data: Option<String> = ApplicationData;
    }
}

structure! {
    /// How a key is to be used (KMIP 2.1, 4.16).
    pub struct CryptographicParameters {
        block_cipher_mode: Option<BlockCipherMode> = BlockCipherMode;
        padding_method: Option<PaddingMethod> = PaddingMethod;
        hashing_algorithm: Option<HashingAlgorithm> = HashingAlgorithm;
        key_role_type: Option<KeyRoleType> = KeyRoleType;
        digital_signature_algorithm: Option<DigitalSignatureAlgorithm> = DigitalSignatureAlgorithm in V1_2..;
        cryptographic_algorithm: Option<CryptographicAlgorithm> = CryptographicAlgorithm in V1_2..;
        random_iv: Option<bool> = RandomIV in V1_2..;
        /// In bits.
        iv_length: Option<i32> = IVLength in V1_2..;
        /// In bytes.
        tag_length: Option<i32> = TagLength in V1_2..;
        fixed_field_length: Option<i32> = FixedFieldLength in V1_2..;
        invocation_field_length: Option<i32> = InvocationFieldLength in V1_2..;
        counter_length: Option<i32> = CounterLength in V1_2..;
        initial_counter_value: Option<i32> = InitialCounterValue in V1_2..;
        salt_length: Option<i32> = SaltLength in V1_4..;
        mask_generator: Option<MaskGenerator> = MaskGenerator in V1_4..;
        mask_generator_hashing_algorithm: Option<HashingAlgorithm> = MaskGeneratorHashingAlgorithm in V1_4..;
        p_source: Option<Bytes> = PSource in V1_4..;
        trailer_field: Option<i32> = TrailerField in V1_4..;
    }
}

structure! {
    /// What a key pair is made with (KMIP 2.1, 4.14).
    pub struct CryptographicDomainParameters {
        /// In bits.
        q_length: Option<i32> = Qlength;
        recommended_curve: Option<RecommendedCurve> = RecommendedCurve;
    }
}

structure! {
    /// Issuer and serial number as DER (KMIP 2.1, 4.61).
    pub struct X509CertificateIdentifier {
        issuer_distinguished_name: Bytes = IssuerDistinguishedName;
        certificate_serial_number: Bytes = CertificateSerialNumber;
    }
}

structure! {
    /// Subject as DER (KMIP 2.1, 4.63).
    pub struct X509CertificateSubject {
        subject_distinguished_name: Bytes = SubjectDistinguishedName;
        subject_alternative_name: Vec<Bytes> = SubjectAlternativeName;
    }
}

structure! {
    /// Issuer as DER (KMIP 2.1, 4.62).
    pub struct X509CertificateIssuer {
        issuer_distinguished_name: Bytes = IssuerDistinguishedName;
        issuer_alternative_name: Vec<Bytes> = IssuerAlternativeName;
    }
}

structure! {
    /// Issuer and serial number as text (KMIP 1.4, 3.13).
    pub struct CertificateIdentifier {
        issuer: String = Issuer;
        serial_number: Option<String> = SerialNumber;
    }
}

structure! {
    /// Subject as text (KMIP 1.4, 3.14).
    pub struct CertificateSubject {
        distinguished_name: String = CertificateSubjectDistinguishedName;
        alternative_name: Vec<String> = CertificateSubjectAlternativeName;
    }
}

structure! {
    /// Issuer as text (KMIP 1.4, 3.15).
    pub struct CertificateIssuer {
        distinguished_name: String = CertificateIssuerDistinguishedName;
        alternative_name: Vec<String> = CertificateIssuerAlternativeName;
    }
}

structure! {
    /// A digest of the object's material (KMIP 2.1, 4.21).
    pub struct Digest {
        hashing_algorithm: HashingAlgorithm = HashingAlgorithm;
        value: Option<Bytes> = DigestValue;
        key_format_type: Option<KeyFormatType> = KeyFormatType in V1_1..;
    }
}

structure! {
    /// How much a key may still protect (KMIP 2.1, 4.59).
    pub struct UsageLimits {
        total: i64 = UsageLimitsTotal;
        count: Option<i64> = UsageLimitsCount;
        unit: UsageLimitsUnit = UsageLimitsUnit;
    }
}

structure! {
    /// Why an object was revoked (KMIP 2.1, 4.47).
    pub struct RevocationReason {
        code: RevocationReasonCode = RevocationReasonCode;
        message: Option<String> = RevocationMessage;
    }
}

structure! {
    /// A relation to another object (KMIP 2.1, 4.31).
    pub struct Link {
        kind: LinkType = LinkType;
        linked: UniqueIdentifier = LinkedObjectIdentifier;
    }
}

structure! {
    /// Where a key value is that is not here (KMIP 2.1, 4.27).
    pub struct KeyValueLocation {
        value: String = KeyValueLocationValue;
        kind: KeyValueLocationType = KeyValueLocationType;
    }
}

structure! {
    /// What a random number generator is built from (KMIP 2.1, 7.36).
    pub struct RngParameters {
        rng_algorithm: RNGAlgorithm = RNGAlgorithm;
        cryptographic_algorithm: Option<CryptographicAlgorithm> = CryptographicAlgorithm;
        cryptographic_length: Option<i32> = CryptographicLength;
        hashing_algorithm: Option<HashingAlgorithm> = HashingAlgorithm;
        drbg_algorithm: Option<DRBGAlgorithm> = DRBGAlgorithm;
        recommended_curve: Option<RecommendedCurve> = RecommendedCurve;
        fips186_variation: Option<FIPS186Variation> = FIPS186Variation;
        prediction_resistance: Option<bool> = PredictionResistance;
    }
}

structure! {
    /// The name that all rotations of a key share (KMIP 2.1, 4.53).
    pub struct RotateName {
        value: String = RotateNameValue;
        kind: RotateNameType = RotateNameType;
    }
}
