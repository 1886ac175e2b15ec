//! Every attribute, a row each (KMIP 2.1, 4; KMIP 1.4, 3).
//!
//! A row is: variant (= tag) and type of the value; name in 1.x; how many an object may have; who sets it first;
//! whether a client may modify and delete it; what it applies to; and the versions that define it.

/// Hands the table to a macro.
#[macro_export]
macro_rules! for_each_attribute {
    ($then:ident) => {
        $then! {
            /// What identifies the object on this server (4.58).
            UniqueIdentifier(UniqueIdentifier), "Unique Identifier", one, server, fixed, kept, ANY, in V1_0..;
            /// What people call it (4.32).
            Name(Name), "Name", many, client, modifiable, deletable, ANY, in V1_0..;
            /// The kind of object (4.36).
            ObjectType(ObjectType), "Object Type", one, server, fixed, kept, ANY, in V1_0..;
            /// The algorithm that the key is for (4.13).
            CryptographicAlgorithm(CryptographicAlgorithm), "Cryptographic Algorithm", one, server, fixed, kept, ANY, in V1_0..;
            /// The length of the key in bits (4.15).
            CryptographicLength(i32), "Cryptographic Length", one, server, fixed, kept, ANY, in V1_0..;
            /// How the key is to be used: mode, padding, digest (4.16).
            CryptographicParameters(CryptographicParameters), "Cryptographic Parameters", many, client, modifiable, deletable, ANY, in V1_0..;
            /// What a key pair is made with (4.14).
            CryptographicDomainParameters(CryptographicDomainParameters), "Cryptographic Domain Parameters", one, client, fixed, kept, PAIR, in V1_0..;
            /// The format of the certificate (4.7).
            CertificateType(CertificateType), "Certificate Type", one, server, fixed, kept, CERTIFICATES, in V1_0..;
            /// The length of the certificate in bytes (4.8).
            CertificateLength(i32), "Certificate Length", one, server, fixed, kept, CERTIFICATES, in V1_1..;
            /// Issuer and serial number, as DER (4.61).
            X_509CertificateIdentifier(X509CertificateIdentifier), "X.509 Certificate Identifier", one, server, fixed, kept, CERTIFICATES, in V1_1..;
            /// Subject, as DER (4.63).
            X_509CertificateSubject(X509CertificateSubject), "X.509 Certificate Subject", one, server, fixed, kept, CERTIFICATES, in V1_1..;
            /// Issuer, as DER (4.62).
            X_509CertificateIssuer(X509CertificateIssuer), "X.509 Certificate Issuer", one, server, fixed, kept, CERTIFICATES, in V1_1..;
            /// Issuer and serial number, as text (KMIP 1.4, 3.13).
            CertificateIdentifier(CertificateIdentifier), "Certificate Identifier", one, server, fixed, kept, CERTIFICATES, in V1_0..V2_0;
            /// Subject, as text (KMIP 1.4, 3.14).
            CertificateSubject(CertificateSubject), "Certificate Subject", one, server, fixed, kept, CERTIFICATES, in V1_0..V2_0;
            /// Issuer, as text (KMIP 1.4, 3.15).
            CertificateIssuer(CertificateIssuer), "Certificate Issuer", one, server, fixed, kept, CERTIFICATES, in V1_0..V2_0;
            /// The common name of the subject of a certificate (4.6).
            CertificateSubjectCN(String), "Certificate Subject CN", many, server, fixed, kept, CERTIFICATES, in V1_4..;
            /// The organisation of the subject of a certificate (4.6).
            CertificateSubjectO(String), "Certificate Subject O", many, server, fixed, kept, CERTIFICATES, in V1_4..;
            /// The organisational unit of the subject of a certificate (4.6).
            CertificateSubjectOU(String), "Certificate Subject OU", many, server, fixed, kept, CERTIFICATES, in V1_4..;
            /// The e-mail address of the subject of a certificate (4.6).
            CertificateSubjectEmail(String), "Certificate Subject Email", many, server, fixed, kept, CERTIFICATES, in V1_4..;
            /// The country of the subject of a certificate (4.6).
            CertificateSubjectC(String), "Certificate Subject C", many, server, fixed, kept, CERTIFICATES, in V1_4..;
            /// The state or province of the subject of a certificate (4.6).
            CertificateSubjectST(String), "Certificate Subject ST", many, server, fixed, kept, CERTIFICATES, in V1_4..;
            /// The locality of the subject of a certificate (4.6).
            CertificateSubjectL(String), "Certificate Subject L", many, server, fixed, kept, CERTIFICATES, in V1_4..;
            /// The user identifier of the subject of a certificate (4.6).
            CertificateSubjectUID(String), "Certificate Subject UID", many, server, fixed, kept, CERTIFICATES, in V1_4..;
            /// The serial number of the subject of a certificate (4.6).
            CertificateSubjectSerialNumber(String), "Certificate Subject Serial Number", many, server, fixed, kept, CERTIFICATES, in V1_4..;
            /// The title of the subject of a certificate (4.6).
            CertificateSubjectTitle(String), "Certificate Subject Title", many, server, fixed, kept, CERTIFICATES, in V1_4..;
            /// The domain component of the subject of a certificate (4.6).
            CertificateSubjectDC(String), "Certificate Subject DC", many, server, fixed, kept, CERTIFICATES, in V1_4..;
            /// The name qualifier of the subject of a certificate (4.6).
            CertificateSubjectDNQualifier(String), "Certificate Subject DN Qualifier", many, server, fixed, kept, CERTIFICATES, in V1_4..;
            /// The common name of the issuer of a certificate (4.6).
            CertificateIssuerCN(String), "Certificate Issuer CN", many, server, fixed, kept, CERTIFICATES, in V1_4..;
            /// The organisation of the issuer of a certificate (4.6).
            CertificateIssuerO(String), "Certificate Issuer O", many, server, fixed, kept, CERTIFICATES, in V1_4..;
            /// The organisational unit of the issuer of a certificate (4.6).
            CertificateIssuerOU(String), "Certificate Issuer OU", many, server, fixed, kept, CERTIFICATES, in V1_4..;
            /// The e-mail address of the issuer of a certificate (4.6).
            CertificateIssuerEmail(String), "Certificate Issuer Email", many, server, fixed, kept, CERTIFICATES, in V1_4..;
            /// The country of the issuer of a certificate (4.6).
            CertificateIssuerC(String), "Certificate Issuer C", many, server, fixed, kept, CERTIFICATES, in V1_4..;
            /// The state or province of the issuer of a certificate (4.6).
            CertificateIssuerST(String), "Certificate Issuer ST", many, server, fixed, kept, CERTIFICATES, in V1_4..;
            /// The locality of the issuer of a certificate (4.6).
            CertificateIssuerL(String), "Certificate Issuer L", many, server, fixed, kept, CERTIFICATES, in V1_4..;
            /// The user identifier of the issuer of a certificate (4.6).
            CertificateIssuerUID(String), "Certificate Issuer UID", many, server, fixed, kept, CERTIFICATES, in V1_4..;
            /// The serial number of the issuer of a certificate (4.6).
            CertificateIssuerSerialNumber(String), "Certificate Issuer Serial Number", many, server, fixed, kept, CERTIFICATES, in V1_4..;
            /// The title of the issuer of a certificate (4.6).
            CertificateIssuerTitle(String), "Certificate Issuer Title", many, server, fixed, kept, CERTIFICATES, in V1_4..;
            /// The domain component of the issuer of a certificate (4.6).
            CertificateIssuerDC(String), "Certificate Issuer DC", many, server, fixed, kept, CERTIFICATES, in V1_4..;
            /// The name qualifier of the issuer of a certificate (4.6).
            CertificateIssuerDNQualifier(String), "Certificate Issuer DN Qualifier", many, server, fixed, kept, CERTIFICATES, in V1_4..;
            /// What the certificate is signed with (4.22).
            DigitalSignatureAlgorithm(DigitalSignatureAlgorithm), "Digital Signature Algorithm", many, server, fixed, kept, CERTIFICATES, in V1_1..;
            /// A digest of the key material, certificate or opaque data (4.21).
            Digest(Digest), "Digest", many, server, fixed, kept, ANY, in V1_0..;
            /// The policy that governs the object; kept, and without effect here (KMIP 1.4, 3.18).
            OperationPolicyName(String), "Operation Policy Name", one, both, fixed, kept, ANY, in V1_0..V2_0;
            /// What the key may be used for (4.17).
            CryptographicUsageMask(CryptographicUsageMask), "Cryptographic Usage Mask", one, both, fixed, kept, ANY, in V1_0..;
            /// How long a client may use the object before asking again (4.30).
            LeaseTime(Interval), "Lease Time", one, server, fixed, kept, ANY, in V1_0..;
            /// How much the key may still protect (4.59).
            UsageLimits(UsageLimits), "Usage Limits", one, both, modifiable, deletable, ANY, in V1_0..;
            /// Where the object is in its life (4.57).
            State(State), "State", one, server, fixed, kept, ANY, in V1_0..;
            /// When the object came to this server (4.25).
            InitialDate(DateTime), "Initial Date", one, server, fixed, kept, ANY, in V1_0..;
            /// When the object becomes Active (4.1).
            ActivationDate(DateTime), "Activation Date", one, both, modifiable, kept, ANY, in V1_0..;
            /// When a key may begin to process what it protected (4.40).
            ProcessStartDate(DateTime), "Process Start Date", one, both, modifiable, kept, ANY, in V1_0..;
            /// When a key must stop to protect (4.41).
            ProtectStopDate(DateTime), "Protect Stop Date", one, both, modifiable, kept, ANY, in V1_0..;
            /// When the object becomes Deactivated (4.18).
            DeactivationDate(DateTime), "Deactivation Date", one, both, modifiable, kept, ANY, in V1_0..;
            /// When the object was destroyed (4.20).
            DestroyDate(DateTime), "Destroy Date", one, server, fixed, kept, ANY, in V1_0..;
            /// When the compromise is believed to have happened (4.11).
            CompromiseOccurrenceDate(DateTime), "Compromise Occurrence Date", one, server, fixed, kept, ANY, in V1_0..;
            /// When the compromise was told (4.10).
            CompromiseDate(DateTime), "Compromise Date", one, server, fixed, kept, ANY, in V1_0..;
            /// Why the object was revoked (4.47).
            RevocationReason(RevocationReason), "Revocation Reason", one, server, fixed, kept, ANY, in V1_0..;
            /// When the object went to the archive (4.5).
            ArchiveDate(DateTime), "Archive Date", one, server, fixed, kept, ANY, in V1_0..;
            /// A group that the object is in (4.35).
            ObjectGroup(String), "Object Group", many, both, modifiable, deletable, ANY, in V1_0..;
            /// Whether no client of the group has taken the object yet (4.24).
            Fresh(bool), "Fresh", one, both, fixed, kept, ANY, in V1_1..;
            /// A relation to another object (4.31).
            Link(Link), "Link", many, both, modifiable, deletable, ANY, in V1_0..;
            /// Free data of an application, by namespace (4.4).
            ApplicationSpecificInformation(ApplicationSpecificInformation), "Application Specific Information", many, both, modifiable, deletable, ANY, in V1_0..;
            /// Whom to ask about the object (4.12).
            ContactInformation(String), "Contact Information", one, both, modifiable, deletable, ANY, in V1_0..;
            /// When the object or an attribute of it last changed (4.29).
            LastChangeDate(DateTime), "Last Change Date", one, server, fixed, kept, ANY, in V1_0..;
            /// Another name, of a kind: an address, a serial number (4.2).
            AlternativeName(AlternativeName), "Alternative Name", many, client, modifiable, deletable, ANY, in V1_2..;
            /// Whether the server has the key value (4.28).
            KeyValuePresent(bool), "Key Value Present", one, server, fixed, kept, ANY, in V1_2..;
            /// Where the key value is, if not here (4.27).
            KeyValueLocation(KeyValueLocation), "Key Value Location", many, client, modifiable, deletable, ANY, in V1_2..;
            /// When the key was first made, here or elsewhere (4.38).
            OriginalCreationDate(DateTime), "Original Creation Date", one, both, fixed, kept, ANY, in V1_2..;
            /// The generator that the key came from (4.46).
            RandomNumberGenerator(RngParameters), "Random Number Generator", one, both, fixed, kept, ANY, in V1_3..;
            /// The name of the object in a PKCS#12 file (4.39).
            PKCS_12FriendlyName(String), "PKCS#12 Friendly Name", one, both, modifiable, deletable, ANY, in V1_4..;
            /// What the object is for (4.19).
            Description(String), "Description", one, both, modifiable, deletable, ANY, in V1_4..;
            /// A remark (4.9).
            Comment(String), "Comment", one, both, modifiable, deletable, ANY, in V1_4..;
            /// Whether the key may leave the server only wrapped (4.55).
            Sensitive(bool), "Sensitive", one, both, modifiable, kept, ANY, in V1_4..;
            /// Whether it was sensitive ever since it was made (4.3).
            AlwaysSensitive(bool), "Always Sensitive", one, server, fixed, kept, ANY, in V1_4..;
            /// Whether the key may leave the server (4.23).
            Extractable(bool), "Extractable", one, both, modifiable, kept, ANY, in V1_4..;
            /// Whether it was never extractable since it was made (4.33).
            NeverExtractable(bool), "Never Extractable", one, server, fixed, kept, ANY, in V1_4..;
            /// A short identifier derived from the unique one (4.56).
            ShortUniqueIdentifier(Bytes), "Short Unique Identifier", one, server, fixed, kept, ANY, in V2_0..;
            /// The form in which the key was registered (4.26).
            KeyFormatType(KeyFormatType), "Key Format Type", one, server, fixed, kept, ANY, in V2_0..;
            /// The type of the opaque data (4.37).
            OpaqueDataType(OpaqueDataType), "Opaque Data Type", one, server, fixed, kept, OPAQUE, in V2_0..;
            /// The kind of key by NIST SP 800-57 (4.34).
            NISTKeyType(NISTKeyType), "NIST Key Type", many, client, fixed, kept, ANY, in V2_0..;
            /// How strongly the object is to be protected (4.42).
            ProtectionLevel(ProtectionLevel), "Protection Level", one, client, modifiable, deletable, ANY, in V2_0..;
            /// For how long the object is to be protected (4.43).
            ProtectionPeriod(Interval), "Protection Period", one, client, modifiable, deletable, ANY, in V2_0..;
            /// Where and how the server keeps the object (4.44).
            ProtectionStorageMask(ProtectionStorageMask), "Protection Storage Mask", one, server, fixed, kept, ANY, in V2_0..;
            /// Whether the protection withstands quantum computers (4.45).
            QuantumSafe(bool), "Quantum Safe", one, client, modifiable, deletable, ANY, in V2_0..;
            /// Whether the server rotates the object by itself (4.48).
            RotateAutomatic(bool), "Rotate Automatic", one, both, fixed, kept, ANY, in V2_1..;
            /// When the object was rotated: replaced, or made in the place of another (4.49).
            RotateDate(DateTime), "Rotate Date", one, server, fixed, kept, ANY, in V2_1..;
            /// How many rotations led to the object (4.50).
            RotateGeneration(i32), "Rotate Generation", one, server, fixed, kept, ANY, in V2_1..;
            /// From its Initial Date to its rotation by the server (4.51).
            RotateInterval(Interval), "Rotate Interval", one, both, fixed, kept, ANY, in V2_1..;
            /// Whether this is the newest of its rotations (4.52).
            RotateLatest(bool), "Rotate Latest", one, server, fixed, kept, ANY, in V2_1..;
            /// The name that all rotations share (4.53).
            RotateName(RotateName), "Rotate Name", one, client, modifiable, deletable, ANY, in V2_1..;
            /// The time from rotation to activation (4.54).
            RotateOffset(Interval), "Rotate Offset", one, both, fixed, kept, ANY, in V2_1..;
        }
    };
}
