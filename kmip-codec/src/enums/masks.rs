//! Bit masks, a row a bit.

use crate::declare::mask;
use crate::version::*;

mask! {
    /// What a key may be used for (KMIP 2.1, 12.1).
    pub struct CryptographicUsageMask {
        Sign = 0x1;
        Verify = 0x2;
        Encrypt = 0x4;
        Decrypt = 0x8;
        WrapKey = 0x10;
        UnwrapKey = 0x20;
        Export = 0x40 in V1_0..V2_0;
        MACGenerate = 0x80;
        MACVerify = 0x100;
        DeriveKey = 0x200;
        ContentCommitmentNonRepudiation = 0x400 in V1_0..V2_0;
        KeyAgreement = 0x800;
        CertificateSign = 0x1000;
        CRLSign = 0x2000;
        GenerateCryptogram = 0x4000 in V1_0..V2_0;
        ValidateCryptogram = 0x8000 in V1_0..V2_0;
        TranslateEncrypt = 0x10000 in V1_0..V2_0;
        TranslateDecrypt = 0x20000 in V1_0..V2_0;
        TranslateWrap = 0x40000 in V1_0..V2_0;
        TranslateUnwrap = 0x80000 in V1_0..V2_0;
        Authenticate = 0x100000 in V2_0..;
        Unrestricted = 0x200000 in V2_0..;
        FPEEncrypt = 0x400000 in V2_0..;
        FPEDecrypt = 0x800000 in V2_0..;
    }
}

mask! {
    /// Where and how an object is stored (KMIP 2.1, 12.2).
    pub struct ProtectionStorageMask {
        Software = 0x1 in V2_0..;
        Hardware = 0x2 in V2_0..;
        OnProcessor = 0x4 in V2_0..;
        OnSystem = 0x8 in V2_0..;
        OffSystem = 0x10 in V2_0..;
        Hypervisor = 0x20 in V2_0..;
        OperatingSystem = 0x40 in V2_0..;
        Container = 0x80 in V2_0..;
        OnPremises = 0x100 in V2_0..;
        OffPremises = 0x200 in V2_0..;
        SelfManaged = 0x400 in V2_0..;
        Outsourced = 0x800 in V2_0..;
        Validated = 0x1000 in V2_0..;
        SameJurisdiction = 0x2000 in V2_0..;
    }
}

mask! {
    /// Which stores Locate looks in (KMIP 2.1, 12.3).
    pub struct StorageStatusMask {
        OnLineStorage = 0x1;
        ArchivalStorage = 0x2;
        DestroyedStorage = 0x4 in V2_0..;
    }
}
