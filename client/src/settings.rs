//! What a client needs to know: servers, certificates and time limits. Read once, from files.

use super::files::{Files, certificates, private_key};
use super::{Error, ServerAddress};
use keystead_base::certificate::Facts;
use keystead_base::text;
use kmip_codec::Version;
use kmip_codec::version::V2_1;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long a client waits.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For a name, a connection and the handshake with one server.
    pub connect: Duration,
    /// For the answer to one message.
    pub answer: Duration,
    /// For one call, all servers together.
    pub total: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            answer: Duration::from_secs(30),
            total: Duration::from_secs(40),
        }
    }
}

/// Everything that a [`Client`](super::Client) is made with.
#[derive(Clone)]
pub struct Settings {
    /// The servers, the preferred one first.
    pub servers: Vec<ServerAddress>,
    /// The certificate shown, and whom to trust.
    pub tls: Arc<ClientConfig>,
    /// Where certificate, key and CA were read from.
    pub files: Files,
    /// How long to wait.
    pub limits: Limits,
    /// The version that requests are written in.
    pub version: Version,
}

impl Settings {
    /// Reads the PEM files: the client's certificate (with its chain) and key, and the CA of the servers. No other
    /// CA is trusted.
    pub fn read(servers: Vec<ServerAddress>, cert: &Path, key_file: &Path, ca: &Path) -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        let trusted = certificates(ca, "--ca")?;
        no_ca(&trusted).map_or(Ok(()), |what| {
            let what = format!("{} holds {what}, and the certificate of a CA is needed", text::path(ca));
            Err(Error::setup(what, "give with --ca the CA that has signed the server's certificate"))
        })?;
        for root in trusted {
            roots.add(root).map_err(|error| unusable(ca, &error, "give the CA certificate of the server"))?;
        }
        let (chain, key) = (certificates(cert, "--cert")?, private_key(key_file)?);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_root_certificates(roots).with_client_auth_cert(chain, key))
            .map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => mixed_up(cert, key_file),
                other => unusable(cert, &other, "give the certificate and the key that belong together"),
            })?;
        let files = Files { cert: cert.into(), key: key_file.into(), ca: ca.into() };
        Ok(Self { files, servers, tls: Arc::new(tls), limits: Limits::default(), version: V2_1 })
    }

    /// The same with other servers.
    pub fn with_servers(&self, servers: Vec<ServerAddress>) -> Self {
        Self { servers, ..self.clone() }
    }
}

/// What is there instead of the certificate of a CA. Self-signed ones are taken as they are: a server may show one.
fn no_ca(trusted: &[CertificateDer<'_>]) -> Option<String> {
    let all: Vec<Facts> = trusted.iter().map(|one| Facts::of(one)).collect();
    let is_end_entity = |one: &Facts| one.version == 3 && !one.may_sign() && !one.self_issued;
    let first = all.first().filter(|_| all.iter().all(is_end_entity))?;
    Some(match all.len() {
        1 => format!("an end-entity certificate ({})", first.subject),
        count => format!("{count} end-entity certificates (the first: {})", first.subject),
    })
}

fn mixed_up(cert: &Path, key: &Path) -> Error {
    Error::setup(
        format!(
            "the private key in {} is not that of the certificate in {}",
            text::path(key),
            text::path(cert)
        ),
        "give with --cert and --key the two files that were made together",
    )
}

fn unusable(path: &Path, error: &dyn std::error::Error, advice: &str) -> Error {
    Error::setup(format!("{}: {error}", text::path(path)), advice)
}
