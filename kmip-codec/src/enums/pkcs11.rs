//! What the operation PKCS#11 speaks of: the functions of PKCS#11 3.0 by their place in its function list, and its return
//! codes (KMIP 2.1, 11.38 and 11.39).

use crate::declare::enumeration;
use crate::version::*;

enumeration! {
    /// A function of PKCS#11 (KMIP 2.1, 11.38).
    pub enum PKCS11Function {
        C_Initialize = 1 in V2_0..;
        C_Finalize = 2 in V2_0..;
        C_GetInfo = 3 in V2_0..;
        C_GetFunctionList = 4 in V2_0..;
        C_GetSlotList = 5 in V2_0..;
        C_GetSlotInfo = 6 in V2_0..;
        C_GetTokenInfo = 7 in V2_0..;
        C_GetMechanismList = 8 in V2_0..;
        C_GetMechanismInfo = 9 in V2_0..;
        C_InitToken = 10 in V2_0..;
        C_InitPIN = 11 in V2_0..;
        C_SetPIN = 12 in V2_0..;
        C_OpenSession = 13 in V2_0..;
        C_CloseSession = 14 in V2_0..;
        C_CloseAllSessions = 15 in V2_0..;
        C_GetSessionInfo = 16 in V2_0..;
        C_GetOperationState = 17 in V2_0..;
        C_SetOperationState = 18 in V2_0..;
        C_Login = 19 in V2_0..;
        C_Logout = 20 in V2_0..;
        C_CreateObject = 21 in V2_0..;
        C_CopyObject = 22 in V2_0..;
        C_DestroyObject = 23 in V2_0..;
        C_GetObjectSize = 24 in V2_0..;
        C_GetAttributeValue = 25 in V2_0..;
        C_SetAttributeValue = 26 in V2_0..;
        C_FindObjectsInit = 27 in V2_0..;
        C_FindObjects = 28 in V2_0..;
        C_FindObjectsFinal = 29 in V2_0..;
        C_EncryptInit = 30 in V2_0..;
        C_Encrypt = 31 in V2_0..;
        C_EncryptUpdate = 32 in V2_0..;
        C_EncryptFinal = 33 in V2_0..;
        C_DecryptInit = 34 in V2_0..;
        C_Decrypt = 35 in V2_0..;
        C_DecryptUpdate = 36 in V2_0..;
        C_DecryptFinal = 37 in V2_0..;
        C_DigestInit = 38 in V2_0..;
        C_Digest = 39 in V2_0..;
        C_DigestUpdate = 40 in V2_0..;
        C_DigestKey = 41 in V2_0..;
        C_DigestFinal = 42 in V2_0..;
        C_SignInit = 43 in V2_0..;
        C_Sign = 44 in V2_0..;
        C_SignUpdate = 45 in V2_0..;
        C_SignFinal = 46 in V2_0..;
        C_SignRecoverInit = 47 in V2_0..;
        C_SignRecover = 48 in V2_0..;
        C_VerifyInit = 49 in V2_0..;
        C_Verify = 50 in V2_0..;
        C_VerifyUpdate = 51 in V2_0..;
        C_VerifyFinal = 52 in V2_0..;
        C_VerifyRecoverInit = 53 in V2_0..;
        C_VerifyRecover = 54 in V2_0..;
        C_DigestEncryptUpdate = 55 in V2_0..;
        C_DecryptDigestUpdate = 56 in V2_0..;
        C_SignEncryptUpdate = 57 in V2_0..;
        C_DecryptVerifyUpdate = 58 in V2_0..;
        C_GenerateKey = 59 in V2_0..;
        C_GenerateKeyPair = 60 in V2_0..;
        C_WrapKey = 61 in V2_0..;
        C_UnwrapKey = 62 in V2_0..;
        C_DeriveKey = 63 in V2_0..;
        C_SeedRandom = 64 in V2_0..;
        C_GenerateRandom = 65 in V2_0..;
        C_GetFunctionStatus = 66 in V2_0..;
        C_CancelFunction = 67 in V2_0..;
        C_WaitForSlotEvent = 68 in V2_0..;
        C_GetInterfaceList = 69 in V2_0..;
        C_GetInterface = 70 in V2_0..;
        C_LoginUser = 71 in V2_0..;
        C_SessionCancel = 72 in V2_0..;
        C_MessageEncryptInit = 73 in V2_0..;
        C_EncryptMessage = 74 in V2_0..;
        C_EncryptMessageBegin = 75 in V2_0..;
        C_EncryptMessageNext = 76 in V2_0..;
        C_MessageEncryptFinal = 77 in V2_0..;
        C_MessageDecryptInit = 78 in V2_0..;
        C_DecryptMessage = 79 in V2_0..;
        C_DecryptMessageBegin = 80 in V2_0..;
        C_DecryptMessageNext = 81 in V2_0..;
        C_MessageDecryptFinal = 82 in V2_0..;
        C_MessageSignInit = 83 in V2_0..;
        C_SignMessage = 84 in V2_0..;
        C_SignMessageBegin = 85 in V2_0..;
        C_SignMessageNext = 86 in V2_0..;
        C_MessageSignFinal = 87 in V2_0..;
        C_MessageVerifyInit = 88 in V2_0..;
        C_VerifyMessage = 89 in V2_0..;
        C_VerifyMessageBegin = 90 in V2_0..;
        C_VerifyMessageNext = 91 in V2_0..;
        C_MessageVerifyFinal = 92 in V2_0..;
    }
}

enumeration! {
    /// What a function of PKCS#11 returned (KMIP 2.1, 11.39).
    pub enum PKCS11ReturnCode {
        OK = 0x0 in V2_0..;
        CANCEL = 0x1 in V2_0..;
        HOST_MEMORY = 0x2 in V2_0..;
        SLOT_ID_INVALID = 0x3 in V2_0..;
        GENERAL_ERROR = 0x5 in V2_0..;
        FUNCTION_FAILED = 0x6 in V2_0..;
        ARGUMENTS_BAD = 0x7 in V2_0..;
        FUNCTION_NOT_SUPPORTED = 0x54 in V2_0..;
        SESSION_HANDLE_INVALID = 0xB3 in V2_0..;
        USER_NOT_LOGGED_IN = 0x101 in V2_0..;
        CRYPTOKI_NOT_INITIALIZED = 0x190 in V2_0..;
        CRYPTOKI_ALREADY_INITIALIZED = 0x191 in V2_0..;
    }
}
