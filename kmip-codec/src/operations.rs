//! Every operation, a row each: number, request and answer, the versions that define it, and whether this project
//! serves it (KMIP 2.1, 6 and 11.36).
//!
//! A row that is `declared` can be read and written and nothing more; `served` rows are dispatched and announced; `sent` rows go from
//! the server to clients. Quick rows are served and mostly take but a moment: `quick_read` ones read a few objects, or use them on the
//! bytes that are sent, `quick_change` ones change one, `quick_alone` ones need none. What makes key pairs, judges certificates, carries
//! out other requests or asks the world outside is not quick.

use crate::Tag;
use crate::declare::{FieldRow, Value, Versions as _, enumeration};
use crate::error::{Result, Unreadable};
use crate::item::ItemValue;
use crate::payloads::*;
use crate::version::*;
use crate::wire::{Sink, Source, missing};

/// Hands the table to a macro.
#[macro_export]
macro_rules! for_each_operation {
    ($then:ident) => {
        $then! {
            /// Makes a symmetric key (6.1.8).
            Create = 0x01, CreateRequest => CreateResponse, in V1_0.., quick_change;
            /// Makes a public and a private key (6.1.9).
            CreateKeyPair = 0x02, CreateKeyPairRequest => CreateKeyPairResponse, in V1_0.., served;
            /// Takes in an object (6.1.43).
            Register = 0x03, RegisterRequest => RegisterResponse, in V1_0.., served;
            /// Makes a key that replaces another (6.1.46).
            ReKey = 0x04, ReKeyRequest => ReKeyResponse, in V1_0.., served;
            /// Derives a key (6.1.14).
            DeriveKey = 0x05, DeriveKeyRequest => DeriveKeyResponse, in V1_0.., served;
            /// Makes a certificate for a public key (6.1.6).
            Certify = 0x06, CertifyRequest => CertifyResponse, in V1_0.., served;
            /// Renews a certificate (6.1.45).
            ReCertify = 0x07, ReCertifyRequest => ReCertifyResponse, in V1_0.., served;
            /// Finds objects by attribute (6.1.28).
            Locate = 0x08, LocateRequest => LocateResponse, in V1_0.., quick_read;
            /// Asks whether an object may be used in a way (6.1.7).
            Check = 0x09, CheckRequest => CheckResponse, in V1_0.., quick_read;
            /// Returns an object (6.1.19).
            Get = 0x0A, GetRequest => GetResponse, in V1_0.., quick_read;
            /// Returns attributes (6.1.20).
            GetAttributes = 0x0B, GetAttributesRequest => GetAttributesResponse, in V1_0.., quick_read;
            /// Returns the names of attributes (6.1.21).
            GetAttributeList = 0x0C, GetAttributeListRequest => GetAttributeListResponse, in V1_0.., quick_read;
            /// Adds an instance of an attribute (6.1.2).
            AddAttribute = 0x0D, AddAttributeRequest => AddAttributeResponse, in V1_0.., quick_change;
            /// Changes an instance of an attribute (6.1.34).
            ModifyAttribute = 0x0E, ModifyAttributeRequest => ModifyAttributeResponse, in V1_0.., quick_change;
            /// Deletes an attribute (6.1.13).
            DeleteAttribute = 0x0F, DeleteAttributeRequest => DeleteAttributeResponse, in V1_0.., quick_change;
            /// Gives a lease (6.1.35).
            ObtainLease = 0x10, ObtainLeaseRequest => ObtainLeaseResponse, in V1_0.., quick_read;
            /// Takes a share of what a key may still protect (6.1.23).
            GetUsageAllocation = 0x11, GetUsageAllocationRequest => GetUsageAllocationResponse, in V1_0.., quick_change;
            /// Makes an object Active (6.1.1).
            Activate = 0x12, ActivateRequest => ActivateResponse, in V1_0.., quick_change;
            /// Revokes an object (6.1.44).
            Revoke = 0x13, RevokeRequest => RevokeResponse, in V1_0.., quick_change;
            /// Destroys the value of an object (6.1.15).
            Destroy = 0x14, DestroyRequest => DestroyResponse, in V1_0.., quick_change;
            /// Sends an object to the archive (6.1.4).
            Archive = 0x15, ArchiveRequest => ArchiveResponse, in V1_0.., quick_change;
            /// Brings an object back from the archive (6.1.42).
            Recover = 0x16, RecoverRequest => RecoverResponse, in V1_0.., quick_change;
            /// Validates a chain of certificates (6.1.57).
            Validate = 0x17, ValidateRequest => ValidateResponse, in V1_0.., served;
            /// Tells what the server can (6.1.40).
            Query = 0x18, QueryRequest => QueryResponse, in V1_0.., quick_alone;
            /// Cancels an asynchronous request (6.1.5).
            Cancel = 0x19, CancelRequest => CancelResponse, in V1_0.., served;
            /// Asks for the answer of an asynchronous request (6.1.38).
            Poll = 0x1A, PollRequest => PollResponse, in V1_0.., quick_change;
            /// Tells a client what has changed (6.2.2).
            Notify = 0x1B, NotifyRequest => NotifyResponse, in V1_0.., sent;
            /// Gives a client an object (6.2.3).
            Put = 0x1C, PutRequest => PutResponse, in V1_0.., sent;
            /// Makes a pair of keys that replaces another (6.1.47).
            ReKeyKeyPair = 0x1D, ReKeyKeyPairRequest => ReKeyKeyPairResponse, in V1_1.., served;
            /// Tells which versions the server speaks (6.1.16).
            DiscoverVersions = 0x1E, DiscoverVersionsRequest => DiscoverVersionsResponse, in V1_1.., quick_alone;
            /// Encrypts (6.1.17).
            Encrypt = 0x1F, EncryptRequest => EncryptResponse, in V1_2.., quick_read;
            /// Decrypts (6.1.11).
            Decrypt = 0x20, DecryptRequest => DecryptResponse, in V1_2.., quick_read;
            /// Signs (6.1.55).
            Sign = 0x21, SignRequest => SignResponse, in V1_2.., served;
            /// Verifies a signature (6.1.56).
            SignatureVerify = 0x22, SignatureVerifyRequest => SignatureVerifyResponse, in V1_2.., served;
            /// Makes a MAC (6.1.32).
            MAC = 0x23, MACRequest => MACResponse, in V1_2.., quick_read;
            /// Verifies a MAC (6.1.33).
            MACVerify = 0x24, MACVerifyRequest => MACVerifyResponse, in V1_2.., quick_read;
            /// Gives random bytes (6.1.49).
            RNGRetrieve = 0x25, RNGRetrieveRequest => RNGRetrieveResponse, in V1_2.., quick_alone;
            /// Adds to the seed of the generator (6.1.50).
            RNGSeed = 0x26, RNGSeedRequest => RNGSeedResponse, in V1_2.., served;
            /// Digests (6.1.24).
            Hash = 0x27, HashRequest => HashResponse, in V1_2.., quick_alone;
            /// Splits a key (6.1.10).
            CreateSplitKey = 0x28, CreateSplitKeyRequest => CreateSplitKeyResponse, in V1_2.., served;
            /// Joins the parts of a key (6.1.27).
            JoinSplitKey = 0x29, JoinSplitKeyRequest => JoinSplitKeyResponse, in V1_2.., served;
            /// Takes in an object under its identifier (6.1.25).
            Import = 0x2A, ImportRequest => ImportResponse, in V1_4.., served;
            /// Gives out an object with its attributes (6.1.18).
            Export = 0x2B, ExportRequest => ExportResponse, in V1_4.., served;
            /// Writes into the log of the server (6.1.29).
            Log = 0x2C, LogRequest => LogResponse, in V2_0.., served;
            /// Gives a ticket (6.1.30).
            Login = 0x2D, LoginRequest => LoginResponse, in V2_0.., served;
            /// Takes a ticket back (6.1.31).
            Logout = 0x2E, LogoutRequest => LogoutResponse, in V2_0.., served;
            /// Gives a ticket for somebody else (6.1.12).
            DelegatedLogin = 0x2F, DelegatedLoginRequest => DelegatedLoginResponse, in V2_0.., served;
            /// Counts an attribute up or down (6.1.3).
            AdjustAttribute = 0x30, AdjustAttributeRequest => AdjustAttributeResponse, in V2_0.., served;
            /// Sets an attribute (6.1.51).
            SetAttribute = 0x31, SetAttributeRequest => SetAttributeResponse, in V2_0.., quick_change;
            /// Turns the connection around (6.1.54).
            SetEndpointRole = 0x32, SetEndpointRoleRequest => SetEndpointRoleResponse, in V2_0.., served;
            /// Calls a PKCS#11 function (6.1.37).
            PKCS_11 = 0x33, PKCS11Request => PKCS11Response, in V2_0.., served;
            /// Marks an interoperability test (6.1.26).
            Interop = 0x34, InteropRequest => InteropResponse, in V2_0.., served;
            /// Gives a client a new certificate (6.1.48).
            ReProvision = 0x35, ReProvisionRequest => ReProvisionResponse, in V2_0.., served;
            /// Sets what objects get (6.1.53).
            SetDefaults = 0x36, SetDefaultsRequest => SetDefaultsResponse, in V2_1.., served;
            /// Sets what objects must be (6.1.52).
            SetConstraints = 0x37, SetConstraintsRequest => SetConstraintsResponse, in V2_1.., served;
            /// Tells what objects must be (6.1.22).
            GetConstraints = 0x38, GetConstraintsRequest => GetConstraintsResponse, in V2_1.., served;
            /// Tells how far asynchronous requests are (6.1.41).
            QueryAsynchronousRequests = 0x39, QueryAsynchronousRequestsRequest => QueryAsynchronousRequestsResponse, in V2_1.., served;
            /// Processes an asynchronous request now (6.1.39).
            Process = 0x3A, ProcessRequest => ProcessResponse, in V2_1.., served;
            /// Answers (6.1.36).
            Ping = 0x3B, PingRequest => PingResponse, in V2_1.., quick_alone;
        }
    };
}

/// A request that knows its operation and its answer.
pub trait Call: Value {
    /// The operation.
    const OPERATION: Operation;
    /// What answers it.
    type Answer: Value;
    /// The request as one of all.
    fn into_request(self) -> Request;
    /// The answer out of all, where it is of this operation.
    fn answer(response: Response) -> Option<Self::Answer>;
}

/// What an operation does that mostly takes but a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Quick {
    /// It needs no stored object.
    Alone,
    /// It reads stored objects.
    Reads,
    /// It changes a stored object, or makes one.
    Changes,
}

/// A row of the table of operations.
#[derive(Clone, Copy, Debug)]
pub struct OperationRow {
    /// The operation.
    pub operation: Operation,
    /// Whether a version defines it.
    pub is_in: fn(Version) -> bool,
    /// Whether this project serves it.
    pub served: bool,
    /// What it does, where it mostly takes but a moment.
    pub quick: Option<Quick>,
    /// Whether a server sends it to clients, and serves it to nobody.
    pub sent: bool,
    /// What it does, and the clause.
    pub doc: &'static str,
    /// The fields of its request.
    pub request: &'static [FieldRow],
    /// The fields of its answer.
    pub response: &'static [FieldRow],
}

macro_rules! is_served {
    (served) => {
        true
    };
    ($other:ident) => {
        quick!($other).is_some()
    };
}

macro_rules! quick {
    (quick_alone) => {
        Some(Quick::Alone)
    };
    (quick_read) => {
        Some(Quick::Reads)
    };
    (quick_change) => {
        Some(Quick::Changes)
    };
    ($other:ident) => {
        None::<Quick>
    };
}

macro_rules! is_sent {
    (sent) => {
        true
    };
    ($other:ident) => {
        false
    };
}

macro_rules! operations {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal, $request:ident => $response:ident, in $range:expr, $served:ident;)*) => {
        enumeration! {
            /// The operations (KMIP 2.1, 11.36).
            pub enum Operation { $($name = $code in $range;)* }
        }

        /// The table of operations.
        pub const OPERATION_ROWS: &[OperationRow] = &[$(OperationRow {
            operation: Operation::$name,
            is_in: |version| ($range).has(version),
            served: is_served!($served),
            quick: quick!($served),
            sent: is_sent!($served),
            doc: concat!($($doc),*),
            request: $request::FIELDS,
            response: $response::FIELDS,
        },)*];

        /// The payload of a request.
        #[derive(Clone, Debug, PartialEq)]
        #[allow(clippy::large_enum_variant, reason = "one lives at a time; a box would cost each an allocation")]
        #[allow(non_camel_case_types, reason = "operations keep the names of the specification")]
        pub enum Request {
            $($(#[doc = $doc])* $name($request),)*
            /// An operation that no row has in the version of the message, with its payload as it stands.
            Unknown(Operation, ItemValue),
            /// What could not be read, of an item that fails alone; of its payload nothing is kept.
            Unreadable(UnreadableRequest),
        }

        /// The payload of an answer.
        #[derive(Clone, Debug, PartialEq)]
        #[allow(clippy::large_enum_variant, reason = "one lives at a time; a box would cost each an allocation")]
        #[allow(non_camel_case_types, reason = "operations keep the names of the specification")]
        pub enum Response {
            $($(#[doc = $doc])* $name($response),)*
            /// The answer to an operation that no row has in the version of the message.
            Unknown(Operation, ItemValue),
        }

        $(impl Call for $request {
            const OPERATION: Operation = Operation::$name;
            type Answer = $response;

            fn into_request(self) -> Request {
                Request::$name(self)
            }

            fn answer(response: Response) -> Option<$response> {
                match response { Response::$name(answer) => Some(answer), _ => None }
            }
        })*

        #[cfg(feature = "sample")]
        impl crate::sample::Sample for Request {
            fn sample(dice: &mut crate::sample::Dice) -> Self {
                let rows: Vec<Operation> =
                    OPERATION_ROWS.iter().filter(|row| (row.is_in)(dice.version)).map(|row| row.operation).collect();
                match dice.one_of(&rows).unwrap_or_default() {
                    $(Operation::$name => Self::$name(crate::sample::Sample::sample(dice)),)*
                    other => unreachable!("{other:?} has no row"),
                }
            }
        }

        #[cfg(feature = "sample")]
        impl crate::sample::Sample for Response {
            fn sample(dice: &mut crate::sample::Dice) -> Self {
                let rows: Vec<Operation> =
                    OPERATION_ROWS.iter().filter(|row| (row.is_in)(dice.version)).map(|row| row.operation).collect();
                match dice.one_of(&rows).unwrap_or_default() {
                    $(Operation::$name => Self::$name(crate::sample::Sample::sample(dice)),)*
                    other => unreachable!("{other:?} has no row"),
                }
            }
        }

        impl Request {
            /// Which operation it is of.
            pub fn operation(&self) -> Operation {
                match self {
                    $(Self::$name(_) => Operation::$name,)*
                    Self::Unknown(operation, _) => *operation,
                    Self::Unreadable(unreadable) => unreadable.operation.unwrap_or_default(),
                }
            }

            /// The same, none where it could not be read.
            pub fn named_operation(&self) -> Option<Operation> {
                match self {
                    Self::Unreadable(unreadable) => unreadable.operation,
                    read => Some(read.operation()),
                }
            }

            /// What it does, where it mostly takes but a moment.
            pub fn quick(&self) -> Option<Quick> {
                match self {
                    $(Self::$name(_) => quick!($served),)*
                    Self::Unknown(..) | Self::Unreadable(_) => None,
                }
            }

            pub(crate) fn put(&self, out: &mut dyn Sink) {
                match self {
                    $(Self::$name(payload) => payload.put(Tag::RequestPayload, out),)*
                    Self::Unknown(_, payload) => payload.put(Tag::RequestPayload, out),
                    Self::Unreadable(_) => ItemValue::default().put(Tag::RequestPayload, out),
                }
            }

            pub(crate) fn take(operation: Operation, src: &mut dyn Source) -> Result<Self> {
                match operation {
                    $(Operation::$name if ($range).has(src.version()) => payload(Tag::RequestPayload, src).map(Self::$name),)*
                    other => payload(Tag::RequestPayload, src).map(|payload| Self::Unknown(other, payload)),
                }
            }
        }

        impl Response {
            /// Which operation it is of.
            pub fn operation(&self) -> Operation {
                match self { $(Self::$name(_) => Operation::$name,)* Self::Unknown(operation, _) => *operation }
            }

            pub(crate) fn put(&self, out: &mut dyn Sink) {
                match self {
                    $(Self::$name(payload) => payload.put(Tag::ResponsePayload, out),)*
                    Self::Unknown(_, payload) => payload.put(Tag::ResponsePayload, out),
                }
            }

            pub(crate) fn take(operation: Operation, src: &mut dyn Source) -> Result<Self> {
                match operation {
                    $(Operation::$name if ($range).has(src.version()) => payload(Tag::ResponsePayload, src).map(Self::$name),)*
                    other => payload(Tag::ResponsePayload, src).map(|payload| Self::Unknown(other, payload)),
                }
            }
        }
    };
}
for_each_operation!(operations);

/// A batch item that could not be read (KMIP 1.4, 11.1).
#[derive(Clone, Debug, PartialEq)]
pub struct UnreadableRequest {
    /// Its operation, where that could be read.
    pub operation: Option<Operation>,
    /// What is wrong, and where.
    pub why: Unreadable,
}

/// Reads a payload, which must be there.
fn payload<T: Value>(tag: Tag, src: &mut dyn Source) -> Result<T> {
    if src.peek() == Some(tag) {
        return T::take(tag, src);
    }
    Err(missing(src, tag))
}
