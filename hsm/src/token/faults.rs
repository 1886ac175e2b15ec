//! What a PKCS#11 error means for us: by kind of call, because tokens differ in the codes that they choose.

use crate::Error;
use cryptoki::error::{Error as Pkcs11, RvError};

/// Whether a new session, and a new search for the keys, may mend it.
pub fn is_lost_session(error: &Pkcs11) -> bool {
    matches!(
        error,
        Pkcs11::Pkcs11(
            RvError::SessionHandleInvalid
                | RvError::SessionClosed
                | RvError::UserNotLoggedIn
                | RvError::DeviceRemoved
                | RvError::TokenNotPresent
                | RvError::TokenNotRecognized
                | RvError::CryptokiNotInitialized
                | RvError::ObjectHandleInvalid
                | RvError::KeyHandleInvalid
                | RvError::SlotIdInvalid,
            _
        )
    )
}

/// An error of a call, with the name of the call.
pub fn device(call: &'static str) -> impl Fn(Pkcs11) -> Error {
    move |error| Error::Device { call, code: code(&error) }
}

/// The error of a login: the PIN, or the device.
pub fn login(error: &Pkcs11) -> Error {
    match error {
        Pkcs11::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _) => {
            Error::WrongPin
        }
        Pkcs11::Pkcs11(RvError::PinLocked | RvError::PinExpired, _) => Error::PinLocked,
        other => Error::Device { call: "C_Login", code: code(other) },
    }
}

/// The code alone; cryptoki's own text is long and explains the standard rather than the fault.
pub fn code(error: &Pkcs11) -> String {
    match error {
        Pkcs11::Pkcs11(code, _) => format!("CKR {code:?}"),
        other => other.to_string(),
    }
}
