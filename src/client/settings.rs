//! What a client needs to know: servers, certificates and time limits. Read once, from files.

use super::{Error, ServerAddress};
use kmip_codec::Version;
use kmip_codec::version::V2_1;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

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
    /// How long to wait.
    pub limits: Limits,
    /// The version that requests are written in.
    pub version: Version,
}

impl Settings {
    /// Reads the PEM files: the client's certificate (with its chain) and key, and the CA of the servers. No other
    /// CA is trusted.
    pub fn read(servers: Vec<ServerAddress>, cert: &Path, key: &Path, ca: &Path) -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        for root in certificates(ca)? {
            roots.add(root).map_err(|error| unusable(ca, &error, "give the CA certificate of the server"))?;
        }
        let (chain, key) = (certificates(cert)?, private_key(key)?);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_root_certificates(roots).with_client_auth_cert(chain, key))
            .map_err(|error| {
                unusable(cert, &error, "give the certificate and the key that belong together")
            })?;
        Ok(Self { servers, tls: Arc::new(tls), limits: Limits::default(), version: V2_1 })
    }

    /// The same with other servers.
    pub fn with_servers(&self, servers: Vec<ServerAddress>) -> Self {
        Self { servers, ..self.clone() }
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let text = read(path)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        Ok(_) => {
            Err(unusable(path, &pem::Error::NoItemsFound, "a PEM file with CERTIFICATE blocks is needed"))
        }
        Err(error) => Err(unusable(path, &error, "a PEM file with CERTIFICATE blocks is needed")),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    let advice = "an unencrypted PEM private key is needed";
    PrivateKeyDer::from_pem_slice(&read(path)?).map_err(|error| unusable(path, &error, advice))
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let advice = "give its path with --cert, --key or --ca, or in the file given with --config";
    fs::read(path).map(Zeroizing::new).map_err(|error| unusable(path, &error, advice))
}

fn unusable(path: &Path, error: &dyn std::error::Error, advice: &str) -> Error {
    Error::setup(format!("{}: {error}", path.display()), advice)
}
