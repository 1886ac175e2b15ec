//! Where the specifications say what: the clause of each operation, of its errors, of each attribute and of the parts of
//! a message, in every version. Numbers alone: the words stand in the specifications.

use crate::Tag;
use crate::operations::Operation;
use crate::version::{VERSIONS, Version};

/// The numbers of one thing, from KMIP 1.0 to 2.1; empty where the version says nothing about it.
pub type Numbers = [&'static str; VERSIONS.len()];

/// What a clause is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clause {
    /// An operation.
    Operation(Operation),
    /// The errors of an operation; the operation itself, where a version has no list of them.
    Errors(Operation),
    /// An attribute.
    Attribute(Tag),
    /// Anything else.
    Topic(Topic),
}

impl Clause {
    /// The number of the clause in a version.
    pub fn number(self, version: Version) -> Option<&'static str> {
        match self {
            Self::Operation(operation) => at(&operation_row(operation)?.1, version),
            Self::Errors(operation) => {
                let row = operation_row(operation)?;
                at(&row.2, version).or_else(|| at(&row.1, version))
            }
            Self::Attribute(tag) => at(&ATTRIBUTES.iter().find(|row| row.0 == tag)?.1, version),
            Self::Topic(topic) => at(&topic.numbers(), version),
        }
    }
}

fn operation_row(operation: Operation) -> Option<&'static (Operation, Numbers, Numbers)> {
    OPERATIONS.iter().find(|row| row.0 == operation)
}

fn at(numbers: &Numbers, version: Version) -> Option<&'static str> {
    let index = VERSIONS.iter().position(|known| *known == version)?;
    numbers.get(index).copied().filter(|number| !number.is_empty())
}

macro_rules! topics {
    ($($(#[doc = $doc:literal])* $name:ident: $numbers:expr;)*) => {
        /// What is neither an operation nor an attribute.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Topic { $($(#[doc = $doc])* $name,)* }

        impl Topic {
            /// Every topic.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// What it is, in words.
            pub fn about(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),*).trim().trim_end_matches('.'),)* }
            }

            fn numbers(self) -> Numbers {
                match self { $(Self::$name => $numbers,)* }
            }
        }
    };
}

topics! {
    /// Errors that any message may have, and what they are answered with.
    General: ["11.1", "11.1", "11.1", "11.1", "11.1", "11.45", "11.46"];
    /// How versions are agreed on.
    Versions: ["6.1", "6.1", "6.1", "6.1", "6.1", "9.16", "9.16"];
    /// How long an answer may be.
    ResponseSize: ["6.3", "6.3", "6.3", "6.3", "6.3", "9.12", "9.12"];
    /// Credentials in the header.
    Authentication: ["6.6", "6.6", "6.6", "6.6", "6.6", "9.4", "9.4"];
    /// What vendors add to an item.
    Extensions: ["6.16", "6.16", "6.16", "6.16", "6.16", "9.13", "9.13"];
    /// What becomes of a batch after a failure.
    BatchErrors: ["6.13", "6.13", "6.13", "6.13", "6.13", "9.6", "9.6"];
    /// What a message consists of.
    Messages: ["7.1", "7.1", "7.1", "7.1", "7.1", "8.1", "8.1"];
    /// How items become bytes.
    Encoding: ["9.1", "9.1", "9.1", "9.1", "9.1", "10.1", "10.1"];
    /// The tag of an item.
    ItemTag: ["9.1.1.1", "9.1.1.1", "9.1.1.1", "9.1.1.1", "9.1.1.1", "10.1.1", "10.1.1"];
    /// The type of an item.
    ItemType: ["9.1.1.2", "9.1.1.2", "9.1.1.2", "9.1.1.2", "9.1.1.2", "10.1.2", "10.1.2"];
    /// The length of an item.
    ItemLength: ["9.1.1.3", "9.1.1.3", "9.1.1.3", "9.1.1.3", "9.1.1.3", "10.1.3", "10.1.3"];
    /// The value of an item.
    ItemValue: ["9.1.1.4", "9.1.1.4", "9.1.1.4", "9.1.1.4", "9.1.1.4", "10.1.4", "10.1.4"];
    /// Which Result Reasons there are.
    Reasons: ["6.10", "6.10", "6.10", "6.10", "6.10", "11.45", "11.46"];
    /// How keys are wrapped.
    Wrapping: ["2.1.6", "2.1.6", "2.1.6", "2.1.6", "2.1.6", "7.14", "7.18"];
    /// What an asynchronous answer is asked for with.
    Asynchronous: ["6.8", "6.8", "6.8", "6.8", "6.8", "9.1", "9.1"];
    /// What holds an operation in parts together.
    Parts: ["", "", "", "2.1.15", "2.1.15", "7.4", "7.8"];
}

/// The clause of each operation, and that of its errors.
#[rustfmt::skip]
const OPERATIONS: &[(Operation, Numbers, Numbers)] = &[
    (Operation::Create, ["4.1", "4.1", "4.1", "4.1", "4.1", "6.1.8", "6.1.8"], ["11.2", "11.2", "11.2", "11.2", "11.2", "6.1.8.1", "6.1.8.1"]),
    (Operation::CreateKeyPair, ["4.2", "4.2", "4.2", "4.2", "4.2", "6.1.9", "6.1.9"], ["11.3", "11.3", "11.3", "11.3", "11.3", "6.1.9.1", "6.1.9.1"]),
    (Operation::Register, ["4.3", "4.3", "4.3", "4.3", "4.3", "6.1.39", "6.1.43"], ["11.4", "11.4", "11.4", "11.4", "11.4", "6.1.39.1", "6.1.43.1"]),
    (Operation::ReKey, ["4.4", "4.4", "4.4", "4.4", "4.4", "6.1.42", "6.1.46"], ["11.5", "11.5", "11.5", "11.5", "11.5", "6.1.42.1", "6.1.46.1"]),
    (Operation::DeriveKey, ["4.5", "4.6", "4.6", "4.6", "4.6", "6.1.14", "6.1.14"], ["11.6", "11.7", "11.7", "11.7", "11.7", "6.1.14.1", "6.1.14.1"]),
    (Operation::Certify, ["4.6", "4.7", "4.7", "4.7", "4.7", "6.1.6", "6.1.6"], ["11.7", "11.8", "11.8", "11.8", "11.8", "6.1.6.1", "6.1.6.1"]),
    (Operation::ReCertify, ["4.7", "4.8", "4.8", "4.8", "4.8", "6.1.41", "6.1.45"], ["11.8", "11.9", "11.9", "11.9", "11.9", "6.1.41.1", "6.1.45.1"]),
    (Operation::Locate, ["4.8", "4.9", "4.9", "4.9", "4.9", "6.1.27", "6.1.28"], ["11.9", "11.10", "11.10", "11.10", "11.10", "6.1.27.1", "6.1.28.1"]),
    (Operation::Check, ["4.9", "4.10", "4.10", "4.10", "4.10", "6.1.7", "6.1.7"], ["11.10", "11.11", "11.11", "11.11", "11.11", "6.1.7.1", "6.1.7.1"]),
    (Operation::Get, ["4.10", "4.11", "4.11", "4.11", "4.11", "6.1.19", "6.1.19"], ["11.11", "11.12", "11.12", "11.12", "11.12", "6.1.19.1", "6.1.19.1"]),
    (Operation::GetAttributes, ["4.11", "4.12", "4.12", "4.12", "4.12", "6.1.20", "6.1.20"], ["11.12", "11.13", "11.13", "11.13", "11.13", "6.1.20.1", "6.1.20.1"]),
    (Operation::GetAttributeList, ["4.12", "4.13", "4.13", "4.13", "4.13", "6.1.21", "6.1.21"], ["11.13", "11.14", "11.14", "11.14", "11.14", "6.1.21.1", "6.1.21.1"]),
    (Operation::AddAttribute, ["4.13", "4.14", "4.14", "4.14", "4.14", "6.1.2", "6.1.2"], ["11.14", "11.15", "11.15", "11.15", "11.15", "6.1.2.1", "6.1.2.1"]),
    (Operation::ModifyAttribute, ["4.14", "4.15", "4.15", "4.15", "4.15", "6.1.33", "6.1.34"], ["11.15", "11.16", "11.16", "11.16", "11.16", "6.1.33.1", "6.1.34.1"]),
    (Operation::DeleteAttribute, ["4.15", "4.16", "4.16", "4.16", "4.16", "6.1.13", "6.1.13"], ["11.16", "11.17", "11.17", "11.17", "11.17", "6.1.13.1", "6.1.13.1"]),
    (Operation::ObtainLease, ["4.16", "4.17", "4.17", "4.17", "4.17", "6.1.34", "6.1.35"], ["11.17", "11.18", "11.18", "11.18", "11.18", "6.1.34.1", "6.1.35.1"]),
    (Operation::GetUsageAllocation, ["4.17", "4.18", "4.18", "4.18", "4.18", "6.1.22", "6.1.23"], ["11.18", "11.19", "11.19", "11.19", "11.19", "6.1.22.1", "6.1.23.1"]),
    (Operation::Activate, ["4.18", "4.19", "4.19", "4.19", "4.19", "6.1.1", "6.1.1"], ["11.19", "11.20", "11.20", "11.20", "11.20", "6.1.1.1", "6.1.1.1"]),
    (Operation::Revoke, ["4.19", "4.20", "4.20", "4.20", "4.20", "6.1.40", "6.1.44"], ["11.20", "11.21", "11.21", "11.21", "11.21", "6.1.40.1", "6.1.44.1"]),
    (Operation::Destroy, ["4.20", "4.21", "4.21", "4.21", "4.21", "6.1.15", "6.1.15"], ["11.21", "11.22", "11.22", "11.22", "11.22", "6.1.15.1", "6.1.15.1"]),
    (Operation::Archive, ["4.21", "4.22", "4.22", "4.22", "4.22", "6.1.4", "6.1.4"], ["11.22", "11.23", "11.23", "11.23", "11.23", "6.1.4.1", "6.1.4.1"]),
    (Operation::Recover, ["4.22", "4.23", "4.23", "4.23", "4.23", "6.1.38", "6.1.42"], ["11.23", "11.24", "11.24", "11.24", "11.24", "6.1.38.1", "6.1.42.1"]),
    (Operation::Validate, ["4.23", "4.24", "4.24", "4.24", "4.24", "6.1.51", "6.1.57"], ["11.24", "11.25", "11.25", "11.25", "11.25", "6.1.51.1", "6.1.57.1"]),
    (Operation::Query, ["4.24", "4.25", "4.25", "4.25", "4.25", "6.1.37", "6.1.40"], ["11.25", "11.26", "11.26", "11.26", "11.26", "6.1.37.2", "6.1.40.1"]),
    (Operation::Cancel, ["4.25", "4.27", "4.27", "4.27", "4.27", "6.1.5", "6.1.5"], ["11.26", "11.27", "11.27", "11.28", "11.28", "", ""]),
    (Operation::Poll, ["4.26", "4.28", "4.28", "4.28", "4.28", "6.1.36", "6.1.38"], ["11.27", "11.28", "11.28", "11.29", "11.29", "6.1.36.1", "6.1.38.1"]),
    (Operation::Notify, ["5.1", "5.1", "5.1", "5.1", "5.1", "6.2.2", "6.2.2"], ["", "", "", "", "", "6.2.2.1", "6.2.2.1"]),
    (Operation::Put, ["5.2", "5.2", "5.2", "5.2", "5.2", "6.2.3", "6.2.3"], ["", "", "", "", "", "6.2.3.1", "6.2.3.1"]),
    (Operation::ReKeyKeyPair, ["", "4.5", "4.5", "4.5", "4.5", "6.1.43", "6.1.47"], ["", "11.6", "11.6", "11.6", "11.6", "6.1.43.1", "6.1.47.1"]),
    (Operation::DiscoverVersions, ["", "4.26", "4.26", "4.26", "4.26", "6.1.16", "6.1.16"], ["", "", "", "11.27", "11.27", "6.1.16.1", "6.1.16.1"]),
    (Operation::Encrypt, ["", "", "4.29", "4.29", "4.29", "6.1.17", "6.1.17"], ["", "", "", "11.30", "11.30", "6.1.17.1", "6.1.17.1"]),
    (Operation::Decrypt, ["", "", "4.30", "4.30", "4.30", "6.1.11", "6.1.11"], ["", "", "", "11.31", "11.31", "6.1.11.1", "6.1.11.1"]),
    (Operation::Sign, ["", "", "4.31", "4.31", "4.31", "6.1.49", "6.1.55"], ["", "", "", "11.32", "11.32", "6.1.49.1", "6.1.55.1"]),
    (Operation::SignatureVerify, ["", "", "4.32", "4.32", "4.32", "6.1.50", "6.1.56"], ["", "", "", "11.33", "11.33", "6.1.50.1", "6.1.56.1"]),
    (Operation::MAC, ["", "", "4.33", "4.33", "4.33", "6.1.31", "6.1.32"], ["", "", "", "11.34", "11.34", "6.1.31.1", "6.1.32.1"]),
    (Operation::MACVerify, ["", "", "4.34", "4.34", "4.34", "6.1.32", "6.1.33"], ["", "", "", "11.35", "11.35", "6.1.32.1", "6.1.33.1"]),
    (Operation::RNGRetrieve, ["", "", "4.35", "4.35", "4.35", "6.1.45", "6.1.49"], ["", "", "", "11.36", "11.36", "6.1.45.1", "6.1.49.1"]),
    (Operation::RNGSeed, ["", "", "4.36", "4.36", "4.36", "6.1.46", "6.1.50"], ["", "", "", "11.37", "11.37", "6.1.46.1", "6.1.50.1"]),
    (Operation::Hash, ["", "", "4.37", "4.37", "4.37", "6.1.23", "6.1.24"], ["", "", "", "11.38", "11.38", "6.1.23.1", "6.1.24.1"]),
    (Operation::CreateSplitKey, ["", "", "4.38", "4.38", "4.38", "6.1.10", "6.1.10"], ["", "", "11.30", "11.39", "11.39", "6.1.10.1", "6.1.10.1"]),
    (Operation::JoinSplitKey, ["", "", "4.39", "4.39", "4.39", "6.1.26", "6.1.27"], ["", "", "11.31", "11.40", "11.40", "6.1.26.1", "6.1.27.1"]),
    (Operation::Import, ["", "", "", "", "4.41", "6.1.24", "6.1.25"], ["", "", "", "", "11.42", "6.1.24.1", "6.1.25.1"]),
    (Operation::Export, ["", "", "", "", "4.40", "6.1.18", "6.1.18"], ["", "", "", "", "11.41", "6.1.18.1", "6.1.18.1"]),
    (Operation::Log, ["", "", "", "", "", "6.1.28", "6.1.29"], ["", "", "", "", "", "6.1.28.1", "6.1.29.1"]),
    (Operation::Login, ["", "", "", "", "", "6.1.29", "6.1.30"], ["", "", "", "", "", "6.1.29.1", "6.1.30.1"]),
    (Operation::Logout, ["", "", "", "", "", "6.1.30", "6.1.31"], ["", "", "", "", "", "6.1.30.1", "6.1.31.1"]),
    (Operation::DelegatedLogin, ["", "", "", "", "", "6.1.12", "6.1.12"], ["", "", "", "", "", "6.1.12.1", "6.1.12.1"]),
    (Operation::AdjustAttribute, ["", "", "", "", "", "6.1.3", "6.1.3"], ["", "", "", "", "", "6.1.3.1", "6.1.3.1"]),
    (Operation::SetAttribute, ["", "", "", "", "", "6.1.47", "6.1.51"], ["", "", "", "", "", "6.1.47.1", "6.1.51.1"]),
    (Operation::SetEndpointRole, ["", "", "", "", "", "6.1.48", "6.1.54"], ["", "", "", "", "", "6.1.48.1", "6.1.54.1"]),
    (Operation::PKCS_11, ["", "", "", "", "", "6.1.35", "6.1.37"], ["", "", "", "", "", "6.1.35.1", "6.1.37.1"]),
    (Operation::Interop, ["", "", "", "", "", "6.1.25", "6.1.26"], ["", "", "", "", "", "6.1.25.1", "6.1.26.1"]),
    (Operation::ReProvision, ["", "", "", "", "", "6.1.44", "6.1.48"], ["", "", "", "", "", "6.1.44.1", "6.1.48.1"]),
    (Operation::SetDefaults, ["", "", "", "", "", "", "6.1.53"], ["", "", "", "", "", "", "6.1.53.1"]),
    (Operation::SetConstraints, ["", "", "", "", "", "", "6.1.52"], ["", "", "", "", "", "", "6.1.52.1"]),
    (Operation::GetConstraints, ["", "", "", "", "", "", "6.1.22"], ["", "", "", "", "", "", "6.1.22.1"]),
    (Operation::QueryAsynchronousRequests, ["", "", "", "", "", "", "6.1.41"], ["", "", "", "", "", "", "6.1.41.1"]),
    (Operation::Process, ["", "", "", "", "", "", "6.1.39"], ["", "", "", "", "", "", "6.1.39.1"]),
    (Operation::Ping, ["", "", "", "", "", "", "6.1.36"], ["", "", "", "", "", "", ""]),
];

/// The clause of each attribute.
#[rustfmt::skip]
const ATTRIBUTES: &[(Tag, Numbers)] = &[
    (Tag::UniqueIdentifier, ["3.1", "3.1", "3.1", "3.1", "3.1", "4.51", "4.58"]),
    (Tag::Name, ["3.2", "3.2", "3.2", "3.2", "3.2", "4.32", "4.32"]),
    (Tag::ObjectType, ["3.3", "3.3", "3.3", "3.3", "3.3", "4.36", "4.36"]),
    (Tag::CryptographicAlgorithm, ["3.4", "3.4", "3.4", "3.4", "3.4", "4.13", "4.13"]),
    (Tag::CryptographicLength, ["3.5", "3.5", "3.5", "3.5", "3.5", "4.15", "4.15"]),
    (Tag::CryptographicParameters, ["3.6", "3.6", "3.6", "3.6", "3.6", "4.16", "4.16"]),
    (Tag::CryptographicDomainParameters, ["3.7", "3.7", "3.7", "3.7", "3.7", "4.14", "4.14"]),
    (Tag::CertificateType, ["3.8", "3.8", "3.8", "3.8", "3.8", "4.7", "4.7"]),
    (Tag::CertificateLength, ["", "3.9", "3.9", "3.9", "3.9", "4.8", "4.8"]),
    (Tag::X_509CertificateIdentifier, ["", "3.10", "3.10", "3.10", "3.10", "4.54", "4.61"]),
    (Tag::X_509CertificateSubject, ["", "3.11", "3.11", "3.11", "3.11", "4.56", "4.63"]),
    (Tag::X_509CertificateIssuer, ["", "3.12", "3.12", "3.12", "3.12", "4.55", "4.62"]),
    (Tag::CertificateIdentifier, ["3.9", "3.13", "3.13", "3.13", "3.13", "", ""]),
    (Tag::CertificateSubject, ["3.10", "3.14", "3.14", "3.14", "3.14", "", ""]),
    (Tag::CertificateIssuer, ["3.11", "3.15", "3.15", "3.15", "3.15", "", ""]),
    (Tag::CertificateSubjectCN, ["", "", "", "", "", "4.6", "4.6"]),
    (Tag::CertificateSubjectO, ["", "", "", "", "", "4.6", "4.6"]),
    (Tag::CertificateSubjectOU, ["", "", "", "", "", "4.6", "4.6"]),
    (Tag::CertificateSubjectEmail, ["", "", "", "", "", "4.6", "4.6"]),
    (Tag::CertificateSubjectC, ["", "", "", "", "", "4.6", "4.6"]),
    (Tag::CertificateSubjectST, ["", "", "", "", "", "4.6", "4.6"]),
    (Tag::CertificateSubjectL, ["", "", "", "", "", "4.6", "4.6"]),
    (Tag::CertificateSubjectUID, ["", "", "", "", "", "4.6", "4.6"]),
    (Tag::CertificateSubjectSerialNumber, ["", "", "", "", "", "4.6", "4.6"]),
    (Tag::CertificateSubjectTitle, ["", "", "", "", "", "4.6", "4.6"]),
    (Tag::CertificateSubjectDC, ["", "", "", "", "", "4.6", "4.6"]),
    (Tag::CertificateSubjectDNQualifier, ["", "", "", "", "", "4.6", "4.6"]),
    (Tag::CertificateIssuerCN, ["", "", "", "", "", "4.6", "4.6"]),
    (Tag::CertificateIssuerO, ["", "", "", "", "", "4.6", "4.6"]),
    (Tag::CertificateIssuerOU, ["", "", "", "", "", "4.6", "4.6"]),
    (Tag::CertificateIssuerEmail, ["", "", "", "", "", "4.6", "4.6"]),
    (Tag::CertificateIssuerC, ["", "", "", "", "", "4.6", "4.6"]),
    (Tag::CertificateIssuerST, ["", "", "", "", "", "4.6", "4.6"]),
    (Tag::CertificateIssuerL, ["", "", "", "", "", "4.6", "4.6"]),
    (Tag::CertificateIssuerUID, ["", "", "", "", "", "4.6", "4.6"]),
    (Tag::CertificateIssuerSerialNumber, ["", "", "", "", "", "4.6", "4.6"]),
    (Tag::CertificateIssuerTitle, ["", "", "", "", "", "4.6", "4.6"]),
    (Tag::CertificateIssuerDC, ["", "", "", "", "", "4.6", "4.6"]),
    (Tag::CertificateIssuerDNQualifier, ["", "", "", "", "", "4.6", "4.6"]),
    (Tag::DigitalSignatureAlgorithm, ["", "3.16", "3.16", "3.16", "3.16", "4.22", "4.22"]),
    (Tag::Digest, ["3.12", "3.17", "3.17", "3.17", "3.17", "4.21", "4.21"]),
    (Tag::OperationPolicyName, ["3.13", "3.18", "3.18", "3.18", "3.18", "", ""]),
    (Tag::CryptographicUsageMask, ["3.14", "3.19", "3.19", "3.19", "3.19", "4.17", "4.17"]),
    (Tag::LeaseTime, ["3.15", "3.20", "3.20", "3.20", "3.20", "4.30", "4.30"]),
    (Tag::UsageLimits, ["3.16", "3.21", "3.21", "3.21", "3.21", "4.52", "4.59"]),
    (Tag::State, ["3.17", "3.22", "3.22", "3.22", "3.22", "4.50", "4.57"]),
    (Tag::InitialDate, ["3.18", "3.23", "3.23", "3.23", "3.23", "4.25", "4.25"]),
    (Tag::ActivationDate, ["3.19", "3.24", "3.24", "3.24", "3.24", "4.1", "4.1"]),
    (Tag::ProcessStartDate, ["3.20", "3.25", "3.25", "3.25", "3.25", "4.40", "4.40"]),
    (Tag::ProtectStopDate, ["3.21", "3.26", "3.26", "3.26", "3.26", "4.41", "4.41"]),
    (Tag::DeactivationDate, ["3.22", "3.27", "3.27", "3.27", "3.27", "4.18", "4.18"]),
    (Tag::DestroyDate, ["3.23", "3.28", "3.28", "3.28", "3.28", "4.20", "4.20"]),
    (Tag::CompromiseOccurrenceDate, ["3.24", "3.29", "3.29", "3.29", "3.29", "4.11", "4.11"]),
    (Tag::CompromiseDate, ["3.25", "3.30", "3.30", "3.30", "3.30", "4.10", "4.10"]),
    (Tag::RevocationReason, ["3.26", "3.31", "3.31", "3.31", "3.31", "4.47", "4.47"]),
    (Tag::ArchiveDate, ["3.27", "3.32", "3.32", "3.32", "3.32", "4.5", "4.5"]),
    (Tag::ObjectGroup, ["3.28", "3.33", "3.33", "3.33", "3.33", "4.35", "4.35"]),
    (Tag::Fresh, ["", "3.34", "3.34", "3.34", "3.34", "4.24", "4.24"]),
    (Tag::Link, ["3.29", "3.35", "3.35", "3.35", "3.35", "4.31", "4.31"]),
    (Tag::ApplicationSpecificInformation, ["3.30", "3.36", "3.36", "3.36", "3.36", "4.4", "4.4"]),
    (Tag::ContactInformation, ["3.31", "3.37", "3.37", "3.37", "3.37", "4.12", "4.12"]),
    (Tag::LastChangeDate, ["3.32", "3.38", "3.38", "3.38", "3.38", "4.29", "4.29"]),
    (Tag::AlternativeName, ["", "", "3.40", "3.40", "3.40", "4.2", "4.2"]),
    (Tag::KeyValuePresent, ["", "", "3.41", "3.41", "3.41", "4.28", "4.28"]),
    (Tag::KeyValueLocation, ["", "", "3.42", "3.42", "3.42", "4.27", "4.27"]),
    (Tag::OriginalCreationDate, ["", "", "3.43", "3.43", "3.43", "4.38", "4.38"]),
    (Tag::RandomNumberGenerator, ["", "", "", "3.44", "3.44", "4.46", "4.46"]),
    (Tag::PKCS_12FriendlyName, ["", "", "", "", "3.45", "4.39", "4.39"]),
    (Tag::Description, ["", "", "", "", "3.46", "4.19", "4.19"]),
    (Tag::Comment, ["", "", "", "", "3.47", "4.9", "4.9"]),
    (Tag::Sensitive, ["", "", "", "", "3.48", "4.48", "4.55"]),
    (Tag::AlwaysSensitive, ["", "", "", "", "3.49", "4.3", "4.3"]),
    (Tag::Extractable, ["", "", "", "", "3.50", "4.23", "4.23"]),
    (Tag::NeverExtractable, ["", "", "", "", "3.51", "4.33", "4.33"]),
    (Tag::ShortUniqueIdentifier, ["", "", "", "", "", "4.49", "4.56"]),
    (Tag::KeyFormatType, ["", "", "", "", "", "4.26", "4.26"]),
    (Tag::OpaqueDataType, ["", "", "", "", "", "4.37", "4.37"]),
    (Tag::NISTKeyType, ["", "", "", "", "", "4.34", "4.34"]),
    (Tag::ProtectionLevel, ["", "", "", "", "", "4.42", "4.42"]),
    (Tag::ProtectionPeriod, ["", "", "", "", "", "4.43", "4.43"]),
    (Tag::ProtectionStorageMask, ["", "", "", "", "", "4.44", "4.44"]),
    (Tag::QuantumSafe, ["", "", "", "", "", "4.45", "4.45"]),
    (Tag::RotateAutomatic, ["", "", "", "", "", "", "4.48"]),
    (Tag::RotateDate, ["", "", "", "", "", "", "4.49"]),
    (Tag::RotateGeneration, ["", "", "", "", "", "", "4.50"]),
    (Tag::RotateInterval, ["", "", "", "", "", "", "4.51"]),
    (Tag::RotateLatest, ["", "", "", "", "", "", "4.52"]),
    (Tag::RotateName, ["", "", "", "", "", "", "4.53"]),
    (Tag::RotateOffset, ["", "", "", "", "", "", "4.54"]),
];
