//! TLS as the files of the configuration set it up.

use super::Error;
use super::judge::Own;
use super::lists::{self, Lists};
use super::resolver::{Kinds, kind_of};
use super::turned_away::Trust;
use super::verifier::Verifier;
use crate::pki::Facts;
use crate::regular;
use crate::suite_b::{self, SuiteB};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, SupportedProtocolVersion};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What ALPN calls HTTP, in the version that is spoken here.
const ALPN_HTTP: &[u8] = b"http/1.1";

/// The files of TLS.
pub struct TlsFiles<'a> {
    /// The server's certificate and its chain.
    pub certificate: &'a Path,
    /// Its private key.
    pub key: &'a Path,
    /// A second certificate with its key, of another kind, for clients that do not take the first.
    pub second: Option<(&'a Path, &'a Path)>,
    /// The CA of the clients.
    pub ca: &'a Path,
    /// Revocation lists of it.
    pub crls: &'a [PathBuf],
    /// How long a list counts after the next one should have been there.
    pub crl_grace_seconds: u64,
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
        private_key("tls.key", self.key)
    }

    /// The certificates of the CA of the clients.
    fn trusted(&self) -> Result<Vec<CertificateDer<'static>>, Error> {
        certificates("tls.ca", self.ca)
    }

    /// What messages say of all this.
    fn trust(
        &self,
        provider: &CryptoProvider,
        keys: Vec<&'static str>,
        before: Option<&Lists>,
    ) -> Result<Trust, Error> {
        let versions = match (self.suite_b, self.only_1_3) {
            (Some(_), _) => "TLS 1.2 (Suite B)",
            (None, true) => "TLS 1.3",
            (None, false) => "TLS 1.2 and 1.3",
        };
        let all = self.trusted()?;
        let trusted: Vec<_> = all.iter().map(|one| Facts::of(one)).collect();
        let signing = all.iter().zip(&trusted).filter(|(_, facts)| facts.may_sign());
        let signing: Vec<_> = signing.map(|(one, _)| one.clone()).collect();
        let algorithms = provider.signature_verification_algorithms.all;
        let lists = lists::load(self.crls, &signing, algorithms, self.crl_grace_seconds, before)?;
        Ok(Trust { file: self.ca.to_owned(), trusted, lists, versions, keys })
    }

    /// The certificates with their keys.
    fn certified(&self, provider: &CryptoProvider) -> Result<Vec<CertifiedKey>, Error> {
        let first = (("tls.certificate", self.certificate), ("tls.key", self.key));
        let second = self
            .second
            .map(|(certificate, key)| (("tls.second_certificate", certificate), ("tls.second_key", key)));
        let pairs = std::iter::once(first).chain(second);
        let all: Result<Vec<_>, _> =
            pairs.map(|(certificate, key)| pair(provider, certificate, key)).collect();
        let all = all?;
        if let [first, second] = all.as_slice()
            && kind_of(&first.key) == kind_of(&second.key)
        {
            let why = format!(
                "its key is of the same kind as that of tls.certificate ({}): name one of another kind, RSA beside ECDSA, \
                 or leave it out",
                kind_of(&first.key)
            );
            let path = self.second.map(|(certificate, _)| certificate.to_owned()).unwrap_or_default();
            return Err(Error::Certificate { key: "tls.second_certificate", path, why });
        }
        Ok(all)
    }

    fn no_ca(&self, why: &dyn Display) -> Error {
        let why = format!(
            "a certificate in it is none of a CA that can be used ({why}): name that of the clients' CA"
        );
        Error::Certificate { key: "tls.ca", path: self.ca.into(), why }
    }
}

/// A certificate with its key, which must belong together; each with the key of the configuration that names its file.
fn pair(
    provider: &CryptoProvider,
    (certificate_key, certificate): (&'static str, &Path),
    (key_key, key): (&'static str, &Path),
) -> Result<CertifiedKey, Error> {
    let chain = certificates(certificate_key, certificate)?;
    let read = private_key(key_key, key)?;
    CertifiedKey::from_der(chain, read, provider).map_err(|why| match why {
        rustls::Error::InconsistentKeys(_) => {
            Error::OtherKey { key: (key_key, key.into()), certificate: (certificate_key, certificate.into()) }
        }
        why => {
            let why = format!(
                "it cannot be used with {} ({why}): name an RSA, ECDSA or Ed25519 key",
                certificate.display()
            );
            Error::Certificate { key: key_key, path: key.into(), why }
        }
    })
}

/// What connections need of TLS, as the files of the moment have it.
#[derive(Debug)]
pub struct Tls {
    /// For TTLV.
    pub kmip: Arc<ServerConfig>,
    /// For HTTPS.
    pub https: Arc<ServerConfig>,
    /// For messages about those who are turned away.
    pub trust: Trust,
    /// What judges the certificates of clients, in the handshake and after it.
    pub verifier: Arc<Verifier>,
    /// The server's certificates, for messages about them.
    pub own: Vec<Own>,
}

/// TLS 1.2 and 1.3 with a client certificate required, and tickets, so that clients that come back are quick.
pub fn tls(files: &TlsFiles<'_>) -> Result<Tls, Error> {
    made(files, None)
}

/// The same in the place of what was there before, with these revocation lists: none of them is taken away, and one of the files
/// that cannot be used is left out.
pub fn tls_after(files: &TlsFiles<'_>, before: &Lists) -> Result<Tls, Error> {
    made(files, Some(before))
}

fn made(files: &TlsFiles<'_>, before: Option<&Lists>) -> Result<Tls, Error> {
    let provider = files.provider();
    let certified = files.certified(&provider)?;
    if let Some(suite_b) = files.suite_b {
        let unfit = |key, path: &Path| {
            let path = path.to_owned();
            move |why| Error::Certificate { key, path, why }
        };
        suite_b.check(&files.chain()?).map_err(unfit("tls.certificate", files.certificate))?;
        if let Some((path, _)) = files.second {
            let chain = certificates("tls.second_certificate", path)?;
            suite_b.check(&chain).map_err(unfit("tls.second_certificate", path))?;
        }
        suite_b.check(&files.trusted()?).map_err(unfit("tls.ca", files.ca))?;
    }
    let trust = files.trust(&provider, certified.iter().map(|one| kind_of(&one.key)).collect(), before)?;
    let keys = ["tls.certificate", "tls.second_certificate"];
    let own = certified.iter().zip(keys).map(|(one, key)| Own::new(key, &one.cert)).collect();
    let verifier = Verifier::new(&files.trusted()?, trust.clone(), files.provider());
    let verifier = Arc::new(verifier.map_err(|why| files.no_ca(&why))?);
    let failed = |why: rustls::Error| Error::Tls(why.to_string());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(files.versions())
        .map_err(failed)?
        .with_client_cert_verifier(Arc::clone(&verifier) as Arc<dyn ClientCertVerifier>)
        .with_cert_resolver(Arc::new(Kinds::new(certified)));
    config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().map_err(failed)?;
    config.send_tls13_tickets = 1;
    // Suite B names the suite to prefer; otherwise the client knows best.
    config.ignore_client_order = files.suite_b.is_some();
    let kmip = Arc::new(config);
    Ok(Tls { https: for_https(&kmip), kmip, trust, verifier, own })
}

/// The certificates of a file; there is at least one.
fn certificates(key: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let bytes = regular::read(path).map_err(pem::Error::Io);
    let read = bytes.and_then(|bytes| CertificateDer::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>());
    let read = read.and_then(|read| if read.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(read) });
    read.map_err(|why| unusable(key, path, "certificate", &why))
}

/// The private key of a file.
fn private_key(key: &'static str, path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    let read = regular::read(path).map_err(pem::Error::Io);
    let read = read.and_then(|bytes| PrivateKeyDer::from_pem_slice(&bytes));
    read.map_err(|why| unusable(key, path, "private key", &why))
}

/// Why a file does not have what this key of the configuration wants.
pub fn unusable(key: &'static str, path: &Path, what: &str, why: &pem::Error) -> Error {
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
fn for_https(tls: &Arc<ServerConfig>) -> Arc<ServerConfig> {
    let mut config = ServerConfig::clone(tls);
    config.alpn_protocols = vec![ALPN_HTTP.to_vec()];
    Arc::new(config)
}
