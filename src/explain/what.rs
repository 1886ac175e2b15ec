//! The kinds of what can happen to an exchange, and the clause that decides about each.

use crate::engine::refusal::Cause;
use kmip_codec::clauses::{Clause, Topic};
use kmip_codec::operations::Operation;
use kmip_codec::{ErrorKind, Version};

/// What happened to an exchange.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// An item was refused.
    Refused(Cause),
    /// Everything succeeded, and yet the client will hardly be happy.
    Odd(Suspicious),
    /// The message could not be read.
    Unreadable(ErrorKind),
    /// The TLS handshake failed, or the certificate names nobody.
    Handshake,
}

/// Kinds of success that are suspicious.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Suspicious {
    /// Locate found nothing.
    FoundNothing,
    /// Locate found nothing, and its filter names an attribute that the version does not have.
    UnknownFilter,
    /// A credential stood in the header and had no effect.
    CredentialIgnored,
}

impl Suspicious {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::FoundNothing, Self::UnknownFilter, Self::CredentialIgnored];
}

impl What {
    /// Its name in lists.
    pub fn name(self) -> String {
        match self {
            Self::Refused(cause) => format!("{cause:?}"),
            Self::Odd(odd) => format!("{odd:?}"),
            Self::Unreadable(kind) => kind.name(),
            Self::Handshake => "Handshake".to_owned(),
        }
    }

    /// Whether both are of one kind, whatever they tell besides.
    pub fn is_like(self, other: Self) -> bool {
        match (self, other) {
            (Self::Unreadable(one), Self::Unreadable(two)) => {
                std::mem::discriminant(&one) == std::mem::discriminant(&two)
            }
            (one, two) => one == two,
        }
    }

    /// The clause that decided, as people write it.
    pub fn clause(self, operation: Operation, version: Version) -> String {
        let clause = match self {
            Self::Refused(cause) => cause.clause(operation),
            Self::Odd(Suspicious::CredentialIgnored) => Clause::Topic(Topic::Authentication),
            Self::Odd(_) => Clause::Operation(operation),
            Self::Unreadable(kind) => Clause::Topic(kind.topic()),
            Self::Handshake => return "KMIP Profiles, authentication suites: mutual TLS".to_owned(),
        };
        // An operation that the table does not have has no clause of its own.
        let known = |clause: Clause| Some((clause, clause.number(version)?));
        let Some((clause, number)) = known(clause).or_else(|| known(Clause::Topic(Topic::General))) else {
            return format!("KMIP {version}");
        };
        let about = match clause {
            Clause::Operation(operation) => name_of(operation, version),
            Clause::Errors(operation) => format!("the errors of {}", name_of(operation, version)),
            Clause::Attribute(tag) => format!("the attribute {tag}"),
            Clause::Topic(topic) => topic.about().to_owned(),
        };
        format!("KMIP {version}, {number}: {about}")
    }
}

fn name_of(operation: Operation, version: Version) -> String {
    operation.name(version).map_or_else(|| format!("operation 0x{:x}", operation.0), str::to_owned)
}
