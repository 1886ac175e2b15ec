//! Why an item fails: a cause of ours, and the Result Reason that each version has for it.
//!
//! This is the one place where causes become Result Reasons. The message is written for the client's operator:
//! it names what the client sent, never what is inside the server.

mod older;
mod reasons;

use keystead_base::text::printable;
use kmip_codec::clauses::{Clause, Topic};
use kmip_codec::enums::ResultReason;
use kmip_codec::operations::Operation;
use kmip_codec::version::V2_0;
use kmip_codec::{Tag, Unreadable, Version};
use std::borrow::Cow;

/// The longest message, in characters.
const MESSAGE_CHARS_MAX: usize = 2048;

/// The clause that decides: that of an attribute or of a part of messages, else the errors of the operation.
macro_rules! clause {
    ($operation:ident) => {
        Clause::Errors($operation)
    };
    ($operation:ident, attribute $tag:ident) => {
        Clause::Attribute(Tag::$tag)
    };
    ($operation:ident, topic $topic:ident) => {
        Clause::Topic(Topic::$topic)
    };
}

/// The kinds of refusal, as rows: cause, Result Reason in 1.x, Result Reasons in 2.x, best first, and the clause that
/// decides where it is another than the errors of the operation.
macro_rules! causes {
    ($($(#[doc = $doc:literal])* $cause:ident: $old:ident, $($new:ident)|+ $(, $kind:ident($about:ident))?;)*) => {
        /// Why an item is refused.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Cause { $($(#[doc = $doc])* $cause,)* }

        impl Cause {
            /// Every cause.
            pub const ALL: &'static [Self] = &[$(Self::$cause,)*];

            /// The Result Reason for this version and operation (KMIP 2.1, 11.46). In 2.x it is the best one that the
            /// error table of the operation has; where it has none of 2.x, that of 1.x, and where not even that,
            /// Invalid Field, which also stands for reasons that a version of 1.x does not have yet. In 1.x some
            /// operations have a reason of their own.
            pub fn reason(self, version: Version, operation: Option<Operation>) -> ResultReason {
                let own = operation.filter(|_| version < V2_0).and_then(|o| older::reason(o, self));
                if let Some(own) = own {
                    return own;
                }
                let (old, new): (ResultReason, &[ResultReason]) = match self {
                    $(Self::$cause => (ResultReason::$old, &[$(ResultReason::$new),+]),)*
                };
                let new = if version < V2_0 { &[] } else { new };
                let may_have = |reason: &ResultReason| {
                    let operation = operation.filter(|_| version >= V2_0);
                    reason.is_in(version) && operation.is_none_or(|o| reasons::may_have(o, *reason))
                };
                new.iter().copied().chain([old]).find(may_have).unwrap_or(ResultReason::InvalidField)
            }

            /// The clause that decides, where this operation is refused for the cause.
            pub fn clause(self, operation: Operation) -> Clause {
                match self { $(Self::$cause => clause!(operation $(, $kind $about)?),)* }
            }
        }
    };
}

causes! {
    /// No such object, or none that the client may know of.
    NotFound: ItemNotFound, ObjectNotFound;
    /// The object was destroyed: its value is gone.
    Destroyed: ItemNotFound, ObjectDestroyed;
    /// The client may know the object but not do this with it.
    Denied: PermissionDenied, PermissionDenied, topic(General);
    /// What is weak, and not granted to the client.
    Weak: PermissionDenied, PermissionDenied, topic(General);
    /// The certificate of the client is not good, or not any more.
    Certificate: AuthenticationNotSuccessful, AuthenticationNotSuccessful, topic(Authentication);
    /// A credential is there that may not be, or means nobody.
    Authentication: AuthenticationNotSuccessful, AuthenticationNotSuccessful, topic(Authentication);
    /// A credential is missing.
    CredentialMissing: AuthenticationNotSuccessful, AuthenticationNotSuccessful, topic(Authentication);
    /// A credential is not known, or not as one of this client. The client is told no difference from a wrong password.
    CredentialUnknown: AuthenticationNotSuccessful, AuthenticationNotSuccessful, topic(Authentication);
    /// The password of a credential is wrong.
    CredentialPassword: AuthenticationNotSuccessful, AuthenticationNotSuccessful, topic(Authentication);
    /// Credentials of one message mean different users.
    CredentialsDiffer: AuthenticationNotSuccessful, AuthenticationNotSuccessful, topic(Authentication);
    /// The client must prove the state of its platform, and can.
    AttestationRequired: AttestationRequired, AttestationRequired, topic(Authentication);
    /// What the client has shown does not prove the state of its platform.
    AttestationFailed: AttestationFailed, AttestationFailed, topic(Authentication);
    /// The state of the object does not allow the operation.
    WrongState: PermissionDenied, WrongKeyLifecycleState, attribute(State);
    /// Another object has taken the place of the object.
    Replaced: PermissionDenied, PermissionDenied, attribute(Link);
    /// The object is in the archive.
    Archived: ObjectArchived, ObjectArchived, attribute(ArchiveDate);
    /// The server keeps the attributes alone.
    NoKeyValue: KeyValueNotPresent, KeyValueNotPresent, attribute(KeyValuePresent);
    /// A field has a value that makes no sense there.
    InvalidField: InvalidField, InvalidField;
    /// An attribute has a value that it cannot have there.
    AttributeValue: InvalidField, InvalidAttributeValue;
    /// A field is missing that the request needs.
    Missing: InvalidField, InvalidField;
    /// A ticket that is not good (any more).
    InvalidTicket: AuthenticationNotSuccessful, InvalidTicket;
    /// The operation is not for objects of this type.
    WrongType: InvalidField, InvalidObjectType | IllegalObjectType;
    /// The object has no such attribute.
    NoSuchAttribute: ItemNotFound, AttributeNotFound | ItemNotFound | InvalidAttribute;
    /// The attribute has no such instance.
    NoSuchInstance: IndexOutOfBounds, AttributeInstanceNotFound;
    /// The server has no such attribute.
    UnknownAttribute: InvalidField, UnsupportedAttribute | InvalidAttribute;
    /// A client may not set, change or delete the attribute.
    ReadOnly: PermissionDenied, AttributeReadOnly | ReadOnlyAttribute;
    /// The attribute has a value already and can have no second.
    SingleValued: InvalidField, AttributeSingleValued;
    /// The attribute has several values and the request does not say which.
    MultiValued: InvalidField, MultiValuedAttribute;
    /// The name is taken.
    NameTaken: InvalidField, NonUniqueNameAttribute, attribute(Name);
    /// The server does not serve the operation.
    NotSupported: OperationNotSupported, OperationNotSupported, topic(General);
    /// The server serves the operation, but not in this way.
    FeatureNotSupported: FeatureNotSupported, FeatureNotSupported, topic(General);
    /// The key cannot be had in this form.
    KeyFormat: KeyFormatTypeNotSupported, KeyFormatTypeNotSupported | FeatureNotSupported;
    /// Points cannot be compressed in this way.
    KeyCompression: KeyCompressionTypeNotSupported, KeyCompressionTypeNotSupported | FeatureNotSupported;
    /// A Key Wrap Type that the specification does not have.
    KeyWrapType: FeatureNotSupported, KeyWrapTypeNotSupported | FeatureNotSupported, topic(Wrapping);
    /// Wrapped attributes need an encoding that holds them.
    EncodingOption: EncodingOptionError, EncodingOptionError, topic(Wrapping);
    /// A key is sensitive: it leaves the server only wrapped.
    Sensitive: Sensitive, Sensitive | PermissionDenied, attribute(Sensitive);
    /// A key may not leave the server.
    NotExtractable: NotExtractable, NotExtractable | PermissionDenied, attribute(Extractable);
    /// A certificate request that cannot be read, or whose signature is not that of its key.
    BadRequest: InvalidField, InvalidCSR | InvalidField;
    /// The password of a PKCS#12 container is missing, is no password, or does not open it.
    Password: InvalidField, BadPassword | InvalidField;
    /// The password of a PKCS#12 container is not Active.
    PasswordState: PermissionDenied, BadPassword, attribute(State);
    /// The object is of a type that cannot have the attribute.
    NotForObject: InvalidField, InvalidAttribute;
    /// An Offset moves dates, and there is no Activation Date to move them by.
    NoActivationDate: IllegalOperation, InvalidField, attribute(ActivationDate);
    /// The wrapping object is not a key.
    WrappingType: IllegalOperation, InvalidObjectType, topic(Wrapping);
    /// An identifier that is in use.
    Exists: ObjectAlreadyExists, ObjectAlreadyExists;
    /// The cryptography failed: a wrong key, a broken ciphertext.
    Cryptographic: CryptographicFailure, CryptographicFailure;
    /// The usage mask does not allow the use.
    UsageMask: PermissionDenied, IncompatibleCryptographicUsageMask, attribute(CryptographicUsageMask);
    /// The usage mask of an object does not let keys be derived from it.
    NotDerivable: InvalidField, IncompatibleCryptographicUsageMask, attribute(CryptographicUsageMask);
    /// A request says something twice, in two ways.
    Ambiguous: InvalidMessage, InvalidMessage, topic(Messages);
    /// The attribute is of a type that cannot be adjusted so.
    DataType: InvalidField, InvalidDataType;
    /// The attribute has no room for the adjusted value.
    Range: InvalidField, NumericRange;
    /// The new object cannot be stored as it is asked for.
    Storage: FeatureNotSupported, ProtectionStorageUnavailable, attribute(ProtectionStorageMask);
    /// The new private key cannot.
    PrivateStorage: FeatureNotSupported, PrivateProtectionStorageUnavailable, attribute(ProtectionStorageMask);
    /// The new public key cannot.
    PublicStorage: FeatureNotSupported, PublicProtectionStorageUnavailable, attribute(ProtectionStorageMask);
    /// The new object is not what the constraints of the server want.
    Constraint: InvalidField, ConstraintViolation;
    /// The answer would be longer than the client wants.
    TooLarge: ResponseTooLarge, ResponseTooLarge, topic(ResponseSize);
    /// A correlation value that stands for nothing.
    NoSuchCorrelation: ItemNotFound, InvalidAsynchronousCorrelationValue, topic(Asynchronous);
    /// The asynchronous request was done already.
    Processed: InvalidField, DuplicateProcessRequest, topic(Asynchronous);
    /// The asynchronous request was cancelled.
    Canceled: OperationCanceledByRequester, OperationCanceledByRequester, topic(Asynchronous);
    /// The asynchronous request stood behind one that failed in its batch.
    NotReached: GeneralFailure, GeneralFailure, topic(Asynchronous);
    /// The correlation value of an operation in parts that stands for nothing.
    NoSuchParts: ItemNotFound, InvalidCorrelationValue, topic(Parts);
    /// The mode needs an IV, and there is none (the OASIS cases want Invalid Message, in 2.1 too).
    MissingIv: InvalidMessage, InvalidMessage;
    /// An object that is required to be Quantum Safe and is not (the OASIS cases want General Failure).
    NotQuantumSafe: GeneralFailure, GeneralFailure, attribute(QuantumSafe);
    /// A tag of a length that is not safe or not there (the OASIS cases want General Failure).
    TagLength: GeneralFailure, GeneralFailure;
    /// Cryptographic parameters that are missing, make no sense, or are not served.
    Parameters: InvalidField, BadCryptographicParameters, attribute(CryptographicParameters);
    /// Cryptographic parameters of the specification that this server does not serve.
    Unsupported: InvalidField, UnsupportedCryptographicParameters | BadCryptographicParameters, attribute(CryptographicParameters);
    /// No Object Group of this name is known to the client.
    UnknownGroup: ItemNotFound, UnknownObjectGroup, attribute(ObjectGroup);
    /// The Usage Limits of the key do not allow this use (KMIP 2.1, 6.1.17 names the reason).
    UsageLimit: PermissionDenied, PermissionDenied, attribute(UsageLimits);
    /// The Usage Limits of the key leave less than was to be allocated.
    Allocation: PermissionDenied, UsageLimitExceeded, attribute(UsageLimits);
    /// The namespace of application data is not one that the server fills in.
    Namespace: ApplicationNamespaceNotSupported, ApplicationNamespaceNotSupported, attribute(ApplicationSpecificInformation);
    /// The wrapping key does not exist for this client.
    WrappingKeyNotFound: ItemNotFound, WrappingObjectNotFound | ObjectNotFound, topic(Wrapping);
    /// The wrapping key was destroyed.
    WrappingKeyDestroyed: ItemNotFound, WrappingObjectDestroyed | ObjectDestroyed, topic(Wrapping);
    /// The wrapping key is in the archive.
    WrappingKeyArchived: ObjectArchived, WrappingObjectArchived | ObjectArchived, topic(Wrapping);
    /// The wrapping key is not to be used with these parameters.
    WrappingParameters: ItemNotFound, BadCryptographicParameters, topic(Wrapping);
    /// Parameters of a PKCS#11 function that are not written as the profile says.
    Pkcs11Codec: InvalidField, PKCS_11CodecError;
    /// A function that PKCS#11 does not have.
    Pkcs11Function: InvalidField, PKCS_11InvalidFunction;
    /// A PKCS#11 interface that there is not.
    Pkcs11Interface: InvalidField, PKCS_11InvalidInterface;
    /// A field, or a value, that is not known in the version of the message (KMIP 1.4, 11.1).
    UnknownField: InvalidField, InvalidField, topic(Messages);
    /// The message is not one that the server can read.
    InvalidMessage: InvalidMessage, InvalidMessage, topic(Messages);
    /// A limit of the server is reached.
    Limit: GeneralFailure, ServerLimitExceeded, topic(General);
    /// Something failed inside the server; the log of the server says what.
    Internal: GeneralFailure, InternalServerError, topic(General);
    /// What is stored was changed or belongs elsewhere: it does not open.
    Damaged: GeneralFailure, InternalServerError, topic(General);
}

/// A refusal: the cause and what to tell the client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// Which kind.
    pub cause: Cause,
    /// What happened and what to do, in the client's terms.
    pub message: Cow<'static, str>,
}

impl Refusal {
    /// A refusal with its message. What the message quotes of the client's is shown as all foreign texts are.
    pub fn new(cause: Cause, message: impl Into<Cow<'static, str>>) -> Self {
        let message = match message.into() {
            Cow::Borrowed(ours) => Cow::Borrowed(ours),
            Cow::Owned(text) => Cow::Owned(printable(&text, MESSAGE_CHARS_MAX)),
        };
        Self { cause, message }
    }

    /// What could not be read is not known, or malformed (KMIP 1.4, 11.1).
    pub fn unreadable(why: &Unreadable) -> Self {
        let cause = if why.error.is_unknown() { Cause::UnknownField } else { Cause::InvalidMessage };
        Self::new(cause, why.to_string())
    }
}

/// What ends the execution of an item early.
#[derive(Debug)]
pub enum Interrupt {
    /// The item is refused; the batch goes on as its options say.
    Refused(Refusal),
    /// Something must be fetched or made first, off the engine; then the batch runs again.
    Need(crate::need::Need),
}

impl From<Refusal> for Interrupt {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The result of a step of an operation.
pub type OpResult<T> = Result<T, Interrupt>;

/// Leaves out what is damaged: one record that does not open must not stop what looks at many. Never for what is
/// refused by a record, such as a revocation: it would be taken for absent.
pub fn unless_damaged<T>(found: OpResult<Option<T>>) -> OpResult<Option<T>> {
    match found {
        Err(Interrupt::Refused(refusal)) if refusal.cause == Cause::Damaged => Ok(None),
        other => other,
    }
}

/// Refuses: `return refuse(Cause::Denied, "…")`.
pub fn refuse<T>(cause: Cause, message: impl Into<Cow<'static, str>>) -> OpResult<T> {
    Err(Interrupt::Refused(Refusal::new(cause, message)))
}

/// What is said of an object that is absent, and, word for word, of one that is foreign.
pub fn not_found(id: &str) -> Refusal {
    Refusal::new(Cause::NotFound, format!("no object {id:?}: check the identifier, and which client made it"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmip_codec::operations::OPERATION_ROWS;
    use kmip_codec::version::VERSIONS;

    /// Whatever fails, for whatever cause: the reason is one that the version has, and, in 2.x, the table of the operation.
    #[test]
    fn no_reason_contradicts_its_version_or_the_table_of_its_operation() {
        for row in OPERATION_ROWS {
            for version in VERSIONS.into_iter().filter(|version| (row.is_in)(*version)) {
                for cause in Cause::ALL {
                    let reason = cause.reason(version, Some(row.operation));
                    assert!(reason.is_in(version), "{cause:?} is {reason:?} in {version}");
                    let allowed = version < V2_0 || reasons::may_have(row.operation, reason);
                    assert!(allowed, "{cause:?} is {reason:?} for {:?}", row.operation);
                }
            }
        }
    }
}
