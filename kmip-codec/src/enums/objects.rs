//! What describes managed objects: enumerations, a row a value.

use crate::declare::enumeration;
use crate::version::*;

enumeration! {
    /// The kind of an alternative name (KMIP 2.1, 11.2).
    pub enum AlternativeNameType {
        UninterpretedTextString = 0x1 in V1_2..;
        URI = 0x2 in V1_2..;
        ObjectSerialNumber = 0x3 in V1_2..;
        EmailAddress = 0x4 in V1_2..;
        DNSName = 0x5 in V1_2..;
        X_500DistinguishedName = 0x6 in V1_2..;
        IPAddress = 0x7 in V1_2..;
    }
}

enumeration! {
    /// The format of a certificate request (KMIP 2.1, 11.8).
    pub enum CertificateRequestType {
        CRMF = 0x1;
        PKCS_10 = 0x2;
        PEM = 0x3;
        PGP = 0x4 in V1_0..V2_0;
    }
}

enumeration! {
    /// The format of a certificate (KMIP 2.1, 11.9).
    pub enum CertificateType {
        X_509 = 0x1;
        PGP = 0x2;
    }
}

enumeration! {
    /// What destroying did to a key (KMIP 2.1, 11.15).
    pub enum DestroyAction {
        Unspecified = 0x1 in V1_3..;
        KeyMaterialDeleted = 0x2 in V1_3..;
        KeyMaterialShredded = 0x3 in V1_3..;
        MetaDataDeleted = 0x4 in V1_3..;
        MetaDataShredded = 0x5 in V1_3..;
        Deleted = 0x6 in V1_3..;
        Shredded = 0x7 in V1_3..;
    }
}

enumeration! {
    /// How the place of an absent key value is written (KMIP 2.1, 11.27).
    pub enum KeyValueLocationType {
        UninterpretedTextString = 0x1 in V1_2..;
        URI = 0x2 in V1_2..;
    }
}

enumeration! {
    /// What a link means (KMIP 2.1, 11.28).
    pub enum LinkType {
        CertificateLink = 0x101;
        PublicKeyLink = 0x102;
        PrivateKeyLink = 0x103;
        DerivationBaseObjectLink = 0x104;
        DerivedKeyLink = 0x105;
        ReplacementObjectLink = 0x106;
        ReplacedObjectLink = 0x107;
        ParentLink = 0x108 in V1_2..;
        ChildLink = 0x109 in V1_2..;
        PreviousLink = 0x10A in V1_2..;
        NextLink = 0x10B in V1_2..;
        PKCS_12CertificateLink = 0x10C in V1_4..;
        PKCS_12PasswordLink = 0x10D in V1_4..;
        WrappingKeyLink = 0x10E in V2_0..;
    }
}

enumeration! {
    /// The kind of a name (KMIP 2.1, 11.31).
    pub enum NameType {
        UninterpretedTextString = 0x1;
        URI = 0x2;
    }
}

enumeration! {
    /// Which members of a group Locate takes (KMIP 2.1, 11.33).
    pub enum ObjectGroupMember {
        GroupMemberFresh = 0x1 in V1_1..;
        GroupMemberDefault = 0x2 in V1_1..;
    }
}

enumeration! {
    /// The kind of a managed object (KMIP 2.1, 11.34).
    pub enum ObjectType {
        Certificate = 0x1;
        SymmetricKey = 0x2;
        PublicKey = 0x3;
        PrivateKey = 0x4;
        SplitKey = 0x5;
        Template = 0x6 in V1_0..V2_0;
        SecretData = 0x7;
        OpaqueObject = 0x8;
        PGPKey = 0x9 in V1_2..;
        CertificateRequest = 0xA in V2_0..;
    }
}

enumeration! {
    /// How strongly an object is to be protected (KMIP 2.1, 11.42).
    pub enum ProtectionLevel {
        High = 0x1 in V2_0..;
        Low = 0x2 in V2_0..;
    }
}

enumeration! {
    /// Why an object was revoked (KMIP 2.1, 11.48).
    pub enum RevocationReasonCode {
        Unspecified = 0x1;
        KeyCompromise = 0x2;
        CACompromise = 0x3;
        AffiliationChanged = 0x4;
        Superseded = 0x5;
        CessationOfOperation = 0x6;
        PrivilegeWithdrawn = 0x7;
    }
}

enumeration! {
    /// How a rotated key is named (KMIP 2.1, 11.51).
    pub enum RotateNameType {
        UninterpretedTextString = 0x1 in V2_1..;
        URI = 0x2 in V2_1..;
    }
}

enumeration! {
    /// What secret data holds (KMIP 2.1, 11.52).
    pub enum SecretDataType {
        Password = 0x1;
        Seed = 0x2;
    }
}

enumeration! {
    /// The life-cycle state of an object (KMIP 2.1, 11.55).
    pub enum State {
        PreActive = 0x1;
        Active = 0x2;
        Deactivated = 0x3;
        Compromised = 0x4;
        Destroyed = 0x5;
        DestroyedCompromised = 0x6;
    }
}

enumeration! {
    /// What usage limits count (KMIP 2.1, 11.60).
    pub enum UsageLimitsUnit {
        Byte = 0x1;
        Object = 0x2;
    }
}

enumeration! {
    /// Whether something is valid (KMIP 2.1, 11.61).
    pub enum ValidityIndicator {
        Valid = 0x1;
        Invalid = 0x2;
        Unknown = 0x3;
    }
}
