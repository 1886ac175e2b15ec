//! What can go wrong for a client: who is to blame, and what to do.

use super::ServerAddress;
use kmip_codec::enums::ResultReason;
use kmip_codec::operations::Operation;
use kmip_codec::version::V2_1;
use std::fmt;
use std::io;

/// Exit codes of every client command; scripts rely on them.
pub mod exit {
    /// Done.
    pub const DONE: u8 = 0;
    /// Something on this machine: a file, a certificate, a device.
    pub const HERE: u8 = 1;
    /// The command line is wrong.
    pub const USAGE: u8 = 2;
    /// No server could be reached, or the connection broke. Trying again may help.
    pub const UNREACHABLE: u8 = 3;
    /// The server refused, or the key may not be used. Trying again does not help.
    pub const REFUSED: u8 = 4;
}

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line, the environment, the configuration or a file that it names.
    #[error("{what}; {advice}")]
    Setup {
        /// What is wrong.
        what: String,
        /// What to do about it.
        advice: String,
    },
    /// No server could be reached. Nothing was asked of any.
    #[error("no server could be reached: {}", Listed(.0))]
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

/// What happened between this machine and a server.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The name has no address.
    #[error("the name cannot be resolved ({0})")]
    Name(io::Error),
    /// Nobody accepts connections there.
    #[error("no connection ({0}): is the server running, and the port right?")]
    Connect(io::Error),
    /// It took longer than the time limit.
    #[error("no answer within the time limit")]
    Late,
    /// The two sides do not trust or understand each other.
    #[error("{}", Tls(.0))]
    Tls(rustls::Error),
    /// The connection ended in between.
    #[error("the connection broke ({0})")]
    Lost(io::Error),
    /// What came is not KMIP.
    #[error("the answer is not a KMIP message ({0})")]
    Message(#[from] kmip_codec::Error),
    /// What came does not answer the request.
    #[error("the answer does not fit the request")]
    Mismatch,
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
            Some(message) => write!(f, " ({message})"),
            None => Ok(()),
        }
    }
}

impl Refusal {
    /// Whether the server says that there is no such object for this client.
    pub fn is_not_found(&self) -> bool {
        matches!(self.reason, ResultReason::ItemNotFound | ResultReason::ObjectNotFound)
    }

    /// The standard's word, in one form for all versions.
    pub fn reason_name(&self) -> &'static str {
        self.reason.name(V2_1).unwrap_or("Unknown")
    }
}

impl Error {
    pub(crate) fn setup(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Setup { what: what.into(), advice: advice.into() }
    }

    pub(super) fn broken(server: &ServerAddress, cause: Cause) -> Self {
        Self::Broken { server: server.clone(), cause }
    }

    pub(super) fn unreachable(tried: Vec<(ServerAddress, Option<Cause>)>) -> Self {
        let each =
            |(server, cause): (_, Option<Cause>)| Unreachable { server, cause: cause.unwrap_or(Cause::Late) };
        Self::Unreachable(tried.into_iter().map(each).collect())
    }

    /// The exit code of a command that ends with this error.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Setup { .. } => exit::HERE,
            Self::Unreachable(_) | Self::Broken { .. } => exit::UNREACHABLE,
            Self::Refused(_) => exit::REFUSED,
        }
    }

    /// Whether the same request may succeed a little later, without anybody doing anything.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(all) => all.iter().any(|each| each.cause.may_pass()),
            Self::Broken { cause, .. } => cause.may_pass(),
            Self::Setup { .. } | Self::Refused(_) => false,
        }
    }
}

impl Cause {
    /// Whether it may pass by itself: a network that is not up yet, a server that starts, a clock that is being set.
    pub fn may_pass(&self) -> bool {
        use rustls::CertificateError::{NotValidYet, NotValidYetContext};
        match self {
            Self::Name(_) | Self::Connect(_) | Self::Late | Self::Lost(_) => true,
            Self::Tls(rustls::Error::InvalidCertificate(NotValidYet | NotValidYetContext { .. })) => true,
            Self::Tls(_) | Self::Message(_) | Self::Mismatch => false,
        }
    }

    /// Sorts what reading and writing ended with.
    pub(super) fn of_stream(error: io::Error) -> Self {
        if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return Self::Tls(tls.clone());
        }
        match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Self::Late,
            _ => Self::Lost(error),
        }
    }
}

/// The servers that were tried, each with what happened.
struct Listed<'a>(&'a [Unreachable]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

/// A TLS error with what it means here.
struct Tls<'a>(&'a rustls::Error);

impl fmt::Display for Tls<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use rustls::CertificateError as Bad;
        let error = self.0;
        match error {
            // Two CAs of one name differ by their signatures alone.
            rustls::Error::InvalidCertificate(Bad::UnknownIssuer | Bad::BadSignature) => {
                f.write_str("the server's certificate is not from the CA given with --ca")
            }
            rustls::Error::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => {
                write!(f, "the server's certificate is for another name ({error})")
            }
            rustls::Error::InvalidCertificate(
                Bad::Expired | Bad::ExpiredContext { .. } | Bad::NotValidYet | Bad::NotValidYetContext { .. },
            ) => write!(
                f,
                "the server's certificate is not valid now ({error}): is this machine's clock right?"
            ),
            rustls::Error::InvalidCertificate(_) => {
                write!(f, "the server's certificate is not accepted ({error})")
            }
            rustls::Error::AlertReceived(_) => {
                write!(f, "the server does not accept this client's certificate or TLS ({error})")
            }
            _ => write!(f, "TLS failed ({error}): is a KMIP server there?"),
        }
    }
}
