//! What messages and operations are made of: enumerations, a row a value.

use crate::declare::enumeration;
use crate::version::*;

enumeration! {
    /// How Adjust Attribute changes a value (KMIP 2.1, 11.1).
    pub enum AdjustmentType {
        Increment = 0x1 in V2_0..;
        Decrement = 0x2 in V2_0..;
        Negate = 0x3 in V2_0..;
    }
}

enumeration! {
    /// Whether a request may be answered later (KMIP 2.1, 11.3).
    pub enum AsynchronousIndicator {
        Mandatory = 0x1 in V2_0..;
        Optional = 0x2 in V2_0..;
        Prohibited = 0x3 in V2_0..;
    }
}

enumeration! {
    /// The kind of evidence in an attestation credential (KMIP 2.1, 11.4).
    pub enum AttestationType {
        TPMQuote = 0x1 in V1_2..;
        TCGIntegrityReport = 0x2 in V1_2..;
        SAMLAssertion = 0x3 in V1_2..;
    }
}

enumeration! {
    /// What happens to the rest of a batch after a failed item (KMIP 2.1, 11.5).
    pub enum BatchErrorContinuationOption {
        Continue = 0x1;
        Stop = 0x2;
        Undo = 0x3;
    }
}

enumeration! {
    /// What became of an attempt to cancel (KMIP 2.1, 11.7).
    pub enum CancellationResult {
        Canceled = 0x1;
        UnableToCancel = 0x2;
        Completed = 0x3;
        Failed = 0x4;
        Unavailable = 0x5;
    }
}

enumeration! {
    /// How a server takes on new clients (KMIP 2.1, 11.10).
    pub enum ClientRegistrationMethod {
        Unspecified = 0x1 in V1_3..;
        ServerPreGenerated = 0x2 in V1_3..;
        ServerOnDemand = 0x3 in V1_3..;
        ClientGenerated = 0x4 in V1_3..;
        ClientRegistered = 0x5 in V1_3..;
    }
}

enumeration! {
    /// The kind of a credential (KMIP 2.1, 11.11).
    pub enum CredentialType {
        UsernameAndPassword = 0x1;
        Device = 0x2 in V1_1..;
        Attestation = 0x3 in V1_2..;
        OneTimePassword = 0x4 in V2_0..;
        HashedPassword = 0x5 in V2_0..;
        Ticket = 0x6 in V2_0..;
    }
}

enumeration! {
    /// Stands for data of an earlier item of the batch (KMIP 2.1, 11.13).
    pub enum DataReference {
        Decrypt = 0x1 in V2_0..;
        Encrypt = 0x2 in V2_0..;
        Hash = 0x3 in V2_0..;
        MACMACData = 0x4 in V2_0..;
        RNGRetrieve = 0x5 in V2_0..;
        SignSignatureData = 0x6 in V2_0..;
        SignatureVerify = 0x7 in V2_0..;
    }
}

enumeration! {
    /// Which side of the connection sends requests (KMIP 2.1, 11.19).
    pub enum EndpointRole {
        Client = 0x1 in V2_0..;
        Server = 0x2 in V2_0..;
    }
}

enumeration! {
    /// The steps of an interoperability test (KMIP 2.1, 11.22).
    pub enum InteropFunction {
        Begin = 0x1 in V2_0..;
        End = 0x2 in V2_0..;
        Reset = 0x3 in V2_0..;
    }
}

enumeration! {
    /// The type byte of a TTLV item (KMIP 2.1, 11.23).
    pub enum ItemType {
        Structure = 0x1 in V2_0..;
        Integer = 0x2 in V2_0..;
        LongInteger = 0x3 in V2_0..;
        BigInteger = 0x4 in V2_0..;
        Enumeration = 0x5 in V2_0..;
        Boolean = 0x6 in V2_0..;
        TextString = 0x7 in V2_0..;
        ByteString = 0x8 in V2_0..;
        DateTime = 0x9 in V2_0..;
        Interval = 0xA in V2_0..;
        DateTimeExtended = 0xB in V2_0..;
    }
}

enumeration! {
    /// How far an asynchronous request has come (KMIP 2.1, 11.40).
    pub enum ProcessingStage {
        Submitted = 0x1 in V2_1..;
        InProcess = 0x2 in V2_1..;
        Completed = 0x3 in V2_1..;
    }
}

enumeration! {
    /// What Put does with an object (KMIP 2.1, 11.43).
    pub enum PutFunction {
        New = 0x1;
        Replace = 0x2;
    }
}

enumeration! {
    /// What Query asks about (KMIP 2.1, 11.44).
    pub enum QueryFunction {
        QueryOperations = 0x1;
        QueryObjects = 0x2;
        QueryServerInformation = 0x3;
        QueryApplicationNamespaces = 0x4;
        QueryExtensionList = 0x5 in V1_1..;
        QueryExtensionMap = 0x6 in V1_1..;
        QueryAttestationTypes = 0x7 in V1_2..;
        QueryRNGs = 0x8 in V1_3..;
        QueryValidations = 0x9 in V1_3..;
        QueryProfiles = 0xA in V1_3..;
        QueryCapabilities = 0xB in V1_3..;
        QueryClientRegistrationMethods = 0xC in V1_3..;
        QueryDefaultsInformation = 0xD in V2_0..;
        QueryStorageProtectionMasks = 0xE in V2_0..;
    }
}

enumeration! {
    /// The kind of a ticket (KMIP 2.1, 11.57).
    pub enum TicketType {
        Login = 0x1 in V2_0..;
    }
}

enumeration! {
    /// Stands for an identifier of an earlier item of the batch (KMIP 2.1, 11.58).
    pub enum UniqueIdentifierReference {
        IDPlaceholder = 0x1 in V2_0..;
        Certify = 0x2 in V2_0..;
        Create = 0x3 in V2_0..;
        CreateKeyPair = 0x4 in V2_0..;
        CreateKeyPairPrivateKey = 0x5 in V2_0..;
        CreateKeyPairPublicKey = 0x6 in V2_0..;
        CreateSplitKey = 0x7 in V2_0..;
        DeriveKey = 0x8 in V2_0..;
        Import = 0x9 in V2_0..;
        JoinSplitKey = 0xA in V2_0..;
        Locate = 0xB in V2_0..;
        Register = 0xC in V2_0..;
        ReKey = 0xD in V2_0..;
        ReCertify = 0xE in V2_0..;
        ReKeyKeyPair = 0xF in V2_0..;
        ReKeyKeyPairPrivateKey = 0x10 in V2_0..;
        ReKeyKeyPairPublicKey = 0x11 in V2_0..;
    }
}

enumeration! {
    /// Who validated a module (KMIP 2.1, 11.63).
    pub enum ValidationAuthorityType {
        Unspecified = 0x1 in V1_3..;
        NISTCMVP = 0x2 in V1_3..;
        CommonCriteria = 0x3 in V1_3..;
    }
}

enumeration! {
    /// What kind of module was validated (KMIP 2.1, 11.64).
    pub enum ValidationType {
        Unspecified = 0x1 in V1_3..;
        Hardware = 0x2 in V1_3..;
        Software = 0x3 in V1_3..;
        Firmware = 0x4 in V1_3..;
        Hybrid = 0x5 in V1_3..;
    }
}
