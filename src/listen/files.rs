//! TLS as the files of the configuration set it up.

use super::Error;
use crate::http;
use crate::suite_b::{self, SuiteB};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

/// The files of TLS.
pub struct TlsFiles<'a> {
    /// The server's certificate and its chain.
    pub certificate: &'a Path,
    /// Its private key.
    pub key: &'a Path,
    /// The CA of the clients.
    pub ca: &'a Path,
    /// Whether TLS 1.2 is refused.
    pub only_1_3: bool,
    /// Whether only Suite B is spoken.
    pub suite_b: Option<SuiteB>,
}

impl TlsFiles<'_> {
    /// The cryptography of TLS.
    pub fn provider(&self) -> Arc<CryptoProvider> {
        Arc::new(self.suite_b.map_or_else(rustls::crypto::aws_lc_rs::default_provider, SuiteB::provider))
    }

    /// The versions of TLS that are spoken.
    pub fn versions(&self) -> &'static [&'static SupportedProtocolVersion] {
        const BOTH: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];
        const NEW: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];
        match self.suite_b {
            Some(_) => suite_b::VERSIONS,
            None if self.only_1_3 => NEW,
            None => BOTH,
        }
    }

    /// The server's certificate with its chain.
    pub fn chain(&self) -> Result<Vec<CertificateDer<'static>>, Error> {
        certificates("tls.certificate", self.certificate)
    }

    /// The server's private key.
    pub fn private_key(&self) -> Result<PrivateKeyDer<'static>, Error> {
        PrivateKeyDer::from_pem_file(self.key)
            .map_err(|why| unusable("tls.key", self.key, "private key", &why))
    }

    /// The certificates of the CA of the clients.
    fn trusted(&self) -> Result<Vec<CertificateDer<'static>>, Error> {
        certificates("tls.ca", self.ca)
    }

    /// The same, to trust.
    pub fn roots(&self) -> Result<RootCertStore, Error> {
        let mut roots = RootCertStore::empty();
        for certificate in self.trusted()? {
            roots.add(certificate).map_err(|why| self.no_ca(&why))?;
        }
        Ok(roots)
    }

    fn no_ca(&self, why: &dyn Display) -> Error {
        let why = format!(
            "a certificate in it is none of a CA that can be used ({why}): name that of the clients' CA"
        );
        Error::Certificate { key: "tls.ca", path: self.ca.into(), why }
    }

    /// Why this certificate and this key do not serve.
    fn no_pair(&self, why: &rustls::Error) -> Error {
        if matches!(why, rustls::Error::InconsistentKeys(_)) {
            return Error::OtherKey { key: self.key.into(), certificate: self.certificate.into() };
        }
        let why = format!(
            "it cannot be used with {} ({why}): name an RSA, ECDSA or Ed25519 key",
            self.certificate.display()
        );
        Error::Certificate { key: "tls.key", path: self.key.into(), why }
    }
}

/// TLS 1.2 and 1.3 with a client certificate required, and tickets, so that clients that come back are quick.
pub fn tls(files: &TlsFiles<'_>) -> Result<Arc<ServerConfig>, Error> {
    let provider = files.provider();
    let (chain, key) = (files.chain()?, files.private_key()?);
    if let Some(suite_b) = files.suite_b {
        let unfit = |key, path: &Path| {
            let path = path.to_owned();
            move |why| Error::Certificate { key, path, why }
        };
        suite_b.check(&chain).map_err(unfit("tls.certificate", files.certificate))?;
        suite_b.check(&files.trusted()?).map_err(unfit("tls.ca", files.ca))?;
    }
    let verifier = client_verifier(files)?;
    let failed = |why: rustls::Error| Error::Tls(why.to_string());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(files.versions())
        .map_err(failed)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .map_err(|why| files.no_pair(&why))?;
    config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().map_err(failed)?;
    config.send_tls13_tickets = 1;
    // Suite B names the suite to prefer; otherwise the client knows best.
    config.ignore_client_order = files.suite_b.is_some();
    Ok(Arc::new(config))
}

/// What judges the certificates of clients.
pub fn client_verifier(files: &TlsFiles<'_>) -> Result<Arc<dyn ClientCertVerifier>, Error> {
    let roots = Arc::new(files.roots()?);
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, files.provider()).build();
    verifier.map_err(|why| files.no_ca(&why))
}

/// The certificates of a file; there is at least one.
fn certificates(key: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let read = read.and_then(|read| if read.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(read) });
    read.map_err(|why| unusable(key, path, "certificate", &why))
}

/// Why a file does not have what this key of the configuration wants.
fn unusable(key: &'static str, path: &Path, what: &str, why: &pem::Error) -> Error {
    let why = match why {
        pem::Error::Io(why) => format!("cannot read it ({why}): put a {what} there, or name another file"),
        pem::Error::NoItemsFound => format!(
            "there is no {what} in it: PEM is wanted, which begins with -----BEGIN, and without a passphrase"
        ),
        why => format!("it is not PEM ({why}): put a {what} there, or name another file"),
    };
    Error::Certificate { key, path: path.into(), why }
}

/// The same settings for HTTPS, which names its protocol in the handshake.
pub fn for_https(tls: &Arc<ServerConfig>) -> Arc<ServerConfig> {
    let mut config = ServerConfig::clone(tls);
    config.alpn_protocols = vec![http::ALPN.to_vec()];
    Arc::new(config)
}
