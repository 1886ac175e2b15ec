//! TLS as the files of the configuration set it up.

use super::Error;
use crate::http;
use crate::suite_b::{self, SuiteB};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
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
}

/// TLS 1.2 and 1.3 with a client certificate required, and tickets, so that clients that come back are quick.
pub fn tls(files: &TlsFiles<'_>) -> Result<Arc<ServerConfig>, Error> {
    let provider = files.provider();
    let chain = certificates(files.certificate)?;
    let wrong = |path: &Path| {
        let path = path.to_owned();
        move |why: rustls::pki_types::pem::Error| Error::Certificate { path, why: why.to_string() }
    };
    let key = PrivateKeyDer::from_pem_file(files.key).map_err(wrong(files.key))?;
    let trusted = certificates(files.ca)?;
    if let Some(suite_b) = files.suite_b {
        suite_b.check(files.certificate, &chain)?;
        suite_b.check(files.ca, &trusted)?;
    }
    let verifier = client_verifier(files)?;
    let failed = |why: rustls::Error| Error::Tls(why.to_string());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(files.versions())
        .map_err(failed)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .map_err(failed)?;
    config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().map_err(failed)?;
    config.send_tls13_tickets = 1;
    // Suite B names the suite to prefer; otherwise the client knows best.
    config.ignore_client_order = files.suite_b.is_some();
    Ok(Arc::new(config))
}

/// What judges the certificates of clients.
pub fn client_verifier(files: &TlsFiles<'_>) -> Result<Arc<dyn ClientCertVerifier>, Error> {
    let roots = Arc::new(roots(files.ca)?);
    WebPkiClientVerifier::builder_with_provider(roots, files.provider())
        .build()
        .map_err(|why| Error::Certificate { path: files.ca.into(), why: why.to_string() })
}

/// The CA certificates of a file, to trust.
pub fn roots(path: &Path) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        let added = roots.add(certificate);
        added.map_err(|why| Error::Certificate { path: path.into(), why: why.to_string() })?;
    }
    Ok(roots)
}

/// The certificates of a file; there is at least one.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let wrong = |why: String| Error::Certificate { path: path.into(), why };
    let read: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).map_err(|why| wrong(why.to_string()))?.collect();
    match read {
        Ok(chain) if chain.is_empty() => Err(wrong("there is no certificate in it".to_owned())),
        Ok(chain) => Ok(chain),
        Err(why) => Err(wrong(why.to_string())),
    }
}

/// The same settings for HTTPS, which names its protocol in the handshake.
pub fn for_https(tls: &Arc<ServerConfig>) -> Arc<ServerConfig> {
    let mut config = ServerConfig::clone(tls);
    config.alpn_protocols = vec![http::ALPN.to_vec()];
    Arc::new(config)
}
