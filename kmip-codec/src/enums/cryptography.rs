//! Algorithms, modes and key forms: enumerations, a row a value.

use crate::declare::enumeration;
use crate::version::*;

enumeration! {
    /// The mode of a block cipher (KMIP 2.1, 11.6).
    pub enum BlockCipherMode {
        CBC = 0x1;
        ECB = 0x2;
        PCBC = 0x3;
        CFB = 0x4;
        OFB = 0x5;
        CTR = 0x6;
        CMAC = 0x7;
        CCM = 0x8;
        GCM = 0x9;
        CBC_MAC = 0xA;
        XTS = 0xB;
        AESKeyWrapPadding = 0xC;
        NISTKeyWrap = 0xD;
        X9_102AESKW = 0xE;
        X9_102TDKW = 0xF;
        X9_102AKW1 = 0x10;
        X9_102AKW2 = 0x11;
        AEAD = 0x12 in V1_4..;
    }
}

enumeration! {
    /// The algorithm that a key is for (KMIP 2.1, 11.12).
    pub enum CryptographicAlgorithm {
        DES = 0x1;
        DES3 = 0x2;
        AES = 0x3;
        RSA = 0x4;
        DSA = 0x5;
        ECDSA = 0x6;
        HMAC_SHA1 = 0x7;
        HMAC_SHA224 = 0x8;
        HMAC_SHA256 = 0x9;
        HMAC_SHA384 = 0xA;
        HMAC_SHA512 = 0xB;
        HMAC_MD5 = 0xC;
        DH = 0xD;
        ECDH = 0xE;
        ECMQV = 0xF;
        Blowfish = 0x10;
        Camellia = 0x11;
        CAST5 = 0x12;
        IDEA = 0x13;
        MARS = 0x14;
        RC2 = 0x15;
        RC4 = 0x16;
        RC5 = 0x17;
        SKIPJACK = 0x18;
        Twofish = 0x19;
        EC = 0x1A in V1_2..;
        OneTimePad = 0x1B in V1_3..;
        ChaCha20 = 0x1C in V1_4..;
        Poly1305 = 0x1D in V1_4..;
        ChaCha20Poly1305 = 0x1E in V1_4..;
        SHA3_224 = 0x1F in V1_4..;
        SHA3_256 = 0x20 in V1_4..;
        SHA3_384 = 0x21 in V1_4..;
        SHA3_512 = 0x22 in V1_4..;
        HMAC_SHA3_224 = 0x23 in V1_4..;
        HMAC_SHA3_256 = 0x24 in V1_4..;
        HMAC_SHA3_384 = 0x25 in V1_4..;
        HMAC_SHA3_512 = 0x26 in V1_4..;
        SHAKE_128 = 0x27 in V1_4..;
        SHAKE_256 = 0x28 in V1_4..;
        ARIA = 0x29 in V2_0..;
        SEED = 0x2A in V2_0..;
        SM2 = 0x2B in V2_0..;
        SM3 = 0x2C in V2_0..;
        SM4 = 0x2D in V2_0..;
        GOSTR34_10_2012 = 0x2E in V2_0..;
        GOSTR34_11_2012 = 0x2F in V2_0..;
        GOSTR34_13_2015 = 0x30 in V2_0..;
        GOST28147_89 = 0x31 in V2_0..;
        XMSS = 0x32 in V2_0..;
        SPHINCS_256 = 0x33 in V2_0..;
        McEliece = 0x34 in V2_0..;
        McEliece_6960119 = 0x35 in V2_0..;
        McEliece_8192128 = 0x36 in V2_0..;
        Ed25519 = 0x37 in V2_0..;
        Ed448 = 0x38 in V2_0..;
    }
}

enumeration! {
    /// The construction of a deterministic generator (KMIP 2.1, 11.17).
    pub enum DRBGAlgorithm {
        Unspecified = 0x1 in V1_3..;
        Dual_EC = 0x2 in V1_3..;
        Hash = 0x3 in V1_3..;
        HMAC = 0x4 in V1_3..;
        CTR = 0x5 in V1_3..;
    }
}

enumeration! {
    /// How a key is derived (KMIP 2.1, 11.14).
    pub enum DerivationMethod {
        PBKDF2 = 0x1;
        HASH = 0x2;
        HMAC = 0x3;
        ENCRYPT = 0x4;
        NIST800_108_C = 0x5;
        NIST800_108_F = 0x6;
        NIST800_108_DPI = 0x7;
        AsymmetricKey = 0x8 in V1_4..;
        AWSSignatureVersion4 = 0x9 in V2_0..;
        HKDF = 0xA in V2_0..;
    }
}

enumeration! {
    /// A signature scheme together with its digest (KMIP 2.1, 11.16).
    pub enum DigitalSignatureAlgorithm {
        MD2WithRSAEncryptionPKCS_1V1_5 = 0x1 in V1_1..V2_0;
        MD2WithRSAEncryption = 0x1 in V2_0..;
        MD5WithRSAEncryptionPKCS_1V1_5 = 0x2 in V1_1..V2_0;
        MD5WithRSAEncryption = 0x2 in V2_0..;
        SHA_1WithRSAEncryptionPKCS_1V1_5 = 0x3 in V1_1..V2_0;
        SHA_1WithRSAEncryption = 0x3 in V2_0..;
        SHA_224WithRSAEncryptionPKCS_1V1_5 = 0x4 in V1_1..V2_0;
        SHA_224WithRSAEncryption = 0x4 in V2_0..;
        SHA_256WithRSAEncryptionPKCS_1V1_5 = 0x5 in V1_1..V2_0;
        SHA_256WithRSAEncryption = 0x5 in V2_0..;
        SHA_384WithRSAEncryptionPKCS_1V1_5 = 0x6 in V1_1..V2_0;
        SHA_384WithRSAEncryption = 0x6 in V2_0..;
        SHA_512WithRSAEncryptionPKCS_1V1_5 = 0x7 in V1_1..V2_0;
        SHA_512WithRSAEncryption = 0x7 in V2_0..;
        RSASSA_PSSPKCS_1V2_1 = 0x8 in V1_1..V2_0;
        RSASSA_PSS = 0x8 in V2_0..;
        DSAWithSHA_1 = 0x9 in V1_1..;
        DSAWithSHA224 = 0xA in V1_1..;
        DSAWithSHA256 = 0xB in V1_1..;
        ECDSAWithSHA_1 = 0xC in V1_1..;
        ECDSAWithSHA224 = 0xD in V1_1..;
        ECDSAWithSHA256 = 0xE in V1_1..;
        ECDSAWithSHA384 = 0xF in V1_1..;
        ECDSAWithSHA512 = 0x10 in V1_1..;
        SHA3_256WithRSAEncryption = 0x11 in V1_4..;
        SHA3_384WithRSAEncryption = 0x12 in V1_4..;
        SHA3_512WithRSAEncryption = 0x13 in V1_4..;
    }
}

enumeration! {
    /// What a wrapped key value encloses (KMIP 2.1, 11.18).
    pub enum EncodingOption {
        NoEncoding = 0x1 in V1_1..;
        TTLVEncoding = 0x2 in V1_1..;
    }
}

enumeration! {
    /// The variant of the FIPS 186 generator (KMIP 2.1, 11.20).
    pub enum FIPS186Variation {
        Unspecified = 0x1 in V1_3..;
        GPXOriginal = 0x2 in V1_3..;
        GPXChangeNotice = 0x3 in V1_3..;
        XOriginal = 0x4 in V1_3..;
        XChangeNotice = 0x5 in V1_3..;
        KOriginal = 0x6 in V1_3..;
        KChangeNotice = 0x7 in V1_3..;
    }
}

enumeration! {
    /// A digest algorithm (KMIP 2.1, 11.21).
    pub enum HashingAlgorithm {
        MD2 = 0x1;
        MD4 = 0x2;
        MD5 = 0x3;
        SHA_1 = 0x4;
        SHA_224 = 0x5;
        SHA_256 = 0x6;
        SHA_384 = 0x7;
        SHA_512 = 0x8;
        RIPEMD_160 = 0x9;
        Tiger = 0xA;
        Whirlpool = 0xB;
        SHA_512_224 = 0xC in V1_2..;
        SHA_512_256 = 0xD in V1_2..;
        SHA_3_224 = 0xE in V1_4..V2_0;
        SHA3_224 = 0xE in V2_0..;
        SHA_3_256 = 0xF in V1_4..V2_0;
        SHA3_256 = 0xF in V2_0..;
        SHA_3_384 = 0x10 in V1_4..V2_0;
        SHA3_384 = 0x10 in V2_0..;
        SHA_3_512 = 0x11 in V1_4..V2_0;
        SHA3_512 = 0x11 in V2_0..;
    }
}

enumeration! {
    /// How an elliptic-curve point is compressed (KMIP 2.1, 11.24).
    pub enum KeyCompressionType {
        ECPublicKeyTypeUncompressed = 0x1;
        ECPublicKeyTypeX9_62CompressedPrime = 0x2;
        ECPublicKeyTypeX9_62CompressedChar2 = 0x3;
        ECPublicKeyTypeX9_62Hybrid = 0x4;
    }
}

enumeration! {
    /// The form that key material takes (KMIP 2.1, 11.25).
    pub enum KeyFormatType {
        Raw = 0x1;
        Opaque = 0x2;
        PKCS_1 = 0x3;
        PKCS_8 = 0x4;
        X_509 = 0x5;
        ECPrivateKey = 0x6;
        TransparentSymmetricKey = 0x7;
        TransparentDSAPrivateKey = 0x8;
        TransparentDSAPublicKey = 0x9;
        TransparentRSAPrivateKey = 0xA;
        TransparentRSAPublicKey = 0xB;
        TransparentDHPrivateKey = 0xC;
        TransparentDHPublicKey = 0xD;
        TransparentECDSAPrivateKey = 0xE in V1_0..V2_0;
        TransparentECDSAPublicKey = 0xF in V1_0..V2_0;
        TransparentECDHPrivateKey = 0x10 in V1_0..V2_0;
        TransparentECDHPublicKey = 0x11 in V1_0..V2_0;
        TransparentECMQVPrivateKey = 0x12 in V1_0..V2_0;
        TransparentECMQVPublicKey = 0x13 in V1_0..V2_0;
        TransparentECPrivateKey = 0x14 in V1_3..;
        TransparentECPublicKey = 0x15 in V1_3..;
        PKCS_12 = 0x16 in V1_4..;
        PKCS_10 = 0x17 in V2_0..;
    }
}

enumeration! {
    /// The role of a key in payment systems (KMIP 2.1, 11.26).
    pub enum KeyRoleType {
        BDK = 0x1;
        CVK = 0x2;
        DEK = 0x3;
        MKAC = 0x4;
        MKSMC = 0x5;
        MKSMI = 0x6;
        MKDAC = 0x7;
        MKDN = 0x8;
        MKCP = 0x9;
        MKOTH = 0xA;
        KEK = 0xB;
        MAC16609 = 0xC;
        MAC97971 = 0xD;
        MAC97972 = 0xE;
        MAC97973 = 0xF;
        MAC97974 = 0x10;
        MAC97975 = 0x11;
        ZPK = 0x12;
        PVKIBM = 0x13;
        PVKPVV = 0x14;
        PVKOTH = 0x15;
        DUKPT = 0x16 in V1_4..;
        IV = 0x17 in V1_4..;
        TRKBK = 0x18 in V1_4..;
    }
}

enumeration! {
    /// Whether Get returns a key as registered or unwrapped (KMIP 2.1, 11.29).
    pub enum KeyWrapType {
        NotWrapped = 0x1 in V1_4..;
        AsRegistered = 0x2 in V1_4..;
    }
}

enumeration! {
    /// The mask generator of OAEP and PSS (KMIP 2.1, 11.30).
    pub enum MaskGenerator {
        MGF1 = 0x1 in V1_4..V2_0;
        MFG1 = 0x1 in V2_0..;
    }
}

enumeration! {
    /// The key types of NIST SP 800-57 (KMIP 2.1, 11.32).
    pub enum NISTKeyType {
        PrivateSignatureKey = 0x1 in V2_0..;
        PublicSignatureVerificationKey = 0x2 in V2_0..;
        SymmetricAuthenticationKey = 0x3 in V2_0..;
        PrivateAuthenticationKey = 0x4 in V2_0..;
        PublicAuthenticationKey = 0x5 in V2_0..;
        SymmetricDataEncryptionKey = 0x6 in V2_0..;
        SymmetricKeyWrappingKey = 0x7 in V2_0..;
        SymmetricRandomNumberGenerationKey = 0x8 in V2_0..;
        SymmetricMasterKey = 0x9 in V2_0..;
        PrivateKeyTransportKey = 0xA in V2_0..;
        PublicKeyTransportKey = 0xB in V2_0..;
        SymmetricKeyAgreementKey = 0xC in V2_0..;
        PrivateStaticKeyAgreementKey = 0xD in V2_0..;
        PublicStaticKeyAgreementKey = 0xE in V2_0..;
        PrivateEphemeralKeyAgreementKey = 0xF in V2_0..;
        PublicEphemeralKeyAgreementKey = 0x10 in V2_0..;
        SymmetricAuthorizationKey = 0x11 in V2_0..;
        PrivateAuthorizationKey = 0x12 in V2_0..;
        PublicAuthorizationKey = 0x13 in V2_0..;
    }
}

enumeration! {
    /// How the last block is padded (KMIP 2.1, 11.37).
    pub enum PaddingMethod {
        None = 0x1;
        OAEP = 0x2;
        PKCS5 = 0x3;
        SSL3 = 0x4;
        Zeros = 0x5;
        ANSIX9_23 = 0x6;
        ISO10126 = 0x7;
        PKCS1V1_5 = 0x8;
        X9_31 = 0x9;
        PSS = 0xA;
    }
}

enumeration! {
    /// The kind of a random number generator (KMIP 2.1, 11.49).
    pub enum RNGAlgorithm {
        Unspecified = 0x1 in V1_3..;
        FIPS186_2 = 0x2 in V1_3..;
        DRBG = 0x3 in V1_3..;
        NRBG = 0x4 in V1_3..;
        ANSIX9_31 = 0x5 in V1_3..;
        ANSIX9_62 = 0x6 in V1_3..;
    }
}

enumeration! {
    /// Whether generators are shared (KMIP 2.1, 11.50).
    pub enum RNGMode {
        Unspecified = 0x1 in V1_3..;
        SharedInstantiation = 0x2 in V1_3..;
        NonSharedInstantiation = 0x3 in V1_3..;
    }
}

enumeration! {
    /// Named elliptic curves (KMIP 2.1, 11.45).
    pub enum RecommendedCurve {
        P_192 = 0x1;
        K_163 = 0x2;
        B_163 = 0x3;
        P_224 = 0x4;
        K_233 = 0x5;
        B_233 = 0x6;
        P_256 = 0x7;
        K_283 = 0x8;
        B_283 = 0x9;
        P_384 = 0xA;
        K_409 = 0xB;
        B_409 = 0xC;
        P_521 = 0xD;
        K_571 = 0xE;
        B_571 = 0xF;
        SECP112R1 = 0x10 in V1_2..;
        SECP112R2 = 0x11 in V1_2..;
        SECP128R1 = 0x12 in V1_2..;
        SECP128R2 = 0x13 in V1_2..;
        SECP160K1 = 0x14 in V1_2..;
        SECP160R1 = 0x15 in V1_2..;
        SECP160R2 = 0x16 in V1_2..;
        SECP192K1 = 0x17 in V1_2..;
        SECP224K1 = 0x18 in V1_2..;
        SECP256K1 = 0x19 in V1_2..;
        SECT113R1 = 0x1A in V1_2..;
        SECT113R2 = 0x1B in V1_2..;
        SECT131R1 = 0x1C in V1_2..;
        SECT131R2 = 0x1D in V1_2..;
        SECT163R1 = 0x1E in V1_2..;
        SECT193R1 = 0x1F in V1_2..;
        SECT193R2 = 0x20 in V1_2..;
        SECT239K1 = 0x21 in V1_2..;
        ANSIX9P192V2 = 0x22 in V1_2..;
        ANSIX9P192V3 = 0x23 in V1_2..;
        ANSIX9P239V1 = 0x24 in V1_2..;
        ANSIX9P239V2 = 0x25 in V1_2..;
        ANSIX9P239V3 = 0x26 in V1_2..;
        ANSIX9C2PNB163V1 = 0x27 in V1_2..;
        ANSIX9C2PNB163V2 = 0x28 in V1_2..;
        ANSIX9C2PNB163V3 = 0x29 in V1_2..;
        ANSIX9C2PNB176V1 = 0x2A in V1_2..;
        ANSIX9C2TNB191V1 = 0x2B in V1_2..;
        ANSIX9C2TNB191V2 = 0x2C in V1_2..;
        ANSIX9C2TNB191V3 = 0x2D in V1_2..;
        ANSIX9C2PNB208W1 = 0x2E in V1_2..;
        ANSIX9C2TNB239V1 = 0x2F in V1_2..;
        ANSIX9C2TNB239V2 = 0x30 in V1_2..;
        ANSIX9C2TNB239V3 = 0x31 in V1_2..;
        ANSIX9C2PNB272W1 = 0x32 in V1_2..;
        ANSIX9C2PNB304W1 = 0x33 in V1_2..;
        ANSIX9C2TNB359V1 = 0x34 in V1_2..;
        ANSIX9C2PNB368W1 = 0x35 in V1_2..;
        ANSIX9C2TNB431R1 = 0x36 in V1_2..;
        BRAINPOOLP160R1 = 0x37 in V1_2..;
        BRAINPOOLP160T1 = 0x38 in V1_2..;
        BRAINPOOLP192R1 = 0x39 in V1_2..;
        BRAINPOOLP192T1 = 0x3A in V1_2..;
        BRAINPOOLP224R1 = 0x3B in V1_2..;
        BRAINPOOLP224T1 = 0x3C in V1_2..;
        BRAINPOOLP256R1 = 0x3D in V1_2..;
        BRAINPOOLP256T1 = 0x3E in V1_2..;
        BRAINPOOLP320R1 = 0x3F in V1_2..;
        BRAINPOOLP320T1 = 0x40 in V1_2..;
        BRAINPOOLP384R1 = 0x41 in V1_2..;
        BRAINPOOLP384T1 = 0x42 in V1_2..;
        BRAINPOOLP512R1 = 0x43 in V1_2..;
        BRAINPOOLP512T1 = 0x44 in V1_2..;
        CURVE25519 = 0x45 in V2_0..;
        CURVE448 = 0x46 in V2_0..;
    }
}

enumeration! {
    /// How destroyed data is overwritten (KMIP 2.1, 11.53).
    pub enum ShreddingAlgorithm {
        Unspecified = 0x1 in V1_3..;
        Cryptographic = 0x2 in V1_3..;
        Unsupported = 0x3 in V1_3..;
    }
}

enumeration! {
    /// How a key is split (KMIP 2.1, 11.54).
    pub enum SplitKeyMethod {
        XOR = 0x1;
        PolynomialSharingGF2_16 = 0x2;
        PolynomialSharingPrimeField = 0x3;
        PolynomialSharingGF2_8 = 0x4 in V1_2..;
    }
}

enumeration! {
    /// How a wrapped key is taken in (KMIP 2.1, 11.59).
    pub enum UnwrapMode {
        Unspecified = 0x1 in V1_3..;
        Processed = 0x2 in V1_3..;
        NotProcessed = 0x3 in V1_3..;
    }
}

enumeration! {
    /// How a key is wrapped (KMIP 2.1, 11.62).
    pub enum WrappingMethod {
        Encrypt = 0x1;
        MACSign = 0x2;
        EncryptThenMACSign = 0x3;
        MACSignThenEncrypt = 0x4;
        TR_31 = 0x5;
    }
}
