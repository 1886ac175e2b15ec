//! What the return codes of PKCS#11 mean for us: one table of classes, and what is done about each. Every call goes
//! through [`at`], and every failure through [`Fault::class`].

use super::progress;
use crate::Error;
use cryptoki::error::{Error as Pkcs11, RvError};

/// Kinds of failures, by what is done about them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// May be over by now: once more, in a new session. The module is not initialised anew, which would end the sessions of the
    /// other threads.
    Passing,
    /// The token gives no more sessions: the work is left to the threads that have one. Nothing is initialised anew for it, for
    /// somebody else would have the sessions next.
    NoSession,
    /// The session, or an operation that is stuck in it: once more, in a new session.
    Session,
    /// Handles of keys: they are found and proved anew, in a new session.
    Key,
    /// The token is away, or the module does not know it any more: the module is initialised anew.
    Token,
    /// Some trouble that the code does not tell. Where a blob was to be opened the key check value decides whether it is the
    /// blob; everywhere else a new session, then the module initialised anew.
    Device,
    /// The blob, if it was to be opened: the key check value decides. Elsewhere as `Device`.
    Integrity,
    /// The PIN: see [`super::login`]. Never tried again at once.
    Pin,
    /// The token does not do what is asked, or is set up otherwise: told.
    Configuration,
}

use RvError as R;

/// The classes. Codes that stand nowhere, those of vendors among them, are [`Class::Device`].
pub const TABLE: &[(Class, &[RvError])] = &[
    (
        Class::Passing,
        &[
            R::Cancel,
            R::FunctionCanceled,
            R::FunctionRejected,
            R::HostMemory,
            R::DeviceMemory,
            R::BufferTooSmall,
            R::NoEvent,
            R::StateUnsaveable,
            R::SavedStateInvalid,
        ],
    ),
    (Class::NoSession, &[R::SessionCount]),
    (
        Class::Session,
        &[
            R::SessionHandleInvalid,
            R::SessionClosed,
            R::SessionExists,
            R::SessionReadOnly,
            R::SessionReadOnlyExists,
            R::SessionReadWriteSoExists,
            R::SessionParallelNotSupported,
            R::OperationActive,
            R::OperationNotInitialized,
            R::UserNotLoggedIn,
            R::UserAlreadyLoggedIn,
            R::UserAnotherAlreadyLoggedIn,
            R::UserTooManyTypes,
            R::FunctionNotParallel,
        ],
    ),
    (
        Class::Key,
        &[
            R::ObjectHandleInvalid,
            R::KeyHandleInvalid,
            R::KeyChanged,
            R::KeyNeeded,
            R::KeyNotNeeded,
            R::UnwrappingKeyHandleInvalid,
            R::WrappingKeyHandleInvalid,
        ],
    ),
    (
        Class::Token,
        &[
            R::TokenNotPresent,
            R::TokenNotRecognized,
            R::DeviceRemoved,
            R::SlotIdInvalid,
            R::CryptokiNotInitialized,
            R::CryptokiAlreadyInitialized,
            R::MutexBad,
            R::MutexNotLocked,
            R::LibraryLoadFailed,
        ],
    ),
    (
        Class::Integrity,
        &[
            R::EncryptedDataInvalid,
            R::EncryptedDataLenRange,
            R::DataInvalid,
            R::DataLenRange,
            R::SignatureInvalid,
            R::SignatureLenRange,
            R::WrappedKeyInvalid,
            R::WrappedKeyLenRange,
        ],
    ),
    (
        Class::Pin,
        &[
            R::PinIncorrect,
            R::PinInvalid,
            R::PinLenRange,
            R::PinTooWeak,
            R::PinLocked,
            R::PinExpired,
            R::UserPinNotInitialized,
        ],
    ),
    (
        Class::Configuration,
        &[
            R::ArgumentsBad,
            R::ActionProhibited,
            R::AttributeReadOnly,
            R::AttributeSensitive,
            R::AttributeTypeInvalid,
            R::AttributeValueInvalid,
            R::CantLock,
            R::NeedToCreateThreads,
            R::CurveNotSupported,
            R::DomainParamsInvalid,
            R::ExceededMaxIterations,
            R::FunctionNotSupported,
            R::InformationSensitive,
            R::KeyFunctionNotPermitted,
            R::KeyIndigestible,
            R::KeyNotWrappable,
            R::KeySizeRange,
            R::KeyTypeInconsistent,
            R::KeyUnextractable,
            R::MechanismInvalid,
            R::MechanismParamInvalid,
            R::NewPinMode,
            R::NextOtp,
            R::PublicKeyInvalid,
            R::RandomNoRng,
            R::RandomSeedNotSupported,
            R::TemplateIncomplete,
            R::TemplateInconsistent,
            R::TokenWriteProtected,
            R::UnwrappingKeySizeRange,
            R::UnwrappingKeyTypeInconsistent,
            R::UserTypeInvalid,
            R::WrappingKeySizeRange,
            R::WrappingKeyTypeInconsistent,
        ],
    ),
    (Class::Device, &[R::GeneralError, R::FunctionFailed, R::DeviceError, R::FipsSelfTestFailed]),
];

/// The class of a code.
pub fn class_of(code: RvError) -> Class {
    let row = TABLE.iter().find(|(_, codes)| codes.contains(&code));
    row.map_or(Class::Device, |(class, _)| *class)
}

/// Why a piece of work with the token was not done.
#[derive(Debug)]
pub enum Fault {
    /// A call returned an error.
    Call {
        /// The PKCS#11 call.
        call: &'static str,
        /// What it returned.
        error: Pkcs11,
    },
    /// A finding that a token which is half gone would give as well. It is believed when a module that was initialised
    /// anew finds the same.
    Doubtful(Error),
    /// Nothing that is tried again would change it.
    Final(Error),
}

impl Fault {
    /// What is to be done about it.
    pub fn class(&self) -> Option<Class> {
        match self {
            Self::Call { error: Pkcs11::Pkcs11(code, _), .. } => Some(class_of(*code)),
            Self::Call { .. } => Some(Class::Device),
            Self::Doubtful(_) => Some(Class::Token),
            Self::Final(_) => None,
        }
    }

    /// Whether it may be the blob that was to be opened, and not the token.
    pub fn may_be_the_blob(&self) -> bool {
        matches!(self, Self::Call { .. })
            && matches!(self.class(), Some(Class::Integrity | Class::Device | Class::Configuration))
    }

    /// As it is told.
    pub fn into_error(self) -> Error {
        if self.class() == Some(Class::NoSession) {
            return Error::NoSession;
        }
        let class = self.class();
        match self {
            Self::Call { call, error } if class == Some(Class::Configuration) => {
                Error::Unsuited { call, code: code(&error) }
            }
            Self::Call { call, error } => Error::Device { call, code: code(&error) },
            Self::Doubtful(error) | Self::Final(error) => error,
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

/// An error of a call, with the name of the call. Asked for when a call has come back, whatever came of it.
pub fn at(call: &'static str) -> impl Fn(Pkcs11) -> Fault {
    progress::call_is_over();
    move |error| Fault::Call { call, error }
}

/// An error of a call that is told as it is.
pub fn told(call: &'static str) -> impl Fn(Pkcs11) -> Error {
    move |error| at(call)(error).into_error()
}

/// The code alone; cryptoki's own text is long and explains the standard rather than the fault.
pub fn code(error: &Pkcs11) -> String {
    match error {
        Pkcs11::Pkcs11(code, _) => format!("CKR {code:?}"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A code that stood in two rows would have two meanings.
    #[test]
    fn every_code_has_one_class() {
        let codes: Vec<_> = TABLE.iter().flat_map(|(_, codes)| codes.iter()).collect();
        for (index, code) in codes.iter().enumerate() {
            assert!(!codes.iter().skip(index + 1).any(|other| other == code), "{code:?} twice");
        }
        assert_eq!(class_of(RvError::VendorDefined(0x8000_0001)), Class::Device);
    }
}
