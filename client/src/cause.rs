//! What happens between this machine and a server, and what it means for people.

use super::spoken::Spoken;
use keystead_base::certificate::chain_rule;
use rustls::AlertDescription;
use std::fmt;
use std::io;

/// What a server's TLS says when it fails, ends or was disturbed; by all other alerts it refuses.
const PASSING_ALERTS: &[AlertDescription] = &[
    AlertDescription::InternalError,
    AlertDescription::CloseNotify,
    AlertDescription::UserCanceled,
    AlertDescription::UnexpectedMessage,
    AlertDescription::BadRecordMac,
    AlertDescription::RecordOverflow,
    AlertDescription::DecodeError,
];

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
    #[error("the connection broke: {}", keystead_base::text::of_stream(.0))]
    Lost(io::Error),
    /// Another protocol is spoken there.
    #[error("{0}")]
    Protocol(Spoken),
    /// What came is not KMIP.
    #[error("the answer is not a KMIP message ({0})")]
    Message(#[from] kmip_codec::Error),
    /// What came does not answer the request.
    #[error("the answer does not fit the request")]
    Mismatch,
}

impl Cause {
    /// Whether it may pass by itself: a network that is not up yet, a server that starts, restarts or is overloaded, a
    /// clock that is being set, a proxy whose server is away. Refusals alone do not.
    pub fn may_pass(&self) -> bool {
        !self.is_refusal()
    }

    /// Whether one side does not accept the other's certificate or TLS, or speaks another protocol, which does not pass by
    /// itself.
    pub fn is_refusal(&self) -> bool {
        use rustls::CertificateError::{NotValidYet, NotValidYetContext};
        use rustls::Error::{AlertReceived, InvalidCertificate, PeerIncompatible};
        match self {
            Self::Tls(InvalidCertificate(NotValidYet | NotValidYetContext { .. })) => false,
            Self::Tls(AlertReceived(alert)) => !PASSING_ALERTS.contains(alert),
            Self::Tls(InvalidCertificate(_) | PeerIncompatible(_)) => true,
            Self::Protocol(spoken) => !spoken.may_pass(),
            _ => false,
        }
    }

    /// One word for its kind: what is of one kind need not be told twice.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Name(_) => "name",
            Self::Connect(_) => "connection",
            Self::Late => "silence",
            Self::Tls(_) => "TLS",
            Self::Lost(_) => "end",
            Self::Protocol(_) => "protocol",
            Self::Message(_) | Self::Mismatch => "nonsense",
        }
    }

    /// Sorts what reading and writing ended with.
    pub fn of_stream(error: io::Error) -> Self {
        if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return Self::Tls(tls.clone());
        }
        match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Self::Late,
            _ => Self::Lost(error),
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
                f.write_str(
                    "the server's certificate is not from the CA given with --ca: give the CA that it is from, or \
                     another server",
                )
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
            rustls::Error::InvalidCertificate(Bad::InvalidPurpose | Bad::InvalidPurposeContext { .. }) => {
                f.write_str(
                    "the server's certificate is not for servers: serverAuth is missing in its extended key usages",
                )
            }
            rustls::Error::InvalidCertificate(Bad::Other(other)) => by_webpki(other, f),
            rustls::Error::InvalidCertificate(_) => {
                write!(f, "the server's certificate is not accepted ({error})")
            }
            rustls::Error::AlertReceived(alert) => refused(*alert, f),
            _ => write!(f, "TLS failed ({error}): is a KMIP server there?"),
        }
    }
}

/// What rustls hands on without a name of its own.
fn by_webpki(error: &rustls::OtherError, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let inner = error.0.downcast_ref::<webpki::Error>();
    match inner {
        Some(webpki::Error::CaUsedAsEndEntity) => f.write_str(
            "the server shows the certificate of a CA (basic constraints CA:TRUE): a server needs an end-entity \
             certificate (CA:FALSE)",
        ),
        Some(webpki::Error::UnsupportedCertVersion) => {
            f.write_str("the server's certificate, or one in its chain, is older than X.509 v3, and v3 is needed")
        }
        inner => {
            f.write_str("the server's certificate is not accepted: ")?;
            match inner.and_then(chain_rule) {
                Some(why) => write!(f, "its chain does not lead to the CA given with --ca: {why}"),
                None => write!(f, "{error}"),
            }
        }
    }
}

/// The server's TLS has said no, in one word.
fn refused(alert: AlertDescription, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    use AlertDescription as Alert;
    let another = "`keystead client add`, run by an administrator, makes another";
    match alert {
        Alert::CertificateExpired => write!(
            f,
            "the server does not accept this client's certificate: it has expired, or is not valid yet; {another}"
        ),
        // Two CAs of one name differ by their signatures alone.
        Alert::UnknownCA | Alert::DecryptError => write!(
            f,
            "the server does not accept this client's certificate: it is not from the CA that the server trusts \
             (`tls.ca` in its configuration); {another}"
        ),
        Alert::ProtocolVersion | Alert::HandshakeFailure | Alert::InsufficientSecurity => write!(
            f,
            "the server does not accept the TLS of this client ({alert:?}): `tls` in its configuration says what it does"
        ),
        Alert::InternalError => f.write_str("the server failed in the TLS handshake: its log says why"),
        _ => write!(f, "the server does not accept this client's certificate ({alert:?}); {another}"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;
    use rustls::{CertificateError, OtherError};
    use std::sync::Arc;

    /// What a library calls it is no help to who has to mend it.
    #[test]
    fn a_servers_certificate_that_is_not_accepted_is_told_in_words() {
        for (inner, words) in [
            (webpki::Error::CaUsedAsEndEntity, "the server shows the certificate of a CA"),
            (
                webpki::Error::EndEntityUsedAsCa,
                "an end-entity certificate (basic constraints CA:FALSE) stands in it",
            ),
            (webpki::Error::UnsupportedCertVersion, "older than X.509 v3"),
            (webpki::Error::NameConstraintViolation, "name constraints exclude"),
            (webpki::Error::PathLenConstraintViolated, "basic constraints (pathlen) forbid"),
        ] {
            let library = format!("{inner:?}");
            let error = CertificateError::Other(OtherError(Arc::new(inner)));
            let told = Cause::Tls(error.into());
            assert!(told.is_refusal());
            let told = told.to_string();
            assert!(told.contains(words) && !told.contains(&library), "{told}");
        }
        let told = Cause::Tls(CertificateError::InvalidPurpose.into()).to_string();
        assert!(told.contains("serverAuth is missing"), "{told}");
    }
}
