//! Who is turned away before there is a client to speak of, why, and what mends it.

mod advice;
pub mod certificate;

use super::hello::{Beginning, version_name};
use super::lists::Lists;
use super::slots::Full;
use super::verifier::{Noted, Proof};
use crate::authenticate::{self, Refused};
use crate::pki::{Facts, bounded};
use crate::text::printable;
use rustls::{AlertDescription, Error, PeerIncompatible, PeerMisbehaved};
use std::fmt;
use std::io;
use std::path::PathBuf;

/// How much is shown of the authenticator's own words, with names in them.
const WHY_CHARS_MAX: usize = 600;

/// Whom the server lets in, for messages.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// The file of `tls.ca`.
    pub file: PathBuf,
    /// Its certificates.
    pub trusted: Vec<Facts>,
    /// The revocation lists that count.
    pub lists: Lists,
    /// The versions of TLS that are spoken.
    pub versions: &'static str,
    /// The keys of the server's certificates, such as "ECDSA".
    pub keys: Vec<&'static str>,
}

impl Trust {
    /// Whether the server may have a second certificate, with a key of another kind, and has none.
    fn has_room_for_another_key(&self) -> bool {
        self.keys.len() == 1 && !self.versions.contains("Suite B")
    }

    /// The subjects of its certificates.
    pub fn subjects(&self) -> Vec<String> {
        self.trusted.iter().map(|one| one.subject.clone()).collect()
    }
}

macro_rules! reasons {
    ($($reason:ident)*) => {
        /// Why a connection did not come to be.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[allow(missing_docs, reason = "each is explained by the words that it is told in")]
        pub enum Reason { $($reason),* }

        impl Reason {
            /// Each of them.
            pub const ALL: &[Self] = &[$(Self::$reason),*];
        }
    };
}

reasons! {
    NoCertificate
    CertificateUnreadable
    CertificateVersion1
    CertificateOfCa
    CertificateUsage
    CertificateNameless
    CertificateName
    CertificateExpired
    CertificateNotYetValid
    CertificateRevoked
    CertificateSignature
    CertificateExtension
    CertificateKey
    TooManyCertificates
    CaOutOfDate
    RevocationListOverdue
    RevocationListMissing
    OtherCa
    WrongCaKey
    SelfSigned
    BrokenChain
    OtherSentKey
    ChainRule
    NameConstraints
    CaMayNotSign
    NoPrivateKey
    NotAdmitted
    NoCipherSuite
    OtherKeyKind
    NoSignatureAlgorithm
    ClientSignature
    NoGroup
    NoApplicationProtocol
    OldTls
    OldSsl
    TlsVersionDisabled
    PlainHttp
    PlainKmip
    ProxyHeader
    NotTls
    ClientAlert
    ClientFailed
    ClosedEarly
    TooSlow
    TooManyHandshakes
    TooManyConnections
    Tls
}

/// A connection that did not come to be.
#[derive(Clone, Debug)]
pub struct TurnedAway {
    /// Why, in a word for programs.
    pub reason: Reason,
    /// Why, in words for people.
    pub what: String,
    /// What mends it.
    pub advice: String,
    /// The certificate that was shown, where one was.
    pub certificate: Option<Facts>,
}

impl fmt::Display for TurnedAway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match &self.certificate {
            Some(certificate) => write!(f, " (certificate: {certificate})"),
            None => Ok(()),
        }
    }
}

impl TurnedAway {
    /// The handshake failed.
    pub fn by_handshake(error: &io::Error, noted: &Noted, trust: &Trust) -> Self {
        let beginning = Beginning::of(&noted.first);
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        let (reason, what) = match (tls, &beginning) {
            (_, Beginning::Http | Beginning::Kmip | Beginning::Proxy | Beginning::Ssl2) => plain(&beginning),
            (None, _) => ended(error, &beginning),
            (Some(Error::NoCertificatesPresented), _) => (
                Reason::NoCertificate,
                "the client showed no certificate, and none comes in without one".to_owned(),
            ),
            (Some(error), _) if noted.proof.is_some() => not_proved(noted.proof.as_ref(), error),
            (Some(error @ Error::InvalidCertificate(_)), _) => {
                certificate::why(error, &noted.chain, trust)
            }
            (Some(Error::AlertReceived(alert)), _) => alerted(*alert),
            (Some(Error::PeerIncompatible(why)), _) => incompatible(why, &beginning, trust),
            (Some(Error::InvalidMessage(_)), Beginning::Other) => plain(&beginning),
            (Some(Error::NoApplicationProtocol), _) => (
                Reason::NoApplicationProtocol,
                "it offers application protocols (ALPN), and HTTP/1.1, which alone is spoken at this address, is not among them"
                    .to_owned(),
            ),
            (Some(other), _) => {
                (Reason::Tls, format!("the TLS handshake failed: {}", bounded(&other.to_string())))
            }
        };
        Self::with(reason, what, noted, trust)
    }

    /// The handshake did not end in time.
    pub fn by_time(noted: &Noted, trust: &Trust) -> Self {
        let beginning = Beginning::of(&noted.first);
        let (reason, what) = match beginning {
            Beginning::Http | Beginning::Kmip | Beginning::Proxy | Beginning::Ssl2 => plain(&beginning),
            Beginning::Nothing => {
                (Reason::TooSlow, "the client sent nothing until the time was over".to_owned())
            }
            _ => (Reason::TooSlow, "the TLS handshake took too long".to_owned()),
        };
        Self::with(reason, what, noted, trust)
    }

    /// There was no slot for it, or another needed the slot.
    pub fn by_slots(full: Full, noted: &Noted, trust: &Trust) -> Self {
        let reason = match full {
            Full::Handshakes | Full::Evicted => Reason::TooManyHandshakes,
            Full::Client(_) | Full::Address(_) | Full::All(_) | Full::NotClosed => Reason::TooManyConnections,
        };
        Self::with(reason, full.to_string(), noted, trust)
    }

    /// TLS has let it in, and the authenticator does not.
    pub fn by_gate(refused: &Refused, noted: &Noted, trust: &Trust) -> Self {
        let by_name = || match noted.chain.first().map(|shown| authenticate::name_of(shown)) {
            Some(Ok(None)) => Reason::CertificateNameless,
            Some(Err(_)) => Reason::CertificateName,
            _ => Reason::NotAdmitted,
        };
        match &refused.error {
            Some(error) => {
                let (reason, _) = certificate::why(error, &noted.chain, trust);
                Self::with(reason, refused.why.clone(), noted, trust)
            }
            None => Self::with(by_name(), printable(&refused.why, WHY_CHARS_MAX), noted, trust),
        }
    }

    fn with(reason: Reason, what: String, noted: &Noted, trust: &Trust) -> Self {
        let certificate = noted.chain.first().map(|shown| Facts::of(shown));
        let advice = advice::of(reason, certificate.as_ref(), trust);
        Self { reason, what, advice, certificate }
    }
}

/// The certificate was good, and the proof that the client has its key was not.
fn not_proved(proof: Option<&Proof>, error: &Error) -> (Reason, String) {
    match (proof, error) {
        (Some(Proof::Never { key, taken }), _) => (
            Reason::CertificateKey,
            format!(
                "its certificate has a key that is not taken in TLS here, {key}; those that are: {taken}"
            ),
        ),
        (_, Error::PeerMisbehaved(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)) => (
            Reason::ClientSignature,
            "it has signed the handshake by an algorithm that is not taken here, such as SHA-1".to_owned(),
        ),
        _ => (
            Reason::NoPrivateKey,
            "the client did not prove that it has the private key of its certificate".to_owned(),
        ),
    }
}

/// Bytes that are none of a TLS that is spoken here.
fn plain(beginning: &Beginning) -> (Reason, String) {
    let (reason, what) = match beginning {
        Beginning::Http => (Reason::PlainHttp, "it spoke HTTP without TLS"),
        Beginning::Kmip => (Reason::PlainKmip, "it sent a KMIP message without TLS"),
        Beginning::Proxy => {
            (Reason::ProxyHeader, "it began with the header of a proxy (PROXY protocol), not with TLS")
        }
        Beginning::Ssl2 => (Reason::OldSsl, "it offered SSL 2.0 or 3.0 (in a hello of SSL 2.0)"),
        _ => (Reason::NotTls, "what it sent is not TLS"),
    };
    (reason, what.to_owned())
}

/// The connection ended, without a word of TLS.
fn ended(error: &io::Error, beginning: &Beginning) -> (Reason, String) {
    let what = match (error.kind(), beginning) {
        (io::ErrorKind::UnexpectedEof, Beginning::Nothing) => {
            "it closed the connection without sending anything, as health checks do".to_owned()
        }
        (io::ErrorKind::UnexpectedEof, _) => {
            "it closed the connection in the TLS handshake, without an alert that says why".to_owned()
        }
        (io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe, _) => {
            "it broke the connection off in the TLS handshake".to_owned()
        }
        _ => format!("the connection failed in the TLS handshake: {}", crate::text::of_stream(error)),
    };
    (Reason::ClosedEarly, what)
}

fn incompatible(why: &PeerIncompatible, beginning: &Beginning, trust: &Trust) -> (Reason, String) {
    const SHOWN_MAX: usize = 8;
    let (version, suites) = match beginning {
        Beginning::Hello(version, suites) => (*version, suites.as_slice()),
        _ => ((3, 3), [].as_slice()),
    };
    let offered = || suites.iter().take(SHOWN_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    // Without a suite that has a key exchange with a group, rustls misses the groups first.
    let is_secret = |suite: &String| suite.starts_with("TLS13_") || suite.starts_with("TLS_ECDHE_");
    let no_suite = !suites.is_empty() && !suites.iter().any(is_secret);
    let keys = trust.keys.join(" and ");
    match why {
        _ if version < (3, 1) => (Reason::OldSsl, format!("it speaks {} at most", version_name(version))),
        _ if version < (3, 3) => (Reason::OldTls, format!("it speaks {} at most", version_name(version))),
        PeerIncompatible::Tls12NotOffered
        | PeerIncompatible::Tls12NotOfferedOrEnabled
        | PeerIncompatible::SupportedVersionsExtensionRequired
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig => (
            Reason::TlsVersionDisabled,
            format!("it offers no version of TLS that is spoken here, {}", trust.versions),
        ),
        PeerIncompatible::NoCipherSuitesInCommon => match other_key(suites, trust) {
            Some(kind) => (
                Reason::OtherKeyKind,
                format!(
                    "its cipher suites are for servers with a key of {kind}, and the certificate of this one has a key of {keys}; it \
                     offers {}",
                    offered()
                ),
            ),
            None => (
                Reason::NoCipherSuite,
                format!(
                    "it has no cipher suite in common with this server, whose certificate has a key of {keys}; it offers {}",
                    offered()
                ),
            ),
        },
        _ if no_suite => incompatible(&PeerIncompatible::NoCipherSuitesInCommon, beginning, trust),
        PeerIncompatible::NoSignatureSchemesInCommon
        | PeerIncompatible::SignatureAlgorithmsExtensionRequired => (
            Reason::NoSignatureAlgorithm,
            format!("it takes no signature that this server can make: its certificate has a key of {keys}"),
        ),
        PeerIncompatible::NoKxGroupsInCommon
        | PeerIncompatible::NamedGroupsExtensionRequired
        | PeerIncompatible::KeyShareExtensionRequired => {
            (Reason::NoGroup, "it has no group for the key exchange in common with this server".to_owned())
        }
        other => (Reason::Tls, format!("it and this server have no TLS in common: {other:?}")),
    }
}

/// The kind of key that a second certificate would need for one of these suites.
fn other_key(suites: &[String], trust: &Trust) -> Option<&'static str> {
    let is_spoken = |suite: &String| suite.contains("_GCM_") || suite.contains("_CHACHA20_");
    let is_for = |kind: &str| {
        let beginning = format!("TLS_ECDHE_{kind}_");
        suites.iter().any(|suite| suite.starts_with(&beginning) && is_spoken(suite))
    };
    let other = ["RSA", "ECDSA"].into_iter().find(|kind| !trust.keys.contains(kind) && is_for(kind));
    other.filter(|_| trust.has_room_for_another_key())
}

/// The client has said no.
fn alerted(alert: AlertDescription) -> (Reason, String) {
    use AlertDescription as Alert;
    let meaning = match alert {
        Alert::UnknownCA => "it does not know the CA of this server's certificate",
        Alert::BadCertificate => {
            "it does not accept this server's certificate: mostly because of the name in it, or because of its CA"
        }
        Alert::CertificateExpired => "it takes this server's certificate to be expired",
        Alert::CertificateRevoked => "it takes this server's certificate to be revoked",
        Alert::CertificateUnknown | Alert::UnsupportedCertificate | Alert::CertificateUnobtainable => {
            "it does not accept this server's certificate"
        }
        Alert::UnrecognisedName | Alert::AccessDenied => "it does not accept this server",
        Alert::ProtocolVersion => "it does not take the version of TLS that this server chose",
        Alert::HandshakeFailure | Alert::InsufficientSecurity | Alert::IllegalParameter => {
            "it does not take the TLS that this server offers"
        }
        Alert::DecryptError | Alert::DecodeError | Alert::BadRecordMac => {
            "it could not check a message of this server: the CA that it has may be another one of the same name"
        }
        Alert::CloseNotify | Alert::UserCanceled => "it ended the handshake",
        Alert::InternalError => "it failed itself",
        _ => "it refused",
    };
    let reason = match alert {
        Alert::ProtocolVersion
        | Alert::HandshakeFailure
        | Alert::InsufficientSecurity
        | Alert::IllegalParameter
        | Alert::InternalError => Reason::ClientFailed,
        _ => Reason::ClientAlert,
    };
    (reason, format!("the client ended the TLS handshake with the alert {alert:?}: {meaning}"))
}
