//! Operations on the server itself: sessions, defaults, endpoints, and what the server sends to clients.

use crate::Tag;
use crate::attributes::{AttributeList, AttributeReference, UsageLimits};
use crate::declare::{Value, structure};
use crate::enums::*;
use crate::error::Result;
use crate::item::ItemValue;
use crate::message::Ticket;
use crate::objects::{Certificate, CertificateRequest, ManagedObject};
use crate::operations::Operation;
use crate::secret::SecretBytes;
use crate::value::{DateTime, Interval, UniqueIdentifier};
use crate::version::*;
use crate::wire::{Kind, Sink, Source, expect_kind};
use bytes::Bytes;

/// Operations whose request or answer is empty.
macro_rules! empty {
    ($($(#[doc = $doc:literal])* $name:ident;)*) => {$(
        structure! {
            $(#[doc = $doc])*
            pub struct $name {}
        }
    )*};
}

empty! {
    /// Asks whether the server is there (KMIP 2.1, 6.1.36).
    PingRequest;
    /// It is.
    PingResponse;
    /// Noted.
    LogResponse;
    /// Logged out.
    LogoutResponse;
    /// Set.
    SetDefaultsResponse;
    /// Set.
    SetConstraintsResponse;
    /// Asks for the constraints (KMIP 2.1, 6.1.22).
    GetConstraintsRequest;
    /// Noted.
    InteropResponse;
    /// Noted by the client.
    NotifyResponse;
    /// Taken by the client.
    PutResponse;
    /// Processed.
    ProcessResponse;
}

structure! {
    /// Tells a client what has changed (KMIP 2.1, 6.2.2).
    pub struct NotifyRequest {
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        attributes: Option<AttributeList> = Attribute in V1_0..V2_0, Attributes in V2_0..;
        references: Vec<AttributeReference> = AttributeReference in V2_0..;
    }
}

structure! {
    /// Gives a client an object (KMIP 2.1, 6.2.3).
    pub struct PutRequest {
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        put_function: PutFunction = PutFunction;
        replaced_unique_identifier: Option<UniqueIdentifier> = ReplacedUniqueIdentifier;
        /// Stands under the tag of its type.
        object: ManagedObject = SymmetricKey;
        attributes: Option<AttributeList> = Attribute in V1_0..V2_0, Attributes in V2_0..;
    }
}

structure! {
    /// Writes into the server's log (KMIP 2.1, 6.1.29).
    pub struct LogRequest {
        log_message: String = LogMessage;
    }
}

/// How long a ticket is good: for a time, or until a date (KMIP 2.1, 6.1.30).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TicketLease {
    /// From now on.
    Interval(Interval),
    /// Until then.
    DateTime(DateTime),
}

impl Default for TicketLease {
    fn default() -> Self {
        Self::Interval(Interval::default())
    }
}

impl Value for TicketLease {
    fn put(&self, tag: Tag, out: &mut dyn Sink) {
        match self {
            Self::Interval(interval) => interval.put(tag, out),
            Self::DateTime(date) => date.put(tag, out),
        }
    }

    fn take(tag: Tag, src: &mut dyn Source) -> Result<Self> {
        expect_kind(src, &[Kind::Interval, Kind::DateTime])?;
        match src.peek_kind() {
            Some(Kind::DateTime) => Value::take(tag, src).map(Self::DateTime),
            _ => Value::take(tag, src).map(Self::Interval),
        }
    }
}

structure! {
    /// Asks for a ticket (KMIP 2.1, 6.1.30).
    pub struct LoginRequest {
        lease_time: Option<TicketLease> = LeaseTime;
        request_count: Option<i32> = RequestCount;
        usage_limits: Option<UsageLimits> = UsageLimits;
    }
}

structure! {
    /// The ticket.
    pub struct LoginResponse {
        ticket: Ticket = Ticket;
    }
}

structure! {
    /// Gives a ticket back (KMIP 2.1, 6.1.31).
    pub struct LogoutRequest {
        ticket: Ticket = Ticket;
    }
}

structure! {
    /// Operations (KMIP 2.1, 7.25).
    pub struct Operations {
        operations: Vec<Operation> = Operation;
    }
}

structure! {
    /// Objects, by their identifiers (KMIP 2.1, 7.21).
    pub struct Objects {
        unique_identifiers: Vec<UniqueIdentifier> = UniqueIdentifier;
    }
}

structure! {
    /// Groups of objects (KMIP 2.1, 7.23).
    pub struct ObjectGroups {
        object_groups: Vec<String> = ObjectGroup;
    }
}

structure! {
    /// So many of these operations on these objects; what is left out is not restricted (KMIP 2.1, 7.34).
    pub struct Right {
        usage_limits: Option<UsageLimits> = UsageLimits;
        operations: Option<Operations> = Operations;
        objects: Option<Objects> = Objects;
        object_groups: Option<ObjectGroups> = ObjectGroups in V2_1..;
    }
}

structure! {
    /// What a ticket allows: whatever one of these does (KMIP 2.1, 7.35).
    pub struct Rights {
        rights: Vec<Right> = Right;
    }
}

structure! {
    /// Asks for a ticket for somebody else (KMIP 2.1, 6.1.12).
    pub struct DelegatedLoginRequest {
        lease_time: Option<TicketLease> = LeaseTime;
        request_count: Option<i32> = RequestCount;
        usage_limits: Option<UsageLimits> = UsageLimits;
        rights: Rights = Rights;
    }
}

structure! {
    /// The ticket.
    pub struct DelegatedLoginResponse {
        ticket: Ticket = Ticket;
    }
}

structure! {
    /// Counts an attribute up or down (KMIP 2.1, 6.1.3).
    pub struct AdjustAttributeRequest {
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        reference: AttributeReference = AttributeReference;
        adjustment_type: AdjustmentType = AdjustmentType;
        adjustment_value: Option<ItemValue> = AdjustmentValue;
    }
}

structure! {
    /// Done.
    pub struct AdjustAttributeResponse {
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
    }
}

structure! {
    /// Turns the connection around (KMIP 2.1, 6.1.54).
    pub struct SetEndpointRoleRequest {
        endpoint_role: EndpointRole = EndpointRole;
    }
}

structure! {
    /// The role that the server has now.
    pub struct SetEndpointRoleResponse {
        endpoint_role: EndpointRole = EndpointRole;
    }
}

/// A function of PKCS#11, or one of a vendor (KMIP 2.1, 6.1.37): an Enumeration or an Integer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CalledFunction {
    /// One that PKCS#11 defines.
    Defined(PKCS11Function),
    /// One that a vendor has numbered.
    Vendor(i32),
}

impl Default for CalledFunction {
    fn default() -> Self {
        Self::Defined(PKCS11Function::default())
    }
}

impl From<PKCS11Function> for CalledFunction {
    fn from(function: PKCS11Function) -> Self {
        Self::Defined(function)
    }
}

impl Value for CalledFunction {
    fn put(&self, tag: Tag, out: &mut dyn Sink) {
        match self {
            Self::Defined(function) => function.put(tag, out),
            Self::Vendor(number) => number.put(tag, out),
        }
    }

    fn take(tag: Tag, src: &mut dyn Source) -> Result<Self> {
        expect_kind(src, &[Kind::Enumeration, Kind::Integer])?;
        match src.peek_kind() {
            Some(Kind::Integer) => Value::take(tag, src).map(Self::Vendor),
            _ => Value::take(tag, src).map(Self::Defined),
        }
    }
}

structure! {
    /// Calls a PKCS#11 function (KMIP 2.1, 6.1.37).
    pub struct PKCS11Request {
        interface: Option<String> = PKCS_11Interface;
        function: CalledFunction = PKCS_11Function;
        correlation_value: Option<Bytes> = CorrelationValue;
        input_parameters: Option<SecretBytes> = PKCS_11InputParameters;
    }
}

structure! {
    /// What it returned.
    pub struct PKCS11Response {
        interface: Option<String> = PKCS_11Interface;
        function: CalledFunction = PKCS_11Function;
        correlation_value: Option<Bytes> = CorrelationValue;
        output_parameters: Option<SecretBytes> = PKCS_11OutputParameters;
        return_code: PKCS11ReturnCode = PKCS_11ReturnCode;
    }
}

structure! {
    /// Marks the beginning or end of an interoperability test (KMIP 2.1, 6.1.26).
    pub struct InteropRequest {
        function: InteropFunction = InteropFunction;
        identifier: String = InteropIdentifier;
    }
}

structure! {
    /// Asks for a new certificate of the client's own (KMIP 2.1, 6.1.48).
    pub struct ReProvisionRequest {
        certificate_request: Option<CertificateRequest> = CertificateRequest;
        certificate: Option<Certificate> = Certificate;
    }
}

structure! {
    /// Names it.
    pub struct ReProvisionResponse {
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
    }
}

structure! {
    /// Object types (KMIP 2.1, 7.24).
    pub struct ObjectTypes {
        object_types: Vec<ObjectType> = ObjectType;
    }
}

structure! {
    /// What new objects must be (KMIP 2.1, 7.6).
    pub struct Constraint {
        object_types: Option<ObjectTypes> = ObjectTypes;
        object_groups: Option<ObjectGroups> = ObjectGroups;
        attributes: Option<AttributeList> = Attribute in V1_0..V2_0, Attributes in V2_0..;
    }
}

structure! {
    /// Every constraint (KMIP 2.1, 7.7).
    pub struct Constraints {
        constraints: Vec<Constraint> = Constraint;
    }
}

structure! {
    /// What new objects get (KMIP 2.1, 7.22): those of one type, or of several.
    pub struct ObjectDefaults {
        object_type: Option<ObjectType> = ObjectType;
        object_types: Option<ObjectTypes> = ObjectTypes;
        attributes: AttributeList = Attribute in V1_0..V2_0, Attributes in V2_0..;
        object_groups: Option<ObjectGroups> = ObjectGroups;
    }
}

structure! {
    /// Every default (KMIP 2.1, 7.11).
    pub struct DefaultsInformation {
        defaults: Vec<ObjectDefaults> = ObjectDefaults;
    }
}

structure! {
    /// Sets what objects get where a request leaves it out (KMIP 2.1, 6.1.53).
    pub struct SetDefaultsRequest {
        defaults_information: Option<DefaultsInformation> = DefaultsInformation;
    }
}

structure! {
    /// Sets what objects must be (KMIP 2.1, 6.1.52).
    pub struct SetConstraintsRequest {
        constraints: Option<Constraints> = Constraints;
    }
}

structure! {
    /// The constraints.
    pub struct GetConstraintsResponse {
        constraints: Constraints = Constraints;
    }
}

structure! {
    /// Asynchronous requests, by what they are polled with (KMIP 2.1, 7.1).
    pub struct AsynchronousCorrelationValues {
        asynchronous_correlation_values: Vec<Bytes> = AsynchronousCorrelationValue;
    }
}

structure! {
    /// Asks about asynchronous requests (KMIP 2.1, 6.1.41).
    pub struct QueryAsynchronousRequestsRequest {
        correlation_values: Option<AsynchronousCorrelationValues> = AsynchronousCorrelationValues;
        operations: Option<Operations> = Operations;
    }
}

structure! {
    /// An asynchronous request whose answer was not given yet (KMIP 2.1, 7.2).
    pub struct AsynchronousRequest {
        asynchronous_correlation_value: Bytes = AsynchronousCorrelationValue;
        operation: Operation = Operation;
        /// A Date Time Extended.
        submission_date: ItemValue = SubmissionDate;
        processing_stage: ProcessingStage = ProcessingStage;
    }
}

structure! {
    /// How far they are.
    pub struct QueryAsynchronousRequestsResponse {
        requests: Vec<AsynchronousRequest> = AsynchronousRequest;
    }
}

structure! {
    /// Asks that an asynchronous request be processed now (KMIP 2.1, 6.1.39).
    pub struct ProcessRequest {
        asynchronous_correlation_value: Bytes = AsynchronousCorrelationValue;
    }
}
