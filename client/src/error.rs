//! What can go wrong for a client: who is to blame, and what to do.

use super::ServerAddress;
use super::cause::Cause;
use super::reasons;
use keystead_base::text::printable;
use kmip_codec::enums::ResultReason;
use kmip_codec::operations::Operation;
use kmip_codec::version::V2_1;
use std::fmt;

/// How much of a server's message is shown.
const MESSAGE_CHARS: usize = 400;

/// Exit codes of every client command; scripts rely on them.
pub mod exit {
    /// Done.
    pub const DONE: u8 = 0;
    /// Something on this machine: a file, a certificate, a device.
    pub const HERE: u8 = 1;
    /// The command line, or the configuration, is wrong.
    pub const USAGE: u8 = 2;
    /// No server could be reached, or the connection broke. Trying again may help.
    pub const UNREACHABLE: u8 = 3;
    /// The server refused, or one side does not accept the other's certificate, or the key may not be used. Trying again
    /// does not help.
    pub const REFUSED: u8 = 4;

    /// What each means, for `--help`.
    pub const TABLE: &[(u8, &str)] = &[
        (DONE, "done"),
        (HERE, "something on this machine"),
        (USAGE, "wrong usage, or a decision is wanted"),
        (UNREACHABLE, "no server could be reached, or none could answer, in time: trying again may help"),
        (
            REFUSED,
            "the key is refused, unknown or may not be used, one side does not accept the other's certificate, or no KMIP is spoken \
             there",
        ),
    ];

    /// `Exit codes: 0 done; …`, as `--help` ends with, of a command for which some mean something else or more.
    pub fn help(own: &[(u8, &str)]) -> String {
        let mut rows = TABLE.to_vec();
        for (code, meaning) in own {
            match rows.iter_mut().find(|(known, _)| known == code) {
                Some(row) => row.1 = meaning,
                None => rows.push((*code, meaning)),
            }
        }
        let rows: Vec<_> = rows.iter().map(|(code, meaning)| format!("{code} {meaning}")).collect();
        format!("Exit codes: {}.", rows.join("; "))
    }
}

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line lacks something, or the environment that stands for it is wrong.
    #[error("{what}; {advice}")]
    Usage {
        /// What is wrong.
        what: String,
        /// What to do about it.
        advice: String,
    },
    /// The configuration or a file that it names, or something else on this machine.
    #[error("{what}; {advice}")]
    Setup {
        /// What is wrong.
        what: String,
        /// What to do about it.
        advice: String,
    },
    /// No server could be reached, or none and this client accept each other. Nothing was asked of any.
    #[error("{}", Tried(.0))]
    Unreachable(Vec<Unreachable>),
    /// The connection broke, or the answer makes no sense, after the request was sent.
    #[error("{server}: {cause}{}", Unsure(.cause))]
    Broken {
        /// Who was asked.
        server: ServerAddress,
        /// What happened.
        cause: Cause,
    },
    /// The server understood, and refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// A server that could not be reached.
#[derive(Debug)]
pub struct Unreachable {
    /// Which server.
    pub server: ServerAddress,
    /// What happened.
    pub cause: Cause,
}

impl From<(ServerAddress, Option<Cause>)> for Unreachable {
    /// Of an attempt that failed, or had not ended in time.
    fn from((server, cause): (ServerAddress, Option<Cause>)) -> Self {
        Self { server, cause: cause.unwrap_or(Cause::Late) }
    }
}

/// A server's refusal.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Who refused.
    pub server: ServerAddress,
    /// What was refused; `None` when the message as a whole was.
    pub operation: Option<Operation>,
    /// Why, by the standard's word.
    pub reason: ResultReason,
    /// Why, for people.
    pub message: Option<String>,
}

impl std::error::Error for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} refused", self.server)?;
        // What the standard does not know is a command of ours, which says itself what it was.
        if let Some(operation) = self.operation.and_then(|operation| operation.name(V2_1)) {
            write!(f, " {operation}")?;
        }
        write!(f, ": {:?}", self.reason)?;
        match &self.message {
            Some(message) => write!(f, " ({})", printable(message, MESSAGE_CHARS)),
            None => Ok(()),
        }
    }
}

impl Refusal {
    /// Whether the server says that there is no such object for this client.
    pub fn is_not_found(&self) -> bool {
        matches!(self.reason, ResultReason::ItemNotFound | ResultReason::ObjectNotFound)
    }

    /// Whether the server says nothing about the request, but that it cannot answer now.
    pub fn may_pass(&self) -> bool {
        reasons::may_pass(self.reason)
    }

    /// The standard's word, in one form for all versions.
    pub fn reason_name(&self) -> &'static str {
        self.reason.name(V2_1).unwrap_or("Unknown")
    }
}

impl Error {
    /// Something about this machine or its files hinders the client: what it is, and what to do.
    pub fn setup(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Setup { what: what.into(), advice: advice.into() }
    }

    /// The command line, the environment or a configuration is wrong: what it is, and what to do.
    pub fn usage(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Usage { what: what.into(), advice: advice.into() }
    }

    pub(super) fn broken(server: &ServerAddress, cause: Cause) -> Self {
        Self::Broken { server: server.clone(), cause }
    }

    /// The exit code of a command that ends with this error.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage { .. } => exit::USAGE,
            Self::Setup { .. } => exit::HERE,
            Self::Refused(_) => exit::REFUSED,
            Self::Unreachable(_) | Self::Broken { .. } if self.may_pass() => exit::UNREACHABLE,
            Self::Unreachable(all) if all.iter().any(|each| each.cause.is_refusal()) => exit::REFUSED,
            Self::Broken { cause, .. } if cause.is_refusal() => exit::REFUSED,
            Self::Unreachable(_) | Self::Broken { .. } => exit::UNREACHABLE,
        }
    }

    /// Whether it is that no KMIP is spoken there, and nothing else.
    pub fn is_other_protocol(&self) -> bool {
        match self {
            Self::Unreachable(all) => {
                all.iter().all(|each| matches!(each.cause, Cause::Protocol(_))) && !self.may_pass()
            }
            Self::Broken { cause: Cause::Protocol(_), .. } => !self.may_pass(),
            _ => false,
        }
    }

    /// Whether the same request may succeed a little later, without anybody doing anything.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(all) => all.iter().any(|each| each.cause.may_pass()),
            Self::Broken { cause, .. } => cause.may_pass(),
            Self::Refused(refusal) => refusal.may_pass(),
            Self::Usage { .. } | Self::Setup { .. } => false,
        }
    }
}

/// The servers that were tried, each with what happened.
struct Tried<'a>(&'a [Unreachable]);

impl fmt::Display for Tried<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Those that refuse were reached.
        if !self.0.iter().all(|each| each.cause.is_refusal()) {
            f.write_str("no server could be reached: ")?;
        }
        for (place, each) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { "; " };
            write!(f, "{comma}{}: {}", each.server, each.cause)?;
        }
        Ok(())
    }
}

/// What a person must know when the answer to a request got lost.
struct Unsure<'a>(&'a Cause);

impl fmt::Display for Unsure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Cause::Late | Cause::Lost(_) => f.write_str("; what was asked may have been done all the same"),
            _ => Ok(()),
        }
    }
}
