//! PKCS#11 over KMIP (KMIP 2.1, 6.1.37; KMIP Profiles 2.1, PKCS#11 profile): the client's objects as a token, to look at, to
//! use, and to draw random bytes from.
//!
//! An application begins with C_Initialize, which gives it a correlation value, and ends with C_Finalize. What it has
//! between two requests (sessions, a login, handles, a search) is kept for the client under that value, sealed, as parts
//! of other operations are. The token is write-protected: keys are made, changed and destroyed by KMIP's own operations. A
//! function that is not in the table below returns CKR_FUNCTION_NOT_SUPPORTED.

mod application;
mod attributes;
mod encoding;
mod mechanisms;
mod objects;
mod operations;
mod sessions;
mod slots;

pub use application::Application;
pub use encoding::{Input, Output};

use crate::context::Context;
use crate::refusal::{Interrupt, Refusal};
use kmip_codec::enums::{PKCS11Function, PKCS11ReturnCode};
use mechanisms::Kind;

/// The one slot, which has the one token.
const SLOT: u64 = 0;

/// Return codes that KMIP does not name: their numbers are those of CK_RV.
mod code {
    use kmip_codec::enums::PKCS11ReturnCode;
    pub const ATTRIBUTE_SENSITIVE: PKCS11ReturnCode = PKCS11ReturnCode(0x11);
    pub const ATTRIBUTE_TYPE_INVALID: PKCS11ReturnCode = PKCS11ReturnCode(0x12);
    pub const DATA_INVALID: PKCS11ReturnCode = PKCS11ReturnCode(0x20);
    pub const DEVICE_MEMORY: PKCS11ReturnCode = PKCS11ReturnCode(0x31);
    pub const ENCRYPTED_DATA_INVALID: PKCS11ReturnCode = PKCS11ReturnCode(0x40);
    pub const KEY_HANDLE_INVALID: PKCS11ReturnCode = PKCS11ReturnCode(0x60);
    pub const KEY_TYPE_INCONSISTENT: PKCS11ReturnCode = PKCS11ReturnCode(0x63);
    pub const KEY_FUNCTION_NOT_PERMITTED: PKCS11ReturnCode = PKCS11ReturnCode(0x68);
    pub const MECHANISM_INVALID: PKCS11ReturnCode = PKCS11ReturnCode(0x70);
    pub const MECHANISM_PARAM_INVALID: PKCS11ReturnCode = PKCS11ReturnCode(0x71);
    pub const OBJECT_HANDLE_INVALID: PKCS11ReturnCode = PKCS11ReturnCode(0x82);
    pub const OPERATION_ACTIVE: PKCS11ReturnCode = PKCS11ReturnCode(0x90);
    pub const OPERATION_NOT_INITIALIZED: PKCS11ReturnCode = PKCS11ReturnCode(0x91);
    pub const PIN_INCORRECT: PKCS11ReturnCode = PKCS11ReturnCode(0xa0);
    pub const SESSION_COUNT: PKCS11ReturnCode = PKCS11ReturnCode(0xb1);
    pub const SESSION_PARALLEL_NOT_SUPPORTED: PKCS11ReturnCode = PKCS11ReturnCode(0xb4);
    pub const SIGNATURE_INVALID: PKCS11ReturnCode = PKCS11ReturnCode(0xc0);
    pub const SIGNATURE_LEN_RANGE: PKCS11ReturnCode = PKCS11ReturnCode(0xc1);
    pub const TOKEN_WRITE_PROTECTED: PKCS11ReturnCode = PKCS11ReturnCode(0xe2);
    pub const USER_ALREADY_LOGGED_IN: PKCS11ReturnCode = PKCS11ReturnCode(0x100);
    pub const USER_TYPE_INVALID: PKCS11ReturnCode = PKCS11ReturnCode(0x103);
    pub const RANDOM_SEED_NOT_SUPPORTED: PKCS11ReturnCode = PKCS11ReturnCode(0x120);
    pub const BUFFER_TOO_SMALL: PKCS11ReturnCode = PKCS11ReturnCode(0x150);
}

/// A call of a function: its surroundings, its application, its parameters, and what it gives out.
pub struct Call<'c, 'b, 'a> {
    /// The batch item.
    pub cx: &'c mut Context<'b, 'a>,
    /// Whose call it is.
    pub application: &'c mut Application,
    /// What the caller gives.
    pub input: Input<'c>,
    /// What the caller gets.
    pub output: Output,
}

/// What ends a function early.
pub enum Stop {
    /// It returns a code other than OK.
    Code(PKCS11ReturnCode),
    /// The batch item itself ends.
    Interrupt(Interrupt),
}

impl From<PKCS11ReturnCode> for Stop {
    fn from(code: PKCS11ReturnCode) -> Self {
        Self::Code(code)
    }
}

impl From<Interrupt> for Stop {
    fn from(halt: Interrupt) -> Self {
        Self::Interrupt(halt)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Interrupt(refusal.into())
    }
}

/// The result of a function, or of a step of it.
pub type Returned<T = ()> = Result<T, Stop>;

type Function = fn(&mut Call<'_, '_, '_>) -> Returned;

/// The functions that are there, C_Initialize and C_Finalize apart.
const FUNCTIONS: &[(PKCS11Function, Function)] = &[
    (PKCS11Function::C_GetInfo, slots::info),
    (PKCS11Function::C_GetSlotList, slots::slot_list),
    (PKCS11Function::C_GetSlotInfo, slots::slot_info),
    (PKCS11Function::C_GetTokenInfo, slots::token_info),
    (PKCS11Function::C_GetMechanismList, mechanisms::list),
    (PKCS11Function::C_GetMechanismInfo, mechanisms::info),
    (PKCS11Function::C_OpenSession, sessions::open),
    (PKCS11Function::C_CloseSession, sessions::close),
    (PKCS11Function::C_CloseAllSessions, sessions::close_all),
    (PKCS11Function::C_GetSessionInfo, sessions::info),
    (PKCS11Function::C_Login, sessions::login),
    (PKCS11Function::C_Logout, sessions::logout),
    (PKCS11Function::C_FindObjectsInit, objects::find_init),
    (PKCS11Function::C_FindObjects, objects::find),
    (PKCS11Function::C_FindObjectsFinal, objects::find_final),
    (PKCS11Function::C_GetAttributeValue, objects::attribute_value),
    (PKCS11Function::C_EncryptInit, |call| operations::init(call, Kind::Encrypt)),
    (PKCS11Function::C_Encrypt, |call| operations::whole(call, Kind::Encrypt)),
    (PKCS11Function::C_EncryptUpdate, |call| operations::update(call, Kind::Encrypt)),
    (PKCS11Function::C_EncryptFinal, |call| operations::last(call, Kind::Encrypt)),
    (PKCS11Function::C_DecryptInit, |call| operations::init(call, Kind::Decrypt)),
    (PKCS11Function::C_Decrypt, |call| operations::whole(call, Kind::Decrypt)),
    (PKCS11Function::C_DecryptUpdate, |call| operations::update(call, Kind::Decrypt)),
    (PKCS11Function::C_DecryptFinal, |call| operations::last(call, Kind::Decrypt)),
    (PKCS11Function::C_DigestInit, |call| operations::init(call, Kind::Digest)),
    (PKCS11Function::C_Digest, |call| operations::whole(call, Kind::Digest)),
    (PKCS11Function::C_DigestUpdate, |call| operations::update(call, Kind::Digest)),
    (PKCS11Function::C_DigestFinal, |call| operations::last(call, Kind::Digest)),
    (PKCS11Function::C_SignInit, |call| operations::init(call, Kind::Sign)),
    (PKCS11Function::C_Sign, |call| operations::whole(call, Kind::Sign)),
    (PKCS11Function::C_SignUpdate, |call| operations::update(call, Kind::Sign)),
    (PKCS11Function::C_SignFinal, |call| operations::last(call, Kind::Sign)),
    (PKCS11Function::C_VerifyInit, |call| operations::init(call, Kind::Verify)),
    (PKCS11Function::C_Verify, |call| operations::whole(call, Kind::Verify)),
    (PKCS11Function::C_VerifyUpdate, |call| operations::update(call, Kind::Verify)),
    (PKCS11Function::C_VerifyFinal, |call| operations::last(call, Kind::Verify)),
    (PKCS11Function::C_SeedRandom, sessions::seed_random),
    (PKCS11Function::C_GenerateRandom, sessions::generate_random),
];

impl Call<'_, '_, '_> {
    /// Calls the function. A code other than OK may have output as well: how much room is needed, what is missing.
    pub fn run(&mut self, function: PKCS11Function) -> Result<PKCS11ReturnCode, Interrupt> {
        let Some((_, perform)) = FUNCTIONS.iter().find(|(known, _)| *known == function) else {
            return Ok(PKCS11ReturnCode::FUNCTION_NOT_SUPPORTED);
        };
        match perform(self) {
            Ok(()) => Ok(PKCS11ReturnCode::OK),
            Err(Stop::Code(code)) => Ok(code),
            Err(Stop::Interrupt(halt)) => Err(halt),
        }
    }
}
