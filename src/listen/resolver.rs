//! Which of the server's certificates a client is shown: the first whose kind of key it takes.

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{CipherSuite, SignatureAlgorithm};
use std::sync::Arc;

/// The certificates, the preferred one first. There is at least one.
#[derive(Debug)]
pub struct Kinds(Vec<Arc<CertifiedKey>>);

impl Kinds {
    /// Certificates with keys of different kinds.
    pub fn new(certified: Vec<CertifiedKey>) -> Self {
        Self(certified.into_iter().map(Arc::new).collect())
    }
}

impl ResolvesServerCert for Kinds {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let takes = |certified: &&Arc<CertifiedKey>| {
            certified.key.choose_scheme(hello.signature_schemes()).is_some()
                && hello.cipher_suites().iter().any(|suite| is_for(*suite, certified.key.algorithm()))
        };
        // Where the client takes none, rustls says what is not in common with the first.
        self.0.iter().find(takes).or(self.0.first()).cloned()
    }
}

/// Whether a suite goes with keys of this kind: those of TLS 1.3 go with any.
fn is_for(suite: CipherSuite, algorithm: SignatureAlgorithm) -> bool {
    let name = suite.as_str().unwrap_or_default();
    match algorithm {
        _ if name.starts_with("TLS13_") => true,
        SignatureAlgorithm::RSA => name.starts_with("TLS_ECDHE_RSA_"),
        _ => name.starts_with("TLS_ECDHE_ECDSA_"),
    }
}

/// What people call the kind of a key.
pub fn kind_of(key: &Arc<dyn SigningKey>) -> &'static str {
    match key.algorithm() {
        SignatureAlgorithm::RSA => "RSA",
        SignatureAlgorithm::ECDSA => "ECDSA",
        SignatureAlgorithm::ED25519 => "Ed25519",
        _ => "another kind",
    }
}
